"""The trace while it grows, and as a file.

A clip's trace may be larger than the memory we allow ourselves (0.7 MB per second at 30 fps), so its
large arrays grow in scratch files that vanish with the process, and are read through memory maps.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np

from fascidetect.arrays import BROKEN, read_member, text_in
from fascidetect.errors import FasciError, OutputError
from fascidetect.model import SCHEMA_VERSION, ClipFacts, FloatArray, Geometry, MotionTrace, release

QUANTUM = 1 / 1024  # float16 values are rounded to this: a fiftieth of the noise, and packs well
LARGE = ("displacement_px", "shading_pct", "residual")
_CHUNK_BYTES = 8 << 20


class GrowingArray:
    """Rows of float16 appended to a scratch file without a name; memory does not grow."""

    def __init__(self, row_shape: tuple[int, ...]) -> None:
        self._row_shape = row_shape
        self._rows = 0
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="fascidetect-")  # noqa: SIM115 - lives as long as the map

    def append(self, row: FloatArray) -> None:
        """Add one row, rounded to `QUANTUM`."""
        if row.shape != self._row_shape:
            raise ValueError(f"a row must have shape {self._row_shape}, got {row.shape}")
        rounded = np.rint(row / QUANTUM)
        rounded *= QUANTUM
        try:
            self._file.write(rounded.astype(np.float16).tobytes())
        except OSError as error:
            where = tempfile.gettempdir()
            raise OutputError(
                f"no room for scratch files in {where} ({error.strerror}); free some space there"
            ) from error
        self._rows += 1

    def finish(self) -> FloatArray:
        """The rows so far as a read-only memory map, shape (rows, ...)."""
        shape = (self._rows, *self._row_shape)
        if 0 in shape:
            self._file.close()
            return np.zeros(shape, np.float16)
        self._file.flush()
        array = np.memmap(self._file, np.float16, mode="r", shape=shape)
        self._file.close()  # the map keeps the scratch file alive
        return array

    def drop(self) -> None:
        """Give up the rows and their file."""
        self._file.close()


def save_trace(path: Path, trace: MotionTrace) -> None:
    """Write trace.npz (no pickle), a chunk at a time.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    facts = json.dumps({"clip": msgspec.to_builtins(trace.clip), "area": trace.area, "warnings": trace.warnings})
    small: dict[str, Any] = {
        "schema_version": np.array(SCHEMA_VERSION),
        "time_s": trace.time_s,
        "frame_index": trace.frame_index,
        "affine": trace.affine,
        "gain": trace.gain,
        "ok": trace.ok,
        "key_frame": trace.key_frame,
        "repeated": trace.repeated,
        "fault": trace.fault,
        "mask": trace.mask,
        "subject": trace.subject,
        "texture": trace.texture,
        "cell_px": np.array(trace.geometry.cell_px),
        "source_to_analysis": trace.geometry.source_to_analysis,
        "reference": trace.reference,
        "size_px": np.array([trace.geometry.width_px, trace.geometry.height_px]),
        "residual_level": trace.residual_level,
        "facts": np.array(facts),
    }
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1, allowZip64=True) as archive:
            for name, array in small.items():
                _write_member(archive, name, np.asarray(array))
            for name in LARGE:
                _write_member(archive, name, getattr(trace, name))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write {path.name}: {reason}; choose another folder with -o, or make room") from error


def _write_member(archive: zipfile.ZipFile, name: str, array: FloatArray) -> None:
    with archive.open(f"{name}.npy", "w", force_zip64=True) as out:
        header = io.BytesIO()
        description = np.lib.format.header_data_from_array_1_0(np.ascontiguousarray(array[:0]) if array.ndim else array)
        description["shape"] = array.shape
        np.lib.format.write_array_header_1_0(header, description)
        out.write(header.getvalue())
        if array.ndim == 0:
            out.write(array.tobytes())
            return
        rows = max(1, _CHUNK_BYTES // max(1, array[:1].nbytes))
        for start in range(0, len(array), rows):
            out.write(np.ascontiguousarray(array[start : start + rows]).tobytes())
            release(array)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is kept as text."""

    clip: ClipFacts
    area: str
    warnings: tuple[str, ...]


_ARRAYS = {
    "time_s": ("f", 1),
    "frame_index": ("iu", 1),
    "affine": ("f", 3),
    "gain": ("f", 1),
    "ok": ("b", 1),
    "key_frame": ("b", 1),
    "repeated": ("b", 1),
    "fault": ("u", 1),
    "residual_level": ("f", 1),
    "mask": ("f", 2),
    "subject": ("f", 2),
    "texture": ("f", 2),
    "reference": ("u", 2),
    "displacement_px": ("f", 4),
    "shading_pct": ("f", 3),
    "residual": ("f", 4),
}
"""Kinds of numbers (as numpy names them) and dimensions of what a `MotionTrace` is made of."""

_GAPS = ("residual_level",)
"""Which of them may hold NaN."""

_BESIDES = {"schema_version": ("U", 0), "facts": ("U", 0), "cell_px": ("iu", 0), "size_px": ("iu", 1)}


def load_trace(path: Path) -> MotionTrace:
    """Read what `save_trace` wrote.

    Raises
    ------
    FasciError
        The file is missing, damaged or of another schema.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {name: _read_member(archive, name, *kind) for name, kind in (_BESIDES | _ARRAYS).items()}
        version = text_in(arrays["schema_version"])
        if version.split(".", maxsplit=1)[0] != SCHEMA_VERSION.split(".")[0]:
            raise FasciError(f"{path.name} has schema {version}, this program reads {SCHEMA_VERSION}")
        return _trace_from(arrays)
    except (*BROKEN, msgspec.MsgspecError) as error:
        what = (str(error) or type(error).__name__).splitlines()[0]
        raise FasciError(f"cannot read {path.name} as a motion trace ({what}); analyze the clip again") from error


def _read_member(archive: zipfile.ZipFile, name: str, kinds: str, n_dimensions: int) -> Any:
    def fits(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bool:
        return dtype.kind in kinds and len(shape) == n_dimensions

    return read_member(archive, name, fits, gaps=name in _GAPS)


def _trace_from(arrays: dict[str, Any]) -> MotionTrace:
    facts = msgspec.json.decode(text_in(arrays["facts"]), type=_Facts)
    h, w = arrays["reference"].shape
    width_px, height_px = (int(v) for v in arrays["size_px"])
    cell_px = int(arrays["cell_px"])
    if min(width_px, height_px, w, h, cell_px) < 1:
        raise ValueError("sizes of zero")
    return MotionTrace(
        clip=facts.clip,
        geometry=Geometry(width_px, height_px, w, h, cell_px),
        area=facts.area,
        warnings=facts.warnings,
        **{name: arrays[name] for name in _ARRAYS},
    )
