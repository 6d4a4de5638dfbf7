"""Where the skin is: color that does not depend on brightness, voted over many frames; and depth, see `depth`.

Skin of any tone reflects red more than blue by a share of its brightness that changes little with
the tone, so k = (V - U) / Y is used and brightness is not. The threshold is the clip's own.
Including too much costs little (a background that keeps still makes no events, one that moves
differently is dropped later as parallax); leaving skin out loses its twitches. So it leans wide.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fascidetect.model import BoolArray, FloatArray, Geometry

POINTS_PER_CELL = 2  # color is looked at on a grid twice as fine as the cells
DARKEST = 16.0  # luma below which color is noise
SKIN_FLOOR = 0.06  # k of the palest skin seen in white light
ONE_CLASS = 0.08  # closer class means than this: the picture is all skin, or colorless
SMALLEST_SHARE = 0.08  # a smaller subject is not believed
SECOND_SHARE = 0.15  # further pieces of at least this share of the picture belong to it too
ON_SKIN = 0.5  # part of an area given by the user that must be skin for the rest of the skin to move with it
WIDER_SHARE = 0.35  # of the picture: what is followed about a small area given by the user
ALL_SKIN = 0.9  # of the picture: so much skin may as well be a table of its color
VOTE = 0.6  # part of the looks in which a place must be skin


@dataclass(frozen=True, slots=True)
class Subject:
    """Masks on the fine color grid, and how the area was found (`MotionTrace.area`).

    Attributes
    ----------
    mask
        What moves as one body, and is followed.
    analyzed
        What is analyzed: the same, or the area that was asked for.
    """

    mask: BoolArray
    analyzed: BoolArray
    area: str


def redness(luma: FloatArray, chroma: FloatArray) -> FloatArray:
    """K = (V - U) / Y on the grid of the chroma.

    Parameters
    ----------
    luma
        Shape (h, w), 0..255.
    chroma
        Shape (hc, wc, 2), (U, V) around 0.

    Returns
    -------
    FloatArray
        Shape (hc, wc); about 0 for gray, 0.1 to 0.6 for skin.
    """
    rows, cols = chroma.shape[:2]
    y = cv2.resize(luma, (cols, rows), interpolation=cv2.INTER_AREA)
    return (chroma[..., 1] - chroma[..., 0]) / np.maximum(y, DARKEST)


def find_skin(k: FloatArray) -> BoolArray | None:
    """Split one picture's `redness` into skin and rest.

    Returns
    -------
    BoolArray or None
        Shape of `k`; None where the picture does not fall into two parts.

    Notes
    -----
    Otsu's threshold alone keeps only the reddest of three classes (skin, wood, dark), so it is
    capped by half of what the middle of the picture shows, where people put the muscle.
    """
    from skimage.filters import threshold_otsu

    if np.ptp(k) < ONE_CLASS:
        return None
    rows, cols = k.shape
    middle = k[rows // 4 : rows - rows // 4, cols // 4 : cols - cols // 4]
    cut = min(float(threshold_otsu(k)), max(SKIN_FLOOR, 0.5 * float(np.percentile(middle, 60))))
    skin = k > cut
    if skin.all() or not skin.any() or k[skin].mean() - k[~skin].mean() < ONE_CLASS:
        return None
    return _main_pieces(skin)


def _main_pieces(skin: BoolArray) -> BoolArray | None:
    """Drop specks and small islands, close gaps (hair, moles, tattoos); None if little is left."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    opened = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    if n < 2:
        return None
    sizes = stats[1:, cv2.CC_STAT_AREA]
    kept = 1 + np.flatnonzero((sizes == sizes.max()) | (sizes >= SECOND_SHARE * skin.size))
    pieces = np.isin(labels, kept).astype(np.uint8)
    closed = cv2.morphologyEx(pieces, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    whole = _fill_holes(np.asarray(closed, bool))
    return whole if whole.mean() >= SMALLEST_SHARE else None


def _fill_holes(pieces: BoolArray) -> BoolArray:
    """Close every hole: what skin surrounds (tattoo, mole, eye, watch) is looked at too."""
    from scipy.ndimage import binary_fill_holes

    return np.asarray(binary_fill_holes(pieces))


class SubjectVotes:
    """Collects, in reference coordinates, how often each place was skin."""

    def __init__(self, geometry: Geometry, roi: BoolArray | None) -> None:
        rows, cols = geometry.shape
        self._shape = rows * POINTS_PER_CELL, cols * POINTS_PER_CELL
        self._points_per_px = POINTS_PER_CELL / geometry.cell_px
        self._yes = np.zeros(self._shape, np.float32)
        self._looks = np.zeros(self._shape, np.float32)
        self._undecided = 0
        self._decided = 0
        self._roi = roi
        self._middle: BoolArray | None = None

    @property
    def untold(self) -> bool:
        """Whether nothing tells the subject from what lies behind it, yet."""
        return self._roi is None and self._middle is None and not _apart(self._skin())

    def settle_depth(self, middle: BoolArray) -> bool:
        """Say, once and for all, which cells (R, C) lie at the depth of the middle; specks alone settle nothing."""
        self._middle = _main_pieces(np.kron(middle, np.ones((POINTS_PER_CELL, POINTS_PER_CELL), bool)))
        return self._middle is not None

    def look(self, luma: FloatArray, chroma: FloatArray, affine: FloatArray) -> None:
        """Add one picture, seen through `affine` (reference to picture, analysis_px)."""
        skin = find_skin(redness(luma, chroma))
        if skin is None:
            self._undecided += 1
            return
        self._decided += 1
        to_points = np.array([[1, 1, self._points_per_px], [1, 1, self._points_per_px]])
        matrix = affine[:2] * to_points
        rows, cols = self._shape
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(np.ones(self._shape, np.float32), matrix, (cols, rows), flags=flags)
        yes = cv2.warpAffine(skin.astype(np.float32), matrix, (cols, rows), flags=flags)
        self._looks += seen
        self._yes += yes

    def subject(self) -> Subject:
        """What the votes say so far. The user's own area is what is analyzed; more is followed if it is small.

        A twitch fills a small area: were the camera followed on that alone, the twitch would pass for its motion.
        """
        body, how = self._body()
        if self._roi is not None:
            on_body = body is not None and body[self._roi].mean() >= ON_SKIN
            return Subject(self._roi | body if on_body and body is not None else _wider(self._roi), self._roi, "roi")
        if body is not None:
            return Subject(body, body, how)
        everything = np.ones(self._shape, bool)
        return Subject(everything, everything, "whole picture")

    def _body(self) -> tuple[BoolArray | None, str]:
        """What moves as one body, and how it was found: by its color, or else by its depth."""
        return (self._skin(), "skin") if self._middle is None else (self._middle, "parallax")

    def _skin(self) -> BoolArray | None:
        if self._decided <= self._undecided:
            return None
        mask = self._yes > VOTE * np.maximum(self._looks, 0.5)
        return mask if mask.mean() >= SMALLEST_SHARE else None


def _apart(skin: BoolArray | None) -> bool:
    """Whether color tells the skin from anything: not where all is of its color."""
    return skin is not None and skin.mean() < ALL_SKIN


def _wider(area: BoolArray) -> BoolArray:
    """The area and what lies nearest to it, until both make enough of the picture."""
    from scipy.ndimage import distance_transform_edt

    away = distance_transform_edt(~area)
    return np.asarray(away <= np.quantile(away, WIDER_SHARE))
