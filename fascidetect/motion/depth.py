"""What lies at another depth: told by parallax, where color tells nothing.

A hand that holds a phone shifts it, and what is near then goes farther in the picture than what is far. A
limb before a table or a sheet of its own color is known by how far it goes with the camera.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np

from fascidetect.model import BoolArray, FloatArray, Geometry

STEP_S = 0.1  # shifts are taken over so long: a hand shakes faster than a limb moves by itself
LEAST_S = 3.0  # of looking, before anything is said
CLIPPED = 3.0  # a cell's change counts up to so many times the frame's usual one: a twitch tells nothing of depth
TRUSTED = 0.2  # less texture than this tells nothing either
FEWEST_CELLS = 50
SMOOTH_CELLS = 0.8
LEAST_APART = 0.08  # of two depths: how much farther the one goes, as a share of the camera's shift ...
CLEARLY_APART = 6.0  # ... and in standard errors of a cell
TWO_DEPTHS = 0.78  # share of the variance that a division into two explains: of an even slope it explains 0.75
IN_THE_MIDDLE = 0.6  # share of the middle that must lie at one depth: there people put the muscle


class DepthVotes:
    """Collects how much farther than the registered picture each cell goes with the camera."""

    def __init__(self, geometry: Geometry, interval_s: float) -> None:
        rows, cols = geometry.shape
        row, col = np.mgrid[0:rows, 0:cols]
        self._xy = geometry.cells_to_analysis(np.stack([row, col], axis=-1)).astype(np.float32)
        self._before = deque[tuple[FloatArray, FloatArray]](maxlen=max(1, round(STEP_S / interval_s)))
        self._least = round(LEAST_S / interval_s)
        self._looks = 0
        self._product, self._shift2, self._own2 = (np.zeros((rows, cols), np.float32) for _ in range(3))

    def look(self, affine: FloatArray, displacement_px: FloatArray) -> None:
        """Add a frame: reference to picture, (3, 3), and what the cells are off, (R, C, 2); analysis_px."""
        at = (self._xy @ affine[:2, :2].T + affine[:2, 2]).astype(np.float32)
        off = displacement_px.astype(np.float32)
        if len(self._before) == self._before.maxlen:
            at_before, off_before = self._before[0]
            shift, own = at - at_before, off - off_before
            most = CLIPPED * float(np.median(np.abs(own)))
            own = np.clip(own, -most, most)
            self._product += (shift * own).sum(axis=-1)
            self._shift2 += (shift * shift).sum(axis=-1)
            self._own2 += (own * own).sum(axis=-1)
            self._looks += 1
        self._before.append((at, off))

    def lose(self) -> None:
        """Take no shift across a frame that could not be registered."""
        self._before.clear()

    def middle(self, trust: FloatArray) -> BoolArray | None:
        """(R, C) cells at the depth of the picture's middle; None where there are not clearly two depths.

        Parameters
        ----------
        trust
            (R, C) 0..1: where a displacement means something.

        Notes
        -----
        The two are divided as by Otsu (1979, IEEE Trans. SMC 9:62).
        """
        from skimage.filters import threshold_otsu

        known = (trust > TRUSTED) & (self._shift2 > 0)
        if self._looks < self._least or known.sum() < FEWEST_CELLS:
            return None
        shift2 = np.maximum(self._shift2, np.finfo(np.float32).tiny)
        farther: FloatArray = self._product / shift2
        error = np.sqrt(np.maximum(self._own2 / shift2 - farther**2, 0) / (2 * self._looks))
        farther = _smooth(farther, trust)
        values = farther[known]
        if np.ptp(values) < LEAST_APART:
            return None
        cut = float(threshold_otsu(values))
        upper = values > cut
        apart = float(values[upper].mean() - values[~upper].mean())
        explained = float(np.mean(upper) * np.mean(~upper)) * apart**2 / float(values.var())
        if apart < max(LEAST_APART, CLEARLY_APART * float(np.median(error[known]))) or explained < TWO_DEPTHS:
            return None
        rows, cols = farther.shape
        near = farther > cut
        share = float(near[rows // 4 : rows - rows // 4, cols // 4 : cols - cols // 4].mean())
        if IN_THE_MIDDLE > share > 1 - IN_THE_MIDDLE:
            return None
        return near if share >= IN_THE_MIDDLE else ~near


def _smooth(values: FloatArray, trust: FloatArray) -> FloatArray:
    """Mean of the near cells, by how far each can be trusted."""
    weight = np.square(trust.astype(np.float32)) + np.float32(1e-4)
    total, norm = (
        cv2.GaussianBlur(part, (0, 0), SMOOTH_CELLS, borderType=cv2.BORDER_REPLICATE)
        for part in (values * weight, weight)
    )
    return np.asarray(total / norm, np.float32)
