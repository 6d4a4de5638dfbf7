"""Inputs that are almost right: a seed with a few changes of chance."""

from __future__ import annotations

import io
import re
import zipfile

import numpy as np

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WORD = re.compile(rb'"[^"\n]{0,60}"|[A-Za-z_]{2,40}')

VALUES = (
    *(b"0", b"-1", b"1e999", b"-1e999", b"NaN", b"nan", b"inf", b"-inf", b"1e-320", b"99999999999999999999", b"0x10"),
    *(b"null", b"true", b"[]", b"{}", b'""', b'"\\ud800"', b"\xff\xfe", b"\x00", b"\xef\xbb\xbf", b"\xc3\x28", b"\r"),
    *(b"2147483648", b"-9223372036854775809", b"1970-01-01", b"'", b'"', b",", b"\t", b";", b"<", b">", b"&", b"]]>"),
    *(b"[" * 60000, b'{"a":' * 20000, b"a" * 100000, b"9" * 6000, b"<a>" * 20000, b"../../etc/passwd", b"=cmd()"),
    *(b"1_000", b"1,5", b"\xe2\x80\x8b1", "٣".encode(), b"-0", b"+1", b"1e5", b"__class__", b"schema_version"),
)


def mutated(data: bytes, rng: np.random.Generator, other: bytes) -> bytes:
    """One to four changes; `other` is a second seed of the same kind to cross with."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        _CHANGES[int(rng.integers(len(_CHANGES)))](changed, rng, other)
    return bytes(changed)


def _place(changed: bytearray, rng: np.random.Generator) -> int:
    return int(rng.integers(len(changed) + 1))


def _flip(changed: bytearray, rng: np.random.Generator, other: bytes) -> None:
    if changed:
        changed[int(rng.integers(len(changed)))] = int(rng.integers(256))


def _bit(changed: bytearray, rng: np.random.Generator, other: bytes) -> None:
    if changed:
        changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))


def _cut(changed: bytearray, rng: np.random.Generator, other: bytes) -> None:
    del changed[_place(changed, rng) :]


def _drop(changed: bytearray, rng: np.random.Generator, other: bytes) -> None:
    at = _place(changed, rng)
    del changed[at : at + int(rng.integers(1, 80))]


def _repeat(changed: bytearray, rng: np.random.Generator, other: bytes) -> None:
    at = _place(changed, rng)
    changed[at:at] = changed[at : at + int(rng.integers(1, 200))] * int(rng.integers(1, 6))


def _insert(changed: bytearray, rng: np.random.Generator, other: bytes) -> None:
    at = _place(changed, rng)
    changed[at:at] = VALUES[int(rng.integers(len(VALUES)))]


def _cross(changed: bytearray, rng: np.random.Generator, other: bytes) -> None:
    at, there = _place(changed, rng), int(rng.integers(len(other) + 1))
    changed[at:] = other[there:]


def _number(changed: bytearray, rng: np.random.Generator, other: bytes) -> None:
    _exchange(changed, rng, _NUMBER)


def _word(changed: bytearray, rng: np.random.Generator, other: bytes) -> None:
    _exchange(changed, rng, _WORD)


def _exchange(changed: bytearray, rng: np.random.Generator, pattern: re.Pattern[bytes]) -> None:
    found = list(pattern.finditer(bytes(changed)))
    if found:
        one = found[int(rng.integers(len(found)))]
        changed[one.start() : one.end()] = VALUES[int(rng.integers(len(VALUES)))]


def _whole_number(changed: bytearray, rng: np.random.Generator, other: bytes) -> None:
    """Four bytes, as binary files count."""
    if len(changed) > 8:
        at = int(rng.integers(len(changed) - 4))
        value = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000)[int(rng.integers(6))]
        changed[at : at + 4] = value.to_bytes(4, "big" if rng.random() < 0.5 else "little")


_CHANGES = (_flip, _bit, _cut, _drop, _repeat, _insert, _cross, _number, _word, _number, _word, _whole_number)


def mutated_npz(data: bytes, rng: np.random.Generator, other: bytes) -> bytes:
    """Changed within its members, which are packed anew, so that more than the checksum is tried."""
    if rng.random() < 0.3:
        return mutated(data, rng, other)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        chosen = names[int(rng.integers(len(names)))]
        for name in names:
            content = old.read(name)
            if name == chosen:
                content = _member(content, rng, other)
            if name != chosen or rng.random() < 0.9:
                new.writestr(name, content)
    return out.getvalue()


def _member(content: bytes, rng: np.random.Generator, other: bytes) -> bytes:
    """Its head more often than its values; sometimes an array of another kind."""
    kind = rng.random()
    if kind < 0.4:
        head = bytearray(content[:128])
        _CHANGES[int(rng.integers(len(_CHANGES)))](head, rng, b"(99999999999, 3)")
        return bytes(head) + content[128:]
    if kind < 0.6:
        out = io.BytesIO()
        shape = tuple(int(n) for n in rng.integers(0, 4, int(rng.integers(0, 4))))
        dtype = ("f2", "f8", "i8", "?", "U3", "S2", "c8", "M8[s]", "u1")[int(rng.integers(9))]
        np.save(out, np.zeros(shape, dtype))
        return out.getvalue()
    if kind < 0.75:
        return content.replace(b"(", b"(1000000, ", 1) if rng.random() < 0.5 else content[:100] + bytes(8 << 20)
    return mutated(content, rng, other)
