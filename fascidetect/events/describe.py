"""From cells and grid times to what people read: px of the full picture, clock, frame number, id."""

from __future__ import annotations

import numpy as np

from fascidetect.events.find import Candidate
from fascidetect.model import Event, FloatArray, Registration, transform
from fascidetect.settings import ClipSettings, Roi


def make_event(one: Candidate, trace: Registration, sure: float, focus: int, clip: ClipSettings) -> Event:
    """Describe a candidate in the clip's own terms.

    Parameters
    ----------
    sure
        Its `Event.confidence`.
    focus
        Its number, 0 for none.
    """
    geometry = trace.geometry
    nearest = int(np.argmin(np.abs(trace.time_s - one.peak_s)))
    camera = trace.affine[nearest]
    ref_xy = geometry.cells_to_analysis(np.array([one.row, one.col]))
    x, y = geometry.analysis_to_px(transform(camera, ref_xy))
    ref_x, ref_y = geometry.analysis_to_px(ref_xy)
    box = _box(one, trace, camera)
    amplitude_px = one.amplitude_px * geometry.px_per_analysis_px
    return Event(
        id=event_id(one, trace),
        onset_s=one.shape.onset_s,
        peak_s=one.peak_s,
        offset_s=one.shape.offset_s,
        duration_s=one.shape.offset_s - one.shape.onset_s,
        peak_clock=clock(one.peak_s),
        peak_frame=int(trace.frame_index[nearest]),
        x_px=float(x),
        y_px=float(y),
        box_x_px=box[0],
        box_y_px=box[1],
        box_w_px=box[2],
        box_h_px=box[3],
        ref_x_px=float(ref_x),
        ref_y_px=float(ref_y),
        amplitude_px=amplitude_px,
        amplitude_mm=amplitude_px * clip.mm_per_px if clip.mm_per_px else None,
        snr=one.score,
        confidence=sure,
        focus=focus,
        roi=_roi_name(float(ref_x), float(ref_y), clip.rois),
    )


def event_id(one: Candidate, trace: Registration) -> str:
    """Name that stays when detection is run again: peak in ms and place to a cell."""
    cell = trace.geometry.cells_to_analysis(np.rint([one.row, one.col]))
    x, y = np.rint(trace.geometry.analysis_to_px(cell)).astype(int)
    return f"e{max(0, round(one.peak_s * 1000)):07d}-{x}-{y}"


def clock(time_s: float) -> str:
    """Minutes, seconds and milliseconds: 83.25 -> "1:23.250"."""
    total_ms = max(0, round(time_s * 1000))
    return f"{total_ms // 60000}:{total_ms // 1000 % 60:02d}.{total_ms % 1000:03d}"


def _box(one: Candidate, trace: Registration, camera: FloatArray) -> tuple[float, float, float, float]:
    """Upright box (x, y, w, h) around the candidate's cells in the frame of its peak, px, within the picture."""
    geometry = trace.geometry
    rows, cols = np.nonzero(one.region)
    low = np.array([rows.min() - 0.5, cols.min() - 0.5])
    high = np.array([rows.max() + 0.5, cols.max() + 0.5])
    corners = np.array([low, [low[0], high[1]], [high[0], low[1]], high])
    moved = geometry.analysis_to_px(transform(camera, geometry.cells_to_analysis(corners)))
    limit = np.array([geometry.width_px - 1, geometry.height_px - 1])
    upper_left = np.clip(moved.min(axis=0), 0, limit)
    lower_right = np.clip(moved.max(axis=0), 0, limit)
    w, h = lower_right - upper_left
    return float(upper_left[0]), float(upper_left[1]), float(w), float(h)


def _roi_name(x: float, y: float, rois: tuple[Roi, ...]) -> str:
    """Name of the first area that holds the place, or of the nearest if it lies on a rim; "" without areas."""
    if not rois:
        return ""
    holding = (roi for roi in rois if roi.holds(x, y))
    nearest = min(rois, key=lambda roi: min(np.hypot(x - px, y - py) for px, py in roi.points))
    return next(holding, nearest).name
