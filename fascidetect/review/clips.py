"""A short, slowed video of each movement, and all of them on one sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fascidetect.errors import OutputError
from fascidetect.files import write_whole
from fascidetect.model import ByteArray, Event, FloatArray, MotionTrace, Picture, Progress
from fascidetect.report.closeup import contact_sheet, side_by_side
from fascidetect.report.layout import Camera, from_px
from fascidetect.report.strips import StripTaker, cut_out, place_of
from fascidetect.report.style import amount, clock
from fascidetect.settings import ClipSettings
from fascidetect.video.reader import Clip
from fascidetect.video.writer import VideoWriter

SHEET = "contact.png"
AROUND_S = 0.5
"""Shown before the onset and after the offset."""

SIDE_PX = 360
LONG_SIDE_PX = 1920
"""The clip is read at this size at most."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A movement to show, with its number in the report (0 = marked by a rater or not counted)."""

    number: int
    event: Event

    @property
    def words(self) -> str:
        """Shown under the picture."""
        name = f"#{self.number}  " if self.number else ""
        return f"{name}{clock(self.event.peak_s, decimals=2)}  {amount(self.event.amplitude_px)} px"

    @property
    def file_name(self) -> str:
        """Of its video; in order of time."""
        return f"{self.number:03d}-{clock(self.event.peak_s, decimals=2).replace(':', 'm')}s.mp4"


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
