"""How likely a candidate is a twitch: a logistic model of what can be seen of it.

Its few coefficients lie in ``confidence.toml``, fitted to clips of the development side (``python benchmarks/accuracy
--side dev --fit --real DIR``). A probability holds for clips that twitch as often as those.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from fascidetect.events.find import Candidate
from fascidetect.model import Registration
from fascidetect.settings import Sensitivity

COEFFICIENTS = Path(__file__).with_name("confidence.toml")

LEAST: dict[Sensitivity, float] = {"low": 0.7, "normal": 0.55, "high": 0.35}
"""Probability that is asked for."""

AROUND_FRAMES = 4
# Beyond these nothing more is told.
SMALLEST_PX, SMALLEST_UNREST, LONGEST_S, LARGEST_STEP, WORST_R2 = 0.02, 0.14, 2.0, 1.0, -0.5


def features(one: Candidate, unrest: float, likeness: float) -> dict[str, float]:
    """What the model looks at.

    Parameters
    ----------
    unrest
        From `unrest_at`.
    likeness
        From `recur.likeness`.
    """
    return {
        "log_score": math.log(one.score),
        "r2": max(one.shape.r2, WORST_R2),
        "log_amplitude": math.log(max(math.hypot(*one.displacement_px), SMALLEST_PX)),
        "edge": one.edge,
        "length_s": min(one.shape.offset_s - one.shape.onset_s, LONGEST_S),
        "log_tau": math.log(one.shape.tau_s),
        "step": min(one.shape.step, LARGEST_STEP),
        "wide": one.wide,
        "log_unrest": math.log(max(unrest, SMALLEST_UNREST)),
        "likeness": likeness,
        "reset": one.reset,
    }


def confidence(one: Candidate, unrest: float, likeness: float) -> float:
    """Probability, 0..1, that a candidate is a twitch; parameters as of `features`."""
    weights = coefficients()
    known = features(one, unrest, likeness)
    level = weights["constant"] + sum(weights[name] * value for name, value in known.items())
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, level))))


def unrest_at(about: Registration, times_s: Sequence[float]) -> list[float]:
    """Most that the registration leaves in a few frames about each time, in units of what it usually leaves."""
    levels = about.residual_level
    usual = float(np.nanmedian(levels)) if np.isfinite(levels).any() else 0.0
    out = []
    for time_s in times_s:
        nearest = int(np.argmin(np.abs(about.time_s - time_s)))
        near = levels[max(0, nearest - AROUND_FRAMES) : nearest + AROUND_FRAMES + 1]
        out.append(float(np.nanmax(near)) / usual if usual > 0 and np.isfinite(near).any() else 1.0)
    return out


@cache
def coefficients() -> dict[str, float]:
    """Weight of each feature, and the constant."""
    return {name: float(value) for name, value in tomllib.loads(COEFFICIENTS.read_text(encoding="utf-8")).items()}
