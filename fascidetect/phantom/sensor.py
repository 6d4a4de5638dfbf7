"""The sensor: what it adds to a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from fascidetect.model import ByteArray, FloatArray
from fascidetect.phantom.recipe import Camera, Recipe

_SPARE = 96
"""By which the store of noise is larger than a picture, so that no two frames need have the same, px."""


@dataclass(frozen=True, slots=True)
class Grain:
    """The sensor: noise that grows with brightness, and the phone's own smoothing."""

    camera: Camera
    bank: FloatArray
    rng: np.random.Generator

    @staticmethod
    def of(recipe: Recipe, rng: np.random.Generator) -> Grain:
        """Draw the store of noise."""
        size = (recipe.height_px + _SPARE, recipe.width_px + _SPARE)
        gray, colors = rng.standard_normal(size, np.float32), rng.standard_normal((3, *size), np.float32)
        # Demosaicing ties neighbors and colors together.
        bank = [cv2.GaussianBlur(0.8 * gray + 0.6 * color, (0, 0), 0.45) for color in colors]
        return Grain(recipe.camera, np.stack([plane / plane.std() for plane in bank]), rng)

    def frame(self) -> Callable[[list[FloatArray], FloatArray, int], ByteArray]:
        """Sensor during one frame: a function of planes, their gain and their first row that gives bytes."""
        down, right, sign = self.rng.integers(0, (_SPARE, _SPARE, 2)).tolist()
        read, shot = np.float32(self.camera.read_noise**2), np.float32(self.camera.shot_noise**2 / 128)
        join = cv2.add if sign else cv2.subtract  # both round and saturate

        def expose(planes: list[FloatArray], gain: FloatArray, top: int) -> ByteArray:
            height, width = gain.shape
            rows, cols = slice(top + down, top + down + height), slice(right, right + width)
            sd = np.sqrt(planes[1] * gain * shot + read)
            noisy = [
                join(plane * gain, sd * bank[rows, cols], dtype=cv2.CV_8U)
                for plane, bank in zip(planes, self.bank, strict=True)
            ]
            return np.asarray(cv2.merge(noisy), dtype=np.uint8)

        return expose

    def smoothed(self, picture: ByteArray) -> ByteArray:
        """What the phone makes of the noise."""
        if not self.camera.denoise_px:
            return picture
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), self.camera.denoise_px), dtype=np.uint8)
