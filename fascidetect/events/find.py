"""Candidates: the highest score, described, its response subtracted, and again (CLEAN).

Subtracting the filter's known answer is what tells two twitches 0.35 s apart from one with an echo
(Högbom 1974, Astron. Astrophys. Suppl. 15:417).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fascidetect.events.patch import Patch
from fascidetect.events.score import NEIGHBORHOOD_CELLS, STRAIN, Score
from fascidetect.events.shape import (
    AFTER_S,
    BEFORE_S,
    LEVEL_AFTER_S,
    LEVEL_BEFORE_S,
    NEIGHBOR_S,
    Shape,
    beyond,
    fit_shape,
)
from fascidetect.events.stretch import Stretch
from fascidetect.model import BoolArray, FloatArray, IntArray

MAXIMUM_S, MAXIMUM_SHARE = 0.12, 0.06  # a local maximum rules over this time and share of the grid
ACCOUNTS_S = 0.6  # a candidate accounts for maxima at its place within this time
HEIGHT = 0.4  # of its peak: what belongs to a candidate
JOIN = 0.25  # of its peak: what hangs together with it, across gaps of up to ...
GAP_CELLS = 2
REACH = 0.25  # of the grid's longer side: farther things are never part of it
BLOCK_S = 0.12  # around a found peak nothing else is sought at that place
BEST_FIT_S = 0.25
MOST_PER_SECOND = 12  # candidates; more would mean that the threshold says nothing
STRETCHED_CELLS = 2  # from the middle of a bulge to what moves most
FOOTPRINT_CELLS = 0.6  # smoothing of the map of how far each cell moved
AREA_PER_VARIANCE = -2 * math.pi * math.log(HEIGHT)  # of a Gaussian hill, down to `HEIGHT`
REGION_CELLS2 = 2.0  # variance that the windows add to the hill of a movement ...
WINDOWS_CELLS2 = 2.6  # ... and that divides its height: both fitted to development clips
MOST_NARROW = 2.0  # a height is not made larger by more: the width of a few cells is not known so well
OTHERS_WEIGHT = 0.1  # of samples that belong to another candidate at the same place ...
APART_S = 0.2  # ... that is nearer than this; farther ones are fitted together ...
PROMINENT_S = 3.0  # before and after the peak: what a movement must stand out of ...
PROMINENT_APART_S = 0.45, 0.6  # ... but for its own course ...
PROMINENT_QUANTILE = 0.95  # ... and for so little of the time ...
PROMINENT_SEEN, PROMINENT_LEAST_S = 0.5, 1.0  # ... where this share of its cells is seen for so long
UNTOLD_PROMINENCE = 4.7  # elsewhere: as likely of a twitch as of none, on the development side
RESET_S = 0.05, 0.7  # before and after the peak: when a movement that ends as the codec starts anew is no movement
SWING_S = 0.35  # before a way back its way out is sought
LASTS = 0.3  # share of its height that a way out has in the next frame, too, where a pop has not; and not yet before it
TOGETHER_ROUNDS = 4  # ... each in turn beside what the others were last


def given_back(variance_cells2: float) -> float:
    """Factor for what the measurement takes from a narrow movement.

    Windows of a few cells flatten what is hardly wider than they are, and make it wider; so the width of the
    region tells how much of the height is missing.
    """
    return min(1 + WINDOWS_CELLS2 / max(variance_cells2, 1e-3), MOST_NARROW)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place and time that stand out.

    Attributes
    ----------
    peak_s
        Of the fitted shape.
    score
        In units of the clip's own noise.
    row, col
        Center, in cells (fractions).
    shape
        Fitted course in time.
    displacement_px
        Largest displacement vector (x, y) at the peak, analysis_px, as measured; see `amplitude_px`.
    flow
        How far any of its cells is displaced, in units of the noise: a change of light displaces nothing.
    shading_pct
        Largest local change of brightness at the peak.
    wide
        Share of all valid cells that stand out at that moment.
    prominence
        How many times as high it is as what goes to and fro along its own pattern in the seconds before and after it,
        other candidates aside; `UNTOLD_PROMINENCE` where too little of them is seen.
    frame_level
        How much the whole picture stood out, >= 1.
    edge
        Share of its cells that touch the border of what is analyzed.
    reset
        Share of its height, 0..1, that goes at once when the codec starts anew, and not because it falls: what the
        codec displaced, to save bits, jumps back then.
    patch
        What it does cell by cell.
    """

    peak_s: float
    score: float
    row: float
    col: float
    shape: Shape
    displacement_px: tuple[float, float]
    flow: float
    shading_pct: float
    wide: float
    prominence: float
    frame_level: float
    edge: float
    reset: float
    patch: Patch

    @property
    def region(self) -> BoolArray:
        """(R, C) cells that belong to it."""
        return self.patch.laid_out(self.patch.region)

    @property
    def amplitude_px(self) -> float:
        """How far its middle moves, analysis_px."""
        return math.hypot(*self.displacement_px) * self._given_back

    @property
    def amplitudes_px(self) -> FloatArray:
        """How far each of its cells moves, (R, C), analysis_px; 0 outside of the region."""
        return self.patch.laid_out(self.patch.footprint_px).astype(np.float32) * np.float32(self._given_back)

    @property
    def _given_back(self) -> float:
        return given_back(self.n_cells / AREA_PER_VARIANCE - REGION_CELLS2)

    @property
    def n_cells(self) -> int:
        """Number of cells that belong to it."""
        return int(self.patch.region.sum())


@dataclass(frozen=True, slots=True)
class Maxima:
    """Local maxima of the score: when, in which cell (row, col), how high; all (K,)."""

    time_s: FloatArray
    row: IntArray
    col: IntArray
    height: FloatArray

    def apart_from(self, candidates: Sequence[Candidate]) -> Maxima:
        """Those that no candidate accounts for, in place or in time."""
        free = np.ones(len(self.time_s), bool)
        for one in candidates:
            near = np.abs(self.time_s - one.peak_s) < ACCOUNTS_S
            free &= ~(near & grown(one.region, GAP_CELLS)[self.row, self.col])
        return Maxima(self.time_s[free], self.row[free], self.col[free], self.height[free])


def local_maxima(stretch: Stretch, score: Score) -> Maxima:
    """All local maxima of the score, in order of time."""
    from scipy.ndimage import maximum_filter

    q = score.q
    reach = max(1, round(MAXIMUM_SHARE * max(q.shape[1:])))
    size = (2 * round(MAXIMUM_S / stretch.interval_s) + 1, 2 * reach + 1, 2 * reach + 1)
    top = (q == maximum_filter(q, size=size)) & (q > 0) & score.open_time
    n, row, col = np.nonzero(top)
    return Maxima(stretch.time_s[n], row, col, q[top])


@dataclass(slots=True)
class _Peak:
    """A found maximum, before it is fitted."""

    n: int
    row: int
    col: int
    score: float
    width: int  # index into z
    pattern: FloatArray  # (3, R, C) z at the peak
    region: BoolArray
    flow: float
    wide: float


def find(stretch: Stretch, score: Score, floor: float) -> list[Candidate]:
    """All candidates whose score exceeds `floor`, strongest first.

    Parameters
    ----------
    score
        Consumed: its arrays are changed.
    floor
        In units of the clip's own noise.
    """
    peaks: list[_Peak] = []
    for peak in _clean(stretch, score, floor):
        peaks.append(_upright(stretch, score, peak, peaks))
    fits = [_fit(stretch, score, peak, (), ()) for peak in peaks]
    reach = round(NEIGHBOR_S / stretch.interval_s)
    there = [_others(peak, peaks, reach) for peak in peaks]
    fitted_to: list[list[Shape]] = [[] for _ in peaks]
    for _ in range(TOGETHER_ROUNDS):
        for k, others in enumerate(there):
            now = [fits[j] for j in others]
            if len(now) != len(fitted_to[k]) or not all(map(Shape.goes_as, now, fitted_to[k])):
                fits[k], fitted_to[k] = _fit_among(stretch, score, peaks[k], [(peaks[j], fits[j]) for j in others]), now
    return [
        _describe(stretch, score, peak, fits[k], _beside(stretch, peak, [(peaks[j], fits[j]) for j in there[k]]))
        for k, peak in enumerate(peaks)
    ]


def _clean(stretch: Stretch, score: Score, floor: float) -> list[_Peak]:
    q = score.q
    highest = q.reshape(len(q), -1).max(axis=1)
    duration_s = len(q) * stretch.interval_s
    peaks: list[_Peak] = []
    while len(peaks) < MOST_PER_SECOND * max(1.0, duration_s):
        n = int(np.argmax(highest))
        if highest[n] < floor:
            break
        row, col = np.unravel_index(int(np.argmax(q[n])), q.shape[1:])
        peak = _look(stretch, score, n, int(row), int(col))
        peaks.append(peak)
        _subtract(stretch, score, peak, highest)
    return peaks


def grown(cells: BoolArray, by: int) -> BoolArray:
    """Cells (R, C) and all within `by` rows and columns of them."""
    for _ in ("rows", "columns"):
        near = cells.copy()
        for step in range(1, by + 1):
            near[step:] |= cells[:-step]
            near[:-step] |= cells[step:]
        cells = near.T
    return cells


def _look(stretch: Stretch, score: Score, n: int, row: int, col: int) -> _Peak:
    from scipy.ndimage import label

    heights = score.heights(score.z[:, :, n : n + 1], stretch.valid)[:, 0] / score.frame_level[n]
    way = int(np.argmax(heights[:, row, col]))
    here, width = heights[way], way % len(score.z)
    height = float(score.q[n, row, col])
    near = _within_reach(here.shape, row, col)
    labels, _ = label(grown((here > JOIN * height) & near, GAP_CELLS), structure=np.ones((3, 3)))
    part = (labels == labels[row, col]) & near & stretch.valid
    region = part & (here > HEIGHT * height)
    region[row, col] = True
    if way == STRAIN:  # what stretches lies between what moves
        part, region = _moving(score.z[0, :2, n], grown(region, STRETCHED_CELLS) & near & stretch.valid, part)
    pattern = np.where(part, score.z[width, :, n], 0)
    flow = float(np.hypot(pattern[0], pattern[1])[region].max())
    wide = float((here[stretch.valid] > HEIGHT * height).mean())
    return _Peak(n, row, col, height, width, pattern, region, flow, wide)


def _moving(z: FloatArray, about: BoolArray, part: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Add to a part (R, C) the cells about it, and tell which of these move, by their motion z (2, R, C)."""
    motion = np.hypot(z[0], z[1]) * about
    return part | about, motion > HEIGHT * motion.max()


def _within_reach(shape: tuple[int, ...], row: int, col: int) -> BoolArray:
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    reach = REACH * max(shape)
    return np.asarray((rows - row) ** 2 + (cols - col) ** 2 <= reach**2)


def _subtract(stretch: Stretch, score: Score, peak: _Peak, highest: FloatArray) -> None:
    """Take one peak's answer out of the score, in place, and close its neighborhood."""
    part = grown(np.any(peak.pattern != 0, axis=0), 1) & stretch.valid
    half = score.responses.shape[1] // 2
    low, high = max(0, peak.n - half), min(len(score.q), peak.n + half + 1)
    lags = slice(low - peak.n + half, high - peak.n + half)
    best = _best_response(score, peak, low, high, lags)
    box, around = _box(part, 0), _box(part, NEIGHBORHOOD_CELLS)
    for z in score.z:
        for channel in z:
            amplitude = np.where(part[box], channel[peak.n, *box], 0)
            channel[low:high, *box] -= best[lags, None, None] * amplitude
    inner = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(box, around, strict=True))
    again = score.heights(score.z[:, :, low:high, *around], stretch.valid[around]).max(axis=0)[:, *inner]
    again /= score.frame_level[low:high, None, None]
    again *= score.open_time[low:high, *box]
    target = score.q[low:high, *box]
    inside = part[box]
    closed = target == 0
    target[:, inside] = np.where(closed[:, inside], 0, again[:, inside])
    block = round(BLOCK_S / stretch.interval_s)
    score.q[max(0, peak.n - block) : peak.n + block + 1, part] = 0
    highest[low:high] = score.q[low:high].reshape(high - low, -1).max(axis=1)


def _box(part: BoolArray, margin: int) -> tuple[slice, slice]:
    """Rows and columns of a part (R, C) and of so many cells about it."""
    rows, cols = (np.flatnonzero(part.any(axis=axis)) for axis in (1, 0))
    return slice(max(0, rows[0] - margin), rows[-1] + margin + 1), slice(
        max(0, cols[0] - margin), cols[-1] + margin + 1
    )


def _best_response(score: Score, peak: _Peak, low: int, high: int, lags: slice) -> FloatArray:
    """The response whose width explains best what is seen around the peak."""
    series = np.einsum("knrc,krc->n", score.z[0][:, low:high], peak.pattern)
    at_peak = series[peak.n - low]
    if at_peak <= 0:
        return np.asarray(score.responses[0])
    left = series / at_peak - score.responses[:, lags]
    return np.asarray(score.responses[int(np.argmin(np.square(left).sum(axis=1)))])


def _upright(stretch: Stretch, score: Score, peak: _Peak, stronger: Sequence[_Peak]) -> _Peak:
    """The same movement, by its way out: what swings back through rest may stand out most on its way back.

    Then the skin went farther the other way just before, for more than a frame, and came from rest; and no stronger
    movement accounts for that. Only when and which way it goes is changed: how much stands out is told of the way back.
    """
    step = stretch.interval_s
    low = max(0, peak.n - max(1, round(SWING_S / step)))
    series = _series(stretch, score, peak, slice(low, peak.n + 2))
    there = int(np.argmin(series[: peak.n - low]))
    out = -float(series[there])
    lasts = -float(series[[max(0, there - 1), there + 1]].min())
    n = low + there
    accounted = (abs(one.n - n) * step < BLOCK_S and bool(one.region[peak.region].any()) for one in stronger)
    if out <= series[peak.n - low :].max() or lasts < LASTS * out or -series[0] > LASTS * out or any(accounted):
        return peak
    return replace(peak, n=n, pattern=-peak.pattern)


def _others(peak: _Peak, peaks: list[_Peak], reach: int) -> list[int]:
    """Which other peaks lie at the same place, and less than so many samples away."""
    soon = (k for k, other in enumerate(peaks) if other is not peak and abs(other.n - peak.n) < reach)
    return [k for k in soon if peaks[k].region[peak.region].any()]


def _fit_among(stretch: Stretch, score: Score, peak: _Peak, others: list[tuple[_Peak, Shape]]) -> Shape:
    """Fit a movement with the others at its place: their tails must not spoil its fit, as they do in a train."""
    apart = round(APART_S / stretch.interval_s)
    near = [other.n for other, _ in others if abs(other.n - peak.n) < apart]
    return _fit(stretch, score, peak, near, _beside(stretch, peak, others))


def _beside(stretch: Stretch, peak: _Peak, others: list[tuple[_Peak, Shape]]) -> list[Shape]:
    """Those of the others that are fitted together with a movement."""
    apart = round(APART_S / stretch.interval_s)
    return [shape for other, shape in others if abs(other.n - peak.n) >= apart and shape.height > 0]


def _fit(stretch: Stretch, score: Score, peak: _Peak, near: Sequence[int], beside: Sequence[Shape]) -> Shape:
    """Fit the course of the movement, projected on its own pattern.

    Samples about other peaks that are `near` count little; movements `beside` it are fitted with it.
    """
    step = stretch.interval_s
    about = _about(stretch, peak)
    time_s, series = stretch.time_s[about], _series(stretch, score, peak, about)
    weight = np.where(stretch.usable[about], 1.0, 0.0)
    n = np.arange(about.start, about.stop)
    for other in near:
        start, stop = other - 0.08 / step, other + 0.2 / step
        own = np.abs(n - peak.n) <= 0.1 / step
        weight[(n >= start) & (n <= stop) & ~own] *= OTHERS_WEIGHT
    return fit_shape(time_s, series, weight, float(stretch.time_s[peak.n]), stretch.edge_s, beside)


def _about(stretch: Stretch, peak: _Peak) -> slice:
    """Samples about a peak, with the levels before and after it."""
    step = stretch.interval_s
    low = max(0, peak.n - round(LEVEL_BEFORE_S / step))
    return slice(low, min(len(stretch.time_s), peak.n + round(LEVEL_AFTER_S / step) + 1))


def _series(stretch: Stretch, score: Score, peak: _Peak, about: slice) -> FloatArray:
    """Motion in some samples, projected on the pattern of a peak."""
    x = stretch.data[:, about, peak.region] / score.noise[:, None, peak.region]
    return np.asarray(np.einsum("knc,kc->n", x, peak.pattern[:, peak.region]))


def _reset(stretch: Stretch, score: Score, peak: _Peak, shape: Shape, beside: Sequence[Shape]) -> float:
    about = _about(stretch, peak)
    time_s = stretch.time_s[about]
    since_s = time_s - shape.peak_s
    asked = np.flatnonzero(stretch.renewed[about] & (since_s > -RESET_S[0]) & (since_s < RESET_S[1]))
    if shape.height <= 0 or not len(asked):
        return 0.0
    courses = [np.ones_like(time_s), *(one.course(time_s) for one in (shape, *beside))]
    left = beyond(_series(stretch, score, peak, about), courses) / shape.height
    falls = [left[n - 2 : n].mean() - left[n : n + 2].mean() for n in asked if 2 <= n <= len(left) - 2]
    return float(np.clip(max(falls, default=0.0), 0, 1))


def _prominence(stretch: Stretch, score: Score, peak: _Peak) -> float:
    """Height over what most of the time about it stays below; once the answers of all peaks are subtracted."""
    step = stretch.interval_s
    about = slice(max(0, peak.n - round(PROMINENT_S / step)), peak.n + round(PROMINENT_S / step) + 1)
    since_s = (np.arange(len(stretch.time_s))[about] - peak.n) * step
    apart = (since_s < -PROMINENT_APART_S[0]) | (since_s > PROMINENT_APART_S[1])
    apart &= stretch.seen[about][:, peak.region].mean(axis=1) > PROMINENT_SEEN
    if np.count_nonzero(apart) * step < PROMINENT_LEAST_S:
        return UNTOLD_PROMINENCE
    own = peak.pattern[:, peak.region]
    to_and_fro = np.abs(np.einsum("knc,kc->n", score.z[peak.width][:, about, peak.region][:, apart], own))
    usual = float(np.quantile(to_and_fro, PROMINENT_QUANTILE))
    return float(np.square(own).sum()) / max(usual, 1e-6)


def _describe(stretch: Stretch, score: Score, peak: _Peak, shape: Shape, beside: Sequence[Shape]) -> Candidate:
    u, v, s = _heights(stretch, shape, peak.n, beside)
    footprint = np.where(peak.region, np.hypot(u, v), 0)
    most = np.unravel_index(int(np.argmax(footprint)), footprint.shape)
    weight = np.where(peak.region, np.sqrt(np.square(peak.pattern).sum(axis=0)), 0)
    rows, cols = np.indices(weight.shape)
    total = float(weight.sum()) or 1.0
    border = peak.region & grown(~np.pad(stretch.within, 1), 1)[1:-1, 1:-1]
    return Candidate(
        peak_s=shape.peak_s,
        score=peak.score,
        row=float((rows * weight).sum() / total),
        col=float((cols * weight).sum() / total),
        shape=shape,
        displacement_px=(float(u[most]), float(v[most])),
        flow=peak.flow,
        shading_pct=float(np.abs(s[peak.region]).max()),
        wide=peak.wide,
        prominence=_prominence(stretch, score, peak),
        frame_level=float(score.frame_level[peak.n]),
        edge=float(border.sum() / peak.region.sum()),
        reset=_reset(stretch, score, peak, shape, beside),
        patch=Patch.cut(peak.region, footprint, peak.pattern[:2]),
    )


def _heights(stretch: Stretch, shape: Shape, n: int, beside: Sequence[Shape]) -> FloatArray:
    """How far each cell and channel follows the fitted course, (3, R, C), smoothed a little over cells."""
    from scipy.ndimage import gaussian_filter

    step = stretch.interval_s
    low = max(0, n - round(BEFORE_S / step))
    high = min(len(stretch.time_s), n + round(AFTER_S / step) + 1)
    time_s = stretch.time_s[low:high]
    curve = beyond(shape.course(time_s), [np.ones_like(time_s), *(other.course(time_s) for other in beside)])
    height = np.tensordot(curve, stretch.data[:, low:high], axes=(0, 1)) / max(float(curve @ curve), 1e-9)
    share = gaussian_filter(stretch.valid.astype(float), FOOTPRINT_CELLS, mode="constant")
    smooth = gaussian_filter(height, (0, FOOTPRINT_CELLS, FOOTPRINT_CELLS), mode="constant")
    return np.asarray(smooth / np.maximum(share, 1e-3))
