"""timeline.png: one picture of the whole result, for a screen or an A4 page."""

from __future__ import annotations

import textwrap
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fascidetect.model import FloatArray, Focus, Minute, Registration, Result, Summary, Sustained, Unusable
from fascidetect.notice import NOTICE
from fascidetect.report.style import (
    Color,
    clock,
    focus_color,
    reason_words,
    sustained_words,
    time_ticks,
)
from fascidetect.report.summary import limit_words, part_words, per_minute

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

SIZE_IN, DPI = (10.0, 7.5), 160
"""1600 x 1200 px."""

LEFT, RIGHT = 0.06, 0.955

INK, SOFT, BAND, CURVE = "#1c1f24", "#5b6169", "#d9dbde", "#7d848c"
Rect = tuple[float, float, float, float]

MAX_NUMBERS = 40
"""With more events than this their marks carry no numbers."""


def write_timeline(path: Path, trace: Registration, result: Result, label: str = "") -> None:
    """Draw motion over time, counts per minute and the places of movement to a PNG file.

    Parameters
    ----------
    path
        File to write.
    trace
        Gives the time axis, the still picture and the analyzed area.
    result
        What was found.
    label
        Shown in the headline; nothing of the file's name is shown.

    Notes
    -----
    The same input gives the same bytes: the file carries neither date nor software version.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    plan = _Plan.of(trace.geometry.width_px / trace.geometry.height_px)
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a label in a script the font lacks
        mpl.rcdefaults()
        mpl.rc("font", size=10)
        mpl.rc("axes", edgecolor=SOFT)
        mpl.rc("text", color=INK, parse_math=False)  # a label may hold a dollar sign
        figure = Figure(figsize=SIZE_IN, dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        _headline(figure, result, label)
        _draw_motion(figure.add_axes(plan.motion), trace, result, plan.key_letters)
        _draw_minutes(figure.add_axes(plan.minutes), result)
        _draw_places(figure.add_axes(plan.places), trace, result)
        figure.text(LEFT, 0.015, textwrap.fill(NOTICE, 150), fontsize=8.5, color=SOFT, va="bottom")
        # a tenth larger than with the usual packing, in half the time
        figure.savefig(path, format="png", metadata={"Software": None}, pil_kwargs={"compress_level": 3})


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the panels lie (left, bottom, width, height as shares of the page)."""

    motion: Rect
    minutes: Rect
    places: Rect
    key_letters: int

    @staticmethod
    def of(aspect: float) -> _Plan:
        """Plan a page for a picture of this width by height; upright pictures get a column of their own."""
        if aspect < 0.9:
            split = RIGHT - 0.28
            left_w = split - LEFT - 0.045
            return _Plan((LEFT, 0.535, left_w, 0.29), (LEFT, 0.125, left_w, 0.265), (split, 0.17, 0.28, 0.655), 84)
        height = 0.31
        width = min(height * aspect * SIZE_IN[1] / SIZE_IN[0], 0.41)
        x = RIGHT - 0.055 - width
        minutes = (LEFT, 0.125, x - LEFT - 0.05, height)
        return _Plan((LEFT, 0.555, RIGHT - LEFT, 0.27), minutes, (x, 0.125, width, height), 130)


def _shade(color: Color) -> tuple[float, float, float]:
    """Color of a focus for white paper: a little darker than on the dark strip."""
    red, green, blue = (0.85 * v / 255 for v in color)
    return red, green, blue


def _headline(figure: Figure, result: Result, label: str) -> None:
    quality, summary = result.quality, result.summary
    refused = quality.verdict == "cannot_analyze"
    title = "Cannot analyze this clip" if refused else _count_words(result)
    figure.text(LEFT, 0.975, textwrap.shorten(label, 90, placeholder="..."), fontsize=10, color=SOFT, va="center")
    figure.text(LEFT, 0.942, title, fontsize=16, fontweight="bold", va="center")
    reasons = "; ".join(reason_words(reason) for reason in quality.reasons)
    below = [reasons] if refused else [_rate_words(summary), "  \N{MIDDLE DOT}  ".join(_limits(result))]
    text = "\n".join(textwrap.fill(part, 125, max_lines=3 - len(below), placeholder="...") for part in below)
    figure.text(LEFT, 0.919, text, fontsize=10, color=INK if refused else SOFT, va="top", linespacing=1.3)


def _count_words(result: Result) -> str:
    n = len(result.events)
    text = "No movement counted" if n == 0 else f"{n} movement{'s' if n > 1 else ''} counted"
    kinds = sorted({place.kind for place in result.sustained})
    return f"{text}; {' and '.join(kinds)} movement not counted" if kinds else text


def _rate_words(summary: Summary) -> str:
    rate, low, high = summary.rate_per_min, summary.rate_low_per_min, summary.rate_high_per_min
    if rate is None or low is None or high is None:
        return "no rate: too little usable time"
    if rate == 0:
        return f"fits any rate from 0 to {per_minute(high)} per minute (95 % interval, counting chance only)"
    return f"{rate:.3g} per minute (95 % interval {per_minute(low)} to {per_minute(high)}, counting chance only)"


def _limits(result: Result) -> list[str]:
    """How much of the clip was usable and what it could not show."""
    quality = result.quality
    parts = [
        f"{quality.usable_s:.0f} of {result.clip.duration_s:.0f} s usable{part_words(result)}",
        limit_words(result),
    ]
    if quality.verdict == "limited":
        parts.append("limited: " + "; ".join(reason_words(reason) for reason in quality.reasons))
    return parts


def _plain(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", pad=7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=SOFT, labelcolor=INK)


def _time_axis(axes: Axes, start_s: float, end_s: float, at_most: int) -> None:
    ticks = time_ticks(start_s, end_s, at_most=at_most)
    decimals = 0 if all(tick == int(tick) for tick in ticks) else 1
    axes.set_xlim(start_s, end_s)
    axes.set_xticks(ticks, [clock(tick, decimals=decimals) for tick in ticks])


def _span(trace: Registration) -> tuple[float, float]:
    if not len(trace.time_s):
        return 0.0, 1.0
    start = float(trace.time_s[0])
    return start, max(float(trace.time_s[-1]) + trace.median_interval_s, start + 0.1)


# -- motion over time -------------------------------------------------------------------------


def _draw_motion(axes: Axes, trace: Registration, result: Result, key_letters: int) -> None:
    """Draw the activity curve with its threshold, and what was found above it."""
    start, end = _span(trace)
    _plain(axes, "Motion over time, in units of the clip's own noise")
    threshold = result.activity.threshold if result.activity.threshold > 0 else 1.0
    score = np.maximum(np.asarray(result.activity.score, dtype=float), 0.1)
    known = score[np.isfinite(score)]
    peak = max(float(known.max(initial=0.0)), 2.5 * threshold)
    low = max(0.1, min(threshold / 8, float(np.percentile(known, 5)) if len(known) else threshold))
    high = peak * (peak / low) ** 0.30  # room above the curve for numbers
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    _time_axis(axes, start, end, key_letters // 10)
    _draw_unusable(axes, result.quality.unusable, (start, end))
    axes.plot(*_thinned(result.activity.time_s, score), color=CURVE, linewidth=0.8, zorder=2)
    if len(known):
        axes.axhline(threshold, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=2)
        axes.text(end, threshold, " threshold", fontsize=9, va="center", ha="left", rotation=90)
    axes.yaxis.set_major_locator(_round_levels(low, high if len(known) else 0))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    _draw_found(axes, result, low, high)
    _write_key(axes, result, key_letters)


def _round_levels(low: float, high: float) -> Any:
    from matplotlib.ticker import FixedLocator

    levels = [v * 10.0**n for n in range(-1, 7) for v in (1, 3)]
    return FixedLocator([v for v in levels if low <= v <= high])


def _thinned(time_s: FloatArray, score: FloatArray, columns: int = 1500) -> tuple[FloatArray, FloatArray]:
    """Keep the largest value of each group of samples, so that a long clip draws fast; NaN stays."""
    step = max(1, len(time_s) // columns)
    n = len(time_s) // step * step
    groups = score[:n].reshape(-1, step)
    best = np.where(np.isnan(groups).any(axis=1), np.nan, groups.max(axis=1))
    return np.asarray(time_s)[:n:step], best


def _draw_unusable(axes: Axes, unusable: Sequence[Unusable], span: tuple[float, float]) -> None:
    """Shade what was not analyzed; name its reason where there is room."""
    start, end = span
    for stretch in unusable:
        axes.axvspan(stretch.start_s, stretch.end_s, facecolor=BAND, edgecolor="#b9bcc0", hatch="////", linewidth=0)
        words = f"not analyzed: {reason_words(stretch.reason)}"
        share = (stretch.end_s - stretch.start_s) / (end - start)
        sideways = share < 0.0085 * len(words)
        if share < 0.018:
            continue
        middle = (stretch.start_s + stretch.end_s) / 2
        text = axes.text(middle, 0.5, words, transform=axes.get_xaxis_transform(), fontsize=9, zorder=6)
        text.set(rotation=90 if sideways else 0, ha="center", va="center")
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5})


def _draw_found(axes: Axes, result: Result, low: float, high: float) -> None:
    """Mark events by color of focus, rejected movements and sustained ones; many events get short marks."""
    level = high / (high / low) ** 0.10
    numbered = len(result.events) <= MAX_NUMBERS
    foot = low if numbered else level / (high / low) ** 0.14
    last = -np.inf
    for number, event in enumerate(result.events, start=1):
        color = _shade(focus_color(event.focus)) if event.focus else INK
        axes.plot([event.peak_s] * 2, [foot, level], color=color, linewidth=1.4, zorder=3)
        if numbered:
            axes.plot([event.peak_s], [level], "o", color=color, markersize=5, zorder=4, markeredgecolor=INK, mew=0.4)
        gap = (event.peak_s - last) / (axes.get_xlim()[1] - axes.get_xlim()[0])
        if numbered and gap > 0.014:
            axes.annotate(
                str(number), (event.peak_s, level), (0, 4), textcoords="offset points", fontsize=8, ha="center"
            )
            last = event.peak_s
    for place in result.sustained:
        axes.plot([place.start_s, place.end_s], [low * (high / low) ** 0.09] * 2, color=INK, linewidth=2.5, zorder=4)
    if result.rejections:
        times = [rejection.event.peak_s for rejection in result.rejections]
        axes.vlines(times, low, low * (high / low) ** 0.055, color=SOFT, linewidth=1.2, zorder=4)


def _write_key(axes: Axes, result: Result, letters: int) -> None:
    """Say in one line what the marks mean and how many were not counted, by reason."""
    parts = []
    if result.events:
        marks = "dot" if len(result.events) <= MAX_NUMBERS else "colored mark"
        parts.append(f"{marks}: counted, color = place" + (", number = event" if marks == "dot" else ""))
    if result.sustained:
        names = Counter(sustained_words(p.kind, p.rate_hz) for p in result.sustained)
        parts.append("bar: " + ", ".join(sorted(names)))
    if result.rejections:
        counts = Counter(reason_words(r.reason) for r in result.rejections)
        parts.append("short gray line: not counted: " + ", ".join(f"{n} {words}" for words, n in counts.most_common()))
    lines = textwrap.wrap(
        "   \N{MIDDLE DOT}   ".join(parts), letters, max_lines=2 if letters > 100 else 3, placeholder=" ..."
    )
    axes.text(0, -0.13, "\n".join(lines), transform=axes.transAxes, fontsize=9, color=SOFT, va="top", linespacing=1.3)


# -- counts per minute ------------------------------------------------------------------------


def _draw_minutes(axes: Axes, result: Result) -> None:
    """Bars of events per minute with the interval of the rate; minutes without usable time stay open."""
    _plain(axes, "Per minute of usable time (line: 95 % interval)")
    rows = [row for row in result.per_minute if row.usable_s > 0 and row.rate_per_min is not None]
    if not rows:
        _say(axes, "no rate: too little usable time")
        return
    for row in rows:
        _draw_bar(axes, row)
    highest = max(row.rate_high_per_min or row.rate_per_min or 0.0 for row in rows)
    axes.set_ylim(0, max(1.08 * highest, 1.0))
    _minute_axis(axes, result.per_minute)


def _draw_bar(axes: Axes, row: Minute) -> None:
    rate = row.rate_per_min or 0.0
    axes.bar(row.minute, rate, width=0.66, color="#8fb4cf", edgecolor=INK, linewidth=0.6)
    if row.rate_low_per_min is not None and row.rate_high_per_min is not None:
        around = [[max(rate - row.rate_low_per_min, 0.0)], [max(row.rate_high_per_min - rate, 0.0)]]
        axes.errorbar([row.minute], [rate], yerr=around, color=INK, linewidth=1, capsize=3)


def _minute_axis(axes: Axes, rows: Sequence[Minute]) -> None:
    """Label few bars with their span and count, many with their start only."""
    first, last = rows[0].minute, rows[-1].minute
    axes.set_xlim(first - 0.6, max(last + 0.6, first + 1.6))
    step = max(1, -(-len(rows) // 8))
    named = [row for row in rows if (row.minute - first) % step == 0]
    if len(rows) <= 3:
        words = [
            f"{clock(row.start_s)}-{clock(row.end_s)}\nn = {row.n_events} in {row.usable_s:.0f} s" for row in named
        ]
    elif step == 1:
        words = [f"{clock(row.start_s)}\nn = {row.n_events}" for row in named]
    else:
        words = [clock(row.start_s) for row in named]
    axes.set_xticks([row.minute for row in named], words)


def _say(axes: Axes, words: str) -> None:
    """Words instead of a drawing."""
    axes.set(xticks=[], yticks=[])
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=11, color=SOFT)


# -- where ------------------------------------------------------------------------------------


def _draw_places(axes: Axes, trace: Registration, result: Result) -> None:
    """Draw the still picture with counted movement as color, the area outlined, foci circled."""
    from matplotlib.colors import LinearSegmentedColormap

    _plain(axes, "Where")
    axes.set_title(f"analyzed area: {trace.area}", loc="right", fontsize=9, color=SOFT, pad=7)
    axes.set(xticks=[], yticks=[], anchor="NW")
    axes.spines[:].set_visible(False)
    width, height = trace.geometry.width_px, trace.geometry.height_px
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes.imshow(trace.reference, cmap="gray", vmin=0, vmax=255, extent=extent, interpolation="bilinear")
    heat = np.asarray(result.activity.heat, dtype=float)
    top = float(np.nanmax(heat, initial=0.0))
    if top > 0:
        colors = LinearSegmentedColormap.from_list("heat", ["#3b2a8c", "#b5468b", "#f0a541", "#fdf3b0"])
        alpha = np.clip(np.nan_to_num(heat) / top, 0, 1) ** 0.6 * 0.75
        image = axes.imshow(
            heat, cmap=colors, vmin=0, vmax=top, alpha=alpha, extent=extent, interpolation="nearest", zorder=2
        )
        _color_bar(axes, image, upright=width < 0.9 * height)
    _outline(axes, trace)
    axes.set_xlim(extent[:2])
    axes.set_ylim(extent[2:])
    _draw_foci(axes, result, max(width, height))


def _color_bar(axes: Axes, image: AxesImage, *, upright: bool) -> None:
    """Scale of the heat map: right of a wide picture, below an upright one."""
    axes.apply_aspect()
    place = (0.0, -0.045, 1.0, 0.022) if upright else (1.02, 0.0, 0.025, 1.0)
    orientation: Literal["horizontal", "vertical"] = "horizontal" if upright else "vertical"
    bar = axes.figure.colorbar(image, cax=axes.inset_axes(place), orientation=orientation)
    bar.set_label("largest movement, px", fontsize=9)
    bar.ax.tick_params(labelsize=9)


def _outline(axes: Axes, trace: Registration) -> None:
    rows, cols = trace.geometry.shape
    cells = np.stack(np.meshgrid(np.arange(-1, rows + 1), np.arange(-1, cols + 1), indexing="ij"), axis=-1)
    places = trace.geometry.analysis_to_px(trace.geometry.cells_to_analysis(cells.astype(float)))
    x = np.clip(places[..., 0], 0, trace.geometry.width_px - 1)
    y = np.clip(places[..., 1], 0, trace.geometry.height_px - 1)
    mask = np.pad(np.asarray(trace.mask, dtype=float), 1)
    for color, line in (("black", 2.4), ("white", 1.1)):
        axes.contour(x, y, mask, levels=[0.5], colors=color, linewidths=line, zorder=3)


def _draw_foci(axes: Axes, result: Result, long_px: int) -> None:
    """Circle the places: numbered with their count, or named where movement goes on."""
    least = 0.02 * long_px
    places: list[Focus | Sustained] = [*result.sustained, *result.foci]
    circles = [(p.ref_x_px, p.ref_y_px, max(p.radius_px, least)) for p in places]
    labels = _Labels(axes, circles)
    for place, circle in zip(result.sustained, circles, strict=False):
        _ring(axes, circle, (1.0, 1.0, 1.0), dashed=True)
        labels.put(sustained_words(place.kind, place.rate_hz), circle, (1.0, 1.0, 1.0))
    for focus, circle in zip(result.foci, circles[len(result.sustained) :], strict=True):
        red, green, blue = (v / 255 for v in focus_color(focus.focus))
        _ring(axes, circle, (red, green, blue))
        name = f"place {focus.focus}" if len(result.foci) <= 6 else f"{focus.focus}"
        labels.put(f"{name}: {focus.n_events}\N{MULTIPLICATION SIGN}", circle, (red, green, blue))


def _ring(
    axes: Axes, circle: tuple[float, float, float], color: tuple[float, float, float], *, dashed: bool = False
) -> None:
    from matplotlib.patches import Circle

    for ink, line in (((0.0, 0.0, 0.0), 3.2), (color, 1.6)):
        style = (0, (2.2, 1.6)) if dashed and ink == color else "solid"
        patch = Circle(circle[:2], circle[2], fill=False, edgecolor=ink, linewidth=line, linestyle=style, zorder=4)
        axes.add_patch(patch)


class _Labels:
    """Words beside circles, where they neither cover each other nor leave the picture."""

    def __init__(self, axes: Axes, circles: Sequence[tuple[float, float, float]]) -> None:
        axes.apply_aspect()
        self._axes = axes
        self._unit = 9 * DPI / 72 * (axes.get_xlim()[1] - axes.get_xlim()[0]) / axes.get_window_extent().width
        self._taken: list[Rect] = []
        self._circles = [(x - 0.7 * r, y - 0.7 * r, x + 0.7 * r, y + 0.7 * r) for x, y, r in circles]

    def put(self, words: str, circle: tuple[float, float, float], color: tuple[float, float, float]) -> None:
        """Write words beside a circle; where no room is left the circle must do."""
        (x, y, radius), w, h = circle, 0.6 * self._unit * len(words), 1.4 * self._unit
        reach = radius + 0.75 * h
        sides = ((0.0, -reach), (0.0, reach), (radius + 0.6 * w, 0.0), (-radius - 0.6 * w, 0.0))
        boxes = [(x + dx - w / 2, y + dy - h / 2, x + dx + w / 2, y + dy + h / 2) for dx, dy in sides]
        free = [box for box in boxes if self._free(box)]
        if not free:
            return
        clear = [box for box in free if not any(_overlap(box, circle) for circle in self._circles)]
        left, top, right, bottom = best = (clear or free)[0]
        self._taken.append(best)
        text = self._axes.text((left + right) / 2, (top + bottom) / 2, words, fontsize=9, color=color, zorder=5)
        text.set(ha="center", va="center_baseline")
        text.set_bbox({"facecolor": (0, 0, 0, 0.65), "edgecolor": "none", "pad": 1.5})

    def _free(self, box: Rect) -> bool:
        (left, right), (bottom, top) = self._axes.get_xlim(), self._axes.get_ylim()
        within = box[0] >= left and box[2] <= right and box[1] >= top and box[3] <= bottom
        return within and not any(_overlap(box, taken) for taken in self._taken)


def _overlap(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
