"""What the light does: factors by which a frame is brightened or darkened."""

from __future__ import annotations

import math

import numpy as np

from fascidetect.model import FloatArray
from fascidetect.phantom.motion import smooth
from fascidetect.phantom.recipe import Nuisance, Recipe

_READOUT_S = 0.012
"""Time from the first to the last line of a picture, which makes bands of mains flicker, where the camera has none."""


def rows_gain(recipe: Recipe, time_s: float) -> FloatArray:
    """(h, 1) factor of each line: exposure steps and banded flicker."""
    gain = np.ones((recipe.height_px, 1))
    for nuisance in recipe.nuisances:
        share = nuisance.strength / 100
        if nuisance.kind == "exposure":
            gain *= 1 + share * float(smooth((time_s - nuisance.start_s) / 0.25))
        elif nuisance.kind == "flicker" and nuisance.start_s <= time_s <= nuisance.end_s:
            readout_s = recipe.camera.rolling_shutter_s or _READOUT_S
            line_s = time_s + np.linspace(0, readout_s, recipe.height_px)[:, None]
            gain *= 1 + share * np.sin(2 * np.pi * (nuisance.rate_hz or 100.0) * line_s)
    return gain.astype(np.float32)


def shadow_gain(recipe: Recipe, time_s: float) -> FloatArray | None:
    """(h, w) factor of shadows passing over the picture, None while there is none."""
    total: FloatArray | None = None
    for nuisance in recipe.nuisances:
        if nuisance.kind == "shadow":
            part = _shadow(recipe, nuisance, time_s)
            if part is not None:
                total = part if total is None else total * part
    return total


def _shadow(recipe: Recipe, nuisance: Nuisance, time_s: float) -> FloatArray | None:
    """A soft dark band a third of the picture wide, crossing it from start to end."""
    w, h = recipe.width_px, recipe.height_px
    span = 4.0 if math.isinf(nuisance.end_s) else nuisance.end_s - nuisance.start_s
    along = (time_s - nuisance.start_s) / max(span, 1e-3)
    if not 0 <= along <= 1:
        return None
    turn = math.radians(nuisance.direction_deg)
    x, y = np.arange(w, dtype=np.float32) - w / 2, np.arange(h, dtype=np.float32) - h / 2
    reach = math.hypot(w, h)
    place = (math.cos(turn) * x[None] + math.sin(turn) * y[:, None]) / reach - (along - 0.5) * 1.9
    edge = 0.08
    band = smooth((0.17 - np.abs(place)) / edge + 0.5)
    return (1 - nuisance.strength / 100 * band).astype(np.float32)
