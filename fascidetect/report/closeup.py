"""One movement at close range, to show to somebody: enlarged, held still, beside what changes; and all on a sheet."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from fascidetect.model import ByteArray, FloatArray
from fascidetect.report.pen import Pen
from fascidetect.report.strips import GAP_PX, PANEL_PX, PANELS, STRONGEST, Strip, changed
from fascidetect.report.style import Color

BACKGROUND: Color = (18, 20, 24)
PAPER: Color = (255, 255, 255)
TEXT: Color = (238, 238, 238)
INK: Color = (28, 31, 36)

COLUMNS = 2
"""Of a contact sheet."""


def side_by_side(pictures: Sequence[ByteArray], words: str, *, slow: float) -> list[ByteArray]:
    """Put each picture beside its magnified difference from the first, over a line of text.

    Parameters
    ----------
    pictures
        Square color pictures of one place, all of one even size, laid still; the first from before the movement.
    slow
        How many times slower than life they are going to be shown.

    Returns
    -------
    list of ByteArray
        Color pictures, twice as wide and a little higher.
    """
    differences = [changed(pictures[0], picture) for picture in pictures]
    largest = max(float(np.percentile(np.abs(one), 99.5)) for one in differences)
    magnified = min(STRONGEST, 100 / max(largest, 1.0))
    side = pictures[0].shape[0]
    strip_h = side // 16 * 2
    pen = Pen(0.45 * strip_h)
    beside = f"{slow:g}\N{MULTIPLICATION SIGN} slower, change {magnified:.0f}\N{MULTIPLICATION SIGN}"
    canvases = []
    for picture, difference in zip(pictures, differences, strict=True):
        canvas = np.empty((side + strip_h, 2 * side, 3), np.uint8)
        canvas[side:] = BACKGROUND
        canvas[:side, :side] = picture
        canvas[:side, side:] = _gray(difference, magnified)
        pen.write(canvas, pen.fit(words, side - 8), 8, side + 0.68 * strip_h, TEXT)
        pen.write(canvas, pen.fit(beside, side - 8), side + 8, side + 0.68 * strip_h, TEXT)
        canvases.append(canvas)
    return canvases


def contact_sheet(strips: Sequence[tuple[str, Strip]]) -> bytes:
    """PNG image of all strips, each under its words and what its panels show, in the order given."""
    line_h, gap = 48, 18
    wide, high = PANELS * PANEL_PX + (PANELS - 1) * GAP_PX, PANEL_PX + line_h
    rows = -(-len(strips) // COLUMNS)
    sheet = np.empty((gap + rows * (high + gap), gap + COLUMNS * (wide + gap), 3), np.uint8)
    sheet[:] = PAPER
    pen, small = Pen(18), Pen(13)
    for number, (words, strip) in enumerate(strips):
        row, column = divmod(number, COLUMNS)
        top, left = gap + row * (high + gap), gap + column * (wide + gap)
        pen.write(sheet, pen.fit(words, wide), left, top + 20, INK)
        captions = ("before", "at the peak", "after", f"change {strip.magnified:.0f}\N{MULTIPLICATION SIGN}")
        for panel, caption in enumerate(captions):
            small.write(sheet, caption, left + panel * (PANEL_PX + GAP_PX), top + 41, INK)
        sheet[top + line_h : top + high, left : left + wide] = _on_paper(strip)
    _, data = cv2.imencode(".png", sheet[..., ::-1])
    return data.tobytes()


def _gray(difference: FloatArray, magnified: float) -> ByteArray:
    gray = np.clip(128 + magnified * difference, 0, 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


def _on_paper(strip: Strip) -> ByteArray:
    image = cv2.imdecode(np.frombuffer(strip.webp, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ValueError("a strip holds no picture")
    seen = image[..., 3:] > 0
    return np.where(seen, image[..., 2::-1], np.uint8(255)).astype(np.uint8)
