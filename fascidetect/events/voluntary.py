"""Stretches in which the limb itself moves: twitches cannot be told from it there."""

from __future__ import annotations

import numpy as np

from fascidetect.events.stretch import Stretch
from fascidetect.model import BoolArray
from fascidetect.statistics import runs

LOWPASS_S = 0.3  # smooths twitches away
LEAST_CELLS = 0.1  # displacement that counts
SHARE = 0.2  # of the analyzed cells
LEAST_S = 0.4  # a large twitch is over sooner
BRIDGE_S = 0.3
GUARD_S = 0.5  # movement begins before it is large


def find_moving(stretch: Stretch, cell_px: int) -> list[tuple[float, float]]:
    """Stretches (start_s, end_s) in which much of the limb moves in a way no camera does.

    Parameters
    ----------
    stretch
        Its camera motion, also what is left of it as a smooth surface, is removed already.
    cell_px
        Size of a cell, analysis_px.
    """
    from scipy.ndimage import uniform_filter1d

    if not stretch.valid.any():
        return []
    step = stretch.interval_s
    length = max(1, round(LOWPASS_S / step))
    u, v = (uniform_filter1d(stretch.data[k][:, stretch.valid], length, axis=0) for k in (0, 1))
    moving = (np.hypot(u, v) > LEAST_CELLS * cell_px).mean(axis=1) > SHARE
    bridge, least = round(BRIDGE_S / step), max(1, round(LEAST_S / step))
    return _times(stretch, _spans(moving, bridge, least), GUARD_S)


def find_disturbed(stretch: Stretch) -> list[tuple[float, float]]:
    """Stretches (start_s, end_s) in which much of the picture changed and motion does not explain it."""
    return _times(stretch, _spans(stretch.disturbed, 0, 1), stretch.interval_s / 2)


def _times(stretch: Stretch, spans: list[tuple[int, int]], guard_s: float) -> list[tuple[float, float]]:
    first, last = float(stretch.time_s[0]), float(stretch.time_s[-1])
    return [
        (max(first, float(stretch.time_s[a]) - guard_s), min(last, float(stretch.time_s[b - 1]) + guard_s))
        for a, b in spans
    ]


def _spans(hit: BoolArray, bridge: int, least: int) -> list[tuple[int, int]]:
    """Runs of True as (first, past the last), joined across short gaps, without the short ones."""
    joined: list[tuple[int, int]] = []
    for a, b in runs(hit):
        if joined and a - joined[-1][1] <= bridge:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return [(a, b) for a, b in joined if b - a >= least]
