"""The start page: results so far, a clip taken in, its area drawn, its analysis watched."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

import msgspec
from filelock import FileLock, Timeout
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fascidetect.errors import ClipError, OutputError, printable
from fascidetect.model import ClipFacts
from fascidetect.notice import NOTICE
from fascidetect.report.html import REPORT
from fascidetect.report.still import picture_image
from fascidetect.review.site.job import Job
from fascidetect.review.site.pages import json_response, page_response
from fascidetect.review.site.results import Results
from fascidetect.review.source import FOLDER_END
from fascidetect.settings import Roi, Settings
from fascidetect.video.reader import Clip

STILL_PX = 960
LONGEST_NAME = 80

_COPY_START, _COPY_END, _LOCK = ".clip-", ".partial", ".lock"
"""A copy of a clip lies in a folder of its own, with a lock that the system releases however the program ends."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in px of the upright picture."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class Order:
    """What the page asks to be analyzed; an empty ``label`` keeps the name of the file."""

    area: Area | None = None
    label: str = ""
    sensitivity: Literal["low", "normal", "high"] | None = None
    from_s: float | None = None
    to_s: float | None = None
    capture_fps: float | None = None

    def settings(self) -> Settings:
        """The settings that it amounts to."""
        usual = Settings()
        given = {"from_s": self.from_s, "to_s": self.to_s, "capture_fps": self.capture_fps}
        clip = replace(usual.clip, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
        if self.area:
            clip = replace(clip, rois=(Roi.rectangle(self.area.x, self.area.y, self.area.w, self.area.h),))
        detect = replace(usual.detect, sensitivity=self.sensitivity) if self.sensitivity else usual.detect
        return replace(usual, clip=clip, detect=detect, report=replace(usual.report, label=self.label.strip()))


@dataclass(slots=True)
class Guest:
    """A clip that was taken in: a copy that is removed once it is analyzed or given up."""

    lock: FileLock
    path: Path
    facts: ClipFacts
    still: bytes
    job: Job | None = field(default=None)

    @property
    def is_running(self) -> bool:
        """Whether it is being analyzed."""
        return self.job is not None and self.job.state().status == "running"

    def forget(self) -> None:
        """Stop what runs and remove the copy."""
        if self.job:
            self.job.stop()
        _remove_copy(self.lock)


def _remove_copy(lock: FileLock) -> None:
    lock.release()
    shutil.rmtree(Path(lock.lock_file).parent, ignore_errors=True)


def _remove_left(home: Path) -> None:
    """Remove copies that a program left which was killed."""
    for folder in home.glob(f"{_COPY_START}*{_COPY_END}"):
        lock = FileLock(folder / _LOCK, timeout=0)
        with contextlib.suppress(Timeout, OSError):  # another program is at work on it, or it is not ours to remove
            lock.acquire()
            _remove_copy(lock)


class Start:
    """The start page, and the clips that are on their way to a result.

    Parameters
    ----------
    home
        Where results go and are looked for; made if need be.
    results
        Gets each result that may be shown.
    """

    def __init__(self, home: Path, results: Results) -> None:
        self._home = home
        self._results = results
        self._guests: dict[str, Guest] = {}
        self._ended: dict[str, str] = {}  # address of what was analyzed, for every window that watches
        _remove_left(home)

    def routes(self) -> list[BaseRoute]:
        """Addresses of the start page."""
        return [
            Route("/", self._page),
            Route("/clips", self._take, methods=["POST"]),
            Route("/clips/{key}/still", self._still),
            Route("/clips/{key}/analyze", self._analyze, methods=["POST"]),
            Route("/clips/{key}/progress", self._progress),
            Route("/clips/{key}/stop", self._stop, methods=["POST"]),
            Route("/clips/{key}/forget", self._forget, methods=["POST"]),
        ]

    def close(self) -> None:
        """Stop analyses and remove copies."""
        for guest in self._guests.values():
            guest.forget()
        self._guests.clear()

    async def _page(self, _request: Request) -> Response:
        for key in list(self._guests):
            await run_in_threadpool(self._end, key)
        folders = await run_in_threadpool(_results_in, self._home)
        rows = [{"name": _shown_name(folder), "address": f"r/{self._results.add(folder)}/"} for folder in folders]
        return page_response(
            "start.html.j2",
            "./static/",
            rows=rows,
            running=next((_told(key, one) for key, one in self._guests.items() if one.is_running), None),
            home=self._home.name,
            notice=NOTICE,
            styles=("page.css", "start.css"),
            start=("start",),
        )

    async def _take(self, request: Request) -> Response:
        """Copy a clip from the browser to the disk, then look at it."""
        name = clean_name(unquote(request.headers.get("x-name", "")))
        lock, path = await run_in_threadpool(self._room_for, name)
        try:
            await _save(request.stream(), path)
            facts, still = await run_in_threadpool(_look, path)
        except BaseException as error:
            _remove_copy(lock)
            if isinstance(error, ClipError):  # whoever chose the file does not know where its copy was
                raise ClipError(str(error).replace(printable(str(path)), name)) from error
            raise
        key = secrets.token_urlsafe(8)
        self._guests[key] = Guest(lock, path, facts, still)
        return json_response(_told(key, self._guests[key]))

    def _room_for(self, name: str) -> tuple[FileLock, Path]:
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix=_COPY_START, suffix=_COPY_END, dir=self._home))
            lock = FileLock(folder / _LOCK, thread_local=False)
            lock.acquire()
        except OSError as exc:
            raise OutputError(f"cannot write into {self._home.name}: {exc.strerror or exc}") from exc
        return lock, folder / name

    async def _still(self, request: Request) -> Response:
        guest = self._guests.get(request.path_params["key"])
        return Response(guest.still, media_type="image/webp") if guest else Response("no such clip\n", 404)

    async def _analyze(self, request: Request) -> Response:
        guest = self._guests.get(request.path_params["key"])
        if guest is None:
            return Response("no such clip\n", 404)
        if guest.job and guest.job.state().status == "running":
            return json_response({"error": "it is being analyzed already"}, 409)
        order = msgspec.json.decode(await request.body(), type=Order)
        settings = order.settings()  # refuses what makes no sense before anything is started
        target = _free(self._home, settings.report.label or guest.path.name)
        guest.job = await run_in_threadpool(Job, guest.path, target, settings)
        return json_response({"started": True})

    async def _progress(self, request: Request) -> Response:
        key = request.path_params["key"]
        guest = self._guests.get(key)
        if key not in self._ended and (guest is None or guest.job is None):
            return Response("no such clip\n", 404)
        await run_in_threadpool(self._end, key)
        if key in self._ended:
            return json_response({"status": "done", "address": self._ended[key]})
        return json_response(guest.job.state() if guest and guest.job else None)

    def _end(self, key: str) -> None:
        """Let a result be shown and remove the copy of its clip, if it is there by now."""
        guest = self._guests.get(key)
        if guest and guest.job and guest.job.state().status == "done":
            self._ended[key] = f"r/{self._results.add(guest.job.folder)}/"
            self._guests.pop(key, None)
            guest.forget()

    async def _stop(self, request: Request) -> Response:
        """Stop the analysis; the clip stays, to be analyzed in another way."""
        guest = self._guests.get(request.path_params["key"])
        if guest and guest.job:
            await run_in_threadpool(guest.job.stop)
        return json_response({"stopped": guest is not None})

    async def _forget(self, request: Request) -> Response:
        guest = self._guests.pop(request.path_params["key"], None)
        if guest:
            await run_in_threadpool(guest.forget)
        return json_response({"forgotten": guest is not None})


def _told(key: str, guest: Guest) -> dict[str, Any]:
    """What a page is told of a clip that was taken in."""
    return {"key": key, "facts": msgspec.to_builtins(guest.facts)}


async def _save(chunks: AsyncIterator[bytes], path: Path) -> None:
    try:
        with path.open("xb") as file:
            async for chunk in chunks:
                await run_in_threadpool(file.write, chunk)
    except OSError as exc:
        raise OutputError(f"the clip cannot be copied: {exc.strerror or exc}") from exc
    if not path.stat().st_size:
        raise ClipError("the file is empty; choose a video")


def _look(path: Path) -> tuple[ClipFacts, bytes]:
    with Clip(path) as clip:
        first = next(clip.pictures(STILL_PX), None)
        if first is None:
            raise ClipError(f"{path.name} holds no picture that can be shown")
        return clip.facts, picture_image(first.rgb)


def clean_name(name: str) -> str:
    """A file name of letters, digits and a few signs, made from whatever a browser sends."""
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[^\w .()+-]", "_", last).strip(" .")
    return plain[-LONGEST_NAME:].strip(" .") or "clip"


def _free(home: Path, name: str) -> Path:
    """A folder for a result that is not there yet."""
    stem = clean_name(name)
    names = (f"{stem}{FOLDER_END}", *(f"{stem} ({n}){FOLDER_END}" for n in range(2, 1000)))
    free = next((home / one for one in names if not (home / one).exists()), None)
    if free is None:
        raise OutputError(f"there are too many results called {stem}: give another name")
    return free


def _results_in(home: Path) -> list[Path]:
    """Results of a folder, the latest first; itself, where it is one."""
    if not home.is_dir():
        return []
    whole = (folder for folder in home.iterdir() if not folder.name.startswith("."))  # not what is being written
    folders = [folder for folder in (home, *whole) if (folder / REPORT).is_file()]
    return sorted(folders, key=lambda folder: -(folder / REPORT).stat().st_mtime)


def _shown_name(folder: Path) -> str:
    return folder.name.removesuffix(FOLDER_END)
