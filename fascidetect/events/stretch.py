"""One window of the trace at an even rate: what is seen when, with camera and slow motion removed.

Channels are, in this order, displacement along x and y (analysis_px) and shading (percent).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from fascidetect.events.covered import (
    OCCLUDED_S,
    REPLACED_S,
    find_replaced,
    is_disturbed,
    occluded,
    shows_else,
    usual_level,
    widened,
)
from fascidetect.model import BoolArray, FloatArray, MotionTrace, Registration
from fascidetect.settings import DetectSettings
from fascidetect.statistics import median

N_CHANNELS = 3
EDGE_CELLS = 2.5  # a cell nearer to the picture's edge is not seen
LASTING_S = 0.9
SEEN_SHARE = 0.6  # part of the time a cell must be seen
MASKED = 0.9  # share of a cell that must belong to the subject
PARALLAX = 8.0  # a cell whose unexplained variance is this many times the median moves by itself
READABLE = 30.0  # squared gradient over unexplained variance, times pixels of a cell: below, nothing can be read
WORST = 4.0  # unrest is not believed beyond this
KEYS_APART_S = 0.4  # key frames nearer to each other than this cannot be avoided
SURFACE_ROUNDS = 4
BLOCK_S = 0.1
SMOOTHING = 3  # part of the running median's length over which its course is smoothed


@dataclass(frozen=True, slots=True)
class Stretch:
    """A window of the clip, sampled evenly.

    Attributes
    ----------
    time_s
        (N,) even grid.
    data
        (3, N, R, C) float32, detrended; 0 where not seen.
    seen
        (N, R, C) what was in view, registered and not covered.
    valid
        (R, C) cells in which events are sought.
    within
        (R, C) cells of the subject that are seen, readable or not: its border is the border of what is analyzed.
    usable
        (N,) frames that could be registered and are not disturbed.
    disturbed
        (N,) frames in which much of the picture changed in a way that motion does not explain.
    renewed
        (N,) first samples after the codec started anew.
    unrest
        (N, R, C) >= 1: how much worse than usual the cell's change was explained by motion. The error
        of a least-squares displacement grows in proportion.
    edge_s
        How far to both sides of a lasting change the removal of slow motion bends the course.
    """

    time_s: FloatArray
    data: FloatArray
    seen: BoolArray
    valid: BoolArray
    within: BoolArray
    usable: BoolArray
    disturbed: BoolArray
    renewed: BoolArray
    unrest: FloatArray
    edge_s: float

    @property
    def interval_s(self) -> float:
        """Time between samples."""
        return float(self.time_s[1] - self.time_s[0])


def sampling_interval_s(trace: MotionTrace, settings: DetectSettings) -> float:
    """Spacing of the even grid: the median frame interval, or a multiple of it in fast clips."""
    interval = trace.median_interval_s
    return interval * max(1, int(np.ceil(0.999 / (interval * settings.max_rate_hz))))


def cut(trace: MotionTrace, start_s: float, end_s: float, max_gap_s: float, settings: DetectSettings) -> Stretch:
    """Prepare the part of the trace between two times.

    Parameters
    ----------
    max_gap_s
        Longer gaps between usable frames are not bridged.

    Returns
    -------
    Stretch
        With camera left-overs and slow motion removed.
    """
    first, last = np.searchsorted(trace.time_s, [start_s, end_s])
    last = min(int(last) + 1, len(trace.time_s))
    rows = slice(int(first), last)
    time_s, ok = trace.time_s[rows], trace.ok[rows]
    step = sampling_interval_s(trace, settings)
    grid = np.arange(time_s[0], time_s[-1] + 0.25 * step, step)
    take = _Resampler(time_s, ok, grid, step)
    before, after = (take(np.square(trace.residual[rows, ..., k].astype(np.float32))) for k in (0, 1))
    usable = take.usable(max_gap_s)
    seen = _in_view(trace, rows, take) & usable[:, None, None]
    lasting = running_median(after, LASTING_S, step)
    usual = usual_level(after)
    covered = occluded(before, after, lasting, usual)
    within = _within(trace, seen & ~covered, usable)
    else_shown = shows_else(before, after, lasting, usual, trace.texture * trace.geometry.cell_px**2)
    replaced = find_replaced(else_shown & within, step)
    valid = _readable(trace, within, usable, after) & ~replaced.often
    disturbed = is_disturbed(covered | replaced.beside, seen & valid)
    covered = widened(covered, OCCLUDED_S, step) | widened(replaced.beside, REPLACED_S, step)
    usable &= ~disturbed
    seen &= ~covered & usable[:, None, None]
    data = np.stack(
        [
            take(trace.displacement_px[rows, ..., 0].astype(np.float32)),
            take(trace.displacement_px[rows, ..., 1].astype(np.float32)),
            take(trace.shading_pct[rows].astype(np.float32)),
        ]
    )
    data = _without_surface(data, seen & valid, trace.texture)
    _bridge(data, seen)
    for k in range(N_CHANNELS):
        data[k] -= running_median(data[k], settings.highpass_s, step)
    data *= seen & valid
    unrest = _unrest(lasting, after, usable, valid)
    edge_s = settings.highpass_s / SMOOTHING / 2
    edges = np.append(grid - 0.75 * step, grid[-1] + step / 4)
    renewed = np.diff(np.searchsorted(key_times_s(trace), edges)) > 0
    return Stretch(grid, data, seen & valid, valid, within, usable, disturbed, renewed, unrest, edge_s)


def key_times_s(about: Registration) -> FloatArray:
    """When the codec started anew and the picture may have jumped; empty where that is too often to avoid."""
    times_s = about.time_s[about.key_frame]
    seldom = len(times_s) > 1 and float(np.median(np.diff(times_s))) >= KEYS_APART_S
    return times_s if seldom else times_s[:0]


class _Resampler:
    """Brings rows at the frames' own times to the even grid: mean where faster, linear where not."""

    def __init__(self, time_s: FloatArray, ok: BoolArray, grid: FloatArray, step: float) -> None:
        self._ok, self._grid = ok, grid
        self._good = np.flatnonzero(ok)
        self._time_s = time_s[self._good]
        slot = np.rint((self._time_s - grid[0]) / step).astype(int)
        self._slot = np.clip(slot, 0, len(grid) - 1)
        self._pools = len(time_s) > 1.5 * len(grid)

    def __call__(self, rows: FloatArray) -> FloatArray:
        """(T, ...) to (N, ...); needs at least one good row."""
        out_shape = (len(self._grid), *rows.shape[1:])
        if len(self._good) == 0:
            return np.zeros(out_shape, np.float32)
        good = rows[self._good]
        times = self._time_s
        if self._pools:
            good, times = self._pool(good)
        left = np.clip(np.searchsorted(times, self._grid, side="right") - 1, 0, max(0, len(times) - 2))
        right = np.minimum(left + 1, len(times) - 1)
        span = np.maximum(times[right] - times[left], 1e-9)
        part = np.clip((self._grid - times[left]) / span, 0, 1).astype(np.float32)
        part = part.reshape(-1, *([1] * (rows.ndim - 1)))
        out: FloatArray = good[left] * (1 - part)
        out += good[right] * part
        return out

    def _pool(self, good: FloatArray) -> tuple[FloatArray, FloatArray]:
        slots, starts = np.unique(self._slot, return_index=True)
        counts = np.diff(np.append(starts, len(good)))
        mean = np.add.reduceat(good, starts, axis=0) / counts.reshape(-1, *([1] * (good.ndim - 1)))
        times = np.add.reduceat(self._time_s, starts) / counts
        del slots
        return mean.astype(np.float32), times

    def usable(self, max_gap_s: float) -> BoolArray:
        """(N,) whether good frames lie close enough on both sides."""
        if len(self._good) == 0:
            return np.zeros(len(self._grid), bool)
        after = np.searchsorted(self._time_s, self._grid - 1e-6)
        left = self._time_s[np.clip(after - 1, 0, None)]
        right = self._time_s[np.clip(after, None, len(self._time_s) - 1)]
        reach = self._grid[1] - self._grid[0] if len(self._grid) > 1 else 0
        near = np.minimum(np.abs(self._grid - left), np.abs(right - self._grid)) <= reach
        return near | ((right - left <= max_gap_s) & (right >= self._grid) & (left <= self._grid))


def _in_view(trace: MotionTrace, rows: slice, take: _Resampler) -> BoolArray:
    """(N, R, C): cell centers whose source lies well inside of the frame."""
    grid_rows, grid_cols = trace.geometry.shape
    row, col = np.mgrid[0:grid_rows, 0:grid_cols]
    xy = trace.geometry.cells_to_analysis(np.stack([row, col], axis=-1))
    affine = take(trace.affine[rows].astype(np.float32))[:, :2, :, None, None]
    margin = EDGE_CELLS * trace.geometry.cell_px
    inside = np.ones((len(affine), grid_rows, grid_cols), bool)
    for axis, side_px in enumerate((trace.geometry.analysis_width_px, trace.geometry.analysis_height_px)):
        along_x, along_y, shift = (affine[:, axis, k] for k in range(3))
        moved = along_x * xy[..., 0] + along_y * xy[..., 1] + shift
        inside &= (moved > margin) & (moved < side_px - 1 - margin)
    return inside


def _unrest(lasting: FloatArray, after: FloatArray, usable: BoolArray, valid: BoolArray) -> FloatArray:
    if not usable.any() or not valid.any():
        return np.ones_like(lasting)
    usual = median(after[usable], axis=0)
    usual = np.maximum(usual, 0.25 * np.median(usual[valid]) + 1e-9)
    return np.asarray(np.sqrt(np.clip(lasting / usual, 1, WORST**2)))


def _within(trace: MotionTrace, seen: BoolArray, usable: BoolArray) -> BoolArray:
    """(R, C) whole cells of the subject, less its rim, that are seen most of the time."""
    from scipy.ndimage import binary_erosion

    subject = np.asarray(binary_erosion(trace.subject > MASKED, border_value=1))
    return subject & (seen[usable].mean(axis=0) >= SEEN_SHARE) if usable.any() else subject & False


def _readable(trace: MotionTrace, within: BoolArray, usable: BoolArray, after: FloatArray) -> BoolArray:
    """(R, C) cells that have texture to read motion from, and do not move by themselves all the time."""
    if not within.any():
        return within
    usual = median(after[usable], axis=0)
    textured = trace.texture * trace.geometry.cell_px**2 > READABLE * usual
    return within & textured & (usual <= PARALLAX * np.median(usual[within]))


def _without_surface(data: FloatArray, seen: BoolArray, texture: FloatArray) -> FloatArray:
    """Subtract from each frame the smooth surface that the camera's motion leaves over the limb.

    A robustly weighted quadratic in place, per channel and frame: brief local movements are outliers.
    """
    rows, cols = texture.shape
    y, x = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, cols), indexing="ij")
    basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6).astype(np.float32)
    pairs = (basis[:, :, None] * basis[:, None, :]).reshape(-1, 36)
    known = seen.reshape(len(seen), -1).astype(np.float32)
    trust = (texture / (texture + np.median(texture[texture > 0]) + 1e-9) if (texture > 0).any() else texture).reshape(
        -1
    )
    for k, channel in enumerate(data):
        flat = channel.reshape(len(channel), -1)
        weight0 = known * trust.astype(np.float32) if k < 2 else known
        weight = weight0
        for turn in range(SURFACE_ROUNDS):
            normal = (weight @ pairs).reshape(-1, 6, 6) + 1e-3 * np.eye(6)
            right = (weight * flat) @ basis
            left = flat - np.linalg.solve(normal, right[..., None])[..., 0].astype(np.float32) @ basis.T
            if turn < SURFACE_ROUNDS - 1:
                spread = np.sum(weight0 * np.abs(left), axis=1) / np.maximum(weight0.sum(axis=1), 1e-6)
                weight = weight0 / np.square(1 + np.square(left / (2 * 1.25 * spread[:, None] + 1e-6)))
        channel[...] = left.reshape(channel.shape)
    return data


def _bridge(data: FloatArray, seen: BoolArray) -> None:
    """Replace, in place, what is not seen by a straight line in time between what is."""
    flat = data.reshape(N_CHANNELS, len(seen), -1)
    known = seen.reshape(len(seen), -1)
    index = np.arange(len(seen))
    for cell in np.flatnonzero(known.any(axis=0) & ~known.all(axis=0)):
        here = known[:, cell]
        for k in range(N_CHANNELS):
            flat[k, ~here, cell] = np.interp(index[~here], index[here], flat[k, here, cell])
    flat[:, :, ~known.any(axis=0)] = 0


def running_median(channel: FloatArray, length_s: float, step: float) -> FloatArray:
    """Slow part of (N, R, C): running median of short block means, smoothed and drawn out linearly.

    A median, not a mean: a strong twitch must not dig troughs beside itself.
    """
    from scipy.ndimage import uniform_filter1d

    block = min(max(1, round(BLOCK_S / step)), len(channel))
    n_blocks = max(1, len(channel) // block)
    means = channel[: n_blocks * block].reshape(n_blocks, block, *channel.shape[1:]).mean(axis=1)
    length = max(1, round(length_s / (block * step))) | 1
    ends = ((length // 2, length // 2), (0, 0))
    slow = np.stack(  # a row of cells at a time keeps memory small
        [median(sliding_window_view(np.pad(row, ends, "edge"), length, axis=0)) for row in means.swapaxes(0, 1)], axis=1
    )
    slow = uniform_filter1d(slow, max(1, length // SMOOTHING), axis=0, mode="nearest")
    place = (np.arange(len(channel)) - (block - 1) / 2) / block
    left = np.clip(np.floor(place).astype(int), 0, max(0, n_blocks - 2))
    part = np.clip(place - left, 0, 1).astype(np.float32)[:, None, None]
    right = np.minimum(left + 1, n_blocks - 1)
    out: FloatArray = slow[left] * (1 - part) + slow[right] * part
    return out
