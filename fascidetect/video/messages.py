"""What a clip and the process that decodes it tell each other: a length, then one MessagePack value.

Plain values only: whatever a file does to its decoder, nothing that comes back is ever executed.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from fascidetect.model import ClipFacts, Geometry
from fascidetect.settings import ClipSettings

MAX_BYTES = 1 << 30
_LENGTH = struct.Struct("<Q")


class Open(msgspec.Struct, tag=True):
    """Asked first; the path as the system knows it, which need not be text."""

    path: bytes
    settings: ClipSettings
    memory_bytes: int


class AskFrames(msgspec.Struct, tag=True):
    """Ask for `Frame` after `Frame`."""

    geometry: Geometry
    chroma_every_s: float


class AskPictures(msgspec.Struct, tag=True):
    """Ask for `Picture` after `Picture`."""

    long_side_px: int


class Pixels(msgspec.Struct):
    """An array."""

    shape: tuple[int, ...]
    dtype: str
    data: memoryview

    @staticmethod
    def of(array: npt.NDArray[np.generic]) -> Pixels:
        """Its samples, row after row."""
        array = np.ascontiguousarray(array)
        return Pixels(array.shape, array.dtype.str, array.reshape(-1).view(np.uint8).data)

    def array(self) -> npt.NDArray[np.generic]:
        """A copy, for within a message samples are not aligned."""
        return np.frombuffer(self.data, np.dtype(self.dtype)).reshape(self.shape).copy()


class Alive(msgspec.Struct, tag=True):
    """Nothing to tell yet, but work goes on."""


class Opened(msgspec.Struct, tag=True):
    """The clip is understood; its name is left out, for it need not be text."""

    facts: ClipFacts
    n_expected: int


class GotFrame(msgspec.Struct, tag=True):
    """One `Frame`."""

    index: int
    time_s: float
    luma: Pixels
    chroma: Pixels | None
    key_frame: bool
    repeated: bool


class GotPicture(msgspec.Struct, tag=True):
    """One `Picture`."""

    index: int
    time_s: float
    rgb: Pixels


class Ended(msgspec.Struct, tag=True):
    """No more frames; all warnings."""

    warnings: tuple[str, ...]


class Failed(msgspec.Struct, tag=True):
    """An error that was raised on purpose: the name of its class and its text; or, without a name, a bug."""

    error: str
    text: bytes


Request: TypeAlias = AskFrames | AskPictures
Answer: TypeAlias = Alive | Opened | GotFrame | GotPicture | Ended | Failed

_to_bytes = msgspec.msgpack.Encoder().encode
read_open = msgspec.msgpack.Decoder(Open).decode
read_request = msgspec.msgpack.Decoder(Request).decode
read_answer = msgspec.msgpack.Decoder(Answer).decode


def send(stream: BinaryIO, message: Open | Request | Answer) -> None:
    """Write one message."""
    data = _to_bytes(message)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: BinaryIO) -> bytes | None:
    """Read one message; None where the other side has ended or talks nonsense."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MAX_BYTES:
        return None
    data = stream.read(length)
    return data if len(data) == length else None
