"""Sizes, rates and kinds of pictures that are rare, and files that claim what nobody has."""

from __future__ import annotations

import struct
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from helpers.makevideo import texture, to_frame

from robustness.corpus import ANY, REFUSED, RESULT, UNJUDGED, add, case
from robustness.corpus.base import FPS, clip, fine, grain
from robustness.corpus.boxes import boxes, u32


def raw(path: Path, codec: str, pix_fmt: str, frames: list[av.VideoFrame], **options: str) -> Path:
    """Encode frames of any pixel format."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=Fraction(FPS), options=options)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, pix_fmt
        stream.codec_context.thread_count = 1
        for k, frame in enumerate(frames):
            frame.pts, frame.time_base = k, 1 / Fraction(FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def converted(pix_fmt: str) -> list[av.VideoFrame]:
    """The grain as frames of another pixel format."""
    return [av.VideoFrame.from_ndarray(p, format="gray").reformat(format=pix_fmt) for p in grain()]


def _kind(name: str, suffix: str, codec: str, pix_fmt: str, *, quick: bool = False, **options: str) -> None:
    def make(folder: Path) -> Path:
        return raw(folder / f"clip.{suffix}", codec, pix_fmt, converted(pix_fmt), **options)

    add(name, RESULT, "", make, quick=quick)


_kind("alpha, FFV1", "mkv", "ffv1", "yuva420p")
_kind("alpha, PNG", "mov", "png", "rgba")
_kind("gray, FFV1", "mkv", "ffv1", "gray", quick=True)
_kind("gray of 16 bit", "mkv", "ffv1", "gray16le")
_kind("4:4:4", "mp4", "libx264", "yuv444p", crf="12")
_kind("4:2:2 of 10 bit", "mov", "prores_ks", "yuv422p10le")
_kind("12 bit", "mkv", "ffv1", "yuv420p12le", quick=True)
_kind("12 bit, HEVC", "mp4", "libx265", "yuv420p12le", **{"x265-params": "log-level=none:crf=12"})
_kind("RGB", "mkv", "ffv1", "bgr0")
_kind("gray of 10 bit", "mkv", "ffv1", "gray10le")
_kind("palette, GIF", "gif", "gif", "gray")
_kind("lossless x264", "mp4", "libx264", "yuv420p", qp="0")
_kind("interlaced", "mp4", "libx264", "yuv420p", **{"x264-params": "tff=1:crf=12"})
_kind("Motion JPEG, AVI", "avi", "mjpeg", "yuvj420p", qmax="3", b="9M")
_kind("MPEG-4 part 2, 3GP", "3gp", "mpeg4", "yuv420p", qmax="3", b="4M")
_kind("Flash", "flv", "flv", "yuv420p", qmax="3", b="4M")
_kind("Windows Media", "wmv", "wmv2", "yuv420p", qmax="3", b="4M")
_kind("VP9, WebM", "webm", "libvpx-vp9", "yuv420p", crf="10", deadline="realtime")
_kind("transport stream", "ts", "libx264", "yuv420p", crf="12")


def _sized(name: str, outcome: str, words: str, width: int, height: int, n: int = 42) -> None:
    def make(folder: Path) -> Path:
        rng = np.random.default_rng(5)
        still = texture(height, width) if min(width, height) > 1 else np.full((height, width), 128.0)
        pictures = [np.clip(still + rng.normal(0, 2, still.shape), 0, 255).astype(np.uint8) for _ in range(n)]
        return raw(
            folder / "clip.mkv", "ffv1", "gray", [av.VideoFrame.from_ndarray(p, format="gray") for p in pictures]
        )

    add(name, outcome, words, make)


_sized("1 x 1 px", UNJUDGED, "", 1, 1, 48)
_sized("2 x 2 px", UNJUDGED, "", 2, 2, 48)
_sized("3 x 200 px", ANY, "", 3, 200, 48)
_sized("8192 x 64 px", ANY, "", 8192, 64, 48)
_sized("64 x 8192 px", ANY, "", 64, 8192, 48)
_sized("17 x 13 px", ANY, "", 17, 13, 48)


@case(UNJUDGED, quick=True)
def one_picture(folder: Path) -> Path:
    return clip(folder / "clip.mp4", grain()[:1])


@case(REFUSED, "without a single picture", quick=True)
def no_picture(folder: Path) -> Path:
    return clip(folder / "clip.mp4", [])


@case(UNJUDGED, "never changes")
def still_for_six_seconds(folder: Path) -> Path:
    return clip(folder / "clip.mp4", [texture(96, 160)] * 48, options={"qp": "0"})


@case(ANY)
def one_picture_a_second(folder: Path) -> Path:
    return clip(folder / "clip.mp4", grain()[:12], fps=1.0)


@case(UNJUDGED, "too short")
def a_thousand_pictures_a_second(folder: Path) -> Path:
    return clip(folder / "clip.mp4", grain() * 4, stamps_s=[k / 1000 for k in range(4 * len(grain()))])


@case(ANY)
def one_picture_a_day(folder: Path) -> Path:
    return clip(folder / "clip.mkv", grain()[:8], stamps_s=[86400.0 * k for k in range(8)])


@case(ANY, "another size", quick=True)
def size_changes_in_mid_stream(folder: Path) -> Path:
    return joined(folder, grain()[:24], [p[::2, ::2].copy() for p in grain()[24:]])


@case(ANY)
def size_grows_a_hundredfold_in_mid_stream(folder: Path) -> Path:
    return joined(folder, grain()[:24], [np.kron(p, np.ones((10, 10), np.uint8)) for p in grain()[24:28]])


def joined(folder: Path, *parts: list[np.ndarray]) -> Path:
    """Clips one after another in a transport stream, which needs no head."""
    path = folder / "clip.ts"
    for k, part in enumerate(parts):
        one = clip(folder / f".{k}.ts", part, options={"crf": "12", "g": "8"})
        with path.open("ab") as out:
            out.write(one.read_bytes())
        one.unlink()
    return path


# What nobody has: sizes that are only claimed


def bits(*fields: tuple[int, int | None]) -> bytes:
    """(value, width) bits; without a width, an Exp-Golomb number. Ends with a one and zeros."""
    text = ""
    for value, width in fields:
        code = format(value + 1, "b")
        text += format(value, f"0{width}b") if width else "0" * (len(code) - 1) + code
    text += "1"
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def sps(width: int, height: int) -> bytes:
    """A sequence parameter set of H.264 for pictures of this size."""
    size = ((width // 16 - 1, None), (height // 16 - 1, None))
    return b"\x67" + bits(
        (66, 8), (0, 8), (62, 8), (0, None), (0, None), (2, None), (1, None), (0, 1), *size, (0b1100, 4)
    )


def with_sps(new: bytes) -> bytes:
    """A fine clip whose decoder is told other sizes than its head tells."""
    data = fine(faststart=False)
    at = data.index(b"avcC") - 4
    old_size = struct.unpack(">I", data[at : at + 4])[0]
    old = data[at + 8 : at + old_size]
    n_old = struct.unpack(">H", old[6:8])[0]
    content = old[:6] + struct.pack(">H", len(new)) + new + old[8 + n_old :]
    whole = bytearray(data[:at] + u32(8 + len(content)) + b"avcC" + content + data[at + old_size :])
    grown = len(whole) - len(data)
    around = [b.start for b in boxes(data) if b.kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")]
    for start in (*around, data.rindex(b"avc1") - 4):
        size = struct.unpack(">I", whole[start : start + 4])[0]
        whole[start : start + 4] = u32(size + grown)
    return bytes(whole)


def _claimed(width: int, height: int, folder: Path) -> Path:
    path = folder / "clip.mp4"
    path.write_bytes(with_sps(sps(width, height)))
    return path


for _width, _height in ((16_000, 16_000), (1_000_000, 1_000_000), (2_000_000_000, 16)):
    add(
        f"H.264 that claims {_width} x {_height} px",
        REFUSED,
        "",
        partial(_claimed, _width, _height),
        quick=_width == 16_000,
    )


@case(REFUSED, quick=True)
def a_million_by_a_million_in_Matroska(folder: Path) -> Path:  # noqa: N802
    """EBML: the numbers stand behind B0 and BA, with their length."""
    path = raw(folder / "clip.mkv", "ffv1", "gray", converted("gray")[:2])
    source = path.read_bytes()
    width, height = b"\xb0" + bytes([0x81, 160]), b"\xba" + bytes([0x81, 96])
    at = source.index(width)
    head = source[:at].rindex(b"\xe0")
    video = source[head + 1] & 0x7F
    inner = source[head + 2 : head + 2 + video]
    longer = inner.replace(width, b"\xb0\x83" + (10**6).to_bytes(3, "big"))
    longer = longer.replace(height, b"\xba\x83" + (10**6).to_bytes(3, "big"))
    rest = source[head + 2 + video :]
    grown = len(longer) - len(inner)
    data = source[: head + 1] + bytes([0x80 | len(longer)]) + longer + rest
    path.write_bytes(_longer_parents(data, head, grown))
    return path


def _longer_parents(data: bytes, head: int, grown: int) -> bytes:
    """Add to the lengths of the elements (Segment, Tracks, TrackEntry) that hold what has grown."""
    whole = bytearray(data)
    for sign in (b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\xae"):
        at = whole[:head].rindex(sign) + len(sign)
        n = 9 - whole[at].bit_length()
        mask = (1 << (7 * n)) - 1
        length = (int.from_bytes(whole[at : at + n], "big") & mask) + grown
        whole[at : at + n] = (length | (mask + 1)).to_bytes(n, "big")
    return bytes(whole)


@case(REFUSED, quick=True)
def a_million_by_a_million_in_AVI(folder: Path) -> Path:  # noqa: N802
    path = clip(folder / "clip.avi", codec="mjpeg", pix_fmt="yuvj420p", options={})
    data = bytearray(path.read_bytes())
    at = data.index(b"strf") + 8
    data[at + 4 : at + 12] = struct.pack("<ii", 10**6, 10**6)
    raw_video = data.replace(b"MJPG", b"DIB ")
    path.write_bytes(bytes(raw_video))
    return path


@case(ANY)
def GIF_that_claims_65535_x_65535(folder: Path) -> Path:  # noqa: N802
    path = raw(folder / "clip.gif", "gif", "gray", converted("gray")[:20])
    data = bytearray(path.read_bytes())
    data[6:10] = b"\xff\xff\xff\xff"
    path.write_bytes(bytes(data))
    return path


@case(REFUSED)
def bomb_of_16000_x_9000_packed_a_thousandfold(folder: Path) -> Path:
    empty = av.VideoFrame(16000, 9000, "gray")
    for plane in empty.planes:
        plane.update(bytes(plane.buffer_size))
    return raw(folder / "clip.mov", "png", "gray", [empty] * 2)


@case(UNJUDGED)
def bomb_of_8192_x_4096_packed_a_thousandfold(folder: Path) -> Path:
    empty = to_frame(np.zeros((4096, 8192), np.uint8), "gray")
    return raw(folder / "clip.mov", "png", "gray", [empty] * 2)
