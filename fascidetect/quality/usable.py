"""Stretches of time in which nothing can be said, and why: the rest is the rate's denominator."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fascidetect.model import BoolArray, FloatArray, Registration, Unusable
from fascidetect.settings import QualitySettings

FROZEN, FROZEN_S = "frozen picture", 0.5
JOIN_S = 0.15  # usable bits shorter than this between two unusable ones are no use


def find_unusable(trace: Registration, settings: QualitySettings) -> tuple[Unusable, ...]:
    """Intervals that cannot be judged, in order of time, without overlap.

    Parameters
    ----------
    trace
        Of the whole clip.

    Returns
    -------
    tuple of Unusable
        Reasons: ``no frames`` (gaps), ``shaken or not registered``, ``frozen picture``.
    """
    return join([*_gaps(trace, settings.max_gap_s), *_frozen(trace), *_unregistered(trace)])


def usable_seconds(start_s: float, end_s: float, unusable: tuple[Unusable, ...]) -> float:
    """Length of a stretch less what is unusable in it."""
    lost = sum(max(0.0, min(end_s, u.end_s) - max(start_s, u.start_s)) for u in unusable)
    return max(0.0, end_s - start_s - lost)


def _gaps(trace: Registration, max_gap_s: float) -> list[Unusable]:
    steps = np.diff(trace.time_s)
    return [
        Unusable(float(trace.time_s[i]), float(trace.time_s[i + 1]), "no frames")
        for i in np.flatnonzero(steps > max_gap_s)
    ]


def _frozen(trace: Registration) -> list[Unusable]:
    """Stretches in which every picture repeats the one before; a repeated picture or two are no such thing."""
    runs = _runs(trace.time_s, trace.repeated, trace.median_interval_s, FROZEN)
    return [run for run in runs if run.end_s - run.start_s >= FROZEN_S]


def _unregistered(trace: Registration) -> list[Unusable]:
    return _runs(trace.time_s, ~trace.ok, trace.median_interval_s, "shaken or not registered")


def _runs(time_s: FloatArray, hit: BoolArray, interval_s: float, reason: str) -> list[Unusable]:
    """Intervals covered by runs of True; a frame covers half an interval to both sides."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], hit, [False]]).astype(np.int8)))
    half = interval_s / 2
    first, last = (float(time_s[0]), float(time_s[-1])) if len(time_s) else (0.0, 0.0)
    return [
        Unusable(max(first, float(time_s[a]) - half), min(last, float(time_s[b - 1]) + half), reason)
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]


def join(found: Iterable[Unusable]) -> tuple[Unusable, ...]:
    """Sort, cut overlaps (the earlier keeps the shared time) and close tiny usable bits between them."""
    out: list[Unusable] = []
    for one in sorted(found, key=lambda u: (u.start_s, u.end_s)):
        last = out[-1] if out else None
        if last is None or one.start_s > last.end_s + JOIN_S:
            out.append(one)
        elif one.reason == last.reason:
            out[-1] = Unusable(last.start_s, max(last.end_s, one.end_s), last.reason)
        elif one.end_s > last.end_s:
            out.append(Unusable(last.end_s, one.end_s, one.reason))
    return tuple(out)
