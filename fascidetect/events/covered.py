"""Cells that do not show their skin: something came before it, or a lid opened or closed.

Both are told by what motion leaves unexplained.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fascidetect.model import BoolArray, FloatArray
from fascidetect.statistics import median

OCCLUDED = 8.0  # lasting unexplained variance, in units of its usual level: something is in front
OCCLUDED_AT_ONCE = 60.0  # and what tells of it at once ...
UNEXPLAINED = 0.5  # ... if motion leaves this share of the change unexplained
OCCLUDED_S = 0.25  # before and after it nothing is believed either
REPLACED = 12.0  # unexplained variance, in units of its usual level, of a cell that shows something else ...
REPLACED_PX = 0.5  # ... if it also puts the displacement in doubt by this, analysis_px
BRIEF = 3.0  # lasting unexplained variance, in units of its usual level, beyond which it is no blink
LEAST_REPLACED = 4  # cells that hang together: a glancing eye, a finger's tip
REACH = 0.5  # of the extent of such a cluster: what is so near moves along with it
REPLACED_S = 0.1  # before and after it
OFTEN, PER_S, APART_S = 3, 15.0, 0.2  # as many times, and as often as once in so many seconds, so far apart: an eye
WIDEN_CELLS = 2
DISTURBED = 0.3  # share of the cells in view


@dataclass(frozen=True, slots=True)
class Replaced:
    """Where something else than the usual was shown.

    Attributes
    ----------
    beside
        (N, R, C) the moments and cells, and what is near to them.
    often
        (R, C) cells that show something else time and again, and their neighbors.
    """

    beside: BoolArray
    often: BoolArray


def usual_level(after: FloatArray) -> FloatArray:
    """(R, C) unexplained variance of each cell at most times; no cell is held to less than half of the others are."""
    usual = median(after, axis=0)
    return np.asarray(np.maximum(usual, np.median(usual)))


def occluded(before: FloatArray, after: FloatArray, lasting: FloatArray, usual: FloatArray) -> BoolArray:
    """(N, R, C): change that motion does not explain, far above its usual level: finger, shadow's edge, hair.

    A strong twitch leaves some change unexplained too, but is over soon; what lasts is held to less.

    Parameters
    ----------
    before, after, lasting
        (N, R, C) variance of the change, what motion leaves of it, and the running median of that.
    usual
        (R, C) from `usual_level`.
    """
    sudden = (after > OCCLUDED_AT_ONCE * usual) & (after > UNEXPLAINED * before)
    return sudden | (lasting > OCCLUDED * usual)


def shows_else(
    before: FloatArray, after: FloatArray, lasting: FloatArray, usual: FloatArray, texture: FloatArray
) -> BoolArray:
    """(N, R, C): cells that show something else for a moment, as where a lid closes or an eye turns.

    A twitch moves the skin that a cell knows. Unexplained variance over squared gradients says by how much a
    least-squares displacement may err: it is large where a cell shows something else, and where skin moves farther
    than is measured (`fascidetect.motion.cells.FARTHEST_PX`). That is over soon; a limb that turns leaves much
    unexplained for longer.

    Parameters
    ----------
    before, after, lasting
        (N, R, C) variance of the change, what motion leaves of it, and the running median of that.
    usual
        (R, C) from `usual_level`.
    texture
        (R, C) squared contrast gradient of each cell along its worse direction, times its pixels.
    """
    sudden = (after > REPLACED * usual) & (after > REPLACED_PX**2 * texture) & (after > UNEXPLAINED * before)
    return sudden & (lasting < BRIEF * usual)


def find_replaced(here: BoolArray, interval_s: float) -> Replaced:
    """Find where lids close and eyes turn, which is not skin that moves.

    What a lid draws along does move as skin moves, so what is near is left out as well: a rectangle about the
    cluster, wider by `REACH` of its longer side.

    Parameters
    ----------
    here
        (N, R, C) from `shows_else`, well within the subject: at its outline other things show whenever it moves.
    interval_s
        Time between samples.

    Returns
    -------
    Replaced
        Nothing but False where no `LEAST_REPLACED` cells hang together.
    """
    from scipy.ndimage import find_objects, label, maximum_filter

    beside, core = np.zeros_like(here), np.zeros_like(here)
    for n in np.flatnonzero(here.sum(axis=(1, 2)) >= LEAST_REPLACED):
        clusters, _ = label(here[n], structure=np.ones((3, 3)))
        for number, (rows, cols) in enumerate(find_objects(clusters), 1):
            cluster = clusters[rows, cols] == number
            if np.count_nonzero(cluster) >= LEAST_REPLACED:
                core[n, rows, cols] |= cluster
                reach = round(REACH * max(rows.stop - rows.start, cols.stop - cols.start))
                wide_rows, wide_cols = (slice(max(0, one.start - reach), one.stop + reach) for one in (rows, cols))
                beside[n, wide_rows, wide_cols] = True
    joined = maximum_filter(core.view(np.uint8), size=(2 * round(APART_S / 2 / interval_s) + 1, 1, 1)).astype(bool)
    times = joined[0].astype(int) + np.count_nonzero(joined[1:] & ~joined[:-1], axis=0)
    often = times >= max(OFTEN, len(here) * interval_s / PER_S)
    return Replaced(beside, np.asarray(maximum_filter(often.view(np.uint8), size=3)).astype(bool))


def widened(covered: BoolArray, by_s: float, interval_s: float) -> BoolArray:
    """Also what is near in time and place, (N, R, C)."""
    from scipy.ndimage import maximum_filter

    if not covered.any():
        return covered
    reach = 2 * WIDEN_CELLS + 1
    size = (2 * math.ceil(by_s / interval_s - 1e-6) + 1, reach, reach)
    return np.asarray(maximum_filter(covered.view(np.uint8), size=size)).astype(bool)


def is_disturbed(covered: BoolArray, in_view: BoolArray) -> BoolArray:
    """(N,) moments at which so much is covered or unexplained that the rest cannot be believed either."""
    total = in_view.sum(axis=(1, 2))
    return np.asarray((covered & in_view).sum(axis=(1, 2)) > DISTURBED * np.maximum(total, 1))
