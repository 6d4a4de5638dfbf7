"""The file of decisions: added to durably, by one writer at a time, never rewritten.

A decision is on the disk when `append` returns. What a crash left of a line is moved into
``review.torn`` beside the file before the next decision is written.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from fascidetect.errors import OutputError, ReviewConflict, ReviewError
from fascidetect.review.decisions import VERSION, Decision, Draft, check, from_line, to_line

REVIEW = "review.jsonl"
"""Name of the file in a results folder."""

_TORN, _LOCK = "review.torn", ".review.lock"
_PATIENCE_S = 10.0
"""How long to wait for another writer, which needs some milliseconds."""


@dataclass(frozen=True, slots=True)
class Log:
    """What a file of decisions holds.

    Attributes
    ----------
    decisions
        In order of ``seq``.
    torn
        What follows the last whole line: the rest of a decision that was never confirmed.
    """

    decisions: tuple[Decision, ...] = ()
    torn: bytes = b""


def load_log(path: Path) -> Log:
    """Read a file of decisions; one that does not exist holds none.

    Raises
    ------
    ReviewError
        A line that is not the last cannot be understood; it is named.
    """
    try:
        *lines, last = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return Log()
    except OSError as exc:
        raise ReviewError(f"cannot read {path}: {exc.strerror or exc}") from exc
    decisions: list[Decision] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            decisions.append(_read(line, decisions, f"{path}, line {number}"))
    if not last:
        return Log(tuple(decisions))
    try:
        return Log((*decisions, _read(last, decisions, "")))
    except ReviewError:
        return Log(tuple(decisions), last)


def _read(line: bytes, before: list[Decision], where: str) -> Decision:
    try:
        decision = from_line(line)
    except ReviewError as exc:
        raise ReviewError(f"{where}: {exc}") from exc
    if before and decision.seq <= before[-1].seq:
        raise ReviewError(f"{where}: seq {decision.seq} does not rise")
    return decision


def append(path: Path, draft: Callable[[tuple[Decision, ...]], Draft]) -> Decision:
    """Add one decision; it is on the disk when this returns.

    Parameters
    ----------
    path
        The file, made if need be; its folder must exist.
    draft
        Says what to decide in view of all decisions so far; called while no other writer can come in between.

    Returns
    -------
    Decision
        As written. A mark that is added gets its id here.

    Raises
    ------
    ReviewError
        The draft makes no sense, or the file cannot be understood; nothing was written.
    OutputError
        It cannot be written; what was there before is still there.
    """
    with alone(path.parent):
        log = load_log(path)
        wanted = draft(log.decisions)
        check(wanted)
        decision = _numbered(wanted, log.decisions)
        try:
            _set_aside(path, log)
            _write(path, to_line(decision))
        except OSError as exc:
            raise OutputError(f"cannot write {path}: {exc.strerror or exc}") from exc
        return decision


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other writers of a folder's review away.

    Raises
    ------
    ReviewConflict
        Another one does not end.
    OutputError
        The folder cannot be written.
    """
    lock = FileLock(folder / _LOCK, timeout=_PATIENCE_S)
    try:
        lock.acquire()
    except Timeout as exc:
        raise ReviewConflict(f"another program keeps the review in {folder} for itself: end it and try again") from exc
    except OSError as exc:
        raise OutputError(f"cannot write to {folder}: {exc.strerror or exc}") from exc
    try:
        yield
    finally:
        lock.release()


def _numbered(draft: Draft, before: tuple[Decision, ...]) -> Decision:
    seq = before[-1].seq + 1 if before else 1
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields = asdict(draft)
    if draft.action == "add":
        fields["event_id"] = f"m{seq}"
    return Decision(VERSION, seq, now, **fields)


def _set_aside(path: Path, log: Log) -> None:
    """Make the file end with a whole line; what a crash left of one is kept beside it."""
    if log.torn:
        _write(path.with_name(_TORN), log.torn + b"\n")
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - len(log.torn))
            os.fsync(file.fileno())
    elif log.decisions and not path.read_bytes().endswith(b"\n"):
        _write(path, b"\n")


def _write(path: Path, data: bytes) -> None:
    """Add to the end of a file and wait for the disk; all of it or nothing."""
    new = not path.exists()
    with path.open("ab", buffering=0) as file:
        start = file.tell()
        try:
            if file.write(data) < len(data):
                raise OSError(errno.ENOSPC, "no space left on device", str(path))
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(start)
            raise
    if new:
        _keep_name(path.parent)


def _keep_name(folder: Path) -> None:
    """Wait until the disk knows the name of a new file, where the system lets one wait for that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
