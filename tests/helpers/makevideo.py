"""Make small videos for tests, with any stamps, codec, pixel format, rotation and damage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

TICK = Fraction(1, 90000)

CONSTANT_QUALITY = {"libx264": {"crf": "8"}, "libx265": {"crf": "10", "x265-params": "log-level=none"}}


def texture(height: int = 80, width: int = 160, *, seed: int = 0) -> np.ndarray:
    """Smooth random gray picture, uint8, 40..210."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(40, 210, (height // 8 + 2, width // 8 + 2))
    rows, cols = np.linspace(0, coarse.shape[0] - 1.01, height), np.linspace(0, coarse.shape[1] - 1.01, width)
    r, c = rows.astype(int), cols.astype(int)
    fr, fc = (rows - r)[:, None], (cols - c)[None, :]
    top = coarse[r][:, c] * (1 - fc) + coarse[r][:, c + 1] * fc
    bottom = coarse[r + 1][:, c] * (1 - fc) + coarse[r + 1][:, c + 1] * fc
    return np.rint(top * (1 - fr) + bottom * fr).astype(np.uint8)


def moving(n: int, height: int = 80, width: int = 160) -> list[np.ndarray]:
    """A texture that moves one pixel a frame: no two pictures are equal."""
    still = texture(height, width)
    return [np.roll(still, k, axis=1) for k in range(n)]


def write_video(
    path: Path,
    pictures: Iterable[np.ndarray],
    *,
    stamps_s: Sequence[float] | None = None,
    fps: float = 30.0,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    container_format: str | None = None,
    rotation: tuple[int, bool] | None = None,
    metadata: dict[str, str] | None = None,
    sound_s: float = 0.0,
    pixel_aspect: Fraction | None = None,
) -> Path:
    """Encode gray (h, w), RGB (h, w, 3) or 10-bit gray (uint16) pictures.

    ``rotation`` is (counter-clockwise degrees, mirrored left to right after it), as players shall
    turn the picture. Brightness codes of gray pictures are kept as they are.
    """
    pictures = list(pictures)
    height, width = pictures[0].shape[:2] if pictures else (80, 160)
    options = CONSTANT_QUALITY.get(codec, {}) if options is None else options
    with av.open(str(path), "w", options=container_options or {}, format=container_format) as container:
        container.metadata.update(metadata or {})
        stream: Any = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001), options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.codec_context.thread_count = 1  # the same file every time
        if stamps_s is not None:
            stream.codec_context.time_base = TICK
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation is not None:
            stream.set_display_rotation(rotation[0], hflip=rotation[1])
        sound: Any = container.add_stream("aac", rate=48000) if sound_s else None
        container.start_encoding()
        for k, picture in enumerate(pictures):
            frame = to_frame(picture, pix_fmt)
            if stamps_s is not None:
                frame.pts, frame.time_base = round(stamps_s[k] / TICK), TICK
            else:
                frame.pts, frame.time_base = k, 1 / Fraction(fps).limit_denominator(1001)
            container.mux(stream.encode(frame))
        if pictures:
            container.mux(stream.encode())
        if sound is not None:
            _add_sound(container, sound, sound_s)
    return path


def to_frame(picture: np.ndarray, pix_fmt: str) -> av.VideoFrame:
    """Put gray values into the brightness plane without a change; RGB is converted."""
    if picture.ndim == 3:
        return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pix_fmt)
    frame = av.VideoFrame(picture.shape[1], picture.shape[0], pix_fmt)
    for k, plane in enumerate(frame.planes):
        dtype = np.uint8 if picture.dtype == np.uint8 else np.uint16
        samples: Any = np.frombuffer(plane, dtype).reshape(plane.height, -1)  # type: ignore[call-overload]
        samples[:] = 128 if dtype == np.uint8 else 512
        if k == 0:
            samples[:, : picture.shape[1]] = picture
    return frame


def write_sound(path: Path, seconds: float = 1.0) -> Path:
    """A file with sound only."""
    with av.open(str(path), "w") as container:
        _add_sound(container, container.add_stream("aac", rate=48000), seconds)
    return path


def _add_sound(container: Any, stream: Any, seconds: float) -> None:
    for start in range(0, int(48000 * seconds), 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48000, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def add_cover(source: Path, path: Path) -> Path:
    """Copy a video and put a cover picture (as its first track) before it."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        cover: Any = new.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        track = new.add_stream_from_template(old.streams.video[0])
        frame = to_frame(np.full((64, 64), 77, np.uint8), "yuvj420p")
        frame.pts = 0
        new.mux(cover.encode(frame))
        new.mux(cover.encode())
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = track
                new.mux(packet)
    return path


def restamp(source: Path, path: Path, order: Sequence[int]) -> Path:
    """Copy a video without reordering, and give its k-th frame the time of frame ``order[k]``."""
    with av.open(str(source)) as old:
        packets = [packet for packet in old.demux(video=0) if packet.size]
        stamps: list[Any] = [packet.pts for packet in packets]
        with av.open(str(path), "w") as new:
            track = new.add_stream_from_template(old.streams.video[0])
            for k, packet in enumerate(packets):
                packet.pts, packet.dts = stamps[order[k]], k - len(packets)  # coded in this order, long before
                packet.stream = track
                new.mux(packet)
    return path


def cut(path: Path, share: float) -> Path:
    """Cut a file off after this share of its bytes, as a broken copy would."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def scratch(path: Path, start: float, end: float) -> Path:
    """Overwrite the bytes between two shares of the file's length with noise."""
    data = bytearray(path.read_bytes())
    first, last = int(len(data) * start), int(len(data) * end)
    data[first:last] = np.random.default_rng(0).integers(0, 256, last - first, dtype=np.uint8).tobytes()
    path.write_bytes(bytes(data))
    return path
