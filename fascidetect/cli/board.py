"""Progress of many clips at once: a line for the whole and one for each clip at work.

On a terminal the lines are drawn in place; in a pipe or a file each clip leaves one line when it ends.
"""

from __future__ import annotations

import math
import shutil
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from fascidetect.cli.progress import clock_text
from fascidetect.errors import printable

_BAR = 24
_EVERY_S = 0.2
_MOST_LINES = 12


class Board:
    """Shows how far a batch is.

    Parameters
    ----------
    stream
        Where to draw.
    sizes
        Size of each clip that is to be analyzed, by which the time left is judged.
    quiet
        Show nothing but what is said with `say`.
    clock
        Seconds from any origin.
    """

    def __init__(
        self,
        stream: TextIO,
        sizes: dict[str, int],
        *,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream, self._sizes, self._quiet, self._clock = stream, sizes, quiet, clock
        self._drawn_in_place = stream.isatty() and not quiet
        self._start_s = clock()
        self._last_s = -math.inf
        self._lines = 0
        self._n_done = 0
        self._bytes, self._bytes_done = sum(sizes.values()), 0
        self._at_work: dict[str, str] = {}
        self._one_at_a_time = threading.RLock()

    def __enter__(self) -> Self:
        self._draw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._one_at_a_time:
            self._erase()

    def watch(self, clip: str, stage: str, share: float) -> None:
        """Take note of how far a clip is; called from several threads."""
        with self._one_at_a_time:
            self._at_work[clip] = f"{stage} {100 * share:3.0f} %"
            if self._clock() - self._last_s >= _EVERY_S:
                self._draw()

    def done(self, clip: str, words: str) -> None:
        """Take note that a clip ended, and how."""
        with self._one_at_a_time:
            self._at_work.pop(clip, None)
            self._n_done += 1
            self._bytes_done += self._sizes[clip]
            if self._drawn_in_place:
                self._draw()
            elif not self._quiet:
                self._print(f"[{self._n_done}/{len(self._sizes)}] {clip}: {words}{self._time_left()}")

    def say(self, text: str) -> None:
        """Print a line that stays, above what is drawn in place."""
        with self._one_at_a_time:
            self._erase()
            self._print(text)
            self._draw()

    def _time_left(self) -> str:
        n, total = len(self._sizes), self._bytes
        # a clip costs something, and each of its bytes
        done = (self._n_done / n + self._bytes_done / max(1, total)) / 2 if n else 1.0
        if not 0 < done < 1:
            return ""
        return f"; about {clock_text((self._clock() - self._start_s) * (1 - done) / done)} left"

    def _whole(self) -> str:
        filled = _BAR * self._n_done // max(1, len(self._sizes))
        return f"[{'#' * filled}{'.' * (_BAR - filled)}] {self._n_done}/{len(self._sizes)} clips{self._time_left()}"

    def _draw(self) -> None:
        if not self._drawn_in_place:
            return
        self._last_s = self._clock()
        self._erase()
        at_work = [f"  {clip}  {words}" for clip, words in self._at_work.items()]
        more = [f"  and {len(at_work) - _MOST_LINES} more"] if len(at_work) > _MOST_LINES else []
        lines = [self._whole(), *at_work[:_MOST_LINES], *more]
        width = shutil.get_terminal_size().columns - 1
        self._stream.write("".join(f"{printable(line)[:width]}\n" for line in lines))
        self._stream.flush()
        self._lines = len(lines)

    def _erase(self) -> None:
        if self._lines:
            self._stream.write(f"\x1b[{self._lines}A\x1b[J")
            self._stream.flush()
            self._lines = 0

    def _print(self, text: str) -> None:
        self._stream.write(f"{printable(text)}\n")
        self._stream.flush()
