"""Single places that move: twitches, and what beats or never rests."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from fascidetect.model import FloatArray
from fascidetect.phantom import motion, twitch
from fascidetect.phantom.recipe import Nuisance, Recipe, Twitch


@dataclass(frozen=True, slots=True)
class Local:
    """A place that moves: its field in space, its course in time, and when there is any."""

    shape: Twitch
    course: Callable[[float], float]
    start_s: float
    end_s: float


def places(recipe: Recipe, rng: np.random.Generator) -> tuple[Local, ...]:
    """All places that move of their own."""
    found = [Local(t, partial(twitch.value, t), t.start_s, t.start_s + twitch.lasting_s(t)) for t in recipe.twitches]
    for nuisance in recipe.nuisances:
        if nuisance.kind in ("pulse", "rhythmic"):
            shape = _beating(recipe, nuisance)
            found.append(Local(shape, partial(motion.beat, nuisance), nuisance.start_s, nuisance.end_s))
        elif nuisance.kind == "continuous":
            found += _restless(recipe, nuisance, rng)
    return tuple(found)


def _beating(recipe: Recipe, nuisance: Nuisance) -> Twitch:
    """Field of a place that moves again and again: a vessel bulges, a muscle shifts and rises."""
    x, y, radius = nuisance.x_px, nuisance.y_px, nuisance.radius_px
    if not radius:
        x, y, radius = recipe.width_px / 2, recipe.height_px / 2, 40.0
    return Twitch(
        0.0,
        x,
        y,
        nuisance.strength,
        radius,
        kind="bulge" if nuisance.kind == "pulse" else "shift",
        direction_deg=nuisance.direction_deg,
        height_px=nuisance.strength,
    )


def _restless(recipe: Recipe, nuisance: Nuisance, rng: np.random.Generator) -> list[Local]:
    """Two shifts across each other, which together have the rms that was asked for."""
    shape, t = _beating(recipe, nuisance), motion.steps(recipe)
    half = nuisance.strength * math.sqrt(0.5)
    found = []
    for turn in (0.0, 90.0):
        one = replace(shape, amplitude_px=half, height_px=half, direction_deg=shape.direction_deg + turn)
        course = motion.restless(nuisance, t, rng)
        found.append(Local(one, partial(_at, t, course), nuisance.start_s, nuisance.end_s))
    return found


def _at(t: FloatArray, course: FloatArray, time_s: float) -> float:
    return float(np.interp(time_s, t, course))
