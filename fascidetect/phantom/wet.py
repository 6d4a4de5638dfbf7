"""Glitter of a wet surface: highlights that come and go where moist bumps meet the light."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fascidetect.model import FloatArray
from fascidetect.phantom.motion import STEP_S, colored, steps
from fascidetect.phantom.recipe import Recipe
from fascidetect.phantom.skin import blurred, noise

_MARGIN_PX = 16
_CREEP_PX = 2.0
"""Wander of the film of saliva, px rms."""


@dataclass(frozen=True, slots=True)
class Glitter:
    """Two rough fields, one on the skin and one in the film above it: they shine where both are high.

    Parameters
    ----------
    bumps
        (h, w) on the skin, in texels of its layer, sd 1.
    film
        (h, w) in the picture, px, with a margin, sd 1.
    creep_px
        (T, 2) motion of the film in steps of a path.
    level
        Gray levels of a full highlight.
    """

    bumps: FloatArray
    film: FloatArray
    creep_px: FloatArray
    level: float

    @staticmethod
    def of(recipe: Recipe, size: tuple[int, int], fineness: int, rng: np.random.Generator) -> Glitter:
        """Draw both for a layer of the given size, texels."""
        scale = 1 / recipe.scene.mm_per_px
        picture = recipe.height_px + 2 * _MARGIN_PX, recipe.width_px + 2 * _MARGIN_PX
        film = 0.6 * noise(rng, picture, max(9 * scale, 8.0)) + 0.8 * noise(rng, picture, max(1.5 * scale, 3.0))
        bumps = blurred(noise(rng, size, max(0.8 * scale * fineness, 3.0)), 1.0)
        slow = [colored(rng, len(steps(recipe)), lambda f: (f > 0.05) / (1 + (f / 0.5) ** 2)) for _ in range(2)]
        return Glitter(bumps, film, _CREEP_PX * np.stack(slow, 1), 150 * recipe.scene.gloss * recipe.scene.exposure)

    def sheen(self, time_s: float) -> FloatArray:
        """(h, w) film over the picture at one time."""
        t = np.arange(len(self.creep_px)) * STEP_S
        dx, dy = (float(np.interp(time_s, t, course)) for course in self.creep_px.T)
        turn = np.array([[1, 0, dx - _MARGIN_PX], [0, 1, dy - _MARGIN_PX]])
        size = self.film.shape[1] - 2 * _MARGIN_PX, self.film.shape[0] - 2 * _MARGIN_PX
        moved = cv2.warpAffine(self.film, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(moved, dtype=np.float32)

    def shine(self, x: FloatArray, y: FloatArray, sheen: FloatArray) -> FloatArray:
        """Gray levels to add where places of the picture look at texels (x, y) of the skin."""
        bumps = cv2.remap(self.bumps, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(self.level * np.clip((bumps + 1.3 * sheen - 2.0) / 0.8, 0, 1), dtype=np.float32)
