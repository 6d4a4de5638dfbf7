"""Pages of results: the report with decisions, its video, and what a rater decides there."""

from __future__ import annotations

import base64
import functools
import logging
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from fascidetect.errors import FasciError
from fascidetect.evaluate.found import load_result
from fascidetect.model import Reviewed
from fascidetect.report.html import REPORT, embeddable, page_context, read_page, render_report
from fascidetect.report.page import OVERLAY, Page
from fascidetect.review import DEFAULT_RATER, Action, Draft, Review, count, decide, load_review
from fascidetect.review.renew import renew_report
from fascidetect.review.site.blind import blinded, marks_only
from fascidetect.review.site.pages import json_response, page_response

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a page asks to be decided; `Draft` without the rater, who is known here."""

    action: Action
    event_id: str = ""
    onset_s: float | None = None
    peak_s: float | None = None
    offset_s: float | None = None
    x_px: float | None = None
    y_px: float | None = None
    note: str = ""
    undoes: int | None = None
    seen_seq: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What a page is told after every decision, once it is on the disk; ``made_utc`` tells which result it is about."""

    review: Review
    reviewed: Reviewed | None
    made_utc: datetime | None


class Results:
    """The results that may be shown, each under a number; nothing else can be reached.

    Parameters
    ----------
    rater
        Whose decisions are shown and taken.
    plain
        The clip without boxes: given, what the program says is hidden from the rater.
    start_page
        Whether there is one to go back to.
    """

    def __init__(self, rater: str = DEFAULT_RATER, *, plain: Path | None = None, start_page: bool = False) -> None:
        self.start_page = start_page
        self.rater = rater
        self._plain = plain
        self._folders: list[Path] = []
        self._touched: set[Path] = set()

    def add(self, folder: Path) -> str:
        """Let a result be shown; give its address below ``r/``."""
        folder = folder.resolve()
        if folder not in self._folders:
            self._folders.append(folder)
        return str(self._folders.index(folder) + 1)

    def routes(self) -> list[BaseRoute]:
        """Addresses below ``r/NUMBER/``."""
        return [
            Route("/", self._page),
            Route("/state", self._state),
            Route("/decide", self._decide, methods=["POST"]),
            Route("/save", self._save, methods=["POST"]),
            Route(f"/{OVERLAY}", self._video),
            Route("/strip/{event_id}", self._strip),
            Route(f"/{REPORT}", self._report),
        ]

    def renew_reports(self) -> None:
        """Bring the reports of all results that were looked at up to date."""
        for folder in sorted(self._touched):
            try:
                renew_report(folder)
            except FasciError as error:  # its disk may be gone; the others are still renewed
                _log.warning("the report of %s is not renewed: %s", folder.name, error)
        self._touched.clear()

    def _folder(self, request: Request) -> Path | None:
        number = request.path_params["number"]
        return self._folders[number - 1] if 0 < number <= len(self._folders) else None

    async def _page(self, request: Request) -> Response:
        folder = self._folder(request)
        if folder is None:
            return Response("no such result\n", 404)
        page = await run_in_threadpool(self._shown, folder)
        self._touched.add(folder)  # an earlier program may have been killed before it had renewed the report
        context = page_context(page, OVERLAY)
        return page_response(
            "review.html.j2",
            "../../static/",
            **context,
            styles=("page.css", "review.css"),
            start=("review" if page.judged else "report",),
            rater=self.rater,
            blind=self._plain is not None,
            start_page=self.start_page,
        )

    def _shown(self, folder: Path) -> Page:
        page = _read_page(folder)
        if self._plain is not None:
            return blinded(page, load_result(folder).clip)
        return replace(page, reviewed=())  # which the page itself keeps up to date

    async def _state(self, request: Request) -> Response:
        folder = self._folder(request)
        if folder is None:
            return Response("no such result\n", 404)
        return json_response(await run_in_threadpool(self._state_of, folder))

    def _state_of(self, folder: Path) -> State:
        review, found = load_review(folder, self.rater), load_result(folder)
        if self._plain is not None:
            return State(marks_only(review), None, found.made_utc)
        return State(review, count(review, found), found.made_utc)

    async def _decide(self, request: Request) -> Response:
        folder = self._folder(request)
        if folder is None:
            return Response("no such result\n", 404)
        wish = msgspec.json.decode(await request.body(), type=Wish)
        return json_response(await run_in_threadpool(self._decided, folder, wish))

    def _decided(self, folder: Path, wish: Wish) -> dict[str, Any]:
        fields = msgspec.to_builtins(wish)
        seen_seq = fields.pop("seen_seq")
        decision = decide(folder, Draft(self.rater, **fields), seen_seq=seen_seq)
        self._touched.add(folder)
        return {"decision": decision, "state": self._state_of(folder)}

    async def _save(self, request: Request) -> Response:
        folder = self._folder(request)
        if folder is None:
            return Response("no such result\n", 404)
        await run_in_threadpool(renew_report, folder)
        self._touched.discard(folder)
        return json_response({"saved": REPORT})

    async def _video(self, request: Request) -> Response:
        folder = self._folder(request)
        path = self._plain or (folder / OVERLAY if folder else None)
        return FileResponse(path, media_type="video/mp4") if path and path.is_file() else Response("no video\n", 404)

    async def _strip(self, request: Request) -> Response:
        folder = self._folder(request)
        page = await run_in_threadpool(_read_page, folder) if folder and not self._plain else None
        wanted = request.path_params["event_id"]
        movements = (*page.movements, *page.rejected) if page else ()
        strip = next((one.strip for one in movements if one.id == wanted), "")
        return Response(base64.b64decode(strip), media_type="image/webp") if strip else Response("no picture\n", 404)

    async def _report(self, request: Request) -> Response:
        """The report as one file to give away, with the video inside where it fits."""
        folder = self._folder(request)
        if folder is None or self._plain is not None:
            return Response("no such result\n", 404)
        await run_in_threadpool(renew_report, folder)
        page = await run_in_threadpool(_read_page, folder)
        text = await run_in_threadpool(lambda: render_report(page, overlay=embeddable(folder)))
        return HTMLResponse(text, headers={"Content-Disposition": f'attachment; filename="{REPORT}"'})


def _read_page(folder: Path) -> Page:
    path = folder / REPORT
    return _read_once(path, path.stat().st_mtime_ns if path.exists() else 0)


@functools.lru_cache(maxsize=4)
def _read_once(path: Path, _changed_ns: int) -> Page:
    """Read a report; pictures are asked for one by one, and it need not be read again for each."""
    return read_page(path)
