"""The two layers of a scene, drawn once: the limb with its cover, and what lies behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from fascidetect.model import FloatArray
from fascidetect.phantom.eye import draw_eye, draw_lashes
from fascidetect.phantom.geometry import Limb
from fascidetect.phantom.hair import Hairs, darken, grow
from fascidetect.phantom.recipe import Recipe, Scene
from fascidetect.phantom.skin import background, blurred, noise, skin, to_texture

_GAMMA = 2.2
_ELEVATION = math.radians(70)
"""Obliquity of the light at light_side = 1."""

_SHARPNESS_PX = 0.6
"""Sd of the lens blur; with it, drawing between two texels of half a px is true to 0.01 px."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture larger than the clip's, to be looked up at any place.

    Parameters
    ----------
    texture
        (h, w, 4) uint16: RGB and cover; or (h, w): one of them.
    fineness
        Texels per px.
    pad_px
        How far it reaches beyond the picture on each side.
    """

    texture: np.typing.NDArray[np.uint16]
    fineness: int
    pad_px: int

    def look_up(self, x: FloatArray, y: FloatArray) -> np.typing.NDArray[np.uint16]:
        """Return the texture at places of the scene, both (h, w) float32, px; the arrays are overwritten."""
        offset = self.pad_px * self.fineness + (self.fineness - 1) / 2
        for places in (x, y):
            np.multiply(places, np.float32(self.fineness), out=places)
            np.add(places, np.float32(offset), out=places)
        found = cv2.remap(self.texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(found, dtype=np.uint16)


def limb_layer(recipe: Recipe, rng: np.random.Generator) -> tuple[Layer, Hairs | None]:
    """Skin on a lit cylinder, at two texels per px; its hairs apart where a wind moves them."""
    fineness, pad = 2, padding_px(recipe)
    size = _size(recipe, fineness, pad)
    x, y = _places(size, fineness, pad)
    scale = fineness / recipe.scene.mm_per_px
    picture = skin(rng, size, recipe.scene, scale=scale)
    hairs = grow(rng, size, recipe.scene, scale=scale) if recipe.scene.view == "limb" else None
    windy = any(n.kind == "wind" for n in recipe.nuisances)
    if hairs and not windy:
        darken(picture, hairs)
    limb = Limb.of(recipe)
    across = limb.across(x[None], y[:, None]).astype(np.float32)
    _light(rng, picture, across, recipe.scene)
    _mark(picture, limb, x[None], y[:, None])
    # The edge is one px wide plus the blur of the lens.
    cover = limb.cover(x[None], y[:, None]).astype(np.float32)
    picture = blurred(picture * np.float32(recipe.scene.exposure), _SHARPNESS_PX * fineness)
    layer = Layer(to_texture(picture, blurred(cover, _SHARPNESS_PX * fineness)), fineness, pad)
    return layer, replace(hairs, blur=math.hypot(hairs.blur, _SHARPNESS_PX * fineness)) if hairs and windy else None


def _mark(picture: FloatArray, limb: Limb, x: FloatArray, y: FloatArray) -> None:
    """Draw what has its fixed place: the furrow of a tongue; the fold of a lid and the red edges of the lids."""
    if limb.view == "tongue":
        picture *= (1 - 0.30 * np.exp(-np.square(limb.across(x, y) / 0.05)))[..., None].astype(np.float32)
    if limb.lids:
        lids, fine = limb.lids, limb.lids.half_px
        within = np.clip((1.12 - np.abs(x - lids.x_px) / fine) / 0.2, 0, 1)
        fold = within * np.exp(-np.square((y - lids.crease(x)) / (0.014 * fine)))
        away = np.minimum(np.abs(y - lids.upper(x)), np.abs(y - lids.lower(x)))
        edges = within * np.exp(-np.square(away / (0.03 * fine)))
        picture *= 1 - (0.40 * fold)[..., None].astype(np.float32)
        picture *= 1 - edges[..., None] * np.array([0.10, 0.28, 0.26], np.float32)


def eye_layers(recipe: Recipe, rng: np.random.Generator) -> tuple[Layer, Layer]:
    """The eyeball, and the cover of the upper lashes, both with the lids at rest."""
    fineness, pad = 2, padding_px(recipe)
    x, y = _places(_size(recipe, fineness, pad), fineness, pad)
    lids, sharp = Limb.of(recipe).lids, _SHARPNESS_PX * fineness
    if not lids:
        raise ValueError(f"a view of an eye is needed, got {recipe.scene.view}")
    ball = draw_eye(x, y, lids, rng) * np.float32(recipe.scene.exposure * 0.95)
    lashes = np.round(draw_lashes(x, y, lids, rng) * 65535).astype(np.uint16)
    return Layer(to_texture(blurred(ball, sharp)), fineness, pad), Layer(lashes, fineness, pad)


def background_layer(recipe: Recipe, rng: np.random.Generator) -> Layer:
    """The background, a little out of focus, with the limb's soft shadow on it."""
    fineness, pad = 1, padding_px(recipe)
    size = _size(recipe, fineness, pad)
    x, y = _places(size, fineness, pad)
    picture = background(rng, size, recipe.scene, scale=fineness / recipe.scene.mm_per_px)
    limb = Limb.of(recipe)
    away = np.maximum(0, -limb.depth_px(x[None], y[:, None])) / (0.12 * min(recipe.width_px, recipe.height_px))
    picture *= (recipe.scene.exposure * (1 - 0.45 * np.exp(-away))).astype(np.float32)[..., None]
    return Layer(to_texture(blurred(picture, 2 * _SHARPNESS_PX)), fineness, pad)


def padding_px(recipe: Recipe) -> int:
    """How much of the scene is drawn beyond the picture: the same for most recipes, so that they share their skin."""
    moves = ("shake", "drift", "knock", "tremor", "voluntary", "posture", "turning")
    reach = sum(n.strength * (3 if n.kind in ("shake", "tremor") else 1.2) for n in recipe.nuisances if n.kind in moves)
    long_px = max(recipe.width_px, recipe.height_px)
    reach += sum(0.5 * long_px * math.radians(3 * n.strength) for n in recipe.nuisances if n.kind == "roll")
    return math.ceil(min(max(8 + reach, 0.06 * long_px), long_px / 4))


def tilt_gain(scene: Scene) -> tuple[float, float]:
    """Relative change of brightness per unit slope of the surface along x and along y, as the picture stores it."""
    oblique = -math.tan(scene.light_side * _ELEVATION) / _GAMMA
    turn = math.radians(scene.light_deg)
    return oblique * math.cos(turn), oblique * math.sin(turn)


def _size(recipe: Recipe, fineness: int, pad: int) -> tuple[int, int]:
    return (recipe.height_px + 2 * pad) * fineness, (recipe.width_px + 2 * pad) * fineness


def _places(size: tuple[int, int], fineness: int, pad: int) -> tuple[FloatArray, FloatArray]:
    """Places in the scene, px, of the columns and of the rows of a texture."""
    y, x = ((np.arange(n) - (fineness - 1) / 2) / fineness - pad for n in size)
    return x, y


def _light(rng: np.random.Generator, picture: FloatArray, across: FloatArray, scene: Scene) -> None:
    """Shade `picture` as a cylinder under oblique light, with muscle relief and a soft highlight."""
    turn = math.radians(scene.light_deg - scene.limb_angle_deg)  # light against the limb's axis
    oblique = scene.light_side * _ELEVATION
    u = np.clip(across, -0.97, 0.97)
    up = np.sqrt(1 - u * u)
    u = u + 0.06 * noise(rng, across.shape, across.shape[0] / 6, stretch=1.5)
    facing = u * math.sin(turn) * math.sin(oblique) + up * math.cos(oblique)
    level = np.power(np.clip(0.35 + 0.75 * facing, 0.05, None), 1 / _GAMMA)
    half = oblique / 2
    glint = np.clip(u * math.sin(turn) * math.sin(half) + up * math.cos(half), 0, 1) ** 40
    picture *= level[..., None].astype(np.float32)
    gloss = 45 * scene.gloss * glint * np.clip(1 + 0.25 * noise(rng, across.shape, 3.0), 0, 2)
    picture += gloss[..., None].astype(np.float32)
