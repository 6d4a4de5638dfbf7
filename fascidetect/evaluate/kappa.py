"""Agreement beyond chance on yes or no, second by second, from counts that add.

Every function takes counts with the kinds of seconds along the last axis, so that thousands of
resamples are worked out at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from fascidetect.evaluate.scores import FEWEST_CLIPS, RESAMPLES, Interval, middle
from fascidetect.model import FloatArray

_SEED = 2


def cohen(counts: FloatArray) -> FloatArray:
    """Kappa of two raters (Cohen 1960, Educ Psychol Meas 20:37).

    Parameters
    ----------
    counts
        (..., 4) seconds in which both, only the first, only the second, and none saw an event.

    Returns
    -------
    ndarray
        (...), NaN where chance alone would agree always.
    """
    both, first, second, none = np.moveaxis(np.asarray(counts, dtype=float), -1, 0)
    total = both + first + second + none
    with np.errstate(invalid="ignore", divide="ignore"):
        agreed = (both + none) / total
        share_1, share_2 = (both + first) / total, (both + second) / total
        return _beyond(agreed, share_1 * share_2 + (1 - share_1) * (1 - share_2))


def fleiss(counts: FloatArray) -> FloatArray:
    """Kappa of k raters (Fleiss 1971, Psychol Bull 76:378).

    Parameters
    ----------
    counts
        (..., k + 1) seconds in which 0, 1, ... k of them saw an event.

    Returns
    -------
    ndarray
        (...), NaN where chance alone would agree always.
    """
    counts = np.asarray(counts, dtype=float)
    k = counts.shape[-1] - 1
    saw = np.arange(k + 1)
    total = counts.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        agreed = counts @ (saw * (saw - 1) + (k - saw) * (k - saw - 1)) / (total * k * (k - 1))
        share = counts @ saw / (total * k)
        return _beyond(agreed, share**2 + (1 - share) ** 2)


def _beyond(agreed: FloatArray, by_chance: FloatArray) -> FloatArray:
    return np.where(by_chance < 1, (agreed - by_chance) / (1 - by_chance), np.nan)


def with_interval(rows: FloatArray, statistic: Callable[[FloatArray], FloatArray], *, units_alike: bool) -> Interval:
    """Statistic of the sum of all clips, with a bootstrap interval.

    Parameters
    ----------
    rows
        (clips, kinds) counts of each clip.
    statistic
        From (..., kinds) to (...).
    units_alike
        Whether what is counted may be drawn one by one where there are too few clips to draw clips: true of seconds,
        whose kinds exclude each other. Without this, few clips have no interval.

    Notes
    -----
    Seconds of one clip resemble each other, so an interval from few clips is too narrow rather than too wide. Where
    no resample differs, as after perfect agreement, resampling says nothing and there is no interval.
    """
    rows = np.asarray(rows, dtype=float)
    whole = rows.sum(0)
    value = float(statistic(whole))
    rng = np.random.default_rng(_SEED)
    if np.count_nonzero(rows.any(1)) >= FEWEST_CLIPS:
        drawn = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), RESAMPLES) @ rows
    elif units_alike and whole.sum():
        drawn = np.asarray(rng.multinomial(int(whole.sum()), whole / whole.sum(), RESAMPLES), dtype=float)
    else:
        return Interval(value)
    values = statistic(drawn)
    low, high = middle(values)
    return Interval(value, low, high) if high > low and math.isfinite(value) else Interval(value)
