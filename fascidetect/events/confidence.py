"""How likely a candidate is a twitch: a logistic model of what can be seen of it.

Its few coefficients lie in ``confidence.toml``, fitted to clips of the development side (``python benchmarks/accuracy
--side dev --fit --real DIR``). A probability holds for clips that twitch as often as those.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from fascidetect.events.find import REACH, Candidate
from fascidetect.model import FloatArray, Registration
from fascidetect.settings import Sensitivity

COEFFICIENTS = Path(__file__).with_name("confidence.toml")

LEAST: dict[Sensitivity, float] = {"low": 0.85, "normal": 0.75, "high": 0.5}
"""Probability that is asked for."""

AROUND_FRAMES = 4
COMPANY_S = 0.3  # sooner than the next twitch of a train
COMPANY_SCORE = 5.78  # what stands out less is no company
SMALLEST_UNREST, WORST_R2 = 0.14, -0.5  # beyond these nothing more is told ...
LEAST_PROMINENCE, MOST_PROMINENCE, LEAST_WIDE = 0.3, 20.0, 0.003  # ... nor here


def features(one: Candidate, threshold: float, unrest: float, company: int, likeness: float) -> dict[str, float]:
    """What the model looks at.

    Parameters
    ----------
    threshold
        Of the clip under default settings: the same score says less where noise alone reaches far.
    unrest
        From `unrest_at`.
    company
        From `company_of`.
    likeness
        From `recur.likeness`.
    """
    return {
        "log_over": math.log(one.score / threshold),
        "r2": max(one.shape.r2, WORST_R2),
        "log_unrest": math.log(max(unrest, SMALLEST_UNREST)),
        "log_company": math.log1p(company),
        "log_prominence": math.log(min(max(one.prominence, LEAST_PROMINENCE), MOST_PROMINENCE)),
        "log_wide": math.log(max(one.wide, LEAST_WIDE)),
        "edge": one.edge,
        "likeness": likeness,
        "reset": one.reset,
    }


def confidence(known: Mapping[str, float]) -> float:
    """Probability, 0..1, that a candidate with such `features` is a twitch."""
    weights = coefficients()
    level = weights["constant"] + sum(weights[name] * value for name, value in known.items())
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, level)))) if math.isfinite(level) else 0.0


def company_of(candidates: Sequence[Candidate]) -> list[int]:
    """How many others come at nearly the time and place of each: a twitch comes alone, a fold that slides does not."""
    others = sorted((c for c in candidates if c.score >= COMPANY_SCORE), key=lambda c: c.peak_s)
    peaks_s = np.array([c.peak_s for c in others])
    places = np.array([(c.row, c.col) for c in others]).reshape(-1, 2)
    out = []
    for one in candidates:
        away = np.hypot(*(_within(places, peaks_s, one.peak_s, COMPANY_S) - (one.row, one.col)).T)
        near = int(np.count_nonzero(away < REACH * max(one.patch.grid)))
        out.append(near - (one.score >= COMPANY_SCORE))
    return out


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


def _within(values: FloatArray, time_s: FloatArray, middle_s: float, reach_s: float) -> FloatArray:
    """Rows of `values` (N, ...) whose times (N,), in order, lie so near to the middle."""
    first = np.searchsorted(time_s, middle_s - reach_s)
    return values[first : np.searchsorted(time_s, middle_s + reach_s, side="right")]


@cache
def coefficients() -> dict[str, float]:
    """Weight of each feature, and the constant."""
    return {name: float(value) for name, value in tomllib.loads(COEFFICIENTS.read_text(encoding="utf-8")).items()}
