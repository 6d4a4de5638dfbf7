"""Time stamps: what their intervals say about a clip, and how frames get one each."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from fascidetect.model import FloatArray

T = TypeVar("T")

LOOKAHEAD = 16
"""Frames held back to sort their stamps: no codec reorders more than this."""

GAP_S = 0.25
"""A longer interval is called a gap."""

VFR_DEVIATION = 0.2
VFR_SHARE = 0.05
"""A rate is called variable when more than this share of the intervals is off the median by more
than that fraction (and by more than one and a half ticks of the file's clock, so that stamps
rounded to milliseconds stay regular). A single dropped frame a second at 30/s is still regular."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What the intervals between frames say.

    Attributes
    ----------
    step_s
        Usual interval; 0 with fewer than two frames.
    vfr
        The intervals vary materially.
    longest_s
        Longest interval.
    n_gaps
        Intervals longer than `GAP_S` (and than one and a half usual ones).
    n_dropped
        About how many frames are missing inside shorter intervals.
    """

    step_s: float
    vfr: bool
    longest_s: float
    n_gaps: int
    n_dropped: int


def rhythm(stamps_s: FloatArray, tick_s: float) -> Rhythm:
    """Judge the intervals between strictly increasing stamps.

    Parameters
    ----------
    stamps_s
        (T,) seconds.
    tick_s
        Resolution of the file's clock, s.

    Notes
    -----
    Where stamps are rounded to milliseconds the median interval is up to 20 % off (4 ms for 240
    frames/s). So the usual interval is all time outside of gaps, divided by the number of median
    intervals it is made of.
    """
    if len(stamps_s) < 2:
        return Rhythm(0.0, vfr=False, longest_s=0.0, n_gaps=0, n_dropped=0)
    steps = np.diff(stamps_s)
    median = float(np.median(steps))
    near = np.abs(steps - median) <= max(VFR_DEVIATION * median, 1.5 * tick_s)
    if not near.any():  # two intervals or so, that have nothing in common
        near |= True
    typical = float(steps[near].mean())
    gaps = steps > max(GAP_S, 1.5 * typical)
    count = float(np.rint(steps[~gaps] / typical).sum())
    step = float(steps[~gaps].sum()) / count if count else typical
    skips = ~gaps & (steps > 1.5 * step)
    return Rhythm(
        step_s=step,
        vfr=bool(np.mean(~near) > VFR_SHARE),
        longest_s=float(steps.max()),
        n_gaps=int(gaps.sum()),
        n_dropped=int(np.sum(np.rint(steps[skips] / step) - 1)),
    )


def in_order(stamped: Iterable[tuple[float, T]]) -> Iterator[tuple[float, T]]:
    """Keep the order of the items and give them their stamps in rising order.

    Where the stamps rise anyway nothing changes. Where they run backwards (some writers confuse
    the order of coding with that of showing) the decoder's order is the right one.

    Parameters
    ----------
    stamped
        (stamp in s, item) in decoder order.
    """
    stamps: list[float] = []
    items: deque[T] = deque()
    for stamp, item in stamped:
        heapq.heappush(stamps, stamp)
        items.append(item)
        if len(items) > LOOKAHEAD:
            yield heapq.heappop(stamps), items.popleft()
    while items:
        yield heapq.heappop(stamps), items.popleft()
