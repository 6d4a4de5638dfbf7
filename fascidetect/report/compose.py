"""From a result and its trace to the page that is shown."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

import msgspec
import numpy as np

from fascidetect.model import SCHEMA_VERSION, Event, FloatArray, Registration, Result
from fascidetect.report.export import Run, events_in_order, plain, rejected_in_order
from fascidetect.report.layout import Layout
from fascidetect.report.page import (
    OVERLAY,
    TICKS_PER_S,
    Curve,
    Fact,
    Figure,
    LimitMap,
    Minute,
    Movement,
    Page,
    Place,
    Span,
    Still,
    Video,
)
from fascidetect.report.still import draw_limits, draw_still, limit_scale, outlines
from fascidetect.report.strips import Strip
from fascidetect.report.style import amount, clock, reason_words, sustained_words
from fascidetect.report.summary import (
    AREA_WORDS,
    interval_words,
    length_words,
    limit_words,
    part_words,
    per_minute,
    sentences,
    warnings_of,
)
from fascidetect.settings_file import describe


def make_page(
    trace: Registration, result: Result, run: Run, strips: Mapping[str, Strip], overlay: Layout | None
) -> Page:
    """Put together what the report shows.

    Parameters
    ----------
    strips
        Pictures of movements, by their id.
    overlay
        How overlay.mp4 is laid out; None where there is none.
    """
    start_s, end_s = _span(trace)
    quality = result.quality
    judged = quality.verdict != "cannot_analyze"
    movements = tuple(
        _movement(event, number, "", strips.get(event.id))
        for number, event in enumerate(events_in_order(result.events), 1)
    )
    decision = _decision(result)
    page = Page(
        schema_version=SCHEMA_VERSION,
        title=result.settings.report.label or result.clip.name,
        headline=_headline(result),
        judged=judged,
        figures=tuple(_figures(result)) if judged else (),
        sentences=tuple(sentences(result)[1:]),
        warnings=tuple(warnings_of(result)),
        start_s=start_s,
        end_s=end_s,
        usable_s=quality.usable_s,
        movements=movements,
        rejected=tuple(_movement(row, 0, row.reason, None) for row in rejected_in_order(result)),
        unusable=tuple(Span(u.start_s, u.end_s, reason_words(u.reason)) for u in quality.unusable),
        sustained=tuple(
            Span(place.start_s, place.end_s, sustained_words(place.kind, place.rate_hz)) for place in result.sustained
        ),
        places=_places(result),
        minutes=_minutes(result),
        facts=_facts(result, run),
        settings=_changed_settings(result),
        still=_still(trace),
        curve=_curve(result),
        video=_video(trace, overlay, decision) if overlay else None,
        standalone=result.settings.report.standalone,
        decision=decision,
        limits=_limits(result) if judged else None,
    )
    return msgspec.convert(plain(page), Page)  # plain numbers and text that can be written


def _span(trace: Registration) -> tuple[float, float]:
    if not len(trace.time_s):
        return 0.0, 1.0
    start = float(trace.time_s[0])
    return start, max(float(trace.time_s[-1]) + trace.median_interval_s, start + 0.1)


def _headline(result: Result) -> str:
    if result.quality.verdict == "cannot_analyze":
        return "This clip cannot be analyzed"
    n = len(result.events)
    text = "No movement counted" if n == 0 else f"{n} movement{'s' if n > 1 else ''} counted"
    kinds = sorted({place.kind for place in result.sustained})
    return f"{text}; {' and '.join(kinds)} movement not counted" if kinds else text


def _figures(result: Result) -> list[Figure]:
    summary, quality, n = result.summary, result.quality, len(result.events)
    places = f"at {summary.n_foci} place{'s' if summary.n_foci != 1 else ''}" if summary.n_foci else ""
    rate, low, high = summary.rate_per_min, summary.rate_low_per_min, summary.rate_high_per_min
    figures = [Figure("count", str(n), "movement counted" if n == 1 else "movements counted", places)]
    if rate is None or low is None or high is None:
        figures.append(Figure("rate", "\N{EN DASH}", "per minute", "too little usable time for a rate"))
    else:
        figures.append(Figure("rate", f"{rate:.3g}", "per minute of usable time", interval_words(summary)))
    part = part_words(result).strip(" ()")
    of = f"of {result.clip.duration_s:.0f} s filmed" + (f"; {part}" if part else "")
    figures.append(Figure("usable", f"{quality.usable_s:.0f} s", "usable", of))
    if quality.limit50_px is not None:
        figures.append(Figure("limit", f"{quality.limit50_px:.2g} px", "detection limit", limit_words(result)))
    return figures


def _movement(event: Event, number: int, reason: str, strip: Strip | None) -> Movement:
    size = f"{amount(event.amplitude_px)} px"
    if event.amplitude_mm is not None:
        size += f" ({amount(event.amplitude_mm)} mm)"
    return Movement(
        id=event.id,
        number=number,
        onset_s=round(event.onset_s, 4),
        peak_s=round(event.peak_s, 4),
        offset_s=round(event.offset_s, 4),
        clock=clock(event.peak_s, decimals=2),
        x_px=round(event.x_px, 1),
        y_px=round(event.y_px, 1),
        focus=event.focus,
        size=size,
        length_s=round(event.duration_s, 3),
        snr=round(event.snr, 2),
        confidence=round(event.confidence, 3),
        reason=reason,
        reason_words=reason_words(reason) if reason else "",
        strip=base64.b64encode(strip.webp).decode() if strip else "",
        magnified=round(strip.magnified, 1) if strip else 0.0,
    )


def _places(result: Result) -> tuple[Place, ...]:
    least = 0.02 * max(result.clip.width_px, result.clip.height_px)
    foci = (
        Place(
            f.focus,
            f.ref_x_px,
            f.ref_y_px,
            max(f.radius_px, least),
            f"place {f.focus}",
            f.n_events,
            "" if f.rate_per_min is None else per_minute(f.rate_per_min),
        )
        for f in result.foci
    )
    ongoing = (
        Place(
            0, s.ref_x_px, s.ref_y_px, max(s.radius_px, least), f"{sustained_words(s.kind, s.rate_hz)}, not counted", 0
        )
        for s in result.sustained
    )
    return (*foci, *ongoing)


def _minutes(result: Result) -> tuple[Minute, ...]:
    return tuple(
        Minute(
            clock(m.start_s),
            m.n_events,
            round(m.usable_s, 1),
            "" if m.rate_per_min is None else per_minute(m.rate_per_min),
            ""
            if m.rate_low_per_min is None or m.rate_high_per_min is None
            else f"{per_minute(m.rate_low_per_min)} to {per_minute(m.rate_high_per_min)}",
        )
        for m in result.per_minute
    )


def _facts(result: Result, run: Run) -> tuple[Fact, ...]:
    clip, quality = result.clip, result.quality
    area = f"{100 * quality.analyzed_share:.0f} % of the picture: {AREA_WORDS.get(quality.area, quality.area)}"
    scale = result.settings.clip.mm_per_px
    facts = [
        Fact("Filmed", f"{clip.duration_s:.1f} s, {clip.width_px} \N{MULTIPLICATION SIGN} {clip.height_px} px"),
        Fact("Frames", f"{clip.n_frames}, {clip.median_fps:.4g} per second{', uneven' if clip.vfr else ''}"),
        Fact("File", f"{clip.codec}, {clip.bits_per_px:.2g} bit per pixel and frame"),
        Fact("Analyzed area", area.rstrip(": ")),
        Fact("Scale", f"{scale:.3g} mm per px" if scale else "not given; sizes in px of the full-size picture"),
        Fact("SHA-256", clip.sha256),
        Fact("Analyzed", f"{run.started_utc[:16].replace('T', ' ')} UTC with fascidetect {run.version}"),
    ]
    return tuple(facts)


def _changed_settings(result: Result) -> tuple[Fact, ...]:
    """Settings that differ from the defaults; the label is shown as the title already."""
    rows = zip(describe(result.settings), describe(), strict=True)
    changed = [(row.name, row.default, row.unit) for row, usual in rows if row.default != usual.default]
    return tuple(Fact(name, _words(value, unit)) for name, value, unit in changed if name != "report.label")


def _words(value: object, unit: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value) if all(isinstance(item, str) for item in value) else _areas(value)
    return f"{value} {unit}".strip()


def _areas(rois: tuple[object, ...]) -> str:
    return f"{len(rois)} given"


def _still(trace: Registration) -> Still:
    lines = tuple(tuple((round(float(x), 1), round(float(y), 1)) for x, y in line) for line in outlines(trace))
    image = base64.b64encode(draw_still(trace)).decode()
    return Still(image, trace.geometry.width_px, trace.geometry.height_px, lines)


def _limits(result: Result) -> LimitMap | None:
    limits_px = result.activity.limits_px
    if not np.isfinite(limits_px).any():
        return None
    low, high = (length_words(value, result) for value in limit_scale(limits_px))
    return LimitMap(base64.b64encode(draw_limits(limits_px)).decode(), low, high)


def _ticks(time_s: FloatArray) -> tuple[int, tuple[int, ...]]:
    """First time and the steps between times, whole ticks whose sum does not drift."""
    ticks = np.rint(np.asarray(time_s, dtype=float) * TICKS_PER_S).astype(int)
    return (int(ticks[0]) if len(ticks) else 0), tuple(int(step) for step in np.diff(ticks))


def _curve(result: Result) -> Curve:
    activity = result.activity
    threshold = activity.threshold if activity.threshold > 0 else 1.0
    first, steps = _ticks(activity.time_s)
    height = np.asarray(activity.score, dtype=float) / threshold * 100
    return Curve(
        round(threshold, 3), first, steps, tuple(round(h) if np.isfinite(h) else None for h in height.tolist())
    )


def _decision(result: Result) -> str:
    """Digest of all that is drawn into the overlay and may change when a clip is judged again."""
    shown = (result.quality, result.events, result.rejections, result.sustained, result.activity.threshold)
    return hashlib.sha256(msgspec.json.encode(plain(shown))).hexdigest()[:16]


def _video(trace: Registration, layout: Layout, decision: str) -> Video:
    first, steps = _ticks(trace.time_s)
    sizes = layout.width, layout.height, layout.picture_x, layout.picture_w, layout.picture_h
    return Video(OVERLAY, *sizes, first, steps, decision)
