"""Where the limb lies in the scene."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fascidetect.model import FloatArray
from fascidetect.phantom.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Limb:
    """A tapering, softly bulging cylinder across the picture.

    Parameters
    ----------
    x_px, y_px
        A point of the axis: the middle of the picture.
    angle_deg
        Direction of the axis, from x towards y.
    half_px
        Half its width there.
    length_px
        Distance along the axis over which it tapers and bulges.
    """

    x_px: float
    y_px: float
    angle_deg: float
    half_px: float
    length_px: float

    @staticmethod
    def of(recipe: Recipe) -> Limb:
        """Find the width that covers the wanted share of the picture."""
        w, h = recipe.width_px, recipe.height_px
        y, x = np.mgrid[0 : h : max(1, h // 90), 0 : w : max(1, w // 90)]
        low, high = 0.0, 20.0 * math.hypot(w, h)
        for _ in range(40):
            half = (low + high) / 2
            limb = Limb((w - 1) / 2, (h - 1) / 2, recipe.scene.limb_angle_deg, half, math.hypot(w, h))
            if np.mean(np.abs(limb.across(x, y)) < 1) < recipe.scene.limb_share:
                low = half
            else:
                high = half
        return Limb((w - 1) / 2, (h - 1) / 2, recipe.scene.limb_angle_deg, high, math.hypot(w, h))

    def across(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Place across the limb: 0 on the axis, -1 and 1 on the two edges."""
        along, side = self._axes(x, y)
        return side / self._half(along)

    def depth_px(self, x: FloatArray | float, y: FloatArray | float) -> FloatArray:
        """Distance from the nearer edge, positive inside."""
        along, side = self._axes(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        return self._half(along) - np.abs(side)

    def _axes(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        c, s = math.cos(math.radians(self.angle_deg)), math.sin(math.radians(self.angle_deg))
        dx, dy = x - self.x_px, y - self.y_px
        return dx * c + dy * s, dy * c - dx * s

    def _half(self, along: FloatArray) -> FloatArray:
        s = along / self.length_px
        return np.asarray(self.half_px * np.maximum(0.3, 1 - 0.25 * s + 0.10 * np.cos(2 * np.pi * (s + 0.15))))
