"""A short, slowed video of each movement, and all of them on one sheet."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from fascidetect.errors import OutputError
from fascidetect.files import write_whole
from fascidetect.model import ByteArray, Event, FloatArray, MotionTrace, Picture, Progress
from fascidetect.report.closeup import contact_sheet, side_by_side
from fascidetect.report.layout import Camera, from_px, nearest
from fascidetect.report.strips import StripTaker, cut_out, place_of
from fascidetect.report.style import amount, clock
from fascidetect.review.state import ReviewedEvent
from fascidetect.settings import ClipSettings
from fascidetect.video.reader import Clip
from fascidetect.video.writer import VideoWriter

SHEET = "contact.png"
AROUND_S = 0.5
"""Shown before the onset and after the offset."""

SIDE_PX = 360
POINT_S = 0.1
"""A mark without times is shown as if it lasted so long before and after its peak."""

LONG_SIDE_PX = 1920
"""The clip is read at this size at most."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A movement to show, with its number in the report (0 = marked by a rater or not counted).

    ``twin`` counts, from 1, those that would have the same file name.
    """

    number: int
    event: Event
    twin: int = 1

    @property
    def words(self) -> str:
        """Shown under the picture."""
        name = f"#{self.number}  " if self.number else ""
        known = math.isfinite(self.event.amplitude_px)
        size = f"{amount(self.event.amplitude_px)} px" if known else "marked by a rater"
        return f"{name}{clock(self.event.peak_s, decimals=2)}  {size}"

    @property
    def file_name(self) -> str:
        """Of its video; in order of time."""
        twin = f"-{self.twin}" if self.twin > 1 else ""
        return f"{self.number:03d}-{clock(self.event.peak_s, decimals=2).replace(':', 'm')}s{twin}.mp4"


def as_left(one: ReviewedEvent, trace: MotionTrace) -> Event:
    """A movement at the times and the place that a rater left; without a place it is sought in the whole picture."""
    onset_s = max(0.0, one.peak_s - POINT_S) if one.onset_s is None else one.onset_s
    offset_s = one.peak_s + POINT_S if one.offset_s is None else one.offset_s
    same_place = one.event is not None and (one.x_px, one.y_px) == (one.event.x_px, one.event.y_px)
    event = one.event if one.event and same_place else _placed(one, trace)
    return replace(event, onset_s=onset_s, peak_s=one.peak_s, offset_s=offset_s, duration_s=offset_s - onset_s)


def _placed(one: ReviewedEvent, trace: MotionTrace) -> Event:
    """What the program would say of a movement of which a rater tells the time and perhaps the place."""
    geometry = trace.geometry
    frame = int(trace.frame_index[nearest(trace.time_s, np.array([one.peak_s]))[0]])
    if one.x_px is None or one.y_px is None:
        x, y, wide, high = geometry.width_px / 2, geometry.height_px / 2, geometry.width_px, geometry.height_px
    else:
        x, y, wide, high = one.x_px, one.y_px, 0, 0
    ref_x, ref_y, _ = np.linalg.inv(Camera(np.eye(3), trace).matrix(frame)) @ (x, y, 1)
    place: dict[str, Any] = {
        "x_px": x,
        "y_px": y,
        "box_x_px": x - wide / 2,
        "box_y_px": y - high / 2,
        "box_w_px": wide,
        "box_h_px": high,
        "ref_x_px": float(ref_x),
        "ref_y_px": float(ref_y),
    }
    if one.event is not None:
        return replace(one.event, **place)
    unknown: dict[str, Any] = {"amplitude_px": math.nan, "amplitude_mm": None, "snr": math.nan, "confidence": 0.0}
    times: dict[str, Any] = {"onset_s": one.peak_s, "peak_s": one.peak_s, "offset_s": one.peak_s, "duration_s": 0.0}
    return Event(id=one.id, **times, peak_clock=clock(one.peak_s), peak_frame=frame, **place, **unknown, focus=0)


def without_twins(wanted: Sequence[Wanted]) -> list[Wanted]:
    """Give those that would have the same file name numbers to tell them apart."""
    seen: Counter[str] = Counter()
    told = []
    for one in wanted:
        seen[one.file_name] += 1
        told.append(replace(one, twin=seen[one.file_name]))
    return told


@dataclass(slots=True)
class _Taking:
    """A movement whose pictures are passing by."""

    wanted: Wanted
    matrix: FloatArray
    pictures: list[ByteArray] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)


def write_clips(
    source: tuple[Path, ClipSettings],
    trace: MotionTrace,
    wanted: Sequence[Wanted],
    target: Path,
    *,
    slow: float,
    progress: Progress | None = None,
) -> list[Path]:
    """Write a video of each movement and the sheet, reading the clip once.

    Parameters
    ----------
    source
        The clip that was analyzed, and which part of it.
    target
        Folder for the files, made if need be; files of the same names are replaced, each in one step.
    slow
        How many times slower than life.

    Returns
    -------
    list of Path
        The files, the sheet last.

    Raises
    ------
    ClipError
        The clip cannot be read.
    OutputError
        The files cannot be written.
    """
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OutputError(f"cannot write {target}: {exc.strerror or exc}") from exc
    taker = StripTaker(trace, [one.event for one in wanted])
    written = []
    with Clip(*source) as clip:
        for taken in _pass(taker.watch(_told(clip, progress)), trace, wanted):
            path = target / taken.wanted.file_name
            _write(path, taken, slow)
            written.append(path)
    strips = taker.strips()
    sheet = [(one.words, strips[one.event.id]) for one in wanted if one.event.id in strips]
    if sheet:
        write_whole(target / SHEET, contact_sheet(sheet))
        written.append(target / SHEET)
    return written


def _told(clip: Clip, progress: Progress | None) -> Iterator[Picture]:
    for done, picture in enumerate(clip.pictures(LONG_SIDE_PX), 1):
        yield picture
        if progress:
            progress("cutting", done, max(done, clip.n_expected))


def _pass(pictures: Iterator[Picture], trace: MotionTrace, wanted: Sequence[Wanted]) -> Iterator[_Taking]:
    """Give each movement when the last of its pictures has passed by; only those under way are in memory."""
    waiting = sorted(wanted, key=lambda one: one.event.onset_s)
    under_way: list[_Taking] = []
    camera: Camera | None = None
    for picture in pictures:
        camera = camera or Camera(from_px(trace.geometry.width_px, picture.rgb.shape[1]), trace)
        while waiting and waiting[0].event.onset_s - AROUND_S <= picture.time_s:
            begun = waiting.pop(0)
            under_way.append(_Taking(begun, place_of(begun.event, trace, SIDE_PX)))
        yield from (one for one in under_way if one.wanted.event.offset_s + AROUND_S < picture.time_s)
        under_way = [one for one in under_way if one.wanted.event.offset_s + AROUND_S >= picture.time_s]
        for one in under_way:
            one.pictures.append(cut_out(picture.rgb, camera.matrix(picture.index) @ one.matrix, SIDE_PX))
            one.times_s.append(picture.time_s)
    yield from under_way


def _write(path: Path, taken: _Taking, slow: float) -> None:
    canvases = side_by_side(taken.pictures, taken.wanted.words, slow=slow)
    height, width = canvases[0].shape[:2]
    with VideoWriter(path, width, height) as video:
        for canvas, time_s in zip(canvases, taken.times_s, strict=True):
            video.write(canvas, slow * (time_s - taken.times_s[0]))
