"""The analyzed area as a still picture; what lies outside of it is not shown."""

from __future__ import annotations

import cv2
import numpy as np

from fascidetect.model import BoolArray, ByteArray, FloatArray, Registration
from fascidetect.report.strips import webp


def draw_still(trace: Registration) -> bytes:
    """WebP image of the reference picture in gray, transparent outside of the analyzed area."""
    gray = cv2.cvtColor(np.ascontiguousarray(trace.reference), cv2.COLOR_GRAY2BGRA)
    inside = _inside(trace)
    gray[..., :3][~inside] = 128  # so that nothing of it stays in the file
    gray[..., 3] = np.where(inside, 255, 0)
    return webp(gray.astype(np.uint8))


def picture_image(rgb: ByteArray) -> bytes:
    """WebP image of a whole color picture, (h, w, 3)."""
    return webp(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA).astype(np.uint8))


def outlines(trace: Registration) -> list[FloatArray]:
    """Borders of the analyzed area, closed lines (N, 2) in px of the reference."""
    contours, _ = cv2.findContours(_inside(trace).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    smooth = [cv2.approxPolyDP(line, 1.0, closed=True)[:, 0, :] for line in contours]
    return [trace.geometry.analysis_to_px(line.astype(float)) for line in smooth if len(line) > 2]


def _inside(trace: Registration) -> BoolArray:
    """(h, w) bool: the analyzed area at working size, the corners of single cells rounded."""
    size = (trace.geometry.analysis_width_px, trace.geometry.analysis_height_px)
    mask = cv2.resize(np.asarray(trace.mask, dtype=np.float32), size, interpolation=cv2.INTER_LINEAR)
    sigma = 0.8 * trace.geometry.cell_px
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) > 0.5)
