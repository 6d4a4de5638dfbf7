"""Candidates as a small file, from which a clip is judged again without its video or its trace."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from fascidetect import __version__
from fascidetect.arrays import BROKEN, Layout, read_arrays, text_in, write_arrays
from fascidetect.errors import FasciError
from fascidetect.events.find import Candidate, Maxima
from fascidetect.events.patch import Patch
from fascidetect.events.score import MOMENTS
from fascidetect.events.seek import Window
from fascidetect.events.shape import Shape
from fascidetect.events.sustained import Restless
from fascidetect.model import (
    SCHEMA_VERSION,
    BoolArray,
    ByteArray,
    ClipFacts,
    FloatArray,
    Geometry,
    Registration,
    Unusable,
)
from fascidetect.settings import Settings
from fascidetect.settings_file import settings_from_json

_NUMBERS = tuple(item.name for item in fields(Candidate) if item.type == "float")
_SHAPE = tuple(item.name for item in fields(Shape))
"""Columns of candidate_numbers and candidate_shape."""

_TEXTS = {"schema_version": Layout("U"), "facts": Layout("U")}


@dataclass(frozen=True, slots=True)
class Candidates:
    """All that a decision about a clip is made from, and the settings under which it was gathered."""

    about: Registration
    windows: tuple[Window, ...]
    settings: Settings


@dataclass(frozen=True, slots=True)
class _Place:
    """A `Restless` place less its cells."""

    kind: Literal["rhythmic", "continuous"]
    start_s: float
    end_s: float
    rate_hz: float | None


@dataclass(frozen=True, slots=True)
class _Share:
    """How many rows of the joint arrays belong to a window, and what of it is kept as text."""

    n_candidates: int
    n_maxima: int
    n_samples: int
    restless: tuple[_Place, ...]
    lost: tuple[Unusable, ...]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is kept as text."""

    program: str
    clip: ClipFacts
    geometry: Geometry
    area: str
    warnings: tuple[str, ...]
    n_frames: int
    settings: Any
    windows: tuple[_Share, ...]
    n_cells: int
    numbers: tuple[str, ...] = _NUMBERS
    shape: tuple[str, ...] = _SHAPE


def save_candidates(path: Path, held: Candidates) -> None:
    """Write candidates.npz (no pickle); only `results_folder` makes this atomic."""
    about = held.about
    facts = _Facts(
        program=__version__,
        clip=about.clip,
        geometry=about.geometry,
        area=about.area,
        warnings=about.warnings,
        n_frames=len(about.time_s),
        settings=held.settings,
        windows=tuple(_share(window) for window in held.windows),
        n_cells=sum(one.patch.region.size for window in held.windows for one in window.candidates),
    )
    texts = {"schema_version": SCHEMA_VERSION, "facts": json.dumps(msgspec.to_builtins(facts))}
    kept = {name: getattr(about, name) for name in _registration(facts)}
    arrays = texts | kept | _joined(held.windows, about.geometry.shape)
    write_arrays(path, arrays, _TEXTS | _registration(facts) | _windows(facts))


def load_candidates(path: Path) -> Candidates:
    """Read what `save_candidates` wrote.

    Raises
    ------
    FasciError
        The file is missing, damaged, or of another version.
    """
    try:
        texts = read_arrays(path, _TEXTS)
        version = text_in(texts["schema_version"])
        if version != SCHEMA_VERSION:
            raise FasciError(f"{path} has schema {version}, this program writes {SCHEMA_VERSION}")
        facts = msgspec.convert(json.loads(text_in(texts["facts"])), _Facts)
        if (facts.program, facts.numbers, facts.shape) != (__version__, _NUMBERS, _SHAPE):
            raise FasciError(f"{path} was written by another fascidetect ({facts.program}; this is {__version__})")
        kept = read_arrays(path, _registration(facts))
        about = Registration(clip=facts.clip, geometry=facts.geometry, area=facts.area, warnings=facts.warnings, **kept)
        windows = tuple(_split(facts, read_arrays(path, _windows(facts))))
        return Candidates(about, windows, settings_from_json(facts.settings))
    except FileNotFoundError as error:
        raise FasciError(f"no such file: {path}") from error
    except (*BROKEN, msgspec.MsgspecError) as error:
        what = (str(error) or type(error).__name__).splitlines()[0]
        raise FasciError(f"cannot read {path} as candidates ({what})") from error


def _registration(facts: _Facts) -> dict[str, Layout]:
    """What is kept of a `Registration`, besides facts."""
    n, size, grid = facts.n_frames, facts.geometry, facts.geometry.shape
    return {
        "time_s": Layout("f8", (n,)),
        "frame_index": Layout("i8", (n,)),
        "affine": Layout("f8", (n, 3, 3)),
        "gain": Layout("f8", (n,)),
        "ok": Layout("b1", (n,)),
        "key_frame": Layout("b1", (n,)),
        "repeated": Layout("b1", (n,)),
        "fault": Layout("u1", (n,)),
        "residual_level": Layout("f8", (n,), gaps=True),
        "mask": Layout("f8", grid),
        "subject": Layout("f8", grid),
        "texture": Layout("f8", grid),
        "reference": Layout("u1", (size.analysis_height_px, size.analysis_width_px)),
    }


def _windows(facts: _Facts) -> dict[str, Layout]:
    """What is kept of the windows, besides facts: rows of one window follow those of the window before."""
    grid = facts.geometry.shape
    packed = -(-grid[0] * grid[1] // 8)  # masks of cells, eight to a byte
    shares = facts.windows
    n_windows = len(shares)
    n_candidates, n_maxima = sum(s.n_candidates for s in shares), sum(s.n_maxima for s in shares)
    n_samples, n_restless = sum(s.n_samples for s in shares), sum(len(s.restless) for s in shares)
    return {
        "window_valid": Layout("u1", (n_windows, packed)),
        "window_noise_px": Layout("f4", (n_windows, 2, *grid)),
        "window_gain": Layout("f4", (n_windows, MOMENTS, *grid)),
        "window_tail": Layout("f8", (n_windows, 3)),
        "curve_time_s": Layout("f8", (n_samples,)),
        "curve_score": Layout("f4", (n_samples,), gaps=True),
        "maxima_time_s": Layout("f8", (n_maxima,)),
        "maxima_row": Layout("u2", (n_maxima,)),
        "maxima_col": Layout("u2", (n_maxima,)),
        "maxima_height": Layout("f4", (n_maxima,)),
        "restless_region": Layout("u1", (n_restless, packed)),
        "candidate_numbers": Layout("f8", (n_candidates, len(_NUMBERS))),
        "candidate_shape": Layout("f8", (n_candidates, len(_SHAPE))),
        "candidate_displacement_px": Layout("f8", (n_candidates, 2)),
        "candidate_box": Layout("u2", (n_candidates, 4)),  # first row and column, rows, columns
        "cell_region": Layout("b1", (facts.n_cells,)),  # of one box after the other
        "cell_footprint_px": Layout("f2", (facts.n_cells,)),
        "cell_pattern": Layout("f2", (2, facts.n_cells)),
    }


def _share(window: Window) -> _Share:
    return _Share(
        n_candidates=len(window.candidates),
        n_maxima=len(window.maxima.time_s),
        n_samples=len(window.time_s),
        restless=tuple(_Place(place.kind, place.start_s, place.end_s, place.rate_hz) for place in window.restless),
        lost=window.lost,
    )


def _joined(windows: Sequence[Window], grid: tuple[int, int]) -> dict[str, Any]:
    candidates = [one for window in windows for one in window.candidates]
    patches = [one.patch for one in candidates]
    places = [place for window in windows for place in window.restless]
    return {
        "window_valid": _packed([w.valid for w in windows], grid),
        "window_noise_px": [w.noise_px for w in windows],
        "window_gain": np.reshape([w.gain for w in windows], (-1, MOMENTS, *grid)),
        "window_tail": [w.tail for w in windows],
        "curve_time_s": _chained(windows, "time_s"),
        "curve_score": _chained(windows, "score"),
        "maxima_time_s": _chained(windows, "maxima.time_s"),
        "maxima_row": _chained(windows, "maxima.row"),
        "maxima_col": _chained(windows, "maxima.col"),
        "maxima_height": _chained(windows, "maxima.height"),
        "restless_region": _packed([place.region for place in places], grid),
        "candidate_numbers": [[getattr(one, name) for name in _NUMBERS] for one in candidates],
        "candidate_shape": [[getattr(one.shape, name) for name in _SHAPE] for one in candidates],
        "candidate_displacement_px": [one.displacement_px for one in candidates],
        "candidate_box": [(*one.corner, *one.region.shape) for one in patches],
        "cell_region": _in_line([one.region for one in patches]),
        "cell_footprint_px": _in_line([one.footprint_px for one in patches]),
        "cell_pattern": [_in_line([one.pattern[axis] for one in patches]) for axis in (0, 1)],
    }


def _chained(windows: Sequence[Window], name: str) -> FloatArray:
    get = attrgetter(name)
    return np.concatenate([np.zeros(0), *(get(window) for window in windows)])


def _in_line(boxes: Sequence[npt.NDArray[Any]]) -> FloatArray:
    return np.concatenate([np.zeros(0, np.float16), *(box.ravel() for box in boxes)])


def _packed(masks: Sequence[BoolArray], grid: tuple[int, int]) -> ByteArray:
    return np.packbits(np.reshape(masks, (len(masks), grid[0] * grid[1])).astype(bool), axis=1)


def _unpacked(rows: ByteArray, grid: tuple[int, int]) -> BoolArray:
    return np.unpackbits(rows, axis=1, count=grid[0] * grid[1]).astype(bool).reshape(-1, *grid)


def _split(facts: _Facts, arrays: dict[str, Any]) -> Iterator[Window]:
    grid = facts.geometry.shape
    candidates = _candidates(arrays, grid)
    regions = iter(_unpacked(arrays["restless_region"], grid))
    valid = _unpacked(arrays["window_valid"], grid)
    n, m = 0, 0
    for k, share in enumerate(facts.windows):
        samples, maxima = slice(n, n + share.n_samples), slice(m, m + share.n_maxima)
        n, m = samples.stop, maxima.stop
        yield Window(
            candidates=tuple(islice(candidates, share.n_candidates)),
            maxima=_maxima(arrays, maxima, grid),
            restless=tuple(Restless(p.kind, next(regions), p.start_s, p.end_s, p.rate_hz) for p in share.restless),
            lost=share.lost,
            valid=valid[k],
            noise_px=arrays["window_noise_px"][k],
            gain=arrays["window_gain"][k],
            tail=arrays["window_tail"][k],
            time_s=arrays["curve_time_s"][samples],
            score=arrays["curve_score"][samples],
        )


def _maxima(arrays: dict[str, Any], rows: slice, grid: tuple[int, int]) -> Maxima:
    time_s, row, col, height = (arrays[f"maxima_{name}"][rows] for name in ("time_s", "row", "col", "height"))
    if np.any(row >= grid[0]) or np.any(col >= grid[1]):
        raise ValueError("a maximum lies outside of the grid")
    return Maxima(time_s, row, col, height)


def _candidates(arrays: dict[str, Any], grid: tuple[int, int]) -> Iterator[Candidate]:
    columns = ("numbers", "shape", "displacement_px")
    rows = zip(*(arrays[f"candidate_{name}"] for name in columns), _patches(arrays, grid), strict=True)
    for numbers, shape, displacement_px, patch in rows:
        one = Candidate(
            **dict(zip(_NUMBERS, numbers.tolist(), strict=True)),
            shape=Shape(*shape.tolist()),
            displacement_px=tuple(displacement_px.tolist()),
            patch=patch,
        )
        if not (0 <= one.row <= grid[0] - 1 and 0 <= one.col <= grid[1] - 1 and patch.region.any()):
            raise ValueError("a candidate lies outside of the grid")
        if not (one.shape.tau_s > 0 and one.score > 0):
            raise ValueError("a candidate has no height or no width")
        yield one


def _patches(arrays: dict[str, Any], grid: tuple[int, int]) -> Iterator[Patch]:
    boxes, end = arrays["candidate_box"].astype(int), 0
    if np.any(boxes[:, :2] + boxes[:, 2:] > grid) or boxes[:, 2:].prod(axis=1).sum() != len(arrays["cell_region"]):
        raise ValueError("cells of a candidate lie outside of the grid")
    for row, col, rows, cols in boxes.tolist():
        start, end = end, end + rows * cols
        region, footprint_px, pattern = (
            arrays[f"cell_{name}"][..., start:end] for name in ("region", "footprint_px", "pattern")
        )
        box = rows, cols
        yield Patch((row, col), grid, region.reshape(box), footprint_px.reshape(box), pattern.reshape(2, *box))
