"""Hairs over the skin: drawn once, or anew for each picture when a wind moves them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from fascidetect.model import ByteArray, FloatArray
from fascidetect.phantom.motion import STEP_S, colored, steps, window
from fascidetect.phantom.recipe import Recipe, Scene

_LAG_S = 0.25
"""Sd of the time by which one hair follows the wind later than another."""


@dataclass(frozen=True, slots=True)
class Hairs:
    """Bent lines over a picture.

    Parameters
    ----------
    size
        Height and width of the picture, texels.
    points
        (N, P, 2) texels (x, y), from root to tip.
    levels
        (N,) how much each covers, 0..1.
    blur
        Sd, texels.
    dark
        Share of the light that full cover takes.
    """

    size: tuple[int, int]
    points: FloatArray
    levels: FloatArray
    blur: float
    dark: float

    def cover(self, bend: FloatArray | None = None) -> FloatArray:
        """(h, w) cover, 0..1, when each hair is bent: (N, P, 2) texels."""
        drawn = np.zeros(self.size, np.float32)
        places = self.points if bend is None else self.points + bend
        for line, level in zip(np.round(places * 16).astype(np.int32), self.levels.tolist(), strict=True):
            cv2.polylines(drawn, [line], False, level, 1, cv2.LINE_AA, 4)  # noqa: FBT003
        return np.asarray(cv2.GaussianBlur(drawn, (0, 0), self.blur), dtype=np.float32)


def grow(rng: np.random.Generator, size: tuple[int, int], scene: Scene, *, scale: float) -> Hairs | None:
    """Bent hairs, roughly combed one way; None where there is none."""
    height, width = size
    count = rng.poisson(scene.hair_per_cm2 * height * width / (10 * scale) ** 2)
    if not count:
        return None
    combed = np.radians(scene.limb_angle_deg + 20) + rng.normal(0, 0.35, count)
    s = np.linspace(0, 1, 9)
    lines, levels = [], []
    for angle in combed:
        length, bend = rng.uniform(4, 13) * scale, rng.normal(0, 0.5)
        turn = angle + bend * s
        course = np.stack([np.cos(turn), np.sin(turn)], 1) * (length / len(s))
        lines.append(rng.uniform(0, (width, height)) + np.cumsum(course, 0))
        levels.append(round(float(rng.uniform(0.35, 0.9)) * 255) / 255)
    return Hairs(size, np.array(lines), np.array(levels), max(0.6, 0.05 * scale), 0.75 - 0.25 * scene.tone)


def darken(picture: FloatArray, hairs: Hairs) -> None:
    """Draw hairs over a picture, (h, w, 3)."""
    picture *= 1 - hairs.cover()[..., None] * hairs.dark


@dataclass(frozen=True, slots=True)
class Wind:
    """Hairs in the wind: roots stay, tips waver in gusts that reach one hair after the other.

    Parameters
    ----------
    hairs
        At rest, with the blur of the lens.
    course_px
        (T,) motion of the tips in steps of a path, for each wind.
    direction
        (x, y) of each wind.
    lag_s
        (N,) of each hair.
    fineness
        Texels per px.
    """

    hairs: Hairs
    course_px: tuple[FloatArray, ...]
    direction: tuple[tuple[float, float], ...]
    lag_s: FloatArray
    fineness: int

    @staticmethod
    def of(recipe: Recipe, hairs: Hairs, fineness: int, rng: np.random.Generator) -> Wind:
        """Draw the gusts of all winds of a recipe."""
        t = steps(recipe)
        winds = [n for n in recipe.nuisances if n.kind == "wind"]
        courses = [n.strength * colored(rng, len(t), _gusts) * window(n, t) for n in winds]
        turns = [math.radians(n.direction_deg) for n in winds]
        directions = tuple((math.cos(turn), math.sin(turn)) for turn in turns)
        return Wind(hairs, tuple(courses), directions, rng.normal(0, _LAG_S, len(hairs.levels)), fineness)

    def tips(self, time_s: float) -> FloatArray:
        """(N, 2) motion of the tip of each hair, px."""
        total = np.zeros((len(self.lag_s), 2))
        for course, direction in zip(self.course_px, self.direction, strict=True):
            at = np.interp((time_s - self.lag_s) / STEP_S, np.arange(len(course)), course)
            total += at[:, None] * np.array(direction)
        return total

    def cover(self, time_s: float) -> ByteArray:
        """(h, w) texture of their cover at one time, 0..255."""
        along = np.square(np.linspace(0, 1, self.hairs.points.shape[1]))
        bend = self.fineness * along[None, :, None] * self.tips(time_s)[:, None]
        return np.round(self.hairs.cover(bend) * 255).astype(np.uint8)


def _gusts(f: FloatArray) -> FloatArray:
    """Amplitude of wavering hairs: mostly 0.3 to 4 Hz."""
    return np.asarray((f > 0.1) / (1 + (f / 2.5) ** 2))
