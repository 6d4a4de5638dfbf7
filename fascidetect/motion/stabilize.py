"""Registration of every frame to the slowly renewed reference picture.

Inverse compositional Gauss-Newton (Baker & Matthews 2004, Int. J. Computer Vision 56:221) with six
affine parameters and a contrast gain, robust weights, on a thinned grid of subject pixels.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import cv2
import numpy as np

from fascidetect.model import CameraMotion, FloatArray
from fascidetect.motion.contrast import gradient, identity
from fascidetect.settings import MeasureSettings
from fascidetect.statistics import median

THIN = 160  # points along the long side carry enough to fit six numbers
SCALE = 100.0  # makes linear and shift parameters of like size
FEWEST_POINTS = 100
CONVERGED_PX = 0.015
EDGE_PX = 4  # sources closer to the picture's edge are not used
OUTLIER = 2.5  # robust sd at which a residual counts half
LOST = 1.8  # first-round residual, in units of its recent median, that calls for a search
LOST_LOOKBACK_S = 2.0
BAD = 2.5  # final residual, in units of its recent median, that fails the frame ...
BAD_LOOKBACK_S = 3.0
UNLIKE = 0.5  # ... if it is also this share of the reference's own contrast
NOTHING = 0.9  # a residual of this share of the contrast: frame and reference have nothing in common
MAX_JUMP = 0.08  # of the long side between neighboring good frames
MAX_LINEAR_JUMP = 0.06
MAX_LINEAR = 0.3  # departure of zoom and rotation from the reference
FAINTEST = -0.8  # gain at which so little contrast is left that the picture shows nothing (covered, black, white)
CENTER_SIGMA = 0.45  # of each side: how much the fit leans on the middle, where the muscle is


@dataclass(frozen=True, slots=True)
class Template:
    """What frames are fitted to: the reference on the thinned grid with its derivatives.

    ``jacobian`` is (7, N): change of contrast per affine parameter and per gain.
    """

    contrast: FloatArray
    jacobian: FloatArray
    points_xy: FloatArray
    weight: FloatArray
    center_xy: tuple[float, float]
    size_wh: tuple[int, int]


def make_template(reference: FloatArray, weight: FloatArray) -> Template:
    """Prepare `register` for a reference picture.

    Parameters
    ----------
    reference
        Shape (h, w), local contrast.
    weight
        Shape (h, w), 0..1; pixels above one half take part.
    """
    h, w = reference.shape
    stride = max(1, round(max(h, w) / THIN))
    gx, gy = (g[::stride, ::stride] for g in gradient(reference))
    thin_weight = weight[::stride, ::stride]
    chosen = thin_weight > 0.5
    rows, cols = np.nonzero(chosen)
    points = np.stack([cols, rows]).astype(np.float32) * stride
    center = (w - 1) / 2, (h - 1) / 2
    x, y = (points[0] - center[0]) / SCALE, (points[1] - center[1]) / SCALE
    gx, gy = gx[chosen], gy[chosen]
    thin = reference[::stride, ::stride][chosen]
    jacobian = np.stack([gx * x, gx * y, gx, gy * x, gy * y, gy, thin]).astype(np.float32)
    lean = np.exp(
        -0.5 * ((2 * x * SCALE / w / (2 * CENTER_SIGMA)) ** 2 + (2 * y * SCALE / h / (2 * CENTER_SIGMA)) ** 2)
    )
    return Template(thin, jacobian, points, lean.astype(np.float32), center, (w, h))


@dataclass(frozen=True, slots=True)
class Fit:
    """Outcome of `register`: transform, gain, robust residual of the first and the last round."""

    affine: FloatArray
    gain: float
    first_residual: float
    residual: float


def displaced(template: Template, field_px: FloatArray, cell_px: int) -> Template:
    """The template with its points where the limb has gone: each moved by a field (R, C, 2), analysis_px."""
    col, row = (template.points_xy - (cell_px - 1) / 2) / cell_px
    field = field_px.astype(np.float32)
    move = cv2.remap(field, col, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(-1, 2)
    return replace(template, points_xy=template.points_xy + move.T)


def register(contrast: FloatArray, template: Template, start: FloatArray, rounds: int) -> Fit | None:
    """Fit affine motion and gain of a picture against the template.

    Parameters
    ----------
    contrast
        Shape (h, w), local contrast of the frame.
    start
        (3, 3) first guess, reference to frame.
    rounds
        At most so many Gauss-Newton steps.

    Returns
    -------
    Fit or None
        None where there is nothing to register: too few pixels, or no texture.
    """
    affine, gain, first = start, 0.0, 0.0
    for turn in range(rounds):
        r, inside = _residuals(contrast, template, affine)
        if inside.sum() < FEWEST_POINTS:
            return None
        sigma = 1.4826 * float(median(np.abs(r[inside] - gain * template.contrast[inside]))) + 1e-6
        first = first or sigma
        step = _solve(template, r, inside, sigma)
        if step is None:
            return None
        gain = float(step[6])
        affine = affine @ np.linalg.inv(_warp_matrix(step, template.center_xy))
        if turn and _largest_shift(step, template.size_wh) < CONVERGED_PX:
            break
    r, inside = _residuals(contrast, template, affine)
    if inside.sum() < FEWEST_POINTS:
        return None
    left = r[inside] - gain * template.contrast[inside]
    return Fit(affine, gain, first, 1.4826 * float(median(np.abs(left))))


def _residuals(contrast: FloatArray, template: Template, affine: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Picture minus reference at the template's points, and which of them lie well inside."""
    w, h = template.size_wh
    x, y = affine[:2, :2].astype(np.float32) @ template.points_xy + affine[:2, 2:].astype(np.float32)
    sample = cv2.remap(contrast, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = (x >= EDGE_PX) & (x <= w - 1 - EDGE_PX) & (y >= EDGE_PX) & (y <= h - 1 - EDGE_PX)
    return sample.reshape(-1) - template.contrast, inside


def _solve(template: Template, r: FloatArray, inside: FloatArray, sigma: float) -> FloatArray | None:
    """One robust least-squares step, (7,); None where the texture does not determine it."""
    weight = inside * template.weight / (1 + (r / (OUTLIER * sigma)) ** 2)
    weighted = template.jacobian * weight
    normal = (weighted @ template.jacobian.T).astype(np.float64)
    right = (weighted @ r).astype(np.float64)
    scale = np.sqrt(np.diag(normal))
    if not np.all(scale > 0):
        return None
    normal /= np.outer(scale, scale)
    if np.linalg.cond(normal) > 1e6:
        return None
    return np.linalg.solve(normal, right / scale) / scale


def _warp_matrix(step: FloatArray, center_xy: tuple[float, float]) -> FloatArray:
    """(3, 3) warp of one step, whose linear part acts about the picture's center."""
    linear = np.array([[step[0], step[1]], [step[3], step[4]]]) / SCALE
    shift = np.array([step[2], step[5]]) - linear @ np.array(center_xy)
    warp = identity()
    warp[:2, :2] += linear
    warp[:2, 2] = shift
    return warp


def _largest_shift(step: FloatArray, size_wh: tuple[int, int]) -> float:
    """How far a step moves a corner, at most, analysis_px."""
    half_w, half_h = size_wh[0] / 2 / SCALE, size_wh[1] / 2 / SCALE
    dx = abs(step[2]) + abs(step[0]) * half_w + abs(step[1]) * half_h
    dy = abs(step[5]) + abs(step[3]) * half_w + abs(step[4]) * half_h
    return float(max(dx, dy))


def coarse_shift(contrast: FloatArray, reference: FloatArray, weight: FloatArray, affine: FloatArray) -> FloatArray:
    """Start value after a jump: phase correlation of the frame with the reference at half size.

    Returns
    -------
    FloatArray
        `affine` with its shift corrected, (3, 3).
    """
    h, w = reference.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(contrast, affine[:2], (w, h), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    half = (w // 2, h // 2)
    a, b = (cv2.resize(p * weight, half, interpolation=cv2.INTER_AREA) for p in (reference, warped))
    window = cv2.createHanningWindow(half, cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(a, b, window)  # a and b are our own copies: it may write into them
    moved = affine.copy()
    moved[:2, 2] += affine[:2, :2] @ np.array([2 * dx, 2 * dy])
    return moved


class Tracker:
    """Follows the camera from frame to frame and says which frames can be believed."""

    def __init__(self, size_wh: tuple[int, int], interval_s: float, settings: MeasureSettings) -> None:
        self._rounds = settings.register_rounds
        self._long_px = max(size_wh)
        self._last_good = identity()
        self._first = deque[float](maxlen=max(10, round(LOST_LOOKBACK_S / interval_s)))
        self._final = deque[float](maxlen=max(10, round(BAD_LOOKBACK_S / interval_s)))
        self.bad_in_a_row = 0

    def follow(
        self, contrast: FloatArray, reference: FloatArray, weight: FloatArray, template: Template
    ) -> CameraMotion:
        """Register one frame, starting from the last good one.

        Parameters
        ----------
        contrast, reference, weight
            Shape (h, w): the frame, the reference, and what belongs to the subject.
        template
            Made from reference and weight, perhaps a few frames ago.
        """
        fit = register(contrast, template, self._last_good, self._rounds)
        if fit is None:
            self.bad_in_a_row += 1
            return CameraMotion(self._last_good, 0.0, float("nan"), ok=False, jump_px=float("nan"))
        if len(self._first) >= 5 and fit.first_residual > LOST * float(np.median(self._first)):
            fit = self._search(contrast, reference, weight, template, fit)
        jump_px = self._jump(fit)
        believed = self._believable(fit, template, jump_px)
        motion = CameraMotion(fit.affine, fit.gain, fit.residual, believed, jump_px / (1 + self.bad_in_a_row))
        self._first.append(fit.first_residual)
        self._final.append(fit.residual)
        if not motion.ok:
            self.bad_in_a_row += 1
            return replace(motion, affine=self._last_good)
        self._last_good = fit.affine
        self.bad_in_a_row = 0
        return motion

    def _search(
        self, contrast: FloatArray, reference: FloatArray, weight: FloatArray, template: Template, fit: Fit
    ) -> Fit:
        start = coarse_shift(contrast, reference, weight, self._last_good)
        other = register(contrast, template, start, self._rounds)
        better = other is not None and other.residual < 0.9 * fit.residual
        return other if better and other is not None else fit

    def _believable(self, fit: Fit, template: Template, jump_px: float) -> bool:
        spread = 1.4826 * float(median(np.abs(template.contrast)))
        change = fit.affine - self._last_good
        patience = 1 + 0.2 * self.bad_in_a_row  # the longer it was lost, the farther it may have gone
        return bool(
            jump_px <= MAX_JUMP * self._long_px * patience
            and np.abs(change[:2, :2]).max() <= MAX_LINEAR_JUMP * patience
            and np.abs(fit.affine[:2, :2] - np.eye(2)).max() <= MAX_LINEAR
            and fit.gain >= FAINTEST
            and fit.residual <= NOTHING * spread
            and (len(self._final) < 5 or fit.residual <= max(BAD * float(np.median(self._final)), UNLIKE * spread))
        )

    def _jump(self, fit: Fit) -> float:
        """How far a point well out in the picture has gone since the last good frame, analysis_px."""
        change = fit.affine - self._last_good
        return float(np.hypot(*(change[:2] @ np.array([self._long_px / 2, self._long_px / 3, 1]))))
