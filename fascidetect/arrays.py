"""Arrays in one npz file, checked as they are read: no pickle, and no more memory than the file's own bytes fill."""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fascidetect.model import FloatArray

BROKEN = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, OverflowError, MemoryError, RuntimeError, SyntaxError),
    *(tokenize.TokenError, zlib.error, zipfile.BadZipFile),
)
"""What zipfile and numpy may say of a damaged file."""


LARGEST = 1e18
"""Of any number, in its unit: scores of a picture that stands still are large, and their squares are numbers, too."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Type of numbers of an array, as numpy writes it (``"f8"``; ``"U"`` for text of any length), and its shape.

    Attributes
    ----------
    gaps
        Whether some may be NaN.
    """

    dtype: str
    shape: tuple[int, ...] = ()
    gaps: bool = False

    def fits(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> bool:
        """Whether an array is laid out so."""
        return self.dtype == (dtype.kind if self.dtype == "U" else dtype.str[1:]) and self.shape == shape


def write_arrays(path: Path, arrays: Mapping[str, Any], layouts: Mapping[str, Layout]) -> None:
    """Write values into a packed npz file, each as its layout tells; what is beyond `LARGEST` is cut to it.

    Raises
    ------
    ValueError
        A value has another size than its layout.
    """
    whole: dict[str, Any] = {k: _within(np.reshape(arrays[k], to.shape), to.dtype) for k, to in layouts.items()}
    np.savez_compressed(path, **whole)


def _within(array: npt.NDArray[Any], dtype: str) -> npt.NDArray[Any]:
    if array.dtype.kind == dtype[0] == "f":
        most = min(LARGEST, float(np.finfo(array.dtype).max), float(np.finfo(dtype).max))
        array = np.clip(array, -most, most)
    return array.astype(dtype)


def read_arrays(path: Path, layouts: Mapping[str, Layout]) -> dict[str, Any]:
    """Read arrays whose layout is known from an npz file; others in it are left alone.

    Raises
    ------
    Exception
        One of `BROKEN`, where the file is damaged or holds something else.
    """
    with zipfile.ZipFile(path) as archive:
        return {name: read_member(archive, name, layout.fits, gaps=layout.gaps) for name, layout in layouts.items()}


def text_in(array: npt.NDArray[Any]) -> str:
    """What an array of text holds, if it is text: numpy makes strings of any numbers, which then crash what uses them.

    Raises
    ------
    ValueError
        It is none.
    """
    coding = "utf-32-be" if array.dtype.str.startswith(">") else "utf-32-le"
    return array.tobytes().decode(coding, "surrogatepass").rstrip("\0")


def read_member(
    archive: zipfile.ZipFile, name: str, fits: Callable[[np.dtype[Any], tuple[int, ...]], bool], *, gaps: bool = False
) -> Any:
    """Read one array whose type and shape fit; no memory is asked for that its bytes do not fill.

    Raises
    ------
    Exception
        One of `BROKEN`, where the file is damaged or holds something else.
    """
    with archive.open(f"{name}.npy") as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError(f"{name} is of another format")
        shape, in_columns, dtype = np.lib.format.read_array_header_1_0(file)
        if in_columns or min(shape, default=0) < 0 or not fits(dtype, shape):
            raise ValueError(f"{name} has shape {shape} and type {dtype}")
        count = math.prod(shape)
        array = np.frombuffer(file.read(count * dtype.itemsize), dtype, count).reshape(shape)
    if dtype.kind == "f":
        check_sizes(array, name, gaps=gaps)
    return array


def check_sizes(array: FloatArray, name: str, *, gaps: bool = False) -> None:
    """Refuse numbers that nothing measured can have.

    Raises
    ------
    ValueError
        One is infinite or larger than `LARGEST`, or NaN where there may be no gaps.
    """
    known = array[~np.isnan(array)] if gaps else array
    low, high = float(known.min(initial=0)), float(known.max(initial=0))
    if not -LARGEST <= low <= high <= LARGEST:  # so NaN is refused, too
        raise ValueError(f"{name} holds a number that makes no sense")
