"""Agreement of counts, as clinical papers state it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fascidetect.model import FloatArray
from fascidetect.statistics import LEVEL


@dataclass(frozen=True, slots=True)
class Limits:
    """Mean difference (second - first) and the limits between which 95 % of the differences lie."""

    bias: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Correlation:
    """An intraclass correlation with its interval; all NaN where it does not exist."""

    value: float
    low: float
    high: float


def bland_altman(first: FloatArray, second: FloatArray) -> Limits:
    """Limits of agreement, bias -+ 1.96 sd of the differences (Bland & Altman 1986, Lancet 327:307).

    Parameters
    ----------
    first, second
        Paired values, (n,). NaN limits below two pairs.
    """
    difference = np.asarray(second, dtype=float) - np.asarray(first, dtype=float)
    if not len(difference):
        return Limits(math.nan, math.nan, math.nan)
    bias = float(difference.mean())
    if len(difference) < 2:
        return Limits(bias, math.nan, math.nan)
    reach = 1.96 * float(difference.std(ddof=1))
    return Limits(bias, bias - reach, bias + reach)


def icc(ratings: FloatArray, level: float = LEVEL) -> Correlation:
    """ICC(2,1): two-way random effects, absolute agreement, single rater (Shrout & Fleiss 1979, Psychol Bull 86:420).

    Parameters
    ----------
    ratings
        (n, k): n clips, k raters.
    level
        Coverage of the interval (McGraw & Wong 1996, Psychol Methods 1:30).
    """
    ratings = np.asarray(ratings, dtype=float)
    n, k = ratings.shape
    if n < 2 or k < 2:
        return Correlation(math.nan, math.nan, math.nan)
    rows, cols, error = _mean_squares(ratings)
    spread = rows + (k - 1) * error + k * (cols - error) / n
    if spread <= 0:
        return Correlation(math.nan, math.nan, math.nan)
    value = (rows - error) / spread
    return Correlation(value, *_interval((rows, cols, error), (n, k), value, level))


def _mean_squares(ratings: FloatArray) -> tuple[float, float, float]:
    """Between clips, between raters, and what is left."""
    n, k = ratings.shape
    grand = ratings.mean()
    rows = k * np.square(ratings.mean(1) - grand).sum()
    cols = n * np.square(ratings.mean(0) - grand).sum()
    error = max(0.0, float(np.square(ratings - grand).sum() - rows - cols))
    return float(rows) / (n - 1), float(cols) / (k - 1), error / ((n - 1) * (k - 1))


def _interval(
    squares: tuple[float, float, float], shape: tuple[int, int], value: float, level: float
) -> tuple[float, float]:
    from scipy.stats import f as fisher

    (rows, cols, error), (n, k) = squares, shape
    if error <= 0:
        return value, value
    a, b = k * value * cols / error, n * (1 + (k - 1) * value) - k * value
    freedom = (k - 1) * (n - 1) * (a + b) ** 2 / ((n - 1) * a**2 + b**2)
    tail = 1 - (1 - level) / 2
    upper = float(fisher.ppf(tail, n - 1, freedom))
    lower = float(fisher.ppf(tail, freedom, n - 1))
    between = k * cols + (k * n - k - n) * error
    return n * (rows - upper * error) / (upper * between + n * rows), n * (lower * rows - error) / (
        between + n * lower * rows
    )
