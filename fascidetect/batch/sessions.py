"""What people know about a recording and the file does not tell: who, when, which muscle, in what state.

It comes from a session sheet (CSV) or from a template of the recordings' paths, never from metadata.
"""

from __future__ import annotations

import csv
import dataclasses
import difflib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from fascidetect.errors import SettingsError
from fascidetect.settings import Roi, Settings
from fascidetect.settings_file import parse_roi

CONTEXT = ("time_of_day", "caffeine", "exertion", "stress", "sleep", "medication", "notes")
"""Fields that tell of the circumstances."""


def context_of(facts: Any) -> dict[str, str]:
    """What is known of the circumstances, in words by name, from anything that has the fields of `CONTEXT`."""
    return {name: words for name in CONTEXT if (words := getattr(facts, name))}


@dataclass(frozen=True, slots=True)
class Session:
    """Facts about a recording, in the words of whoever made it; empty = not known. ``date`` is YYYY-MM-DD."""

    subject: str = ""
    session: str = ""
    date: str = ""
    muscle: str = ""
    side: str = ""
    time_of_day: str = ""
    caffeine: str = ""
    exertion: str = ""
    stress: str = ""
    sleep: str = ""
    medication: str = ""
    notes: str = ""

    @property
    def context(self) -> dict[str, str]:
        """What is known of the circumstances, in words by name."""
        return context_of(self)


FACTS = tuple(item.name for item in dataclasses.fields(Session))


@dataclass(frozen=True, slots=True)
class Entry:
    """All that is given for one recording: its session, and settings that are its own."""

    session: Session = Session()
    rois: tuple[Roi, ...] = ()
    mm_per_px: float | None = None
    capture_fps: float | None = None

    def applied(self, settings: Settings) -> Settings:
        """Return the settings with those of this recording in place."""
        own = {name: getattr(self, name) for name in ("rois", "mm_per_px", "capture_fps")}
        given = {name: value for name, value in own.items() if value not in (None, ())}
        return dataclasses.replace(settings, clip=dataclasses.replace(settings.clip, **given)) if given else settings


@dataclass(frozen=True, slots=True)
class Sheet:
    """A session sheet, by what its column ``file`` says, and what was odd about it."""

    entries: dict[str, Entry]
    warnings: tuple[str, ...] = ()


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise SettingsError(f"{text!r} is no date; write it as 2026-01-31") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"{text!r} is no number; write it as 0.25") from None


def _rois(text: str) -> tuple[Roi, ...]:
    return tuple(parse_roi(part) for part in text.split(";") if part.strip())


_READ: dict[str, Callable[[str], Any]] = {"date": _day, "roi": _rois, "mm_per_px": _number, "capture_fps": _number}
"""Columns that are no plain text."""

COLUMNS = ("file", *FACTS, "roi", "mm_per_px", "capture_fps")


def load_sheet(path: Path) -> Sheet:
    """Read a session sheet: CSV with the columns of `COLUMNS`, of which only ``file`` must be there.

    Raises
    ------
    SettingsError
        It cannot be read, or a cell makes no sense; the row is named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"cannot read the session sheet {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text; save it as CSV with UTF-8 encoding") from error
    try:
        return _sheet(text)
    except (SettingsError, csv.Error) as error:
        raise SettingsError(f"{path}: {error}") from error


def _sheet(text: str) -> Sheet:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    head = [name.strip().lower() for name in next(reader, [])]
    if "file" not in head:
        raise SettingsError(f"the first line must name the columns, among them file; known are {', '.join(COLUMNS)}")
    twice = [name for name in head if name and head.count(name) > 1]
    if twice:
        raise SettingsError(f"column {twice[0]} is there twice")
    entries: dict[str, Entry] = {}
    for cells in reader:
        row = {name: cell.strip() for name, cell in zip(head, cells, strict=False) if cell.strip()}
        if not row:
            continue
        try:
            name, entry = _entry(row)
            if name in entries:
                raise SettingsError(f"{name} has a row already")
        except SettingsError as error:
            raise SettingsError(f"line {reader.line_num}, {error}") from error
        entries[name] = entry
    return Sheet(entries, tuple(_unknown(name) for name in head if name and name not in COLUMNS))


def _delimiter(text: str) -> str:
    """The sign between columns: spreadsheets of some countries write semicolons."""
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, COLUMNS, n=1)
    return f"column {name!r} of the session sheet is not known and not used" + (
        f"; did you mean {near[0]}?" if near else ""
    )


def _entry(row: dict[str, str]) -> tuple[str, Entry]:
    if "file" not in row:
        raise SettingsError("file: the cell is empty")
    values: dict[str, Any] = {}
    for name in row.keys() & set(COLUMNS):
        try:
            values[name] = _READ.get(name, str)(row[name])
        except SettingsError as error:
            raise SettingsError(f"{name}: {error}") from error
    facts = Session(**{name: values[name] for name in FACTS if name in values})
    entry = Entry(facts, values.get("roi", ()), values.get("mm_per_px"), values.get("capture_fps"))
    entry.applied(Settings())  # numbers out of their range are refused here, with the line
    return PurePosixPath(row["file"].replace("\\", "/")).as_posix(), entry


def compile_template(template: str) -> re.Pattern[str]:
    """Turn a template such as ``{subject}/{date}/{side}-{muscle}.mp4`` into a pattern for relative paths.

    ``{...}`` stands for some letters without a slash and is one of the columns of a session sheet;
    ``*`` stands for any letters without a slash. Capitals are not told apart.

    Raises
    ------
    SettingsError
        A name is not known or used twice.
    """
    pattern = ""
    for part in re.split(r"(\{[^{}]*\}|\*)", template.replace("\\", "/").removeprefix("./")):
        if part == "*":
            pattern += "[^/]*"
        elif part.startswith("{") and part.endswith("}"):
            name = part[1:-1]
            if name not in FACTS:
                raise SettingsError(f"unknown name {part} in the template; known are {', '.join(FACTS)}")
            pattern += f"(?P<{name}>[^/]+?)"
        else:
            pattern += re.escape(part)
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise SettingsError(f"cannot use the template {template!r}: {error}") from error


def from_path(clip: str, template: re.Pattern[str]) -> Session | None:
    """Read the facts out of a path; None where it does not fit the template.

    Raises
    ------
    SettingsError
        A date makes no sense.
    """
    match = template.fullmatch(clip)
    if match is None:
        return None
    facts = match.groupdict()
    try:
        return Session(**{name: _READ.get(name, str)(text.strip()) for name, text in facts.items()})
    except SettingsError as error:
        raise SettingsError(f"{clip}: {error}") from error


def entries_of(
    clips: Sequence[str], *, sheet: Sheet | None = None, template: re.Pattern[str] | None = None
) -> tuple[dict[str, Entry], tuple[str, ...]]:
    """Find what is given for each recording; a cell of the sheet goes before the path.

    Parameters
    ----------
    clips
        From `find_recordings`. A row of the sheet names one by this path, or by its file name alone
        where no other has the same.

    Returns
    -------
    entries, warnings
        Recordings for which nothing is given have no entry.
    """
    entries: dict[str, Entry] = {}
    strangers: list[str] = []
    for clip in clips if template else ():
        session = from_path(clip, template) if template else None
        if session is None:
            strangers.append(clip)
        else:
            entries[clip] = Entry(session)
    warnings = list(_some(strangers, "does not fit the template", "do not fit the template"))
    if sheet is not None:
        rows, unused = _rows_of(clips, sheet)
        entries |= {clip: _joined(row, entries.get(clip)) for clip, row in rows.items()}
        bare = [clip for clip in clips if clip not in rows]
        warnings += sheet.warnings
        warnings += _some(unused, "in the session sheet is no recording", "in the session sheet are no recordings")
        warnings += _some(bare, "has no row in the session sheet", "have no row in the session sheet")
    return entries, tuple(warnings)


def _rows_of(clips: Sequence[str], sheet: Sheet) -> tuple[dict[str, Entry], list[str]]:
    known = set(clips)
    by_name: dict[str, list[str]] = {}
    for clip in clips:
        by_name.setdefault(PurePosixPath(clip).name, []).append(clip)
    rows: dict[str, Entry] = {}
    unused: list[str] = []
    for name, entry in sheet.entries.items():
        same = [name] if name in known else by_name.get(name, [])
        if len(same) > 1:
            raise SettingsError(f"the session sheet names {name}, which may be {same[0]} or {same[1]}; give the path")
        if not same:
            unused.append(name)
        elif same[0] in rows:
            raise SettingsError(f"the session sheet has two rows for {same[0]}")
        else:
            rows[same[0]] = entry
    return rows, unused


def _joined(row: Entry, path: Entry | None) -> Entry:
    if path is None:
        return row
    given = {name: value for name in FACTS if (value := getattr(row.session, name))}
    return dataclasses.replace(row, session=dataclasses.replace(path.session, **given))


def _some(names: list[str], one: str, several: str) -> Iterator[str]:
    """A warning that names the first, not thousands."""
    if len(names) == 1:
        yield f"{names[0]} {one}"
    elif names:
        yield f"{names[0]} and {len(names) - 1} more {several}"
