"""What was found in a clip: from a result in memory or from a result folder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec

from fascidetect.errors import ClipError
from fascidetect.files import result_file
from fascidetect.model import SCHEMA_VERSION, ClipFacts, Event, Quality, Rejection, Result


@dataclass(frozen=True, slots=True)
class Found:
    """The part of a result that can be right or wrong.

    Parameters
    ----------
    clip, quality, events
        As in `Result`.
    from_s, to_s
        The part of the clip that was analyzed; what lies outside is not judged.
    rejections
        Seen and not counted.
    min_rate_s
        Usable time below which no rate is given.
    made_utc
        When detection had ended; None for a result in memory.
    """

    clip: ClipFacts
    quality: Quality
    events: tuple[Event, ...]
    from_s: float = 0.0
    to_s: float = math.inf
    rejections: tuple[Rejection, ...] = ()
    min_rate_s: float = 0.0
    made_utc: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    from_s: float = 0.0
    to_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Needed:
    min_rate_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Settings:
    clip: _Part = _Part()
    quality: _Needed = _Needed()


@dataclass(frozen=True, slots=True)
class _Rejected(Event):
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Run:
    started_utc: Annotated[datetime, msgspec.Meta(tz=True)]
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _ResultFile:
    """The keys of result.json that are looked at here."""

    schema_version: str
    clip: ClipFacts
    quality: Quality
    events: tuple[Event, ...]
    settings: _Settings = _Settings()
    rejected: tuple[_Rejected, ...] = ()
    run: _Run | None = None


def found_in(result: Result) -> Found:
    """Take what can be judged out of a result."""
    part, least_s = result.settings.clip, result.settings.quality.min_rate_s
    return Found(result.clip, result.quality, result.events, part.from_s, part.to_s, result.rejections, least_s)


def load_result(path: Path) -> Found:
    """Read a result folder or its result.json.

    Raises
    ------
    ClipNotFound
        There is none.
    ClipError
        It is none, or of a later format.
    """
    path = result_file(path)
    try:
        held = msgspec.json.decode(path.read_bytes(), type=_ResultFile)
    except OSError as exc:
        raise ClipError(f"cannot read {path}: {exc.strerror or exc}") from exc
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise ClipError(f"{path} is no result.json of fascidetect: {exc}") from exc
    if held.schema_version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise ClipError(f"{path} has format {held.schema_version}, this program reads {SCHEMA_VERSION}")
    part = held.settings.clip
    return Found(
        held.clip,
        held.quality,
        held.events,
        part.from_s,
        math.inf if part.to_s is None else part.to_s,
        tuple(Rejection(event, event.reason) for event in held.rejected),
        held.settings.quality.min_rate_s,
        _ended(held.run, path) if held.run else None,
    )


def _ended(run: _Run, path: Path) -> datetime:
    try:
        return run.started_utc + timedelta(seconds=run.wall_s)
    except OverflowError as exc:
        raise ClipError(f"{path} is no result.json of fascidetect: nothing takes {run.wall_s:g} s") from exc
