"""What a clip really contains, and the file that says so (`<clip>.truth.json`, formats).

Truth comes from the phantom, from injection, or from people who watched the clip. What people did
not say is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from fascidetect.errors import ClipError, ClipNotFound
from fascidetect.files import write_whole
from fascidetect.model import SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """A twitch: place in the picture at its peak, times by the 10 % rule, largest displacement, what somebody noted."""

    id: str
    onset_s: float | None
    peak_s: float
    offset_s: float | None
    x_px: float | None = None
    y_px: float | None = None
    radius_px: float | None = None
    amplitude_px: float | None = None
    focus: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A stretch in which neither hits nor misses count."""

    start_s: float
    end_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class TrueNuisance:
    """A disturbance that is no event."""

    kind: str
    start_s: float
    end_s: float
    strength: float
    unit: str


@dataclass(frozen=True, slots=True)
class TrueCamera:
    """Stamp of every frame, and its (3, 3) affine from the first frame to it, px."""

    time_s: tuple[float, ...]
    affine: tuple[tuple[tuple[float, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """All that is known about a clip; the fields are the keys of the file.

    Sizes and length are 0 and texts empty where nothing is known. ``injected_after_codec`` says that
    twitches were put into a clip that a phone had compressed before: easier to find than real ones
    of the same size, which the phone compresses too.
    """

    schema_version: str
    clip: str
    sha256: str
    seed: int | None
    recipe_sha256: str
    width_px: int
    height_px: int
    duration_s: float
    mm_per_px: float | None
    events: tuple[TrueEvent, ...]
    ignore: tuple[Ignored, ...] = ()
    nuisances: tuple[TrueNuisance, ...] = ()
    camera: TrueCamera = TrueCamera((), ())
    injected_after_codec: bool = False


def truth_path(clip: Path) -> Path:
    """Name of the truth that belongs to a clip: ``a/calf.mp4`` has ``a/calf.truth.json``."""
    return clip.with_name(f"{clip.stem}.truth.json")


def load_truth(path: Path) -> Truth:
    """Read a truth file, or the one beside a clip.

    Raises
    ------
    ClipNotFound
        When there is none.
    ClipError
        When it is not one, or of a later format.
    """
    path = path if path.name.endswith(".json") else truth_path(path)
    try:
        truth = msgspec.json.decode(path.read_bytes(), type=Truth)
    except FileNotFoundError as exc:
        raise ClipNotFound(f"no such truth file: {path}") from exc
    except OSError as exc:
        raise ClipError(f"cannot read {path}: {exc.strerror or exc}") from exc
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise ClipError(f"{path} is no truth file: {exc}") from exc
    if truth.schema_version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise ClipError(f"{path} has format {truth.schema_version}, this program reads {SCHEMA_VERSION}")
    return truth


def save_truth(truth: Truth, path: Path) -> None:
    """Write a truth file, whole or not at all."""
    write_whole(path, truth_text(truth).encode())


def truth_text(truth: Truth) -> str:
    """Encode as the text of a truth file."""
    return msgspec.json.encode(truth).decode() + "\n"
