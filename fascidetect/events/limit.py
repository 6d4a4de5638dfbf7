"""How small a twitch would still be found, cell by cell, from the noise, the texture and the threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fascidetect.events.reject import FAINTEST_PX
from fascidetect.events.seek import Window
from fascidetect.model import BoolArray, FloatArray

CENTER = 1.8
"""Score, in thresholds, at which half of the usual twitches are found: some have two lobes, some are rejected."""

SLOPE = 3.5
"""How fast the share that is found rises with the logarithm of the amplitude."""

ROUNDS = 60


def cell_limits(windows: Sequence[Window], area: BoolArray, threshold: float) -> FloatArray:
    """Amplitude at which half of the usual twitches would be found at each cell, (R, C), analysis_px.

    Parameters
    ----------
    windows
        At least one.
    area
        (R, C) cells that are analyzed.
    threshold
        Of the clip, in units of its noise.

    Returns
    -------
    FloatArray
        NaN where nothing is sought.

    Notes
    -----
    `CENTER` and `SLOPE` are those of made clips of the development side, into whose pictures twitches of
    known size were put (``benchmarks/accuracy --limits``).
    """
    gain = np.array([np.where(w.valid & area, w.gain, np.nan) for w in windows])
    known = np.isfinite(gain)
    mean = np.where(known, gain, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    limits = np.maximum(FAINTEST_PX, CENTER * threshold / np.maximum(mean, 1e-9))
    return np.where(known.any(axis=0), limits, np.nan)


def limit_at(limits_px: FloatArray, share: float) -> float:
    """Amplitude of which so large a share would be found, wherever in the analyzed area it is; NaN without a cell.

    Parameters
    ----------
    limits_px
        From `cell_limits`.
    share
        Between 0 and 1.
    """
    logs = np.log(limits_px[np.isfinite(limits_px)])
    if not len(logs):
        return math.nan
    reach = math.log(share / (1 - share)) / SLOPE
    low, high = float(logs.min()) + min(reach, 0.0), float(logs.max()) + max(reach, 0.0)
    for _ in range(ROUNDS):  # the share rises with the amplitude, so halving finds it
        middle = (low + high) / 2
        if float(np.mean(1 / (1 + np.exp(-SLOPE * (middle - logs))))) < share:
            low = middle
        else:
            high = middle
    return math.exp(high)
