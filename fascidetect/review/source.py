"""The clip that a result was made from: needed where pictures without boxes are wanted."""

from __future__ import annotations

from pathlib import Path

from fascidetect.errors import ClipError, ClipNotFound
from fascidetect.model import ClipFacts
from fascidetect.video.container import sha256_of

FOLDER_END = ".fascidetect"


def find_clip(folder: Path, facts: ClipFacts, given: Path | None) -> Path:
    """Find the clip of a result: the one given, or the one beside the folder that is called after it.

    Raises
    ------
    ClipNotFound
        It is not there.
    ClipError
        It is another file than the one that was analyzed.
    """
    folder = folder.resolve()
    path = given or folder.with_name(folder.name.removesuffix(FOLDER_END))
    if not path.is_file():
        raise ClipNotFound(f"the clip of {folder.name} does not lie beside it: give it with --clip FILE")
    if sha256_of(path) != facts.sha256:
        raise ClipError(f"{path} is not the file that was analyzed into {folder.name}: give it with --clip FILE")
    return path
