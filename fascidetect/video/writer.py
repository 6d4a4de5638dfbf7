"""Pictures in, a video file out: exact time stamps, whole files only."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.error
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from fascidetect.errors import OutputError
from fascidetect.model import ByteArray

TIME_BASE = Fraction(1, 90000)
"""Unit in which time stamps are kept."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How pictures are compressed.

    Parameters
    ----------
    codec
        Name of an FFmpeg encoder, ``libx264`` or ``libx265``.
    pixel_format
        ``yuv420p``, or ``yuv420p10le`` for 10 bit.
    options
        Private options of the encoder, as pairs of name and value.
    bit_rate
        Mean bits per second; None leaves the rate to the options (crf).
    fps
        Nominal rate, 1/s. Only rate control looks at it; stamps are kept as given.
    keyframe_interval
        Longest distance between key frames, in frames.
    rotation_deg
        Written to the display matrix: players turn the picture by so much, counter-clockwise.
    threads
        Of the encoder. One thread gives the same file on every machine.
    """

    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    options: tuple[tuple[str, str], ...] = (("preset", "veryfast"), ("crf", "23"))
    bit_rate: int | None = None
    fps: float = 30.0
    keyframe_interval: int = 60
    rotation_deg: int = 0
    threads: int = 1


BROWSER = Encoding()
"""H.264 that every browser plays, small, seekable every two seconds at 30 fps."""


class VideoWriter:
    """Write pictures to a video file; a context manager.

    The file appears under its name only when the block ends well. If the block raises, nothing is
    left behind. The file holds no audio and no metadata, and starts with its index (faststart).

    Parameters
    ----------
    path
        File to write; an existing one is replaced at the end. The suffix chooses the container.
    width_px, height_px
        Size of the pictures handed to `write`. 4:2:0 video has even sides: of an odd side the
        last column or row is left out.
    encoding
        How to compress.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """

    def __init__(self, path: Path, width_px: int, height_px: int, *, encoding: Encoding = BROWSER) -> None:
        if width_px < 2 or height_px < 2:
            raise OutputError(f"cannot write {path}: a video needs at least 2 x 2 px, got {width_px} x {height_px}")
        self._path = Path(path)
        self._shape = height_px, width_px
        self._last_pts: int | None = None
        self._partial = self._path.with_name(f".{secrets.token_hex(4)}.partial{self._path.suffix}")
        try:
            self._partial.touch()
            self._container, self._stream = _open(self._partial, width_px & ~1, height_px & ~1, encoding)
        except (OSError, ValueError) as exc:
            self._remove()
            raise self._failure(exc) from exc

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish()
        else:
            self._discard()

    def write(self, rgb: ByteArray, time_s: float) -> None:
        """Append one picture.

        Parameters
        ----------
        rgb
            Shape (h, w, 3), or (h, w) for gray.
        time_s
            Its stamp, >= 0 and later than the one before; kept to 1/90000 s.
        """
        if rgb.shape not in (self._shape, (*self._shape, 3)):
            raise ValueError(f"pictures must have shape {self._shape} or {(*self._shape, 3)}, got {rgb.shape}")
        pts = round(time_s / TIME_BASE)
        if pts < 0 or (self._last_pts is not None and pts <= self._last_pts):
            raise ValueError(f"time stamps must be at least 0 and increase, got {time_s:g} s")
        self._last_pts = pts
        frame = self._frame(rgb)
        frame.pts, frame.time_base = pts, TIME_BASE
        try:
            self._container.mux(self._stream.encode(frame))
        except OSError as exc:
            raise self._failure(exc) from exc

    def _frame(self, rgb: ByteArray) -> VideoFrame:
        """Even sides, BT.709, limited range."""
        if rgb.ndim == 2:
            rgb = np.repeat(rgb[..., None], 3, axis=2)
        height, width = (side & ~1 for side in self._shape)
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(rgb[:height, :width]), format="rgb24")
        return frame.reformat(
            format=self._stream.pix_fmt,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )

    def _finish(self) -> None:
        if self._last_pts is None:
            self._discard()
            raise OutputError(f"cannot write {self._path}: no picture was given")
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
            _sync(self._partial)
            self._partial.replace(self._path)
        except OSError as exc:
            self._discard()
            raise self._failure(exc) from exc

    def _discard(self) -> None:
        with contextlib.suppress(OSError):
            self._container.close()
        self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self._partial.unlink(missing_ok=True)

    def _failure(self, exc: Exception) -> OutputError:
        reason = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
        return OutputError(f"cannot write {self._path}: {reason}")


def _open(path: Path, width_px: int, height_px: int, encoding: Encoding) -> tuple[OutputContainer, VideoStream]:
    options = {"fflags": "+bitexact"}  # otherwise the muxer signs the file
    if path.suffix.lower() in (".mp4", ".mov", ".m4v", ".3gp"):
        options["movflags"] = "+faststart"
    container = av.open(str(path), "w", options=options)
    rate = Fraction(encoding.fps).limit_denominator(1001)
    stream = container.add_stream(encoding.codec, rate=rate, options=_options(encoding))
    if not isinstance(stream, VideoStream):
        raise ValueError(f"{encoding.codec} is no video encoder")  # noqa: TRY004 - a wrong value of `Encoding`
    stream.width, stream.height, stream.pix_fmt = width_px, height_px, encoding.pixel_format
    stream.time_base = TIME_BASE
    context = stream.codec_context
    if encoding.codec == "libx265":
        context.codec_tag = "hvc1"  # the name Apple players insist on
    context.time_base = TIME_BASE
    context.gop_size = encoding.keyframe_interval
    context.thread_count = encoding.threads
    if encoding.bit_rate is not None:
        context.bit_rate = encoding.bit_rate
    context.color_range = ColorRange.MPEG
    context.colorspace = Colorspace.ITU709
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    if encoding.rotation_deg:
        stream.set_display_rotation(encoding.rotation_deg)
    return container, stream


def _options(encoding: Encoding) -> dict[str, str]:
    options = dict(encoding.options)
    if encoding.codec == "libx265":  # it writes to stderr and starts a pool of threads unless told
        quiet = f"log-level=none:info=0:frame-threads={encoding.threads}:pools=none"
        options["x265-params"] = ":".join(filter(None, (quiet, options.get("x265-params", ""))))
    return options


def _sync(path: Path) -> None:
    """Have the system admit now that the disk is full."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
