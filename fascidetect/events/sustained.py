"""Places that never stop: continuous or rhythmic movement, to be named and not to be called silent.

Such a place would raise its own noise and hide in it. So each cell is compared with what cells of
its texture usually show, and a run of restless seconds over neighboring cells makes a place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fascidetect.events.stretch import Stretch
from fascidetect.model import BoolArray, FloatArray
from fascidetect.statistics import median

BLOCK_S = 1.0
RESTLESS = 4.0  # sd of displacement, in units of what is usual
LEAST_CELLS = 0.015  # and at least so much
RUN_BLOCKS = 4  # seconds in a row
GAP_SHARE = 0.25  # of a run that may be calm
FEWEST_CELLS = 8
BAND_HZ = (1.0, 15.0)
SLOW_S = 0.8  # slower movement is the hand or the breath
PEAK_SHARE = 0.5  # of the power in the band that lies around one frequency (and twice it)
PEAK_WIDTH_HZ = 0.35
RECURS, LAG_SLACK = 0.35, 0.05  # likeness after one beat and after two; their length is known to this
SAME_BEAT = 0.1  # rates nearer than this are one rhythm


@dataclass(frozen=True, slots=True, eq=False)
class Restless:
    """A place (cells) and time of sustained movement; ``rate_hz`` where it has a rhythm."""

    kind: Literal["rhythmic", "continuous"]
    region: BoolArray
    start_s: float
    end_s: float
    rate_hz: float | None


def find_restless(stretch: Stretch, noise: FloatArray, cell_px: int) -> list[Restless]:
    """Find places that move in most seconds of a run of several.

    Parameters
    ----------
    noise
        (3, R, C) of the cells at rest.
    cell_px
        Size of a cell, analysis_px.
    """
    from scipy.ndimage import label

    blocks = _restless_blocks(stretch, noise, LEAST_CELLS * cell_px)
    if len(blocks) < RUN_BLOCKS:
        return []
    runs = _long_runs(blocks)
    labels, count = label(runs.any(axis=0), structure=np.ones((3, 3)))
    out = []
    for k in range(1, count + 1):
        region = labels == k
        if region.sum() < FEWEST_CELLS:
            continue
        when = np.flatnonzero(runs[:, region].mean(axis=1) > GAP_SHARE)
        if len(when):
            out.append(_name(stretch, region, int(when[0]), int(when[-1]) + 1))
    return out


def _restless_blocks(stretch: Stretch, noise: FloatArray, least_px: float) -> BoolArray:
    """(B, R, C): whether the median movement within each second stands out."""
    size = max(2, round(BLOCK_S / stretch.interval_s))
    count = len(stretch.time_s) // size
    u, v = (_fast(stretch.data[k, : count * size], stretch.interval_s) for k in (0, 1))
    flow = np.hypot(u, v)
    seen = stretch.seen[: count * size].reshape(count, size, *stretch.valid.shape).mean(axis=1) > 0.5
    typical = median(flow.reshape(count, size, *stretch.valid.shape), axis=1)
    quiet = 1.18 * np.hypot(noise[0], noise[1]) / np.sqrt(2)  # median length of a 2-D Gaussian
    usual = float(np.median(quiet[stretch.valid])) if stretch.valid.any() else 0.0
    limit = np.maximum(RESTLESS * np.minimum(quiet, 1.5 * usual), least_px)
    return np.asarray((typical > limit) & seen & stretch.valid)


def _fast(channel: FloatArray, interval_s: float) -> FloatArray:
    """Movement (N, R, C) less its mean over `SLOW_S`."""
    from scipy.ndimage import uniform_filter1d

    return np.asarray(channel - uniform_filter1d(channel, max(3, round(SLOW_S / interval_s)), axis=0))


def _long_runs(blocks: BoolArray) -> BoolArray:
    """Blocks that lie in a run in which nearly all are restless."""
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    share = uniform_filter1d(blocks.astype(np.float32), RUN_BLOCKS, axis=0, mode="constant")
    core = share >= 1 - GAP_SHARE - 1e-6
    return (
        np.asarray(maximum_filter1d(core.astype(np.uint8), RUN_BLOCKS, axis=0, mode="constant")).astype(bool) & blocks
    )


def _name(stretch: Stretch, region: BoolArray, first: int, last: int) -> Restless:
    size = max(2, round(BLOCK_S / stretch.interval_s))
    rows = slice(first * size, min(last * size, len(stretch.time_s)))
    cells = np.concatenate([_fast(stretch.data[k, rows], stretch.interval_s)[:, region] for k in (0, 1)], axis=1)
    rate = dominant_hz(cells - cells.mean(axis=0), stretch.interval_s)
    start_s, end_s = float(stretch.time_s[rows.start]), float(stretch.time_s[rows.stop - 1])
    return Restless("rhythmic" if rate else "continuous", region, start_s, end_s, rate)


def dominant_hz(series: FloatArray, interval_s: float) -> float | None:
    """Frequency that holds most of the power of (N, K) series together with its double, or None."""
    n = len(series)
    frequency = np.fft.rfftfreq(4 * n, interval_s)
    power = np.square(np.abs(np.fft.rfft(series * np.hanning(n)[:, None], 4 * n, axis=0))).sum(axis=1)
    band = (frequency >= BAND_HZ[0]) & (frequency <= BAND_HZ[1])
    if not band.any() or power[band].sum() <= 0:
        return None
    peak = float(frequency[band][np.argmax(power[band])])
    width = max(PEAK_WIDTH_HZ, 2 / (n * interval_s))
    near = (np.abs(frequency - peak) < width) | (np.abs(frequency - 2 * peak) < width)
    if power[band & near].sum() <= PEAK_SHARE * power[band].sum():
        return None
    return peak if all(_likeness(series, beats / peak / interval_s) > RECURS for beats in (1, 2)) else None


def _likeness(series: FloatArray, lag: float) -> float:
    """Correlation of (N, K) series with themselves, about `lag` samples later, -1..1.

    Slow wandering may put most of its power at one end of the band, but it does not come back.
    """
    best = -1.0
    for n in range(
        max(1, math.floor(lag * (1 - LAG_SLACK))), min(len(series) - 2, math.ceil(lag * (1 + LAG_SLACK))) + 1
    ):
        early, late = series[:-n], series[n:]
        size = float(np.linalg.norm(early) * np.linalg.norm(late))
        best = max(best, float(np.vdot(early, late)) / size if size > 0 else -1.0)
    return best


def join_restless(places: list[Restless]) -> tuple[Restless, ...]:
    """Join what neighboring windows saw of one place, and places that keep the same beat."""
    out: list[Restless] = []
    for one in sorted(places, key=lambda p: p.start_s):
        before = next((p for p in out if _belong(p, one)), None)
        if before is None:
            out.append(one)
            continue
        kind, rate = (one.kind, one.rate_hz) if before.kind == "continuous" else (before.kind, before.rate_hz)
        end_s = max(before.end_s, one.end_s)
        out[out.index(before)] = Restless(kind, before.region | one.region, before.start_s, end_s, rate)
    return tuple(out)


def _belong(before: Restless, one: Restless) -> bool:
    if one.start_s > before.end_s + BLOCK_S:
        return False
    if before.rate_hz and one.rate_hz and abs(before.rate_hz - one.rate_hz) < SAME_BEAT * before.rate_hz:
        return True
    return bool((before.region & one.region).any())
