"""Pictures in which the skin twitches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from fascidetect.inject.paths import Paths
from fascidetect.model import ByteArray, FloatArray, transform
from fascidetect.phantom import twitch
from fascidetect.phantom.recipe import Twitch

LEAST = 1e-4  # share of its peak below which a twitch is not drawn
SPLINE_PX = 8

Image = TypeVar("Image", ByteArray, FloatArray)


@dataclass(frozen=True, slots=True)
class Warp:
    """Moves the skin of one picture after the other; paths and twitches are in px of these pictures."""

    paths: Paths
    twitches: tuple[Twitch, ...]

    def __call__(self, image: Image, time_s: float) -> Image:
        """A picture (h, w) or (h, w, channels) with all that twitches at a time; itself where nothing does."""
        for one in self.twitches:
            level = twitch.value(one, time_s)
            if one.start_s <= time_s <= one.start_s + twitch.lasting_s(one) and abs(level) > LEAST:
                image = _moved(image, one, level, self.paths.at(time_s))
        return image


def _moved(image: Image, one: Twitch, level: float, affine: FloatArray) -> Image:
    """Displace the neighborhood of a twitch.

    Bytes are looked up between px by linear interpolation, which is exact but smooths the noise a little;
    other numbers by cubic splines, which hardly do.
    """
    from scipy.ndimage import map_coordinates

    height, width = image.shape[:2]
    center = transform(affine, np.array([one.x_px, one.y_px]))
    reach = 1.1 * twitch.reach_px(one) * math.sqrt(abs(np.linalg.det(affine[:2, :2]))) + 2
    left, top = np.maximum(np.floor(center - reach).astype(int), 0).tolist()
    right, bottom = np.minimum(np.ceil(center + reach).astype(int) + 1, (width, height)).tolist()
    if left >= right or top >= bottom:
        return image
    y, x = np.mgrid[top:bottom, left:right].astype(float)
    here = transform(np.linalg.inv(affine), np.stack([x, y], axis=-1)) - (one.x_px, one.y_px)
    move = np.stack(twitch.field(one, here[..., 0], here[..., 1]), axis=-1) * level @ affine[:2, :2].T
    out, whole = image.copy(), image.dtype == np.uint8
    spare = 0 if whole else SPLINE_PX  # around what is looked up, for the spline to settle
    box = slice(max(0, top - spare), bottom + spare), slice(max(0, left - spare), right + spare)
    places = np.stack([y - move[..., 1] - box[0].start, x - move[..., 0] - box[1].start])
    planes, target = np.atleast_3d(image[box]), np.atleast_3d(out[top:bottom, left:right])
    for channel in range(planes.shape[2]):
        plane = map_coordinates(
            planes[..., channel].astype(np.float32), places, order=1 if whole else 3, mode="nearest"
        )
        target[..., channel] = np.clip(np.rint(plane), 0, 255) if whole else plane
    return out
