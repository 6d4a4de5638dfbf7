"""Two passes over a file: the coded frames without decoding any, and the first few pictures."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
from av import VideoFrame
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.stream import VideoStream

from fascidetect.errors import NoFrames
from fascidetect.model import IntArray
from fascidetect.video.container import Pulse, Trouble, decoded, is_shown, no_pulse, packets
from fascidetect.video.pixels import Upright, bit_depth
from fascidetect.video.stamps import LOOKAHEAD

_TRANSFERS = {1: "bt709", 6: "smpte170m", 13: "srgb", 14: "bt2020", 15: "bt2020", 16: "pq", 18: "hlg"}

_HTC_TITLE = "htc_video_rotA-"
"""Some Matroska files carry the rotation only in the title of the track, as ``htc_video_rotA-090``."""

_CAMERA_KEYS = frozenset({"make", "model", "firmware"})
_CAMERA_PREFIXES = ("com.android.", "com.apple.quicktime.")
_TAIL_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Coded:
    """What the coded frames show.

    Attributes
    ----------
    ticks
        Sorted stamps of the frames that are shown, in units of the time base.
    n_frames
        Number of these, with those that have no stamp.
    n_bytes
        Their size, with that of hidden frames they build on.
    n_declared
        As the header promises; 0 where it promises nothing.
    end_declared_s
        Length of the pictures alone as the header promises; 0 where it promises nothing.
    """

    ticks: IntArray
    n_frames: int
    n_bytes: int
    n_declared: int
    end_declared_s: float


@dataclass(frozen=True, slots=True)
class Look:
    """What the first decoded frames show; `ticks` are their sorted stamps."""

    ticks: IntArray
    width_px: int
    height_px: int
    upright: Upright
    skewed: bool
    pixel_format: str
    bit_depth: int
    transfer: str
    interlaced: bool


def stamp(item: VideoFrame) -> int | None:
    """Time of a frame in units of the time base; its place in coding order where it has no other."""
    return item.pts if item.pts is not None else item.dts


def look(container: InputContainer, stream: VideoStream, path: Path) -> Look:
    """Decode as many frames as may be out of order, no more."""
    trouble = Trouble()
    first: VideoFrame | None = None
    ticks: list[int] = []
    for frame in islice(decoded(container, stream, trouble), LOOKAHEAD + 1):
        first = first or frame
        tick = stamp(frame)
        if tick is not None:
            ticks.append(tick)
    if first is None and trouble.starved:
        raise MemoryError
    if first is None:
        raise NoFrames(f"not one picture of {path} could be decoded; if it plays elsewhere, convert it to H.264 MP4")
    upright, skewed = _orientation(first, stream)
    return Look(
        ticks=np.unique(np.array(ticks, np.int64)),
        width_px=first.width,
        height_px=first.height,
        upright=upright,
        skewed=skewed,
        pixel_format=first.format.name,
        bit_depth=bit_depth(first),
        transfer=_TRANSFERS.get(int(first.color_trc), ""),
        interlaced=first.interlaced_frame,
    )


def _orientation(frame: VideoFrame, stream: VideoStream) -> tuple[Upright, bool]:
    """How to show the frame upright, and whether that is not quite what the file asks for."""
    title = stream.metadata.get("title", "")
    if title.startswith(_HTC_TITLE) and title.removeprefix(_HTC_TITLE).isdigit():
        return Upright.from_clockwise(int(title.removeprefix(_HTC_TITLE))), False
    try:
        matrix = cast("Any", frame.side_data).get(SideDataType.DISPLAYMATRIX)  # the stub says str keys
    except ValueError:  # PyAV stumbles over kinds of side data it does not know (spatial video)
        return Upright.from_clockwise(-frame.rotation), frame.rotation % 90 != 0
    if matrix is None:
        return Upright(), False
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5] / 65536
    off_axis = min(abs(a) + abs(d), abs(b) + abs(c)) > 0.01 * max(abs(a) + abs(d), abs(b) + abs(c))
    return Upright.from_matrix(a, b, c, d), bool(off_axis)


def walk(container: InputContainer, stream: VideoStream, pulse: Pulse = no_pulse) -> Coded:
    """Read every coded frame of the track, decoding none."""
    ticks = array("q")
    n_frames = n_bytes = n_hidden = 0
    codec = stream.codec_context.codec.canonical_name
    for packet in packets(container, stream, Trouble()):
        pulse()
        n_bytes += 0 if packet.is_discard else packet.size
        if not is_shown(packet, codec):
            n_hidden += 1
            continue
        n_frames += 1
        tick = packet.pts if packet.pts is not None else packet.dts
        if tick is not None:
            ticks.append(tick)
    n_declared = len(stream.index_entries) if _is_mov(container) and stream.frames else stream.frames
    return Coded(
        ticks=np.sort(np.array(ticks, np.int64)),
        n_frames=n_frames,
        n_bytes=n_bytes,
        n_declared=max(0, n_declared - n_hidden),
        end_declared_s=_declared_end(container, stream),
    )


def _is_mov(container: InputContainer) -> bool:
    return container.format.name.startswith("mov")


def _declared_end(container: InputContainer, stream: VideoStream) -> float:
    """Length of the video track in s, 0 if unknown: never that of the sound."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    clock = stream.metadata.get("DURATION", "").split(":")  # Matroska: 00:00:00.968000000
    if len(clock) == 3 and all(part.replace(".", "", 1).isdigit() for part in clock):
        return float(clock[0]) * 3600 + float(clock[1]) * 60 + float(clock[2])
    if container.duration is not None and not container.streams.audio:
        return container.duration / 1e6
    return 0.0


def capture_tag(container: InputContainer, stream: VideoStream) -> float:
    """Read the rate of recording that Android cameras note, 0 where there is none."""
    key = "com.android.capture.fps"
    text = container.metadata.get(key) or stream.metadata.get(key) or ""
    try:
        fps = float(text)
    except ValueError:
        return 0.0
    return fps if 1 <= fps <= 10000 else 0.0


def camera_tags(container: InputContainer, stream: VideoStream) -> bool:
    """Tell whether the file carries any mark of the camera that made it; which one is nobody's business."""
    keys = {key.lower() for tags in (container.metadata, stream.metadata) for key in tags}
    return any(key in _CAMERA_KEYS or key.startswith(_CAMERA_PREFIXES) for key in keys)


def samsung_slow_motion(path: Path) -> bool:
    """Tell whether the notes that Samsung cameras append to the file speak of slow motion."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        tail = file.read()
    return tail.endswith(b"SEFT") and b"SlowMotion_" in tail
