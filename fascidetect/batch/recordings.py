"""Which files of a folder are recordings: videos that are not results of this program."""

from __future__ import annotations

import fnmatch
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from fascidetect.errors import ClipError, ClipNotFound, SettingsError
from fascidetect.files import RESULT

_ENDINGS = "mp4 m4v mov qt 3gp 3g2 mkv webm avi mts m2ts ts mpg mpeg wmv asf ogv mxf"
SUFFIXES = frozenset(f".{ending}" for ending in _ENDINGS.split())
"""Endings of video files, in lower case."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``i`` of ``n`` of the recordings, from 1: which one a recording belongs to depends on its name alone."""

    i: int
    n: int

    def __post_init__(self) -> None:
        if not 1 <= self.i <= self.n:
            raise SettingsError(f"a shard is written i/n with i from 1 to n, such as 2/5, got {self.i}/{self.n}")

    def __str__(self) -> str:
        return f"{self.i}/{self.n}"

    def holds(self, clip: str) -> bool:
        """Whether a recording, named relative to its folder, belongs to this part."""
        return zlib.crc32(os.fsencode(clip)) % self.n == self.i - 1


def parse_shard(text: str) -> Shard:
    """Read a shard written ``i/n``."""
    i, _, n = text.partition("/")
    if not (i.strip().isdecimal() and n.strip().isdecimal()):
        raise SettingsError(f"a shard is written i/n with i from 1 to n, such as 2/5, got {text!r}")
    return Shard(int(i), int(n))


def find_recordings(folder: Path, *, results: Path, pattern: str | None = None) -> tuple[str, ...]:
    """List the recordings below a folder, by name.

    Hidden files, the results of this batch and every other result folder of this program are left out.

    Parameters
    ----------
    folder
        Searched with all folders in it; links to folders are not followed.
    results
        Where this batch writes.
    pattern
        Shell pattern for the file name, or, with a slash in it, for the path below ``folder``. None = by
        the file's ending (`SUFFIXES`). Capitals are not told apart.

    Returns
    -------
    tuple of str
        Paths relative to ``folder``, with forward slashes, sorted.

    Raises
    ------
    ClipError
        The folder, or one in it, does not exist or cannot be listed.
    """
    if not folder.exists():
        raise ClipNotFound(f"no such folder: {folder}")
    if not folder.is_dir():
        raise ClipError(f"{folder} is a file; name the folder it is in, or use `fascidetect analyze`")
    return tuple(sorted(_walk(folder, results.resolve(), pattern)))


def _walk(folder: Path, results: Path, pattern: str | None) -> list[str]:
    found: list[str] = []
    for here, folders, files in os.walk(folder, onerror=_cannot_list):
        folders[:] = [name for name in folders if not _is_ours(Path(here, name), results)]
        below = Path(here).relative_to(folder)
        found += [(below / name).as_posix() for name in files if _is_recording(below / name, pattern)]
    return found


def _is_ours(folder: Path, results: Path) -> bool:
    """Whether a folder is hidden, the results of this batch, or the result of a clip."""
    if folder.name.startswith(".") or folder.name.endswith(".fascidetect") or folder.resolve() == results:
        return True
    return (folder / RESULT).is_file() and (folder / "events.csv").is_file()


def _is_recording(path: Path, pattern: str | None) -> bool:
    if path.name.startswith("."):
        return False
    if pattern is None:
        return path.suffix.lower() in SUFFIXES
    name = path.as_posix() if "/" in pattern else path.name
    return fnmatch.fnmatchcase(name.lower(), pattern.lower())


def _cannot_list(error: OSError) -> None:
    raise ClipError(f"cannot list {error.filename}: {(error.strerror or str(error)).lower()}") from error
