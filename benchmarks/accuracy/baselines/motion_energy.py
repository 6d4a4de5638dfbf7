"""How much the picture changes: the mean absolute difference of neighboring frames. It knows no place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from baselines.frames import film
from baselines.sighting import Sighting, Sightings, peaks

BLUR_PX = 1.0


def find(path: Path, ks: Sequence[float]) -> Sightings:
    """Look for moments at which the whole picture changes more than usual by k robust sd."""
    times: list[float] = []
    energy: list[float] = []
    before = None
    with film(path) as shown:
        for time_s, picture in shown.pictures:
            now = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), BLUR_PX)
            times.append(time_s)
            energy.append(float(np.mean(cv2.absdiff(now, before))) if before is not None else 0.0)
            before = now
        curve = np.array(energy)
        curve[:1] = curve[1:2]
        found = peaks(curve, shown.interval_s, ks)
        return {k: tuple(Sighting(times[n]) for n in tops) for k, tops in found}
