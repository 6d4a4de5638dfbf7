"""Sums of what was hit and missed: kept as sums, so that a mean is never a mean of means."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fascidetect.evaluate.found import Found
from fascidetect.evaluate.match import match
from fascidetect.model import BoolArray, ClipFacts, Event
from fascidetect.settings import LINES
from fascidetect.truth import TrueEvent, Truth

TOLERANCES_S = (0.25, 0.10, 0.50)
"""Largest difference of the peaks: the one that counts, and two that show how much depends on it."""

SAME_PLACE = 0.08
"""Distance at which two events are at the same place, in longer sides of the picture (formats)."""

CHANCE_DRAWS = 20
_CHANCE_SEED = 3


@dataclass(frozen=True, slots=True)
class Known:
    """One true event: its size at 720 lines and against the clip's noise, and whether it was hit."""

    amplitude_720px: float | None
    snr: float | None
    hit: bool


@dataclass(frozen=True, slots=True)
class Misfit:
    """How a hit differs from the truth: times in s (found - true), amplitude as found / true."""

    onset_s: float | None
    peak_s: float
    offset_s: float | None
    amplitude_ratio: float | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of one clip or of many; tallies add.

    Attributes
    ----------
    n_clips, n_true, n_found, n_hits
        Counts; ignored stretches are left out on both sides.
    n_true_unusable, n_hits_unusable
        Of the true ones and the hits, those whose true peak lies in time declared unusable.
    clip_s, usable_s
        Length of the clips less what is ignored, and the part of it that could be used.
    chance_hits
        How many hits the same number of events, at the same places but at random times, would score.
    known, misfits
        One entry for each true event, and for each hit.
    counts
        (true, found) of each clip.
    """

    n_clips: int = 0
    n_true: int = 0
    n_found: int = 0
    n_hits: int = 0
    n_true_unusable: int = 0
    n_hits_unusable: int = 0
    clip_s: float = 0.0
    usable_s: float = 0.0
    chance_hits: float = 0.0
    known: tuple[Known, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    counts: tuple[tuple[int, int], ...] = ()

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in dataclasses.fields(self)))

    @property
    def n_false(self) -> int:
        """Found events that are none."""
        return self.n_found - self.n_hits

    @property
    def sensitivity(self) -> float:
        """Share of the true events that was hit; what lay in unusable time counts as missed. NaN without any."""
        return _share(self.n_hits, self.n_true)

    @property
    def sensitivity_usable(self) -> float:
        """The same with true events in unusable time left out."""
        return _share(self.n_hits - self.n_hits_unusable, self.n_true - self.n_true_unusable)

    @property
    def precision(self) -> float:
        """Share of the found events that is true; NaN without any."""
        return _share(self.n_hits, self.n_found)

    @property
    def f1(self) -> float:
        """Harmonic mean of sensitivity and precision; NaN where nothing is and nothing was found."""
        return _share(2 * self.n_hits, self.n_true + self.n_found)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def score_clip(found: Found, truth: Truth, tolerance_s: float = TOLERANCES_S[0]) -> Tally:
    """Compare what was found in one clip with what is in it.

    Parameters
    ----------
    found
        What was found.
    truth
        What is there; its places may refer to a picture of another size.
    tolerance_s
        Largest difference of the peaks of a pair, s.
    """
    length_s = truth.duration_s or found.clip.duration_s
    dropped = _dropped(found, truth, length_s)
    true = [t for t in _scaled(truth, found) if not _within(t.peak_s, dropped)]
    events = [e for e in found.events if not _within(e.peak_s, dropped)]
    allowed = same_places(true, events, found.clip)
    pairs = match(np.array([t.peak_s for t in true]), np.array([e.peak_s for e in events]), tolerance_s, allowed)
    blind = _blind(found)
    hit = {i for i, _ in pairs}
    lost = [k for k, t in enumerate(true) if _within(t.peak_s, blind)]
    judged_s = _length((0.0, length_s), dropped)
    return Tally(
        n_clips=1,
        n_true=len(true),
        n_found=len(events),
        n_hits=len(pairs),
        n_true_unusable=len(lost),
        n_hits_unusable=len(hit.intersection(lost)),
        clip_s=judged_s,
        usable_s=_length((0.0, length_s), [*dropped, *blind]),
        chance_hits=_chance(true, events, allowed, tolerance_s, length_s) if judged_s else 0.0,
        known=tuple(_known(t, found, hit=k in hit) for k, t in enumerate(true)),
        misfits=tuple(_misfit(true[i], events[j]) for i, j in pairs),
        counts=((len(true), len(events)),),
    )


Stretch = tuple[float, float]


def _dropped(found: Found, truth: Truth, length_s: float) -> list[Stretch]:
    """Stretches in which nothing is judged: ignored by the truth, or not analyzed."""
    outside = [(0.0, found.from_s), (found.to_s, max(length_s, found.to_s))]
    return [*((i.start_s, i.end_s) for i in truth.ignore), *((a, b) for a, b in outside if b > a)]


def _blind(found: Found) -> list[Stretch]:
    if found.quality.verdict == "cannot_analyze":
        return [(-math.inf, math.inf)]
    return [(u.start_s, u.end_s) for u in found.quality.unusable]


def _within(time_s: float, stretches: Sequence[Stretch]) -> bool:
    return any(a <= time_s <= b for a, b in stretches)


def _length(whole: Stretch, without: Sequence[Stretch]) -> float:
    """Length of a stretch less others, which may overlap."""
    left, at = 0.0, whole[0]
    for a, b in sorted(without):
        left += max(0.0, min(a, whole[1]) - at)
        at = max(at, b)
    return left + max(0.0, whole[1] - at)


def _scaled(truth: Truth, found: Found) -> tuple[TrueEvent, ...]:
    """True events in px of the picture that was analyzed."""
    if not truth.width_px or truth.width_px == found.clip.width_px:
        return truth.events
    factor = found.clip.width_px / truth.width_px
    return tuple(
        dataclasses.replace(
            t,
            **{
                name: value * factor
                for name in ("x_px", "y_px", "radius_px", "amplitude_px")
                if (value := getattr(t, name)) is not None
            },
        )
        for t in truth.events
    )


def same_places(true: Sequence[TrueEvent], events: Sequence[Event | TrueEvent], clip: ClipFacts) -> BoolArray:
    """(n, m) whether the centers lie within 2 radii or 8 % of the longer side; True where one has no place."""
    allowed = np.ones((len(true), len(events)), bool)
    least_px = SAME_PLACE * max(clip.width_px, clip.height_px)
    for i, t in enumerate(true):
        if t.x_px is None or t.y_px is None:
            continue
        reach_px = max(2 * (t.radius_px or 0.0), least_px)
        for j, e in enumerate(events):
            if e.x_px is not None and e.y_px is not None:
                allowed[i, j] = math.hypot(e.x_px - t.x_px, e.y_px - t.y_px) <= reach_px
    return allowed


def _chance(
    true: Sequence[TrueEvent], events: Sequence[Event], allowed: BoolArray, tolerance_s: float, length_s: float
) -> float:
    """Mean number of hits when the found events keep their places and get times drawn at random."""
    if not true or not events:
        return 0.0
    rng = np.random.default_rng(_CHANCE_SEED)
    peaks = np.array([t.peak_s for t in true])
    draws = (rng.uniform(0, length_s, len(events)) for _ in range(CHANCE_DRAWS))
    return sum(len(match(peaks, times, tolerance_s, allowed)) for times in draws) / CHANCE_DRAWS


def _known(true: TrueEvent, found: Found, *, hit: bool) -> Known:
    amplitude, noise = true.amplitude_px, found.quality.noise_px
    lines = min(found.clip.width_px, found.clip.height_px)
    return Known(
        None if amplitude is None or not lines else amplitude * LINES / lines,
        None if amplitude is None or not noise else amplitude / noise,
        hit,
    )


def _misfit(true: TrueEvent, event: Event) -> Misfit:
    return Misfit(
        None if true.onset_s is None else event.onset_s - true.onset_s,
        event.peak_s - true.peak_s,
        None if true.offset_s is None else event.offset_s - true.offset_s,
        event.amplitude_px / true.amplitude_px if true.amplitude_px else None,
    )
