"""Paths of the camera and of the limb in time: what moves everything, and what moves one place."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fascidetect.model import FloatArray
from fascidetect.phantom.recipe import Nuisance, Recipe

STEP_S = 1 / 240
"""Paths are drawn at this spacing and interpolated between."""


@dataclass(frozen=True, slots=True)
class Path:
    """A smooth course in time.

    Parameters
    ----------
    values
        (N, 5): camera shift x, y (px), roll (rad), log of magnification, sd of the blur (px); or limb
        shift x, y, 0, 0, and the shift of its middle by turning (px).
    """

    values: FloatArray

    def at(self, time_s: float) -> FloatArray:
        """Return the values (5,) at one time, held at the ends."""
        return np.asarray(self.during(np.array([time_s]))[0])

    def during(self, times_s: FloatArray) -> FloatArray:
        """Return the values (T, 5) at times (T,)."""
        at = np.clip(times_s / STEP_S, 0.0, len(self.values) - 1.0)
        low = np.minimum(at.astype(int), len(self.values) - 2)
        part = (at - low)[:, None]
        return np.asarray((1 - part) * self.values[low] + part * self.values[low + 1])


def camera_path(recipe: Recipe, rng: np.random.Generator) -> Path:
    """Sum of all that moves the camera; zero in the first frame, which is the reference."""
    return _sum_of(recipe, rng, _CAMERA)


def limb_path(recipe: Recipe, rng: np.random.Generator) -> Path:
    """Sum of all that shifts or turns the limb as a whole."""
    return _sum_of(recipe, rng, _LIMB)


Maker = Callable[[Nuisance, FloatArray, np.random.Generator], FloatArray]


def _sum_of(recipe: Recipe, rng: np.random.Generator, makers: dict[str, Maker]) -> Path:
    t = steps(recipe)
    total = np.zeros((len(t), 5))
    for nuisance in recipe.nuisances:
        if nuisance.kind in makers:
            course = makers[nuisance.kind](nuisance, t, rng)
            total[:, : course.shape[1]] += course
    return Path(total - total[0])


def steps(recipe: Recipe) -> FloatArray:
    """Times at which paths are drawn, s."""
    return np.arange(math.ceil(recipe.duration_s / STEP_S) + 2) * STEP_S


def window(nuisance: Nuisance, t: FloatArray, ramp_s: float = 0.3) -> FloatArray:
    """1 while the nuisance lasts, with soft ends inside it; 1 from the start if it starts with the clip."""
    rise = np.ones_like(t) if nuisance.start_s <= 0 else smooth((t - nuisance.start_s) / ramp_s)
    fall = np.ones_like(t) if math.isinf(nuisance.end_s) else smooth((nuisance.end_s - t) / ramp_s)
    return rise * fall


def smooth(x: FloatArray | float) -> FloatArray:
    """Minimum-jerk step from 0 (x <= 0) to 1 (x >= 1)."""
    part = np.clip(np.asarray(x, dtype=float), 0, 1)
    return np.asarray(part * part * part * (10 + part * (6 * part - 15)))


def colored(rng: np.random.Generator, n: int, gain: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Noise of rms 1 with the given amplitude spectrum (function of Hz)."""
    size = _fast_size(n)
    spectrum = np.fft.rfft(rng.standard_normal(size))
    course = np.fft.irfft(spectrum * gain(np.fft.rfftfreq(size, STEP_S)), size)[:n]
    rms = float(np.sqrt(np.mean(np.square(course))))
    return np.asarray(course / max(rms, 1e-12))


def _fast_size(n: int) -> int:
    """Twice the length and more: otherwise the course would end where it began."""
    return 1 << (2 * n - 1).bit_length()


def _hand(f: FloatArray) -> FloatArray:
    """Amplitude of hand-held shake: 1/f below about 2 Hz, steeper above, and a little tremor at 8 to 12 Hz."""
    slow = 1 / np.maximum(f, 0.15) / (1 + (f / 2.0) ** 2) * (f > 0.02)
    return np.asarray(slow + 0.05 * np.exp(-((f - 10) ** 2) / (2 * 1.3**2)))


def _columns(direction_deg: float, course: FloatArray) -> FloatArray:
    turn = math.radians(direction_deg)
    zero = np.zeros_like(course)
    return np.stack([math.cos(turn) * course, math.sin(turn) * course, zero, zero], 1)


def _shake(nuisance: Nuisance, t: FloatArray, rng: np.random.Generator) -> FloatArray:
    course = [colored(rng, len(t), _hand) for _ in range(4)]
    # A hand that shifts the picture by 1 px rms also rolls it by about 0.02 degrees and zooms by 0.02 percent.
    scale = nuisance.strength * np.array([1.0, 1.0, 3.5e-4, 2e-4])
    return np.stack(course, 1) * scale * window(nuisance, t)[:, None]


def _drift(nuisance: Nuisance, t: FloatArray, rng: np.random.Generator) -> FloatArray:
    length = max(float(t[-1]), 1.0)
    wander = t / length + 0.15 * np.sin(2 * np.pi * t / length * rng.uniform(1, 2) + rng.uniform(0, 6))
    return _columns(nuisance.direction_deg, nuisance.strength * wander)


def _zoom(nuisance: Nuisance, t: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Autofocus hunting: every few seconds the picture breathes out and in over a second or two."""
    course, at = np.zeros_like(t), max(nuisance.start_s, 0.0) + rng.uniform(0, 1)
    while at < min(float(t[-1]), nuisance.end_s):
        span = rng.uniform(0.8, 2.0)
        course += rng.uniform(0.5, 1.0) * (smooth((t - at) / span) - smooth((t - at - span) / span))
        at += 2 * span + rng.uniform(1.0, 4.0)
    zero = np.zeros_like(t)
    return np.stack([zero, zero, zero, course * nuisance.strength / 100], 1)


def _knock(nuisance: Nuisance, t: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A blow against the support: a damped swing of about 7 Hz."""
    since = np.maximum(t - nuisance.start_s, 0)
    swing = np.exp(-since / 0.12) * np.sin(2 * np.pi * rng.uniform(6, 9) * since)
    return _columns(nuisance.direction_deg, nuisance.strength * swing / 0.8)


def _tremor(nuisance: Nuisance, t: FloatArray, rng: np.random.Generator) -> FloatArray:
    rate = nuisance.rate_hz or 8.0
    course = colored(rng, len(t), lambda f: np.exp(-((f - rate) ** 2) / (2 * 0.35**2)))
    return _columns(nuisance.direction_deg, nuisance.strength * course * window(nuisance, t))


def _voluntary(nuisance: Nuisance, t: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The limb is moved away and back within the given time (2 s where no end is given)."""
    span = ending(nuisance)
    there = smooth((t - nuisance.start_s) / (0.4 * span)) - smooth((t - nuisance.start_s - 0.6 * span) / (0.4 * span))
    course = nuisance.strength * there * (1 + 0.05 * colored(rng, len(t), lambda f: (f > 1) * (f < 5) * 1.0))
    return _columns(nuisance.direction_deg, course)


def _posture(nuisance: Nuisance, t: FloatArray, _: np.random.Generator) -> FloatArray:
    """The limb is laid otherwise, and stays so."""
    return _columns(nuisance.direction_deg, nuisance.strength * smooth((t - nuisance.start_s) / ending(nuisance)))


def _turning(nuisance: Nuisance, t: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Slowly to and fro about its axis, from where it lay at the start; at most by the strength."""
    course = colored(rng, len(t), lambda f: (f > 0.02) / (1 + (f / 0.3) ** 4))
    course = (course - course[0]) * window(nuisance, t, 1.0)
    course *= nuisance.strength / max(float(np.abs(course).max()), 1e-12)
    return np.stack([*np.zeros((4, len(t))), course], 1)


def ending(nuisance: Nuisance) -> float:
    """Length of a voluntary movement, s; 2 s where no end is given, 0.5 s of a posture step."""
    usual = 0.5 if nuisance.kind == "posture" else 2.0
    return usual if math.isinf(nuisance.end_s) else nuisance.end_s - nuisance.start_s


def _roll(nuisance: Nuisance, t: FloatArray, rng: np.random.Generator) -> FloatArray:
    course = colored(rng, len(t), _hand) * math.radians(nuisance.strength) * window(nuisance, t)
    zero = np.zeros_like(t)
    return np.stack([zero, zero, course, zero], 1)


def _hunting(nuisance: Nuisance, t: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The lens runs past the focus and back every few seconds, beyond it to one side and a little to the other."""
    course, at = np.zeros_like(t), max(nuisance.start_s, 0.0) + rng.uniform(0.2, 1.0)
    while at < min(float(t[-1]), nuisance.end_s):
        span, side = rng.uniform(0.25, 0.5), rng.choice([-1.0, 1.0])
        for begin, height in ((0.0, 1.0), (2.0, -0.4)):
            since = (t - at) / span - begin
            course += side * height * (smooth(since) - smooth(since - 1))
        at += 4 * span + rng.uniform(1.5, 5.0)
    zero = np.zeros_like(t)
    # A blur of 1 px sd comes with about 0.3 percent of zoom.
    return np.stack([zero, zero, zero, 0.003 * nuisance.strength * course, nuisance.strength * np.abs(course)], 1)


_CAMERA: dict[str, Maker] = {
    "shake": _shake,
    "drift": _drift,
    "zoom": _zoom,
    "knock": _knock,
    "roll": _roll,
    "hunting": _hunting,
}
_LIMB: dict[str, Maker] = {"tremor": _tremor, "voluntary": _voluntary, "posture": _posture, "turning": _turning}


def restless(nuisance: Nuisance, t: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Course of a place that never stops, rms 1: noise between 3 and 12 Hz, times `t` in steps of a path."""
    return colored(rng, len(t), lambda f: ((f > 3) & (f < 12)) * 1.0) * window(nuisance, t)


def breath(nuisance: Nuisance, time_s: float) -> float:
    """Course of breathing: in quicker than out."""
    phase = 2 * math.pi * (nuisance.rate_hz or 0.25) * time_s
    return math.sin(phase + 0.4 * math.sin(phase))


def beat(nuisance: Nuisance, time_s: float) -> float:
    """Course of a pulse (steep rise, slow fall, a second small wave) or of a rhythmic contraction."""
    rate = nuisance.rate_hz or (1.2 if nuisance.kind == "pulse" else 2.5)
    since = time_s - nuisance.start_s
    if since < 0 or time_s > nuisance.end_s:
        return 0.0
    phase = (since * rate) % 1.0
    if nuisance.kind == "pulse":
        return _wave(phase / 0.13) + 0.35 * _wave((phase - 0.35) / 0.12)
    return _wave(phase * (1 / rate) / min(0.08, 0.25 / rate))


def _wave(x: float) -> float:
    return x * math.exp(1 - x) if x > 0 else 0.0


def affine(pose: FloatArray, width_px: int, height_px: int, *, parallax: float = 1.0) -> FloatArray:
    """(3, 3) from the scene to the frame: shift, roll and magnification about the middle of the picture."""
    cx, cy = (width_px - 1) / 2, (height_px - 1) / 2
    grow = math.exp(pose[3])
    c, s = grow * math.cos(pose[2]), grow * math.sin(pose[2])
    dx, dy = parallax * pose[0], parallax * pose[1]
    return np.array([[c, -s, cx + dx - c * cx + s * cy], [s, c, cy + dy - s * cx - c * cy], [0, 0, 1]])
