"""Displacement, shading and unexplained change of every cell against the reference.

Direct least squares (Lucas & Kanade 1981, IJCAI) in a Gaussian window of about 3.5 cells. Flow and
frame difference are one measurement: the displacement explains part of the change d, the rest stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fascidetect.model import BoolArray, CameraMotion, FloatArray
from fascidetect.motion.contrast import cell_mean, gradient
from fascidetect.settings import MeasureSettings

FEWEST = 1e-3  # share of a window that must be subject
REFINE_PX = 0.35  # one linear step is exact enough below this displacement
REFINE_ROUNDS = 2
FARTHEST_PX = 6.0  # beyond this the window does not hold what moved since the last frame
LUMA_STRIDE = 2  # shading is a mean over cells: half the pixels carry it
CROP_PX = 3  # the blur's reach: pixels nearer to the edge are mixed with what is not there
DARKEST = 12.0  # mean luma below which a change in percent means nothing


@dataclass(frozen=True, slots=True)
class CellSystem:
    """Normal equations of all cells for one reference picture.

    ``gx, gy`` are (h, w) masked derivatives; the rest is (R, C).
    """

    weight: FloatArray
    gx: FloatArray
    gy: FloatArray
    norm: FloatArray
    mean_gx: FloatArray
    mean_gy: FloatArray
    axx: FloatArray
    axy: FloatArray
    ayy: FloatArray
    cell_px: int
    sigma_cells: float
    ridge: float

    @property
    def texture(self) -> FloatArray:
        """Squared contrast gradient (percent per analysis_px, squared) along the worse direction, (R, C) >= 0.

        The smaller eigenvalue: an edge alone says nothing of motion along it.
        """
        half = 0.5 * (self.axx + self.ayy)
        return np.maximum(half - np.hypot(0.5 * (self.axx - self.ayy), self.axy), 0)


@dataclass(frozen=True, slots=True)
class CellMotion:
    """Motion of every cell in one frame; shapes (R, C, 2), (R, C), (R, C, 2)."""

    displacement_px: FloatArray
    shading_pct: FloatArray
    residual: FloatArray


def _window_mean(image: FloatArray, system: CellSystem) -> FloatArray:
    pooled = cell_mean(image, system.cell_px)
    smooth = cv2.GaussianBlur(pooled, (0, 0), system.sigma_cells, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(smooth * system.norm, np.float32)


def make_system(reference: FloatArray, weight: FloatArray, cell_px: int, settings: MeasureSettings) -> CellSystem:
    """Normal equations of the reference.

    Parameters
    ----------
    reference
        Shape (h, w), local contrast.
    weight
        Shape (h, w), 0..1: what belongs to the subject.
    """
    sigma = settings.flow_sigma_cells
    share = cell_mean(weight, cell_px)
    share = np.asarray(cv2.GaussianBlur(share, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT), np.float32)
    norm = np.where(share > FEWEST, 1 / np.maximum(share, FEWEST), 0).astype(np.float32)
    gx, gy = gradient(reference)
    gx *= weight
    gy *= weight
    empty = np.zeros_like(norm)
    bare = CellSystem(weight, gx, gy, norm, empty, empty, empty, empty, empty, cell_px, sigma, settings.flow_ridge)
    product = np.empty_like(gx)  # as in `_step`

    def mean_of(one: FloatArray, other: FloatArray) -> FloatArray:
        return _window_mean(np.multiply(one, other, out=product), bare)

    mx, my = _window_mean(gx, bare), _window_mean(gy, bare)
    axx, axy, ayy = mean_of(gx, gx) - mx * mx, mean_of(gx, gy) - mx * my, mean_of(gy, gy) - my * my
    return CellSystem(weight, gx, gy, norm, mx, my, axx, axy, ayy, cell_px, sigma, settings.flow_ridge)


def _step(
    system: CellSystem, contrast: FloatArray, gain: float, reference: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Displacement (R, C, 2) that explains the frame's change d, and the variance of d before and after."""
    d = np.multiply(reference, 1 + gain)  # in place from here on: pages of fresh memory cost more than the sums
    np.subtract(contrast, d, out=d)
    d *= system.weight
    product = np.empty_like(d)

    def mean_with(other: FloatArray) -> FloatArray:
        return _window_mean(np.multiply(other, d, out=product), system)

    md = _window_mean(d, system)
    bx = mean_with(system.gx) - system.mean_gx * md
    by = mean_with(system.gy) - system.mean_gy * md
    axx, ayy, axy = system.axx + system.ridge, system.ayy + system.ridge, system.axy
    det = axx * ayy - axy * axy
    u = (axy * by - ayy * bx) / det
    v = (axy * bx - axx * by) / det
    before = np.maximum(mean_with(d) - md * md, 0)
    after = np.maximum(before + u * bx + v * by, 0)
    return np.stack([u, v], axis=-1), before, after


@dataclass(frozen=True, slots=True)
class Pair:
    """Two views of one picture: local contrast (h, w), and smoothed luma thinned by `LUMA_STRIDE`."""

    contrast: FloatArray
    luma: FloatArray


def make_pair(contrast: FloatArray, luma: FloatArray) -> Pair:
    """Both views from pictures of full working size (h, w)."""
    h, w = luma.shape
    thin = cv2.resize(luma, (w // LUMA_STRIDE, h // LUMA_STRIDE), interpolation=cv2.INTER_AREA)
    return Pair(contrast, np.asarray(thin, np.float32))


def measure_cells(
    system: CellSystem,
    frame: Pair,
    reference: Pair,
    camera: CameraMotion,
    guess_px: FloatArray,
    calm: BoolArray,
) -> tuple[CellMotion, Pair]:
    """Motion of every cell, starting from a guess.

    Parameters
    ----------
    system
        Made from the reference, perhaps a few frames ago.
    camera
        How the frame lies against the reference.
    guess_px
        (R, C, 2) where the cells were last, smooth; what is measured is what is left.
    calm
        (R, C) cells that are usually near the guess: when one of them leaves it, it is worth another round.

    Returns
    -------
    tuple
        The motion, and the frame as it lies over the reference once the guess is undone.

    Notes
    -----
    One linear step reads 2 px a quarter too small, so larger steps are refined by warping again.
    """
    affine, gain = camera.affine, camera.gain
    grid = landing(affine, guess_px, system.cell_px)
    here = Pair(
        warp(frame.contrast, grid, reference.contrast),
        warp(frame.luma, grid, reference.luma, LUMA_STRIDE),
    )
    more, before, after = _step(system, here.contrast, gain, reference.contrast)
    more = np.clip(more, -FARTHEST_PX, FARTHEST_PX)
    lit = shading(system, here.luma, reference.luma, more)
    left = more
    for _ in range(REFINE_ROUNDS):
        if not np.any(np.abs(left[calm]) > REFINE_PX):
            break
        there = landing(affine, guess_px + more, system.cell_px)
        again = warp(frame.contrast, there, reference.contrast)
        left, _, after = _step(system, again, gain, reference.contrast)
        more = np.clip(more + np.clip(left, -1, 1), -FARTHEST_PX, FARTHEST_PX)
    residual = np.sqrt(np.stack([before, np.minimum(after, before)], axis=-1))
    return CellMotion(guess_px + more, lit, residual), here


def landing(affine: FloatArray, displacement_px: FloatArray, cell_px: int) -> FloatArray:
    """Where cell centers of the reference lie in the frame, (R + 2, C + 2, 2) as (x, y), one cell beyond the border.

    Between cell centers it is meant to be interpolated linearly, which keeps the affine part exact.
    """
    rows, cols = displacement_px.shape[:2]
    x = np.arange(-1, cols + 1, dtype=np.float32) * cell_px + (cell_px - 1) / 2
    y = np.arange(-1, rows + 1, dtype=np.float32)[:, None] * cell_px + (cell_px - 1) / 2
    d = np.pad(displacement_px.astype(np.float32), ((1, 1), (1, 1), (0, 0)), mode="edge")
    x, y = x + d[..., 0], y + d[..., 1]
    a = affine.astype(np.float32)
    return np.stack([a[0, 0] * x + a[0, 1] * y + a[0, 2], a[1, 0] * x + a[1, 1] * y + a[1, 2]], axis=-1)


def warp(image: FloatArray, grid: FloatArray, outside: FloatArray, stride: int = 1) -> FloatArray:
    """Bring a frame into reference coordinates.

    Parameters
    ----------
    image, outside
        Shape (h, w), thinned by `stride`. Where the frame has no picture, `outside` is shown: what lies
        there then differs from the reference by nothing, and borders make no motion.
    grid
        From `landing`, in full working pixels.
    """
    h, w = image.shape
    rows, cols = grid.shape[0] - 2, grid.shape[1] - 2
    crop = CROP_PX if stride == 1 else 1
    scaled = (grid - (stride - 1) / 2) / stride - crop
    big = (round(w * (cols + 2) / cols), round(h * (rows + 2) / rows))
    dense = cv2.resize(scaled, big, interpolation=cv2.INTER_LINEAR)
    top, left = (big[1] - h) // 2, (big[0] - w) // 2
    inner = image[crop : h - crop, crop : w - crop]
    if not inner.size:  # OpenCV would read beyond it
        return outside.copy()
    where = dense[top : top + h, left : left + w]
    warped = cv2.remap(  # type: ignore[call-overload]  # the stub does not know a map of two channels
        inner, where, None, cv2.INTER_LINEAR, dst=outside.copy(), borderMode=cv2.BORDER_TRANSPARENT
    )
    return np.asarray(warped, np.float32)


def shading(
    system: CellSystem, luma_warped: FloatArray, luma_reference: FloatArray, displacement_px: FloatArray
) -> FloatArray:
    """Local change of brightness in percent that motion of the picture does not carry along, (R, C).

    Parameters
    ----------
    luma_warped, luma_reference
        Thinned by `LUMA_STRIDE`.
    displacement_px
        (R, C, 2) left after warping, analysis_px.
    """
    rows, cols = system.axx.shape
    size = (cols, rows)
    thin = cv2.resize(system.weight, luma_warped.shape[::-1], interpolation=cv2.INTER_NEAREST)
    change = cv2.resize((luma_warped - luma_reference) * thin, size, interpolation=cv2.INTER_AREA)
    change = cv2.GaussianBlur(change, (0, 0), system.sigma_cells, borderType=cv2.BORDER_CONSTANT) * system.norm
    level = np.asarray(cv2.resize(luma_reference, size, interpolation=cv2.INTER_AREA), np.float32)
    lx, ly = (g / system.cell_px for g in gradient(level))
    carried = lx * displacement_px[..., 0] + ly * displacement_px[..., 1]
    return 100 * (change + carried) / np.maximum(level, DARKEST)
