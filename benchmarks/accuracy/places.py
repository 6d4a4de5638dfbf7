"""Where a true twitch lies in the reference picture, and what the clip was told of that place."""

from __future__ import annotations

import math

import numpy as np

from fascidetect.model import Geometry, MotionTrace, Result, transform
from fascidetect.truth import TrueEvent


def in_reference(twitch: TrueEvent, trace: MotionTrace) -> tuple[float, float]:
    """Place (x, y) of a twitch in the reference, px of the full picture; its truth tells where it was at its peak."""
    nearest = int(np.argmin(np.abs(trace.time_s - twitch.peak_s)))
    there = trace.geometry.px_to_analysis(np.array([twitch.x_px, twitch.y_px]))
    x_px, y_px = trace.geometry.analysis_to_px(transform(np.linalg.inv(trace.affine[nearest]), there))
    return float(x_px), float(y_px)


def limit_told(place_px: tuple[float, float], result: Result, geometry: Geometry) -> float:
    """Detection limit that was told for a place in the reference, both px of the full picture; NaN where none was."""
    cell = geometry.analysis_to_cells(geometry.px_to_analysis(np.array(place_px)))
    row, col = np.rint(cell).astype(int)
    rows, cols = geometry.shape
    return float(result.activity.limits_px[row, col]) if 0 <= row < rows and 0 <= col < cols else math.nan
