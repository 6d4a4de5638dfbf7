"""Who may ask: this computer's browser, from our own pages, with the token that was made for this run."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
HOSTS = frozenset({LOOPBACK, "localhost"})

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
POLICY = (
    "default-src 'none'; script-src 'self'{nonce}; style-src 'self'; img-src 'self' data:; media-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def new_token() -> str:
    """A secret that is part of every address of one run."""
    return secrets.token_urlsafe(24)


class Guard:
    """Refuses every request that does not come from our own pages, before any of it is looked at.

    Parameters
    ----------
    app
        What answers the others.
    token
        First part of every path.
    is_ours
        Whether a connection between two ports of this computer was made by the same user; None where nobody can tell.
    """

    def __init__(self, app: ASGIApp, token: str, is_ours: Callable[[int, int], bool] | None = None) -> None:
        self._app = app
        self._token = token
        self._is_ours = is_ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Content-Security-Policy", POLICY.format(nonce=""))
            await send(message)

        reason = self._refusal(scope)
        answer = PlainTextResponse(f"refused: {reason}\n", status_code=403) if reason else self._app
        await answer(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> str:
        """Why a request is refused; empty where it is not."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if host.rpartition(":")[0] not in HOSTS:
            return "this address is not ours"  # another name that was made to point here
        site = headers.get("sec-fetch-site", "none")
        if origin not in (None, f"http://{host}") or site not in ("none", "same-origin"):
            return "another page asks"
        if origin is None and scope["method"] not in ("GET", "HEAD"):
            return "it does not come from a page"
        token = scope["path"].split("/")[1] if "/" in scope["path"] else ""
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return "the address is not the one that was printed when the program started"
        if self._is_ours and not self._is_ours(scope["client"][1], scope["server"][1]):
            return "another user of this computer asks"  # who may have read the token in the list of processes
        return ""
