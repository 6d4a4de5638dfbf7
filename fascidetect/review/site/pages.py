"""How pages and their parts are sent: markup with a fresh nonce, our own styles and scripts, errors as one line."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from fascidetect.errors import FasciError, ReviewConflict
from fascidetect.report.html import WEB, environment
from fascidetect.review.site.guard import POLICY

OWN_WEB = Path(__file__).parent.parent / "web"
STATIC = {
    path.name: path for folder in (WEB, OWN_WEB) for path in folder.glob("*.*s*") if path.suffix in (".js", ".css")
}

MODULES = tuple(sorted(Path(name).stem for name in STATIC if name.endswith(".js")))


def page_response(template: str, static: str, **context: Any) -> HTMLResponse:
    """Fill a template; only scripts of ours run in it.

    Parameters
    ----------
    static
        Where the page finds our styles and scripts, relative to its own address.
    """
    nonce = secrets.token_urlsafe(16)
    imports = {"imports": {name: f"{static}{name}.js" for name in MODULES}}
    text = environment(OWN_WEB).get_template(template).render(nonce=nonce, static=static, imports=imports, **context)
    return HTMLResponse(text, headers={"Content-Security-Policy": POLICY.format(nonce=f" 'nonce-{nonce}'")})


async def static_file(request: Request) -> Response:
    """One of our styles or scripts; nothing else has a name here."""
    path = STATIC.get(request.path_params["name"])
    return FileResponse(path) if path else Response("no such file\n", 404)


def json_response(tree: Any, status: int = 200) -> Response:
    """Send a value as JSON."""
    return Response(msgspec.json.encode(tree), status, media_type="application/json")


async def failed(_request: Request, error: Exception) -> Response:
    """Tell an error that was raised on purpose in one line."""
    return json_response({"error": str(error)}, 409 if isinstance(error, ReviewConflict) else 422)


ERRORS = {FasciError: failed, msgspec.ValidationError: failed, msgspec.DecodeError: failed}
