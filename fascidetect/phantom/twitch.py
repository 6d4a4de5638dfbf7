"""The shape of a twitch in time and in space, in closed form, and how twitches are scattered."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fascidetect.errors import SettingsError
from fascidetect.model import FloatArray
from fascidetect.phantom.geometry import Limb
from fascidetect.phantom.recipe import (
    AMPLITUDE_PX,
    LARGEST,
    RADIUS_PX,
    RISE_S,
    Kind,
    Recipe,
    Shape,
    Twitch,
    check_numbers,
    check_seed,
)

_HALF = math.sqrt(2 * math.log(2))
"""Radius at half maximum of a Gaussian, in its sd."""

_LOBE = 1.5
"""Distance of each of two lobes from the center, in sd."""

_PASSIVE = 2.5
"""Width of the neighborhood that is dragged along, in widths of the core."""

_DAMPED = 0.25
"""Height of a swing of a damped twitch, in that of the swing before."""

_EDGE = 0.1
"""Share of the peak at which an event begins and ends (formats)."""


_RANGES = {"amplitude_px": AMPLITUDE_PX, "radius_px": RADIUS_PX, "rise_s": RISE_S, "train_gap_s": (0.0, LARGEST)}
_MOST_PER_MIN, _MOST_FOCI, _LONGEST_TRAIN, _MOST_TWITCHES = 6000, 100, 1000, 100_000


class Landmarks(NamedTuple):
    """Times of one event, seconds from the first frame."""

    onset_s: float
    peak_s: float
    offset_s: float


def waveform(shape: Shape, t: FloatArray | float) -> FloatArray:
    """Course in time, in units of the rise: 0 before 0, largest absolute value 1 at or near 1.

    Parameters
    ----------
    shape
        Family.
    t
        Time since the start over the rise time, any shape.
    """
    return _SHAPES[shape][0](np.asarray(t, dtype=float))


def _exponential(t: FloatArray) -> FloatArray:
    x = np.clip(t, 0, 60)
    return x * np.exp(1 - x)


def _raised_cosine(t: FloatArray) -> FloatArray:
    up = np.where((t > 0) & (t <= 1), 0.5 - 0.5 * np.cos(np.pi * t), 0.0)
    return np.where((t > 1) & (t < 3), 0.5 + 0.5 * np.cos(np.pi * (t - 1) / 2), up)


def _biphasic(t: FloatArray) -> FloatArray:
    """Up in one rise, through rest after 1.5 more, back to it from the other side."""
    swing = 0.35 * np.where((t > 1) & (t < 5), 0.5 - 0.5 * np.cos(np.pi * (t - 1) / 2), 0.0)
    return _raised_cosine(t) - swing


def _sine_squared(t: FloatArray) -> FloatArray:
    return np.where((t > 0) & (t < 2), 0.5 - 0.5 * np.cos(np.pi * t), 0.0)


def _damped(t: FloatArray) -> FloatArray:
    """An oscillation whose every half swing is `_DAMPED` times the one before; its first peak lies at 1."""
    decay = -math.log(_DAMPED) / math.pi  # per radian
    rate = math.atan(1 / decay)  # radians per rise
    x = np.clip(t, 0, 60)
    return np.asarray(np.sin(rate * x) * np.exp(decay * rate * (1 - x)) / math.sin(rate))


_SHAPES: dict[str, tuple[Callable[[FloatArray], FloatArray], float]] = {
    "exponential": (_exponential, 11.0),
    "raised_cosine": (_raised_cosine, 5.0),
    "biphasic": (_biphasic, 5.0),
    "sine_squared": (_sine_squared, 2.0),
    "damped": (_damped, 14.0),
}
"""Courses, and after how many rises less than 0.1 % of the peak is left."""


def lasting_s(twitch: Twitch) -> float:
    """Time after which nothing of the twitch is left (below 0.1 % of its peak)."""
    return twitch.rise_s * _SHAPES[twitch.shape][1]


def landmarks(twitch: Twitch) -> Landmarks:
    """Onset, peak and offset from the continuous waveform, to a ten-thousandth of the rise time.

    Peak = largest absolute displacement, onset and offset = first and last time at which it is a
    tenth of that.
    """
    t = np.arange(0, lasting_s(twitch) / twitch.rise_s, 1e-4)
    level = np.abs(waveform(twitch.shape, t))
    moving = np.flatnonzero(level >= _EDGE * level.max())
    times = (t[moving[0]], t[level.argmax()], t[moving[-1]])
    return Landmarks(*(twitch.start_s + twitch.rise_s * float(v) for v in times))


def value(twitch: Twitch, time_s: float) -> float:
    """Waveform of one twitch at one time."""
    return float(waveform(twitch.shape, (time_s - twitch.start_s) / twitch.rise_s))


def reach_px(twitch: Twitch) -> float:
    """Distance from the center beyond which nothing moves by more than about 0.1 % of the amplitude."""
    sd = twitch.radius_px / _HALF * (_PASSIVE if twitch.passive else 1.0)
    return sd * (4.0 + (_LOBE if twitch.kind == "lobes" else 0.0))


def field(twitch: Twitch, dx: FloatArray, dy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Displacement (x, y) at the peak, px, at offsets (dx, dy) from the center; largest length = amplitude."""
    x, y = _profile(twitch.kind, twitch.direction_deg, twitch.radius_px, dx, dy)
    core = twitch.amplitude_px / _peak(twitch.kind, twitch.passive)
    if not twitch.passive:
        return core * x, core * y
    wide_x, wide_y = _profile(twitch.kind, twitch.direction_deg, _PASSIVE * twitch.radius_px, dx, dy)
    return core * (x + twitch.passive * wide_x), core * (y + twitch.passive * wide_y)


@lru_cache(maxsize=256)
def _peak(kind: Kind, passive: float) -> float:
    """Largest length of the sum of core and neighborhood: all kinds reach it on the line of their direction."""
    s = np.linspace(0, 10, 100_001)
    core, _ = _profile(kind, 0.0, _HALF, s, np.zeros_like(s))
    wide, _ = _profile(kind, 0.0, _PASSIVE * _HALF, s, np.zeros_like(s))
    return float(np.max(np.abs(core + passive * wide)))


def _profile(
    kind: Kind, direction_deg: float, radius_px: float, dx: FloatArray, dy: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Unit displacement of one kind."""
    sd = radius_px / _HALF
    ux, uy = math.cos(math.radians(direction_deg)), math.sin(math.radians(direction_deg))
    if kind in ("bulge", "dimple"):
        sign = 1.0 if kind == "bulge" else -1.0
        ring = (sign * math.exp(0.5) / sd) * _gauss(dx, dy, sd)  # r/sd exp(1/2 - r^2/2 sd^2), 1 at r = sd
        return ring * dx, ring * dy
    if kind == "lobes":
        away = _LOBE * sd
        pair = _gauss(dx - ux * away, dy - uy * away, sd) - _gauss(dx + ux * away, dy + uy * away, sd)
        return ux * pair, uy * pair
    hill = _gauss(dx, dy, sd)
    return ux * hill, uy * hill


def _gauss(dx: FloatArray, dy: FloatArray, sd: float) -> FloatArray:
    return np.exp((dx * dx + dy * dy) * (-0.5 / (sd * sd)))


def slope(twitch: Twitch, dx: FloatArray, dy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slope (along x, along y) of the raised surface at the peak of the twitch, px per px."""
    sd = twitch.radius_px / _HALF
    hill = (-twitch.height_px / (sd * sd)) * _gauss(dx, dy, sd)
    return hill * dx, hill * dy


@dataclass(frozen=True, slots=True)
class Habit:
    """How twitches come about; ranges are (lowest, highest).

    Parameters
    ----------
    rate_per_min
        Of all foci together: a Poisson process, of trains where there are any; 120 is nearly continuous.
    foci
        Number of places.
    amplitude_px, radius_px, rise_s
        Ranges; the amplitude is drawn anew for every twitch (log-uniform), the others per focus.
    shapes, kinds
        Families to draw from, per focus.
    min_gap_s
        A twitch that would start sooner than this after the one before is left out; so is a train.
    train
        Twitches that follow each other at one place each time; (1, 1) = single ones.
    train_gap_s
        Range of the time from one twitch of a train to the next.
    seed
        Of the draw, in a recipe file; the recipe's own where it is not given.
    """

    rate_per_min: float
    foci: int = 3
    amplitude_px: tuple[float, float] = (1.0, 3.0)
    radius_px: tuple[float, float] = (20.0, 40.0)
    rise_s: tuple[float, float] = (0.05, 0.12)
    shapes: tuple[Shape, ...] = ("exponential", "raised_cosine", "biphasic")
    kinds: tuple[Kind, ...] = ("shift", "bulge", "dimple", "lobes")
    min_gap_s: float = 0.0
    train: tuple[int, int] = (1, 1)
    train_gap_s: tuple[float, float] = (0.25, 0.5)
    seed: int | None = None

    def __post_init__(self) -> None:
        check_numbers(self, endless=("seed",))
        if self.seed is not None:
            check_seed(self.seed)
        if not 1 <= self.train[0] <= self.train[1] <= _LONGEST_TRAIN:
            raise SettingsError(
                f"train must be two counts from 1 to {_LONGEST_TRAIN}, the lower first, got {list(self.train)}"
            )
        for name, (least, most) in _RANGES.items():
            low, high = getattr(self, name)
            if not max(least, sys.float_info.min) <= low <= high <= most:
                raise SettingsError(
                    f"{name} must be a range above {least:g}, up to {most:g}, the lower first, got {low:g} to {high:g}"
                )
        if not 0 <= self.rate_per_min <= _MOST_PER_MIN or not 1 <= self.foci <= _MOST_FOCI:
            raise SettingsError(
                f"rate_per_min must lie between 0 and {_MOST_PER_MIN}, foci between 1 and {_MOST_FOCI}, "
                f"got {self.rate_per_min:g} and {self.foci}"
            )


def scatter(rng: np.random.Generator, recipe: Recipe, habit: Habit) -> tuple[Twitch, ...]:
    """Draw twitches that lie whole within the limb and within the clip.

    Parameters
    ----------
    rng
        Source of chance.
    recipe
        Size, length and scene; its own twitches play no part.
    habit
        How often, where and how strong.

    Raises
    ------
    SettingsError
        There would be too many.
    """
    first_s, last_s = 0.3, recipe.duration_s - 1.0
    length_s = max(0.0, last_s - first_s)
    expected = habit.rate_per_min * length_s / 60
    most = min(expected * habit.train[1], expected + length_s / habit.train_gap_s[0])
    if most > _MOST_TWITCHES:
        raise SettingsError(f"a habit may give {_MOST_TWITCHES} twitches at most, this one may give {most:.0f}")
    foci: list[Twitch] = []
    for _ in range(habit.foci):
        foci.append(_focus(rng, recipe, habit, foci))
    times = np.sort(rng.uniform(first_s, max(first_s, last_s), rng.poisson(expected)))
    if habit.train != (1, 1):
        return _trains(rng, foci, habit, times, last_s)
    kept = [t for k, t in enumerate(times) if k == 0 or t - times[k - 1] >= habit.min_gap_s]
    return tuple(_twitch(rng, foci[rng.integers(len(foci))], habit, float(t)) for t in kept)


def _trains(
    rng: np.random.Generator, foci: list[Twitch], habit: Habit, times: FloatArray, last_s: float
) -> tuple[Twitch, ...]:
    """Let a train begin at each time that comes after the end of the one before."""
    found: list[Twitch] = []
    for head_s in times.tolist():
        if found and head_s - found[-1].start_s < max(habit.min_gap_s, habit.train_gap_s[1]):
            continue
        focus, count = foci[rng.integers(len(foci))], int(rng.integers(habit.train[0], habit.train[1] + 1))
        at_s = head_s + np.concatenate([[0.0], np.cumsum(rng.uniform(*habit.train_gap_s, count - 1))])
        found += [_twitch(rng, focus, habit, float(t)) for t in at_s if t < last_s]
    return tuple(found)


def _focus(rng: np.random.Generator, recipe: Recipe, habit: Habit, others: list[Twitch]) -> Twitch:
    """A place with its manner of twitching; only time and amplitude remain to be drawn."""
    radius = float(rng.uniform(*habit.radius_px))
    x, y = _free_place(rng, recipe, radius, others)
    kind: Kind = habit.kinds[rng.integers(len(habit.kinds))]
    return Twitch(
        0.0,
        x,
        y,
        radius_px=radius,
        rise_s=float(rng.uniform(*habit.rise_s)),
        shape=habit.shapes[rng.integers(len(habit.shapes))],
        kind=kind,
        direction_deg=float(rng.uniform(0, 360)),
        height_px=_RISE[kind],
        passive=float(rng.uniform(0, 0.3)) if kind == "shift" else 0.0,
        focus=len(others) + 1,
    )


def _free_place(rng: np.random.Generator, recipe: Recipe, radius: float, others: list[Twitch]) -> tuple[float, float]:
    """A place well within limb and picture and clear of the other foci; the roomiest of many where there is none."""
    limb = Limb.of(recipe)
    clear = 0.1 * max(recipe.width_px, recipe.height_px)
    best, place = -math.inf, (recipe.width_px / 2, recipe.height_px / 2)
    for _ in range(500):
        x, y = float(rng.uniform(0, recipe.width_px)), float(rng.uniform(0, recipe.height_px))
        sides = (x, y, recipe.width_px - x, recipe.height_px - y, float(limb.depth_px(x, y)))
        room = min(side - 1.5 * radius for side in sides)
        gaps = (math.hypot(x - o.x_px, y - o.y_px) - max(clear, 1.5 * (radius + o.radius_px)) for o in others)
        room = min((room, *gaps))
        if room > best:
            best, place = room, (x, y)
        if room >= 0:
            break
    return place


_RISE = {"shift": 0.5, "bulge": 1.5, "dimple": -1.5, "lobes": 0.5}
"""How far the surface rises for each px of displacement along it."""


def _twitch(rng: np.random.Generator, focus: Twitch, habit: Habit, start_s: float) -> Twitch:
    low, high = np.log(habit.amplitude_px)
    amplitude = float(np.exp(rng.uniform(low, high)))
    return Twitch(
        start_s,
        focus.x_px + float(rng.normal(0, 0.05 * focus.radius_px)),
        focus.y_px + float(rng.normal(0, 0.05 * focus.radius_px)),
        amplitude,
        focus.radius_px,
        focus.rise_s,
        focus.shape,
        focus.kind,
        focus.direction_deg,
        focus.height_px * amplitude,
        focus.passive,
        focus.focus,
    )
