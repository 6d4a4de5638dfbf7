"""A clip that is decoded in a process of its own: a crash, a hang or a flood of memory costs this clip only."""

from __future__ import annotations

import math
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, TypeVar

import msgspec

import fascidetect.errors
from fascidetect.errors import ClipError, FasciError, NotAClip
from fascidetect.model import ClipFacts, Frame, Geometry, Picture
from fascidetect.settings import ClipSettings
from fascidetect.video import messages
from fascidetect.video.messages import (
    Alive,
    Answer,
    AskFrames,
    AskPictures,
    Ended,
    Failed,
    GotFrame,
    GotPicture,
    Open,
    Opened,
    Request,
)
from fascidetect.video.reader import Clip

PATIENCE_S = 300.0
"""A decoder that gives no sign of life for so long hangs; on a machine that is very busy a minute is not long."""

MEMORY_BYTES = 4 << 30
"""More than 8K video takes with four threads; a decoder that wants more is refused."""

_TICK_S = 1.0
_CHILD = (sys.executable, "-m", "fascidetect.video.child")

T = TypeVar("T")


def open_clip(path: str | Path, settings: ClipSettings, *, isolate: bool) -> Clip | IsolatedClip:
    """Open a clip in this process, or in one of its own."""
    return IsolatedClip(path, settings) if isolate else Clip(path, settings)


class IsolatedClip:
    """The same as `Clip`, with the same errors, decoded in a process of its own.

    Parameters
    ----------
    path, settings
        As for `Clip`.
    patience_s
        Without a sign of life for so long, the process is ended.
    memory_bytes
        What the process may ask of the system (on Linux).

    Raises
    ------
    ClipError
        What `Clip` raises; or the decoder crashed, hung or asked for too much memory.
    """

    def __init__(
        self,
        path: str | Path,
        settings: ClipSettings,
        *,
        patience_s: float = PATIENCE_S,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.path = Path(path)
        self._first = Open(os.fsencode(self.path), settings, memory_bytes)
        self._patience_s = patience_s
        self._child: _Child | None = None
        self._sha256 = ""
        self.facts: ClipFacts
        self.n_expected: int
        self.warnings: tuple[str, ...]
        self._start()

    def __enter__(self) -> IsolatedClip:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def frames(self, geometry: Geometry, *, chroma_every_s: float = 1.0) -> Iterator[Frame]:
        """As `Clip.frames`."""
        for got in self._asked(AskFrames(geometry, chroma_every_s), GotFrame):
            luma: Any = got.luma.array()
            chroma: Any = None if got.chroma is None else got.chroma.array()
            yield Frame(got.index, got.time_s, luma, chroma, got.key_frame, got.repeated)

    def pictures(self, long_side_px: int) -> Iterator[Picture]:
        """As `Clip.pictures`."""
        for got in self._asked(AskPictures(long_side_px), GotPicture):
            rgb: Any = got.rgb.array()
            yield Picture(got.index, got.time_s, rgb)

    def _start(self) -> _Child:
        """Start the process; it opens the clip."""
        child = _Child()
        try:
            child.tell(self._first)
            opened = self._next(child)
            if not isinstance(opened, Opened):
                raise self._crashed(child)
            if self._sha256 not in ("", opened.facts.sha256):
                raise NotAClip(f"{self.path} was replaced by another file while it was analyzed; analyze it again")
        except BaseException:
            child.kill()
            raise
        self._child = child
        self._sha256 = opened.facts.sha256
        self.facts = replace(opened.facts, name=self.path.name)
        self.n_expected = opened.n_expected
        self.warnings = self.facts.warnings
        return child

    def _asked(self, request: Request, kind: type[T]) -> Iterator[T]:
        child = self._child or self._start()
        try:
            child.tell(request)
            while isinstance(got := self._next(child), kind):
                yield got
            if not isinstance(got, Ended):
                raise self._crashed(child)
            self.warnings = got.warnings
        except BaseException:  # also when the caller wants no more: the process may be in the midst of its answer
            self.close()
            raise

    def _next(self, child: _Child) -> Answer:
        """The next answer that says something."""
        while isinstance(got := child.answer(self._patience_s), Alive):
            pass
        if got is None:
            raise self._crashed(child)
        if isinstance(got, Failed):
            self._raise(got)
        return got

    def _raise(self, failed: Failed) -> NoReturn:
        text = os.fsdecode(failed.text)
        kind = getattr(fascidetect.errors, failed.error, None)
        if isinstance(kind, type) and issubclass(kind, FasciError):
            raise kind(text)
        if failed.error == "MemoryError":
            limit_gb = self._first.memory_bytes / 2**30
            raise ClipError(
                f"reading {self.path} takes more than {limit_gb:.3g} GB of memory, or more than is free; "
                "close other programs, or export it at 4K or less"
            )
        raise RuntimeError(f"while decoding {self.path}:\n{text}")

    def _crashed(self, child: _Child) -> ClipError:
        status = child.status()
        if status is None:
            return ClipError(
                f"the decoder gave no sign of life for {self._patience_s:g} s while reading {self.path}: the file is "
                "damaged, or its disk does not answer; copy it elsewhere, or convert it to H.264 MP4"
            )
        how = signal.strsignal(-status) if status < 0 else f"status {status}"
        return ClipError(
            f"the decoder crashed while reading {self.path} ({how}): the file is damaged; "
            "convert it to H.264 MP4 and try again"
        )


class _Child:
    """The process, and a thread that reads what it says, one answer ahead."""

    def __init__(self) -> None:
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            _CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        self._answers: queue.Queue[bytes | None] = queue.Queue(maxsize=1)
        self._killed = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        stdout: Any = self._process.stdout
        with stdout:
            while not self._killed.is_set():
                got = messages.receive(stdout)
                self._put(got)
                if got is None:
                    return

    def _put(self, got: bytes | None) -> None:
        while not self._killed.is_set():
            try:
                self._answers.put(got, timeout=_TICK_S)
            except queue.Full:
                continue
            return

    def tell(self, message: Open | Request) -> None:
        """Send; a process that is gone is noticed when its answer is awaited."""
        stdin: Any = self._process.stdin
        try:
            messages.send(stdin, message)
        except BrokenPipeError:
            return

    def answer(self, patience_s: float) -> Answer | None:
        """The next answer; None where the process ended, talks nonsense, or says nothing for too long.

        Waiting is counted in ticks, not read from a clock: a laptop that slept or a job that was stopped is
        no decoder that hangs.
        """
        for _ in range(math.ceil(patience_s / _TICK_S)):
            try:
                got = self._answers.get(timeout=min(_TICK_S, patience_s))
            except queue.Empty:
                continue
            try:
                return None if got is None else messages.read_answer(got)
            except msgspec.MsgspecError:
                return None
        return None

    def status(self) -> int | None:
        """Exit status, negative after a signal; None while it runs."""
        try:
            return self._process.wait(timeout=_TICK_S)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """End it, whatever it does."""
        self._killed.set()
        self._process.kill()
        self._process.wait()
        stdin: Any = self._process.stdin
        try:
            stdin.close()
        except BrokenPipeError:
            return
