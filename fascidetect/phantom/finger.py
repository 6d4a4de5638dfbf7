"""A finger that comes before the lens: far out of focus, and at rest in the picture, not in the scene."""

from __future__ import annotations

import math

import numpy as np

from fascidetect.model import FloatArray
from fascidetect.phantom.motion import smooth
from fascidetect.phantom.recipe import Nuisance, Recipe

_ENTRY_S = 0.4
"""Time in which it comes in, and goes."""

_SOFT = 0.5
"""Width of its blurred edge, in halves of its own width."""

_SHADE = np.array([0.62, 0.42, 0.36], dtype=np.float32)
"""Its color by the color of skin: dark and red, because light comes through it."""


def color(base: FloatArray) -> FloatArray:
    """RGB of the finger from that of the skin."""
    return np.asarray(base * _SHADE, dtype=np.float32)


def cover(recipe: Recipe, time_s: float, x: FloatArray, y: FloatArray) -> FloatArray | None:
    """Share of each place of the picture (x, y, px) that fingers hide; None while there is none."""
    total: FloatArray | None = None
    for nuisance in recipe.nuisances:
        if nuisance.kind == "finger" and nuisance.start_s < time_s < nuisance.end_s:
            one = _cover(recipe, nuisance, time_s, x, y)
            total = one if total is None else np.maximum(total, one)
    return total


def _cover(recipe: Recipe, nuisance: Nuisance, time_s: float, x: FloatArray, y: FloatArray) -> FloatArray:
    """One finger: a bar with a round tip, which lies two half widths within the picture when it is in."""
    w, h, half = recipe.width_px, recipe.height_px, nuisance.strength
    ux, uy = math.cos(math.radians(nuisance.direction_deg)), math.sin(math.radians(nuisance.direction_deg))
    dx, dy = x - (w - 1) / 2, y - (h - 1) / 2
    edge = -min(side / (2 * max(abs(u), 1e-9)) for side, u in ((w, ux), (h, uy)))
    come = float(smooth((time_s - nuisance.start_s) / _ENTRY_S) * smooth((nuisance.end_s - time_s) / _ENTRY_S))
    tip = edge + half * (2 * come - (1 - come) * _SOFT)
    along, side = dx * ux + dy * uy - (tip - half), dy * ux - dx * uy
    away = np.hypot(np.maximum(along, 0), side)
    return np.asarray(smooth((half - away) / (_SOFT * half) + 0.5), dtype=np.float32)
