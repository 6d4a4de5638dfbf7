"""The two halves and their sum: measure a clip, detect in its trace, or both, or into a folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from fascidetect.errors import NotAClip
from fascidetect.events.seek import Window, seek
from fascidetect.events.store import Candidates, save_candidates
from fascidetect.files import RESULT
from fascidetect.model import (
    ClipFacts,
    Frame,
    Geometry,
    MotionTrace,
    Progress,
    Registration,
    Result,
    Tried,
    VerifiedLimit,
)
from fascidetect.motion.measure import measure_frames
from fascidetect.motion.store import save_trace
from fascidetect.report.compose import make_page
from fascidetect.report.export import run_since, write_result, write_table, write_tables
from fascidetect.report.figures import write_timeline
from fascidetect.report.folder import LIMIT_TABLE, results_folder
from fascidetect.report.html import write_report
from fascidetect.report.layout import Layout
from fascidetect.report.overlay import draw_overlay
from fascidetect.report.page import OVERLAY
from fascidetect.report.strips import Strip, StripTaker
from fascidetect.result import make_result
from fascidetect.settings import Roi, Settings
from fascidetect.video.isolated import IsolatedClip, open_clip
from fascidetect.video.pixels import picture_size
from fascidetect.video.reader import Clip
from fascidetect.video.writer import VideoWriter

DEFAULTS = Settings()

CHECK_S = 6.0
"""Length of the part that `check` looks at."""

CHECK_SHARE = 0.7
"""Share of it that must be usable."""

_log = logging.getLogger(__name__)


class Verify(Protocol):
    """What tries the detection limit of a clip that was analyzed."""

    def __call__(  # noqa: D102 - as the class
        self,
        path: str | Path,
        trace: MotionTrace,
        windows: Sequence[Window],
        result: Result,
        *,
        progress: Progress | None = None,
        isolate: bool = False,
    ) -> tuple[VerifiedLimit, tuple[Tried, ...]]: ...


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

        def begin() -> Iterator[Frame]:
            return _watched(clip.frames(geometry), clip.n_expected, "measuring", progress)

        trace = measure_frames(begin, facts, geometry, settings.clip.rois, ask)
        lost, (rows, cols) = int(np.sum(~trace.ok)), geometry.shape
        working = f"{geometry.analysis_width_px} x {geometry.analysis_height_px} px"
        _log.info("measured %d frames at %s, %d x %d cells, area: %s", len(trace.ok), working, cols, rows, trace.area)
        _log.info("frames that could not be registered: %d", lost)
        return replace(trace, warnings=(*clip.warnings, *_beyond(settings.clip.rois, facts)))


def _beyond(rois: Sequence[Roi], facts: ClipFacts) -> Iterator[str]:
    """Warn of areas that reach beyond the picture: their numbers were most likely read off another one."""
    for roi in rois:
        if not all(-1 <= x <= facts.width_px + 1 and -1 <= y <= facts.height_px + 1 for x, y in roi.points):
            named = f" {roi.name!r}" if roi.name else ""
            size = f"{facts.width_px} x {facts.height_px} px"
            yield f"part of the area{named} lies outside of the picture ({size}); only what is inside is analyzed"


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
    return make_result(trace, seek(trace, settings.quality.max_gap_s, settings.detect), settings)


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


def check(
    path: str | Path, settings: Settings = DEFAULTS, *, progress: Progress | None = None, isolate: bool = False
) -> Result:
    """Judge the start of a clip, to know within seconds whether to film again.

    Parameters
    ----------
    path
        A video file.
    settings
        The part that is looked at starts at ``clip.from_s`` and lasts `CHECK_S`.
    progress
        Told ("measuring", frames done, frames in all).
    isolate
        As in `measure`.

    Returns
    -------
    Result
        Of that part; its verdict minds the length of the whole clip, but not that the part is short.

    Raises
    ------
    FasciError
        What `analyze` raises.
    """
    start_s, ask = settings.clip.from_s, settings.quality
    part = replace(settings.clip, to_s=min(settings.clip.to_s, start_s + CHECK_S))
    trace = measure(path, replace(settings, clip=part), progress=progress, isolate=isolate)
    length_s = min(trace.clip.duration_s, settings.clip.to_s) - start_s
    needed = {name: getattr(ask, name) for name in ("min_clip_s", "min_rate_s")}
    lenient = {name: min(least_s, CHECK_SHARE * CHECK_S) for name, least_s in needed.items() if length_s >= least_s}
    return detect(trace, replace(settings, clip=part, quality=replace(ask, **lenient)))


def analyze_to_folder(  # noqa: PLR0913 - one argument for each option
    path: str | Path,
    folder: Path,
    settings: Settings = DEFAULTS,
    *,
    force: bool = False,
    verify: Verify | None = None,
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
    verify
        Also try the detection limit in the clip's own pictures: `fascidetect.verify.verify_limit`.
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
        windows = seek(trace, settings.quality.max_gap_s, settings.detect)
        result = make_result(trace, windows, settings)
        if verify and result.quality.limit50_px is not None:
            verified, tried = verify(path, trace, windows, result, progress=progress, isolate=isolate)
            result = replace(result, quality=replace(result.quality, verified=verified))
            write_table(tried, Tried, scratch / LIMIT_TABLE)
        strips: dict[str, Strip] = {}
        layout: Layout | None = None
        if settings.report.overlay and len(trace.time_s):
            with open_clip(path, settings.clip, isolate=isolate) as clip:
                if clip.facts.sha256 != trace.clip.sha256:
                    raise NotAClip(f"{path} was replaced by another file while it was analyzed; analyze it again")
                layout, strips = write_overlay(clip, scratch / OVERLAY, trace, result, progress)
        save_trace(scratch / "trace.npz", trace)
        save_candidates(scratch / "candidates.npz", Candidates(trace, windows, settings))
        write_timeline(scratch / "timeline.png", trace, result, settings.report.label)
        write_tables(result, scratch)
        run = run_since(started, clock)
        write_report(make_page(trace, result, run, strips, layout), scratch)
        write_result(result, run, scratch / RESULT)
    return result


def write_overlay(
    clip: Clip | IsolatedClip, target: Path, about: Registration, result: Result, progress: Progress | None = None
) -> tuple[Layout, dict[str, Strip]]:
    """Draw the overlay, and take the small pictures of the movements from the same reading of the clip.

    Parameters
    ----------
    clip
        The one that was analyzed.
    target
        The video to write.

    Returns
    -------
    tuple
        How the overlay is laid out, and the pictures by the id of their movement.
    """
    ask = result.settings.report
    taker = StripTaker(about, result.events)
    layout = Layout.plan(*picture_size(clip.facts.width_px, clip.facts.height_px, ask.overlay_width_px))
    pictures = _watched(clip.pictures(ask.overlay_width_px), clip.n_expected, "drawing", progress)
    with VideoWriter(target, layout.width, layout.height) as video:
        for picture in draw_overlay(taker.watch(pictures), about, result, ask):
            # players do not reach the end of a file whose first picture comes late
            video.write(picture.rgb, picture.time_s - float(about.time_s[0]))
    return layout, taker.strips()
