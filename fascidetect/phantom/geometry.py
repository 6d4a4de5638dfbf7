"""Where the limb, or whatever is filmed, lies in the scene."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fascidetect.model import FloatArray
from fascidetect.phantom.eye import Lids
from fascidetect.phantom.recipe import Recipe, View


@dataclass(frozen=True, slots=True)
class Limb:
    """A tapering, softly bulging cylinder across the picture; other views have other outlines.

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
    view
        Outline.
    lids
        Of an eyelid.
    """

    x_px: float
    y_px: float
    angle_deg: float
    half_px: float
    length_px: float
    view: View = "limb"
    lids: Lids | None = None

    @staticmethod
    def of(recipe: Recipe) -> Limb:
        """Find the width that covers the wanted share of the picture."""
        w, h, view = recipe.width_px, recipe.height_px, recipe.scene.view
        x0, y0, angle, length = (w - 1) / 2, (h - 1) / 2, recipe.scene.limb_angle_deg, math.hypot(w, h)
        if view == "eyelid":  # softly curved, wider than the picture
            return Limb(x0, y0, 0.0, 0.9 * h, length, view, Lids.of(recipe))
        if view in ("sole", "tongue"):  # heel and tip lie within the picture
            turn = math.radians(angle)
            length = abs(w * math.cos(turn)) + abs(h * math.sin(turn))
        y, x = np.mgrid[0 : h : max(1, h // 90), 0 : w : max(1, w // 90)]
        low, high = 0.0, 20.0 * math.hypot(w, h)
        for _ in range(40):
            half = (low + high) / 2
            if np.mean(np.abs(Limb(x0, y0, angle, half, length, view).across(x, y)) < 1) < recipe.scene.limb_share:
                low = half
            else:
                high = half
        return Limb(x0, y0, angle, high, length, view)

    def across(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Place across the limb: 0 on the axis, -1 and 1 on the two edges."""
        along, side = self._axes(x, y)
        return side / np.maximum(self._half(along, side), 0.5)

    def lifted(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Cosine of the angle by which the surface is turned from the camera: 1 on the axis, 0 at the rims."""
        return np.asarray(np.sqrt(np.maximum(0, 1 - np.square(self.across(x, y)))))

    def normal(self) -> tuple[float, float]:
        """Direction (x, y) across the limb."""
        turn = math.radians(self.angle_deg)
        return -math.sin(turn), math.cos(turn)

    def cover(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Share of each place that it covers; its edge is one px wide."""
        if self.lids:
            return np.ones(np.broadcast_shapes(np.shape(x), np.shape(y)))
        return np.asarray(np.clip(self.depth_px(x, y) + 0.5, 0, 1))

    def depth_px(self, x: FloatArray | float, y: FloatArray | float) -> FloatArray:
        """Distance from the nearer edge, positive inside."""
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        if self.lids:
            return self.lids.depth_px(x, y)
        along, side = self._axes(x, y)
        return self._half(along, side) - np.abs(side)

    def _axes(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        c, s = math.cos(math.radians(self.angle_deg)), math.sin(math.radians(self.angle_deg))
        dx, dy = x - self.x_px, y - self.y_px
        return dx * c + dy * s, dy * c - dx * s

    def _half(self, along: FloatArray, side: FloatArray) -> FloatArray:
        s = along / self.length_px
        if self.view == "sole":  # ball, arch on one side, heel
            arch = 0.40 * (side > 0) * np.exp(-(((s - 0.02) / 0.14) ** 2))
            return np.asarray(self.half_px * (1 - 0.25 * (s + 0.3) - arch) * _rounded((s - 0.22) / 0.26))
        if self.view == "tongue":
            return np.asarray(self.half_px * _rounded((s + 0.1) / 0.5))
        return np.asarray(self.half_px * np.maximum(0.3, 1 - 0.25 * s + 0.10 * np.cos(2 * np.pi * (s + 0.15))))


def _rounded(z: FloatArray) -> FloatArray:
    """Width of an end that rounds off from 0 to 1, and is negative beyond."""
    z = np.maximum(0, z)
    return np.asarray(np.sqrt(np.maximum(0, 1 - z**2.5)) - np.maximum(0, z - 1))
