"""Serve the pages on this computer until Ctrl-C, or until the page is told to quit."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from fascidetect.errors import OutputError
from fascidetect.review.site import peer
from fascidetect.review.site.guard import LOOPBACK, Guard, new_token
from fascidetect.review.site.pages import ERRORS, json_response, static_file
from fascidetect.review.site.results import Results
from fascidetect.review.site.start import Start


def make_app(
    token: str,
    results: Results,
    shown: Path,
    *,
    quit_server: Callable[[], None],
    is_ours: Callable[[int, int], bool] | None = None,
) -> Guard:
    """Put the pages together behind the guard.

    Parameters
    ----------
    token
        First part of every address.
    shown
        Folder of the one result, or of all results where there is a start page.
    quit_server
        Called when the page asks to end.
    is_ours
        As for `Guard`.
    """

    async def ask_to_quit(_request: Request) -> Response:
        quit_server()
        return json_response({"ended": True})

    begin = Start(shown, results) if results.start_page else None

    @contextlib.asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        yield
        if begin:
            begin.close()
        results.renew_reports()

    pages: list[BaseRoute] = [
        Route("/static/{name}", static_file),
        Route("/quit", ask_to_quit, methods=["POST"]),
        Mount("/r/{number:int}", routes=results.routes()),
    ]
    if begin:
        pages += begin.routes()
    else:
        address = f"r/{results.add(shown)}/"

        async def first(_request: Request) -> Response:
            return RedirectResponse(f"/{token}/{address}")

        pages.append(Route("/", first))
    app = Starlette(routes=[Mount(f"/{token}", routes=pages)], exception_handlers=ERRORS, lifespan=life)
    return Guard(app, token, is_ours)


def serve(results: Results, shown: Path, *, port: int = 0, ready: Callable[[str], None]) -> None:
    """Serve until the end is asked for.

    Parameters
    ----------
    port
        0 = any that is free.
    ready
        Told the address once the pages can be opened.

    Raises
    ------
    OutputError
        The port is taken.
    """
    token = new_token()
    servers: list[uvicorn.Server] = []

    def quit_server() -> None:
        for one in servers:
            one.should_exit = True

    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError as exc:
            raise OutputError(f"port {port} is taken; leave out --port or give another") from exc
        listener.listen()  # a browser that is quicker than the server waits instead of being refused
        is_ours = peer.is_ours if peer.can_tell(listener) else None
        app = make_app(token, results, shown, quit_server=quit_server, is_ours=is_ours)
        config = uvicorn.Config(
            app, log_level="error", access_log=False, server_header=False, ws="none", timeout_graceful_shutdown=2
        )
        servers.append(uvicorn.Server(config))
        ready(f"http://{LOOPBACK}:{listener.getsockname()[1]}/{token}/")
        servers[0].run(sockets=[listener])
