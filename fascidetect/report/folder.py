"""Where results go: written aside, published when whole, never over somebody else's files."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from fascidetect.errors import FasciError, OutputError

OUR_FILES = (
    "events.csv",
    "rejected.csv",
    "per_minute.csv",
    "foci.csv",
    "trace.npz",
    "candidates.npz",
    "overlay.mp4",
    "timeline.png",
    "report.html",
    "result.json",
)
"""Files that a run may write and replace; everything else in a results folder is left alone."""

_LAST = "result.json"
_WRITE_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}


@contextlib.contextmanager
def results_folder(
    target: Path, *, source: Path | None = None, force: bool = False, keep: Collection[str] = ()
) -> Iterator[Path]:
    """Yield a scratch folder whose files appear in ``target`` only if the block succeeds.

    A new target appears in one step. In an existing one every file is replaced in one step of its
    own, result.json last, and those of `OUR_FILES` that were not written again, nor are to be kept, are
    removed; other files, such as a review, stay. Whatever goes wrong, Ctrl-C included, the scratch folder is removed.

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
        clip itself would be replaced, or the folder cannot be written.
    """
    target = target.resolve()
    with _one_line(target):
        _refuse(target, source, force=force)
        made = _make_parents(target)
        # inside an existing target, which may be the only place that is writable or on this disk
        home, stem = (target, "") if target.is_dir() else (target.parent, target.name)
        scratch = home / f".{stem}.{secrets.token_hex(4)}.partial"
        try:
            scratch.mkdir()
            yield scratch
            _publish(scratch, target, keep)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            _remove_empty(made)
            raise


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
    if there and not _is_result(target / _LAST):
        raise OutputError(f"{target} holds a file {there[0]} that is no result of ours; choose another folder with -o")
    if there and not force:
        raise OutputError(f"{target} already holds results ({there[0]}); use --force or -o OTHER")


def _is_result(path: Path) -> bool:
    """Whether a file is a result.json that this program wrote."""
    try:
        tree = json.loads(path.read_bytes())
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
    if not target.exists():
        scratch.rename(target)
        return
    files = sorted((path for path in scratch.rglob("*") if path.is_file()), key=lambda path: path.name == _LAST)
    written = {path.relative_to(scratch) for path in files}
    for path in files:
        place = target / path.relative_to(scratch)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)
    for name in OUR_FILES:
        if Path(name) not in written and name not in keep:
            (target / name).unlink(missing_ok=True)
    shutil.rmtree(scratch, ignore_errors=True)
