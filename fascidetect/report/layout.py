"""Where things lie on the canvas of the overlay: numbers only, nothing is drawn here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fascidetect.model import FloatArray, IntArray, Registration

MIN_WIDTH_PX, MAX_ENLARGED_PX = 480, 960
"""Narrower pictures are enlarged by a whole factor while their long side stays below the second."""

Rect = tuple[int, int, int, int]
"""Left, top, right, bottom in canvas px; the last two are just outside."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things lie on the canvas, in canvas px; ``unit_px`` is the size of text."""

    picture_x: int
    picture_w: int
    picture_h: int
    width: int
    height: int
    unit_px: int

    @staticmethod
    def plan(width_px: int, height_px: int) -> Layout:
        """Lay out a canvas for pictures of this size."""
        factor = 1
        if width_px < MIN_WIDTH_PX:
            wanted, allowed = -(-MIN_WIDTH_PX // width_px), MAX_ENLARGED_PX // max(width_px, height_px)
            factor = max(1, min(wanted, allowed))
        w, h = width_px * factor, height_px * factor
        canvas_w = max(MIN_WIDTH_PX, w + w % 2)
        unit = round(min(max(min(h / 31, canvas_w / 38), 12), canvas_w / 30))
        strip_h = round(8.2 * unit)
        return Layout((canvas_w - w) // 2, w, h, canvas_w, h + strip_h + (h + strip_h) % 2, unit)

    @property
    def plot(self) -> Rect:
        """Left, top, right, bottom of the time axis' plot."""
        u = self.unit_px
        return u, self.picture_h + round(2.1 * u), self.width - u, self.picture_h + round(5.4 * u)

    def from_px(self, width_px: int) -> FloatArray:
        """(3, 3) matrix from px of a full picture of this width to canvas px."""
        matrix = from_px(width_px, self.picture_w)
        matrix[0, 2] += self.picture_x
        return matrix


def from_px(width_px: int, picture_w: int) -> FloatArray:
    """(3, 3) matrix from px of a full picture of the first width to px of a smaller copy."""
    s = picture_w / width_px
    return np.array([[s, 0, (s - 1) / 2], [0, s, (s - 1) / 2], [0, 0, 1]])


@dataclass(frozen=True, slots=True)
class Axis:
    """Time to place on the canvas."""

    start_s: float
    end_s: float
    left: int
    right: int

    @staticmethod
    def plan(layout: Layout, trace: Registration) -> Axis:
        """Spread the analyzed time over the width of the plot."""
        start, end = (float(trace.time_s[0]), float(trace.time_s[-1])) if len(trace.time_s) else (0.0, 0.0)
        left, _, right, _ = layout.plot
        return Axis(start, max(end, start + 0.1), left, right)

    def x(self, time_s: float) -> float:
        """Column of a time, kept within the axis."""
        share = (time_s - self.start_s) / (self.end_s - self.start_s)
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)


class Camera:
    """Where a place of the reference lies on the canvas, frame by frame.

    Parameters
    ----------
    to_canvas
        (3, 3) matrix from px of the full picture to canvas px.
    """

    def __init__(self, to_canvas: FloatArray, trace: Registration) -> None:
        source = trace.geometry.source_to_analysis
        self._frame_index = np.asarray(trace.frame_index)
        self._ok = np.asarray(trace.ok, dtype=bool)
        self._matrices = to_canvas @ np.linalg.inv(source) @ np.asarray(trace.affine, dtype=float) @ source
        self._still = to_canvas
        self._trusted = nearest(np.flatnonzero(self._ok), np.arange(len(self._ok)))

    def _row(self, index: int) -> int:
        return int(nearest(self._frame_index, np.array([index]))[0])

    def matrix(self, index: int) -> FloatArray:
        """(3, 3) from reference px to canvas px in this frame; lost frames borrow their neighbor's."""
        if not self._ok.any():
            return self._still
        matrix: FloatArray = self._matrices[np.flatnonzero(self._ok)[self._trusted[self._row(index)]]]
        return matrix

    def registered(self, index: int) -> bool:
        """Whether the frame could be laid on the reference."""
        return bool(len(self._ok)) and bool(self._ok[self._row(index)])


def nearest(sorted_values: IntArray | FloatArray, wanted: IntArray | FloatArray) -> IntArray:
    """Positions in the sorted values that lie nearest to the wanted ones; 0 where there are fewer than two."""
    if len(sorted_values) < 2:
        return np.zeros(len(wanted), dtype=int)
    right = np.clip(np.searchsorted(sorted_values, wanted), 1, len(sorted_values) - 1)
    closer_left = wanted - sorted_values[right - 1] <= sorted_values[right] - wanted
    return right - closer_left


def around(box: FloatArray, w: int, h: int) -> list[tuple[float, float]]:
    """Upper left corners for a label of size (w, h): above, below, right, left of a box."""
    left, top, right, bottom = (float(v) for v in box)
    gap = h / 4
    return [
        (left, top - h - gap),
        (left, bottom + gap),
        (right + gap, top),
        (left - w - gap, top),
        (left, top - 2.1 * h - gap),
        (left, bottom + 1.1 * h + gap),
    ]


def overlap(a: Rect, b: Rect) -> bool:
    """Whether two rectangles share a pixel."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def dashes(corners: FloatArray, dash_px: float) -> FloatArray:
    """Cut a closed polygon into dashes (N, 2, 2); every corner is drawn."""
    pieces = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        n = 2 * round(float(np.hypot(*(end - start))) / (2 * dash_px)) + 1
        at = np.linspace(0, 1, n + 1)[:, None]
        pieces.append(((1 - at) * start + at * end).reshape(-1, 2, 2))
    return np.concatenate(pieces)
