"""From a recipe to pictures, one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from fascidetect.model import ByteArray, FloatArray, Picture
from fascidetect.phantom import finger, motion, twitch
from fascidetect.phantom.gaze import Socket
from fascidetect.phantom.geometry import Limb
from fascidetect.phantom.hair import Wind
from fascidetect.phantom.light import rows_gain, shadow_gain
from fascidetect.phantom.lookup import grid
from fascidetect.phantom.places import Local, places
from fascidetect.phantom.recipe import Camera, Nuisance, Recipe, Twitch
from fascidetect.phantom.scene import Layer, background_layer, limb_layer, tilt_gain
from fascidetect.phantom.sensor import Grain
from fascidetect.phantom.skin import base_color
from fascidetect.phantom.stage import STRIP, Chance, Stage
from fascidetect.phantom.wet import Glitter


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


Planes = list[FloatArray]
"""Red, green and blue of a piece of a picture, (h, w) float32 each, gray levels."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """What is to be known of one time before strips of its picture can be drawn.

    Places (x, y) of the limb that each px looks at, how its tilt and the light change its
    brightness, all (h, w); the affine of the background and its lag (h, 2); and what only some
    scenes have: cover of hairs, film of a tongue, an eye, and the cover of a finger.
    """

    x: FloatArray
    y: FloatArray
    gain: FloatArray
    apart: FloatArray
    lags: FloatArray | None
    hairs: ByteArray | None
    film: FloatArray | None
    socket: Socket | None
    finger: FloatArray | None


@dataclass(frozen=True, slots=True)
class _Painter:
    """Draws the picture of any time."""

    recipe: Recipe
    stage: Stage
    skin: Layer
    behind: Layer
    places: tuple[Local, ...]
    breathing: tuple[tuple[Nuisance, FloatArray, FloatArray], ...]
    grain: Grain
    wind: Wind | None
    wet: Glitter | None
    socket: Socket | None

    @staticmethod
    def of(recipe: Recipe, chance: Chance) -> _Painter:
        stage = Stage.of(recipe, chance)
        skin, hairs = limb_layer(recipe, chance.skin)
        size, view = (skin.texture.shape[0], skin.texture.shape[1]), recipe.scene.view
        return _Painter(
            recipe,
            stage,
            skin,
            background_layer(recipe, chance.background),
            places(recipe, chance.places),
            tuple((n, *_breathing_field(recipe)) for n in recipe.nuisances if n.kind == "breathing"),
            Grain.of(recipe, chance.noise),
            Wind.of(recipe, hairs, skin.fineness, chance.surface) if hairs else None,
            Glitter.of(recipe, size, skin.fineness, chance.surface) if view == "tongue" else None,
            Socket.of(recipe, stage, chance.surface) if view == "eyelid" else None,
        )

    def __call__(self, time_s: float) -> ByteArray:
        picture = np.empty((self.recipe.height_px, self.recipe.width_px, 3), np.uint8)
        grain = self.grain.frame()
        for rows, planes, gain in self._shot(time_s):
            picture[rows] = grain(planes, gain, rows.start)
        return self.grain.smoothed(picture)

    def _shot(self, time_s: float) -> Iterator[tuple[slice, Planes, FloatArray]]:
        """What the lens throws on the sensor: pieces of rows, with the gain that is still to be applied."""
        times, blur = self.stage.exposures(time_s), float(self.stage.camera.at(time_s)[4])
        if len(times) == 1 and blur < 0.01:
            yield from self._strips(time_s)
            return
        size = self.recipe.height_px, self.recipe.width_px
        whole = [np.zeros(size, np.float32) for _ in range(3)]
        for one_s in times:
            for rows, planes, gain in self._strips(one_s):
                for total, plane in zip(whole, planes, strict=True):
                    total[rows] += plane * (gain * np.float32(1 / len(times)))
        if blur >= 0.01:
            whole = [np.asarray(cv2.GaussianBlur(plane, (0, 0), blur), dtype=np.float32) for plane in whole]
        yield slice(0, size[0]), whole, np.ones(size, np.float32)

    def _strips(self, time_s: float) -> Iterator[tuple[slice, Planes, FloatArray]]:
        """Strips of the picture of one time, which stay in the cache."""
        moment = self._moment(time_s)
        for top in range(0, self.recipe.height_px, STRIP):
            rows = slice(top, min(top + STRIP, self.recipe.height_px))
            yield rows, self._compose(moment, rows), moment.gain[rows]

    def _moment(self, time_s: float) -> _Moment:
        recipe, lags = self.recipe, self.stage.lags(time_s)
        x, y, gain = self._limb_places(time_s, lags)
        cols, rows = np.arange(recipe.width_px, dtype=float)[None], np.arange(recipe.height_px, dtype=float)[:, None]
        hidden = finger.cover(recipe, time_s, cols, rows)
        if hidden is not None:  # what rises behind it does not shade it
            gain = 1 + (gain - 1) * (1 - hidden)
        gain *= rows_gain(recipe, time_s)
        shadow = shadow_gain(recipe, time_s)
        if shadow is not None:
            gain *= shadow
        return _Moment(
            x,
            y,
            gain,
            self.stage.affine(time_s, parallax=recipe.scene.parallax),
            None if lags is None else lags * recipe.scene.parallax,
            self.wind.cover(time_s) if self.wind else None,
            self.wet.sheen(time_s) if self.wet else None,
            self.socket.at(time_s, lags) if self.socket else None,
            hidden,
        )

    def _limb_places(self, time_s: float, lags: FloatArray | None) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Where on the limb each px looks (x, y), and how its brightness is changed by its tilt, all (h, w)."""
        affine = self.stage.affine(time_s)
        shift = self.stage.limb.at(time_s)
        moved = affine @ np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])
        x, y = grid(moved, slice(0, self.recipe.height_px), slice(0, self.recipe.width_px), lags)
        self.stage.unturn(time_s, x, y)
        for nuisance, field_x, field_y in self.breathing:
            depth = np.float32(nuisance.strength * motion.breath(nuisance, time_s))
            x -= depth * field_x
            y -= depth * field_y
        gain = np.ones_like(x)
        if self.socket:
            self.socket.bulge(time_s, (x, y, gain))
        for local in self.places:
            level = local.course(time_s) if local.start_s <= time_s <= local.end_s else 0.0
            if abs(level) > 1e-4:
                at = np.array(self.stage.place(time_s, local.shape.x_px, local.shape.y_px))
                self._move(local.shape, level, (x, y, gain), at)
        return x, y, gain

    def _move(
        self, shape: Twitch, level: float, maps: tuple[FloatArray, FloatArray, FloatArray], at: FloatArray
    ) -> None:
        """Displace and shade the neighborhood of one place; `at` is where it appears in the picture."""
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

    def _compose(self, moment: _Moment, rows: slice) -> Planes:
        """Lay a strip of the limb over the background, and over it what lies before it."""
        x, y = moment.x[rows], moment.y[rows]
        opening = moment.socket.open_lids(x, y, rows) if moment.socket else None
        *colors, cover = cv2.split(self.skin.look_up(x, y))
        planes = [color * np.float32(1 / 128) for color in colors]
        if moment.hairs is not None and self.wind:
            hair = cv2.remap(moment.hairs, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
            _blend(planes, (0.0, 0.0, 0.0), hair * np.float32(self.wind.hairs.dark / 255))
        if moment.film is not None and self.wet:
            shine = self.wet.shine(x, y, moment.film[rows])
            planes = [plane + shine for plane in planes]
        if opening and moment.socket:
            moment.socket.draw(planes, opening, rows)
        self._put_behind(moment, rows, planes, np.asarray(cover, dtype=np.uint16))
        if moment.finger is not None:
            _blend(
                planes, finger.color(base_color(self.recipe.scene) * self.recipe.scene.exposure), moment.finger[rows]
            )
        return planes

    def _put_behind(self, moment: _Moment, rows: slice, planes: Planes, cover: np.typing.NDArray[np.uint16]) -> None:
        """Show the background where the limb does not cover it."""
        cols = np.flatnonzero((cover < 65500).any(0))
        if len(cols):
            there = slice(int(cols[0]), int(cols[-1]) + 1)
            behind = cv2.split(self.behind.look_up(*grid(moment.apart, rows, there, moment.lags)))
            share = cover[:, there] * np.float32(1 / 65535)
            for plane, back in zip(planes, behind, strict=False):
                far = back * np.float32(1 / 128)
                front = plane[:, there]
                front -= far
                front *= share
                front += far


def _blend(planes: Planes, color: Iterable[float], share: FloatArray) -> None:
    """Lay a color over a strip, in place."""
    for plane, level in zip(planes, color, strict=True):
        plane[:] += (np.float32(level) - plane) * share


def _box(at: FloatArray, reach: float, shape: tuple[int, ...]) -> tuple[slice, slice]:
    low = np.floor(at - reach).astype(int)
    high = np.ceil(at + reach).astype(int) + 1
    return (
        slice(max(0, low[1]), max(0, min(shape[0], high[1]))),
        slice(max(0, low[0]), max(0, min(shape[1], high[0]))),
    )


def _breathing_field(recipe: Recipe) -> tuple[FloatArray, FloatArray]:
    """Wide, uneven motion across the limb: largest at one third of its length."""
    limb = Limb.of(recipe)
    x, y = np.arange(recipe.width_px)[None], np.arange(recipe.height_px)[:, None]
    turn = np.radians(limb.angle_deg)
    away = (x - recipe.width_px / 3) ** 2 + (y - recipe.height_px / 2) ** 2
    hill = np.exp(-away / (2 * (0.45 * max(recipe.width_px, recipe.height_px)) ** 2)).astype(np.float32)
    return hill * np.float32(-np.sin(turn)), hill * np.float32(np.cos(turn))
