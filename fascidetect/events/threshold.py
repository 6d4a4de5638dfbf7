"""How high a movement must stand out: above the clip's own local maxima, nearly all of which are noise."""

from __future__ import annotations

import numpy as np

from fascidetect.model import FloatArray
from fascidetect.settings import DetectSettings, Sensitivity

FLOOR = 0.85  # of the lowest threshold: what is kept as below_threshold
SENSITIVITY: dict[Sensitivity, float] = {"low": 1.25, "normal": 0.87, "high": 0.8}
KEENEST = min(SENSITIVITY.values())
FEWEST_MAXIMA = 10
GUMBEL = 1.345  # (p80 - p50) / (p50 - p20) of the largest of many


def floor(settings: DetectSettings) -> float:
    """Score below which a candidate is not even listed."""
    return FLOOR * settings.q_min * SENSITIVITY[settings.sensitivity]


def lowest_floor(settings: DetectSettings) -> float:
    """Score down to which candidates are sought, so that they serve any sensitivity."""
    return FLOOR * settings.q_min * KEENEST


def clip_threshold(maxima: FloatArray, settings: DetectSettings) -> float:
    """Threshold from the heights of all local maxima: nearly all of them are noise.

    Up to a tenth of them may be real movements before it is biased.
    """
    threshold = settings.q_min
    if len(maxima) >= FEWEST_MAXIMA:
        p50, p80 = np.percentile(maxima, [50, 80])
        threshold = max(threshold, float(p50 + settings.kappa * (p80 - p50)))
    return threshold * SENSITIVITY[settings.sensitivity]


def robust_threshold(maxima: FloatArray, settings: DetectSettings) -> float:
    """As `clip_threshold`, but from the lower half of the maxima, which movements hardly reach."""
    if len(maxima) < FEWEST_MAXIMA:
        return settings.q_min * SENSITIVITY[settings.sensitivity]
    p20, p50 = np.percentile(maxima, [20, 50])
    threshold = max(settings.q_min, float(p50 + settings.kappa * GUMBEL * (p50 - p20)))
    return threshold * SENSITIVITY[settings.sensitivity]
