"""The eye below an eyelid: its lids, how they blink, where it looks, and how it is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from fascidetect.model import FloatArray
from fascidetect.phantom.motion import smooth
from fascidetect.phantom.recipe import Nuisance, Recipe

_SHUTTING = 0.35
"""Share of a blink in which the lid comes down; it rises more slowly."""


@dataclass(frozen=True, slots=True)
class Lids:
    """The edges of an opening that lies level in the lower part of the picture, at rest.

    Parameters
    ----------
    x_px, y_px
        Middle of the line between its corners.
    half_px
        Half its width.
    gap_px
        Its height in the middle.
    """

    x_px: float
    y_px: float
    half_px: float
    gap_px: float

    @staticmethod
    def of(recipe: Recipe) -> Lids:
        """Place the opening of a recipe's eye."""
        w, h = recipe.width_px, recipe.height_px
        half = min(0.33 * w, 0.62 * h)
        return Lids((w - 1) / 2, 0.72 * h, half, 0.62 * half * recipe.scene.eye_open)

    def lower(self, x: FloatArray) -> FloatArray:
        """Edge of the lower lid, px."""
        return np.asarray(self.y_px + 0.16 * self.half_px * self._arch(x))

    def upper(self, x: FloatArray) -> FloatArray:
        """Edge of the upper lid at rest, px."""
        return self.lower(x) - self.gap(x)

    def gap(self, x: FloatArray) -> FloatArray:
        """Height of the opening at rest, px; 0 beyond its corners."""
        return np.asarray(self.gap_px * self._arch(x))

    def crease(self, x: FloatArray) -> FloatArray:
        """Fold above which the skin of the lid stays where it is, px."""
        return np.asarray(self.upper(x) - self.half_px * (0.10 + 0.24 * self._arch(x)))

    def depth_px(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Distance from the opening at rest, up or down, negative within; no limit where there is none."""
        away = np.maximum(self.upper(x) - y, y - self.lower(x))
        beside = np.abs(x - self.x_px) - self.half_px
        return np.asarray(np.where(beside < 0, away, beside + 1))

    def slid(self, x: FloatArray, y: FloatArray, shut: float) -> FloatArray:
        """Where the skin seen at a place lies at rest (its y, px): it is drawn out between crease and edge."""
        crease, edge = self.crease(x), self.upper(x)
        low = edge + shut * self.gap(x)
        drawn = (edge - crease) / (low - crease)
        lid = (y > crease) & (y < low + 1) & (np.abs(x - self.x_px) < self.half_px)
        return np.asarray(np.where(lid, crease + (y - crease) * drawn, y), dtype=np.float32)

    def _arch(self, x: FloatArray) -> FloatArray:
        q = (x - self.x_px) / self.half_px
        return np.asarray(np.maximum(0, 1 - q * q) ** 0.8)


@dataclass(frozen=True, slots=True)
class Blink:
    """One closing and opening of the lid; `depth` is how much of the opening closes, 0..1."""

    start_s: float
    end_s: float
    depth: float

    def shut(self, time_s: float) -> float:
        """Share of the opening that is closed at one time."""
        part = (time_s - self.start_s) / (self.end_s - self.start_s)
        return self.depth * float(smooth(part / _SHUTTING) - smooth((part - _SHUTTING) / (1 - _SHUTTING)))


@dataclass(frozen=True, slots=True)
class Eye:
    """What an eye does in time.

    Parameters
    ----------
    blinks
        All of them.
    turn_s
        (N,) when a saccade begins, s.
    looks_px
        (N + 1, 2) where the iris is (x, y) from its rest: before the first saccade and after each.
    """

    blinks: tuple[tuple[Nuisance, Blink], ...]
    turn_s: FloatArray
    looks_px: FloatArray

    @staticmethod
    def of(recipe: Recipe, rng: np.random.Generator) -> Eye:
        """Draw blinks and saccades; a scene without an eye has none."""
        blinks: list[tuple[Nuisance, Blink]] = []
        turns: list[tuple[float, float, float]] = []
        for n in recipe.nuisances if recipe.scene.view == "eyelid" else ():
            if n.kind == "blink":
                blinks += [(n, blink) for blink in _blinks(n, recipe.duration_s, rng)]
            elif n.kind == "gaze":
                times = _irregular(n, recipe.duration_s, n.rate_hz or 1.0, 0.15, rng)
                # The sd of each axis is such that the distance from rest has the rms that was asked for.
                places = rng.normal(0, n.strength / math.sqrt(2), (len(times), 2))
                turns += [(t, x, y) for t, (x, y) in zip(times, places.tolist(), strict=True)]
        turns.sort()
        looks = np.array([(0.0, 0.0), *((x, y) for _, x, y in turns)])
        return Eye(tuple(blinks), np.array([t for t, _, _ in turns]), looks)

    def shut(self, time_s: float) -> float:
        """Share of the opening that is closed, 0..1."""
        return max((blink.shut(time_s) for _, blink in self.blinks), default=0.0)

    def look(self, time_s: float) -> FloatArray:
        """Shift (x, y) of the iris, px; a saccade takes 30 to 60 ms, longer the wider it is."""
        k = int(np.searchsorted(self.turn_s, time_s, side="right"))
        if not k:
            return np.asarray(self.looks_px[0])
        before, after = self.looks_px[k - 1], self.looks_px[k]
        lasts_s = min(0.06, 0.03 + 0.0004 * float(np.hypot(*(after - before))))
        return np.asarray(before + (after - before) * smooth((time_s - self.turn_s[k - 1]) / lasts_s))


def _blinks(nuisance: Nuisance, duration_s: float, rng: np.random.Generator) -> list[Blink]:
    depth = nuisance.strength / 100
    if not nuisance.rate_hz:
        end_s = nuisance.end_s if math.isfinite(nuisance.end_s) else nuisance.start_s + float(rng.uniform(0.1, 0.4))
        return [Blink(nuisance.start_s, end_s, depth)]
    starts = _irregular(nuisance, duration_s, nuisance.rate_hz, 0.5, rng)
    return [Blink(start_s, start_s + float(rng.uniform(0.1, 0.4)), depth) for start_s in starts]


def _irregular(
    nuisance: Nuisance, duration_s: float, rate_hz: float, gap_s: float, rng: np.random.Generator
) -> list[float]:
    """Times at a mean rate, never closer than `gap_s`."""
    times: list[float] = []
    at, end_s = max(nuisance.start_s, 0.0), min(nuisance.end_s, duration_s)
    while (at := at + gap_s + float(rng.exponential(max(1 / rate_hz - gap_s, 0.05)))) < end_s:
        times.append(at)
    return times


def iris_px(lids: Lids) -> float:
    """Radius of the iris."""
    return 0.36 * lids.half_px


def draw_eye(x: FloatArray, y: FloatArray, lids: Lids, rng: np.random.Generator) -> FloatArray:
    """White, veins, iris and pupil at places (columns x, rows y) of the scene, (h, w, 3) float32 RGB."""
    dx, dy = (x[None] - lids.x_px), (y[:, None] - lids.y_px + 0.25 * lids.gap_px)
    radius = np.hypot(dx, dy) / iris_px(lids)
    turn = np.arctan2(dy, dx)
    picture = np.empty((len(y), len(x), 3), np.float32)
    picture[:] = (222, 212, 205)
    picture -= (np.clip(radius - 1, 0, 2)[..., None] * (14, 24, 22)).astype(np.float32)
    picture *= 1 - _veins(x, y, rng)[..., None] * np.array([0.10, 0.45, 0.40], np.float32)
    phases = rng.uniform(0, 2 * np.pi, 6)
    rays = sum(np.sin(n * turn + p + 3 * radius) for n, p in zip((11, 17, 23, 31, 43, 57), phases, strict=True))
    color = np.array([96, 78, 52]) * (1 + 0.10 * rays - 0.25 * np.clip(radius - 0.5, 0, 1))[..., None]
    iris, pupil = (_within(radius, edge, 0.06) for edge in (1.0, 0.38))
    picture += (color - picture) * iris[..., None]
    picture += (np.array([14, 12, 12]) - picture) * pupil[..., None]
    return picture.astype(np.float32)


def _within(radius: FloatArray, edge: float, soft: float) -> FloatArray:
    return np.asarray(np.clip((edge - radius) / soft + 0.5, 0, 1), dtype=np.float32)


def _veins(x: FloatArray, y: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Fine crooked lines from the corners inward, 0..1."""
    cover = np.zeros((len(y), len(x)), np.float32)
    for _ in range(26):
        left = rng.random() < 0.5
        start = np.array([0.12 * len(x) if left else 0.88 * len(x), rng.uniform(0.4, 0.95) * len(y)])
        steps = rng.normal(0, 0.012, (14, 2)) * len(x)
        steps[:, 0] += 0.018 * len(x) * (1 if left else -1)
        points = np.round((start + np.cumsum(steps, 0)) * 16).astype(np.int32)
        cv2.polylines(cover, [points], False, float(rng.uniform(0.2, 0.6)), 1, cv2.LINE_AA, 4)  # noqa: FBT003
    return np.asarray(cv2.GaussianBlur(cover, (0, 0), 0.8), dtype=np.float32)


def draw_lashes(x: FloatArray, y: FloatArray, lids: Lids, rng: np.random.Generator) -> FloatArray:
    """Cover of the upper lashes, 0..1: curved downward and outward from the edge of the lid at rest."""
    cover = np.zeros((len(y), len(x)), np.float32)
    fineness = 1 / (x[1] - x[0])
    s = np.linspace(0, 1, 7)
    for q in np.linspace(-0.93, 0.93, 64) + rng.normal(0, 0.01, 64):
        root_x = lids.x_px + q * lids.half_px
        root_y = float(lids.upper(np.array([root_x]))[0])
        length = lids.half_px * rng.uniform(0.14, 0.26)
        along_x = root_x + length * (0.75 * q + rng.normal(0, 0.12)) * s
        along_y = root_y + length * (0.75 * s - 0.35 * s * s)
        points = np.stack([(along_x - x[0]) * fineness, (along_y - y[0]) * fineness], 1)
        cv2.polylines(cover, [np.round(points * 16).astype(np.int32)], False, 0.9, 1, cv2.LINE_AA, 4)  # noqa: FBT003
    soft = cv2.GaussianBlur(cover, (0, 0), 0.35 * fineness)
    return np.asarray(np.clip(1.3 * soft, 0, 1), dtype=np.float32)
