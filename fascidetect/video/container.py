"""Opening a video file safely, choosing its track, and getting packets and frames out of damaged ones."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import av
from av import Packet, VideoFrame
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from fascidetect.errors import ClipNotFound, NoFrames, NotAClip

FORMATS = "mov,matroska,avi,gif,mpegts,mpeg,flv,asf,ogg"
"""Containers that are read. Playlists, concat scripts and the like name other files: never opened."""

MAX_SIDE_PX = 16384
MAX_AREA_PX = 36_000_000
"""A little more than 8K (7680 x 4320): what a picture may cost in memory is bounded."""

MAX_READ_FAILURES = 20
_PIECE_BYTES = 1 << 20

DECODER_THREADS = 4
"""The same on every machine: each holds a picture or two in memory."""

VideoPacket: TypeAlias = "Packet[VideoStream]"

Pulse: TypeAlias = Callable[[], None]
"""Called again and again while a file is read: a sign of life."""


def no_pulse() -> None:
    """Nobody listens."""


_NO_MOVIE = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_VP8_SHOWN = 0x10


@dataclass(slots=True)
class Trouble:
    """What went wrong while reading, counted.

    Attributes
    ----------
    unreadable
        Times the container could not be read on.
    undecodable
        Packets that the decoder refused.
    starved
        Of these, for want of memory.
    decoded
        Frames that came out.
    corrupt
        Of these, the ones the decoder marked as damaged.
    resized
        Of another size than the first.
    unstamped, backwards, equal
        Without a stamp; with an earlier one than the frame before; with the same one as another.
    repeated
        Pictures that repeat the one before exactly.
    shown
        Frames of the wanted part that were handed on.
    """

    unreadable: int = 0
    undecodable: int = 0
    starved: int = 0
    decoded: int = 0
    corrupt: int = 0
    resized: int = 0
    unstamped: int = 0
    backwards: int = 0
    equal: int = 0
    repeated: int = 0
    shown: int = 0


def check_file(path: Path) -> None:
    """Raise a plain error for whatever is no readable file with something in it."""
    try:
        status = path.stat()
    except FileNotFoundError as exc:
        raise ClipNotFound(f"no such file: {path}; check the name and the folder") from exc
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the name
        raise NotAClip(f"cannot reach {path} ({_reason(exc)}); check the name and the folder's permissions") from exc
    if stat.S_ISDIR(status.st_mode):
        raise NotAClip(
            f"{path} is a folder; name a video file in it, or analyze all: fascidetect batch {path} -o RESULTS"
        )
    if not stat.S_ISREG(status.st_mode):
        raise NotAClip(f"{path} is no ordinary file; copy the video to a file first")
    if status.st_size == 0:
        raise NotAClip(f"{path} is empty (0 bytes); copy it again")


def signature(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced or written to; empty where it is gone."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def sha256_of(path: Path, pulse: Pulse = no_pulse) -> str:
    """Hex digest of a file's bytes, read in pieces."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
                pulse()
            return digest.hexdigest()
    except PermissionError as exc:
        raise NotAClip(f"no permission to read {path}; allow reading it and try again") from exc
    except OSError as exc:
        raise NotAClip(f"cannot read {path} ({_reason(exc)}); copy it to another disk and try again") from exc


def _reason(exc: Exception) -> str:
    return str(getattr(exc, "strerror", None) or exc)


@contextmanager
def open_track(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and choose its first real video track. Nothing else is opened, whatever the file names."""
    whitelists = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    # Whatever size the coded pictures turn out to have, while the file is probed and in mid-stream too.
    bounds = {"max_pixels": str(MAX_AREA_PX)}
    try:
        # An absolute path is never taken for a protocol; a tag that is not UTF-8 must not stop us.
        container = av.open(
            str(path.absolute()), metadata_errors="replace", container_options=whitelists, options=bounds
        )
    except (FFmpegError, OSError, ValueError) as exc:
        raise NotAClip(
            f"cannot read {path} as a video (no MP4, MOV, MKV, WebM, AVI, 3GP or GIF found in it); "
            "if it was cut off while copying, copy it again"
        ) from exc
    with container:
        stream = choose_track(container, path)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = DECODER_THREADS
        stream.codec_context.options = bounds
        yield container, stream


def real_tracks(container: InputContainer) -> list[VideoStream]:
    """Video tracks with a size and a decoder that are neither cover pictures nor thumbnails."""
    tracks = [s for s in container.streams.video if not s.disposition & _NO_MOVIE]
    return [s for s in tracks if s.codec_context is not None and s.width > 0 and s.height > 0]


def choose_track(container: InputContainer, path: Path) -> VideoStream:
    """Take the first real video track; raise where there is none or its pictures are too large."""
    tracks = real_tracks(container)
    if not tracks and len(container.streams) == 0:
        raise NoFrames(f"{path} is a video file without a single picture in it; record or copy it again")
    if not tracks:
        what = "sound only" if container.streams.audio else "no moving pictures that can be decoded"
        raise NotAClip(f"{path} holds {what}; name a file with a video track")
    width, height = tracks[0].width, tracks[0].height
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_AREA_PX:
        raise NotAClip(f"the pictures of {path} are too large ({width} x {height} px); export it at 4K or less")
    return tracks[0]


def packets(container: InputContainer, stream: VideoStream, trouble: Trouble) -> Iterator[VideoPacket]:
    """Coded frames of one track; damage is counted and stepped over where the container allows it."""
    failures = 0
    while failures < MAX_READ_FAILURES:
        try:
            for packet in container.demux(stream):
                failures = 0
                if packet.size:
                    yield packet
        except FFmpegError:
            failures += 1
            trouble.unreadable += 1
        else:
            return


def decoded(container: InputContainer, stream: VideoStream, trouble: Trouble) -> Iterator[VideoFrame]:
    """Frames of one track in the decoder's order; what cannot be decoded is counted and left out."""
    for packet in packets(container, stream, trouble):
        yield from _decode(stream, packet, trouble)
    yield from _decode(stream, None, trouble)


def _decode(stream: VideoStream, packet: VideoPacket | None, trouble: Trouble) -> list[VideoFrame]:
    try:
        frames = stream.decode(packet)
    except FFmpegError as error:
        trouble.undecodable += 1
        trouble.starved += isinstance(error, (MemoryError, BlockingIOError))  # the latter: no thread could be started
        return []
    trouble.decoded += len(frames)
    trouble.corrupt += sum(frame.is_corrupt for frame in frames)
    return frames


def is_shown(packet: VideoPacket, codec: str) -> bool:
    """Tell frames that are shown from those that are not: cut by an edit list, or hidden references of VP8 and VP9."""
    if packet.is_discard:
        return False
    if codec == "vp8":
        return bool(memoryview(packet)[0] & _VP8_SHOWN)
    return codec != "vp9" or _vp9_shown(memoryview(packet))


def _vp9_shown(data: memoryview) -> bool:
    """Read the head of the first frame: marker (2 bits), profile (2 or 3), shows old one, type, shown."""
    if data[-1] & 0xE0 == 0xC0:  # a superframe: hidden ones together with a shown one
        return True
    bits = data[0] << 1 if data[0] & 0x30 == 0x30 else data[0]
    return bool(bits & 0x08 or bits & 0x02)
