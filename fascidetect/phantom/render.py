"""From a recipe to pictures, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from fascidetect.model import ByteArray, FloatArray, Picture, transform
from fascidetect.phantom import motion, twitch
from fascidetect.phantom.geometry import Limb
from fascidetect.phantom.light import rows_gain, shadow_gain
from fascidetect.phantom.recipe import Camera, Nuisance, Recipe, Twitch
from fascidetect.phantom.scene import Layer, background_layer, limb_layer, tilt_gain

_STRIP = 48
"""Rows drawn at a time."""

_SPARE = 96
"""By which the store of noise is larger than a picture, so that no two frames need have the same, px."""


@dataclass(frozen=True, slots=True)
class Chance:
    """One source of chance for each purpose, so that changing one leaves the others as they were."""

    skin: np.random.Generator
    background: np.random.Generator
    motion: np.random.Generator
    stamps: np.random.Generator
    noise: np.random.Generator

    @staticmethod
    def of(recipe: Recipe) -> Chance:
        """Derive all of them from the recipe's seed."""
        return Chance(*np.random.default_rng(recipe.seed).spawn(5))


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that moves: the camera, the limb, and single places."""

    recipe: Recipe
    camera: motion.Path
    limb: motion.Path

    @staticmethod
    def of(recipe: Recipe, rng: np.random.Generator) -> Stage:
        """Draw the paths."""
        return Stage(recipe, motion.camera_path(recipe, rng), motion.limb_path(recipe, rng))

    def affine(self, time_s: float, *, parallax: float = 1.0) -> FloatArray:
        """(3, 3) from the scene, as the first frame shows it, to the frame at that time."""
        return motion.affine(self.camera.at(time_s), self.recipe.width_px, self.recipe.height_px, parallax=parallax)

    def place(self, time_s: float, x: float, y: float) -> tuple[float, float]:
        """Where a place of the limb appears in the picture at that time."""
        at = transform(self.affine(time_s), np.array([x, y]) + self.limb.at(time_s)[:2])
        return float(at[0]), float(at[1])


@dataclass(frozen=True, slots=True)
class _Local:
    """A place that moves: its field in space, its course in time, and when there is any."""

    shape: Twitch
    course: Callable[[float], float]
    start_s: float
    end_s: float


def stamps(camera: Camera, duration_s: float, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Time stamps of the frames of a clip, and the times at which what they show was seen, both (T,), s."""
    n = max(1, round(duration_s * camera.fps))
    seen = np.arange(n) / camera.fps
    seen[1:] += np.clip(rng.normal(0, 1, n - 1) * camera.jitter_s, -0.45 / camera.fps, 0.45 / camera.fps)
    fate = rng.random(n)
    shown = seen.copy()
    for k in range(1, n):
        if fate[k] < camera.duplicated:
            shown[k] = shown[k - 1]
    kept = fate < 1 - camera.dropped
    kept[0] = True
    return seen[kept], shown[kept]


def render(recipe: Recipe) -> Iterator[Picture]:
    """Make the pictures of a clip before any codec has touched them.

    The displacement of every twitch is exact: pictures are looked up in a band-limited drawing of
    twice the resolution, so 0.01 px is 0.01 px.

    Parameters
    ----------
    recipe
        What to make. The upright picture is returned whatever its rotation flag.
    """
    cv2.setNumThreads(1)  # strips are small: threads cost more than they give
    chance = Chance.of(recipe)
    times, shown = stamps(recipe.camera, recipe.duration_s, chance.stamps)
    draw = _Painter.of(recipe, chance)
    last_s, rgb = -1.0, np.zeros((recipe.height_px, recipe.width_px, 3), np.uint8)
    for index, (time_s, shown_s) in enumerate(zip(times.tolist(), shown.tolist(), strict=True)):
        if shown_s != last_s:
            rgb, last_s = draw(shown_s), shown_s
        yield Picture(index, time_s, rgb)


@dataclass(frozen=True, slots=True)
class _Painter:
    """Draws the picture of any time."""

    recipe: Recipe
    stage: Stage
    skin: Layer
    behind: Layer
    locals_: tuple[_Local, ...]
    breathing: tuple[tuple[Nuisance, FloatArray, FloatArray], ...]
    grain: _Grain

    @staticmethod
    def of(recipe: Recipe, chance: Chance) -> _Painter:
        return _Painter(
            recipe,
            Stage.of(recipe, chance.motion),
            limb_layer(recipe, chance.skin),
            background_layer(recipe, chance.background),
            _locals(recipe),
            tuple((n, *_breathing_field(recipe)) for n in recipe.nuisances if n.kind == "breathing"),
            _Grain.of(recipe, chance.noise),
        )

    def __call__(self, time_s: float) -> ByteArray:
        x, y, gain = self._limb_places(time_s)
        gain *= rows_gain(self.recipe, time_s)
        shadow = shadow_gain(self.recipe, time_s)
        if shadow is not None:
            gain *= shadow
        apart = self.stage.affine(time_s, parallax=self.recipe.scene.parallax)
        picture = np.empty((*gain.shape, 3), np.uint8)
        grain = self.grain.frame()
        for top in range(0, len(gain), _STRIP):  # strips stay in the cache
            rows = slice(top, min(top + _STRIP, len(gain)))
            planes = self._compose(x[rows], y[rows], apart, rows)
            picture[rows] = grain(planes, gain[rows], top)
        return self.grain.smoothed(picture)

    def _limb_places(self, time_s: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Where on the limb each px looks (x, y), and how its brightness is changed by its tilt, all (h, w)."""
        affine = self.stage.affine(time_s)
        shift = self.stage.limb.at(time_s)
        moved = affine @ np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])
        x, y = _grid(moved, slice(0, self.recipe.height_px), slice(0, self.recipe.width_px))
        for nuisance, field_x, field_y in self.breathing:
            depth = np.float32(nuisance.strength * motion.breath(nuisance, time_s))
            x -= depth * field_x
            y -= depth * field_y
        gain = np.ones_like(x)
        for local in self.locals_:
            level = local.course(time_s) if local.start_s <= time_s <= local.end_s else 0.0
            if abs(level) > 1e-4:
                at = transform(moved, np.array([local.shape.x_px, local.shape.y_px]))
                self._move(local.shape, level, (x, y, gain), at)
        return x, y, gain

    def _move(
        self, shape: Twitch, level: float, maps: tuple[FloatArray, FloatArray, FloatArray], at: FloatArray
    ) -> None:
        """Displace and shade the neighbourhood of one place; `at` is where it appears in the picture."""
        box = _box(at, 1.1 * twitch.reach_px(shape) + 8, maps[0].shape)
        x, y, gain = (a[box] for a in maps)
        dx, dy = x - np.float32(shape.x_px), y - np.float32(shape.y_px)
        move_x, move_y = twitch.field(shape, dx, dy)
        x -= np.float32(level) * move_x
        y -= np.float32(level) * move_y
        if shape.height_px:
            slope_x, slope_y = twitch.slope(shape, dx, dy)
            along_x, along_y = tilt_gain(self.recipe.scene)
            gain *= np.clip(1 + np.float32(level) * (along_x * slope_x + along_y * slope_y), 0.3, 1.7)

    def _compose(self, x: FloatArray, y: FloatArray, apart: FloatArray, rows: slice) -> list[FloatArray]:
        """Lay a strip of the limb over the background; red, green and blue planes, (h, w) float32, grey levels."""
        *colours, cover = cv2.split(self.skin.look_up(x, y))
        planes = [colour * np.float32(1 / 128) for colour in colours]
        cols = np.flatnonzero((cover < 65500).any(0))
        if len(cols):
            there = slice(int(cols[0]), int(cols[-1]) + 1)
            behind = cv2.split(self.behind.look_up(*_grid(apart, rows, there)))
            share = cover[:, there] * np.float32(1 / 65535)
            for plane, back in zip(planes, behind, strict=False):
                far = back * np.float32(1 / 128)
                front = plane[:, there]
                front -= far
                front *= share
                front += far
        return planes


def _grid(affine: FloatArray, rows: slice, cols: slice) -> tuple[FloatArray, FloatArray]:
    """Places (x, y) of the scene that a piece of a frame looks at, (h, w) float32 each."""
    back = np.linalg.inv(affine)
    x, y = np.arange(cols.start, cols.stop), np.arange(rows.start, rows.stop)[:, None]
    at_x = (back[0, 0] * x).astype(np.float32) + (back[0, 1] * y + back[0, 2]).astype(np.float32)
    at_y = (back[1, 0] * x).astype(np.float32) + (back[1, 1] * y + back[1, 2]).astype(np.float32)
    return at_x, at_y


def _box(at: FloatArray, reach: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    low = np.floor(at - reach).astype(int)
    high = np.ceil(at + reach).astype(int) + 1
    return (
        slice(max(0, low[1]), max(0, min(shape[0], high[1]))),
        slice(max(0, low[0]), max(0, min(shape[1], high[0]))),
    )


def _locals(recipe: Recipe) -> tuple[_Local, ...]:
    twitches = [
        _Local(t, partial(twitch.value, t), t.start_s, t.start_s + twitch.lasting_s(t)) for t in recipe.twitches
    ]
    beating = [
        _Local(_beating(recipe, n), partial(motion.beat, n), n.start_s, n.end_s)
        for n in recipe.nuisances
        if n.kind in ("pulse", "rhythmic")
    ]
    return (*twitches, *beating)


def _beating(recipe: Recipe, nuisance: Nuisance) -> Twitch:
    """Field of a place that moves again and again: a vessel bulges, a muscle shifts and rises."""
    x, y, radius = nuisance.x_px, nuisance.y_px, nuisance.radius_px
    if not radius:
        x, y, radius = recipe.width_px / 2, recipe.height_px / 2, 40.0
    return Twitch(
        0.0,
        x,
        y,
        nuisance.strength,
        radius,
        kind="bulge" if nuisance.kind == "pulse" else "shift",
        direction_deg=nuisance.direction_deg,
        height_px=nuisance.strength,
    )


def _breathing_field(recipe: Recipe) -> tuple[FloatArray, FloatArray]:
    """Wide, uneven motion across the limb: largest at one third of its length."""
    limb = Limb.of(recipe)
    x, y = np.arange(recipe.width_px)[None], np.arange(recipe.height_px)[:, None]
    turn = np.radians(limb.angle_deg)
    away = (x - recipe.width_px / 3) ** 2 + (y - recipe.height_px / 2) ** 2
    hill = np.exp(-away / (2 * (0.45 * max(recipe.width_px, recipe.height_px)) ** 2)).astype(np.float32)
    return hill * np.float32(-np.sin(turn)), hill * np.float32(np.cos(turn))


@dataclass(frozen=True, slots=True)
class _Grain:
    """The sensor: noise that grows with brightness, and the phone's own smoothing."""

    camera: Camera
    bank: FloatArray
    rng: np.random.Generator

    @staticmethod
    def of(recipe: Recipe, rng: np.random.Generator) -> _Grain:
        size = (recipe.height_px + _SPARE, recipe.width_px + _SPARE)
        grey, colours = rng.standard_normal(size, np.float32), rng.standard_normal((3, *size), np.float32)
        # Demosaicing ties neighbours and colours together.
        bank = [cv2.GaussianBlur(0.8 * grey + 0.6 * colour, (0, 0), 0.45) for colour in colours]
        return _Grain(recipe.camera, np.stack([plane / plane.std() for plane in bank]), rng)

    def frame(self) -> Callable[[list[FloatArray], FloatArray, int], ByteArray]:
        """Sensor during one frame: a function of planes, their gain and their first row that gives bytes."""
        down, right, sign = self.rng.integers(0, (_SPARE, _SPARE, 2)).tolist()
        read, shot = np.float32(self.camera.read_noise**2), np.float32(self.camera.shot_noise**2 / 128)
        join = cv2.add if sign else cv2.subtract  # both round and saturate

        def expose(planes: list[FloatArray], gain: FloatArray, top: int) -> ByteArray:
            height, width = gain.shape
            rows, cols = slice(top + down, top + down + height), slice(right, right + width)
            sd = np.sqrt(planes[1] * gain * shot + read)
            noisy = [
                join(plane * gain, sd * bank[rows, cols], dtype=cv2.CV_8U)
                for plane, bank in zip(planes, self.bank, strict=True)
            ]
            return np.asarray(cv2.merge(noisy), dtype=np.uint8)

        return expose

    def smoothed(self, picture: ByteArray) -> ByteArray:
        """What the phone makes of the noise."""
        if not self.camera.denoise_px:
            return picture
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), self.camera.denoise_px), dtype=np.uint8)
