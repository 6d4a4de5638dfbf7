"""fascidetect counts brief, local movements (muscle twitches) in ordinary video of skin.

`analyze` does the whole job; `measure` (pixels to motion) and `detect` (motion to events) are its
halves. Importing the package loads no video or science library: that happens at first use.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from fascidetect.errors import (
    ClipError,
    ClipNotFound,
    FasciError,
    NoFrames,
    NotAClip,
    OutputError,
    ReviewConflict,
    ReviewError,
    SettingsError,
)
from fascidetect.settings import (
    ClipSettings,
    DetectSettings,
    MeasureSettings,
    QualitySettings,
    ReportSettings,
    Roi,
    Settings,
)

if TYPE_CHECKING:
    from fascidetect.model import Event, MotionTrace, Result
    from fascidetect.pipeline import analyze, detect, measure
    from fascidetect.video.reader import Clip

__version__ = "0.1.0"

__all__ = [
    "Clip",
    "ClipError",
    "ClipNotFound",
    "ClipSettings",
    "DetectSettings",
    "Event",
    "FasciError",
    "MeasureSettings",
    "MotionTrace",
    "NoFrames",
    "NotAClip",
    "OutputError",
    "QualitySettings",
    "ReportSettings",
    "Result",
    "ReviewConflict",
    "ReviewError",
    "Roi",
    "Settings",
    "SettingsError",
    "analyze",
    "detect",
    "measure",
]

_LAZY = {
    "Clip": "fascidetect.video.reader",
    "Event": "fascidetect.model",
    "MotionTrace": "fascidetect.model",
    "Result": "fascidetect.model",
    "analyze": "fascidetect.pipeline",
    "detect": "fascidetect.pipeline",
    "measure": "fascidetect.pipeline",
}

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    """Load the part that holds a public name when it is first asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
