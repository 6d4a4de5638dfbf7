"""The values that flow from stage to stage. All frozen; units in the names.

Coordinates: x to the right, y down. ``px`` is a pixel of the upright, full-size picture;
``analysis_px`` one of the reduced working picture; (row, col) is a cell. The center of the upper
left pixel is (0, 0) in either picture. Only `Geometry` converts between them.
Times are seconds from the first shown frame, taken from each frame's own time stamp.
"""

from __future__ import annotations

import dataclasses
import mmap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from fascidetect.settings import Settings

Progress = Callable[[str, int, int], None]
"""Told (stage, frames done, frames in all or 0 where unknown) while long work runs."""

FloatArray = npt.NDArray[np.floating[Any]]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.integer[Any]]
ByteArray = npt.NDArray[np.uint8]

Verdict = Literal["ok", "limited", "cannot_analyze"]

Fault = Literal["", "shaken or not registered", "blurred", "out of focus", "dark or clipped", "covered"]
"""What keeps one frame from being judged; "" for nothing."""

FAULTS: tuple[Fault, ...] = get_args(Fault)

SCHEMA_VERSION = "1.0"
"""Version of every file written; the first number changes when a reader would break."""


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What a video file is, as far as its container and its time stamps tell.

    Width and height are those of the upright picture. ``n_frames``, ``duration_s`` and the rates
    come from the stamps of the frames, never from the header's claims.
    """

    name: str
    sha256: str
    width_px: int
    height_px: int
    duration_s: float
    n_frames: int
    median_fps: float
    vfr: bool
    rotation_deg: int
    codec: str
    bits_per_px: float
    capture_fps: float | None = None
    mirrored: bool = False
    container: str = ""
    pixel_format: str = ""
    bit_depth: int = 8
    transfer: str = ""
    n_video_tracks: int = 1
    longest_gap_s: float = 0.0
    camera_tags: bool | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """One upright picture at working size.

    Attributes
    ----------
    index
        Position among all decoded frames of the file, from 0.
    time_s
        The frame's own stamp, seconds from the first shown frame.
    luma
        Shape (h, w), float32, 0..255 whatever the bit depth of the file.
    chroma
        Shape (hc, wc, 2), float32, (U, V) around 0 in 8-bit units, at about two points per cell;
        None where it was not asked for or the file is gray.
    key_frame
        The codec started anew here: the picture may pop.
    repeated
        Exactly the picture before: duplicated or frozen.
    """

    index: int
    time_s: float
    luma: FloatArray
    chroma: FloatArray | None
    key_frame: bool
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """One upright color picture for people to look at: ``rgb`` is (h, w, 3) uint8."""

    index: int
    time_s: float
    rgb: ByteArray


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes of the full picture, the working picture and the grid of cells."""

    width_px: int
    height_px: int
    analysis_width_px: int
    analysis_height_px: int
    cell_px: int

    @staticmethod
    def plan(width_px: int, height_px: int, *, long_side_px: int, cells_across: int) -> Geometry:
        """Choose the working size for a full picture: whole cells, never enlarged but for tiny pictures.

        Parameters
        ----------
        width_px, height_px
            Size of the upright full picture, px.
        long_side_px
            Wanted long side of the working picture, analysis_px.
        cells_across
            Wanted number of cells along the long side.
        """
        long_px = max(width_px, height_px)
        cell = max(4, min(long_side_px, long_px) // cells_across)
        scale = min(1.0, cell * cells_across / long_px)
        cols, rows = (max(1, round(side * scale / cell)) for side in (width_px, height_px))
        return Geometry(width_px, height_px, cols * cell, rows * cell, cell)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        return self.analysis_height_px // self.cell_px, self.analysis_width_px // self.cell_px

    @property
    def source_to_analysis(self) -> FloatArray:
        """(3, 3) matrix from full-size px to analysis_px, pixel centers at whole numbers."""
        sx = self.analysis_width_px / self.width_px
        sy = self.analysis_height_px / self.height_px
        return np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1]])

    @property
    def px_per_analysis_px(self) -> float:
        """Length of one analysis_px in px of the full picture."""
        return self.width_px / self.analysis_width_px

    def cells_to_analysis(self, row_col: FloatArray) -> FloatArray:
        """(..., 2) places (row, col) in cells to (x, y) in analysis_px."""
        return np.asarray(row_col)[..., ::-1] * self.cell_px + (self.cell_px - 1) / 2

    def analysis_to_cells(self, xy: FloatArray) -> FloatArray:
        """(..., 2) places (x, y) in analysis_px to (row, col) in cells."""
        return (np.asarray(xy)[..., ::-1] - (self.cell_px - 1) / 2) / self.cell_px

    def analysis_to_px(self, xy: FloatArray) -> FloatArray:
        """(..., 2) places (x, y) in analysis_px to px of the full picture."""
        return transform(np.linalg.inv(self.source_to_analysis), xy)

    def px_to_analysis(self, xy: FloatArray) -> FloatArray:
        """(..., 2) places (x, y) in px of the full picture to analysis_px."""
        return transform(self.source_to_analysis, xy)


def transform(matrix: FloatArray, xy: FloatArray) -> FloatArray:
    """Apply a (3, 3) affine matrix to (..., 2) points (x, y)."""
    return np.asarray(xy) @ matrix[:2, :2].T + matrix[:2, 2]


@dataclass(frozen=True, slots=True)
class CameraMotion:
    """How one frame lies against the reference picture.

    Attributes
    ----------
    affine
        (3, 3): a place (x, y) in the reference, in analysis_px, to its place in this frame.
    gain
        Contrast of this frame relative to the reference, minus 1.
    residual
        Robust sd of what the registration leaves, in contrast units (percent).
    ok
        False where the frame could not be registered; nothing may be concluded from it.
    jump_px
        How far the picture's rim seems to go from frame to frame since the last good one, analysis_px; NaN where
        nothing could be fitted.
    """

    affine: FloatArray
    gain: float
    residual: float
    ok: bool
    jump_px: float


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What is known of a clip's frames and of the analyzed area: a `MotionTrace` less the motion of the cells.

    Attributes
    ----------
    clip
        The file it was measured from.
    geometry
        Sizes and the grid.
    time_s
        (T,) stamps, strictly increasing.
    frame_index
        (T,) position among the decoded frames.
    affine
        (T, 3, 3) reference to frame, analysis_px.
    gain, ok, key_frame, repeated
        (T,) see `CameraMotion` and `Frame`.
    fault
        (T,) uint8, index into `FAULTS`: what is wrong with the frame, also with one that could be registered.
    residual_level
        (T,) robust sd left by the registration, percent contrast.
    mask
        (R, C) 0..1, how much of the cell belongs to the analyzed area.
    subject
        (R, C) 0..1, how much of it belongs to what the camera is followed on and what is at rest is learnt
        from: the analyzed area, and its surroundings where a small area was asked for.
    texture
        (R, C) squared contrast gradient along the worse direction: what motion can be read from.
    reference
        (h, w) uint8, the last reference picture.
    area
        How the analyzed area was found: ``roi``, ``skin``, ``parallax`` or ``whole picture``.
    warnings
        What went wrong while measuring, in words.
    """

    clip: ClipFacts
    geometry: Geometry
    time_s: FloatArray
    frame_index: IntArray
    affine: FloatArray
    gain: FloatArray
    ok: BoolArray
    key_frame: BoolArray
    repeated: BoolArray
    fault: ByteArray
    residual_level: FloatArray
    mask: FloatArray
    subject: FloatArray
    texture: FloatArray
    reference: ByteArray
    area: str = "whole picture"
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n, (rows, cols) = len(self.time_s), self.geometry.shape
        self._must_have(
            {
                "frame_index": (n,),
                "affine": (n, 3, 3),
                "gain": (n,),
                "ok": (n,),
                "key_frame": (n,),
                "repeated": (n,),
                "fault": (n,),
                "residual_level": (n,),
                "mask": (rows, cols),
                "subject": (rows, cols),
                "texture": (rows, cols),
            }
        )
        if n > 1 and not np.all(np.diff(self.time_s) > 0):
            raise ValueError("time_s must increase strictly")

    def middle_px(self) -> FloatArray:
        """Where the middle of the reference picture lies in each frame: (T, 2) x and y, analysis_px."""
        middle = np.array([self.geometry.analysis_width_px, self.geometry.analysis_height_px]) / 2
        return np.asarray(self.affine[:, :2, :2] @ middle + self.affine[:, :2, 2])

    def _must_have(self, expected: dict[str, tuple[int, ...]]) -> None:
        for name, shape in expected.items():
            got = getattr(self, name).shape
            if got != shape:
                raise ValueError(f"{name} must have shape {shape}, got {got}")

    @property
    def median_interval_s(self) -> float:
        """Median time between frames; 0 with fewer than two."""
        return float(np.median(np.diff(self.time_s))) if len(self.time_s) > 1 else 0.0


@dataclass(frozen=True, kw_only=True)
class MotionTrace(Registration):
    """Motion of every cell in every frame: all that the event half sees.

    Attributes
    ----------
    displacement_px
        (T, R, C, 2) float16, (x, y) in **analysis_px**, against the slowly renewed reference.
    shading_pct
        (T, R, C) float16, local change of brightness in percent.
    residual
        (T, R, C, 2) float16: sd of contrast change before and after motion is explained.

    Notes
    -----
    These large arrays may be memory maps of a scratch file: slice them in time, copy what you need,
    and call `release` when done with a stretch.
    """

    displacement_px: FloatArray
    shading_pct: FloatArray
    residual: FloatArray

    def __post_init__(self) -> None:
        super().__post_init__()
        n, (rows, cols) = len(self.time_s), self.geometry.shape
        self._must_have(
            {
                "displacement_px": (n, rows, cols, 2),
                "shading_pct": (n, rows, cols),
                "residual": (n, rows, cols, 2),
            }
        )


def release(array: FloatArray) -> None:
    """Let the system take back the memory of a map's pages; they are read anew when asked for."""
    base: Any = array
    while isinstance(base, np.ndarray):
        inner: Any = base.base  # numpy's stub says it is an array
        if isinstance(inner, mmap.mmap):
            if hasattr(mmap, "MADV_DONTNEED"):
                inner.madvise(mmap.MADV_DONTNEED)
            return
        base = inner


@dataclass(frozen=True, slots=True)
class Event:
    """A brief, local movement. The fields are the columns of events.csv (formats: see docs).

    ``x_px, y_px`` is the place at the peak, ``ref_x_px, ref_y_px`` the same place in the reference
    picture, ``box`` encloses it at the peak. ``confidence`` (0..1) is how likely it is one.
    ``focus`` numbers the places where movements recur, from 1; 0 = not counted, no focus.
    """

    id: str
    onset_s: float
    peak_s: float
    offset_s: float
    duration_s: float
    peak_clock: str
    peak_frame: int
    x_px: float
    y_px: float
    box_x_px: float
    box_y_px: float
    box_w_px: float
    box_h_px: float
    ref_x_px: float
    ref_y_px: float
    amplitude_px: float
    amplitude_mm: float | None
    snr: float
    confidence: float
    focus: int
    roi: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A movement that was seen and not counted, and why (one of `settings.REASONS`)."""

    event: Event
    reason: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A stretch of time in which nothing can be said."""

    start_s: float
    end_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Minute:
    """One row of per_minute.csv; rates are None where there is no usable time."""

    minute: int
    start_s: float
    end_s: float
    usable_s: float
    n_events: int
    rate_per_min: float | None
    rate_low_per_min: float | None
    rate_high_per_min: float | None


@dataclass(frozen=True, slots=True)
class Focus:
    """One row of foci.csv: a place where movements were counted."""

    focus: int
    ref_x_px: float
    ref_y_px: float
    radius_px: float
    n_events: int
    rate_per_min: float | None
    median_interval_s: float | None
    interval_cv: float | None
    rhythm_hz: float | None


@dataclass(frozen=True, slots=True)
class Sustained:
    """A place that moves continuously or rhythmically: named, never counted as single movements."""

    kind: Literal["rhythmic", "continuous"]
    ref_x_px: float
    ref_y_px: float
    radius_px: float
    start_s: float
    end_s: float
    rate_hz: float | None
    n_events: int


@dataclass(frozen=True, slots=True)
class Tried:
    """One twitch that was put in: its peak, its place in the reference picture, its size, and whether it was found."""

    peak_s: float
    x_px: float
    y_px: float
    amplitude_px: float
    radius_px: float
    found: bool


@dataclass(frozen=True, slots=True)
class VerifiedLimit:
    """The detection limit as twitches show that were put into the clip's own pictures.

    Attributes
    ----------
    n, n_found
        Twitches that were put in, and those of them that were found.
    limit50_px, limit50_low_px, limit50_high_px
        Amplitude at which one half is found, and its 95 % interval; None where the trials do not tell.
    limit90_px
        Amplitude at which nine tenths are found.
    """

    n: int
    n_found: int
    limit50_px: float | None
    limit50_low_px: float | None
    limit50_high_px: float | None
    limit90_px: float | None


@dataclass(frozen=True, slots=True)
class Quality:
    """What the clip could and could not show.

    ``area`` says how the analyzed area was found (as `MotionTrace.area`); ``verified`` is there where it was asked for.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    usable_s: float
    unusable: tuple[Unusable, ...]
    noise_px: float | None
    limit50_px: float | None
    limit90_px: float | None
    analyzed_share: float
    warnings: tuple[str, ...]
    area: str = ""
    verified: VerifiedLimit | None = None


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A movement that a rater decided about and that is no longer found; ``status`` is what was decided."""

    id: str
    peak_s: float
    status: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What one rater made of the counted movements, beside the automatic count.

    Attributes
    ----------
    n_accepted, n_rejected, n_undecided
        Their sum is the automatic count.
    n_added
        Movements that the rater saw and the program does not count.
    n_events
        The reviewed count: accepted and added.
    n_unusable
        Of these, in time that was left out or not analyzed: they are not in the rate.
    rate_per_min, rate_low_per_min, rate_high_per_min
        Per minute of usable time, as in `Summary`.
    last_seq
        The last decision that was looked at.
    unmatched
        In order of the peak.
    """

    rater: str
    n_accepted: int
    n_rejected: int
    n_undecided: int
    n_added: int
    n_events: int
    n_unusable: int
    rate_per_min: float | None
    rate_low_per_min: float | None
    rate_high_per_min: float | None
    last_seq: int
    unmatched: tuple[Unmatched, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """The count and the rate with its exact 95 % Poisson interval over usable minutes.

    Counts are None where nothing can be told: that is not zero. ``reviewed`` has one entry for each rater.
    """

    n_events: int | None
    rate_per_min: float | None
    rate_low_per_min: float | None
    rate_high_per_min: float | None
    n_foci: int | None
    n_rejected: dict[str, int] = field(default_factory=dict)
    reviewed: tuple[Reviewed, ...] = ()


@dataclass(frozen=True)
class Activity:
    """Curves and a map for pictures; not part of result.json.

    Attributes
    ----------
    time_s
        (T,) of the curve.
    score
        (T,) largest score of any cell, in units of the clip's own noise; NaN where unusable.
    threshold
        What a movement had to exceed.
    heat
        (R, C) largest counted displacement of each cell, in px of the full picture.
    limits_px
        (R, C) amplitude at which half of the usual twitches would be found at each cell, px of the full picture;
        NaN where nothing is sought.
    """

    time_s: FloatArray
    score: FloatArray
    threshold: float
    heat: FloatArray
    limits_px: FloatArray


@dataclass(frozen=True)
class Result:
    """All that is said about one clip."""

    clip: ClipFacts
    quality: Quality
    summary: Summary
    events: tuple[Event, ...]
    rejections: tuple[Rejection, ...]
    sustained: tuple[Sustained, ...]
    per_minute: tuple[Minute, ...]
    foci: tuple[Focus, ...]
    settings: Settings
    activity: Activity

    def to_records(self) -> list[dict[str, Any]]:
        """Counted events as plain dicts, one per row of events.csv, in order of peak time."""
        return [dataclasses.asdict(event) for event in self.events]
