"""What keeps a frame from being judged: the reasons of unusable time that only the pixel half can tell."""

from __future__ import annotations

import cv2
import numpy as np

from fascidetect.model import BoolArray, CameraMotion, Fault, FloatArray
from fascidetect.motion.cells import Pair

DARK, CLIPPED = 20.0, 230.0  # gray levels (white in video is 235) between which skin has contrast
MOST = 0.5  # of the subject's cells: as many must be dark or clipped, or have changed
OTHER_LIGHT = 0.3  # relative change of brightness that tells another picture from a blurred one
FADED = 0.5  # share of its usual contrast below which a picture is blurred
FAST = 0.01  # of the long side between neighboring frames: so much blurs


def fault_of(camera: CameraMotion, frame: Pair, reference: Pair, subject: BoolArray) -> Fault:
    """Name what is wrong with a frame; "" where nothing is.

    Parameters
    ----------
    camera
        Its registration, which may have failed.
    frame, reference
        As filmed, and what it was registered to.
    subject
        (R, C) cells that belong to it.
    """
    if not subject.any():
        return "" if camera.ok else "shaken or not registered"
    luma = _coarse(frame.luma, subject.shape)[subject]
    if np.mean((luma < DARK) | (luma > CLIPPED)) > MOST:
        return "dark or clipped"
    fast = camera.jump_px > FAST * max(frame.contrast.shape)
    if camera.ok:
        return "" if camera.gain > FADED - 1 else "blurred" if fast else "out of focus"
    usual = _coarse(reference.luma, subject.shape)[subject]
    if np.mean(np.abs(luma - usual) > OTHER_LIGHT * usual) > MOST:
        return "covered"
    if _spread(frame.contrast) < FADED * _spread(reference.contrast):
        return "blurred" if fast else "out of focus"
    return "shaken or not registered"


def _coarse(image: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Mean of a picture of any size in each cell of a grid (R, C)."""
    return np.asarray(cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA), np.float32)


def _spread(contrast: FloatArray) -> float:
    """Standard deviation, percent."""
    _, sd = cv2.meanStdDev(contrast)
    return float(sd[0, 0])
