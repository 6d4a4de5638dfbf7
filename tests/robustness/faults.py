"""What can befall a run from outside, made to befall it at a chosen moment."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate")


class Moments:
    """Counts what a process does to the files of a folder, and lets something happen from the n-th time on.

    Parameters
    ----------
    folder
        What is done elsewhere is not counted.
    happen
        Called with the name of the event and of the file.
    at
        Which one, from 0.
    """

    def __init__(self, folder: Path, happen: Callable[[str, str], None], at: int) -> None:
        self._folder = os.fspath(folder)
        self._happen = happen
        self._at = at
        self.seen = 0

    def watch(self) -> None:
        """Begin; a process cannot end it."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, words: tuple[Any, ...]) -> None:
        writes = event in _CHANGES or (event == "open" and bool((words[2] or 0) & (os.O_WRONLY | os.O_RDWR)))
        if not writes or not isinstance(words[0], str) or not words[0].startswith(self._folder):
            return
        if event == "os.mkdir" and Path(words[0]).is_dir():  # made sure of, not made
            return
        self.seen += 1
        if self.seen > self._at:
            self._happen(event, words[0])


def disk_full(event: str, name: str) -> None:
    """The system has no room left; removing goes on."""
    if event not in ("os.remove", "os.rmdir"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)


def killed(event: str, name: str) -> None:
    """Nothing can be put away any more."""
    os.kill(os.getpid(), signal.SIGKILL)


def limit_files(n_bytes: int) -> None:
    """No file may grow beyond this, whoever writes it."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


def limit_memory(more_bytes: int) -> None:
    """Allow so much more than what is in use now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    used_kb = next(int(line.split()[1]) for line in lines if line.startswith("VmData"))
    limit = 1024 * used_kb + more_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
