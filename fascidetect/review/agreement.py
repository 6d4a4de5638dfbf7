"""How far raters agree with each other and with the program: second by second, and event by event.

What is judged are the seconds of which at least half could be used, the same for all. Sums of clips are
kept; a mean is never a mean of means.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from fascidetect.errors import ReviewError
from fascidetect.evaluate.found import Found
from fascidetect.evaluate.kappa import cohen, fleiss, with_interval
from fascidetect.evaluate.match import match
from fascidetect.evaluate.scores import Interval
from fascidetect.evaluate.tally import TOLERANCES_S, same_places
from fascidetect.model import BoolArray, ClipFacts, FloatArray
from fascidetect.quality.usable import usable_seconds
from fascidetect.review.decisions import PROGRAM
from fascidetect.review.state import Review
from fascidetect.review.truth import program_truth, review_truth
from fascidetect.truth import TrueEvent, Truth

_LEAST_S = 0.5
"""Usable part of a second that is judged."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What several people, and the program, saw in one clip.

    Attributes
    ----------
    seconds
        (n,) starts of the seconds that are judged.
    events
        In these seconds, by rater; the program is one of them, named `PROGRAM`.
    """

    clip: ClipFacts
    seconds: FloatArray
    events: Mapping[str, tuple[TrueEvent, ...]]


@dataclass(frozen=True, slots=True)
class PairTally:
    """Sums of two raters over clips.

    Attributes
    ----------
    n_first, n_second, n_both
        Events in judged seconds; those of both are matched one to one.
    seconds
        Judged seconds in which both, only the first, only the second, and none saw an event.
    """

    n_clips: int = 0
    n_first: int = 0
    n_second: int = 0
    n_both: int = 0
    seconds: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Pair:
    """Agreement of two raters.

    Attributes
    ----------
    total
        The sum of all clips that both have read.
    f1
        Positive agreement: 2 both / (first + second), which is F1 whichever of the two is taken for true.
    kappa
        Cohen's, of seconds with and without an event.
    """

    first: str
    second: str
    total: PairTally
    f1: Interval
    kappa: Interval


@dataclass(frozen=True, slots=True)
class Group:
    """Fleiss' kappa of all raters together, over the clips that all of them have read; without the program."""

    raters: tuple[str, ...]
    n_clips: int
    n_seconds: int
    kappa: Interval


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is said of a number of clips: of every two, and of three raters or more, who have read a common one."""

    n_clips: int
    n_seconds: int
    pairs: tuple[Pair, ...] = ()
    group: Group | None = None
    tolerance_s: float = TOLERANCES_S[0]


def agree(readings: Iterable[Readings], tolerance_s: float = TOLERANCES_S[0]) -> Agreement:
    """Compare all raters with each other and with the program.

    Parameters
    ----------
    readings
        One for each clip.
    tolerance_s
        Largest difference of the peaks of a pair of events, s.
    """
    readings = tuple(readings)
    people = sorted({name for one in readings for name in one.events} - {PROGRAM})
    pairs = [*combinations(people, 2), *((name, PROGRAM) for name in people)]
    everybody = [one for one in readings if set(people) <= set(one.events)]
    return Agreement(
        len(readings),
        sum(len(one.seconds) for one in readings),
        tuple(p for pair in pairs if (p := _pair(readings, pair, tolerance_s)).total.n_clips),
        _group(everybody, tuple(people)) if len(people) > 2 and everybody else None,
        tolerance_s,
    )


def gather(reviewed: Iterable[tuple[Found, Sequence[Review]]], raters: Sequence[str] = ()) -> tuple[Readings, ...]:
    """Bring together what was read in each clip; of several results of one clip the first speaks for the program.

    Parameters
    ----------
    reviewed
        As `load_reviews` gives them.
    raters
        Names that are wanted; () = all.

    Raises
    ------
    ReviewError
        Nobody has reviewed any, a rater who is wanted has not, or one has reviewed the same clip twice.
    """
    clips: dict[str, tuple[Found, dict[str, Truth]]] = {}
    for found, reviews in reviewed:
        clip = found.clip.sha256 or found.clip.name
        _, events = clips.setdefault(clip, (found, {PROGRAM: program_truth(found)}))
        for review in reviews:
            if review.rater in events:
                raise ReviewError(f"{review.rater} has reviewed {found.clip.name} in two of the folders")
            if not raters or review.rater in raters:
                events[review.rater] = review_truth(review, found)
    there = {name for _, events in clips.values() for name in events} - {PROGRAM}
    for name in raters:
        if name not in there:
            raise ReviewError(f"no clip was reviewed by {name!r}")
    if not there:
        raise ReviewError("nobody has reviewed any of these: see fascidetect review --help")
    return tuple(_judged(found, events) for found, events in clips.values())


def _judged(found: Found, events: Mapping[str, Truth]) -> Readings:
    seconds = judged_seconds(found)
    held = {
        name: tuple(event for event in truth.events if math.floor(event.peak_s) in seconds)
        for name, truth in events.items()
    }
    return Readings(found.clip, seconds, held)


def judged_seconds(found: Found) -> FloatArray:
    """Starts of the seconds of which at least half was analyzed and could be used; none if all could not."""
    end_s = min(found.to_s, found.clip.duration_s)
    if found.quality.verdict == "cannot_analyze":
        return np.array([])
    starts = np.arange(math.floor(found.from_s), math.ceil(end_s), dtype=float)
    unusable = found.quality.unusable
    usable = [usable_seconds(max(s, found.from_s), min(s + 1, end_s), unusable) >= _LEAST_S for s in starts]
    return np.asarray(starts[np.array(usable, bool)])


def _pair(readings: Sequence[Readings], names: tuple[str, str], tolerance_s: float) -> Pair:
    tallies = [_tally(one, names, tolerance_s) for one in readings if set(names) <= set(one.events)]
    events = np.array([(t.n_both, t.n_first, t.n_second) for t in tallies]).reshape(-1, 3)
    seconds = np.array([t.seconds for t in tallies]).reshape(-1, 4)
    both, only_first, only_second, none = (int(n) for n in seconds.sum(0))
    n_both, n_first, n_second = (int(n) for n in events.sum(0))
    total = PairTally(len(tallies), n_first, n_second, n_both, (both, only_first, only_second, none))
    return Pair(
        *names,
        total,
        with_interval(events, _f1, units_alike=False),
        with_interval(seconds, cohen, units_alike=True),
    )


def _f1(counts: FloatArray) -> FloatArray:
    both, first, second = np.moveaxis(np.asarray(counts, dtype=float), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * both / (first + second))


def _tally(one: Readings, names: tuple[str, str], tolerance_s: float) -> PairTally:
    first, second = (one.events[name] for name in names)
    allowed = same_places(first, second, one.clip)
    pairs = match(np.array([e.peak_s for e in first]), np.array([e.peak_s for e in second]), tolerance_s, allowed)
    saw_1, saw_2 = (_saw(events, one.seconds) for events in (first, second))
    kinds = (saw_1 & saw_2, saw_1 & ~saw_2, ~saw_1 & saw_2, ~saw_1 & ~saw_2)
    both, only_first, only_second, none = (int(kind.sum()) for kind in kinds)
    return PairTally(1, len(first), len(second), len(pairs), (both, only_first, only_second, none))


def _saw(events: Sequence[TrueEvent], seconds: FloatArray) -> BoolArray:
    """(n,) whether there was an event in each second."""
    return np.isin(seconds, [math.floor(event.peak_s) for event in events])


def _group(readings: Sequence[Readings], people: tuple[str, ...]) -> Group:
    rows = []
    for one in readings:
        n_saw = np.sum([_saw(one.events[name], one.seconds) for name in people], axis=0)
        rows.append(np.bincount(n_saw, minlength=len(people) + 1))
    counts = np.array(rows, dtype=float)
    return Group(people, len(rows), int(counts.sum()), with_interval(counts, fleiss, units_alike=True))
