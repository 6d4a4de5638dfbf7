"""What is no video, what names other files or hosts, and files with odd tracks."""

from __future__ import annotations

import gzip
import os
import struct
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from helpers.makevideo import _add_sound, add_cover, to_frame, write_sound

from robustness.bait import BAIT
from robustness.corpus import ANY, REFUSED, RESULT, add, case
from robustness.corpus.base import clip, fine, grain
from robustness.corpus.boxes import box, u32

NO_VIDEO = "cannot read"


def _bytes(name: str, data: bytes | Callable[[], bytes], *, words: str = NO_VIDEO, quick: bool = False) -> None:
    def make(folder: Path) -> Path:
        path = folder / "clip.mp4"
        path.write_bytes(data if isinstance(data, bytes) else data())
        return path

    add(name, REFUSED, words, make, quick=quick)


def _listed(name: str, text: str, suffix: str = "mp4") -> None:
    """A text that names what is to be played; the place is this machine's, where we listen."""

    def make(folder: Path) -> Path:
        path = folder / f"clip.{suffix}"
        (folder / "other.mp4").write_bytes(fine())
        path.write_text(text.replace("HOST", BAIT.address).replace("FOLDER", str(folder)))
        return path

    add(name, REFUSED, NO_VIDEO, make, quick=True)


_bytes("empty", b"", words="is empty")
_bytes("one byte", b"\x00")
_bytes("text", b"this is no video\n" * 100, quick=True)
_bytes("zeros", bytes(1 << 20))
_bytes("noise", lambda: np.random.default_rng(3).bytes(1 << 20), words="")
_bytes("head only", lambda: fine()[:32], words="")
_bytes("gzip", lambda: gzip.compress(fine()))
_bytes("PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n")
_bytes("HTML", b"<!doctype html><script>alert(1)</script><img src=x onerror=alert(1)>")
_bytes("XML with a thousand million laughs", b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>')
_bytes(
    "WAV",
    b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x44\xac\x00\x00\x88\x58\x01\x00\x02\x00\x10\x00",
)

_listed(
    "playlist of a host", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://HOST/a.ts\n#EXT-X-ENDLIST\n", "m3u8"
)
_listed(
    "playlist of a host, called MP4",
    "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://HOST/a.ts\n#EXT-X-ENDLIST\n",
)
_listed(
    "playlist of a file beside it", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nFOLDER/other.mp4\n#EXT-X-ENDLIST\n"
)
_listed("script that joins files", "ffconcat version 1.0\nfile 'FOLDER/other.mp4'\n")
_listed(
    "manifest of a stream", '<?xml version="1.0"?><MPD><Period><BaseURL>http://HOST/</BaseURL></Period></MPD>', "mpd"
)
_listed(
    "session description", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n", "sdp"
)
_listed("reference of Windows Media", "[Reference]\nRef1=http://HOST/a.asf\n", "asf")
_listed("redirection of QuickTime", "RTSPtextrtsp://HOST/a\n", "mov")
_listed("list of pictures", "file://FOLDER/other.mp4\nhttp://HOST/a.png\n", "xspf")


@case(ANY, quick=True)
def pictures_lie_at_another_host(folder: Path) -> Path:
    """The index of the MP4 says that its pictures lie at a URL."""
    data = fine()
    url = box(data, b"dinf")
    text = f"http://{BAIT.address}/a.mp4\0".encode()
    entry = u32(12 + len(text)) + b"url " + u32(0) + text
    dref = u32(16 + len(entry)) + b"dref" + u32(0, 1) + entry
    path = folder / "clip.mp4"
    path.write_bytes(_replaced(data, url.start, url.end, u32(8 + len(dref)) + b"dinf" + dref))
    return path


def _replaced(data: bytes, start: int, end: int, new: bytes) -> bytes:
    """Put other bytes in place of a box within moov/trak/mdia/minf; the pictures lie before the head."""
    whole = bytearray(data[:start] + new + data[end:])
    for kind in (b"moov", b"trak", b"mdia", b"minf"):
        at = box(data, kind).start
        size = struct.unpack(">I", whole[at : at + 4])[0]
        whole[at : at + 4] = u32(size + len(new) - (end - start))
    return bytes(whole)


@case(REFUSED, "sound only", quick=True)
def sound_only(folder: Path) -> Path:
    return write_sound(folder / "clip.mp4", 6.0)


@case(REFUSED, "sound only")
def cover_art_only(folder: Path) -> Path:
    path = folder / "clip.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        cover: Any = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        sound: Any = container.add_stream("aac", rate=48000)
        container.start_encoding()
        frame = to_frame(np.full((64, 64), 77, np.uint8), "yuvj420p")
        frame.pts = 0
        container.mux(cover.encode(frame))
        container.mux(cover.encode())
        _add_sound(container, sound, 6.0)
    return path


@case(RESULT)
def cover_art_first(folder: Path) -> Path:
    source = clip(folder / ".source.mp4")
    path = add_cover(source, folder / "clip.mp4")
    source.unlink()
    return path


@case(RESULT)
def sound_longer_than_the_pictures(folder: Path) -> Path:
    return clip(folder / "clip.mp4", sound_s=20.0)


def tracks(n: int, folder: Path) -> Path:
    """The same pictures in many tracks."""
    source = clip(folder / ".source.mp4")
    with av.open(str(source)) as old, av.open(str(folder / "clip.mp4"), "w") as new:
        outs = [new.add_stream_from_template(old.streams.video[0]) for _ in range(n)]
        packets = [(bytes(p), p.pts, p.dts, p.is_keyframe, p.time_base) for p in old.demux(video=0) if p.size]
        for data, pts, dts, is_key, time_base in packets:
            for out in outs:
                packet = av.Packet(data)
                packet.stream, packet.pts, packet.dts = out, pts, dts
                packet.is_keyframe, packet.time_base = is_key, time_base
                new.mux(packet)
    source.unlink()
    return folder / "clip.mp4"


add("two video tracks", RESULT, "2 video tracks", partial(tracks, 2))
add("two hundred video tracks", RESULT, "200 video tracks", partial(tracks, 200))


@case(REFUSED, "no ordinary file", quick=True)
def named_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "clip.mp4")
    return folder / "clip.mp4"


@case(REFUSED, "no ordinary file", quick=True)
def device_without_end(folder: Path) -> Path:
    (folder / "clip.mp4").symlink_to("/dev/zero")
    return folder / "clip.mp4"


@case(REFUSED, "cannot reach", quick=True)
def links_in_a_circle(folder: Path) -> Path:
    (folder / "clip.mp4").symlink_to(folder / "clip.mp4")
    return folder / "clip.mp4"


@case(REFUSED, "is a folder", quick=True)
def a_folder(folder: Path) -> Path:
    (folder / "clip.mp4").mkdir()
    return folder / "clip.mp4"


@case(REFUSED, NO_VIDEO)
def packed_zeros(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "clip.mp4", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(64 << 20))
    return folder / "clip.mp4"


@case(ANY)
def a_hole_of_ten_gigabytes(folder: Path) -> Path:
    """Claims much room and takes none: the pictures are followed by nothing."""
    path = folder / "clip.mp4"
    path.write_bytes(fine(faststart=False)[: -len(fine()) // 2])
    os.truncate(path, 1 << 30)
    return path


@case(RESULT)
def hidden_reference_pictures(folder: Path) -> Path:
    """VP8 codes pictures that are never shown."""
    return clip(
        folder / "clip.webm",
        grain(),
        codec="libvpx",
        options={"auto-alt-ref": "1", "lag-in-frames": "10", "crf": "10", "b": "2M"},
    )
