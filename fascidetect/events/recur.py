"""Movements that come again: a motor unit moves the same skin in the same way whenever it fires.

As one sorts the spikes of nerves, what is clear becomes a pattern by which what is fainter is known. What comes
within `NEIGHBOR_S` vouches for nothing: it may be what is left of the movement itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fascidetect.events.find import REACH, Candidate
from fascidetect.events.shape import NEIGHBOR_S
from fascidetect.model import FloatArray

MOST = 32  # patterns that are compared, the nearest in time: in an hour there are thousands
ALIKE = 0.4  # likeness from which on a movement is known ...
KNOWN = 0.7  # ... and counts from this share of the threshold on


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
    when, where = _times_s(patterns), _places(patterns)
    out = np.zeros(len(candidates))
    for k, (one, peak_s, place) in enumerate(zip(candidates, _times_s(candidates), _places(candidates), strict=True)):
        apart_s, away = np.abs(when - peak_s), np.hypot(*(where - place).T)
        asked = np.flatnonzero((apart_s >= NEIGHBOR_S) & (away < REACH * max(one.patch.grid)))
        nearest = asked[np.argsort(apart_s[asked], kind="stable")[:MOST]]
        out[k] = max((one.patch.likeness(patterns[j].patch) for j in nearest), default=0.0)
    return np.maximum(out, 0)


def _times_s(candidates: Sequence[Candidate]) -> FloatArray:
    return np.array([one.peak_s for one in candidates])


def _places(candidates: Sequence[Candidate]) -> FloatArray:
    return np.array([(one.row, one.col) for one in candidates]).reshape(-1, 2)
