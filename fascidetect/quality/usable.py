"""Stretches of time in which nothing can be said, and why: the rest is the rate's denominator."""

from __future__ import annotations

import numpy as np

from fascidetect.model import BoolArray, FloatArray, MotionTrace, Unusable
from fascidetect.settings import QualitySettings

VOLUNTARY_SHARE = 0.25  # part of the subject that moves by itself ...
VOLUNTARY_SHARE_OF_SIDE = 1.0 / 640  # ... by at least this part of the picture's long side ...
VOLUNTARY_LOWPASS_S = 0.2  # ... when brief twitches are smoothed away ...
VOLUNTARY_BASELINE_S = 3.0  # ... against where it was around that time
VOLUNTARY_GUARD_S = 0.5
JOIN_S = 0.15  # usable bits shorter than this between two unusable ones are no use


def find_unusable(trace: MotionTrace, settings: QualitySettings) -> tuple[Unusable, ...]:
    """Intervals that cannot be judged, in order of time, without overlap.

    Parameters
    ----------
    trace
        Of the whole clip.

    Returns
    -------
    tuple of Unusable
        Reasons: ``no frames`` (gaps), ``shaken or not registered``, ``the limb itself moves``.
    """
    found = [*_gaps(trace, settings.max_gap_s), *_unregistered(trace), *_voluntary(trace)]
    return _merge(found)


def usable_seconds(start_s: float, end_s: float, unusable: tuple[Unusable, ...]) -> float:
    """Length of a stretch less what is unusable in it."""
    lost = sum(max(0.0, min(end_s, u.end_s) - max(start_s, u.start_s)) for u in unusable)
    return max(0.0, end_s - start_s - lost)


def _gaps(trace: MotionTrace, max_gap_s: float) -> list[Unusable]:
    steps = np.diff(trace.time_s)
    return [
        Unusable(float(trace.time_s[i]), float(trace.time_s[i + 1]), "no frames")
        for i in np.flatnonzero(steps > max_gap_s)
    ]


def _unregistered(trace: MotionTrace) -> list[Unusable]:
    return _runs(trace.time_s, ~trace.ok, trace.median_interval_s, "shaken or not registered")


def _voluntary(trace: MotionTrace) -> list[Unusable]:
    moving = moving_share(trace) > VOLUNTARY_SHARE
    runs = _runs(trace.time_s, moving, trace.median_interval_s, "the limb itself moves")
    first, last = float(trace.time_s[0]), float(trace.time_s[-1])
    return [
        Unusable(max(first, r.start_s - VOLUNTARY_GUARD_S), min(last, r.end_s + VOLUNTARY_GUARD_S), r.reason)
        for r in runs
    ]


def moving_share(trace: MotionTrace) -> FloatArray:
    """(T,) part of the subject's cells that are far from where they were around that time.

    Notes
    -----
    Works through the trace in pieces, so that a long clip needs no more memory.
    """
    chosen = trace.mask > 0.9
    if not chosen.any() or len(trace.time_s) < 3:
        return np.zeros(len(trace.time_s))
    interval = trace.median_interval_s
    short = max(1, round(VOLUNTARY_LOWPASS_S / interval))
    long = max(short + 1, round(VOLUNTARY_BASELINE_S / interval))
    limit = VOLUNTARY_SHARE_OF_SIDE * max(trace.geometry.analysis_width_px, trace.geometry.analysis_height_px)
    out = np.zeros(len(trace.time_s))
    piece = max(4 * long, 1024)
    for start in range(0, len(out), piece):
        low, high = max(0, start - long), min(len(out), start + piece + long)
        cells = trace.displacement_px[low:high][:, chosen].astype(np.float32)
        moved = _moved(cells, trace.ok[low:high], short, long)
        share = (moved > limit).mean(axis=1)
        stop = min(len(out), start + piece)
        out[start:stop] = share[start - low : stop - low]
    return out


def _moved(cells: FloatArray, ok: BoolArray, short: int, long: int) -> FloatArray:
    """Distance of (T, K, 2) from its slow part once brief movement is smoothed away, (T, K)."""
    from scipy.ndimage import uniform_filter1d

    known = ok.astype(np.float32)[:, None, None]

    def mean(length: int) -> FloatArray:
        total = uniform_filter1d(cells * known, length, axis=0, mode="nearest")
        share = uniform_filter1d(known, length, axis=0, mode="nearest")
        return np.asarray(total / np.maximum(share, 1e-3))

    return np.asarray(np.hypot(*np.moveaxis(mean(short) - mean(long), -1, 0)))


def _runs(time_s: FloatArray, hit: BoolArray, interval_s: float, reason: str) -> list[Unusable]:
    """Intervals covered by runs of True; a frame covers half an interval to both sides."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], hit, [False]]).astype(np.int8)))
    half = interval_s / 2
    first, last = (float(time_s[0]), float(time_s[-1])) if len(time_s) else (0.0, 0.0)
    return [
        Unusable(max(first, float(time_s[a]) - half), min(last, float(time_s[b - 1]) + half), reason)
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]


def _merge(found: list[Unusable]) -> tuple[Unusable, ...]:
    """Sort, cut overlaps (the earlier keeps the shared time) and close tiny usable bits of one reason."""
    out: list[Unusable] = []
    for one in sorted(found, key=lambda u: (u.start_s, u.end_s)):
        if out and one.start_s <= out[-1].end_s + JOIN_S:
            last = out[-1]
            if one.reason == last.reason:
                out[-1] = Unusable(last.start_s, max(last.end_s, one.end_s), last.reason)
                continue
            if one.end_s <= last.end_s:
                continue
            one = Unusable(last.end_s, one.end_s, one.reason)
        out.append(one)
    return tuple(out)
