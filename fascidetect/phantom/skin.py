"""Pictures of skin and of what lies behind it, drawn once and then only moved.

All functions work in texels of a picture that is larger than the clip's and finer by a whole
factor; a ``scale`` is texels per mm. Layers of skin are logarithms of brightness, so they add.
"""

from __future__ import annotations

import cv2
import numpy as np

from fascidetect.model import FloatArray
from fascidetect.phantom.recipe import Scene, View

_TONES = np.array(
    [[236, 196, 172], [214, 163, 132], [176, 124, 93], [128, 84, 60], [84, 56, 43]],
    dtype=np.float32,
)
"""RGB of skin at middle light, from very light to very dark."""

_BLOOD = np.array([0.25, 1.0, 0.8], dtype=np.float32)
"""How much more blood darkens red, green and blue."""

_MELANIN = np.array([0.6, 1.0, 1.25], dtype=np.float32)
"""The same for pigment."""

_BASES = {
    "limb": ((0.0, 0.0, 0.0), 0.0),
    "sole": ((232.0, 180.0, 152.0), 0.6),
    "eyelid": ((200.0, 138.0, 122.0), 0.25),
    "tongue": ((192.0, 96.0, 98.0), 0.85),
}
"""RGB and share by which the tone is drawn towards it, for each view."""

_FURROWS = {
    "limb": ((32.0, 0.75, 1.0), (-40.0, 0.85, 0.9), (85.0, 1.3, 0.6), (80.0, 5.0, 1.2)),
    "sole": ((8.0, 1.7, 1.3), (-12.0, 2.6, 0.8), (78.0, 9.0, 1.6), (-20.0, 14.0, 2.0)),
    "eyelid": ((3.0, 0.45, 1.0), (-5.0, 0.6, 0.9), (60.0, 0.5, 0.4), (0.0, 2.4, 1.4)),
}
"""Families of lines: direction (degrees), spacing (mm), depth."""

_DEPTHS = {"limb": 0.040, "sole": 0.080, "eyelid": 0.045, "tongue": 0.075}
"""How dark the hollows are."""

_CUBIC = 1.17
"""Undoes what cubic enlargement takes from the sd of white noise."""

Size = tuple[int, int]
"""Height and width, texels."""


def blurred(picture: FloatArray, sd: float) -> FloatArray:
    """Gaussian blur; sd in texels."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sd), dtype=np.float32)


def noise(rng: np.random.Generator, size: Size, grain: float, *, stretch: float = 1.0) -> FloatArray:
    """Smooth Gaussian noise of sd 1 whose grains are `grain` texels high and `stretch` times as wide."""
    coarse = int(grain // 8)
    if coarse > 1:  # big grains are drawn small and enlarged
        small = noise(rng, (size[0] // coarse + 2, size[1] // coarse + 2), grain / coarse, stretch=stretch)
        rows, cols = (side * coarse for side in small.shape)
    else:
        cells = round(size[0] / grain) + 3, round(size[1] / (grain * stretch)) + 3
        small = rng.standard_normal(cells, dtype=np.float32) * np.float32(_CUBIC)
        rows, cols = max(size[0], round(cells[0] * grain)), max(size[1], round(cells[1] * grain * stretch))
    smooth = cv2.resize(small, (cols, rows), interpolation=cv2.INTER_CUBIC)[: size[0], : size[1]]
    return np.asarray(smooth, dtype=np.float32)


def skin(rng: np.random.Generator, size: Size, scene: Scene, *, scale: float) -> FloatArray:
    """Bare skin in even light, (h, w, 3) float32 RGB, 0..255."""
    relief = _papillae(rng, size, scale) if scene.view == "tongue" else _relief(rng, size, scene.view, scale)
    blood = 0.024 * _mottle(rng, size, scale, (0.8, 2.0, 6.0, 18.0)) + 0.015 * noise(rng, size, 40 * scale)
    pigment = 0.022 * _mottle(rng, size, scale, (0.5, 1.2, 4.0, 12.0))
    shadow = _DEPTHS[scene.view] * scene.texture * _lit(relief, scene)
    shadow += _dots(rng, size, per_mm2=0.35, radius=(0.10, 0.30), scale=scale) * (0.10 * scene.texture)
    pigment = pigment * scene.texture
    moles = scene.mole_per_cm2 if scene.view in ("limb", "eyelid") else 0.0
    pigment += _dots(rng, size, per_mm2=moles / 100, radius=(0.5, 1.6), scale=scale) * 0.55
    picture = np.empty((*size, 3), np.float32)
    for k, base in enumerate(base_color(scene)):
        depth = (-scene.texture * _BLOOD[k]) * blood - _MELANIN[k] * pigment - shadow
        picture[..., k] = base * np.exp(depth)
    if scene.tattoo:
        _tattoo(rng, picture)
    return picture


def base_color(scene: Scene) -> FloatArray:
    """RGB in middle light: a sole is paler, the skin of a lid redder, a tongue nearly the same in everybody."""
    own, share = _BASES[scene.view]
    return np.asarray((1 - share) * _tone(scene.tone) + share * np.array(own), dtype=np.float32)


def _tone(tone: float) -> FloatArray:
    at = tone * (len(_TONES) - 1)
    return np.array([np.interp(at, np.arange(len(_TONES)), _TONES[:, k]) for k in range(3)], dtype=np.float32)


def _mottle(rng: np.random.Generator, size: Size, scale: float, grains_mm: tuple[float, ...]) -> FloatArray:
    """Patches of several sizes, rougher ones stronger; sd about 1."""
    total = np.zeros(size, np.float32)
    for k, grain in enumerate(grains_mm):
        if grain * scale >= 1.5:
            total += noise(rng, size, grain * scale) * (0.6 + 0.15 * k)
    return total


def _relief(rng: np.random.Generator, size: Size, view: View, scale: float) -> FloatArray:
    """Height of the surface: crossing families of fine furrows, and a few long wrinkles."""
    height = np.zeros(size, np.float32)
    for angle, spacing, depth in _FURROWS[view]:
        height -= depth * _furrows(rng, size, angle, max(spacing * scale, 2.5))
    return height


def _papillae(rng: np.random.Generator, size: Size, scale: float) -> FloatArray:
    """Height of a tongue: coarse bumps, closely set and of several sizes."""
    bumps = _dots(rng, size, per_mm2=0.5, radius=(0.35, 0.75), scale=scale)
    return np.asarray(2.0 * bumps + 0.5 * noise(rng, size, max(0.5 * scale, 2.0)), dtype=np.float32)


def _furrows(rng: np.random.Generator, size: Size, angle_deg: float, spacing: float) -> FloatArray:
    """A family of lines, 0..1, wandering about one direction: where drawn-out noise passes zero."""
    diagonal = int(np.hypot(*size)) + 1
    grain = noise(rng, (diagonal, diagonal), spacing, stretch=5.0)
    wander = noise(rng, size, 30 * spacing) * (0.6 * spacing)
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    y, x = (np.arange(n, dtype=np.float32) - n / 2 for n in size)
    turned_x = (c * x[None] + s * y[:, None] + diagonal / 2).astype(np.float32)
    turned_y = (c * y[:, None] - s * x[None] + diagonal / 2 + 3 * wander).astype(np.float32)
    level = cv2.remap(grain, turned_x, turned_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    depth = np.clip(0.7 + 0.4 * noise(rng, size, 12 * spacing), 0, 1.5)
    return np.asarray(np.exp(-np.square(level * 2.2)) * depth, dtype=np.float32)


def _lit(relief: FloatArray, scene: Scene) -> FloatArray:
    """Darkness of the relief: furrows are dark, more so on the side turned from the light; sd 1."""
    towards = np.radians(scene.light_deg)
    lx, ly = np.cos(towards) * scene.light_side, np.sin(towards) * scene.light_side
    smooth = blurred(relief, 1.0)
    gx, gy = cv2.Sobel(smooth, -1, 1, 0, ksize=3) / 8, cv2.Sobel(smooth, -1, 0, 1, ksize=3) / 8
    dark = 2.0 * (gx * lx + gy * ly) - 0.6 * smooth
    dark -= dark.mean()
    return np.asarray(dark / max(float(dark.std()), 1e-6), dtype=np.float32)


def _dots(
    rng: np.random.Generator, size: Size, *, per_mm2: float, radius: tuple[float, float], scale: float
) -> FloatArray:
    """Soft round dots, 0..1; radii in mm."""
    picture = np.zeros(size, np.float32)
    count = rng.poisson(per_mm2 * size[0] * size[1] / scale**2)
    xs, ys = rng.uniform(0, size[1], count), rng.uniform(0, size[0], count)
    radii, depths = rng.uniform(*radius, count) * scale, rng.uniform(0.4, 1.0, count)
    for x, y, r, depth in zip(xs, ys, radii, depths, strict=True):
        cv2.circle(picture, (round(x * 16), round(y * 16)), max(8, round(r * 16)), float(depth), -1, cv2.LINE_AA, 4)
    return blurred(picture, max(0.7, 0.35 * float(np.mean(radius)) * scale))


def _tattoo(rng: np.random.Generator, picture: FloatArray) -> None:
    """Rings and strokes of bluish ink near the middle."""
    height, width = picture.shape[:2]
    ink = np.zeros((height, width), np.float32)
    middle, size = np.array([width, height]) * rng.uniform(0.42, 0.58, 2), 0.10 * min(height, width)
    thick = max(2, round(size / 12))
    for share in (1.0, 0.7):
        cv2.circle(ink, tuple(np.round(middle).astype(int).tolist()), round(size * share), 1.0, thick, cv2.LINE_AA)
    for angle in np.arange(8) * np.pi / 4:
        ends = middle + np.outer([0.2, 1.25], [np.cos(angle), np.sin(angle)]) * size
        a, b = (tuple(end) for end in np.round(ends).astype(int).tolist())
        cv2.line(ink, a, b, 0.9, thick, cv2.LINE_AA)
    ink = blurred(ink, 1.5)[..., None]
    picture *= 1 - ink * np.array([0.72, 0.60, 0.48], np.float32)


def background(rng: np.random.Generator, size: Size, scene: Scene, *, scale: float) -> FloatArray:
    """What lies behind the limb, (h, w, 3) float32 RGB, 0..255."""
    if scene.view == "tongue":
        return _mouth(rng, size, scale)
    drawn = {"cloth": _cloth, "wood": _wood, "skin": _wall, "dark": _dark, "linen": _linen}[scene.background]
    return drawn(rng, size, scale)


def _colored(level: FloatArray, rgb: tuple[float, float, float]) -> FloatArray:
    return np.asarray(level[..., None] * np.array(rgb), dtype=np.float32)


def _cloth(rng: np.random.Generator, size: Size, scale: float) -> FloatArray:
    """Woven, blue-gray, in folds."""
    y, x = (np.arange(n, dtype=np.float32) for n in size)
    period = max(1.4 * scale, 5.0)
    bent = 1.5 * noise(rng, size, 20 * scale)
    weave = np.sin(2 * np.pi * x[None] / period + bent) * np.sin(2 * np.pi * y[:, None] / period - bent)
    folds = 0.10 * noise(rng, size, 60 * scale) - 0.35 * _furrows(rng, size, 25.0, 35 * scale)
    level = np.exp(folds + 0.10 * weave + 0.06 * noise(rng, size, 2.0))
    return _colored(level, (100, 112, 132))


def _wood(rng: np.random.Generator, size: Size, scale: float) -> FloatArray:
    """Brown planks with grain: reddish, so that color alone does not tell it from skin."""
    rings = noise(rng, size, 9 * scale, stretch=12) * 3 + noise(rng, size, 2.5 * scale, stretch=20)
    grain = 0.10 * np.sin(4 * rings) + 0.05 * noise(rng, size, max(1.5, 0.4 * scale), stretch=25)
    level = np.exp(grain + 0.08 * noise(rng, size, 60 * scale))
    return _colored(level, (150, 106, 70))


def _wall(rng: np.random.Generator, size: Size, scale: float) -> FloatArray:
    """A wall or sheet of the color of skin."""
    level = np.exp(0.06 * noise(rng, size, 60 * scale) + 0.03 * noise(rng, size, max(2.0, 1.5 * scale)))
    return _colored(level, (206, 168, 142))


def _linen(rng: np.random.Generator, size: Size, scale: float) -> FloatArray:
    """A rumpled sheet in a warm beige, finely woven: near the color of skin."""
    y, x = (np.arange(n, dtype=np.float32) for n in size)
    period = max(0.9 * scale, 4.0)
    bent = 1.0 * noise(rng, size, 15 * scale)
    weave = np.sin(2 * np.pi * x[None] / period + bent) + np.sin(2 * np.pi * y[:, None] / period - bent)
    folds = 0.12 * noise(rng, size, 40 * scale) - 0.20 * _furrows(rng, size, 30.0, 25 * scale)
    level = np.exp(folds + 0.04 * weave + 0.05 * noise(rng, size, 2.0))
    return _colored(level, (196, 164, 136))


def _mouth(rng: np.random.Generator, size: Size, scale: float) -> FloatArray:
    """The dark red inside of a mouth, framed by lips."""
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in size)
    lips = np.clip((np.hypot(x[None] / 0.98, y[:, None] / 0.98) - 1) / 0.12 + 0.5, 0, 1)[..., None]
    wrinkles = np.exp(0.10 * noise(rng, size, 6 * scale) - 0.15 * _furrows(rng, size, 80.0, max(1.5 * scale, 3.0)))
    inside = np.exp(0.2 * noise(rng, size, 8 * scale))
    return np.asarray((1 - lips) * _colored(inside, (70, 24, 26)) + lips * _colored(wrinkles, (176, 96, 92)))


def _dark(rng: np.random.Generator, size: Size, scale: float) -> FloatArray:
    """A dark room."""
    level = np.exp(0.3 * noise(rng, size, 50 * scale) + 0.1 * noise(rng, size, 4 * scale))
    return _colored(level, (24, 24, 28))


def to_texture(picture: FloatArray, alpha: FloatArray | None = None) -> np.typing.NDArray[np.uint16]:
    """Four channels of 16 bit (RGB and cover), 1/128 gray level and finer than any rounding that matters."""
    packed = np.empty((*picture.shape[:2], 4), np.uint16)
    packed[..., :3] = np.clip(picture * 128 + 0.5, 0, 65535)
    packed[..., 3] = 65535 if alpha is None else np.clip(alpha * 65535 + 0.5, 0, 65535)
    return packed
