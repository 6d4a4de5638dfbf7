"""The event half: a trace in, judged candidates out, window by window, one threshold for the clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fascidetect.events.find import Candidate, Maxima, find, local_maxima
from fascidetect.events.foci import group, rhythm
from fascidetect.events.reject import FAINTEST_PX, Judged, judge, looks_like_twitch
from fascidetect.events.score import UNFIT, make_score
from fascidetect.events.stretch import cut
from fascidetect.events.sustained import BLOCK_S, Restless, find_restless, join_restless
from fascidetect.events.voluntary import find_disturbed, find_moving
from fascidetect.model import BoolArray, FloatArray, MotionTrace, Unusable, release
from fascidetect.settings import DetectSettings

FLOOR = 0.8  # of the lowest threshold: what is kept as below_threshold
SENSITIVITY = {"low": 1.25, "normal": 1.0, "high": 0.85}
KEYS_APART_S = 0.4  # key frames nearer to each other than this cannot be avoided
IN_AREA = 0.5  # share of a cell from which on it counts as analyzed
FEWEST_FRAMES = 8
FEWEST_MAXIMA = 10
BUSY = 0.1  # share of the maxima that clear twitches account for, above which the upper half is not trusted
CLEAR_IN_BEAT = 0.75  # of the score of the clearest in the same beat
GUMBEL = 1.345  # (p80 - p50) / (p50 - p20) of the largest of many


@dataclass(frozen=True)
class Found:
    """What the event half has to say about a clip.

    Attributes
    ----------
    judged
        Every candidate with its reason, in order of time; ``focus`` numbers beside it.
    focus
        Focus number of each judged candidate that is counted, else 0.
    threshold
        In units of the clip's own noise.
    restless
        Places that move continuously or rhythmically.
    lost
        Stretches in which nothing can be told: the limb itself moves, or the picture is disturbed.
    valid
        (R, C) cells in which events were sought, in any window.
    noise_px
        Median noise of the valid cells per axis, analysis_px; NaN without valid cells.
    limit50_px, limit90_px
        Twitch of usual size that would just pass the threshold in half, and in nine tenths, of the
        cells, analysis_px; NaN without valid cells.
    unfit
        The noise is so uneven (codec freezes and pops) that nothing should be concluded.
    time_s, score
        (N,) curve of the highest score of any cell.
    """

    judged: tuple[Judged, ...]
    focus: tuple[int, ...]
    threshold: float
    restless: tuple[Restless, ...]
    lost: tuple[Unusable, ...]
    valid: BoolArray
    noise_px: float
    limit50_px: float
    limit90_px: float
    unfit: bool
    time_s: FloatArray
    score: FloatArray


@dataclass(frozen=True)
class _Window:
    candidates: list[Candidate]
    maxima: Maxima
    restless: list[Restless]
    lost: list[Unusable]
    valid: BoolArray
    noise_px: FloatArray
    gain: FloatArray
    tail: FloatArray
    time_s: FloatArray
    score: FloatArray


def detect_events(
    trace: MotionTrace, unusable: Sequence[Unusable], max_gap_s: float, settings: DetectSettings
) -> Found:
    """Find, judge and group the movements of a clip.

    Parameters
    ----------
    trace
        Of the whole clip.
    unusable
        Nothing in these stretches is counted.
    max_gap_s
        Longer gaps between frames are not bridged.

    Returns
    -------
    Found
        With no candidates where nothing moves or nothing can be seen.
    """
    windows = [_work(trace, span, max_gap_s, settings) for span in _spans(trace, settings)]
    windows = [w for w in windows if w.valid.any()]
    area = trace.mask > IN_AREA
    valid = np.any([w.valid & area for w in windows], axis=0) if windows else np.False_
    if not valid.any():
        return _nothing(trace)
    candidates = [c for w in windows for c in w.candidates]
    threshold = _threshold(windows, settings)
    key_times_s = trace.time_s[trace.key_frame]
    if len(key_times_s) < 2 or float(np.median(np.diff(key_times_s))) < KEYS_APART_S:
        key_times_s = np.array([])
    judged = judge(candidates, threshold, key_times_s, trace.median_interval_s, max(trace.geometry.shape))
    judged = [one for one in judged if area[round(one.candidate.row), round(one.candidate.col)]]
    lost = tuple(u for w in windows for u in w.lost)
    judged = [_unusable(one, (*unusable, *lost)) for one in judged]
    restless = [
        place for place in join_restless([r for w in windows for r in w.restless]) if (place.region & area).any()
    ]
    judged = _one_a_beat([_restless(one, restless) for one in judged], restless)
    judged.sort(key=lambda j: j.candidate.peak_s)
    judged, beating = _regular(judged, max(trace.geometry.shape))
    judged = [replace(j, reason="") if j.reason in settings.keep else j for j in judged]
    focus = _foci(judged, max(trace.geometry.shape))
    gains = np.concatenate([w.gain[w.valid & area] for w in windows])
    limits = np.maximum(FAINTEST_PX, threshold / np.maximum(np.percentile(gains, [50, 10]), 1e-9))
    return Found(
        judged=tuple(judged),
        focus=tuple(focus),
        threshold=threshold,
        restless=(*restless, *beating),
        lost=lost,
        valid=np.asarray(valid),
        noise_px=float(np.median(np.concatenate([w.noise_px[:, w.valid & area].ravel() for w in windows]))),
        limit50_px=float(limits[0]),
        limit90_px=float(limits[1]),
        unfit=bool(np.median([w.tail[:2].max() for w in windows]) > UNFIT),
        time_s=np.concatenate([w.time_s for w in windows]),
        score=np.concatenate([w.score for w in windows]),
    )


def clip_threshold(maxima: FloatArray, settings: DetectSettings) -> float:
    """Threshold from the heights of all local maxima: nearly all of them are noise.

    Up to a tenth of them may be real movements before it is biased.
    """
    threshold = settings.q_min
    if len(maxima) >= FEWEST_MAXIMA:
        p50, p80 = np.percentile(maxima, [50, 80])
        threshold = max(threshold, float(p50 + settings.kappa * (p80 - p50)))
    return threshold * SENSITIVITY[settings.sensitivity]


def _threshold(windows: Sequence[_Window], settings: DetectSettings) -> float:
    """The clip's threshold, from maxima that no clear twitch accounts for: a busy muscle must not raise its own bar."""
    everything = np.concatenate([w.maxima.height for w in windows])
    robust = robust_threshold(everything, settings)
    rest = np.concatenate(
        [
            w.maxima.apart_from([c for c in w.candidates if c.score > robust and looks_like_twitch(c)]).height
            for w in windows
        ]
    )
    threshold = clip_threshold(rest, settings)
    return min(threshold, robust) if len(rest) < (1 - BUSY) * len(everything) else threshold


def robust_threshold(maxima: FloatArray, settings: DetectSettings) -> float:
    """As `clip_threshold`, but from the lower half of the maxima, which movements hardly reach."""
    if len(maxima) < FEWEST_MAXIMA:
        return settings.q_min * SENSITIVITY[settings.sensitivity]
    p20, p50 = np.percentile(maxima, [20, 50])
    threshold = max(settings.q_min, float(p50 + settings.kappa * GUMBEL * (p50 - p20)))
    return threshold * SENSITIVITY[settings.sensitivity]


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


def _work(trace: MotionTrace, span: _Span, max_gap_s: float, settings: DetectSettings) -> _Window:
    """Work one window from trace to candidates."""
    stretch = cut(trace, span.start_s, span.end_s, max_gap_s, settings)
    for array in (trace.displacement_px, trace.shading_pct, trace.residual):
        release(array)
    score = make_score(stretch, trace.geometry.cell_px, settings)
    inside = (stretch.time_s >= span.from_s) & (stretch.time_s < span.to_s)
    shown = trace.mask > IN_AREA
    curve = score.q[:, shown].max(axis=1, initial=0)
    curve[~score.open_time[:, shown].any(axis=1)] = np.nan  # nothing is sought there
    maxima = local_maxima(stretch, score)
    restless = find_restless(stretch, score.noise, trace.geometry.cell_px)
    lost = [
        *(Unusable(a, b, "the limb itself moves") for a, b in find_moving(stretch, trace.geometry.cell_px)),
        *(Unusable(a, b, "disturbed picture") for a, b in find_disturbed(stretch)),
    ]
    valid = stretch.valid
    found = find(stretch, score, FLOOR * settings.q_min * SENSITIVITY[settings.sensitivity])
    return _Window(
        candidates=[c for c in found if span.from_s <= c.peak_s < span.to_s],
        maxima=maxima,
        restless=restless,
        lost=lost,
        valid=valid,
        noise_px=score.noise[:2],
        gain=score.gain,
        tail=score.tail,
        time_s=stretch.time_s[inside],
        score=curve[inside],
    )


def _nothing(trace: MotionTrace) -> Found:
    nan = float("nan")
    return Found(
        judged=(),
        focus=(),
        threshold=nan,
        restless=(),
        lost=(),
        valid=np.zeros(trace.geometry.shape, bool),
        noise_px=nan,
        limit50_px=nan,
        limit90_px=nan,
        unfit=False,
        time_s=trace.time_s,
        score=np.full(len(trace.time_s), np.nan),
    )


def _unusable(one: Judged, unusable: Sequence[Unusable]) -> Judged:
    inside = any(u.start_s <= one.candidate.peak_s <= u.end_s for u in unusable)
    return replace(one, reason="unusable") if inside and one.reason != "below_threshold" else one


def _restless(one: Judged, restless: Sequence[Restless]) -> Judged:
    if one.reason not in ("", "shape", "sustained"):
        return one
    for place in restless:
        began, ended = place.start_s - BLOCK_S, place.end_s + BLOCK_S  # it is known to the second
        if began <= one.candidate.peak_s <= ended and bool((place.region & one.candidate.region).any()):
            return replace(one, reason=place.kind)
    return one


def _one_a_beat(judged: list[Judged], restless: Sequence[Restless]) -> list[Judged]:
    """A rhythm has one movement a beat, at however many places and whichever way it shows.

    The first that is clear stands for it: later ones are the way back.
    """
    rates = [r.rate_hz for r in restless if r.rate_hz]
    if not rates:
        return judged
    apart_s = 0.5 / float(np.median(rates))
    out = list(judged)
    left = [k for k, one in enumerate(judged) if one.reason == "rhythmic"]
    while left:
        best = max((judged[k].candidate for k in left), key=lambda c: c.score)
        beat = [k for k in left if abs(judged[k].candidate.peak_s - best.peak_s) < apart_s]
        clear = [k for k in beat if judged[k].candidate.score >= CLEAR_IN_BEAT * best.score]
        first = min(clear, key=lambda k: judged[k].candidate.peak_s)
        for k in beat:
            out[k] = replace(judged[k], reason="rhythmic" if k == first else "duplicate")
        left = [k for k in left if k not in beat]
    return out


def _regular(judged: list[Judged], longer_side: int) -> tuple[list[Judged], list[Restless]]:
    """Mark as rhythmic what recurs at one place with even intervals, and name the place."""
    out, places = list(judged), []
    for members in _same_place(judged, longer_side):
        beat = rhythm([judged[k].candidate.peak_s for k in members])
        if beat.rhythm_hz is None:
            continue
        for k in members:
            out[k] = replace(out[k], reason="rhythmic")
        region = np.any([judged[k].candidate.region for k in members], axis=0)
        times = [judged[k].candidate.peak_s for k in members]
        places.append(Restless("rhythmic", region, min(times), max(times), beat.rhythm_hz))
    return out, places


def _foci(judged: list[Judged], longer_side: int) -> list[int]:
    """Focus number of each candidate that is counted, in order of first appearance; else 0."""
    focus = [0] * len(judged)
    for number, members in enumerate(_same_place(judged, longer_side), 1):
        for k in members:
            focus[k] = number
    return focus


def _same_place(judged: list[Judged], longer_side: int) -> list[list[int]]:
    """Indices of the counted candidates, one list per place."""
    counted = [k for k, j in enumerate(judged) if not j.reason]
    places = np.array([(judged[k].candidate.row, judged[k].candidate.col) for k in counted]).reshape(-1, 2)
    labels = group(places, longer_side).tolist()
    return [[k for k, own in zip(counted, labels, strict=True) if own == one] for one in dict.fromkeys(labels)]
