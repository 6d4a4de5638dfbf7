"""The analyzed area as a still picture, and what would show in it; what lies outside of it is not shown."""

from __future__ import annotations

import cv2
import numpy as np

from fascidetect.model import BoolArray, ByteArray, FloatArray, Registration
from fascidetect.report.strips import webp

SMALLEST_SPAN = 2.0
"""Highest over lowest value of the scale, at least: an even map must look even."""


def draw_still(trace: Registration) -> bytes:
    """WebP image of the reference picture in gray, transparent outside of the analyzed area."""
    gray = cv2.cvtColor(np.ascontiguousarray(trace.reference), cv2.COLOR_GRAY2BGRA)
    inside = _inside(trace)
    gray[..., :3][~inside] = 128  # so that nothing of it stays in the file
    gray[..., 3] = np.where(inside, 255, 0)
    return webp(gray.astype(np.uint8))


def limit_scale(limits_px: FloatArray) -> tuple[float, float]:
    """Lowest and highest value of the scale, px."""
    known = limits_px[np.isfinite(limits_px)]
    low, high = np.percentile(known, [2, 98]).tolist()
    widen = max(1.0, np.sqrt(SMALLEST_SPAN / max(high / low, 1.0)))
    return low / widen, high * widen


def draw_limits(limits_px: FloatArray) -> bytes:
    """WebP image, one px for each cell, colored by the logarithm of the limit; transparent where nothing is sought.

    Parameters
    ----------
    limits_px
        (R, C), px of the full picture, NaN where nothing is sought; some cell must be known.
    """
    low, high = limit_scale(limits_px)
    known = np.isfinite(limits_px)
    level = np.log(np.where(known, limits_px, low) / low) / np.log(high / low)
    colored = cv2.applyColorMap(np.clip(np.rint(255 * level), 0, 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    alpha = np.where(known, 255, 0).astype(np.uint8)
    return webp(np.dstack([colored, alpha]))


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
