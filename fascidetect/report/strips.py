"""Small pictures of single movements: before, at the peak, after, and the difference made strong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from fascidetect.model import ByteArray, Event, FloatArray, Picture, Registration
from fascidetect.report.layout import Camera, from_px, nearest

PANEL_PX, GAP_PX, PANELS = 168, 6, 4
APART_S = 0.1
"""The first picture is so long before the onset, the third so long after the offset."""

MOST = 100
"""With more movements than this only the clearest get a strip, for the report to stay small."""

QUALITY = 82
MARGIN, LEAST_SHARE = 1.8, 0.09
"""A picture shows the box so many times enlarged, and at least this share of the long side."""

BLUR_SHARE = 0.01
"""Smoothing of the difference, as a share of the picture's side: less noise."""

STRONGEST = 40.0
"""The difference is magnified so that its largest values are plain, but no more than this."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Four pictures side by side as one WebP image, and by how much the last one is magnified."""

    webp: bytes
    magnified: float


class StripTaker:
    """Takes the pictures of movements from a clip that passes by, laid still against the camera.

    Parameters
    ----------
    trace
        Where the camera was in each frame.
    events
        The movements; the clearest `MOST` get a strip.
    """

    def __init__(self, trace: Registration, events: Iterable[Event]) -> None:
        clearest = sorted(events, key=lambda event: -event.confidence)[:MOST]
        self._trace = trace
        self._places = {event.id: place_of(event, trace, PANEL_PX) for event in clearest}
        self._panels: dict[str, list[ByteArray | None]] = {event.id: [None] * (PANELS - 1) for event in clearest}
        self._wanted: dict[int, list[tuple[str, int]]] = {}
        for event in clearest:
            times = np.array([event.onset_s - APART_S, event.peak_s, event.offset_s + APART_S])
            for panel, index in enumerate(trace.frame_index[nearest(trace.time_s, times)]):
                self._wanted.setdefault(int(index), []).append((event.id, panel))

    def watch(self, pictures: Iterable[Picture]) -> Iterator[Picture]:
        """Pass pictures on, unchanged, after taking from them what is wanted."""
        camera: Camera | None = None
        for picture in pictures:
            camera = camera or Camera(from_px(self._trace.geometry.width_px, picture.rgb.shape[1]), self._trace)
            for name, panel in self._wanted.get(picture.index, ()):
                matrix = camera.matrix(picture.index) @ self._places[name]
                self._panels[name][panel] = cut_out(picture.rgb, matrix, PANEL_PX)
            yield picture

    def strips(self) -> dict[str, Strip]:
        """Strips by the id of their movement; movements whose pictures did not pass by have none."""
        whole = {name: [p for p in panels if p is not None] for name, panels in self._panels.items()}
        return {name: _strip(panels) for name, panels in whole.items() if len(panels) == PANELS - 1}


def place_of(event: Event, trace: Registration, panel_px: int) -> FloatArray:
    """(3, 3) matrix from px of a square picture of a movement to px of the full reference picture."""
    geometry = trace.geometry
    center = (
        event.ref_x_px + event.box_x_px + event.box_w_px / 2 - event.x_px,
        event.ref_y_px + event.box_y_px + event.box_h_px / 2 - event.y_px,
    )
    least = LEAST_SHARE * max(geometry.width_px, geometry.height_px)
    side = min(max(MARGIN * max(event.box_w_px, event.box_h_px), least), geometry.width_px, geometry.height_px)
    left, top = (
        min(max(middle - side / 2, 0.0), max(whole - side, 0.0))
        for middle, whole in zip(center, (geometry.width_px, geometry.height_px), strict=True)
    )
    step = side / panel_px
    return np.array([[step, 0, left], [0, step, top], [0, 0, 1]])


def cut_out(rgb: ByteArray, matrix: FloatArray, panel_px: int) -> ByteArray:
    """Cut a square out of a picture; where the camera had moved away its border is repeated.

    Parameters
    ----------
    matrix
        (3, 3), from px of the square to px of the picture.
    """
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    panel = cv2.warpAffine(rgb, matrix[:2], (panel_px, panel_px), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return panel.astype(np.uint8)


def changed(before: ByteArray, after: ByteArray) -> FloatArray:
    """(h, w) difference of brightness of two color pictures; light that rises everywhere is left out."""
    one, other = (cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) for rgb in (before, after))
    change = cv2.GaussianBlur(other - one, (0, 0), BLUR_SHARE * len(before))
    return np.asarray(change - np.median(change))


def _strip(panels: list[ByteArray]) -> Strip:
    change = changed(*panels[:2])
    magnified = min(STRONGEST, 100 / max(float(np.percentile(np.abs(change), 99.5)), 1.0))
    gray = np.clip(128 + magnified * change, 0, 255).astype(np.uint8)
    canvas = np.zeros((PANEL_PX, PANELS * PANEL_PX + (PANELS - 1) * GAP_PX, 4), np.uint8)
    for number, panel in enumerate([*panels, cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)]):
        left = number * (PANEL_PX + GAP_PX)
        canvas[:, left : left + PANEL_PX] = cv2.cvtColor(panel, cv2.COLOR_RGB2BGRA)
    return Strip(webp(canvas), magnified)


def webp(bgra: ByteArray) -> bytes:
    """Encode a picture with transparency, (h, w, 4) in the order blue, green, red, alpha."""
    _, data = cv2.imencode(".webp", bgra, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    return data.tobytes()
