"""MP4 files cut, scratched and with an index that lies."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from helpers.makevideo import restamp

from robustness.corpus import ANY, REFUSED, RESULT, UNJUDGED, add, case
from robustness.corpus.base import clip, fine, grain

FOLDERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf", b"udta")


@dataclass(frozen=True)
class Box:
    """A part of an MP4 file: its kind, where it starts, where its content starts, where it ends, its parents."""

    kind: bytes
    start: int
    content: int
    end: int
    parents: tuple[bytes, ...]


def boxes(data: bytes, start: int = 0, end: int | None = None, parents: tuple[bytes, ...] = ()) -> Iterator[Box]:
    """All boxes, outer ones first."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack(">I4s", data[start : start + 8])
        if size < 8:
            return
        yield Box(kind, start, start + 8, start + size, parents)
        if kind in FOLDERS:
            yield from boxes(data, start + 8, start + size, (*parents, kind))
        start += size


def box(data: bytes, kind: bytes) -> Box:
    """The first box of a kind."""
    return next(b for b in boxes(data) if b.kind == kind)


def patched(kind: bytes, at: int, value: bytes, *, data: bytes | None = None) -> bytes:
    """A fine clip in which some bytes of a box differ; `at` counts from the start of its content."""
    whole = bytearray(fine() if data is None else data)
    place = box(bytes(whole), kind).content + at
    whole[place : place + len(value)] = value
    return bytes(whole)


def write(data: bytes | Callable[[], bytes], folder: Path) -> Path:
    path = folder / "clip.mp4"
    path.write_bytes(data if isinstance(data, bytes) else data())
    return path


def cut_at(number: int, *, end: bool) -> bytes:
    """A fine clip that ends where its box of this number starts or ends."""
    data = fine()
    one = list(boxes(data))[number]
    return data[: one.end if end else one.content]


def _add_cuts() -> None:
    whole = list(boxes(fine()))
    mdat = next(k for k, b in enumerate(whole) if b.kind == b"mdat")
    for k, b in enumerate(whole):
        where = "/".join(part.decode("latin1") for part in (*b.parents, b.kind))
        outcome = REFUSED if k < mdat else ANY
        add(f"cut within {k} {where}", outcome, "", partial(_cut, k, False), quick=k in (0, mdat))
        if b.end < len(fine()):
            add(f"cut after {k} {where}", outcome, "", partial(_cut, k, True))


def _cut(number: int, end: bool, folder: Path) -> Path:
    return write(cut_at(number, end=end), folder)


def _lie(name: str, outcome: str, make: Callable[[], bytes], *, words: str = "", quick: bool = False) -> None:
    add(name, outcome, words, partial(write, make), quick=quick)


def flipped(seed: int, kind: bytes, n: int) -> bytes:
    """Some bytes of a box, by chance, turned to their opposite."""
    data = bytearray(fine())
    b = box(bytes(data), kind)
    for place in np.random.default_rng(seed).integers(b.content, b.end, n):
        data[place] ^= 0xFF
    return bytes(data)


def u32(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *(v & 0xFFFFFFFF for v in values))


def nested(depth: int) -> bytes:
    """Boxes in boxes in boxes."""
    inner = b""
    for _ in range(depth):
        inner = u32(8 + len(inner)) + b"moov" + inner
    return fine()[: box(fine(), b"moov").start] + inner


def shifted_chunks(by: int) -> bytes:
    """An index that points elsewhere."""
    data = fine()
    stco = box(data, b"stco")
    n = struct.unpack(">I", data[stco.content + 4 : stco.content + 8])[0]
    old = struct.unpack(f">{n}I", data[stco.content + 8 : stco.content + 8 + 4 * n])
    return patched(b"stco", 8, u32(*(v + by for v in old)))


def zero_sizes() -> bytes:
    """The last ten samples have no bytes."""
    data = fine()
    stsz = box(data, b"stsz")
    n = struct.unpack(">I", data[stsz.content + 8 : stsz.content + 12])[0]
    whole = bytearray(data)
    for k in range(n - 10, n):
        place = stsz.content + 12 + 4 * k
        whole[place : place + 4] = u32(0)
    return bytes(whole)


def inserted(kind: bytes, content: bytes) -> bytes:
    """A fine clip with one more box at its end."""
    return fine() + u32(8 + len(content)) + kind + content


def fragmented_without_head() -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = clip(Path(folder) / "a.mp4", container_options={"movflags": "frag_keyframe+empty_moov"})
        data = path.read_bytes()
    return data[: box(data, b"moov").start] + data[box(data, b"moof").start :]


_add_cuts()
for _seed in range(3):
    _lie(f"flipped bytes in the head, {_seed}", ANY, partial(flipped, _seed, b"moov", 12))
    _lie(f"flipped bytes in the pictures, {_seed}", ANY, partial(flipped, _seed, b"mdat", 40), quick=_seed == 0)
_lie("index points 1000 bytes on", ANY, partial(shifted_chunks, 1000))
_lie("index points beyond the file", ANY, partial(shifted_chunks, 1 << 30))
_lie("zero-length samples", ANY, zero_sizes, quick=True)
_lie("claims two billion samples", ANY, lambda: patched(b"stsz", 4, u32(1000, 0x7FFFFFFF)))
_lie("claims two billion samples of one byte", ANY, lambda: patched(b"stsz", 4, u32(1, 0x7FFFFFFF)))
_lie("claims four billion chunks", ANY, lambda: patched(b"stco", 4, u32(0xFFFFFFFF)))
_lie("claims four billion stamps", ANY, lambda: patched(b"stts", 4, u32(0xFFFFFFFF)))
_lie("one stamp run of four billion", ANY, lambda: patched(b"stts", 4, u32(1, 0xFFFFFFFF, 1)))
_lie("steps of four billion ticks", ANY, lambda: patched(b"stts", 4, u32(1, 48, 0xFFFFFFFF)))
_lie("steps of no tick", ANY, lambda: patched(b"stts", 4, u32(1, 48, 0)), quick=True)
_lie("chunk table starts at zero", ANY, lambda: patched(b"stsc", 8, u32(0, 0, 0)))
_lie("clock of zero ticks a second", ANY, lambda: patched(b"mdhd", 12, u32(0)))
_lie("movie clock of zero ticks a second", ANY, lambda: patched(b"mvhd", 12, u32(0)))
_lie("turned by a matrix of zeros", ANY, lambda: patched(b"tkhd", 40, bytes(36)))
_lie(
    "turned by 45 degrees",
    RESULT,
    lambda: patched(b"tkhd", 40, u32(46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)),
    words="no multiple of 90",
)
_lie("edit list that starts beyond the end", ANY, lambda: patched(b"elst", 8, u32(5000, 10**8)))
_lie("edit list of no length", ANY, lambda: patched(b"elst", 8, u32(0, 0)))
_lie("head claims to be 4 GB long", ANY, lambda: patched(b"moov", -8, u32(0xFFFFFFF0)))
_lie("head of size zero", ANY, lambda: patched(b"moov", -8, u32(0)))
_lie("pictures of a size of 64 bits", ANY, lambda: patched(b"mdat", -8, u32(1)))
_lie("codec nobody knows", REFUSED, lambda: patched(b"stsd", 12, b"q?%\x00"))
_lie("65535 x 65535 in the head only", ANY, lambda: patched(b"stsd", 8 + 8 + 24, b"\xff\xff\xff\xff"))
_lie("boxes nested a thousand times", REFUSED, partial(nested, 1000))
_lie("boxes nested 30000 times", REFUSED, partial(nested, 30000))
_lie("two heads", ANY, lambda: fine() + fine()[box(fine(), b"moov").start : box(fine(), b"moov").end])
_lie("garbage after the end", RESULT, lambda: fine() + bytes(range(256)) * 64)
_lie("notes of 4 GB after the end", ANY, lambda: fine() + u32(0xFFFFFFFF) + b"udta" + bytes(64))
_lie("fragments without a head", REFUSED, fragmented_without_head)


@case(UNJUDGED, "too short")
def fragments_only_in_part(folder: Path) -> Path:
    path = clip(folder / "clip.mp4", options={"g": "8"}, container_options={"movflags": "frag_keyframe+empty_moov"})
    data = path.read_bytes()
    second = [b for b in boxes(data) if b.kind == b"moof"][2]
    path.write_bytes(data[: second.start])
    return path


@case(RESULT, "run backward", quick=True)
def stamps_that_run_backward(folder: Path) -> Path:
    source = clip(folder / ".source.mp4", options={"bf": "0"})
    path = restamp(source, folder / "clip.mp4", list(reversed(range(len(grain())))))
    source.unlink()
    return path


@case(RESULT, "gap")
def gap_of_ten_hours(folder: Path) -> Path:
    stamps = [k / 8 + (36000 if k > 44 else 0) for k in range(len(grain()))]
    return clip(folder / "clip.mkv", stamps_s=stamps)


@case(RESULT)
def stamps_that_start_after_a_day(folder: Path) -> Path:
    return clip(folder / "clip.mkv", stamps_s=[90000 + k / 8 for k in range(len(grain()))])
