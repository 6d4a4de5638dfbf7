"""From the trace to candidates, window by window, without deciding anything about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fascidetect.events.find import Candidate, Maxima, find, local_maxima
from fascidetect.events.score import make_score
from fascidetect.events.stretch import cut
from fascidetect.events.sustained import Restless, find_restless
from fascidetect.events.threshold import lowest_floor
from fascidetect.events.voluntary import find_disturbed, find_moving
from fascidetect.model import BoolArray, FloatArray, MotionTrace, Registration, Unusable, release
from fascidetect.settings import DetectSettings

IN_AREA = 0.5  # share of a cell from which on it counts as analyzed
FEWEST_FRAMES = 8


@dataclass(frozen=True, slots=True)
class Window:
    """What is known of one window once its motion is forgotten: all that a decision needs.

    Attributes
    ----------
    candidates
        Whose peak lies in the part of the window that is its own, whatever the sensitivity.
    maxima
        Of the whole window.
    restless
        Places that move continuously or rhythmically.
    lost
        Stretches in which nothing can be told.
    valid
        (R, C) cells in which events were sought.
    noise_px
        (2, R, C) noise of each cell along x and y, analysis_px.
    gain
        (K, R, C) float32, see `Score`.
    tail
        (3,) heaviness of the noise's tails; 1 for Gaussian.
    time_s, score
        (N,) curve of the highest score of any cell, NaN where nothing is sought.
    """

    candidates: tuple[Candidate, ...]
    maxima: Maxima
    restless: tuple[Restless, ...]
    lost: tuple[Unusable, ...]
    valid: BoolArray
    noise_px: FloatArray
    gain: FloatArray
    tail: FloatArray
    time_s: FloatArray
    score: FloatArray


def seek(trace: MotionTrace, max_gap_s: float, settings: DetectSettings) -> tuple[Window, ...]:
    """Find all candidates of a clip, and what is needed to judge them.

    Parameters
    ----------
    trace
        Of the whole clip.
    max_gap_s
        Longer gaps between frames are not bridged.
    settings
        Neither ``sensitivity``, ``keep`` nor ``kappa`` matters here.

    Returns
    -------
    tuple of Window
        In order of time; () where nothing can be seen.
    """
    windows = (_work(trace, span, max_gap_s, settings) for span in _spans(trace, settings))
    return tuple(window for window in windows if window.valid.any())


def analyzed(about: Registration) -> BoolArray:
    """(R, C) cells that belong to the analyzed area."""
    return np.asarray(about.mask > IN_AREA)


@dataclass(frozen=True, slots=True)
class _Span:
    """What a window reads (start, end) and what of it is kept (from, to)."""

    start_s: float
    end_s: float
    from_s: float
    to_s: float


def _spans(trace: MotionTrace, settings: DetectSettings) -> list[_Span]:
    """Windows over all frames, and none over a gap that is longer than a window."""
    breaks = np.flatnonzero(np.diff(trace.time_s) > settings.window_s) + 1
    runs = np.split(trace.time_s, breaks)
    return [span for run in runs if len(run) >= FEWEST_FRAMES for span in _spans_of(run, settings)]


def _spans_of(time_s: FloatArray, settings: DetectSettings) -> list[_Span]:
    first, last = float(time_s[0]), float(time_s[-1])
    count = max(1, int(np.ceil((last - first - settings.overlap_s) / settings.window_s)))
    edges = [float(edge) for edge in np.linspace(first, last, count + 1)]
    keep = [-np.inf, *edges[1:-1], np.inf]
    reach = settings.overlap_s
    return [
        _Span(max(first, edges[k] - reach), min(last, edges[k + 1] + reach), keep[k], keep[k + 1]) for k in range(count)
    ]


def _work(trace: MotionTrace, span: _Span, max_gap_s: float, settings: DetectSettings) -> Window:
    """Work one window from trace to candidates."""
    stretch = cut(trace, span.start_s, span.end_s, max_gap_s, settings)
    for array in (trace.displacement_px, trace.shading_pct, trace.residual):
        release(array)
    score = make_score(stretch, trace.geometry.cell_px, settings)
    inside = (stretch.time_s >= span.from_s) & (stretch.time_s < span.to_s)
    shown = analyzed(trace)
    curve = score.q[:, shown].max(axis=1, initial=0)
    curve[~score.open_time[:, shown].any(axis=1)] = np.nan  # nothing is sought there
    maxima = local_maxima(stretch, score)
    moving = find_moving(stretch, trace.geometry.cell_px)
    restless = find_restless(stretch, score.noise, trace.geometry.cell_px)
    found = find(stretch, score, lowest_floor(settings))
    return Window(
        candidates=tuple(c for c in found if span.from_s <= c.peak_s < span.to_s),
        maxima=maxima,
        restless=tuple(restless),
        lost=(
            *(Unusable(a, b, "the limb itself moves") for a, b in moving),
            *(Unusable(a, b, "disturbed picture") for a, b in find_disturbed(stretch)),
        ),
        valid=stretch.valid,
        noise_px=score.noise[:2],
        gain=score.gain.astype(np.float32),
        tail=score.tail,
        time_s=stretch.time_s[inside],
        score=curve[inside],
    )
