"""Review without knowing what the program found: the clip without boxes, a page without counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fascidetect.model import ClipFacts, Progress
from fascidetect.report.carry import OUTDATED
from fascidetect.report.page import Page
from fascidetect.review import Review
from fascidetect.settings import ClipSettings, ReportSettings
from fascidetect.video.pixels import picture_size
from fascidetect.video.reader import Clip
from fascidetect.video.writer import VideoWriter


def blinded(page: Page, clip: ClipFacts) -> Page:
    """Leave out of a page all that tells what the program found."""
    video = page.video
    if video is not None:
        width, height = _even(clip.width_px, clip.height_px)
        video = replace(video, width=width, height=height, picture_x=0, picture_w=width, picture_h=height)
    return replace(
        page,
        headline="Marked without knowing what the program counted",
        figures=(),
        sentences=(),
        movements=(),
        rejected=(),
        sustained=(),
        places=(),
        minutes=(),
        reviewed=(),
        warnings=tuple(text for text in page.warnings if text != OUTDATED),
        curve=replace(page.curve, height=(None,) * len(page.curve.height)),
        video=video,
    )


def marks_only(review: Review) -> Review:
    """Leave of a review only the rater's own marks, also of those that the program has come to see since."""
    marks = (replace(one, id=one.thread, origin="added", event=None) for one in review.events if one.marked)
    return replace(review, events=tuple(marks))


def write_plain(clip_path: Path, target: Path, settings: ClipSettings, progress: Progress | None = None) -> None:
    """Write the analyzed part of a clip as a browser plays it, with nothing drawn on it.

    Raises
    ------
    ClipError
        It cannot be read.
    OutputError
        It cannot be written.
    """
    with Clip(clip_path, settings) as clip:
        width, height = _even(clip.facts.width_px, clip.facts.height_px)
        start_s: float | None = None
        with VideoWriter(target, width, height) as video:
            for done, picture in enumerate(clip.pictures(ReportSettings().overlay_width_px), 1):
                start_s = picture.time_s if start_s is None else start_s
                video.write(picture.rgb, picture.time_s - start_s)
                if progress:
                    progress("copying", done, max(done, clip.n_expected))


def _even(width_px: int, height_px: int) -> tuple[int, int]:
    return picture_size(width_px, height_px, ReportSettings().overlay_width_px)
