"""How like real clips the made ones are: what the event half meets in both, side by side.

Clips without twitches are compared, the first `LONGEST_S` of each. What is printed are the
percentiles of the local maxima of the score, the weight of the noise's tails, what registration
leaves, the share of the picture in which events are sought, the noise, the bits per pixel, and how restless the
camera is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import scipy.signal
import store
from jobs import Job, clip_and_truth
from report import aligned, number

from fascidetect.events.find import local_maxima
from fascidetect.events.score import make_score
from fascidetect.events.stretch import cut
from fascidetect.model import FloatArray, MotionTrace
from fascidetect.settings import LINES, Settings
from fascidetect.video.reader import Clip

LONGEST_S = 30.0
SWAY_HZ = 0.5, 4.0
SHORTEST_SWAY_S, SEEN_SHARE = 4.0, 0.8
OUTSIDE = "!"
NAN = float("nan")


@dataclass(frozen=True)
class Looks:
    """What a clip offers to the event half; NaN where it offers nothing.

    Attributes
    ----------
    maxima_p50, maxima_p80, maxima_p95, maxima_p99
        Heights of the local maxima of the score, in units of the clip's noise.
    tail_motion, tail_shading
        Tail factor of the noise; 1 for Gaussian.
    residual_pct
        Median of what the registration leaves, percent contrast.
    valid_share
        Of the picture's cells.
    noise_720px
        Median noise of the cells, px at 720 lines.
    bits_per_px
        Of the file.
    sway_720px, roll_deg
        Root mean square of how the middle of the picture goes, px at 720 lines, and of how the picture turns,
        within `SWAY_HZ`.
    """

    maxima_p50: float
    maxima_p80: float
    maxima_p95: float
    maxima_p99: float
    tail_motion: float
    tail_shading: float
    residual_pct: float
    valid_share: float
    noise_720px: float
    bits_per_px: float
    sway_720px: float
    roll_deg: float


TITLES = {
    "maxima_p50": "local maxima, median",
    "maxima_p80": "80th percentile",
    "maxima_p95": "95th percentile",
    "maxima_p99": "99th percentile",
    "tail_motion": "tail factor, motion",
    "tail_shading": "tail factor, shading",
    "residual_pct": "left by registration, %",
    "valid_share": "valid share",
    "noise_720px": "noise, px at 720 lines",
    "bits_per_px": "bits per px",
    "sway_720px": "camera's sway, px at 720 lines",
    "roll_deg": "camera's roll, degrees",
}


def real_folder(asked: Path | None) -> Path:
    """The folder that was named, or ``skin`` in ``FASCIDETECT_CLIPS``, or in ``shared/clips`` beside the checkout."""
    beside = Path(__file__).parents[3] / "shared" / "clips"
    return asked or Path(os.environ.get("FASCIDETECT_CLIPS", "") or beside) / "skin"


def of_job(job: Job) -> tuple[str, Looks]:
    """Looks of a made clip, made and measured unless that was done."""
    path, truth = clip_and_truth(job)
    return job.name, look(store.trace_of(path, truth.sha256))


def of_real(path: Path) -> tuple[str, Looks]:
    """Looks of a clip of a real camera, measured unless that was done."""
    with Clip(path) as clip:
        sha256 = clip.facts.sha256
    return path.stem, look(store.trace_of(path, sha256))


def look(trace: MotionTrace) -> Looks:
    """Take the start of a trace to local maxima, as `detect` does with each window."""
    settings, geometry = Settings(), trace.geometry
    start_s = float(trace.time_s[0])
    end_s = min(float(trace.time_s[-1]), start_s + LONGEST_S)
    stretch = cut(trace, start_s, end_s, settings.quality.max_gap_s, settings.detect)
    score = make_score(stretch, geometry.cell_px, settings.detect)
    lines = min(trace.clip.width_px, trace.clip.height_px)
    full_720px = geometry.px_per_analysis_px * LINES / lines
    sway_px, roll_deg = camera(trace, start_s, end_s)
    return Looks(
        *_percentiles(local_maxima(stretch, score).height, 50, 80, 95, 99),
        tail_motion=float(score.tail[:2].max()) if stretch.valid.any() else NAN,
        tail_shading=float(score.tail[2]) if stretch.valid.any() else NAN,
        residual_pct=_percentiles(trace.residual_level[trace.ok], 50)[0],
        valid_share=float(stretch.valid.mean()),
        noise_720px=_percentiles(score.noise[:2][:, stretch.valid], 50)[0] * full_720px,
        bits_per_px=trace.clip.bits_per_px,
        sway_720px=sway_px * full_720px,
        roll_deg=roll_deg,
    )


def camera(trace: MotionTrace, start_s: float, end_s: float) -> tuple[float, float]:
    """Sway (analysis_px) and roll (degrees) of the camera within `SWAY_HZ`; NaN where too little is registered."""
    inside = (trace.time_s >= start_s) & (trace.time_s <= end_s)
    seen, step_s = inside & trace.ok, trace.median_interval_s
    too_few = seen.sum() * step_s < SHORTEST_SWAY_S or seen.sum() < SEEN_SHARE * inside.sum()
    if too_few or 2 * SWAY_HZ[1] * step_s >= 1:
        return NAN, NAN
    time_s, affine = trace.time_s[seen], trace.affine[seen]
    turned_deg = np.degrees(np.arctan2(affine[:, 1, 0] - affine[:, 0, 1], affine[:, 0, 0] + affine[:, 1, 1]))
    course = np.column_stack([trace.middle_px()[seen], turned_deg])
    even_s = np.arange(time_s[0], time_s[-1], step_s)
    even = np.column_stack([np.interp(even_s, time_s, one) for one in course.T])
    band = scipy.signal.butter(2, SWAY_HZ, "bandpass", fs=1 / step_s, output="sos")
    power = np.square(scipy.signal.sosfiltfilt(band, even, axis=0)).mean(axis=0)
    return float(np.sqrt(power[:2].sum())), float(np.sqrt(power[2]))


def table(made: Sequence[Looks], real: Sequence[Looks]) -> str:
    """Quantities by median and range of the made and the real clips, marked where they do not meet."""
    lines = [("", f"made ({len(made)}): median", "range", f"real ({len(real)}): median", "range", "")]
    for name, title in TITLES.items():
        ours, theirs = _values(made, name), _values(real, name)
        mark = OUTSIDE if outside(ours, theirs) else ""
        lines.append((title, *_summary(ours), *_summary(theirs), mark))
    return f"{aligned(lines)}\n{OUTSIDE} the median of the made clips lies outside of the range of the real ones"


def each(looks: Sequence[tuple[str, Looks]]) -> str:
    """The same quantities, one line for each clip."""
    rows = [(name, *(number(getattr(one, f.name), 3) for f in fields(one))) for name, one in looks]
    return aligned([("", *TITLES.values()), *rows])


def outside(made: FloatArray, real: FloatArray) -> bool:
    """Whether the median of the one lies beyond the range of the other."""
    return bool(len(made) and len(real) and not real.min() <= np.median(made) <= real.max())


def _values(looks: Sequence[Looks], name: str) -> FloatArray:
    values = np.array([getattr(one, name) for one in looks], dtype=float)
    return values[np.isfinite(values)]


def _summary(values: FloatArray) -> tuple[str, str]:
    if not len(values):
        return "-", "-"
    return number(float(np.median(values)), 3), f"{number(values.min(), 3)}..{number(values.max(), 3)}"


def _percentiles(values: FloatArray, *which: float) -> list[float]:
    return [float(v) for v in np.percentile(values, which)] if values.size else [NAN] * len(which)
