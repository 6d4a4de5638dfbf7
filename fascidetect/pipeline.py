"""The two halves and their sum: measure a clip, detect in its trace, or both, or into a folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np

from fascidetect import __version__
from fascidetect.errors import NotAClip
from fascidetect.events.describe import make_event
from fascidetect.events.detect import Found, detect_events
from fascidetect.events.places import make_foci, make_sustained
from fascidetect.model import (
    Activity,
    Geometry,
    MotionTrace,
    Progress,
    Quality,
    Rejection,
    Result,
    Summary,
)
from fascidetect.motion.measure import measure_frames
from fascidetect.motion.store import save_trace
from fascidetect.quality.rate import per_minute, rate_per_min
from fascidetect.quality.usable import find_unusable, join
from fascidetect.quality.verdict import Measured, long_enough, make_quality
from fascidetect.report.compose import make_page
from fascidetect.report.export import Run, library_versions, write_result, write_tables
from fascidetect.report.figures import write_timeline
from fascidetect.report.folder import results_folder
from fascidetect.report.html import write_report
from fascidetect.report.layout import Layout
from fascidetect.report.overlay import draw_overlay
from fascidetect.report.page import OVERLAY
from fascidetect.report.strips import Strip, StripTaker
from fascidetect.settings import Settings
from fascidetect.video.isolated import IsolatedClip, open_clip
from fascidetect.video.pixels import picture_size
from fascidetect.video.reader import Clip
from fascidetect.video.writer import VideoWriter

DEFAULTS = Settings()

_log = logging.getLogger(__name__)


def measure(
    path: str | Path, settings: Settings = DEFAULTS, *, progress: Progress | None = None, isolate: bool = False
) -> MotionTrace:
    """Measure the motion of every cell in every frame of a clip (the pixel half).

    Parameters
    ----------
    path
        A video file.
    settings
        Part of the clip, areas, working size.
    progress
        Told ("measuring", frames done, frames in all).
    isolate
        Decode in a process of its own: a decoder that crashes, hangs or floods the memory is then an error.

    Returns
    -------
    MotionTrace

    Raises
    ------
    ClipError
        The file is missing, is no video, or yields no frame.
    SettingsError
        An area lies outside of the picture.
    """
    with open_clip(path, settings.clip, isolate=isolate) as clip:
        facts, ask = clip.facts, settings.measure
        if settings.report.label:
            facts = replace(facts, name=settings.report.label)  # which is given so that the file's name is not told
        geometry = Geometry.plan(
            facts.width_px, facts.height_px, long_side_px=ask.width_px, cells_across=ask.cells_across
        )
        frames = _watched(clip.frames(geometry), clip.n_expected, "measuring", progress)
        trace = measure_frames(frames, facts, geometry, settings.clip.rois, ask)
        lost, (rows, cols) = int(np.sum(~trace.ok)), geometry.shape
        working = f"{geometry.analysis_width_px} x {geometry.analysis_height_px} px"
        _log.info("measured %d frames at %s, %d x %d cells, area: %s", len(trace.ok), working, cols, rows, trace.area)
        _log.info("frames that could not be registered: %d", lost)
        return replace(trace, warnings=tuple(clip.warnings))


T = TypeVar("T")


def _watched(items: Iterable[T], total: int, stage: str, progress: Progress | None) -> Iterator[T]:
    for done, item in enumerate(items, 1):
        yield item
        if progress:
            progress(stage, done, max(total, done))


def detect(trace: MotionTrace, settings: Settings = DEFAULTS) -> Result:
    """Find, judge, group and count the movements in a trace (the event half).

    Parameters
    ----------
    trace
        From `measure`.

    Returns
    -------
    Result
        Whose verdict is ``cannot_analyze``, without events, where nothing can be said.
    """
    unusable = find_unusable(trace, settings.quality) if len(trace.time_s) else ()
    found = detect_events(trace, unusable, settings.quality.max_gap_s, settings.detect)
    counted = sum(not j.reason for j in found.judged)
    noise = found.noise_px * trace.geometry.px_per_analysis_px
    _log.info("noise of a cell %.3f px, threshold %.1f times the clip's noise", noise, found.threshold)
    _log.info("candidates: %d, of which counted: %d", len(found.judged), counted)
    unusable = join([*unusable, *found.lost])
    share = float(found.valid.mean())
    measured = Measured(found.noise_px, found.limit50_px, found.limit90_px, found.unfit, share)
    quality = make_quality(trace, unusable, measured, settings.quality)
    if quality.verdict == "cannot_analyze":
        return _silent(trace, found, quality, settings)
    return _result(trace, found, quality, settings)


def analyze(path: str | Path, settings: Settings = DEFAULTS, *, progress: Progress | None = None) -> Result:
    """Count the movements in a clip: `measure`, then `detect`.

    Parameters
    ----------
    path
        A video file.
    progress
        Told (stage, frames done, frames in all).

    Returns
    -------
    Result

    Raises
    ------
    ClipError
        The file is missing, is no video, or yields no frame.
    SettingsError
        An area lies outside of the picture.
    """
    return detect(measure(path, settings, progress=progress), settings)


def _silent(trace: MotionTrace, found: Found, quality: Quality, settings: Settings) -> Result:
    """The result of a clip that cannot be judged: reasons, and no events."""
    return Result(
        clip=trace.clip,
        quality=quality,
        summary=Summary(None, None, None, None, None),
        events=(),
        rejections=(),
        sustained=(),
        per_minute=(),
        foci=(),
        settings=settings,
        activity=_activity(trace, found),
    )


def _result(trace: MotionTrace, found: Found, quality: Quality, settings: Settings) -> Result:
    pairs = list(zip(found.judged, found.focus, strict=True))
    described = [(make_event(j.candidate, trace, found.threshold, f, settings.clip), j) for j, f in pairs]
    events = tuple(event for event, j in described if not j.reason)
    rejections = tuple(Rejection(event, j.reason) for event, j in described if j.reason)
    timed = long_enough(quality.usable_s, settings.quality.min_rate_s)
    rate, low, high = rate_per_min(len(events), quality.usable_s) if timed else (None, None, None)
    foci = make_foci(events, quality.usable_s if timed else 0.0)
    counts: dict[str, int] = {}
    for rejection in rejections:
        counts[rejection.reason] = counts.get(rejection.reason, 0) + 1
    end_s = float(trace.time_s[-1]) + trace.median_interval_s
    minutes = per_minute(events, float(trace.time_s[0]), end_s, quality.unusable) if timed else ()
    return Result(
        clip=trace.clip,
        quality=quality,
        summary=Summary(len(events), rate, low, high, len(foci), dict(sorted(counts.items()))),
        events=events,
        rejections=rejections,
        sustained=tuple(make_sustained(place, found.judged, trace) for place in found.restless),
        per_minute=minutes,
        foci=foci,
        settings=settings,
        activity=_activity(trace, found),
    )


def _activity(trace: MotionTrace, found: Found) -> Activity:
    """Curve and map for pictures: how far each cell moved, at most, in a counted movement."""
    heat = np.zeros(trace.geometry.shape)
    for j in found.judged:
        if not j.reason:
            heat = np.maximum(heat, j.candidate.footprint_px * trace.geometry.px_per_analysis_px)
    return Activity(found.time_s, found.score, found.threshold, heat)


def analyze_to_folder(
    path: str | Path,
    folder: Path,
    settings: Settings = DEFAULTS,
    *,
    force: bool = False,
    progress: Progress | None = None,
    isolate: bool = False,
) -> Result:
    """Analyze a clip and write everything that is said about it, all or nothing.

    Parameters
    ----------
    path
        A video file.
    folder
        Where the files go; made if need be.
    force
        Replace results that are there already.
    progress
        Told (stage, frames done, frames in all).
    isolate
        As in `measure`.

    Returns
    -------
    Result

    Raises
    ------
    FasciError
        What `analyze` raises; `OutputError` where the results cannot be written.
    """
    started = datetime.now(UTC)
    clock = time.monotonic()
    with results_folder(folder, source=Path(path), force=force) as scratch:
        trace = measure(path, settings, progress=progress, isolate=isolate)
        result = detect(trace, settings)
        strips: dict[str, Strip] = {}
        layout: Layout | None = None
        if settings.report.overlay and len(trace.time_s):
            with open_clip(path, settings.clip, isolate=isolate) as clip:
                layout, strips = _write_overlay(clip, scratch / OVERLAY, trace, result, progress)
        save_trace(scratch / "trace.npz", trace)
        write_timeline(scratch / "timeline.png", trace, result, settings.report.label)
        run = Run(
            __version__, library_versions(), started.isoformat(timespec="seconds"), round(time.monotonic() - clock, 2)
        )
        write_tables(result, scratch)
        write_report(make_page(trace, result, run, strips, layout), scratch)
        write_result(result, run, scratch / "result.json")
    return result


def _write_overlay(
    clip: Clip | IsolatedClip, target: Path, trace: MotionTrace, result: Result, progress: Progress | None
) -> tuple[Layout, dict[str, Strip]]:
    """Draw the overlay, and take the small pictures of the movements from the same reading of the clip."""
    if clip.facts.sha256 != trace.clip.sha256:
        raise NotAClip(f"{clip.path} was replaced by another file while it was analyzed; analyze it again")
    ask = result.settings.report
    taker = StripTaker(trace, result.events)
    layout = Layout.plan(*picture_size(clip.facts.width_px, clip.facts.height_px, ask.overlay_width_px))
    pictures = _watched(clip.pictures(ask.overlay_width_px), clip.n_expected, "drawing", progress)
    with VideoWriter(target, layout.width, layout.height) as video:
        for picture in draw_overlay(taker.watch(pictures), trace, result, ask):
            # players do not reach the end of a file whose first picture comes late
            video.write(picture.rgb, picture.time_s - float(trace.time_s[0]))
    return layout, taker.strips()
