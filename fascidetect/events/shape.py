"""The course of one twitch in time: a quick rise and a slow fall, a bell, or one that swings back; and its fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fascidetect.model import FloatArray

BEFORE_S, AFTER_S = 0.35, 0.55  # around the peak: what is fitted
LEVEL_BEFORE_S, LEVEL_AFTER_S = 0.5, 1.0  # around the peak: where the resting level is read
SEARCH_S = 0.12
NEIGHBOR_S = 1.5  # a movement longer ago is over, and one later not yet there
LEAST_SHARE = 1e-3  # of the largest singular value: less is no direction of its own
FEWEST = 3  # samples that make a level
TAUS_S = (0.012, 0.018, 0.025, 0.035, 0.05, 0.07, 0.1, 0.14, 0.2)
OWN = 0.5  # weight below which a sample says nothing about the resting level
REBOUND = 0.5  # of the height, before what is left of the first swing is added: skin that swings back through rest


def _pulse(x: FloatArray) -> FloatArray:
    up = np.maximum(x, 0)
    return np.asarray(up * np.exp(1 - up))


def _bell(x: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * np.square(x - 2)))


def _swing(x: FloatArray) -> FloatArray:
    return _pulse(x) - REBOUND * _pulse((x - 2) / 2)


@dataclass(frozen=True, slots=True)
class Course:
    """A family of courses of height 1, over t/tau: where its peak and 10 % of it lie."""

    curve: Callable[[FloatArray], FloatArray]
    rise_10: float
    peak: float
    fall_10: float


COURSES = (Course(_pulse, 0.0383, 1.0, 4.89), Course(_bell, -0.146, 2.0, 4.146), Course(_swing, 0.0383, 1.0, 2.797))
"""What a fit tries. The first is that of the matched filter."""


def waveform(t_s: FloatArray, tau_s: float, kind: int = 0) -> FloatArray:
    """A course of height 1; by default t/tau exp(1 - t/tau) for t > 0, else 0, with its peak at tau.

    Parameters
    ----------
    t_s
        Time since the onset, any shape.
    tau_s
        Its width.
    kind
        Index into `COURSES`.
    """
    return COURSES[kind].curve(np.asarray(t_s) / tau_s)


@dataclass(frozen=True, slots=True)
class Shape:
    """Fitted course: times of 10 %, peak and 10 %, height in the unit of the series, and how well it fits.

    ``kind`` is a whole number, the index into `COURSES`.
    """

    onset_s: float
    peak_s: float
    offset_s: float
    tau_s: float
    height: float
    r2: float
    step: float
    kind: float = 0.0

    def course(self, time_s: FloatArray) -> FloatArray:
        """The fitted course at some times, at height 1."""
        kind = int(self.kind)
        return waveform(time_s - (self.peak_s - COURSES[kind].peak * self.tau_s), self.tau_s, kind)

    def goes_as(self, other: Shape) -> bool:
        """Whether both have the same course, and both or neither of them go up."""
        own, others = ((one.peak_s, one.tau_s, one.kind, one.height > 0) for one in (self, other))
        return own == others


def fit_shape(
    time_s: FloatArray,
    series: FloatArray,
    weight: FloatArray,
    peak_s: float,
    edge_s: float,
    beside: Sequence[Shape] = (),
) -> Shape:
    """Least-squares fit of a twitch on a constant.

    Parameters
    ----------
    time_s, series
        (N,) around the peak; the twitch points upwards.
    weight
        (N,) 0..1: samples that belong to another twitch or were not seen count less.
    peak_s
        Where the peak is about.
    edge_s
        How far to both sides of a lasting change the removal of slow motion bends the course.
    beside
        Other movements in the same series, as fitted before: their heights are fitted together with this one.

    Returns
    -------
    Shape
        ``step`` is the change of level from before to after, in units of the height; at least 1 where
        a lasting change explains the course better than a twitch does.
    """
    step_s = float(np.median(np.diff(time_s)))
    fitted = weight * ((time_s >= peak_s - BEFORE_S) & (time_s <= peak_s + AFTER_S))
    starts = np.arange(-SEARCH_S, SEARCH_S + 1e-9, step_s / 4)
    taus = np.array([tau for tau in TAUS_S if tau > 0.3 * step_s] or TAUS_S[-1:])
    kind, start, tau = (a.ravel() for a in np.meshgrid(range(len(COURSES)), starts, taus, indexing="ij"))
    onset = peak_s + start - np.array([course.peak for course in COURSES])[kind] * tau
    since = (time_s[None, :] - onset[:, None]) / tau[:, None]
    curves = np.concatenate([course.curve(since[kind == k]) for k, course in enumerate(COURSES)])
    others = [other.course(time_s) for other in beside]
    basis = np.column_stack([np.ones_like(time_s), *others])
    height, left, total = _regress(curves, series, fitted, basis)
    left = np.where(height > 0, left, np.inf)
    best = int(np.argmin(left))
    r2 = 1 - float(left[best]) / total if total > 0 and np.isfinite(left[best]) else 0.0
    own = weight > OWN
    stays = float(_regress(_edges(time_s, peak_s + starts, edge_s), series, fitted, basis)[1].min()) < float(left[best])
    if others:
        series = series - np.transpose(others) @ _heights_beside(np.column_stack([basis, curves[best]]), series, weight)
    t0, width, high = float(onset[best]), float(tau[best]), float(height[best])
    course = COURSES[kind[best]]
    rise_s, fall_s = t0 + course.rise_10 * width, t0 + course.fall_10 * width
    step = max(float(stays), _level_step(time_s[own], series[own], t0, fall_s, high))
    return Shape(rise_s, t0 + course.peak * width, fall_s, width, high, r2, step, float(kind[best]))


def _edges(time_s: FloatArray, changed_s: FloatArray, edge_s: float) -> FloatArray:
    """What is left of a lasting change once its smoothed self is subtracted: down before it, up after it."""
    t = time_s[None, :] - changed_s[:, None]
    return np.asarray(np.where(t < 0, -1, 1) * np.maximum(0, 1 - np.abs(t) / edge_s))


def _regress(
    curves: FloatArray, series: FloatArray, weight: FloatArray, basis: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Fit `series` = height * curve + something of the basis (N, K), for each curve.

    Returns
    -------
    tuple
        Heights, squared rests, and the squared rest of the basis alone.
    """
    root = np.sqrt(weight / max(float(weight.sum()), 1e-9))
    explained = _directions(basis * root[:, None])
    rest = _without(series * root, explained)
    curves = _without(curves * root, explained)
    size2 = np.maximum(np.square(curves).sum(axis=1), 1e-12)
    likeness, total = curves @ rest, float(rest @ rest)
    return likeness / size2, total - likeness**2 / size2, total


def _directions(basis: FloatArray) -> FloatArray:
    """Orthonormal directions that a basis (N, K) spans."""
    explained, size, _ = np.linalg.svd(basis, full_matrices=False)
    return np.asarray(explained[:, size > LEAST_SHARE * size[0]])


def beyond(curve: FloatArray, others: Sequence[FloatArray]) -> FloatArray:
    """What of a curve (N,) other curves do not explain: at right angles to each of them."""
    return _without(curve, _directions(np.stack(others, axis=1)))


def _without(curves: FloatArray, explained: FloatArray) -> FloatArray:
    """Curves (..., N) less their parts along orthonormal directions (N, K)."""
    return np.asarray(curves - (curves @ explained) @ explained.T)


def _heights_beside(basis: FloatArray, series: FloatArray, weight: FloatArray) -> FloatArray:
    """Fitted heights of all that is in a basis (N, 1 + K + 1) but its constant and its last column, (K,)."""
    root = np.sqrt(weight)
    heights = np.linalg.lstsq(basis * root[:, None], series * root, rcond=LEAST_SHARE)[0]
    return np.asarray(heights[1:-1])


def _level_step(time_s: FloatArray, series: FloatArray, onset_s: float, offset_s: float, height: float) -> float:
    """Change of the resting level across the twitch, in units of its height; 0 where it cannot be told.

    A movement may swing back before it rests, so the level after is read late.
    """
    before = series[time_s < onset_s]
    after = series[time_s > max(offset_s, onset_s + AFTER_S)]
    if len(before) < FEWEST or len(after) < FEWEST or height <= 0:
        return 0.0
    return abs(float(np.median(after)) - float(np.median(before))) / height
