"""Which found event is which true one: each is used at most once."""

from __future__ import annotations

import numpy as np

from fascidetect.model import BoolArray, FloatArray, IntArray

SLACK_S = 1e-9
"""Rounding of times that are exactly the tolerance apart."""


def match(
    true_s: FloatArray, found_s: FloatArray, tolerance_s: float, allowed: BoolArray | None = None
) -> list[tuple[int, int]]:
    """Pair true and found events: as many pairs as possible, and of those with the least error of time.

    Parameters
    ----------
    true_s, found_s
        Times, (n,) and (m,), in any order.
    tolerance_s
        Largest difference of a pair, both ends included.
    allowed
        (n, m), False where the two are not at the same place; None = time alone decides.

    Returns
    -------
    list of tuple
        (index of the true, index of the found event), in order of the former.

    Notes
    -----
    The assignment is optimal, not greedy: true (20, 28) against found (25, 33) at a tolerance of 6
    gives two pairs, where the nearest pair (28, 25) alone would leave both others over.
    """
    true_s, found_s = np.asarray(true_s, dtype=float), np.asarray(found_s, dtype=float)
    pairs = [
        pair
        for rows, cols in _neighbors(true_s, found_s, tolerance_s)
        for pair in _assign(true_s, found_s, tolerance_s, allowed, (rows, cols))
    ]
    return sorted(pairs)


def _neighbors(true_s: FloatArray, found_s: FloatArray, tolerance_s: float) -> list[tuple[IntArray, IntArray]]:
    """Stretches of time with no pair across their bounds, as indices into both lists."""
    times = np.concatenate([true_s, found_s])
    order = np.argsort(times, kind="stable")
    cuts = np.flatnonzero(np.diff(times[order]) > tolerance_s + SLACK_S) + 1
    groups = [(part[part < len(true_s)], part[part >= len(true_s)] - len(true_s)) for part in np.split(order, cuts)]
    return [(rows, cols) for rows, cols in groups if len(rows) and len(cols)]


def _assign(
    true_s: FloatArray,
    found_s: FloatArray,
    tolerance_s: float,
    allowed: BoolArray | None,
    where: tuple[IntArray, IntArray],
) -> list[tuple[int, int]]:
    from scipy.optimize import linear_sum_assignment

    rows, cols = where
    error = np.abs(true_s[rows][:, None] - found_s[cols][None])
    fits = error <= tolerance_s + SLACK_S
    if allowed is not None:
        fits &= allowed[np.ix_(rows, cols)]
    # One pair less costs more than all errors together can save.
    worst = (tolerance_s + 1.0) * (min(len(rows), len(cols)) + 1)
    chosen = zip(*linear_sum_assignment(np.where(fits, error, worst)), strict=True)
    return [(int(rows[i]), int(cols[j])) for i, j in chosen if fits[i, j]]
