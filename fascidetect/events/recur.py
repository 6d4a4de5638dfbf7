"""Movements that come again: a motor unit moves the same skin in the same way whenever it fires.

As one sorts the spikes of nerves, what is clear becomes a pattern by which what is fainter is known. What comes
within `NEIGHBOR_S` vouches for nothing: it may be what is left of the movement itself.

Likewise what time and again stays where it went is no muscle, even when it happens to come back at once: an eye
that looks about beneath its lid, a tendon.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fascidetect.events.find import REACH, Candidate
from fascidetect.events.shape import NEIGHBOR_S
from fascidetect.model import FloatArray

MOST = 32  # patterns that are compared, the nearest in time: in an hour there are thousands
ALIKE = 0.4  # likeness from which on a movement is known ...
KNOWN = 0.7  # ... and counts from this share of the threshold on
JUMPS, JUMPS_APART_S, JUMPS_WITHIN_S = 2, 1.0, 10.0  # so many that stay, alike and so far off: it is one of them


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
    return np.array([max(alike, default=0.0) for _, alike in _compared(candidates, patterns, NEIGHBOR_S)]).clip(0)


def n_jumps(candidates: Sequence[Candidate], jumps: Sequence[Candidate]) -> list[int]:
    """How many movements that stay where they went are like each candidate, or like its way back, and near in time."""
    return [
        int(np.count_nonzero((apart_s <= JUMPS_WITHIN_S) & (np.abs(alike) >= ALIKE)))
        for apart_s, alike in _compared(candidates, jumps, JUMPS_APART_S)
    ]


def _compared(
    candidates: Sequence[Candidate], others: Sequence[Candidate], least_s: float
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Of each candidate: how far off, s, others at its place are, and their cosines with it, -1..1."""
    when, where = _times_s(others), _places(others)
    for one, peak_s, place in zip(candidates, _times_s(candidates), _places(candidates), strict=True):
        apart_s, away = np.abs(when - peak_s), np.hypot(*(where - place).T)
        asked = np.flatnonzero((apart_s >= least_s) & (away < REACH * max(one.patch.grid)))
        nearest = asked[np.argsort(apart_s[asked], kind="stable")[:MOST]]
        yield apart_s[nearest], np.array([one.patch.likeness(others[k].patch) for k in nearest])


def _times_s(candidates: Sequence[Candidate]) -> FloatArray:
    return np.array([one.peak_s for one in candidates])


def _places(candidates: Sequence[Candidate]) -> FloatArray:
    return np.array([(one.row, one.col) for one in candidates]).reshape(-1, 2)
