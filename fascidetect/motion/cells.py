"""Displacement, shading and unexplained change of every cell against the reference.

Direct least squares (Lucas & Kanade 1981, IJCAI) in a Gaussian window of about 3.5 cells. Flow and
frame difference are one measurement: the displacement explains part of the change d, the rest stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fascidetect.model import BoolArray, FloatArray
from fascidetect.motion.contrast import cell_mean, gradient
from fascidetect.settings import MeasureSettings

FEWEST = 1e-3  # share of a window that must be subject
REFINE_PX = 0.35  # one linear step is exact enough below this displacement
REFINE_ROUNDS = 2
FARTHEST_PX = 6.0  # beyond this the window does not hold what moved since the last frame
STILL_PX = 0.01  # a field of less than this is no field
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
        """Mean squared gradient (percent contrast per analysis_px, squared), (R, C)."""
        return 0.5 * (self.axx + self.ayy)


@dataclass(frozen=True, slots=True)
class CellMotion:
    """Motion of every cell in one frame; shapes (R, C, 2), (R, C), (R, C, 2)."""

    displacement_px: FloatArray
    shading_pct: FloatArray
    residual: FloatArray


def _window_mean(image: FloatArray, system: CellSystem) -> FloatArray:
    pooled = cell_mean(image, system.cell_px)
    pooled = cv2.GaussianBlur(pooled, (0, 0), system.sigma_cells, borderType=cv2.BORDER_CONSTANT)
    return pooled * system.norm


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
    share = cv2.GaussianBlur(share, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    norm = np.where(share > FEWEST, 1 / np.maximum(share, FEWEST), 0).astype(np.float32)
    gx, gy = (g * weight for g in gradient(reference))
    empty = np.zeros_like(norm)
    bare = CellSystem(weight, gx, gy, norm, empty, empty, empty, empty, empty, cell_px, sigma, settings.flow_ridge)
    mx, my = _window_mean(gx, bare), _window_mean(gy, bare)
    axx = _window_mean(gx * gx, bare) - mx * mx
    axy = _window_mean(gx * gy, bare) - mx * my
    ayy = _window_mean(gy * gy, bare) - my * my
    return CellSystem(weight, gx, gy, norm, mx, my, axx, axy, ayy, cell_px, sigma, settings.flow_ridge)


def _step(system: CellSystem, d: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Displacement (R, C, 2) that explains d (h, w), and the variance of d before and after."""
    md = _window_mean(d, system)
    bx = _window_mean(system.gx * d, system) - system.mean_gx * md
    by = _window_mean(system.gy * d, system) - system.mean_gy * md
    axx, ayy, axy = system.axx + system.ridge, system.ayy + system.ridge, system.axy
    det = axx * ayy - axy * axy
    u = (axy * by - ayy * bx) / det
    v = (axy * bx - axx * by) / det
    before = np.maximum(_window_mean(d * d, system) - md * md, 0)
    after = np.maximum(before + u * bx + v * by, 0)
    return np.stack([u, v], axis=-1), before, after


@dataclass(frozen=True, slots=True)
class Pair:
    """Local contrast and smoothed luma of one picture, both (h, w) float32."""

    contrast: FloatArray
    luma: FloatArray


def measure_cells(  # noqa: PLR0913 - two pictures and how they lie to each other
    system: CellSystem, frame: Pair, reference: Pair, affine: FloatArray, gain: float, guess_px: FloatArray, calm: BoolArray
) -> tuple[CellMotion, Pair]:
    """Motion of every cell, starting from a guess.

    Parameters
    ----------
    system
        Made from the reference, perhaps a few frames ago.
    affine
        (3, 3), reference to frame, analysis_px.
    gain
        Contrast of the frame relative to the reference, minus 1.
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
    here = warp(frame, affine, reference, guess_px, system.cell_px)
    more, before, after = _step(system, (here.contrast - (1 + gain) * reference.contrast) * system.weight)
    more = np.clip(more, -FARTHEST_PX, FARTHEST_PX)
    lit = shading(system, here.luma, reference.luma, more)
    left = more
    for _ in range(REFINE_ROUNDS):
        if not np.any(np.abs(left[calm]) > REFINE_PX):
            break
        again = warp(frame, affine, reference, guess_px + more, system.cell_px)
        left, _, after = _step(system, (again.contrast - (1 + gain) * reference.contrast) * system.weight)
        more = np.clip(more + np.clip(left, -1, 1), -FARTHEST_PX, FARTHEST_PX)
    residual = np.sqrt(np.stack([before, np.minimum(after, before)], axis=-1))
    return CellMotion(guess_px + more, lit, residual), here


def warp(frame: Pair, affine: FloatArray, outside: Pair, displacement_px: FloatArray, cell_px: int) -> Pair:
    """Bring a frame into reference coordinates, undoing the camera's and the given local motion.

    Where the frame has no picture, `outside` is shown: what lies there differs from the reference by
    nothing, and borders make no motion.
    """
    h, w = frame.luma.shape
    crop = 3  # the blur's reach: pixels nearer to the edge are mixed with what is not there
    inner = cv2.merge([frame.contrast[crop : h - crop, crop : w - crop], frame.luma[crop : h - crop, crop : w - crop]])
    target = cv2.merge([outside.contrast, outside.luma])
    a = affine.astype(np.float32)
    if np.abs(displacement_px).max(initial=0) < STILL_PX:
        matrix = a[:2].copy()
        matrix[:, 2] -= crop
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        out = cv2.warpAffine(inner, matrix, (w, h), dst=target, flags=flags, borderMode=cv2.BORDER_TRANSPARENT)
    else:
        dense = cv2.resize(displacement_px.astype(np.float32), (w, h), interpolation=cv2.INTER_LINEAR)
        x = dense[..., 0] + np.arange(w, dtype=np.float32)
        y = dense[..., 1] + np.arange(h, dtype=np.float32)[:, None]
        map_x = a[0, 0] * x + a[0, 1] * y + (a[0, 2] - crop)
        map_y = a[1, 0] * x + a[1, 1] * y + (a[1, 2] - crop)
        out = cv2.remap(inner, map_x, map_y, cv2.INTER_LINEAR, dst=target, borderMode=cv2.BORDER_TRANSPARENT)
    return Pair(*cv2.split(out))


def shading(
    system: CellSystem, luma_warped: FloatArray, luma_reference: FloatArray, displacement_px: FloatArray
) -> FloatArray:
    """Local change of brightness in percent that motion of the picture does not carry along, (R, C)."""
    change = _window_mean((luma_warped - luma_reference) * system.weight, system)
    level = cell_mean(luma_reference, system.cell_px)
    lx, ly = (g / system.cell_px for g in gradient(level))
    carried = lx * displacement_px[..., 0] + ly * displacement_px[..., 1]
    return 100 * (change + carried) / np.maximum(level, DARKEST)
