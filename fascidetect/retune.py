"""A result judged again from its folder: in a moment from its candidates, or in full from its trace."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from fascidetect.errors import ClipError, ClipNotFound, FasciError, NotAClip, SettingsError
from fascidetect.events.store import Candidates, load_candidates, save_candidates
from fascidetect.files import RESULT, result_file
from fascidetect.model import SCHEMA_VERSION, Progress, Registration, Result
from fascidetect.report.export import Run, run_since, write_result, write_tables
from fascidetect.report.figures import write_timeline
from fascidetect.report.folder import LIMIT_TABLE, OUR_FILES, results_folder
from fascidetect.report.page import OVERLAY
from fascidetect.result import make_result
from fascidetect.settings import DECIDED, SOUGHT, Settings
from fascidetect.settings_file import describe, settings_from_json

if TYPE_CHECKING:
    from fascidetect.report.layout import Layout
    from fascidetect.report.strips import Strip

    Drawn = tuple[Layout, dict[str, Strip]]


KEPT = tuple(name for name in OUR_FILES if name != LIMIT_TABLE)
"""A limit that was tried holds for the decision that it was tried with."""


@dataclass(frozen=True, slots=True)
class Retuned:
    """A result that was judged again.

    Attributes
    ----------
    result
        As it is now.
    n_before
        Movements that were counted before; None where the clip could not be judged.
    outdated
        Whether overlay.mp4 shows another decision.
    """

    result: Result
    n_before: int | None
    outdated: bool


def retune(
    folder: Path,
    change: Callable[[Settings], Settings],
    *,
    full: bool = False,
    clip: Path | None = None,
    isolate: bool = False,
    progress: Progress | None = None,
) -> Retuned:
    """Judge a result again under changed settings and replace its tables, pages and figures.

    Parameters
    ----------
    folder
        Written by `analyze_to_folder`; its review stays as it is.
    change
        From the settings of the result to those that are wanted.
    full
        Seek the candidates in trace.npz again, so that settings may change that act there.
    clip
        To draw the overlay and the pictures of movements again; without it the old ones stay.
    isolate
        Decode the clip in a process of its own.
    progress
        Told ("drawing", frames done, frames in all).

    Raises
    ------
    FasciError
        A file in the folder is missing, damaged, or of another version or clip, or cannot be replaced.
    SettingsError
        A setting has changed that acts too early.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    folder = result_file(folder).parent
    _read(folder / RESULT)  # before anything is made beside it
    with results_folder(folder, source=clip, force=True, keep=KEPT) as scratch:
        before = _read(folder / RESULT)
        settings = change(before.settings)
        held = _sought(folder, before.settings, settings) if full else _stored(folder, settings)
        if held.about.clip.sha256 != before.sha256:
            raise FasciError(f"{folder} holds files of different clips; analyze the clip again")
        result = make_result(held.about, held.windows, settings)
        if full:
            save_candidates(scratch / "candidates.npz", held)
        drawn: Drawn | None = None
        if clip is not None and len(held.about.time_s):
            drawn = _draw(clip, scratch / OVERLAY, held, result, isolate=isolate, progress=progress)
        write_timeline(scratch / "timeline.png", held.about, result, settings.report.label)
        write_tables(result, scratch)
        run = run_since(started, clock)
        outdated = _write_report(scratch, folder, held.about, result, run, drawn)
        write_result(result, run, scratch / RESULT)
    return Retuned(result, before.n_events, outdated)


def _stored(folder: Path, settings: Settings) -> Candidates:
    try:
        held = load_candidates(folder / "candidates.npz")
    except FasciError as error:
        raise FasciError(f"{error}; judge again with --full, or analyze the clip again") from error
    _refuse(held.settings, settings, DECIDED)
    return held


def _sought(folder: Path, before: Settings, settings: Settings) -> Candidates:
    from fascidetect.events.seek import seek
    from fascidetect.motion.store import load_trace

    _refuse(before, settings, (*DECIDED, *SOUGHT))
    path = folder / "trace.npz"
    if not path.exists():
        raise ClipNotFound(f"no such file: {path}; analyze the clip again")
    trace = load_trace(path)
    return Candidates(trace, seek(trace, settings.quality.max_gap_s, settings.detect), settings)


def _refuse(before: Settings, after: Settings, allowed: Collection[str]) -> None:
    """Say which change comes too late, and what it takes instead."""
    pairs = zip(describe(before), describe(after), strict=True)
    names = [old.name for old, new in pairs if old.default != new.default and old.name not in allowed]
    if not names:
        return
    if set(names) <= set(SOUGHT):
        raise SettingsError(f"{', '.join(names)} acts before candidates are found: add --full")
    raise SettingsError(f"{', '.join(names)} acts on the video itself: analyze the clip again")


def _draw(
    clip: Path, target: Path, held: Candidates, result: Result, *, isolate: bool, progress: Progress | None
) -> Drawn:
    from fascidetect.pipeline import write_overlay
    from fascidetect.video.isolated import open_clip

    with open_clip(clip, result.settings.clip, isolate=isolate) as opened:
        if opened.facts.sha256 != held.about.clip.sha256:
            raise NotAClip(f"{clip} is not the clip that was analyzed into these results")
        return write_overlay(opened, target, held.about, result, progress)


def _write_report(
    scratch: Path, folder: Path, about: Registration, result: Result, run: Run, drawn: Drawn | None
) -> bool:
    """Write report.html, without the clip with what the one before shows of it; say whether its video is outdated."""
    from fascidetect.report.carry import carry_over, outdated
    from fascidetect.report.compose import make_page
    from fascidetect.report.html import REPORT, read_page, write_report

    if drawn:
        layout, strips = drawn
        write_report(make_page(about, result, run, strips, layout), scratch)
        return False
    page = make_page(about, result, run, {}, None)
    with contextlib.suppress(ClipError):  # it is gone, or of another version
        before = read_page(folder / REPORT)
        page = carry_over(page, before if (folder / OVERLAY).exists() else replace(before, video=None))
    write_report(page, scratch, folder)
    return outdated(page)


@dataclass(frozen=True, slots=True)
class _Clip:
    sha256: str


@dataclass(frozen=True, slots=True)
class _Summary:
    n_events: int | None


@dataclass(frozen=True, slots=True)
class _Document:
    """The keys of result.json that are looked at here."""

    schema_version: str
    clip: _Clip
    summary: _Summary
    settings: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Before:
    sha256: str
    n_events: int | None
    settings: Settings


def _read(path: Path) -> _Before:
    try:
        held = msgspec.json.decode(path.read_bytes(), type=_Document)
        settings = settings_from_json(held.settings)
    except OSError as error:
        raise ClipError(f"cannot read {path}: {error.strerror or error}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, SettingsError) as error:
        raise ClipError(f"{path} is no result.json of this version: {error}; analyze the clip again") from error
    if held.schema_version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise ClipError(f"{path} has format {held.schema_version}, this program reads {SCHEMA_VERSION}")
    return _Before(held.clip.sha256, held.summary.n_events, settings)
