"""What every baseline looks at: upright gray pictures of 640 px, at no more than 30 in a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fascidetect.model import ByteArray, FloatArray, Geometry
from fascidetect.video.reader import Clip

LONG_SIDE_PX = 640
FASTEST_HZ = 30.0
"""The methods count in frames and px per frame of such videos; of faster ones every other frame, or fewer, is read."""


@dataclass(frozen=True)
class Film:
    """Pictures (h, w) with their times, and the time between two of them."""

    geometry: Geometry
    interval_s: float
    pictures: Iterator[tuple[float, ByteArray]]

    def n_frames(self, duration_s: float) -> int:
        return max(1, round(duration_s / self.interval_s))

    def place_px(self, x: float, y: float) -> tuple[float, float]:
        """A place of the picture in px of the clip."""
        xy: FloatArray = self.geometry.analysis_to_px(np.array([x, y]))
        return float(xy[0]), float(xy[1])


@contextmanager
def film(path: Path) -> Iterator[Film]:
    with Clip(path) as clip:
        facts = clip.facts
        geometry = Geometry.plan(facts.width_px, facts.height_px, long_side_px=LONG_SIDE_PX, cells_across=64)
        rate_hz = facts.median_fps or FASTEST_HZ
        every = max(1, round(rate_hz / FASTEST_HZ))
        frames = clip.frames(geometry, chroma_every_s=np.inf)
        pictures = (
            (frame.time_s, np.clip(np.rint(frame.luma), 0, 255).astype(np.uint8))
            for k, frame in enumerate(frames)
            if k % every == 0
        )
        yield Film(geometry, every / rate_hz, pictures)
