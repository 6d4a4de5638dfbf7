"""Files that others can trust: written whole or not at all, with cells that no spreadsheet runs."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from fascidetect.errors import ClipError, ClipNotFound, OutputError

RESULT = "result.json"
"""What a folder of results always holds."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings of a text that a spreadsheet would run."""


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file in one step; whatever goes wrong, the old one stays.

    Raises
    ------
    OutputError
        The disk refuses.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as exc:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {exc.strerror or exc}") from exc


def safe_cell(value: Any) -> Any:
    """A cell of a CSV table: nothing for None, an apostrophe before what would be run as a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def plain_cell(text: str) -> str:
    """What a cell said before `safe_cell`."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def result_file(place: Path) -> Path:
    """Find result.json in a results folder, or take the file itself.

    Raises
    ------
    ClipNotFound
        There is none.
    ClipError
        Something else lies there: a clip, most often.
    """
    try:
        path = place / RESULT if place.is_dir() else place
        if place.is_file() and place.suffix.lower() != ".json":
            raise ClipError(
                f"{place} is no folder of results; name one that `fascidetect analyze` has written (CLIP.fascidetect)"
            )
        if path.exists():
            return path
    except OSError as error:  # it may not be looked at, or its name is too long
        raise ClipError(f"cannot read {place}: {error.strerror or error}") from error
    raise ClipNotFound(f"no such result: {path}; name a folder that `fascidetect analyze` or `batch` has written")
