"""A result judged again from its folder: in a moment from its candidates, or in full from its trace."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from fascidetect.errors import ClipError, ClipNotFound, FasciError, NotAClip, SettingsError
from fascidetect.events.store import Candidates, load_candidates, save_candidates
from fascidetect.model import SCHEMA_VERSION, Progress, Result
from fascidetect.report.export import run_since, write_result, write_tables
from fascidetect.report.figures import write_timeline
from fascidetect.report.folder import OUR_FILES, results_folder
from fascidetect.result import make_result
from fascidetect.settings import DECIDED, SOUGHT, Settings
from fascidetect.settings_file import describe, settings_from_json

PICTURED = ("overlay.mp4", "report.html")
"""Results that need the clip to be drawn again."""


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
        Files in the folder that show an earlier decision.
    """

    result: Result
    n_before: int | None
    outdated: tuple[str, ...]


def retune(
    folder: Path,
    change: Callable[[Settings], Settings],
    *,
    full: bool = False,
    clip: Path | None = None,
    progress: Progress | None = None,
) -> Retuned:
    """Judge a result again under changed settings and replace its tables, result.json and timeline.

    Parameters
    ----------
    folder
        Written by `analyze_to_folder`; its review stays as it is.
    change
        From the settings of the result to those that are wanted.
    full
        Seek the candidates in trace.npz again, so that settings may change that act there.
    clip
        To draw the overlay again; without it the old one stays.
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
    before = _read(folder / "result.json")
    settings = change(before.settings)
    held = _sought(folder, before.settings, settings) if full else _stored(folder, settings)
    if held.about.clip.sha256 != before.sha256:
        raise FasciError(f"{folder} holds files of different clips; analyze the clip again")
    result = make_result(held.about, held.windows, settings)
    with results_folder(folder, source=clip, force=True, keep=OUR_FILES) as scratch:
        if full:
            save_candidates(scratch / "candidates.npz", held)
        if clip is not None and len(held.about.time_s):
            _draw(clip, scratch / "overlay.mp4", held, result, progress)
        write_timeline(scratch / "timeline.png", held.about, result, settings.report.label)
        write_tables(result, scratch)
        write_result(result, run_since(started, clock), scratch / "result.json")
        written = {path.name for path in scratch.iterdir()}
    outdated = tuple(name for name in PICTURED if name not in written and (folder / name).exists())
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


def _draw(clip: Path, target: Path, held: Candidates, result: Result, progress: Progress | None) -> None:
    from fascidetect.pipeline import write_overlay
    from fascidetect.video.isolated import open_clip

    with open_clip(clip, result.settings.clip, isolate=False) as opened:
        if opened.facts.sha256 != held.about.clip.sha256:
            raise NotAClip(f"{clip} is not the clip that was analyzed into these results")
        write_overlay(opened, target, held.about, result, progress)


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
    except FileNotFoundError as error:
        raise ClipNotFound(f"no such result: {path}") from error
    except OSError as error:
        raise ClipError(f"cannot read {path}: {error.strerror or error}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, SettingsError) as error:
        raise ClipError(f"{path} is no result.json of this version: {error}; analyze the clip again") from error
    if held.schema_version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise ClipError(f"{path} has format {held.schema_version}, this program reads {SCHEMA_VERSION}")
    return _Before(held.clip.sha256, held.summary.n_events, settings)
