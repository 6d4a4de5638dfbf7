"""Do movements come in bursts? Then counts vary more than by chance, and Poisson intervals are too narrow."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fascidetect.batch.rollup import ClipResult
from fascidetect.quality.usable import usable_seconds

WINDOW_S = 10.0
_LEAST_WINDOWS, _LEAST_EVENTS = 6, 10
_MOST_WINDOWS = 100_000
"""Of one clip: eleven days. What claims to be longer was not made by us."""

BURSTS = 2.0
"""Dispersion from which movements are said to come in bursts; 1 is chance alone."""


def dispersion(results: Sequence[ClipResult]) -> float | None:
    """Variance over mean of the counts in windows of 10 s: 1 by chance alone, more where movements come in bursts.

    Pearson's statistic over its degrees of freedom, so that windows may hold more or less usable time.
    None where there are too few windows or movements to tell.
    """
    counts, times_s = _windows(results)
    total, degrees = sum(counts), len(counts) - 1
    if len(counts) < _LEAST_WINDOWS or total < _LEAST_EVENTS:
        return None
    rate = total / sum(times_s)
    return sum((n - rate * t) ** 2 / (rate * t) for n, t in zip(counts, times_s, strict=True)) / degrees


def _windows(results: Sequence[ClipResult]) -> tuple[list[int], list[float]]:
    """Counts and usable seconds of windows that are usable for at least half."""
    counts: list[int] = []
    times_s: list[float] = []
    for result in results:
        gaps = result.quality.unusable
        for k in range(min(_MOST_WINDOWS, math.ceil(result.clip.duration_s / WINDOW_S))):
            start, end = k * WINDOW_S, min((k + 1) * WINDOW_S, result.clip.duration_s)
            usable_s = usable_seconds(start, end, gaps)
            if usable_s >= WINDOW_S / 2:
                counts.append(sum(start <= event.peak_s < end for event in result.events))
                times_s.append(usable_s)
    return counts, times_s
