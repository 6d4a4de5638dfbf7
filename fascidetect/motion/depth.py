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
LEAST_S, MOST_S = 3.0, 10.0  # of looking: before that nothing is said, and what is longer ago is forgotten
FEWEST_STEPS = 20
ASK_EVERY_S = 1.0
AGREED = 0.9  # overlap (intersection over union) of two answers in a row that makes them one
CLIPPED = 3.0  # a cell's change counts up to so many times the step's usual one: a twitch tells nothing of depth
TRUSTED = 0.2  # less texture than this tells nothing either
FEWEST_CELLS = 50
SMOOTH_CELLS = 0.8
LEAST_APART = 0.08  # of two depths: how much farther the one goes, as a share of the camera's shift ...
CLEARLY_APART = 3.5  # ... and in standard errors of a cell
TWO_DEPTHS = 0.75  # share of the variance between cells that a division into two explains: more than a quadratic
# surface must, too, for a limb is round
IN_THE_MIDDLE = 0.6  # share of the middle that must lie at one depth: there people put the muscle
GOES_ALONG = 0.45  # least part of the camera's shift that each depth goes: what stands is before a camera that stands
LINEAR = 0.15  # share of the motion between the depths that the camera's shift explains: a limb may turn besides


class DepthVotes:
    """Collects how much farther than the registered picture each cell goes with the camera."""

    def __init__(self, geometry: Geometry, interval_s: float) -> None:
        row, col = np.mgrid[0 : geometry.shape[0], 0 : geometry.shape[1]]
        self._xy = geometry.cells_to_analysis(np.stack([row, col], axis=-1)).astype(np.float32)
        self._step = max(1, round(STEP_S / interval_s))
        step_s = self._step * interval_s
        self._least = max(FEWEST_STEPS, round(LEAST_S / step_s))
        self._ask_every = max(1, round(ASK_EVERY_S / step_s))
        self._steps = deque[tuple[FloatArray, FloatArray]](maxlen=max(self._least, round(MOST_S / step_s)))
        self._before: tuple[FloatArray, FloatArray] | None = None
        self._frames = 0
        self._unasked = 0
        self._answer: BoolArray | None = None

    def look(self, affine: FloatArray, displacement_px: FloatArray) -> None:
        """Add a frame: reference to picture, (3, 3), and what the cells are off, (R, C, 2); analysis_px."""
        self._frames += 1
        if self._before is not None and self._frames % self._step:
            return
        at = (self._xy @ affine[:2, :2].T + affine[:2, 2]).astype(np.float32)
        off = displacement_px.astype(np.float32)
        if self._before is not None:
            shift, own = at - self._before[0], off - self._before[1]
            most = CLIPPED * float(np.median(np.abs(own)))
            self._steps.append((shift, np.clip(own, -most, most)))
            self._unasked += 1
        self._before, self._frames = (at, off), 0

    def lose(self) -> None:
        """Take no step across a frame that could not be registered."""
        self._before = None

    def middle(self, trust: FloatArray) -> BoolArray | None:
        """(R, C) cells at the depth of the picture's middle; None until two answers in a row agree.

        Parameters
        ----------
        trust
            (R, C) 0..1: where a displacement means something.
        """
        if len(self._steps) < self._least or self._unasked < self._ask_every:
            return None
        self._unasked = 0
        before, self._answer = self._answer, self._divided(trust)
        if before is None or self._answer is None:
            return None
        return self._answer if (before & self._answer).sum() >= AGREED * (before | self._answer).sum() else None

    def _divided(self, trust: FloatArray) -> BoolArray | None:
        """Divide the cells into two depths as Otsu does (1979, IEEE Trans. SMC 9:62); None if that is no division."""
        from skimage.filters import threshold_otsu

        shift, own = (np.stack(part) for part in zip(*self._steps, strict=True))
        shift2 = np.maximum(np.square(shift).sum(axis=(0, 3)), np.finfo(np.float32).tiny)
        farther: FloatArray = (shift * own).sum(axis=(0, 3)) / shift2
        error = np.sqrt(np.maximum(np.square(own).sum(axis=(0, 3)) / shift2 - farther**2, 0) / (2 * len(own)))
        known = trust > TRUSTED
        farther = _smooth(farther, trust)
        values = farther[known]
        if known.sum() < FEWEST_CELLS or np.ptp(values) < LEAST_APART:
            return None
        near = farther > float(threshold_otsu(values))
        if not (near[known].any() and (~near[known]).any()):
            return None
        high, low = float(values[near[known]].mean()), float(values[~near[known]].mean())
        left = float(np.square(values - np.where(near[known], high, low)).sum())
        apart = float(np.median(error[known])) * CLEARLY_APART
        rows, cols = near.shape
        share = float(near[rows // 4 : rows - rows // 4, cols // 4 : cols - cols // 4].mean())
        believed = (
            high - low > max(LEAST_APART, apart)
            and left < (1 - TWO_DEPTHS) * float(np.square(values - values.mean()).sum())
            and left < _left_by_a_curve(farther, known)
            and 1 + low > GOES_ALONG
            and max(share, 1 - share) >= IN_THE_MIDDLE
            and _linear(shift, own, known & near, known & ~near) > LINEAR
        )
        if not believed:
            return None
        return near if share > 0.5 else ~near


def _smooth(values: FloatArray, trust: FloatArray) -> FloatArray:
    """Mean of the near cells, by how far each can be trusted."""
    weight = np.square(trust.astype(np.float32)) + np.float32(1e-4)
    total = cv2.GaussianBlur(values * weight, (0, 0), SMOOTH_CELLS, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(total / cv2.GaussianBlur(weight, (0, 0), SMOOTH_CELLS, borderType=cv2.BORDER_REPLICATE))


def _left_by_a_curve(values: FloatArray, known: BoolArray) -> float:
    """Sum of squares that the best quadratic surface leaves of values (R, C)."""
    rows, cols = values.shape
    y, x = (part[known] for part in np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, cols), indexing="ij"))
    basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    fit = np.linalg.lstsq(basis, values[known], rcond=None)[0]
    return float(np.square(values[known] - basis @ fit).sum())


def _linear(shift: FloatArray, own: FloatArray, one: BoolArray, other: BoolArray) -> float:
    """Share of the motion of one part against the other, (T, R, C, 2), that follows the camera's shift."""
    between = own[:, one].mean(axis=1) - own[:, other].mean(axis=1)
    camera = shift[:, one | other].mean(axis=1)
    follows = float((between * camera).sum()) / max(float(np.square(camera).sum()), 1e-12)
    return 1 - float(np.square(between - follows * camera).sum()) / max(float(np.square(between).sum()), 1e-12)
