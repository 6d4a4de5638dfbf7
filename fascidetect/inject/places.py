"""Where a twitch can be put: on skin, in view throughout, clear of others."""

from __future__ import annotations

import numpy as np

from fascidetect.inject.paths import Paths
from fascidetect.model import FloatArray, MotionTrace
from fascidetect.phantom.recipe import Twitch

SKIN = 0.9
"""Share of a cell that must belong to the subject."""

TEXTURE = 0.25
"""Texture of a place, in units of the skin's median: where there is none, nothing is seen to move."""

SPACING = 3.0
"""Least distance of two places, in radii."""

SHRINK = (1.0, 0.7, 0.5, 0.35)
"""Radii are reduced to these shares where the skin in view is small."""


def find_place(
    rng: np.random.Generator, trace: MotionTrace, paths: Paths, radius: float, others: list[Twitch]
) -> tuple[float, float, float] | None:
    """A place (x, y) of the reference and its radius, px: on skin, in view throughout, clear of the others."""
    room = np.minimum(_depth_px(trace), _clearance_px(trace, paths))
    xy = cell_places(trace)
    for share in SHRINK:
        free = room >= 1.5 * share * radius
        for other in others:
            apart = np.hypot(*np.moveaxis(xy - (other.x_px, other.y_px), -1, 0))
            free &= apart >= SPACING * max(share * radius, other.radius_px)
        cells = np.argwhere(free)
        if len(cells):
            row, col = cells[rng.integers(len(cells))]
            x, y = xy[row, col].tolist()
            return x, y, share * radius
    return None


def cell_places(trace: MotionTrace) -> FloatArray:
    """(R, C, 2) centers of the cells, (x, y) in px of the reference."""
    rows, cols = np.indices(trace.geometry.shape)
    return np.asarray(trace.geometry.analysis_to_px(trace.geometry.cells_to_analysis(np.stack([rows, cols], axis=-1))))


def _depth_px(trace: MotionTrace) -> FloatArray:
    """(R, C) distance of each cell to the nearest that is no skin or is too plain, px."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    skin = trace.mask > SKIN
    if skin.any():
        texture = gaussian_filter(trace.texture, 1.0)
        skin &= texture >= TEXTURE * np.median(texture[skin])
    skin = np.pad(skin, 1)
    cell_px = trace.geometry.cell_px * trace.geometry.px_per_analysis_px
    return np.asarray(np.asarray(distance_transform_edt(skin))[1:-1, 1:-1] * cell_px)


def _clearance_px(trace: MotionTrace, paths: Paths) -> FloatArray:
    """(R, C) least distance to the border of the picture over all frames, px."""
    places = cell_places(trace)
    rows, cols = places.shape[:2]
    least = np.full(rows * cols, np.inf)
    size = np.array([trace.geometry.width_px - 1, trace.geometry.height_px - 1])
    for part in np.array_split(paths.affine, max(1, len(paths.affine) // 64)):
        at = Paths(paths.time_s, part).everywhere(places.reshape(-1, 2))
        least = np.minimum(least, np.minimum(at, size - at).min(axis=(0, 2)))
    return least.reshape(rows, cols)
