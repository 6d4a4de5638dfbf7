"""Places where movements recur, and whether they recur like a clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fascidetect.model import FloatArray

SAME_PLACE = 0.08  # of the longer side
FEWEST_FOR_RHYTHM = 6
# Coefficient of variation below which intervals are a clock's. Few intervals are even by chance: with these two,
# one train of twitches in a hundred at random times (none within 0.35 s of another) is taken for a rhythm.
RHYTHMIC_CV, CV_PER_EVENT = 0.15, 0.02
MISSED_MOST = 0.35  # share of the intervals that may be multiples of the period: beats that were missed


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Interval statistics of one focus; None where there are too few events."""

    median_interval_s: float | None
    interval_cv: float | None
    rhythm_hz: float | None


def group(places: FloatArray, longer_side: float) -> FloatArray:
    """Number the foci of events by place, from 1, in order of first appearance.

    Parameters
    ----------
    places
        (n, 2), in the unit of `longer_side`.

    Returns
    -------
    FloatArray
        (n,) integers.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(places) < 2:
        return np.ones(len(places), int)
    labels = fcluster(linkage(places, "average"), SAME_PLACE * longer_side, "distance")
    order = {label: k + 1 for k, label in enumerate(dict.fromkeys(labels.tolist()))}
    return np.array([order[label] for label in labels.tolist()])


def rhythm(peaks_s: Sequence[float]) -> Rhythm:
    """Median interval, its coefficient of variation, and the rate if the events come like a clock.

    Intervals near twice or three times the period count as missed beats, as long as they are few.
    """
    times = np.sort(np.asarray(peaks_s, float))
    intervals = np.diff(times)
    if len(intervals) == 0:
        return Rhythm(None, None, None)
    median = float(np.median(intervals))
    if len(intervals) < 2 or median <= 0:
        return Rhythm(median, None, None)
    cv = float(np.std(intervals, ddof=1) / np.mean(intervals))
    if len(times) < FEWEST_FOR_RHYTHM:
        return Rhythm(median, cv, None)
    beats = np.maximum(1, np.rint(intervals / median))
    folded = intervals / beats
    folded_cv = float(np.std(folded, ddof=1) / np.mean(folded))
    even = folded_cv < min(RHYTHMIC_CV, CV_PER_EVENT * (len(times) - 2))
    regular = even and float(np.mean(beats > 1)) <= MISSED_MOST
    return Rhythm(median, cv, float(beats.sum() / (times[-1] - times[0])) if regular else None)
