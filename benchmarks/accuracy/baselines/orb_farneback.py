"""What ultrasound of the tongue is searched with: ORB takes the shift off, Farneback gives the flow, k MAD the limit.

Each frame is shifted onto the stabilized one before it. A pixel moves where its flow, less the
median flow, exceeds that frame's median by k robust sd; patches that moved in 3 frames of the last
second, in one direction, are detections, and those near each other in time and place one event.
Times in frames are taken as those of 30 frames per second. Its least speed of 2 px per frame is more
than a twitch of skin reaches and was lowered (`LEAST_PX`); an event is timed by its fastest
detection, not the middle one, because detections linger for a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from baselines.frames import Film, film
from baselines.sighting import Sighting, Sightings
from fascidetect.model import BoolArray, ByteArray, FloatArray

N_POINTS, N_BEST, FEWEST_POINTS, FEWEST_MATCHES = 4000, 200, 12, 20
ECC_UNTIL = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-6)
ECC_BLUR_PX = 5
CENTRAL = 0.8
LEAST_PX = 0.1  # per frame; as published 2.0
FEWEST_HITS, HITS_S = 3, 1.0
SMALLEST_PX, LARGEST_SHARE = 15, 0.03
COHERENT = 0.5
CHRONIC, CHRONIC_S = 0.25, 4.0
UNSHARP, SHARPNESS_S = 0.65, 1.0
JOLT_PX, DRIFT_PX = 2.5, 0.8
ENDS = 5
SAME_S, SAME_PX = 0.33, 15.0

EVERY = 2  # px in x and y: enough for medians

Row = tuple[float, float, float, float]  # time, x, y, speed


@dataclass(frozen=True)
class Motion:
    """Flow (h, w, 2) less its median, its length, median and robust sd of that; whether the frame is sharp and calm."""

    flow: FloatArray
    speed: FloatArray
    middle: float
    spread: float
    fit: bool


def find(path: Path, ks: Sequence[float]) -> Sightings:
    """Look for patches of flow that exceeds the frame's median by k robust sd."""
    with film(path) as shown:
        boards = {k: _Board(k, shown) for k in ks}
        for time_s, motion in _motions(shown):
            for board in boards.values():
                board.look(time_s, motion)
        return {k: _events(board.rows[ENDS : len(board.rows) - ENDS], shown) for k, board in boards.items()}


def _motions(shown: Film) -> Iterator[tuple[float, Motion]]:
    orb = cv2.ORB_create(N_POINTS)  # type: ignore[attr-defined]
    sharpness: deque[float] = deque(maxlen=shown.n_frames(SHARPNESS_S))
    before: ByteArray | None = None
    for time_s, picture in shown.pictures:
        now = picture if before is None else _onto(orb, before, picture)
        now = np.asarray(cv2.medianBlur(now, 3), np.uint8)
        sharpness.append(float(cv2.Laplacian(now, cv2.CV_32F).var()))
        if before is not None:
            flow = cv2.calcOpticalFlowFarneback(before, now, None, 0.5, 3, 20, 3, 5, 1.2, 0)  # type: ignore[call-overload]
            yield time_s, _motion(flow, sharp=sharpness[-1] >= UNSHARP * np.median(sharpness))
        before = now


def _motion(flow: FloatArray, *, sharp: bool) -> Motion:
    flow = flow - np.median(flow[::EVERY, ::EVERY], axis=(0, 1))
    speed = np.asarray(cv2.magnitude(flow[..., 0], flow[..., 1]))
    some = speed[::EVERY, ::EVERY]
    middle = float(np.median(some))
    calm = np.percentile(some, 95) <= JOLT_PX and middle <= DRIFT_PX
    return Motion(flow, speed, middle, 1.4826 * float(np.median(np.abs(some - middle))), bool(sharp and calm))


def _onto(orb: cv2.ORB, before: ByteArray, picture: ByteArray) -> ByteArray:
    """Shift a picture onto the one before; black comes in from outside."""
    shift = shift_of(orb, before, picture)
    height, width = picture.shape
    return np.asarray(cv2.warpAffine(picture, np.array([[1, 0, shift[0]], [0, 1, shift[1]]]), (width, height)))


def shift_of(orb: cv2.ORB, before: ByteArray, picture: ByteArray) -> FloatArray:
    """What brings a picture onto the one before, px: by points, or by correlation where there are few."""
    (old, old_marks), (new, new_marks) = orb.detectAndCompute(before, None), orb.detectAndCompute(picture, None)
    if min(len(old), len(new)) >= FEWEST_POINTS:
        pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(old_marks, new_marks)
        best = sorted(pairs, key=lambda pair: pair.distance)[:N_BEST]
        if len(best) >= FEWEST_MATCHES:
            return np.median([np.subtract(old[p.queryIdx].pt, new[p.trainIdx].pt) for p in best], axis=0)
    start = np.eye(2, 3, dtype=np.float32)
    try:
        _, warp = cv2.findTransformECC(before, picture, start, cv2.MOTION_TRANSLATION, ECC_UNTIL, None, ECC_BLUR_PX)
    except cv2.error:  # it did not converge
        return np.zeros(2)
    return np.asarray(-warp[:, 2])


class _Board:
    """Where and how often something moved lately; `rows` holds the detections of each frame."""

    def __init__(self, k: float, shown: Film) -> None:
        height, width = shown.geometry.analysis_height_px, shown.geometry.analysis_width_px
        self._k = k
        self._inside = np.zeros((height, width), bool)
        top, left = round(height * (1 - CENTRAL) / 2), round(width * (1 - CENTRAL) / 2)
        self._inside[top : height - top, left : width - left] = True
        self._recent = _Count(shown.n_frames(HITS_S), (height, width))
        self._lasting = _Count(shown.n_frames(CHRONIC_S), (height, width))
        self.rows: list[list[Row]] = []

    def look(self, time_s: float, motion: Motion) -> None:
        active = self._active(motion) if motion.fit else np.zeros_like(self._inside)
        self._recent.add(active)
        self._lasting.add(active)
        hit = (self._recent.total >= FEWEST_HITS) & (self._lasting.total <= CHRONIC * self._lasting.length)
        self.rows.append([(time_s, *row) for row in _patches(hit, motion)] if motion.fit and hit.any() else [])

    def _active(self, motion: Motion) -> BoolArray:
        mask = ((motion.speed > motion.middle + self._k * motion.spread) & self._inside).astype(np.uint8)
        disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, disk).astype(np.uint8)
        return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disk).astype(bool)


class _Count:
    """In how many of the last frames each pixel was active."""

    def __init__(self, length: int, shape: tuple[int, int]) -> None:
        self.length = length
        self.total = np.zeros(shape, np.int16)
        self._held: deque[BoolArray] = deque()

    def add(self, active: BoolArray) -> None:
        self._held.append(active)
        self.total += active
        if len(self._held) > self.length:
            self.total -= self._held.popleft()


def _patches(hit: BoolArray, motion: Motion) -> Iterator[tuple[float, float, float]]:
    """Place and speed of each patch of hits that moves in one direction."""
    _, labels, stats, centers = cv2.connectedComponentsWithStats(hit.astype(np.uint8))
    for label, (x, y, width, height, area) in enumerate(stats.tolist()[1:], 1):
        if not SMALLEST_PX <= area <= LARGEST_SHARE * hit.size:
            continue
        box = slice(y, y + height), slice(x, x + width)
        mean_px = float(motion.speed[box].mean())
        own = labels[box] == label
        unit = motion.flow[box][own] / np.maximum(motion.speed[box][own], 1e-6)[:, None]
        if mean_px >= LEAST_PX and np.hypot(*unit.mean(axis=0)) >= COHERENT:
            yield float(centers[label][0]), float(centers[label][1]), mean_px


def _events(frames: Sequence[Sequence[Row]], shown: Film) -> tuple[Sighting, ...]:
    """Detections that hang together in time and place are one event."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    rows = np.array([row for frame in frames for row in frame]).reshape(-1, 4)
    if not len(rows):
        return ()
    pairs = cKDTree(rows[:, :3] / (SAME_S, SAME_PX, SAME_PX)).query_pairs(1.0, p=np.inf, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(rows), len(rows)))
    count, labels = connected_components(links, directed=False)
    members = [rows[labels == k] for k in range(count)]
    fastest = [part[np.argmax(part[:, 3])] for part in members]
    found = [Sighting(float(row[0]), *shown.place_px(row[1], row[2])) for row in fastest]
    return tuple(sorted(found, key=lambda one: one.peak_s))
