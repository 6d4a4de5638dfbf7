"""From a decoded frame to upright numbers: brightness, color difference, RGB."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt
from av import VideoFrame
from av.video.plane import VideoPlane

from fascidetect.model import ByteArray, FloatArray, Geometry

_DIRECT = re.compile(r"(yuvj?a?4\d\dp|gray)(9le|1[0-6]le)?")
"""Pixel formats whose first plane is the brightness as it was coded, one sample after another."""

PQ_TRANSFER = 16
_PQ_WHITE_NITS = 203.0


@dataclass(frozen=True, slots=True)
class Upright:
    """How a stored picture is turned to be shown: transpose, then flip left-right, then top-bottom."""

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @staticmethod
    def from_matrix(a: float, b: float, c: float, d: float) -> Upright:
        """From a display matrix that shows the stored place (x, y) at (a x + c y, b x + d y)."""
        if abs(b) + abs(c) > abs(a) + abs(d):
            return Upright(transpose=True, flip_x=c < 0, flip_y=b < 0)
        return Upright(flip_x=a < 0, flip_y=d < 0)

    @staticmethod
    def from_clockwise(degrees: int) -> Upright:
        """Turn clockwise by the nearest multiple of 90 degrees."""
        turn = round(degrees / 90) % 4
        return Upright(transpose=turn in (1, 3), flip_x=turn in (1, 2), flip_y=turn in (2, 3))

    @property
    def mirrored(self) -> bool:
        """True where the stored picture is turned and then mirrored left to right."""
        return self.transpose ^ self.flip_x ^ self.flip_y

    @property
    def rotation_deg(self) -> int:
        """Clockwise degrees (0, 90, 180 or 270) by which the stored picture is turned."""
        flip_x = self.flip_x ^ self.mirrored
        if self.transpose:
            return 90 if flip_x else 270
        return 180 if flip_x else 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after (or, the same, before) the turn."""
        return (height, width) if self.transpose else (width, height)

    def apply(self, picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Turn an (h, w, ...) picture; returns a contiguous array."""
        if self.transpose:
            picture = picture.swapaxes(0, 1)
        rows = slice(None, None, -1 if self.flip_y else 1)
        cols = slice(None, None, -1 if self.flip_x else 1)
        return np.ascontiguousarray(picture[rows, cols])


def planar(frame: VideoFrame) -> VideoFrame:
    """Give the frame planes that can be read directly; the same frame where they already can."""
    if _DIRECT.fullmatch(frame.format.name):
        return frame
    return frame.reformat(format="yuv444p" if bit_depth(frame) <= 8 else "yuv444p16le")


def bit_depth(frame: VideoFrame) -> int:
    """Bits per sample of the first component (8 for palettes)."""
    return max(8, frame.format.components[0].bits)


def plane_values(plane: VideoPlane, bits: int) -> FloatArray:
    """(h, w) float32 samples of one plane in 8-bit units, exact: 10-bit 371 becomes 92.75."""
    dtype = np.dtype(np.uint8 if bits <= 8 else "<u2")
    # The plane offers a buffer, though its type does not say so.
    samples = np.frombuffer(cast("Any", plane), dtype=dtype)
    row = plane.line_size // dtype.itemsize
    values = samples[: row * plane.height].reshape(plane.height, row)[:, : plane.width].astype(np.float32)
    if bits > 8:
        values *= 0.5 ** (bits - 8)
    return values


def resize(values: FloatArray, width: int, height: int) -> FloatArray:
    """Average over areas (float, so nothing is rounded), or interpolate where it must be enlarged."""
    enlarge = width > values.shape[1] or height > values.shape[0]
    how = cv2.INTER_LINEAR if enlarge else cv2.INTER_AREA
    return cast("FloatArray", cv2.resize(values, (width, height), interpolation=how))


def luma(frame: VideoFrame, geometry: Geometry, upright: Upright) -> FloatArray:
    """Upright brightness at working size, (h, w) float32, 0..255.

    Parameters
    ----------
    frame
        As `planar` gives it, of any size.
    """
    values = plane_values(frame.planes[0], bit_depth(frame))
    return upright.apply(resize(values, *upright.size(geometry.analysis_width_px, geometry.analysis_height_px)))


def chroma(frame: VideoFrame, geometry: Geometry, upright: Upright) -> FloatArray | None:
    """Upright color difference, (2 rows, 2 cols, 2) float32 around 0 in 8-bit units; None if gray."""
    if len(frame.planes) < 3:
        return None
    rows, cols = geometry.shape
    size = upright.size(2 * cols, 2 * rows)
    bits = bit_depth(frame)
    u, v = (resize(plane_values(plane, bits), *size) - 128 for plane in frame.planes[1:3])
    return upright.apply(np.dstack([u, v]))


def picture_size(width_px: int, height_px: int, long_side_px: int) -> tuple[int, int]:
    """Largest even size of the same shape whose long side is at most `long_side_px`, never enlarged."""
    scale = min(1.0, long_side_px / max(width_px, height_px))
    width, height = (max(2, int(side * scale + 1e-6) // 2 * 2) for side in (width_px, height_px))
    return width, height


def rgb(frame: VideoFrame, width_px: int, height_px: int, upright: Upright) -> ByteArray:
    """Upright RGB of the given upright size, for people to look at.

    Notes
    -----
    HLG is made to look right on an ordinary screen; PQ is not, so it gets a simple tone curve.
    """
    width, height = upright.size(width_px, height_px)
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    picture = small.to_ndarray()
    if frame.color_trc == PQ_TRANSFER:
        picture = _pq_to_screen()[picture]
    return upright.apply(picture)


def _pq_to_screen() -> ByteArray:
    """Table from 8-bit PQ (SMPTE ST 2084) codes to screen codes: diffuse white at about 3/4."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = np.linspace(0, 1, 256) ** (1 / m2)
    nits = 10000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    light = nits / _PQ_WHITE_NITS
    screen: ByteArray = np.rint(255 * (light / (1 + light)) ** (1 / 2.2)).astype(np.uint8)
    return screen
