"""Why twitches are missed: each that was is put down to the first of a few reasons, and the worst clips are drawn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import store
from jobs import Job, clip_and_truth
from report import aligned

from fascidetect.errors import OutputError
from fascidetect.evaluate.match import match
from fascidetect.evaluate.scores import AMPLITUDE_EDGES_720PX
from fascidetect.evaluate.tally import same_places
from fascidetect.model import ByteArray, FloatArray, MotionTrace, Result
from fascidetect.pipeline import detect
from fascidetect.settings import LINES, Settings
from fascidetect.truth import TrueEvent, Truth

FOUND = "found"
NOT_JUDGED = "the clip is not judged"
NO_TIME = "in time that cannot be used"
UNREAD = "where nothing can be read: off the skin, at its border, or without texture"
REFUSED = "seen, and taken for something else"
SMALL = "smaller than the clip was told would show there"
MISSED = "larger than that, and missed all the same"
WHYS = (FOUND, NOT_JUDGED, NO_TIME, UNREAD, REFUSED, SMALL, MISSED)

WITHIN_S = 0.25
WORST, FEWEST = 3, 3
TILE_WH = (480, 270)
HIT_RGB, MISS_RGB = (60, 200, 90), (235, 60, 60)
UNREAD_LIGHT = 0.35


@dataclass(frozen=True)
class Fate:
    """What became of one true twitch: its size (px at 720 lines), one of `WHYS`, its place in shares of a side."""

    size_720px: float
    why: str
    x: float
    y: float


@dataclass(frozen=True)
class Fates:
    """The twitches of one clip, and a picture of it: the reference, dark where nothing is read, (h, w, 3)."""

    group: str
    all: tuple[Fate, ...]
    picture: ByteArray

    @property
    def n_found(self) -> int:
        """How many were found."""
        return sum(fate.why == FOUND for fate in self.all)


def fates_of(job: Job) -> Fates:
    """Detect in a clip, and put down every true twitch to what became of it."""
    import cv2

    cv2.setNumThreads(1)
    path, truth = clip_and_truth(job)
    trace = store.trace_of(path, truth.sha256)
    result = detect(trace, Settings())
    limits = result.activity.limits_px
    hit = _hits(truth, result)
    fates = tuple(_fate(twitch, result, trace, limits, hit=k in hit) for k, twitch in enumerate(truth.events))
    return Fates(job.group, fates, _picture(trace, limits))


def _hits(truth: Truth, result: Result) -> set[int]:
    peaks_s = (np.array([e.peak_s for e in part]) for part in (truth.events, result.events))
    allowed = same_places(truth.events, result.events, result.clip)
    return {k for k, _ in match(*peaks_s, WITHIN_S, allowed)}


def _fate(twitch: TrueEvent, result: Result, trace: MotionTrace, limits: FloatArray, *, hit: bool) -> Fate:
    geometry = trace.geometry
    assert twitch.x_px is not None and twitch.y_px is not None and twitch.amplitude_px is not None  # noqa: S101, PT018
    place = geometry.px_to_analysis(np.array([twitch.x_px, twitch.y_px]))
    row, col = np.rint(geometry.analysis_to_cells(place)).astype(int).clip(0, np.array(geometry.shape) - 1)
    limit_px = float(limits[row, col])
    beside = [r.event for r in result.rejections if r.reason != "below_threshold"]
    near = [e for e in beside if abs(e.peak_s - twitch.peak_s) <= WITHIN_S]
    rules = (
        (hit, FOUND),
        (result.quality.verdict == "cannot_analyze", NOT_JUDGED),
        (any(u.start_s <= twitch.peak_s <= u.end_s for u in result.quality.unusable), NO_TIME),
        (not np.isfinite(limit_px), UNREAD),
        (bool(same_places([twitch], near, result.clip).any()), REFUSED),
        (twitch.amplitude_px < limit_px, SMALL),
    )
    why = next((words for holds, words in rules if holds), MISSED)
    size = twitch.amplitude_px * LINES / min(geometry.width_px, geometry.height_px)
    return Fate(size, why, twitch.x_px / geometry.width_px, twitch.y_px / geometry.height_px)


def _picture(trace: MotionTrace, limits: FloatArray) -> ByteArray:
    import cv2

    h, w = trace.reference.shape
    read = cv2.resize(np.isfinite(limits).astype(np.float32), (w, h), interpolation=cv2.INTER_NEAREST)
    light = trace.reference * (UNREAD_LIGHT + (1 - UNREAD_LIGHT) * read)
    return np.repeat(light.astype(np.uint8)[..., None], 3, axis=2)


def fates_table(found: Sequence[Fates]) -> str:
    """One line for each reason, one column for each size."""
    fates = [fate for one in found for fate in one.all]
    bins = {
        f"{low:g}-{high:g}": [f for f in fates if low <= f.size_720px < high]
        for low, high in itertools.pairwise(AMPLITUDE_EDGES_720PX)
    }
    shown = {name: held for name, held in {**bins, "all": fates}.items() if held}
    head = ("px at 720 lines", *shown)
    rows = [(why, *(str(sum(f.why == why for f in held)) for held in shown.values())) for why in WHYS]
    return aligned([head, *rows])


def worst(found: Sequence[Fates]) -> list[Fates]:
    """The clips of which the smallest share is found, of those with `FEWEST` twitches and more."""
    enough = [one for one in found if len(one.all) >= FEWEST]
    return sorted(enough, key=lambda one: (one.n_found / len(one.all), -len(one.all)))[:WORST]


def draw_worst(found: Sequence[Fates], path: Path) -> None:
    """Draw the worst clips beside each other: what is not read is dark, found twitches green, missed ones red."""
    import cv2

    if not cv2.imwrite(
        str(path), np.hstack([_tile(one) for one in worst(found)])[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 80]
    ):
        raise OutputError(f"cannot write {path}")


def _tile(one: Fates) -> ByteArray:
    import cv2

    width, height = TILE_WH
    tile = np.ascontiguousarray(cv2.resize(one.picture, TILE_WH, interpolation=cv2.INTER_AREA), np.uint8)
    for fate in one.all:
        color = HIT_RGB if fate.why == FOUND else MISS_RGB
        cv2.circle(tile, (round(fate.x * width), round(fate.y * height)), 14, color, 2, cv2.LINE_AA)
    words = f"{one.group}: {one.n_found} of {len(one.all)}"
    cv2.putText(tile, words, (8, height - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
    return tile
