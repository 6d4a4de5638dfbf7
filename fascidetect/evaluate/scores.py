"""From the tallies of clips to what is said of them all, with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fascidetect.evaluate.agreement import Correlation, Limits, bland_altman, icc
from fascidetect.evaluate.tally import Known, Misfit, Tally
from fascidetect.model import FloatArray
from fascidetect.statistics import LEVEL, poisson_interval

AMPLITUDE_EDGES_720PX = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, math.inf)
SNR_EDGES = (0.0, 2.0, 4.0, 8.0, 16.0, 32.0, math.inf)
RESAMPLES = 2000
FEWEST_CLIPS = 3
"""With fewer clips in which there is or was found anything, how they differ cannot be known."""

_SEED = 1


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % interval; NaN where it cannot be known."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class Bin:
    """Hits among the true events of one range of sizes, ``low <= size < high``."""

    low: float
    high: float
    n_true: int
    n_hits: int


@dataclass(frozen=True, slots=True)
class Errors:
    """Of one quantity over all hits: median and 90th percentile of the absolute error, and the mean error."""

    n: int
    median: float
    p90: float
    bias: float


@dataclass(frozen=True, slots=True)
class Scores:
    """What is said of a number of clips.

    Attributes
    ----------
    total
        The sum of all clips.
    sensitivity, sensitivity_usable, precision, f1
        With bootstrap intervals over clips; the second leaves out what lay in unusable time.
    false_per_min
        Per minute of clip, not of usable time, with the exact (Garwood) interval.
    usable_share
        Of the length of the clips.
    chance
        Share of the true events that the same number of events at random times would hit.
    by_amplitude, by_snr
        Hits by true amplitude (px at 720 lines) and by true amplitude over the clip's noise.
    onset_s, peak_s, offset_s
        Errors of time.
    amplitude_ratio
        Median, 10th and 90th percentile of found over true amplitude.
    counts, correlation
        Limits of agreement of the counts per clip, and their ICC(2,1).
    """

    total: Tally
    sensitivity: Interval
    sensitivity_usable: Interval
    precision: Interval
    f1: Interval
    false_per_min: Interval
    usable_share: float
    chance: float
    by_amplitude: tuple[Bin, ...]
    by_snr: tuple[Bin, ...]
    onset_s: Errors
    peak_s: Errors
    offset_s: Errors
    amplitude_ratio: Interval
    counts: Limits
    correlation: Correlation


def summarize(tallies: Iterable[Tally]) -> Scores:
    """Sum the tallies of clips and say what follows.

    Parameters
    ----------
    tallies
        One for each clip: a clip is what the bootstrap draws.
    """
    tallies = tuple(tallies)
    total = sum(tallies, Tally())
    minutes = total.clip_s / 60
    low, high = poisson_interval(total.n_false)
    rate = Interval(total.n_false / minutes, low / minutes, high / minutes) if minutes else Interval(math.nan)
    pairs = np.array(total.counts, dtype=float).reshape(-1, 2)
    return Scores(
        total,
        _over_clips(tallies, lambda t: t.sensitivity),
        _over_clips(tallies, lambda t: t.sensitivity_usable),
        _over_clips(tallies, lambda t: t.precision),
        _over_clips(tallies, lambda t: t.f1),
        rate,
        total.usable_s / total.clip_s if total.clip_s else math.nan,
        total.chance_hits / total.n_true if total.n_true else math.nan,
        _bins(total.known, AMPLITUDE_EDGES_720PX, lambda k: k.amplitude_720px),
        _bins(total.known, SNR_EDGES, lambda k: k.snr),
        _errors(total.misfits, lambda m: m.onset_s),
        _errors(total.misfits, lambda m: m.peak_s),
        _errors(total.misfits, lambda m: m.offset_s),
        _ratio(total.misfits),
        bland_altman(pairs[:, 0], pairs[:, 1]),
        icc(pairs),
    )


def compare(before: Sequence[Tally], after: Sequence[Tally]) -> Interval:
    """Difference of F1 (after - before) on the same clips, with a paired bootstrap interval.

    Parameters
    ----------
    before, after
        One tally for each clip, in the same order of clips.
    """
    if len(before) != len(after):
        raise ValueError(f"the same clips are needed on both sides, got {len(before)} and {len(after)}")
    old, new = _drawn(before), _drawn(after)
    value = sum(after, Tally()).f1 - sum(before, Tally()).f1
    return Interval(value, *middle(_f1(new) - _f1(old))) if len(before) > 1 else Interval(value)


def _drawn(tallies: Sequence[Tally]) -> FloatArray:
    """(resamples, 5) sums of true, found, hits, true and hits in unusable time of clips drawn with replacement."""
    names = ("n_true", "n_found", "n_hits", "n_true_unusable", "n_hits_unusable")
    table = np.array([[getattr(t, name) for name in names] for t in tallies], dtype=float)
    draws = np.random.default_rng(_SEED).integers(0, len(tallies), (RESAMPLES, len(tallies)))
    times = np.zeros((RESAMPLES, len(tallies)))
    np.add.at(times, (np.arange(RESAMPLES)[:, None], draws), 1)
    return np.asarray(times @ table)


def _f1(sums: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * sums[:, 2] / (sums[:, 0] + sums[:, 1]))


def _over_clips(tallies: Sequence[Tally], value: Callable[[Tally], float]) -> Interval:
    whole = value(sum(tallies, Tally()))
    if sum(t.n_true + t.n_found > 0 for t in tallies) < FEWEST_CLIPS:
        return Interval(whole)
    values = [value(_from_sums(row)) for row in _drawn(tallies).astype(int).tolist()]
    return Interval(whole, *middle(np.array(values)))


def _from_sums(row: list[int]) -> Tally:
    n_true, n_found, n_hits, n_true_unusable, n_hits_unusable = row
    return Tally(0, n_true, n_found, n_hits, n_true_unusable, n_hits_unusable)


def middle(values: FloatArray) -> tuple[float, float]:
    """The middle 95 % of what is no NaN."""
    values = values[np.isfinite(values)]
    if not len(values):
        return math.nan, math.nan
    low, high = np.percentile(values, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return float(low), float(high)


def _bins(known: Sequence[Known], edges: Sequence[float], size: Callable[[Known], float | None]) -> tuple[Bin, ...]:
    sized = [(s, k.hit) for k in known if (s := size(k)) is not None]
    out = []
    for low, high in pairwise(edges):
        hits = [hit for s, hit in sized if low <= s < high]
        if hits:
            out.append(Bin(low, high, len(hits), sum(hits)))
    return tuple(out)


def _errors(misfits: Sequence[Misfit], pick: Callable[[Misfit], float | None]) -> Errors:
    values = np.array([v for m in misfits if (v := pick(m)) is not None])
    if not len(values):
        return Errors(0, math.nan, math.nan, math.nan)
    size = np.abs(values)
    return Errors(len(values), float(np.median(size)), float(np.percentile(size, 90)), float(values.mean()))


def _ratio(misfits: Sequence[Misfit]) -> Interval:
    values = [m.amplitude_ratio for m in misfits if m.amplitude_ratio is not None]
    return Interval(*(float(v) for v in np.percentile(values, [50, 10, 90]))) if values else Interval(math.nan)
