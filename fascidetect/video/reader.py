"""A clip as a stream of upright frames with their own times.

    with Clip("calf.mov") as clip:
        for frame in clip.frames(geometry):
            ...

Times are seconds of real time from the first shown frame of the file, also where only a part is
read and where `ClipSettings.capture_fps` undoes slow motion (``from_s`` and ``to_s`` are then real
time too).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeVar
from weakref import WeakSet

import numpy as np
from av import VideoFrame

from fascidetect.errors import NoFrames, NotAClip
from fascidetect.model import ClipFacts, FloatArray, Frame, Geometry, Picture
from fascidetect.settings import ClipSettings
from fascidetect.video import pixels
from fascidetect.video.container import Pulse, Trouble, check_file, decoded, no_pulse, open_track, signature
from fascidetect.video.pixels import Upright
from fascidetect.video.probe import probe
from fascidetect.video.scan import stamp
from fascidetect.video.stamps import LOOKAHEAD, in_order

T = TypeVar("T")

FIRST_CHROMA = 10
"""So many frames come with color at the start, where the subject is sought."""

MIN_REPEATED_SHARE = 0.02
TIME_ROUNDING_S = 1e-6
GLANCE = 30  # of so many lines of a picture one is looked at first

_OF_FRAMES = {
    "corrupt": "are damaged and may show false movement",
    "resized": "have another size than the first and were scaled to it",
    "unstamped": "have no time stamp; theirs was guessed",
    "backwards": "have an earlier time stamp than the one before; the stamps were sorted",
    "equal": "have the same time stamp as another and were left out",
}
"""How the counts in `Trouble` that speak of frames are put in words."""


class Clip:
    """A video file, opened and understood; read as often as wanted.

    Parameters
    ----------
    path
        The file. Nothing else is ever opened, whatever the file names.
    settings
        Part to read and rate of recording.
    pulse
        Called again and again while the file is read.

    Attributes
    ----------
    facts
        What the file is; found from its stamps without decoding it.
    n_expected
        Frames to be expected between ``from_s`` and ``to_s``.

    Raises
    ------
    ClipNotFound
        No such file.
    NotAClip
        Nothing in it that can be read as a video.
    NoFrames
        Not one picture, in the file or in the chosen part.

    Notes
    -----
    A file that changes while it is read is `NotAClip` at the end of the iteration.
    """

    def __init__(
        self,
        path: str | Path,
        settings: ClipSettings = ClipSettings(),  # noqa: B008 (frozen)
        *,
        pulse: Pulse = no_pulse,
    ) -> None:
        self.path = Path(path)
        self._pulse = pulse
        self._settings = settings
        check_file(self.path)
        self._signature = signature(self.path)
        self._probe = probe(self.path, settings, pulse)
        self.facts: ClipFacts = self._probe.facts
        stamps = self._probe.stamps_s
        self.n_expected = int(np.sum((stamps >= settings.from_s) & (stamps <= settings.to_s)))
        if not self.n_expected:
            raise NoFrames(
                f"{self.path} has no frame {_part_words(settings)}; "
                f"it lasts {self.facts.duration_s:.1f} s: choose another part"
            )
        self._met: dict[str, str] = {}
        self._running: WeakSet[Iterator[object]] = WeakSet()

    def __enter__(self) -> Clip:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End what is still being read and release the file."""
        for running in list(self._running):
            running.close()  # type: ignore[attr-defined]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with the file, one sentence each; complete after an iteration ended."""
        return (*self.facts.warnings, *self._met.values())

    def frames(self, geometry: Geometry, *, chroma_every_s: float = 1.0) -> Iterator[Frame]:
        """Upright brightness at working size, frame by frame.

        Parameters
        ----------
        geometry
            Sizes; pictures of another size than expected are brought to the working size.
        chroma_every_s
            Color comes with the first ten frames and then about this often.
        """
        return self._track(self._frames(geometry, chroma_every_s))

    def pictures(self, long_side_px: int) -> Iterator[Picture]:
        """Upright color pictures of even width and height, never enlarged, for people to look at."""
        return self._track(self._pictures(long_side_px))

    def _track(self, running: Iterator[T]) -> Iterator[T]:
        self._running.add(running)
        return running

    def _frames(self, geometry: Geometry, chroma_every_s: float) -> Iterator[Frame]:
        self._met.clear()  # whatever an earlier reading met, of which perhaps only a part was wanted
        trouble = Trouble()
        reduce = _Reducer(geometry, self._probe.upright, self._settings.from_s, chroma_every_s)
        previous: FloatArray | None = None
        for time_s, frame in self._read(reduce, trouble):
            repeated = previous is not None and _equal(previous, frame.luma)
            trouble.repeated += repeated
            previous = frame.luma
            yield dataclasses.replace(frame, time_s=time_s, repeated=repeated)

    def _pictures(self, long_side_px: int) -> Iterator[Picture]:
        facts, upright = self.facts, self._probe.upright
        width, height = pixels.picture_size(facts.width_px, facts.height_px, long_side_px)

        def draw(index: int, time_s: float, frame: VideoFrame) -> Picture:
            return Picture(index, time_s, pixels.rgb(frame, width, height, upright))

        for time_s, picture in self._read(draw, Trouble()):
            yield dataclasses.replace(picture, time_s=time_s)

    def _read(self, convert: Callable[[int, float, VideoFrame], T], trouble: Trouble) -> Iterator[tuple[float, T]]:
        """Give the converted frames of the wanted part with strictly increasing times."""
        start_s, end_s = self._settings.from_s, self._settings.to_s
        last_s = -1.0
        ended = False
        try:
            for time_s, item in in_order(self._converted(convert, trouble)):
                if time_s > end_s:
                    break
                if time_s <= last_s:
                    trouble.equal += 1
                    continue
                last_s = time_s
                if item is not None and time_s >= start_s:
                    trouble.shown += 1
                    yield time_s, item
            if signature(self.path) != self._signature:
                raise NotAClip(f"{self.path} changed while it was read; wait until it is complete and try again")
            ended = True
        finally:
            self._met.update(self._describe(trouble, ended=ended))

    def _converted(
        self, convert: Callable[[int, float, VideoFrame], T], trouble: Trouble
    ) -> Iterator[tuple[float, T | None]]:
        """Every decoded frame: its own time, and its conversion where it may belong to the wanted part."""
        slack_s = LOOKAHEAD * self._probe.step_s
        previous_s = -self._probe.step_s
        with open_track(self.path) as (container, stream):
            for index, frame in enumerate(decoded(container, stream, trouble)):
                self._pulse()
                time_s = self._time(index, frame, previous_s, trouble)
                trouble.backwards += time_s < previous_s
                trouble.resized += (frame.width, frame.height) != self._probe.stored_px
                previous_s = time_s
                wanted = self._settings.from_s - slack_s <= time_s <= self._settings.to_s + slack_s
                yield time_s, convert(index, time_s, frame) if wanted else None

    def _time(self, index: int, frame: VideoFrame, previous_s: float, trouble: Trouble) -> float:
        if self._probe.guessed:
            return index * self._probe.step_s
        tick = stamp(frame)
        if tick is None:
            trouble.unstamped += 1
            return previous_s + self._probe.step_s
        return (tick - self._probe.origin_tick) * self._probe.tick_s

    def _describe(self, trouble: Trouble, *, ended: bool) -> Iterator[tuple[str, str]]:
        """Warnings by kind, so that a second reading replaces those of the first."""
        n = trouble.decoded
        shown, expected = trouble.shown, self.n_expected
        bad = trouble.undecodable - trouble.starved + trouble.unreadable
        if ended and expected - shown > 1:
            yield (
                "missing",
                f"only {shown} of {expected} frames could be decoded: the file is damaged; "
                "what could be decoded is analyzed",
            )
        if bad:
            yield "bad", f"damaged places in the file that were left out: {bad}"
        if trouble.starved:
            yield "starved", f"{trouble.starved} pictures are missing for want of memory: close other programs"
        if trouble.repeated > MIN_REPEATED_SHARE * n:
            yield "repeated", f"{trouble.repeated} of {n} pictures repeat the one before exactly (duplicated or frozen)"
        for kind, what in _OF_FRAMES.items():
            if count := getattr(trouble, kind):
                yield kind, f"{count} of {n} frames {what}"


def _equal(one: FloatArray, other: FloatArray) -> bool:
    """Whether two pictures are the same; a few of their lines tell most of them apart."""
    return np.array_equal(one[::GLANCE], other[::GLANCE]) and np.array_equal(one, other)


def _part_words(settings: ClipSettings) -> str:
    if settings.to_s == np.inf:
        return f"from {settings.from_s:g} s on"
    return f"between {settings.from_s:g} and {settings.to_s:g} s"


class _Reducer:
    """Turns decoded frames into `Frame`; decides which come with color."""

    def __init__(self, geometry: Geometry, upright: Upright, from_s: float, chroma_every_s: float) -> None:
        self._geometry = geometry
        self._upright = upright
        self._from_s = from_s
        self._every_s = chroma_every_s
        self._n_colored = 0
        self._colored_s = -np.inf

    def __call__(self, index: int, time_s: float, frame: VideoFrame) -> Frame:
        frame_planes = pixels.planar(frame)
        chroma = None
        if self._wants_color(time_s):
            chroma = pixels.chroma(frame_planes, self._geometry, self._upright)
        luma = pixels.luma(frame_planes, self._geometry, self._upright)
        return Frame(index, time_s, luma, chroma, bool(frame.key_frame))

    def _wants_color(self, time_s: float) -> bool:
        wanted = self._n_colored < FIRST_CHROMA or time_s - self._colored_s >= self._every_s - TIME_ROUNDING_S
        if time_s < self._from_s or not wanted:
            return False
        self._n_colored += 1
        self._colored_s = time_s
        return True
