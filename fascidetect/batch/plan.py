"""What is done already and what is left to do, for each recording."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from fascidetect import __version__
from fascidetect.batch.ledger import Row
from fascidetect.batch.sessions import Session
from fascidetect.batch.task import Task, settings_key, tree_key
from fascidetect.files import RESULT
from fascidetect.settings import Settings

_key = functools.lru_cache(maxsize=1024)(settings_key)


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording of a batch.

    Attributes
    ----------
    clip
        Path relative to the folder of recordings, with forward slashes.
    path, folder
        Absolute paths of the file and of its results.
    settings
        Its own areas and scale included.
    """

    clip: str
    path: Path
    folder: Path
    session: Session
    settings: Settings

    def task(self, timeout_s: float) -> Task:
        """What a worker is asked to do."""
        return Task(self.clip, str(self.path), str(self.folder), self.settings, timeout_s, __version__)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a recording stands before a run.

    Attributes
    ----------
    state
        ``done`` and ``failed`` are known for the present content, settings and version.
    why
        For what is left to do: in words.
    row
        For the ledger, when it is done: news, or what it holds already.
    size_bytes, modified_ns
        Of the file now, before it is analyzed.
    """

    state: Literal["done", "failed", "left"]
    why: str = ""
    row: Row | None = None
    size_bytes: int = 0
    modified_ns: int = 0


@dataclass(frozen=True, slots=True)
class _Sha:
    sha256: str


@dataclass(frozen=True, slots=True)
class _Version:
    version: str


@dataclass(frozen=True, slots=True)
class _Made:
    """From what a result was made: the keys of result.json that tell."""

    clip: _Sha
    settings: dict[str, Any]
    run: _Version


def standing(recording: Recording, row: Row | None) -> Standing:
    """Compare a recording with what the ledger and its result folder say of it."""
    try:
        stat = recording.path.stat()
    except OSError:
        return Standing("left", "cannot be read")
    size, modified, key = stat.st_size, stat.st_mtime_ns, _key(recording.settings)
    why = _difference(recording, row, size, modified, key)
    known = None if row is None or why else dataclasses.replace(row, size_bytes=size, modified_ns=modified)
    if known is None or known.state == "failed":  # which another shard or a killed run may have mended
        made = _made(recording.folder)
        if made and (tree_key(made.settings), made.run.version) == (key, __version__):
            if made.clip.sha256 == _sha256(recording.path):
                known = Row(recording.clip, size, modified, made.clip.sha256, key, __version__, "done")
            else:
                why = "its content has changed"
    return Standing(known.state if known else "left", why, known, size, modified)


def _difference(recording: Recording, row: Row | None, size: int, modified: int, key: str) -> str:
    """Why what the ledger says does not hold now; empty = it does."""
    if row is None:
        return "new"
    if (row.size_bytes, row.modified_ns) != (size, modified) and row.sha256 != _sha256(recording.path):
        return "its content has changed"
    if row.version != __version__:
        return f"was analyzed by version {row.version}"
    if row.settings != key:
        return "was analyzed with other settings"
    if row.state == "done" and not (recording.folder / RESULT).is_file():
        return "its results are gone"
    return ""


def done_row(recording: Recording, before: Standing, wall_s: float) -> Row:
    """Row of a recording that was analyzed just now; one of failure where its result cannot be read."""
    made = _made(recording.folder)
    if made is None:
        return failed_row(recording, before, "its result.json cannot be read", wall_s)
    sizes, key = (before.size_bytes, before.modified_ns), _key(recording.settings)
    return Row(recording.clip, *sizes, made.clip.sha256, key, made.run.version, "done", wall_s=wall_s)


def failed_row(recording: Recording, before: Standing, error: str, wall_s: float) -> Row:
    """Row of a recording that failed just now."""
    sizes, key = (before.size_bytes, before.modified_ns), _key(recording.settings)
    return Row(recording.clip, *sizes, "", key, __version__, "failed", error, wall_s)


def _made(folder: Path) -> _Made | None:
    try:
        return msgspec.json.decode((folder / RESULT).read_bytes(), type=_Made)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _sha256(path: Path) -> str:
    if not path.is_file():  # to read a pipe would take for ever
        return ""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
