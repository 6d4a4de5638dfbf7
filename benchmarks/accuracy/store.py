"""Clips and traces, made once and kept outside of the repository."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

import fascidetect
from fascidetect.errors import FasciError
from fascidetect.model import MotionTrace
from fascidetect.motion.store import load_trace, save_trace
from fascidetect.phantom import Recipe, make_clip
from fascidetect.pipeline import measure
from fascidetect.truth import Truth, load_truth, truth_path

PACKAGE = Path(fascidetect.__file__).parent
PIXEL_PARTS = ("video", "motion", "model.py")
PHANTOM_PARTS = ("phantom", "video/writer.py")


def folder() -> Path:
    """The cache: ``FASCIDETECT_CACHE`` or ``~/.cache/fascidetect``."""
    return Path(os.environ.get("FASCIDETECT_CACHE", "") or Path.home() / ".cache" / "fascidetect")


@cache
def source_hash(parts: tuple[str, ...], root: Path = PACKAGE) -> str:
    """Hash of the sources of some parts of the package, or of another folder: other code, other results."""
    digest = hashlib.sha256()
    for part in parts:
        path = root / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def path_of(recipe: Recipe) -> Path:
    """Where the clip of a recipe is kept."""
    return folder() / "clips" / f"{recipe.sha256[:24]}.mp4"


def clip_of(recipe: Recipe, *, remake: bool = False) -> tuple[Path, Truth]:
    """The clip of a recipe and its truth; made if it is not there yet."""
    path = path_of(recipe)
    note = path.with_suffix(".source")
    if not remake and path.exists() and truth_path(path).exists():
        return path, load_truth(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(source_hash(PHANTOM_PARTS))
    return path, make_clip(recipe, path)


def is_stale(path: Path) -> bool:
    """Whether a kept clip was drawn by another version of the phantom."""
    note = path.with_suffix(".source")
    return path.exists() and (not note.exists() or note.read_text() != source_hash(PHANTOM_PARTS))


def trace_of(path: Path, sha256: str) -> MotionTrace:
    """The measured motion of a clip; measured anew when video or motion code changed."""
    kept = folder() / "traces" / source_hash(PIXEL_PARTS) / f"{sha256[:24]}.npz"
    if kept.exists():
        try:
            return load_trace(kept)
        except FasciError:
            kept.unlink()
    trace = measure(path)
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_name(f".{os.getpid()}.{kept.name}")
    save_trace(partial, trace)
    partial.replace(kept)
    return trace


def injected_path(source: Path, settings: str) -> Path:
    """Where a real clip with twitches in it is kept: by the clip, the settings and the code that puts them in."""
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(settings.encode())
    digest.update(source_hash(("inject",)).encode())
    return folder() / "injected" / f"{digest.hexdigest()[:24]}.mp4"
