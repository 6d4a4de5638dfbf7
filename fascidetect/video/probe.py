"""What a video file is: a pass over its coded frames and a look at the first few pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from fascidetect.model import ClipFacts, FloatArray, IntArray
from fascidetect.settings import ClipSettings
from fascidetect.video.container import Pulse, no_pulse, open_track, real_tracks, sha256_of
from fascidetect.video.pixels import Upright
from fascidetect.video.scan import Coded, Look, camera_tags, capture_tag, look, samsung_slow_motion, walk
from fascidetect.video.stamps import GAP_S, Rhythm, rhythm

_SAME_RATE = 1.2
_FALLBACK_FPS = 30.0
_SLOWEST_FPS, _FASTEST_FPS = 0.5, 10000.0
_LONGEST_S = 7 * 86400.0
"""Stamps that span more are of no use."""


@dataclass(frozen=True, slots=True)
class Probe:
    """All that is known before the frames are read one by one.

    Attributes
    ----------
    stamps_s
        (T,) strictly increasing stamps of the shown frames, s of real time from the first.
    origin_tick
        Stamp of the first shown frame, in units of the time base.
    tick_s
        Real time of one such unit.
    step_s
        Usual interval, or a guess where there are no stamps.
    guessed
        The stamps are of no use: frames follow each other in steps of `step_s`.
    """

    facts: ClipFacts
    stamps_s: FloatArray
    origin_tick: int
    tick_s: float
    step_s: float
    guessed: bool
    upright: Upright
    stored_px: tuple[int, int]


def probe(path: Path, settings: ClipSettings, pulse: Pulse = no_pulse) -> Probe:
    """Find out what a file is.

    Raises
    ------
    NotAClip
        No video that can be read.
    NoFrames
        No picture in the video track.
    """
    sha256 = sha256_of(path, pulse)
    with open_track(path) as (container, stream):
        first = look(container, stream, path)
    with open_track(path) as (container, stream):
        coded = walk(container, stream, pulse)
        clock = _clock(coded, first, stream, settings)
        tag_fps = capture_tag(container, stream)
        warnings = (
            *_track_warnings(container, stream, first),
            *_cut_warnings(coded, clock),
            *_rhythm_warnings(clock),
            *_speed_warnings(clock, settings, tag_fps, path),
        )
        width, height = first.upright.size(first.width_px, first.height_px)
        facts = ClipFacts(
            name=path.name,
            sha256=sha256,
            width_px=width,
            height_px=height,
            duration_s=float(clock.stamps_s[-1]) + clock.rhythm.step_s,
            n_frames=len(clock.stamps_s),
            median_fps=1 / clock.rhythm.step_s if clock.rhythm.step_s else 0.0,
            vfr=clock.rhythm.vfr,
            rotation_deg=first.upright.rotation_deg,
            codec=stream.codec_context.codec.canonical_name,
            bits_per_px=8 * coded.n_bytes / (width * height * max(1, coded.n_frames)),
            capture_fps=settings.capture_fps,
            mirrored=bool(first.upright.mirrored),
            container=container.format.name,
            pixel_format=first.pixel_format,
            bit_depth=first.bit_depth,
            transfer=first.transfer,
            n_video_tracks=len(real_tracks(container)),
            longest_gap_s=clock.rhythm.longest_s,
            camera_tags=camera_tags(container, stream),
            warnings=warnings,
        )
    return Probe(
        facts=facts,
        stamps_s=clock.stamps_s,
        origin_tick=clock.origin_tick,
        tick_s=clock.tick_s,
        step_s=clock.rhythm.step_s or 1 / _FALLBACK_FPS,
        guessed=bool(clock.useless),
        upright=first.upright,
        stored_px=(first.width_px, first.height_px),
    )


@dataclass(frozen=True, slots=True)
class _Clock:
    """Stamps in seconds of real time, and what was found about them.

    `slow` is real / file time; `useless` says why the file's own stamps are of no use, where they are not.
    """

    stamps_s: FloatArray
    origin_tick: int
    tick_s: float
    rhythm: Rhythm
    file_fps: float
    slow: float
    useless: str


def _clock(coded: Coded, first: Look, stream: VideoStream, settings: ClipSettings) -> _Clock:
    tick_s = float(stream.time_base or Fraction(1, 1000))
    ticks = _shown_ticks(coded, first)
    useless = _useless(ticks, coded, tick_s)
    if useless:
        ticks = np.arange(max(1, coded.n_frames))
        tick_s = 1 / _assumed_fps(coded, stream, tick_s)
    origin = int(ticks[0])
    stamps = (ticks - origin) * tick_s
    step = rhythm(stamps, tick_s).step_s
    slow = 1.0
    if settings.capture_fps is not None and step:
        slow = 1 / (step * settings.capture_fps)
    real = (ticks - origin) * (tick_s * slow)  # the very sum that every frame gets
    return _Clock(
        stamps_s=real,
        origin_tick=origin,
        tick_s=tick_s * slow,
        rhythm=rhythm(real, tick_s * slow),
        file_fps=1 / step if step else 0.0,
        slow=slow,
        useless=useless,
    )


def _useless(shown: IntArray, coded: Coded, tick_s: float) -> str:
    """Why the stamps tell no times, in words; empty where they do."""
    if (float(shown[-1]) - float(shown[0])) * tick_s > _LONGEST_S:
        return "the frames carry no usable time stamps"
    if len(shown) >= max(1, coded.n_frames // 2):
        return ""
    return "the time stamps run backward" if _each_has_its_own(coded) else "the frames carry no usable time stamps"


def _each_has_its_own(coded: Coded) -> bool:
    """Whether there is about a stamp for each frame, in whatever order."""
    return len(np.unique(coded.ticks)) > max(1, coded.n_frames // 2)


def _assumed_fps(coded: Coded, stream: VideoStream, tick_s: float) -> float:
    """By the steps of the stamps where each frame has its own, else as the header says, else what is usual."""
    step_s = rhythm(np.unique(coded.ticks) * tick_s, tick_s).step_s if _each_has_its_own(coded) else 0.0
    fps = (1 / step_s if step_s else 0.0, float(stream.average_rate or 0), _FALLBACK_FPS)
    return next(one for one in fps if _SLOWEST_FPS <= one <= _FASTEST_FPS)


def _shown_ticks(coded: Coded, first: Look) -> IntArray:
    """Stamps from the first frame that the decoder gives; one a frame where two fields are coded apart."""
    ticks = np.unique(coded.ticks)
    if not len(first.ticks):
        return ticks
    ticks = ticks[ticks >= first.ticks[0]]
    within = int(np.sum(ticks <= first.ticks[-1]))
    if first.interlaced and len(first.ticks) > 1 and within > 1.5 * len(first.ticks):
        ticks = ticks[::2]
    return ticks if len(ticks) else first.ticks


def _track_warnings(container: InputContainer, stream: VideoStream, first: Look) -> Iterator[str]:
    n_tracks = len(real_tracks(container))
    if n_tracks > 1:
        yield f"the file holds {n_tracks} video tracks; the first is analyzed"
    if first.interlaced:
        yield "the pictures are interlaced: fine movement up and down is blurred"
    if first.skewed:
        yield "the file asks for a rotation that is no multiple of 90 degrees; the nearest one is used"
    aspect = stream.sample_aspect_ratio
    if aspect and aspect != 1:
        across, down = aspect.numerator, aspect.denominator
        yield f"pixels are not square ({across}:{down}): lengths are given in the file's own pixels"


def _cut_warnings(coded: Coded, clock: _Clock) -> Iterator[str]:
    if coded.n_frames < coded.n_declared:
        yield (
            f"only {coded.n_frames} of {coded.n_declared} frames could be read: the file is cut short or damaged; "
            "what could be read is analyzed"
        )
        return
    end_s = coded.end_declared_s * clock.slow
    seen_s = float(clock.stamps_s[-1]) + clock.rhythm.step_s
    if not coded.n_declared and end_s - seen_s > max(0.5, 0.05 * end_s):
        yield (
            f"only {seen_s:.1f} of {end_s:.1f} s could be read: the file is cut short or damaged; "
            "what could be read is analyzed"
        )


def _rhythm_warnings(clock: _Clock) -> Iterator[str]:
    beat = clock.rhythm
    if clock.useless:
        yield f"{clock.useless}: {clock.file_fps:.4g} frames per second are assumed"
    if beat.vfr:
        yield f"variable frame rate, mostly {1 / beat.step_s:.1f} per second: each frame's own stamp is used"
    elif beat.n_dropped:
        yield f"about {_count(beat.n_dropped, 'frame')} dropped while recording: short gaps in time"
    if beat.n_gaps:
        yield f"{_count(beat.n_gaps, 'gap')} of more than {GAP_S} s between frames, the longest {beat.longest_s:.2f} s"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _speed_warnings(clock: _Clock, settings: ClipSettings, tag_fps: float, path: Path) -> Iterator[str]:
    fps = clock.file_fps
    if settings.capture_fps is not None:
        if abs(clock.slow - 1) > 0.01:
            yield (
                f"time was restored to {settings.capture_fps:g} frames per second: "
                f"the file's times are divided by {1 / clock.slow:.4g}"
            )
    elif tag_fps and fps and not 1 / _SAME_RATE < tag_fps / fps < _SAME_RATE:
        kind = "slow motion" if tag_fps > fps else "time lapse"
        yield (
            f"{kind}: the file says it was recorded at {tag_fps:g} frames per second but plays at {fps:.4g}, so all "
            f"times and rates are those of the {kind}; --capture-fps {tag_fps:g} restores real time"
        )
    elif samsung_slow_motion(path):
        yield (
            "slow motion: the file carries Samsung's slow-motion mark, so its time may be stretched; "
            "if you know the recording rate, say 240, --capture-fps 240 restores real time"
        )
