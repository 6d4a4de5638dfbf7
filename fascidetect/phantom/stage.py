"""Everything that moves in a made clip, and where chance comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fascidetect.model import FloatArray, transform
from fascidetect.phantom import motion
from fascidetect.phantom.eye import Eye
from fascidetect.phantom.geometry import Limb
from fascidetect.phantom.recipe import Recipe

STRIP = 48
"""Rows that are worked out at a time, so that they stay in the cache."""


@dataclass(frozen=True, slots=True)
class Chance:
    """One source of chance for each purpose, so that changing one leaves the others as they were."""

    skin: np.random.Generator
    background: np.random.Generator
    motion: np.random.Generator
    stamps: np.random.Generator
    noise: np.random.Generator
    eye: np.random.Generator
    places: np.random.Generator
    surface: np.random.Generator

    @staticmethod
    def of(recipe: Recipe) -> Chance:
        """Derive all of them from the recipe's seed."""
        return Chance(*np.random.default_rng(recipe.seed).spawn(8))


@dataclass(frozen=True, slots=True)
class Stage:
    """The camera, the limb and the eye, each with its course."""

    recipe: Recipe
    camera: motion.Path
    limb: motion.Path
    body: Limb
    eye: Eye

    @staticmethod
    def of(recipe: Recipe, chance: Chance) -> Stage:
        """Draw the paths."""
        camera, limb = motion.camera_path(recipe, chance.motion), motion.limb_path(recipe, chance.motion)
        return Stage(recipe, camera, limb, Limb.of(recipe), Eye.of(recipe, chance.eye))

    def affine(self, time_s: float, *, parallax: float = 1.0) -> FloatArray:
        """(3, 3) from the scene, as the first frame shows it, to the middle line of the frame at that time."""
        return motion.affine(self.camera.at(time_s), self.recipe.width_px, self.recipe.height_px, parallax=parallax)

    def place(self, time_s: float, x: float, y: float) -> tuple[float, float]:
        """Where a place of the limb appears in the picture at that time."""
        at = transform(self.affine(time_s), self.turned(time_s, np.array([x, y])) + self.limb.at(time_s)[:2])
        at = at + self._lag(time_s, at[1:])[0]
        return float(at[0]), float(at[1])

    def turned(self, time_s: float, place: FloatArray) -> FloatArray:
        """Where turning has carried a place (x, y) of the limb."""
        turn = float(self.limb.at(time_s)[4])
        if not turn:
            return place
        at, normal = place, np.array(self.body.normal())
        for _ in range(20):  # what lies at a place now has come from one that is known
            at = place + turn * float(self.body.lifted(at[:1], at[1:])[0]) * normal
        return at

    def unturn(self, time_s: float, x: FloatArray, y: FloatArray) -> None:
        """Replace places (x, y) by those at which the skin now there lay at the start."""
        turn = float(self.limb.at(time_s)[4])
        if turn:
            for top in range(0, len(x), STRIP):
                rows = slice(top, top + STRIP)
                shift = turn * self.body.lifted(x[rows], y[rows])
                for places, share in zip((x, y), self.body.normal(), strict=True):
                    places[rows] -= (share * shift).astype(np.float32)

    def lags(self, time_s: float) -> FloatArray | None:
        """(h, 2) shift of each line by the camera's motion before and after the middle one; None without."""
        if not self.recipe.camera.rolling_shutter_s:
            return None
        return self._lag(time_s, np.arange(self.recipe.height_px, dtype=float))

    def exposures(self, time_s: float) -> tuple[float, ...]:
        """Times at which a picture is taken and averaged: more, the further the camera moves meanwhile."""
        open_s = self.recipe.camera.shutter_s
        if not open_s:
            return (time_s,)
        ends = [self.camera.at(time_s + side * open_s / 2)[:2] for side in (-1, 1)]
        n = min(9, max(3, math.ceil(2 * float(np.hypot(*(ends[1] - ends[0]))))))
        return tuple(time_s + open_s * ((k + 0.5) / n - 0.5) for k in range(n))

    def _lag(self, time_s: float, rows: FloatArray) -> FloatArray:
        """(N, 2) by how much N lines (N,) are shifted."""
        late_s = self.recipe.camera.rolling_shutter_s * (rows / (self.recipe.height_px - 1) - 0.5)
        return np.asarray(self.camera.during(time_s + late_s)[:, :2] - self.camera.at(time_s)[:2])
