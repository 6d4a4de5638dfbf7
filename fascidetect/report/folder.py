"""Where results go: written aside, published when whole, never over somebody else's files.

One run at a time writes to a folder: it holds a lock on its scratch folder, which the system releases
however the run ends. So what lies there without a lock was left by a run that was killed, and goes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from fascidetect.errors import FasciError, OutputError, printable
from fascidetect.files import RESULT
from fascidetect.parse import json_tree

LIMIT_TABLE = "limit.csv"

OUR_FILES = (
    "events.csv",
    "rejected.csv",
    "per_minute.csv",
    "foci.csv",
    LIMIT_TABLE,
    "trace.npz",
    "candidates.npz",
    "overlay.mp4",
    "timeline.png",
    "report.html",
    RESULT,
)
"""Files that a run may write and replace; everything else in a results folder is left alone."""

_PARTIAL = ".fascidetect.partial"
_READY = ".fascidetect.ready"
_GONE = ".gone"
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EINVAL}
_WRITE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}


@contextlib.contextmanager
def results_folder(
    target: Path, *, source: Path | None = None, force: bool = False, keep: Collection[str] = ()
) -> Iterator[Path]:
    """Yield a scratch folder whose files appear in ``target`` only if the block succeeds.

    A new target appears in one step. In an existing one every file is replaced in one step of its
    own, result.json last, and those of `OUR_FILES` that were not written again, nor are to be kept, are
    removed; other files, such as a review, stay. A run that is killed in the midst of that is finished
    by the next. Whatever else goes wrong, Ctrl-C included, the scratch folder is removed.

    Parameters
    ----------
    target
        The folder of one clip's results; it and its parents need not exist.
    source
        The clip, which must not be among the files that are written.
    force
        Replace results that are already there.
    keep
        Names of results that stay if they are not written again.

    Raises
    ------
    OutputError
        Results are there and ``force`` is not given, files of these names are there that are no results, the
        clip itself would be replaced, another run writes there, or the folder cannot be written.
    """
    target = target.resolve()
    with _one_line(target):
        _finish(target)
        _refuse(target, source, force=force)
        made = _make_parents(target)
        # inside an existing target, which may be the only place that is writable or on this disk
        inside, beside = _scratch_places(target)
        scratch = inside if target.is_dir() else beside
        try:
            with _claimed(scratch, target):
                yield scratch
                _refuse(target, source, force=force)  # what another run has written meanwhile
                _publish(scratch, target, keep)
        except BaseException as error:
            _remove_empty(made)
            if isinstance(error, OutputError):  # where we write aside concerns nobody
                raise OutputError(str(error).replace(printable(str(scratch)), str(target))) from error
            raise


def clear_scratch(target: Path) -> None:
    """Remove what a run that was killed left half-written; what a run is writing now, and what is ready, stays."""
    for scratch in _scratch_places(target):
        if scratch.is_dir():
            with contextlib.suppress(OSError), _claimed(scratch, target):
                pass


def _scratch_places(target: Path) -> tuple[Path, Path]:
    """Where results are written aside: inside of an existing target, and beside one that is new."""
    return target / _PARTIAL, target.with_name(f".{target.name}.partial")


@contextlib.contextmanager
def _claimed(scratch: Path, target: Path) -> Iterator[None]:
    """Make an empty scratch folder that is ours until the end, and remove it then."""
    lock = _lock(scratch, target)
    try:
        for left in scratch.iterdir():  # by a run that was killed
            _remove(left)
        yield
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _lock(scratch: Path, target: Path) -> int | None:
    """Make the folder and lock it; None where the system knows no locks of folders."""
    if sys.platform == "win32":
        scratch.mkdir(exist_ok=True)
        return None
    import fcntl

    while True:
        scratch.mkdir(exist_ok=True)
        try:
            lock = os.open(scratch, os.O_RDONLY)
        except FileNotFoundError:  # removed by the run that held it
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(lock, scratch):
                return lock
        except BlockingIOError:
            os.close(lock)
            raise OutputError(
                f"another run is writing results to {target}; wait for it, or choose another folder with -o"
            ) from None
        except OSError as error:
            os.close(lock)
            if error.errno in _NO_LOCKS:
                return None
            raise
        os.close(lock)  # the run that held it has ended and removed the folder: begin anew


def _is_at(handle: int, path: Path) -> bool:
    """Whether an open file is still the one at that path."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _one_line(target: Path) -> Iterator[None]:
    """Translate what the disk refuses into an `OutputError`."""
    try:
        yield
    except FasciError:
        raise
    except OSError as error:
        if error.errno in _WRITE_ERRNOS or _concerns(error, target):
            reason = (error.strerror or str(error)).lower()
            raise OutputError(f"cannot write results to {target}: {reason}; choose another folder with -o") from error
        raise


def _concerns(error: OSError, target: Path) -> bool:
    if not isinstance(error.filename, str | os.PathLike):
        return False
    return Path(error.filename).is_relative_to(target.parent)


def _refuse(target: Path, source: Path | None, *, force: bool) -> None:
    if target.exists() and not target.is_dir():
        raise OutputError(f"cannot write results to {target}: it is a file; choose another folder with -o")
    there = [name for name in OUR_FILES if (target / name).exists()]
    if source is not None and any(source.resolve() == (target / name).resolve() for name in there):
        raise OutputError(f"results in {target} would replace the clip itself; choose another folder with -o")
    if there and not _is_result(target / RESULT):
        raise OutputError(f"{target} holds a file {there[0]} that is no result of ours; choose another folder with -o")
    if there and not force:
        raise OutputError(f"{target} already holds results ({there[0]}); use --force or -o OTHER")


def _is_result(path: Path) -> bool:
    """Whether a file is a result.json that this program wrote."""
    try:
        tree = json_tree(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(tree, dict) and {"schema_version", "clip", "quality", "run"} <= tree.keys()


def _make_parents(target: Path) -> list[Path]:
    missing = [parent for parent in target.parents if not parent.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    return missing


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _publish(scratch: Path, target: Path, keep: Collection[str]) -> None:
    for path in _files(scratch):
        _sync(path)
    if not target.exists():
        scratch.rename(target)
        return
    for name in OUR_FILES:
        if name not in keep and not (scratch / name).exists():
            (scratch / f"{name}{_GONE}").touch()
    scratch.rename(target / _READY)  # from here on the new results count, even if we are killed
    _finish(target)


def _finish(target: Path) -> None:
    """Move results that are ready to their places; what has been moved before is no longer among them."""
    ready = target / _READY
    if not ready.is_dir():
        return
    for path in _files(ready):
        place = target / path.relative_to(ready)
        if place.suffix == _GONE:
            place.with_suffix("").unlink(missing_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
    shutil.rmtree(ready)


def _files(folder: Path) -> list[Path]:
    """All files below a folder, result.json last."""
    return sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.name == RESULT)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _sync(path: Path) -> None:
    """Have the system admit now that the disk is full."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
