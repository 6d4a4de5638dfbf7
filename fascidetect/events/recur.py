"""Movements that come again: a motor unit moves the same skin in the same way whenever it fires.

As one sorts the spikes of nerves, what is clear becomes a pattern by which what is fainter is known. What comes
within `NEIGHBOR_S` vouches for nothing: it may be what is left of the movement itself.

Likewise what time and again stays where it went is no muscle, even when it happens to come back at once: an eye
that looks about beneath its lid, a tendon.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from fascidetect.events.find import REACH, Candidate
from fascidetect.events.shape import NEIGHBOR_S
from fascidetect.model import FloatArray

MOST = 32  # patterns that are compared, the nearest in time: in an hour there are thousands
ALIKE = 0.4  # likeness from which on a movement is known ...
KNOWN = 0.7  # ... and counts from this share of the threshold on
JUMPS, JUMPS_APART_S, JUMPS_WITHIN_S = 2, 1.0, 10.0  # so many that stay, alike and so far off


def likeness(candidates: Sequence[Candidate], patterns: Sequence[Candidate]) -> FloatArray:
    """How much each candidate moves as the most similar of some others at its place does.

    Parameters
    ----------
    patterns
        Those that count by themselves. A candidate may be one of them.

    Returns
    -------
    FloatArray
        (n,) cosines between what they do cell by cell, 0..1; 0 where nothing like it comes at another time.
    """
    return np.array([max(alike, default=0.0) for alike in _compared(candidates, patterns, NEIGHBOR_S)]).clip(0)


def jumping(candidates: Sequence[Candidate], stay: Sequence[Candidate], clear: Sequence[Candidate]) -> list[bool]:
    """Whether each candidate moves as several that stay where they went do, or their way back, and as fewer clear ones.

    Parameters
    ----------
    stay
        Movements after which the place is another.
    clear
        Those that count by themselves.
    """
    stays, clears = (_n_alike(candidates, others) for others in (stay, clear))
    return [n >= JUMPS and n > n_clear for n, n_clear in zip(stays, clears, strict=True)]


def _n_alike(candidates: Sequence[Candidate], others: Sequence[Candidate]) -> list[int]:
    compared = _compared(candidates, others, JUMPS_APART_S, JUMPS_WITHIN_S)
    return [int(np.count_nonzero(np.abs(alike) >= ALIKE)) for alike in compared]


def _compared(
    candidates: Sequence[Candidate], others: Sequence[Candidate], least_s: float, most_s: float = math.inf
) -> Iterator[FloatArray]:
    """Cosines of each candidate, -1..1, with others at its place that come from `least_s` to `most_s` off."""
    when, where = _times_s(others), _places(others)
    for one, peak_s, place in zip(candidates, _times_s(candidates), _places(candidates), strict=True):
        apart_s, away = np.abs(when - peak_s), np.hypot(*(where - place).T)
        asked = np.flatnonzero((apart_s >= least_s) & (apart_s <= most_s) & (away < REACH * max(one.patch.grid)))
        nearest = asked[np.argsort(apart_s[asked], kind="stable")[:MOST]]
        yield np.array([one.patch.likeness(others[k].patch) for k in nearest])


def _times_s(candidates: Sequence[Candidate]) -> FloatArray:
    return np.array([one.peak_s for one in candidates])


def _places(candidates: Sequence[Candidate]) -> FloatArray:
    return np.array([(one.row, one.col) for one in candidates]).reshape(-1, 2)
