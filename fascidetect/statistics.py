"""Statistics that several parts need."""

from __future__ import annotations

import math

import numpy as np

from fascidetect.model import BoolArray, FloatArray

LEVEL = 0.95
"""Coverage of every interval that is given."""


def poisson_interval(n: int, level: float = LEVEL) -> tuple[float, float]:
    """Exact interval of the mean of a Poisson count (Garwood 1936, Biometrika 28:437).

    Parameters
    ----------
    n
        The count, >= 0.
    level
        Coverage, 0..1.
    """
    from scipy.special import gammaincinv

    tail = (1 - level) / 2
    low = float(gammaincinv(n, tail)) if n > 0 else 0.0
    return low, float(gammaincinv(n + 1, 1 - tail))


def rate_ratio_interval(n1: int, time1: float, n2: int, time2: float, level: float = LEVEL) -> tuple[float, float]:
    """Exact interval of the ratio of two Poisson rates, second over first, given their sum of counts.

    Of n1 + n2 counts n2 are binomial, with a share that the ratio and the times determine; its interval is
    that of Clopper and Pearson (Przyborowski & Wilenski 1940, Biometrika 31:313). (0, inf) where nothing was
    counted.

    Parameters
    ----------
    n1, n2
        Counts, >= 0.
    time1, time2
        Over which they were counted, > 0, in the same unit.
    level
        Coverage, 0..1.
    """
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = float(betaincinv(n2, n1 + 1, tail)) if n2 > 0 else 0.0
    high = float(betaincinv(n2 + 1, n1, 1 - tail)) if n1 > 0 else 1.0
    times = time1 / time2
    return low / (1 - low) * times, high / (1 - high) * times if high < 1 else math.inf


def logistic_curve(x: FloatArray, hit: FloatArray, level: float = LEVEL) -> tuple[float, float, float, float]:
    """Where a logistic curve fitted to yes and no passes one half, with its interval, and nine tenths.

    Parameters
    ----------
    x
        Strength of each trial, (n,), usually a logarithm.
    hit
        Whether it succeeded, (n,).
    level
        Coverage of the interval.

    Returns
    -------
    tuple
        Middle, its lowest and highest value, and where nine tenths succeed; NaN where the trials do not tell.

    Notes
    -----
    Maximum likelihood on a grid; the interval is that of the profile likelihood (Wichmann & Hill 2001,
    Perception & Psychophysics 63:1293). The slope is held between 1 and 12: steeper ones cannot be told
    from few trials.
    """
    from scipy.special import expit
    from scipy.stats import chi2

    x, hit = np.asarray(x, dtype=float), np.asarray(hit, dtype=bool)
    nothing = (math.nan,) * 4
    if len(x) == 0 or hit.all() or not hit.any():
        return nothing
    spread = float(np.ptp(x)) + 1e-6
    middles = np.linspace(x.min() - spread, x.max() + spread, 601)
    slopes = np.exp(np.linspace(0, math.log(12), 80))
    sign = np.where(hit, 1.0, -1.0)
    rise = sign[:, None, None] * (x[:, None, None] - middles[:, None]) * slopes
    likelihood = np.log(np.maximum(expit(rise), 1e-12)).sum(axis=0)
    best, slope = np.unravel_index(int(likelihood.argmax()), likelihood.shape)
    profile = likelihood.max(axis=1)
    inside = np.flatnonzero(profile >= profile[best] - chi2.ppf(level, 1) / 2)
    low = middles[inside[0]] if inside[0] > 0 else math.nan
    high = middles[inside[-1]] if inside[-1] < len(middles) - 1 else math.nan
    return float(middles[best]), float(low), float(high), float(middles[best] + math.log(9) / slopes[slope])


def median(values: FloatArray, axis: int = -1) -> FloatArray:
    """Median along an axis, NumPy's own to the bit (but for the sign of a zero), in a third of its time.

    Parameters
    ----------
    values
        Finite floats, with at least one along `axis`.

    Notes
    -----
    NumPy asks its partition for three places at once, and only for a single one that is vectorized.
    """
    middle = values.shape[axis] // 2
    parted = np.moveaxis(np.partition(values, middle, axis=axis), axis, -1)
    upper = parted[..., middle]
    if values.shape[axis] % 2:
        return np.asarray(upper)
    return np.asarray((parted[..., :middle].max(axis=-1) + upper) * np.asarray(0.5, values.dtype))


def runs(hit: BoolArray) -> list[tuple[int, int]]:
    """Runs of True as (first, past the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], hit, [False]]).astype(np.int8))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))
