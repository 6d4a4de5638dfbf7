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
    return cv2.GaussianBlur(luma, (0, 0), settings.blur_px)


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
    mean = cv2.GaussianBlur(mean, (0, 0), LOCAL_MEAN_CELLS, borderType=cv2.BORDER_REPLICATE)
    mean = cv2.resize(mean, (w, h), interpolation=cv2.INTER_LINEAR)
    contrast = cv2.subtract(luma, mean)
    contrast *= 100.0
    contrast /= cv2.add(mean, settings.contrast_floor)
    return contrast


def cell_mean(image: FloatArray, cell_px: int) -> FloatArray:
    """Mean of each cell: shape (h, w) to (R, C)."""
    h, w = image.shape
    return cv2.resize(image, (w // cell_px, h // cell_px), interpolation=cv2.INTER_AREA)


def gradient(image: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scharr derivatives along x and y, per pixel."""
    return (
        cv2.Scharr(image, cv2.CV_32F, 1, 0, scale=1 / 32),
        cv2.Scharr(image, cv2.CV_32F, 0, 1, scale=1 / 32),
    )


def identity() -> FloatArray:
    """The transform that moves nothing."""
    return np.eye(3)
