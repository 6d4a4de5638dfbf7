"""One line of progress on a terminal: frames, rate, time left. Nothing in a pipe."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

_BAR = 16
_LABEL = 20
_EVERY_S = 0.1


class ProgressLine:
    """Draws what `fascidetect.model.Progress` is told; leaves the line empty when done.

    Parameters
    ----------
    stream
        Where to draw; nothing is drawn unless it is a terminal.
    label
        Shown first, such as the name of the clip.
    quiet
        Draw nothing even on a terminal.
    clock
        Seconds from any origin.
    """

    def __init__(
        self, stream: TextIO, label: str, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._label = label if len(label) <= _LABEL else f"{label[: _LABEL - 3]}..."
        self._clock = clock
        self._shown = stream.isatty() and not quiet
        self._stage = ""
        self._stage_start_s = 0.0
        self._first_done = 0
        self._last_s = -math.inf
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._draw("")
        if self._shown and self._width:
            self._stream.write("\r")
            self._stream.flush()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note of the frames done in a stage; ``total`` is 0 where it is not known."""
        if not self._shown:
            return
        now_s = self._clock()
        if stage != self._stage:
            self._stage, self._stage_start_s, self._first_done, self._last_s = stage, now_s, done, -math.inf
        if now_s - self._last_s < _EVERY_S and done < total:
            return
        self._last_s = now_s
        elapsed_s = now_s - self._stage_start_s
        rate = (done - self._first_done) / elapsed_s if elapsed_s > 0 else 0.0
        self._draw(f"{self._label}  {stage}  {progress_text(done, total, rate)}")

    def _draw(self, text: str) -> None:
        if not self._shown or (not text and not self._width):
            return
        text = text[: shutil.get_terminal_size().columns - 1]
        self._stream.write(f"\r{text.ljust(self._width)}")
        self._stream.flush()
        self._width = len(text) or self._width


def progress_text(done: int, total: int, rate: float) -> str:
    """Frames, rate and time left; a bar where the total is known."""
    speed = f"  {rate:.0f} frames/s" if rate > 0 else ""
    if total <= 0:
        return f"{done} frames{speed}"
    share = min(1.0, done / total)
    filled = round(share * _BAR)
    left = f"  {clock_text((total - done) / rate)} left" if rate > 0 and done < total else ""
    return f"[{'#' * filled}{'.' * (_BAR - filled)}] {done}/{total} frames{speed}{left}"


def clock_text(length_s: float) -> str:
    """A length of time as M:SS or H:MM:SS."""
    minutes, seconds = divmod(round(max(0.0, length_s)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
