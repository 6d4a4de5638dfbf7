"""A grid of points followed by pyramidal Lucas-Kanade; speed of the five fastest after the median motion is taken off.

The grid starts anew every half second and its first two steps are not used, so each stretch is
followed by two grids that overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from baselines.frames import Film, film
from baselines.sighting import Sighting, Sightings, peaks
from fascidetect.model import ByteArray, FloatArray

SPACING_PX, BORDER_PX = 16, 25
RESTART_S, FIRST_STEPS = 0.5, 2
FASTEST = 5
SEARCH = {
    "winSize": (50, 50),
    "maxLevel": 30,
    "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 0.01),
}


def find(path: Path, ks: Sequence[float]) -> Sightings:
    """Look for moments at which a few points are faster than usual by k robust sd."""
    with film(path) as shown:
        rows = list(_speeds(shown))
        curve = np.array([speed for _, speed, _ in rows])
        sightings = [Sighting(time_s, *shown.place_px(*place)) for time_s, _, place in rows]
        return {k: tuple(sightings[n] for n in tops) for k, tops in peaks(curve, shown.interval_s, ks)}


def _speeds(shown: Film) -> Iterator[tuple[float, float, tuple[float, float]]]:
    """Time, mean speed of the fastest points (px per frame) and place of the fastest."""
    every = max(FIRST_STEPS + 1, shown.n_frames(RESTART_S))
    before: ByteArray | None = None
    old = new = np.empty((0, 1, 2), np.float32)
    for n, (time_s, picture) in enumerate(shown.pictures):
        if before is None:
            old = new = _grid(picture)
        else:
            age = (n - 1) % every  # steps that the new grid has made
            if age == 0 and n > 1:
                old, new = new, _grid(picture)
            if age < FIRST_STEPS:
                start, old = old, _follow(before, picture, old)
                new = _follow(before, picture, new)
                step = (old - start)[:, 0]
            else:
                start, new = new, _follow(before, picture, new)
                step = (new - start)[:, 0]
            yield time_s, *_fastest(step, start[:, 0])
        before = picture


def _grid(picture: ByteArray) -> FloatArray:
    height, width = picture.shape
    x, y = np.meshgrid(
        np.arange(BORDER_PX, width - BORDER_PX, SPACING_PX), np.arange(BORDER_PX, height - BORDER_PX, SPACING_PX)
    )
    return np.stack([x, y], axis=-1).reshape(-1, 1, 2).astype(np.float32)


def _follow(before: ByteArray, now: ByteArray, points: FloatArray) -> FloatArray:
    moved, _, _ = cv2.calcOpticalFlowPyrLK(before, now, points, None, **SEARCH)  # type: ignore[call-overload]
    return np.asarray(moved)


def _fastest(step: FloatArray, places: FloatArray) -> tuple[float, tuple[float, float]]:
    if not len(step):
        return 0.0, (0.0, 0.0)
    speed = np.hypot(*(step - np.median(step, axis=0)).T)
    top = int(np.argmax(speed))
    return float(np.sort(speed)[-FASTEST:].mean()), (float(places[top, 0]), float(places[top, 1]))
