"""The working picture: smoothed luma, and local contrast from which light has dropped out."""

from __future__ import annotations

import cv2
import numpy as np

from fascidetect.model import FloatArray
from fascidetect.settings import MeasureSettings

LOCAL_MEAN_CELLS = 1.5  # smoothing of the local mean


def smooth(luma: FloatArray, settings: MeasureSettings) -> FloatArray:
    """Blur away what a sub-pixel shift of an area-reduced picture would show as motion."""
    if settings.blur_px == 0:
        return luma
    return np.asarray(cv2.GaussianBlur(luma, (0, 0), settings.blur_px), np.float32)


def local_contrast(luma: FloatArray, cell_px: int, settings: MeasureSettings) -> FloatArray:
    """Percent deviation from the local mean: 100 (y - m) / (m + floor).

    A passing shadow or an exposure step changes y and m alike and so hardly shows.

    Parameters
    ----------
    luma
        Shape (h, w), 0..255, whole cells.
    """
    h, w = luma.shape
    mean = cell_mean(luma, cell_px)
    around = cv2.GaussianBlur(mean, (0, 0), LOCAL_MEAN_CELLS, borderType=cv2.BORDER_REPLICATE)
    level = np.asarray(cv2.resize(around, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)
    contrast = luma - level
    contrast *= np.float32(100)
    level += np.float32(settings.contrast_floor)
    contrast /= level
    return contrast


def cell_mean(image: FloatArray, cell_px: int) -> FloatArray:
    """Mean of each cell: shape (h, w) to (R, C)."""
    h, w = image.shape
    return np.asarray(cv2.resize(image, (w // cell_px, h // cell_px), interpolation=cv2.INTER_AREA), np.float32)


def gradient(image: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scharr derivatives along x and y, per pixel."""
    along_x = cv2.Scharr(image, cv2.CV_32F, 1, 0, scale=1 / 32)
    along_y = cv2.Scharr(image, cv2.CV_32F, 0, 1, scale=1 / 32)
    return np.asarray(along_x, np.float32), np.asarray(along_y, np.float32)


def identity() -> FloatArray:
    """The transform that moves nothing."""
    return np.eye(3)
