"""What a baseline says: when, and where if it can tell; and the rule for peaks that two of them share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fascidetect.model import FloatArray

APART_S = 0.3
"""Peaks nearer to each other are one."""


@dataclass(frozen=True)
class Sighting:
    """An event: its peak, s, and its place in px of the clip; None where the method knows none."""

    peak_s: float
    x_px: float | None = None
    y_px: float | None = None


Sightings = dict[float, tuple[Sighting, ...]]
"""By the method's free constant."""


def peaks(curve: FloatArray, interval_s: float, ks: Sequence[float]) -> Iterable[tuple[float, list[int]]]:
    """Give for each k the peaks of a curve that are higher than its median by k times its robust sd."""
    from scipy.signal import find_peaks

    middle = float(np.median(curve)) if len(curve) else 0.0
    spread = 1.4826 * float(np.median(np.abs(curve - middle))) if len(curve) else 0.0
    for k in ks:
        tops, _ = find_peaks(curve, height=middle + k * spread, distance=max(1, round(APART_S / interval_s)))
        yield k, [int(top) for top in tops if curve[top] > middle]
