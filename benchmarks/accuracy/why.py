"""Why twitches are missed: each that was is put down to the first of a few reasons, and the worst clips are drawn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import store
from jobs import JUDGED, Job, clip_and_truth
from places import in_reference, limit_told
from report import MAIN, aligned, write_picture

from fascidetect.evaluate import found_in, score_clip
from fascidetect.evaluate.scores import AMPLITUDE_EDGES_720PX
from fascidetect.evaluate.table import span_words
from fascidetect.evaluate.tally import Known, same_places
from fascidetect.model import ByteArray, FloatArray, MotionTrace, Result
from fascidetect.pipeline import detect
from fascidetect.truth import TrueEvent

FOUND = "found"
NOT_JUDGED = "the clip is not judged"
NO_TIME = "in time that cannot be used"
UNREAD = "where nothing can be read: off the skin, at its border, or without texture"
REFUSED = "seen, and not counted"
SMALL = "smaller than the clip was told would show there"
MISSED = "larger than that, and missed all the same"
WHYS = (FOUND, NOT_JUDGED, NO_TIME, UNREAD, REFUSED, SMALL, MISSED)

WORST, FEWEST = 3, 3
TILE_WH = (480, 270)
HIT_RGB, MISS_RGB = (60, 200, 90), (235, 60, 60)
UNREAD_LIGHT = 0.35


@dataclass(frozen=True)
class Fate:
    """What became of one true twitch: its size (px at 720 lines), one of `WHYS`, and its place.

    ``x, y`` are shares of the sides of the reference picture.
    """

    size_720px: float
    why: str
    x: float
    y: float


@dataclass(frozen=True)
class Fates:
    """The twitches of one clip, and a picture of it: the reference, dark where nothing is read, (h, w, 3)."""

    name: str
    all: tuple[Fate, ...]
    picture: ByteArray

    @property
    def n_found(self) -> int:
        """How many were found."""
        return sum(fate.why == FOUND for fate in self.all)


def fates_of(job: Job) -> Fates:
    """Detect in a clip, and put down every true twitch that is scored to what became of it."""
    import cv2

    cv2.setNumThreads(1)
    path, truth = clip_and_truth(job)
    trace = store.trace_of(path, truth.sha256)
    result = detect(trace, JUDGED)
    known = score_clip(found_in(result), truth, MAIN).known
    scored = [t for t in truth.events if not any(i.start_s <= t.peak_s <= i.end_s for i in truth.ignore)]
    fates = tuple(_fate(twitch, one, result, trace) for twitch, one in zip(scored, known, strict=True))
    return Fates(job.name, fates, _picture(trace, result.activity.limits_px))


def _fate(twitch: TrueEvent, known: Known, result: Result, trace: MotionTrace) -> Fate:
    assert twitch.amplitude_px is not None  # noqa: S101 - made twitches have one
    assert known.amplitude_720px is not None  # noqa: S101
    x_px, y_px = in_reference(twitch, trace)
    limit_px = limit_told((x_px, y_px), result, trace.geometry)
    beside = [r.event for r in result.rejections if r.reason != "below_threshold"]
    near = [e for e in beside if abs(e.peak_s - twitch.peak_s) <= MAIN]
    rules = (
        (known.hit, FOUND),
        (result.quality.verdict == "cannot_analyze", NOT_JUDGED),
        (any(u.start_s <= twitch.peak_s <= u.end_s for u in result.quality.unusable), NO_TIME),
        (not np.isfinite(limit_px), UNREAD),
        (bool(same_places([twitch], near, result.clip).any()), REFUSED),
        (twitch.amplitude_px < limit_px, SMALL),
    )
    why = next((words for holds, words in rules if holds), MISSED)
    width, height = trace.geometry.width_px, trace.geometry.height_px
    return Fate(known.amplitude_720px, why, x_px / width, y_px / height)


def _picture(trace: MotionTrace, limits: FloatArray) -> ByteArray:
    import cv2

    h, w = trace.reference.shape
    read = cv2.resize(np.isfinite(limits).astype(np.float32), (w, h), interpolation=cv2.INTER_NEAREST)
    light = trace.reference * (UNREAD_LIGHT + (1 - UNREAD_LIGHT) * read)
    return np.repeat(light.astype(np.uint8)[..., None], 3, axis=2)


def counted(found: Sequence[Fates]) -> dict[str, dict[str, int]]:
    """How many twitches each reason has, by their size (px at 720 lines) and in all."""
    fates = [fate for one in found for fate in one.all]
    bins = {
        span_words(low, high): [f for f in fates if low <= f.size_720px < high]
        for low, high in itertools.pairwise(AMPLITUDE_EDGES_720PX)
    }
    shown = {name: held for name, held in {**bins, "all": fates}.items() if held}
    return {why: {name: sum(f.why == why for f in held) for name, held in shown.items()} for why in WHYS}


def fates_table(found: Sequence[Fates]) -> str:
    """One line for each reason, one column for each size."""
    by_why = counted(found)
    head = ("px at 720 lines", *by_why[FOUND])
    return aligned([head, *((why, *map(str, by_size.values())) for why, by_size in by_why.items())])


def fates_tree(side: str, found: Sequence[Fates]) -> dict[str, Any]:
    """All numbers for a file."""
    least = [{"clip": one.name, "n_found": one.n_found, "n_true": len(one.all)} for one in worst(found)]
    return {"side": side, "whys": counted(found), "worst": least}


def worst(found: Sequence[Fates]) -> list[Fates]:
    """The clips of which the smallest share is found, of those with `FEWEST` twitches and more."""
    enough = [one for one in found if len(one.all) >= FEWEST]
    return sorted(enough, key=lambda one: (one.n_found / len(one.all), -len(one.all)))[:WORST]


def draw_worst(found: Sequence[Fates], path: Path) -> None:
    """Draw the worst clips beside each other: what is not read is dark, found twitches green, missed ones red."""
    tiles = [_tile(one) for one in worst(found)]
    if not tiles:
        raise SystemExit(f"no clip has {FEWEST} twitches and more: there is nothing to draw")
    write_picture(path, np.hstack(tiles))


def _tile(one: Fates) -> ByteArray:
    import cv2

    width, height = TILE_WH
    tile = np.ascontiguousarray(cv2.resize(one.picture, TILE_WH, interpolation=cv2.INTER_AREA), np.uint8)
    for fate in one.all:
        color = HIT_RGB if fate.why == FOUND else MISS_RGB
        cv2.circle(tile, (round(fate.x * width), round(fate.y * height)), 14, color, 2, cv2.LINE_AA)
    words = f"{one.name}: {one.n_found} of {len(one.all)}"
    cv2.putText(tile, words, (8, height - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
    return tile
