"""What is asked of a process that analyzes one clip, and what it answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from fascidetect.settings import Settings

Watch = Callable[[str, str, float], None]
"""Told (clip, stage, share 0..1 of the stage) while a clip is worked on."""


@dataclass(frozen=True, slots=True)
class Task:
    """One clip to analyze.

    Attributes
    ----------
    clip
        Its path relative to the folder of recordings: its name in everything that is written.
    path, folder
        Absolute paths of the file and of its results; the same on every machine that may work on it.
    settings
        Its own areas and scale included.
    timeout_s
        How long it may show no progress.
    version
        Of the program that asks; another one refuses.
    """

    clip: str
    path: str
    folder: str
    settings: Settings
    timeout_s: float
    version: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task: results in its folder, or an error in one line.

    ``details`` is what the process said besides, for whoever looks for a bug.
    """

    clip: str
    error: str = ""
    details: str = ""
    wall_s: float = 0.0


def settings_key(settings: Settings) -> str:
    """Hash of all settings, as they stand in result.json."""
    return tree_key(json.loads(msgspec.json.encode(settings)))


def tree_key(tree: Any) -> str:
    """Hash of the ``settings`` of a result.json."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()
