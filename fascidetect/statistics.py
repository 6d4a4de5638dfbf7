"""Statistics that several parts need."""

from __future__ import annotations

import math

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
