"""The clip with what was found drawn on it, and a strip of the whole clip below the picture.

Everything that stays the same from frame to frame is drawn once; per frame the picture is copied,
the few things active at that time are drawn, and the playhead is set.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fascidetect.model import (
    Activity,
    ByteArray,
    Event,
    FloatArray,
    IntArray,
    Picture,
    Registration,
    Result,
    Sustained,
    transform,
)
from fascidetect.report.layout import Axis, Camera, Layout, Rect, around, dashes, overlap
from fascidetect.report.pen import Pen
from fascidetect.report.still import outlines
from fascidetect.report.style import (
    REJECTED_COLOR,
    Color,
    amount,
    clock,
    focus_color,
    reason_words,
    sustained_words,
    time_ticks,
)
from fascidetect.settings import ReportSettings

LEAD_S, LINGER_S = 0.15, 0.4
"""A box stands so long before the onset and after the offset, for the eye to catch it."""

WITHOUT_BOX = ("below_threshold", "duplicate")
"""Many and hardly visible, or under another box: they are marked in the strip only."""

BACKGROUND: Color = (18, 20, 24)
PLOT: Color = (34, 37, 43)
BAND: Color = (92, 94, 98)
FAINT: Color = (140, 144, 150)
CURVE: Color = (190, 194, 200)
TEXT: Color = (238, 238, 238)
OUTLINE: Color = (215, 215, 215)
NOTE: Color = (255, 222, 150)
HALO: Color = (0, 0, 0)
SUBPIXEL_BITS = 3
SMOOTH = {"lineType": cv2.LINE_AA, "shift": SUBPIXEL_BITS}

Canvas = npt.NDArray[Any]


def draw_overlay(
    pictures: Iterable[Picture], trace: Registration, result: Result, settings: ReportSettings
) -> Iterator[Picture]:
    """Draw what was found onto pictures of the clip.

    Parameters
    ----------
    pictures
        Upright pictures of the clip in order of time, any size.
    trace
        Where the camera was in each frame, and the analyzed area.
    result
        What was found.
    settings
        The label; the file's name is never shown.

    Yields
    ------
    Picture
        All of one even size, with the index and the time of the picture they show.
    """
    stream = iter(pictures)
    first = next(stream, None)
    if first is None:
        return
    layout = Layout.plan(first.rgb.shape[1], first.rgb.shape[0])
    scene = _Scene(layout, trace, result)
    strip = _Strip(layout, trace, result, settings.label)
    for picture in itertools.chain([first], stream):
        canvas = _mount(layout, picture.rgb)
        scene.draw(canvas, picture)
        strip.draw(canvas, picture.time_s, registered=scene.camera.registered(picture.index))
        yield Picture(picture.index, picture.time_s, canvas)


def _mount(layout: Layout, rgb: ByteArray) -> ByteArray:
    """Put a picture on a new canvas; the strip is left to be filled."""
    if rgb.shape[:2] != (layout.picture_h, layout.picture_w):
        rgb = cv2.resize(rgb, (layout.picture_w, layout.picture_h), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    canvas = np.empty((layout.height, layout.width, 3), np.uint8)
    if layout.picture_w < layout.width:
        canvas[: layout.picture_h] = BACKGROUND
    canvas[: layout.picture_h, layout.picture_x : layout.picture_x + layout.picture_w] = rgb
    return canvas


@dataclass(frozen=True, slots=True)
class _Mark:
    """A box around a movement."""

    event: Event
    text: str
    color: Color
    counted: bool

    @property
    def shift_px(self) -> FloatArray:
        """From the place of the movement to the center of its box."""
        e = self.event
        return np.array([e.box_x_px + e.box_w_px / 2 - e.x_px, e.box_y_px + e.box_h_px / 2 - e.y_px])

    def active(self, time_s: float) -> bool:
        """Whether the movement itself is under way."""
        return self.event.onset_s <= time_s <= self.event.offset_s


def _marks(result: Result) -> list[_Mark]:
    """Everything that gets a box: rejected ones first, so that counted ones lie on top."""
    boxed = [r for r in result.rejections if r.reason not in WITHOUT_BOX]
    marks = [_Mark(r.event, reason_words(r.reason), REJECTED_COLOR, counted=False) for r in boxed]
    for number, event in enumerate(result.events, start=1):
        text = f"#{number}  {amount(event.amplitude_px)} px"
        if event.amplitude_mm is not None:
            text += f"  {amount(event.amplitude_mm)} mm"
        marks.append(_Mark(event, text, focus_color(event.focus), counted=True))
    return marks


class _Scene:
    """What is drawn into the picture: the analyzed area, boxes and places that never rest."""

    def __init__(self, layout: Layout, trace: Registration, result: Result) -> None:
        self.camera = Camera(layout.from_px(trace.geometry.width_px), trace)
        self._layout = layout
        self._scale = layout.picture_w / trace.geometry.width_px
        self._outlines = outlines(trace)
        self._sustained = result.sustained
        self._marks = _marks(result)
        self._start_s = np.array([m.event.onset_s - LEAD_S for m in self._marks])
        self._end_s = np.array([m.event.offset_s + LINGER_S for m in self._marks])
        self._pen = Pen(layout.unit_px)
        self._thin = max(2, round(layout.unit_px / 10))

    def draw(self, canvas: ByteArray, picture: Picture) -> None:
        """Draw everything that holds at the picture's time."""
        view = canvas[: self._layout.picture_h]
        matrix = self.camera.matrix(picture.index)
        _lines(view, [transform(matrix, line) for line in self._outlines], OUTLINE, self._thin, closed=True)
        labels = _Labels(view, self._pen)
        now = np.flatnonzero((self._start_s <= picture.time_s) & (picture.time_s <= self._end_s))
        boxes = [(self._marks[n], self._box(self._marks[n], matrix)) for n in now]
        for mark, box in boxes:
            self._draw_box(view, mark, box, active=mark.active(picture.time_s))
        for mark, box in reversed(boxes):
            labels.put(mark.text, box, mark.color, must=mark.counted)
        for place in self._sustained:
            if place.start_s <= picture.time_s <= place.end_s:
                self._draw_sustained(view, place, matrix, labels)

    def _box(self, mark: _Mark, matrix: FloatArray) -> FloatArray:
        """Left, top, right, bottom of a mark's box on the canvas."""
        event = mark.event
        center = transform(matrix, np.array([event.ref_x_px, event.ref_y_px])) + mark.shift_px * self._scale
        size = np.array([event.box_w_px, event.box_h_px]) * self._scale
        half = np.maximum(size / 2, 1.2 * self._layout.unit_px)
        return np.concatenate([center - half, center + half])

    def _draw_box(self, view: ByteArray, mark: _Mark, box: FloatArray, *, active: bool) -> None:
        left, top, right, bottom = box
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        thickness = self._thin + (2 if active else 0)
        if mark.counted:
            color = mark.color if active else _dimmed(mark.color)
            _lines(view, corners[None], color, thickness, closed=True)
        else:
            _lines(view, dashes(corners, 0.6 * self._layout.unit_px), mark.color, self._thin)

    def _draw_sustained(self, view: ByteArray, place: Sustained, matrix: FloatArray, labels: _Labels) -> None:
        x, y = transform(matrix, np.array([place.ref_x_px, place.ref_y_px]))
        radius = max(place.radius_px * self._scale, 1.5 * self._layout.unit_px)
        angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        ring = np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=-1)
        _lines(view, ring.reshape(-1, 2, 2), TEXT, self._thin)
        box = np.array([x - radius, y - radius, x + radius, y + radius])
        labels.put(sustained_words(place.kind, place.rate_hz), box, TEXT, must=True)


class _Labels:
    """Places labels beside boxes within one picture so that no two cover each other."""

    def __init__(self, view: ByteArray, pen: Pen) -> None:
        self._view = view
        self._pen = pen
        self._taken: list[Rect] = []

    def put(self, text: str, box: FloatArray, color: Color, *, must: bool) -> None:
        """Write a text on a dark plate outside of the box; without room only if it must be."""
        w, h = self._pen.width(text) + self._pen.size // 2, round(1.3 * self._pen.size)
        places = [self._inside(x, y, w, h) for x, y in around(box, w, h)]
        clear = [place for place in places if not self._covers(place, box)]
        if not clear and not must:
            return
        place = clear[0] if clear else places[0]
        left, top, right, bottom = place
        self._taken.append(place)
        self._view[top:bottom, left:right] //= 4
        self._pen.write(self._view, text, left + self._pen.size // 4, bottom - 0.33 * self._pen.size, color)

    def _inside(self, x: float, y: float, w: int, h: int) -> Rect:
        rows, cols = self._view.shape[:2]
        left = round(min(max(x, 0), max(cols - w, 0)))
        top = round(min(max(y, 0), max(rows - h, 0)))
        return left, top, left + w, top + h

    def _covers(self, place: Rect, box: FloatArray) -> bool:
        left, top, right, bottom = (float(v) for v in box)
        whole = right - left > 0.8 * self._view.shape[1] or bottom - top > 0.8 * self._view.shape[0]
        taken = self._taken if whole else [*self._taken, (round(left), round(top), round(right), round(bottom))]
        return any(overlap(place, other) for other in taken)


def _dimmed(color: Color) -> Color:
    red, green, blue = (round(0.75 * v) for v in color)
    return red, green, blue


def _fixed_point(points: FloatArray) -> npt.NDArray[np.int32]:
    """Points as whole numbers of eighths of a pixel, the way OpenCV takes them."""
    return np.rint(np.clip(points, -1e5, 1e5) * (1 << SUBPIXEL_BITS)).astype(np.int32)


def _lines(
    view: ByteArray, lines: FloatArray | list[FloatArray], color: Color, thickness: int, *, closed: bool = False
) -> None:
    """Draw smooth lines with a dark halo, so that they show on every skin tone."""
    points = list(_fixed_point(lines)) if isinstance(lines, np.ndarray) else [_fixed_point(line) for line in lines]
    for width, ink in ((thickness + 2, HALO), (thickness, color)):
        cv2.polylines(view, points, isClosed=closed, color=ink, thickness=width, **SMOOTH)


class _Strip:
    """Below the picture: clock, count, and the whole clip on one time axis with a playhead."""

    def __init__(self, layout: Layout, trace: Registration, result: Result, label: str) -> None:
        self._layout = layout
        self._unusable = result.quality.unusable
        self._onset_s = np.array([e.onset_s for e in result.events])
        self._pen = Pen(layout.unit_px)
        self._large = Pen(1.3 * layout.unit_px)
        self._standing = _standing_words(result)
        self._judged = result.quality.verdict != "cannot_analyze"
        axis = Axis.plan(layout, trace)
        self._axis = axis
        self._still = _draw_still(layout, axis, result, label)

    def draw(self, canvas: ByteArray, time_s: float, *, registered: bool) -> None:
        """Fill the strip of a canvas."""
        top, u = self._layout.picture_h, self._layout.unit_px
        canvas[top:] = self._still
        baseline = top + 1.5 * u
        words = clock(time_s, decimals=3)
        self._large.write(canvas, words, u, baseline, TEXT)
        left, right = u + self._large.width("0" * len(words)) + u, self._layout.width - u
        count = self._count(time_s)
        if count:
            right -= self._pen.width(count)
            self._pen.write(canvas, count, right, baseline, TEXT)
        note = self._pen.fit(self._note(time_s, registered=registered), right - left - u)
        self._pen.write(canvas, note, left, baseline, NOTE)
        self._draw_playhead(canvas, time_s)

    def _count(self, time_s: float) -> str:
        if self._standing:
            return "" if not self._judged else self._standing
        return f"{np.count_nonzero(self._onset_s <= time_s)} so far, {len(self._onset_s)} in all"

    def _note(self, time_s: float, *, registered: bool) -> str:
        if not self._judged:
            return self._standing
        for stretch in self._unusable:
            if stretch.start_s <= time_s <= stretch.end_s:
                return f"not analyzed: {reason_words(stretch.reason)}"
        return "" if registered else f"not analyzed: {reason_words('shaken or not registered')}"

    def _draw_playhead(self, canvas: ByteArray, time_s: float) -> None:
        _, top, _, bottom = self._layout.plot
        x, rise = round(self._axis.x(time_s)), self._layout.unit_px // 3
        canvas[top - rise : bottom, x - 2 : x + 2] = HALO
        canvas[top - rise : bottom, x - 1 : x + 1] = (255, 255, 255)


def _standing_words(result: Result) -> str:
    """What is said instead of a running count, where counting would mislead."""
    if result.quality.verdict == "cannot_analyze":
        return "cannot analyze this clip"
    if result.events:
        return ""
    kinds = sorted({place.kind for place in result.sustained})
    return f"{' and '.join(kinds)} movement, not counted" if kinds else "none counted"


def _draw_still(layout: Layout, axis: Axis, result: Result, label: str) -> ByteArray:
    """Draw all of the strip that never changes: bands, curve, marks, times, legend."""
    canvas = np.empty((layout.height, layout.width, 3), np.uint8)
    canvas[:] = BACKGROUND
    left, top, right, bottom = layout.plot
    canvas[top:bottom, left:right] = PLOT
    for stretch in result.quality.unusable:
        _hatch(canvas, (round(axis.x(stretch.start_s)), top, round(axis.x(stretch.end_s)), bottom))
    _draw_curve(canvas, layout.plot, axis, result.activity)
    _draw_event_marks(canvas, layout, axis, result)
    _draw_times(canvas, layout, axis)
    _draw_legend(canvas, layout, result, label)
    return canvas[layout.picture_h :].copy()


def _hatch(canvas: ByteArray, rect: Rect) -> None:
    """Fill a rectangle (at least two columns) with gray diagonal lines."""
    left, top, right, bottom = rect
    right = max(right, left + 2)
    y, x = np.mgrid[top:bottom, left:right]
    pattern = np.where(((x + y) % 8 < 3)[..., None], BAND, (52, 54, 58))
    canvas[top:bottom, left:right] = pattern[:, : canvas.shape[1] - left]


def _draw_curve(canvas: ByteArray, plot: Rect, axis: Axis, activity: Activity) -> None:
    """Draw the largest score in each column against the threshold, on a compressed scale."""
    _, top, _, bottom = plot
    threshold = activity.threshold if activity.threshold > 0 else 1.0
    columns = np.array([round(axis.x(float(t))) for t in activity.time_s], dtype=int)
    known = np.isfinite(activity.score)
    peaks = np.full(canvas.shape[1], np.nan)
    np.fmax.at(peaks, columns[known], np.asarray(activity.score, dtype=float)[known])
    high = max(4.0, float(np.nanmax(peaks, initial=0.0)) / threshold)
    level = np.log1p(np.maximum(peaks, 0) / threshold) / np.log1p(high)
    y = bottom - 1 - 0.86 * (bottom - top) * level
    for x in range(plot[0], plot[2], 8):
        canvas[round(bottom - 1 - 0.86 * (bottom - top) * np.log(2) / np.log1p(high)), x : x + 4] = FAINT
    shown = np.flatnonzero(np.isfinite(y))
    for run in np.split(shown, np.flatnonzero(np.diff(shown) > _column_gap(columns)) + 1):
        points = _fixed_point(np.stack([run, y[run]], axis=-1))
        cv2.polylines(canvas, [points], isClosed=False, color=CURVE, thickness=1, **SMOOTH)


def _column_gap(columns: IntArray) -> float:
    """Columns between neighboring samples beyond which a curve is broken."""
    return max(2.0, 3 * float(np.median(np.diff(columns)))) if len(columns) > 1 else 2.0


def _draw_event_marks(canvas: ByteArray, layout: Layout, axis: Axis, result: Result) -> None:
    """Counted: tall colored marks with a head, short ones where crowded. Rejected: short gray. Sustained: a bar."""
    _, top, _, bottom = layout.plot
    u = layout.unit_px
    for place in result.sustained:
        x0, x1 = round(axis.x(place.start_s)), round(axis.x(place.end_s))
        canvas[bottom - round(0.9 * u) : bottom - round(0.7 * u), x0 : x1 + 1] = TEXT
    for rejection in result.rejections:
        x = round(axis.x(rejection.event.peak_s))
        canvas[bottom - round(0.5 * u) : bottom, x - 1 : x + 1] = REJECTED_COLOR
    crowded = len(result.events) * u > axis.right - axis.left
    for event in result.events:
        x, color = round(axis.x(event.peak_s)), focus_color(event.focus)
        canvas[top + u // 2 : top + round(1.3 * u) if crowded else bottom, x - 1 : x + 1] = color
        if not crowded:
            cv2.circle(canvas, (x, top + u // 2), max(3, u // 4), color, -1, cv2.LINE_AA)


def _draw_times(canvas: ByteArray, layout: Layout, axis: Axis) -> None:
    _, _, _, bottom = layout.plot
    u = layout.unit_px
    pen = Pen(0.85 * u)
    ticks = time_ticks(axis.start_s, axis.end_s, at_most=layout.width // (4 * u))
    decimals = 0 if all(tick == int(tick) for tick in ticks) else 1
    for tick in ticks:
        x, text = round(axis.x(tick)), clock(tick, decimals=decimals)
        canvas[bottom : bottom + u // 3, x : x + 1] = FAINT
        half = pen.width(text) / 2
        pen.write(canvas, text, min(max(x - half, 2), layout.width - 2 * half - 2), bottom + 1.2 * u, FAINT)


def _draw_legend(canvas: ByteArray, layout: Layout, result: Result, label: str) -> None:
    """Explain what occurs in this strip, and write the clip's label where room is left."""
    u = layout.unit_px
    pen = Pen(0.85 * u)
    x, baseline = float(u), layout.picture_h + 7.7 * u
    mid, half = round(baseline - 0.3 * u), u // 3
    if result.quality.verdict == "cannot_analyze":
        reasons = "; ".join(reason_words(reason) for reason in result.quality.reasons)
        pen.write(canvas, pen.fit(reasons, layout.width - 2 * u), x, baseline, NOTE)
        return
    for kind, words in _legend(result):
        left = round(x)
        if kind == "band":
            _hatch(canvas, (left, mid - half, left + u, mid + half))
        elif kind == "bar":
            canvas[mid - 1 : mid + 2, left : left + u] = TEXT
        elif kind == "event":
            cv2.circle(canvas, (left + u // 2, mid), max(3, u // 4), focus_color(1), -1, cv2.LINE_AA)
        else:
            canvas[mid - half : mid + half, left + u // 2 : left + u // 2 + 2] = REJECTED_COLOR
        x += 1.4 * u
        pen.write(canvas, words, x, baseline, FAINT)
        x += pen.width(words) + u
    shown = pen.fit(" ".join(label.split()), layout.width - u - x)
    pen.write(canvas, shown, layout.width - u - pen.width(shown), baseline, TEXT)


def _legend(result: Result) -> list[tuple[str, str]]:
    """Signs that occur, with their words."""
    signs = [
        ("event", "counted (color: place)", bool(result.events)),
        ("rejected", "not counted", bool(result.rejections)),
        ("bar", "/".join(sorted({place.kind for place in result.sustained})), bool(result.sustained)),
        ("band", "not analyzed", bool(result.quality.unusable)),
    ]
    return [(kind, words) for kind, words, occurs in signs if occurs]
