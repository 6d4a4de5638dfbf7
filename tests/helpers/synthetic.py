"""Traces, results and pictures made by hand, for tests of the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from fascidetect.model import (
    Activity,
    ByteArray,
    ClipFacts,
    Event,
    Focus,
    Geometry,
    Minute,
    MotionTrace,
    Picture,
    Quality,
    Rejection,
    Result,
    Summary,
    Sustained,
    Unusable,
    transform,
)
from fascidetect.settings import Settings


def skin(width: int, height: int, tone: float = 150.0) -> ByteArray:
    """Smooth texture of about one skin tone, the same every time."""
    rng = np.random.default_rng(5)
    coarse = rng.normal(0, 1, (height // 8 + 2, width // 8 + 2))
    texture = np.kron(coarse, np.ones((8, 8)))[:height, :width]
    for axis in (0, 1):
        texture = sum(np.roll(texture, shift, axis) for shift in range(-4, 5)) / 9
    base = tone + 18 * texture + rng.normal(0, 1.5, (height, width))
    return np.clip(base[..., None] * np.array([1.0, 0.78, 0.66]), 0, 255).astype(np.uint8)


def facts(geometry: Geometry, n: int, fps: float) -> ClipFacts:
    return ClipFacts(
        name="clip.mp4",
        sha256="0" * 64,
        width_px=geometry.width_px,
        height_px=geometry.height_px,
        duration_s=n / fps,
        n_frames=n,
        median_fps=fps,
        vfr=False,
        rotation_deg=0,
        codec="h264",
        bits_per_px=0.1,
    )


def make_trace(
    width: int = 960,
    height: int = 540,
    *,
    duration_s: float = 10.0,
    fps: float = 30.0,
    drift_px_s: tuple[float, float] = (0.0, 0.0),
    whole: bool = False,
) -> MotionTrace:
    """Trace without motion of the skin; the camera may drift (full px per s)."""
    geometry = Geometry.plan(width, height, long_side_px=640, cells_across=64)
    n, (rows, cols) = round(duration_s * fps), geometry.shape
    time_s = np.arange(n) / fps
    affine = np.tile(np.eye(3), (n, 1, 1))
    affine[:, :2, 2] = time_s[:, None] * np.array(drift_px_s) / geometry.px_per_analysis_px
    y, x = np.mgrid[:rows, :cols]
    inside = ((x - cols / 2) / (0.42 * cols)) ** 2 + ((y - rows / 2) / (0.4 * rows)) ** 2 < 1
    picture = skin(geometry.analysis_width_px, geometry.analysis_height_px)
    return MotionTrace(
        clip=facts(geometry, n, fps),
        geometry=geometry,
        time_s=time_s,
        frame_index=np.arange(n),
        displacement_px=np.zeros((n, rows, cols, 2), np.float16),
        shading_pct=np.zeros((n, rows, cols), np.float16),
        residual=np.zeros((n, rows, cols, 2), np.float16),
        affine=affine,
        gain=np.ones(n),
        ok=np.ones(n, bool),
        key_frame=np.zeros(n, bool),
        repeated=np.zeros(n, bool),
        fault=np.zeros(n, np.uint8),
        residual_level=np.ones(n),
        mask=np.ones((rows, cols)) if whole else inside.astype(float),
        subject=np.ones((rows, cols)) if whole else inside.astype(float),
        texture=np.ones((rows, cols)),
        reference=picture[..., 0],
        area="whole picture" if whole else "skin",
    )


def make_event(trace: MotionTrace, peak_s: float, place: tuple[float, float], *, focus: int = 1) -> Event:
    """Event at a place given in shares of the reference picture's width and height."""
    geometry = trace.geometry
    ref = np.array([place[0] * geometry.width_px, place[1] * geometry.height_px])
    row = int(np.argmin(np.abs(trace.time_s - peak_s)))
    x, y = geometry.analysis_to_px(transform(trace.affine[row], geometry.px_to_analysis(ref)))
    size = 0.1 * geometry.width_px
    return Event(
        id=f"e{round(peak_s * 1000):07d}-{round(ref[0])}-{round(ref[1])}",
        onset_s=peak_s - 0.05,
        peak_s=peak_s,
        offset_s=peak_s + 0.2,
        duration_s=0.25,
        peak_clock=f"0:{peak_s:06.3f}",
        peak_frame=row,
        x_px=float(x),
        y_px=float(y),
        box_x_px=float(x) - size / 2,
        box_y_px=float(y) - size / 2,
        box_w_px=size,
        box_h_px=size,
        ref_x_px=float(ref[0]),
        ref_y_px=float(ref[1]),
        amplitude_px=1.2,
        amplitude_mm=None,
        snr=14.0,
        confidence=0.9,
        focus=focus,
    )


def _activity(
    trace: MotionTrace, counted: tuple[Event, ...], rejections: tuple[Rejection, ...], unusable: tuple[Unusable, ...]
) -> Activity:
    rng = np.random.default_rng(3)
    score = rng.gamma(9.0, 0.35, len(trace.time_s))
    for event in (*counted, *(r.event for r in rejections)):
        score += event.snr * np.exp(-0.5 * ((trace.time_s - event.peak_s) / 0.05) ** 2)
    for stretch in unusable:
        score[(trace.time_s >= stretch.start_s) & (trace.time_s <= stretch.end_s)] = np.nan
    heat = np.zeros(trace.geometry.shape)
    rows, cols = np.indices(heat.shape)
    for event in counted:
        place = trace.geometry.px_to_analysis(np.array([event.ref_x_px, event.ref_y_px]))
        row, col = trace.geometry.analysis_to_cells(place)
        heat = np.maximum(heat, event.amplitude_px * np.exp(-((rows - row) ** 2 + (cols - col) ** 2) / 12))
    return Activity(trace.time_s, score, 7.5, heat, np.full(heat.shape, 0.3))


def _foci(events: tuple[Event, ...]) -> tuple[Focus, ...]:
    groups = {n: [e for e in events if e.focus == n] for n in sorted({e.focus for e in events} - {0})}
    return tuple(
        Focus(
            n,
            float(np.mean([e.ref_x_px for e in group])),
            float(np.mean([e.ref_y_px for e in group])),
            group[0].box_w_px / 2,
            len(group),
            None,
            None,
            None,
            None,
        )
        for n, group in groups.items()
    )


def _minutes(trace: MotionTrace, events: tuple[Event, ...], unusable: tuple[Unusable, ...]) -> tuple[Minute, ...]:
    end_s, rows = trace.clip.duration_s, []
    for n in range(int(np.ceil(end_s / 60))):
        start, stop = 60.0 * n, min(60.0 * (n + 1), end_s)
        lost = sum(max(0.0, min(stop, u.end_s) - max(start, u.start_s)) for u in unusable)
        usable, count = stop - start - lost, sum(start <= e.peak_s < stop for e in events)
        rate = count * 60 / usable if usable > 0 else None
        low, high = (None, None) if rate is None else (0.5 * rate, 1.6 * rate + 60 / usable)
        rows.append(Minute(n, start, stop, usable, count, rate, low, high))
    return tuple(rows)


def make_result(
    trace: MotionTrace,
    events: tuple[Event, ...] = (),
    rejections: tuple[Rejection, ...] = (),
    *,
    unusable: tuple[Unusable, ...] = (),
    sustained: tuple[Sustained, ...] = (),
) -> Result:
    """Result whose parts agree with each other."""
    usable = trace.clip.duration_s - sum(u.end_s - u.start_s for u in unusable)
    rate, foci = len(events) * 60 / usable, _foci(events)
    reasons = [r.reason for r in rejections]
    return Result(
        clip=trace.clip,
        quality=Quality("ok", (), usable, unusable, 0.03, 0.3, 0.45, 0.5, ()),
        summary=Summary(
            len(events),
            rate,
            0.5 * rate,
            1.6 * rate + 2,
            len(foci),
            {r: reasons.count(r) for r in sorted(set(reasons))},
        ),
        events=events,
        rejections=rejections,
        sustained=sustained,
        per_minute=_minutes(trace, events, unusable),
        foci=foci,
        settings=Settings(),
        activity=_activity(trace, events, rejections, unusable),
    )


def cannot_analyze(trace: MotionTrace, reason: str) -> Result:
    """Result of a clip that could not be judged."""
    result = make_result(trace, unusable=(Unusable(0.0, trace.clip.duration_s - 0.001, "shaken"),))
    return dataclasses.replace(
        result,
        quality=dataclasses.replace(
            result.quality, verdict="cannot_analyze", reasons=(reason,), usable_s=0.0, limit50_px=None, limit90_px=None
        ),
        summary=Summary(0, None, None, None, 0, {}),
        per_minute=(Minute(0, 0.0, trace.clip.duration_s, 0.0, 0, None, None, None),),
    )


def pictures(trace: MotionTrace, width: int, height: int, at_s: list[float], tone: float = 150.0) -> Iterator[Picture]:
    """Pictures of one size at some times of the trace."""
    rgb = skin(width, height, tone)
    for time_s in at_s:
        row = int(np.argmin(np.abs(trace.time_s - time_s)))
        yield Picture(int(trace.frame_index[row]), float(trace.time_s[row]), rgb)
