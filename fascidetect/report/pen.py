"""Text in pictures."""

from __future__ import annotations

from typing import Any

import cv2
import numpy.typing as npt

from fascidetect.report.style import Color

Canvas = npt.NDArray[Any]


class Pen:
    """Writes text of one size with the smooth font that OpenCV 5 carries; any script."""

    def __init__(self, size_px: float, *, weight: int = 500) -> None:
        self.size = max(10, round(size_px))
        self._weight = weight
        self._font = cv2.FontFace("sans")
        self._widths: dict[str, int] = {}

    def width(self, text: str) -> int:
        """Width of a text in px; remembered, for measuring costs more than writing."""
        if text not in self._widths:
            box = cv2.getTextSize((100_000, 1000), text, (0, 500), self._font, self.size, self._weight)
            self._widths[text] = int(box[2]) + 1
        return self._widths[text]

    def fit(self, text: str, width: float) -> str:
        """Shorten a text until it fits; nothing where not even a few letters do."""
        if self.width(text) <= width:
            return text
        for length in range(len(text) - 1, 3, -1):
            short = text[:length].rstrip(" ,;:") + "..."
            if self.width(short) <= width:
                return short
        return ""

    def write(self, canvas: Canvas, text: str, x: float, baseline: float, color: Color) -> None:
        """Write from the left end of the baseline."""
        cv2.putText(canvas, text, (round(x), round(baseline)), color, self._font, self.size, self._weight)
