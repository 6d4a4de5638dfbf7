"""Statistics that several parts need."""

from __future__ import annotations

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
