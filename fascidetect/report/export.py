"""Results as files anyone can open: CSV tables for people, one JSON document for programs.

Columns and keys are the fields of the values in `fascidetect.model`, in their order. Numbers are
rounded to what the measurement can carry; settings are written as they were.
"""

from __future__ import annotations

import csv
import dataclasses
import importlib.metadata
import io
import math
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from fascidetect import __version__
from fascidetect.files import RESULT, safe_cell
from fascidetect.model import (
    SCHEMA_VERSION,
    ClipFacts,
    Event,
    Focus,
    Minute,
    Quality,
    Result,
    Summary,
    Sustained,
)
from fascidetect.settings import Settings

_DECIMALS = {
    "_per_min": 3,
    "_fps": 3,
    "_hz": 3,
    "_mm": 4,
    "_px": 3,
    "_s": 4,
    "analyzed_share": 4,
    "confidence": 3,
    "interval_cv": 3,
    "snr": 2,
}
"""Decimals kept, by the end of a name; the first that fits."""

_LIBRARIES = ("av", "numpy", "opencv-python-headless", "scikit-image", "scipy")
_EXACT = frozenset({"bits_per_px", "settings", "libraries"})


@dataclass(frozen=True, slots=True)
class Run:
    """Which program made a result, with which libraries, when (UTC, ISO 8601) and how fast."""

    version: str
    libraries: dict[str, str]
    started_utc: str
    wall_s: float


@dataclass(frozen=True, slots=True)
class RejectedEvent(Event):
    """One row of rejected.csv: a movement that was seen and not counted, and why."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class ResultFile:
    """What result.json holds. The published JSON Schema is generated from this type."""

    schema_version: str
    clip: ClipFacts
    quality: Quality
    summary: Summary
    events: tuple[Event, ...]
    rejected: tuple[RejectedEvent, ...]
    per_minute: tuple[Minute, ...]
    foci: tuple[Focus, ...]
    settings: Settings
    run: Run
    sustained: tuple[Sustained, ...]


def result_file(result: Result, run: Run) -> ResultFile:
    """Bring a result into the shape of result.json, events in order of their peak."""
    return ResultFile(
        schema_version=SCHEMA_VERSION,
        clip=result.clip,
        quality=result.quality,
        summary=result.summary,
        events=events_in_order(result.events),
        rejected=rejected_in_order(result),
        per_minute=result.per_minute,
        foci=result.foci,
        settings=result.settings,
        run=run,
        sustained=result.sustained,
    )


def events_in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    """Sort events by peak time, then by id."""
    return tuple(sorted(events, key=lambda event: (event.peak_s, event.id)))


def rejected_in_order(result: Result) -> tuple[RejectedEvent, ...]:
    """Rows of rejected.csv, sorted by peak time."""
    names = [item.name for item in dataclasses.fields(Event)]
    rows = (
        RejectedEvent(**{name: getattr(rejection.event, name) for name in names}, reason=rejection.reason)
        for rejection in result.rejections
    )
    return tuple(sorted(rows, key=lambda row: (row.peak_s, row.id)))


def result_json(result: Result, run: Run) -> bytes:
    """Encode a result as the text of result.json; what is not finite becomes null."""
    tree = rounded(plain(result_file(result, run)))
    return msgspec.json.format(msgspec.json.encode(tree), indent=2) + b"\n"


def to_csv(rows: Sequence[Any], row_type: type) -> str:
    """Write rows of one dataclass as CSV text: a header always, then one line per row.

    Missing values are empty cells. Text that a spreadsheet would run as a formula gets a leading
    apostrophe.
    """
    names = [item.name for item in dataclasses.fields(row_type)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        cells = rounded(plain(row))
        writer.writerow([safe_cell(cells[name]) for name in names])
    return out.getvalue()


def write_tables(result: Result, folder: Path) -> None:
    """Write the four tables into an existing folder; only `results_folder` makes this atomic."""
    tables: dict[str, tuple[Sequence[Any], type]] = {
        "events.csv": (events_in_order(result.events), Event),
        "rejected.csv": (rejected_in_order(result), RejectedEvent),
        "per_minute.csv": (result.per_minute, Minute),
        "foci.csv": (result.foci, Focus),
    }
    for name, (rows, row_type) in tables.items():
        write_table(rows, row_type, folder / name)


def write_table(rows: Sequence[Any], row_type: type, path: Path) -> None:
    """Write rows of one dataclass; only `results_folder` makes this atomic."""
    path.write_text(to_csv(rows, row_type), encoding="utf-8", newline="")


def write_result(result: Result, run: Run, path: Path) -> None:
    """Write result.json; only `results_folder` makes this atomic."""
    path.write_bytes(result_json(result, run))


def write_results(folder: Path, result: Result, run: Run) -> None:
    """Write the tables and result.json into an existing folder, the scratch folder of `results_folder`."""
    write_tables(result, folder)
    write_result(result, run, folder / RESULT)


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries on which numbers may depend."""
    versions = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "unknown"
    return versions


def run_since(started: datetime, clock_s: float) -> Run:
    """The run of this program that began at a time (UTC), when `time.monotonic` was at ``clock_s``."""
    wall_s = round(time.monotonic() - clock_s, 2)
    return Run(__version__, library_versions(), started.isoformat(timespec="seconds"), wall_s)


def rounded(tree: Any, name: str = "") -> Any:
    """Round the numbers of a tree of dicts and lists by the names they stand under."""
    if isinstance(tree, dict):
        return {key: value if key in _EXACT else rounded(value, key) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [rounded(value, name) for value in tree]
    if isinstance(tree, float):
        if not math.isfinite(tree):
            return None
        decimals = next((n for end, n in _DECIMALS.items() if name.endswith(end)), None)
        return tree if decimals is None else round(tree, decimals)
    return tree


def plain(value: Any) -> Any:
    """Turn a value into dicts, lists, numbers and text that can be written as UTF-8, whatever slipped in."""
    return _well_formed(msgspec.to_builtins(value, enc_hook=_python_number))


def _well_formed(tree: Any) -> Any:
    """Replace bytes that are no UTF-8, as file names and options may hold, by the sign for it."""
    if isinstance(tree, dict):
        return {_well_formed(key): _well_formed(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_well_formed(value) for value in tree]
    if isinstance(tree, str) and not tree.isascii():
        return tree.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return tree


def _python_number(value: Any) -> Any:
    """Turn numpy scalars that slipped into a result into plain numbers."""
    if hasattr(value, "item"):
        return value.item()
    raise NotImplementedError(f"cannot write a {type(value).__name__} into result.json")
