"""Stretches of time in which nothing can be said, and why: the rest is the rate's denominator."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fascidetect.model import FAULTS, BoolArray, ByteArray, Registration, Unusable
from fascidetect.settings import QualitySettings
from fascidetect.statistics import runs

FROZEN, FROZEN_S = "frozen picture", 0.5
LASTING_S, GUARD_S = 0.2, 0.5  # what is lost for so long was moved: so much before and after is lost, too
FAULTY_S = 0.2  # a fault that leaves the picture registered for less is no loss
ROUNDING_S = 1e-3  # of time stamps
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
        Reasons: ``no frames`` (gaps), ``frozen picture``, and those of `fascidetect.model.FAULTS`.
    """
    return join([*_gaps(trace, settings.max_gap_s), *_frozen(trace), *_unregistered(trace), *_faulty(trace)])


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
    spans = [_span(trace, a, b, FROZEN) for a, b in runs(trace.repeated)]
    return [span for span in spans if _lasts(span, FROZEN_S)]


def _unregistered(trace: Registration) -> list[Unusable]:
    """Stretches that could not be registered, for the reason that most of their frames give."""
    lost = _closed(trace, ~trace.ok)
    return [_guarded(trace, _span(trace, a, b, _commonest(trace.fault[a:b]))) for a, b in runs(lost)]


def _guarded(trace: Registration, span: Unusable) -> Unusable:
    """A stretch that lasts, and a little more: what moved so far was moving before, and is not yet at rest."""
    if not _lasts(span, LASTING_S):
        return span
    first, last = float(trace.time_s[0]), float(trace.time_s[-1])
    return Unusable(max(first, span.start_s - GUARD_S), min(last, span.end_s + GUARD_S), span.reason)


def _faulty(trace: Registration) -> list[Unusable]:
    """Stretches that could be registered and yet show too little."""
    hit = _closed(trace, trace.ok & (trace.fault > 0))
    spans = [_span(trace, a, b, _commonest(trace.fault[a:b])) for a, b in runs(hit)]
    return [span for span in spans if _lasts(span, FAULTY_S)]


def _lasts(span: Unusable, least_s: float) -> bool:
    return span.end_s - span.start_s >= least_s - ROUNDING_S


def _closed(trace: Registration, hit: BoolArray) -> BoolArray:
    """Runs of True joined where so little lies between them that it is no use: frames flicker in and out."""
    out = hit.copy()
    for a, b in runs(~hit):
        inside = a > 0 and b < len(hit)
        if inside and trace.time_s[b] - trace.time_s[a - 1] <= JOIN_S:
            out[a:b] = True
    return out


def _commonest(fault: ByteArray) -> str:
    counts = np.bincount(fault, minlength=len(FAULTS))[1 : len(FAULTS)]
    return FAULTS[1 + int(np.argmax(counts))]  # the first where none is named


def _span(trace: Registration, start: int, stop: int, reason: str) -> Unusable:
    """The time of the frames start .. stop - 1; each covers half an interval to both sides."""
    time_s, half = trace.time_s, trace.median_interval_s / 2
    first, last = float(time_s[start]) - half, float(time_s[stop - 1]) + half
    return Unusable(max(float(time_s[0]), first), min(float(time_s[-1]), last), reason)


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
