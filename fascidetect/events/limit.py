"""How small a twitch would still be found, by place and moment, from the noise, the texture and the threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fascidetect.events.find import given_back
from fascidetect.events.reject import FAINTEST_PX
from fascidetect.events.score import USUAL_CELLS
from fascidetect.events.seek import Window
from fascidetect.model import BoolArray, FloatArray

CENTER = 1.15
"""Score, in thresholds, at which half of the usual twitches are found: some have two lobes, some are rejected."""

SLOPE = 3.5
"""How fast the share that is found rises with the logarithm of the amplitude."""

LEAST_PX = FAINTEST_PX * given_back(USUAL_CELLS**2)
"""Amplitude of a usual twitch that is measured as the smallest displacement that is believed."""

ROUNDS = 40


@dataclass(frozen=True, slots=True)
class Limit:
    """Amplitudes, analysis_px; NaN where nothing is sought.

    Attributes
    ----------
    map_px
        (R, C) at which half of the usual twitches would be found at each cell, whenever they come.
    half_px, most_px
        At which half, and nine tenths, would be found wherever in the analyzed area and whenever they come.
    """

    map_px: FloatArray
    half_px: float
    most_px: float


def limit_of(windows: Sequence[Window], area: BoolArray, threshold: float) -> Limit:
    """The limit of a clip.

    Parameters
    ----------
    windows
        At least one.
    area
        (R, C) cells that are analyzed.
    threshold
        Of the clip, in units of its noise.

    Notes
    -----
    `CENTER` and `SLOPE` are those of made clips of the development side, into whose pictures twitches of
    known size were put (``benchmarks/accuracy --limits``).
    """
    gain = np.concatenate([np.where(w.valid & area, w.gain, 0) for w in windows])
    with np.errstate(divide="ignore", over="ignore"):
        limits = np.where(gain > 0, np.maximum(LEAST_PX, CENTER * threshold / gain), np.nan)
    half_px, most_px = (float(amplitude_of(share, limits.reshape(-1, 1))[0]) for share in (0.5, 0.9))
    return Limit(amplitude_of(0.5, limits), half_px, most_px)


def amplitude_of(share: float, limits_px: FloatArray) -> FloatArray:
    """Amplitude of which so large a share is found, over the first axis of limits (K, ...); NaN where all are."""
    logs = np.log(limits_px)
    known = np.isfinite(logs)
    n = known.sum(axis=0)
    reach = math.log(share / (1 - share)) / SLOPE
    low = np.where(known, logs, np.inf).min(axis=0, initial=np.inf) + min(reach, 0.0)
    high = np.where(known, logs, -np.inf).max(axis=0, initial=-np.inf) + max(reach, 0.0)
    with np.errstate(invalid="ignore"):  # where nothing is known
        for _ in range(ROUNDS):  # the share rises with the amplitude, so halving finds it
            middle = (low + high) / 2
            found = np.where(known, 1 / (1 + np.exp(-SLOPE * (middle - logs))), 0).sum(axis=0) / np.maximum(n, 1)
            low, high = np.where(found < share, middle, low), np.where(found < share, high, middle)
        return np.where(n > 0, np.exp(high), np.nan)
