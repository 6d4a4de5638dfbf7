"""Working pictures with known motion: an analytic texture that can be moved exactly, and made skin before any codec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import av
import numpy as np

from fascidetect.model import FloatArray, Frame, Geometry, MotionTrace
from fascidetect.motion.measure import measure_frames
from fascidetect.phantom import Recipe, render
from fascidetect.settings import MeasureSettings, Roi
from fascidetect.video.pixels import Upright, chroma, luma
from helpers.synthetic import facts

GRID = Geometry(480, 270, 480, 270, 10)
"""27 x 48 cells of 10 analysis_px, one px of the full picture each."""


@dataclass(frozen=True)
class Texture:
    """Sum of plane waves, 6 to 60 px long: gray values that are known at any place, also between pixels.

    As in skin, short waves are fainter: the amplitude grows with the root of the length.
    """

    waves: FloatArray

    @staticmethod
    def make(seed: int = 0, n: int = 40) -> Texture:
        rng = np.random.default_rng(seed)
        length, turn = 6 * 10 ** rng.uniform(0, 1, n), rng.uniform(0, 2 * np.pi, n)
        wave, height = 2 * np.pi / length, np.sqrt(length / np.mean(length))
        return Texture(np.stack([wave * np.cos(turn), wave * np.sin(turn), rng.uniform(0, 2 * np.pi, n), height], 1))

    def at(self, x: FloatArray, y: FloatArray, *, mean: float = 120.0, sd: float = 14.0) -> FloatArray:
        total = np.zeros(np.broadcast(x, y).shape)
        for kx, ky, phase, height in self.waves:
            total += height * np.cos(kx * x + ky * y + phase)
        return (mean + sd * np.sqrt(2 / len(self.waves)) * total).astype(np.float32)

    def seen(self, geometry: Geometry = GRID, affine: FloatArray | None = None) -> FloatArray:
        """The picture after the scene has moved: a place p of the first picture lies at ``affine`` p."""
        x, y = places(geometry)
        back = np.linalg.inv(np.eye(3) if affine is None else affine)
        return self.at(back[0, 0] * x + back[0, 1] * y + back[0, 2], back[1, 0] * x + back[1, 1] * y + back[1, 2])


def places(geometry: Geometry = GRID) -> tuple[FloatArray, FloatArray]:
    """x and y of every working pixel, (h, w) each."""
    y, x = np.mgrid[: geometry.analysis_height_px, : geometry.analysis_width_px].astype(float)
    return x, y


def shifted(dx: float, dy: float) -> FloatArray:
    return np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1.0]])


def turned(degrees: float, zoom: float, dx: float, dy: float, geometry: Geometry = GRID) -> FloatArray:
    """Rotation and zoom about the middle of the picture, then a shift."""
    center = np.array([geometry.analysis_width_px - 1, geometry.analysis_height_px - 1]) / 2
    c, s = zoom * np.cos(np.radians(degrees)), zoom * np.sin(np.radians(degrees))
    linear = np.array([[c, -s], [s, c]])
    out = np.eye(3)
    out[:2, :2], out[:2, 2] = linear, center - linear @ center + [dx, dy]
    return out


def frames(pictures: Iterable[FloatArray], *, fps: float = 30.0) -> Iterator[Frame]:
    """Gray frames without a codec."""
    for k, picture in enumerate(pictures):
        yield Frame(k, k / fps, np.asarray(picture, np.float32), None, k == 0)


def measured(
    pictures: Sequence[FloatArray], *, fps: float = 30.0, geometry: Geometry = GRID, rois: tuple[Roi, ...] = ()
) -> MotionTrace:
    """Trace of working pictures."""
    clip = facts(geometry, len(pictures), fps)
    return measure_frames(lambda: frames(pictures, fps=fps), clip, geometry, rois, MeasureSettings())


def plan(recipe: Recipe) -> Geometry:
    ask = MeasureSettings()
    return Geometry.plan(recipe.width_px, recipe.height_px, long_side_px=ask.width_px, cells_across=ask.cells_across)


def skin_frames(recipe: Recipe, geometry: Geometry) -> Iterator[Frame]:
    """A made clip as the reader would give it, had no codec come between."""
    for picture in render(recipe):
        shown = av.VideoFrame.from_ndarray(picture.rgb, format="rgb24").reformat(format="yuv444p")
        gray, color = luma(shown, geometry, Upright()), chroma(shown, geometry, Upright())
        yield Frame(picture.index, picture.time_s, gray, color, picture.index == 0)


def measured_skin(recipe: Recipe, *, rois: tuple[Roi, ...] = ()) -> MotionTrace:
    geometry = plan(recipe)
    clip = facts(geometry, round(recipe.duration_s * recipe.camera.fps), recipe.camera.fps)
    return measure_frames(lambda: skin_frames(recipe, geometry), clip, geometry, rois, MeasureSettings())


def plateau(geometry: Geometry, center_xy: tuple[float, float], radius_px: float, rim_px: float) -> FloatArray:
    """(h, w) 1 within the radius, 0 beyond the rim, smooth between."""
    x, y = places(geometry)
    away = np.hypot(x - center_xy[0], y - center_xy[1])
    part = np.clip((away - radius_px) / rim_px, 0, 1)
    return 0.5 + 0.5 * np.cos(np.pi * part)
