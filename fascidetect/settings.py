"""Every number a user may change: its default, unit, range and meaning, written once.

Times are seconds, never frames. ``analysis_px`` is a pixel of the reduced working picture,
``cells`` are the squares it is divided into. The detector's constants come from experiments on
made and real clips; what each is for is said beside it.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, Literal

from fascidetect.errors import SettingsError

Sensitivity = Literal["low", "normal", "high"]

REASONS = (
    "rhythmic",
    "continuous",
    "global",
    "step",
    "sustained",
    "photometric",
    "keyframe",
    "edge",
    "small",
    "shape",
    "duplicate",
    "unusable",
    "below_threshold",
    "below_floor",
)
"""Why a movement that was seen may not be counted (fixed names; the report explains each)."""

LINES = 720
"""Length of a picture's shorter side, px, to which sizes in different clips are brought (``_720px``)."""


def setting(default: Any, meaning: str, *, unit: str = "", low: float = -math.inf, high: float = math.inf) -> Any:
    """Declare one setting: its default, what it means, its unit and its allowed range."""
    metadata = {"meaning": meaning, "unit": unit, "low": low, "high": high}
    return field(default=default, metadata=metadata)


class _Checked:
    """Settings refuse values outside their declared range at birth."""

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):  # type: ignore[arg-type]
            if "low" not in item.metadata:
                continue
            value = getattr(self, item.name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            low, high = item.metadata["low"], item.metadata["high"]
            if not low <= value <= high:  # NaN fails too
                raise SettingsError(f"{item.name} must lie between {low:g} and {high:g}, got {value!r}")


@dataclass(frozen=True)
class Roi:
    """An area of the upright, full-size picture to which the analysis is confined.

    Parameters
    ----------
    points
        Corners (x, y) in px of the upright picture, at least three; the area is closed.
    name
        Shown in the report; may be empty.
    """

    points: tuple[tuple[float, float], ...]
    name: str = ""

    def __post_init__(self) -> None:
        if len(self.points) < 3:
            raise SettingsError(f"an area needs at least 3 corners, got {len(self.points)}")
        if not all(math.isfinite(v) for point in self.points for v in point):
            raise SettingsError(f"the corners of area {self.name!r} must be finite numbers")

    def holds(self, x: float, y: float) -> bool:
        """Whether a place lies inside, by the even-odd rule."""
        inside = False
        for (x1, y1), (x2, y2) in zip(self.points, (*self.points[1:], self.points[0]), strict=True):
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
                inside = not inside
        return inside

    @staticmethod
    def rectangle(x: float, y: float, w: float, h: float, name: str = "") -> Roi:
        """Rectangle with its upper left corner at (x, y), in px."""
        if not (w > 0 and h > 0):
            raise SettingsError(f"an area needs a width and a height above 0, got {w:g} x {h:g}")
        return Roi(((x, y), (x + w, y), (x + w, y + h), (x, y + h)), name)


@dataclass(frozen=True)
class ClipSettings(_Checked):
    """Which part of the file is analyzed, and how its time and lengths are read."""

    from_s: float = setting(0.0, "start of the part to analyze", unit="s", low=0)
    to_s: float = setting(math.inf, "end of the part to analyze", unit="s", low=0)
    capture_fps: float | None = setting(
        None, "true recording rate of a slow-motion clip whose time was stretched", unit="1/s", low=1, high=10000
    )
    mm_per_px: float | None = setting(
        None, "millimeters on the skin per pixel of the full-size picture", unit="mm/px", low=1e-5, high=100
    )
    rois: tuple[Roi, ...] = setting((), "areas the analysis is confined to; empty = find the skin")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.to_s <= self.from_s:
            raise SettingsError(f"the part to analyze ends ({self.to_s:g} s) before it starts ({self.from_s:g} s)")


@dataclass(frozen=True)
class MeasureSettings(_Checked):
    """The pixel half: reduction, stabilization, local motion."""

    width_px: int = setting(960, "long side of the working picture", unit="analysis_px", low=160, high=3840)
    cells_across: int = setting(64, "cells along the long side; a cell is the unit of place", low=16, high=256)
    blur_px: float = setting(
        0.4, "smoothing of the working picture before motion is measured", unit="analysis_px", low=0, high=5
    )
    reference_s: float = setting(1.5, "time over which the reference picture is renewed", unit="s", low=0.2, high=30)
    contrast_floor: float = setting(
        10.0,
        "brightness added to the local mean so that dark pixels do not explode",
        unit="gray levels",
        low=0.1,
        high=255,
    )
    flow_sigma_cells: float = setting(
        1.0, "width of the window in which one displacement is estimated", unit="cells", low=0.3, high=5
    )
    flow_ridge: float = setting(
        0.07, "regularization of the displacement estimate (squared contrast per analysis_px)", low=0, high=100
    )
    register_rounds: int = setting(4, "rounds of the registration per frame, at most", low=1, high=20)


@dataclass(frozen=True)
class DetectSettings(_Checked):
    """The event half: noise, score, threshold, rejections."""

    sensitivity: Sensitivity = setting(
        "normal", "low, normal or high: scales the threshold by 1.25, 0.87 or 0.8, and asks for more or less confidence"
    )
    keep: tuple[str, ...] = setting((), "reasons of rejection that are counted after all")
    floor_px: float = setting(
        0.0, "smaller movements are not counted, so that clips can be compared; 0 = all", unit="px", low=0, high=1000
    )
    floor_mm: float = setting(0.0, "the same on the skin; needs a scale", unit="mm", low=0, high=1000)
    tau_s: float = setting(
        0.05, "time constant of the twitch t exp(1 - t/tau) that is searched for", unit="s", low=0.01, high=0.5
    )
    highpass_s: float = setting(
        1.6, "length of the running median that removes slow motion", unit="s", low=0.3, high=20
    )
    lowcut_hz: float = setting(
        0.4, "corner of the extra damping of slow motion in the matched filter", unit="Hz", low=0, high=5
    )
    max_rate_hz: float = setting(
        60.0, "faster clips are averaged to this rate before events are sought", unit="Hz", low=20, high=500
    )
    window_s: float = setting(30.0, "long clips are worked in windows of this length", unit="s", low=10, high=600)
    overlap_s: float = setting(5.0, "by which neighboring windows reach into each other", unit="s", low=3, high=60)
    q_min: float = setting(8.5, "lowest threshold, in units of the clip's own noise", low=1, high=100)
    kappa: float = setting(
        6.5, "threshold above the median of the local maxima, in units of their p80 - p50", low=0, high=100
    )
    shading_weight: float = setting(
        1.0, "how much shading may add to the score of motion, as a multiple of it", low=0, high=10
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sensitivity not in ("low", "normal", "high"):
            raise SettingsError(f"sensitivity must be low, normal or high, got {self.sensitivity!r}")
        for reason in self.keep:
            if reason not in REASONS:
                raise SettingsError(f"unknown reason {reason!r}; one of {', '.join(REASONS)}")


@dataclass(frozen=True)
class QualitySettings(_Checked):
    """When a clip is too short or too poor to be judged."""

    min_clip_s: float = setting(5.0, "usable time below which nothing is said", unit="s", low=0, high=3600)
    min_rate_s: float = setting(
        20.0, "usable time below which events are listed without a rate", unit="s", low=0, high=3600
    )
    ok_limit_720px: float = setting(
        1.25,
        "of movements of this size less than half show in a limited clip (0.2 mm where 16:9 is 20 cm wide)",
        unit="px at 720 lines",
        low=0.01,
        high=100,
    )
    max_gap_s: float = setting(
        0.25, "longer gaps between frames are unusable time and start anew", unit="s", low=0.02, high=10
    )


@dataclass(frozen=True)
class ReportSettings(_Checked):
    """What is written."""

    overlay: bool = setting(True, "write overlay.mp4")
    overlay_width_px: int = setting(960, "long side of the overlay, at most", unit="px", low=160, high=7680)
    label: str = setting("", "name shown instead of the file's")
    standalone: bool = setting(False, "put the overlay into report.html, where the file stays below 25 MB")


@dataclass(frozen=True)
class Settings:
    """All settings of one run."""

    clip: ClipSettings = field(default_factory=ClipSettings)
    measure: MeasureSettings = field(default_factory=MeasureSettings)
    detect: DetectSettings = field(default_factory=DetectSettings)
    quality: QualitySettings = field(default_factory=QualitySettings)
    report: ReportSettings = field(default_factory=ReportSettings)

    @property
    def amplitude_floor_px(self) -> float:
        """Size below which movements are not counted, px of the full picture; 0 where all are.

        Raises
        ------
        SettingsError
            It is given in millimeters, and there is no scale.
        """
        floor_mm, mm_per_px = self.detect.floor_mm, self.clip.mm_per_px
        if floor_mm and mm_per_px is None:
            raise SettingsError("a floor in mm needs a scale: give --scale or --mm-per-px, or the floor in px")
        return max(self.detect.floor_px, floor_mm / mm_per_px if mm_per_px else 0.0)


DECIDED = (
    "clip.mm_per_px",
    "detect.sensitivity",
    "detect.keep",
    "detect.floor_px",
    "detect.floor_mm",
    "detect.kappa",
    "quality.min_clip_s",
    "quality.min_rate_s",
    "quality.ok_limit_720px",
    "report.overlay",
    "report.overlay_width_px",
    "report.standalone",
)
"""Settings that act when candidates are judged: `retune` may change them."""

SOUGHT = (
    "detect.tau_s",
    "detect.highpass_s",
    "detect.lowcut_hz",
    "detect.max_rate_hz",
    "detect.window_s",
    "detect.overlap_s",
    "detect.q_min",
    "detect.shading_weight",
    "quality.max_gap_s",
)
"""Settings that act when candidates are sought in the trace; what is in neither list acts on the video."""
