"""What the report shows, as plain values: words, numbers and shares; no markup, nothing to work out.

The report embeds its page, so that the review can show it again without the clip
(`fascidetect.report.html`); `fascidetect.report.compose` makes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from fascidetect.model import Reviewed

OVERLAY = "overlay.mp4"
"""The video beside the page."""

TICKS_PER_S = 10_000
"""Times of frames are kept as whole ten-thousandths of a second."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the large figures at the top: ``name`` under ``value``, then a note."""

    key: str
    value: str
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the description of the clip and the run."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement that was seen: counted where ``reason`` is empty.

    ``number`` counts the counted ones from 1. Places are px of the upright picture at the peak;
    ``strip`` is an image as base64, empty where there is none.
    """

    id: str
    number: int
    onset_s: float
    peak_s: float
    offset_s: float
    clock: str
    x_px: float
    y_px: float
    focus: int
    size: str
    length_s: float
    snr: float
    confidence: float
    reason: str = ""
    reason_words: str = ""
    strip: str = ""
    magnified: float = 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time with its words: not analyzed, or movement that goes on."""

    start_s: float
    end_s: float
    words: str


@dataclass(frozen=True, slots=True)
class Place:
    """A circle on the still, in px of the full picture; ``focus`` is 0 where movement goes on."""

    focus: int
    x_px: float
    y_px: float
    radius_px: float
    words: str
    n_events: int
    rate: str = ""


@dataclass(frozen=True, slots=True)
class Minute:
    """Counts of one minute, for the table."""

    start: str
    n_events: int
    usable_s: float
    rate: str
    interval: str


@dataclass(frozen=True, slots=True)
class Video:
    """The overlay beside the page, and where the clip's picture lies in it, in px of the overlay.

    ``first_tick`` and ``steps`` tell the times of its frames in the clip, in units of 1 / `TICKS_PER_S` s; the
    overlay itself starts at 0 s. ``decision`` is `Page.decision` when it was drawn.
    """

    name: str
    width: int
    height: int
    picture_x: int
    picture_w: int
    picture_h: int
    first_tick: int
    steps: tuple[int, ...]
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Still:
    """Picture of the analyzed area (base64 WebP) and its outlines in px of the full picture."""

    image: str
    width_px: int
    height_px: int
    outlines: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, slots=True)
class LimitMap:
    """What would show where: a picture (base64 WebP) to lay over the still, and both ends of its scale in words."""

    image: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Curve:
    """Motion over time in hundredths of the threshold, None where nothing could be told; times are the frames'."""

    threshold: float
    first_tick: int
    steps: tuple[int, ...]
    height: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """All that the report shows about one clip.

    ``standalone`` asks for the video inside of the file; ``decision`` changes with anything that the video shows.
    """

    schema_version: str
    title: str
    headline: str
    judged: bool
    figures: tuple[Figure, ...]
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    start_s: float
    end_s: float
    usable_s: float
    movements: tuple[Movement, ...]
    rejected: tuple[Movement, ...]
    unusable: tuple[Span, ...]
    sustained: tuple[Span, ...]
    places: tuple[Place, ...]
    minutes: tuple[Minute, ...]
    facts: tuple[Fact, ...]
    still: Still
    curve: Curve
    video: Video | None = None
    settings: tuple[Fact, ...] = ()
    standalone: bool = False
    reviewed: tuple[Reviewed, ...] = ()
    decision: str = ""
    limits: LimitMap | None = None
