"""Rates over sessions, for each muscle and side: what was counted, in how much time, and what can be compared.

Clips of one session are taken together. Nothing here says whether a change is good or bad.
"""

from __future__ import annotations

import csv
import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fascidetect.batch.bursts import dispersion
from fascidetect.batch.rollup import SUMMARY, ClipResult, SummaryRow, read_result, reviewed
from fascidetect.batch.sessions import CONTEXT, FACTS, context_of
from fascidetect.errors import ClipError, ClipNotFound, SettingsError
from fascidetect.files import plain_cell
from fascidetect.quality.rate import rate_per_min
from fascidetect.settings import QualitySettings
from fascidetect.statistics import rate_ratio_interval

LEAST_RATE_S = QualitySettings().min_rate_s
LEAST_COMPARED_S = 60.0
"""Usable time below which sessions are not compared: at one movement a minute, a minute shows none in one of three."""


@dataclass(frozen=True, slots=True)
class Floor:
    """A least size of the movements that count, in px of the full picture or in mm; one of the two."""

    px: float = 0.0
    mm: float = 0.0

    def __str__(self) -> str:
        return f"{self.mm:g} mm" if self.mm else f"{self.px:g} px"

    def px_in(self, clip: ClipResult) -> float:
        """The same in px of a clip.

        Raises
        ------
        SettingsError
            It is given in millimeters, and the clip has no scale.
        """
        if not self.mm:
            return self.px
        scale = clip.settings.clip.mm_per_px
        if scale is None:
            raise SettingsError(f"a floor in mm needs a scale, and {clip.clip.name} has none: give the floor in px")
        return self.mm / scale


@dataclass(frozen=True, slots=True)
class TrendRow:
    """One row of trend.csv: a muscle and side in one session.

    Attributes
    ----------
    n_unfit
        Clips that failed or could not be judged; nothing of them is in the other numbers.
    counted_by
        ``reviewed`` where people decided about every movement of every clip, else ``automatic``.
    n_counted
        The count that the rate is of: where reviewed, the movements in usable time.
    dispersion
        Variance over mean of the counts in windows of 10 s; None where there are too few.
    amplitude_floor
        Least size of what is in the numbers, with its unit; empty where all is.
    """

    subject: str
    muscle: str
    side: str
    session: str
    date: str
    n_clips: int
    n_unfit: int
    usable_s: float
    counted_by: str
    n_events: int | None
    n_reviewed: int | None
    n_counted: int | None
    rate_per_min: float | None
    rate_low_per_min: float | None
    rate_high_per_min: float | None
    dispersion: float | None
    limit50_px: float | None
    limit50_mm: float | None
    time_of_day: str = ""
    caffeine: str = ""
    exertion: str = ""
    stress: str = ""
    sleep: str = ""
    medication: str = ""
    notes: str = ""
    amplitude_floor: str = ""

    @property
    def when(self) -> str:
        """Name of the session, as people know it."""
        return ", ".join(part for part in (self.date, self.session) if part) or "no date"

    @property
    def context(self) -> dict[str, str]:
        """What is known of the circumstances, by name."""
        return context_of(self)


@dataclass(frozen=True, slots=True)
class SessionClips:
    """One session of a muscle and side: its row, and the clips behind it."""

    row: TrendRow
    clips: tuple[ClipResult, ...]


@dataclass(frozen=True, slots=True)
class RatioRow:
    """One row of trend_ratio.csv: the second of two sessions over the first, or why they are not compared."""

    subject: str
    muscle: str
    side: str
    first: str
    second: str
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    dispersion: float | None
    not_compared: str


@dataclass(frozen=True, slots=True)
class Series:
    """A muscle and side of one subject, over its sessions in order."""

    subject: str
    muscle: str
    side: str
    sessions: tuple[SessionClips, ...]
    ratio: RatioRow | None = None

    @property
    def place(self) -> str:
        """Side and muscle in words."""
        return " ".join(part for part in (self.side, self.muscle) if part) or "muscle not given"


def load_summary(results: Path) -> tuple[SummaryRow, ...]:
    """Read the facts of each clip back from a batch's summary.csv; numbers are read from the results themselves.

    Raises
    ------
    ClipNotFound
        There is none.
    ClipError
        It is none.
    """
    path = results / SUMMARY
    names = ("clip", "status", "verdict", *FACTS, "result_dir")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise ClipNotFound(f"no {SUMMARY} in {results}; make it with `fascidetect batch FOLDER -o {results}`") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ClipError(f"cannot read {path}: {error}") from error
    if rows and not {"clip", "status", "result_dir"} <= rows[0].keys():
        raise ClipError(f"{path} is no {SUMMARY} of a batch")
    return tuple(_row({name: plain_cell(row.get(name) or "") for name in names}) for row in rows)


def _row(texts: dict[str, Any]) -> SummaryRow:
    return SummaryRow(**texts)


def make_trend(
    results: Path, rows: Iterable[SummaryRow], *, compare: tuple[str, str] | None = None, floor: Floor | None = None
) -> tuple[Series, ...]:
    """Gather the clips of each subject, muscle and side into sessions, in order.

    Parameters
    ----------
    compare
        Names or dates of two sessions whose rates are compared; None = where a series has just two.
    floor
        Count only what the program found of at least this size: what every clip could have shown.

    Raises
    ------
    ClipError
        A result cannot be read.
    SettingsError
        The floor is in mm, and a clip has no scale; or a clip was counted with a larger one.
    """
    places: dict[tuple[str, ...], list[SummaryRow]] = {}
    for row in rows:
        if row.status != "pending":
            places.setdefault(tuple(text.casefold() for text in (row.subject, row.muscle, row.side)), []).append(row)
    series = []
    for _, of_place in sorted(places.items(), key=lambda item: [(not text, text) for text in item[0]]):
        sessions: dict[tuple[str, str], list[SummaryRow]] = {}
        for row in of_place:
            sessions.setdefault((row.date, row.session), []).append(row)
        in_order = [_session(results, sessions[key], floor) for key in sorted(sessions, key=_in_time)]
        first = of_place[0]
        ratio = _chosen_ratio(in_order, compare, floor)
        series.append(Series(first.subject, first.muscle, first.side, tuple(in_order), ratio))
    return tuple(series)


def _in_time(key: tuple[str, str]) -> tuple[Any, ...]:
    """Sort by date, then by the session's name, in which numbers count as numbers."""
    date, session = key
    numbers = "".join(letter if letter.isdecimal() else " " for letter in session).split()
    return date, [(len(digits), digits) for digits in (number.lstrip("0") for number in numbers)], session


def _above(clip: ClipResult, floor: Floor) -> ClipResult:
    """A result less what is smaller than the floor; people's decisions have no size, so their counts are left out."""
    least_px = floor.px_in(clip)
    if (told_px := clip.floor_px) > least_px:
        raise SettingsError(f"{clip.clip.name} was counted from {told_px:.2g} px on: give a larger floor, or retune it")
    events = tuple(event for event in clip.events if event.amplitude_px >= least_px)
    counted = None if clip.summary.n_events is None else len(events)
    summary = dataclasses.replace(clip.summary, n_events=counted, reviewed=())
    return dataclasses.replace(clip, events=events, summary=summary)


def _session(results: Path, rows: Sequence[SummaryRow], floor: Floor | None) -> SessionClips:
    fit = [row for row in rows if row.status == "done" and row.verdict != "cannot_analyze"]
    clips = tuple(read_result(results / row.result_dir) for row in fit)
    if floor is not None:
        clips = tuple(_above(clip, floor) for clip in clips)
    usable_s = sum(clip.quality.usable_s for clip in clips)
    n_events = sum(clip.summary.n_events or 0 for clip in clips) if clips else None
    people = [one for clip in clips if (one := reviewed(clip.summary))]
    by_people = bool(clips) and len(people) == len(clips)
    n_counted = sum(one.n_events - one.n_unusable for one in people) if by_people else n_events
    rate, low, high = rate_per_min(n_counted or 0, usable_s if usable_s >= LEAST_RATE_S else 0.0)
    first = rows[0]
    return SessionClips(
        TrendRow(
            subject=first.subject,
            muscle=first.muscle,
            side=first.side,
            session=first.session,
            date=first.date,
            n_clips=len(clips),
            n_unfit=len(rows) - len(clips),
            usable_s=usable_s,
            counted_by="reviewed" if by_people else "automatic",
            n_events=n_events,
            n_reviewed=sum(one.n_events for one in people) if by_people else None,
            n_counted=n_counted,
            rate_per_min=rate,
            rate_low_per_min=low,
            rate_high_per_min=high,
            dispersion=dispersion(clips),
            limit50_px=_worst(clip.quality.limit50_px for clip in clips),
            limit50_mm=_worst(clip.limit50_mm for clip in clips),
            **{name: _together(getattr(row, name) for row in rows) for name in CONTEXT},
            amplitude_floor=str(floor) if floor is not None else "",
        ),
        clips,
    )


def _worst(limits: Iterable[float | None]) -> float | None:
    """The largest; None where one is not known."""
    known = list(limits)
    return max((limit for limit in known if limit is not None), default=None) if None not in known else None


def _together(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _chosen_ratio(
    sessions: Sequence[SessionClips], compare: tuple[str, str] | None, floor: Floor | None
) -> RatioRow | None:
    if compare is None:
        return ratio_of(sessions[0], sessions[1], floor) if len(sessions) == 2 else None
    chosen = [next((s for s in sessions if name in (s.row.session, s.row.date)), None) for name in compare]
    return ratio_of(chosen[0], chosen[1], floor) if chosen[0] and chosen[1] else None


def ratio_of(first: SessionClips, second: SessionClips, floor: Floor | None = None) -> RatioRow:
    """Compare two sessions, unless they are too short or too unlike: then say which."""
    one, two = first.row, second.row
    bare = RatioRow(one.subject, one.muscle, one.side, one.when, two.when, None, None, None, None, "")
    hindrances = _hindrances(first, second, floor)
    if hindrances or one.n_counted is None or two.n_counted is None:
        return dataclasses.replace(bare, not_compared="; ".join(hindrances))
    low, high = rate_ratio_interval(one.n_counted, one.usable_s, two.n_counted, two.usable_s)
    ratio = (two.n_counted / two.usable_s) / (one.n_counted / one.usable_s) if one.n_counted else None
    worse = max((row.dispersion for row in (one, two) if row.dispersion is not None), default=None)
    return dataclasses.replace(bare, ratio=ratio, ratio_low=low, ratio_high=high, dispersion=worse)


def _hindrances(first: SessionClips, second: SessionClips, floor: Floor | None) -> list[str]:
    """Why two sessions cannot be compared, in words."""
    found = [
        f"too short: {session.row.usable_s:.0f} s of usable time in {session.row.when}"
        for session in (first, second)
        if session.row.usable_s < LEAST_COMPARED_S
    ]
    if not (first.clips and second.clips):
        return found
    if first.row.counted_by != second.row.counted_by:
        found.append("counted differently: one by the program, one reviewed by people")
    results = [*first.clips, *second.clips]
    if any((r.run.version, r.settings.measure, r.settings.detect) != _made_by(results[0]) for r in results):
        found.append("analyzed with different settings or versions of the program")
    unlike = [words for what in _ALIKE if (words := _unlike(*what, results))]
    if floor is None:
        unlike += [words for what in _ALIKE_WITHOUT_FLOOR if (words := _unlike(*what, results))]
    else:
        unlike += _too_low(floor, results)
    return found + unlike


def _too_low(floor: Floor, results: Sequence[ClipResult]) -> list[str]:
    """Why a floor does not make clips comparable, and which one would."""
    limits_px = [clip.quality.limit90_px for clip in results]
    known = [(clip, limit) for clip, limit in zip(results, limits_px, strict=True) if limit is not None]
    if len(known) < len(results):
        return ["it is not known how small a movement would show in each clip"]
    if all(limit_px <= floor.px_in(clip) for clip, limit_px in known):
        return []
    least, unit = (
        max(limit_px * (clip.settings.clip.mm_per_px or 1.0 if floor.mm else 1.0) for clip, limit_px in known),
        ("mm" if floor.mm else "px"),
    )
    return [f"not every clip shows movements of {floor} reliably: raise the floor to {_rounded_up(least):g} {unit}"]


def _rounded_up(size: float) -> float:
    """The next number of two digits that is not smaller."""
    unit = 10.0 ** (math.floor(math.log10(size)) - 1)
    return round(math.ceil(size / unit - 1e-9) * unit, 9)


def _made_by(result: ClipResult) -> tuple[str, dict[str, Any], dict[str, Any]]:
    return result.run.version, result.settings.measure, result.settings.detect


_Read = Callable[[ClipResult], float | None]

_ALIKE: tuple[tuple[str, _Read, float], ...] = (
    ("frames per second", lambda r: r.clip.median_fps, 1.5),
    ("size of the picture", lambda r: max(r.clip.width_px, r.clip.height_px), 1.5),
    ("scale in mm per px", lambda r: r.settings.clip.mm_per_px, 1.5),
    ("compression in bits per pixel", lambda r: r.clip.bits_per_px, 3.0),
    ("analyzed share of the picture", lambda r: r.quality.analyzed_share, 2.0),
)
"""What clips must share, and the largest ratio between them: beyond it another rate may come from the filming alone."""

_ALIKE_WITHOUT_FLOOR: tuple[tuple[str, _Read, float], ...] = (
    ("smallest movement that would show, in px", lambda r: r.quality.limit50_px, 1.5),
)


def _unlike(words: str, read: _Read, most: float, results: Sequence[ClipResult]) -> str:
    values = [value for result in results if (value := read(result))]
    if len(values) < 2 or max(values) <= most * min(values):
        return ""
    return f"filmed too differently: {words} from {min(values):.3g} to {max(values):.3g}"
