"""report.html: one file that shows a result anywhere, and from which the review reads it back."""

from __future__ import annotations

import base64
import functools
import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from fascidetect.errors import ClipError
from fascidetect.files import write_whole
from fascidetect.notice import NOTICE
from fascidetect.report.page import OVERLAY, TICKS_PER_S, Curve, Page, Span
from fascidetect.report.strips import GAP_PX, MOST, PANEL_PX, PANELS
from fascidetect.report.style import FOCUS_COLORS, clock, time_ticks
from fascidetect.report.summary import reviewed_words

if TYPE_CHECKING:
    from jinja2 import Environment

REPORT = "report.html"
WEB = Path(__file__).with_name("web")
STYLES = ("page.css",)
MODULES = ("frames", "player", "report")

POLICY = (
    "default-src 'none'; img-src data:; media-src 'self' file: data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline' data:; base-uri 'none'; form-action 'none'"
)
"""Lets the page reach nothing but the overlay beside it: a browser then refuses every connection."""

CURVE_COLUMNS = 600
MOST_NUMBERED = 40
"""With more movements than this their marks carry no numbers."""

EMBEDDED_BYTES = 25_000_000
"""A report with its video inside stays below this size, which mail programs still take."""

_DATA_START, _DATA_END = '<script type="application/json" id="page">', "</script>"
_STRIP = re.compile(r'data-strip="([^"]+)" src="data:image/webp;base64,([A-Za-z0-9+/=]+)"')
_STILL = re.compile(r'id="still" href="data:image/webp;base64,([A-Za-z0-9+/=]+)"')


def render_report(page: Page, *, overlay: bytes | None = None) -> str:
    """Write a page as one HTML file.

    Parameters
    ----------
    overlay
        The video to embed; without it the page plays the file beside it.
    """
    source = page.video.name if page.video else ""
    if overlay is not None:
        source = f"data:video/mp4;base64,{base64.b64encode(overlay).decode()}"
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            **page_context(page, source),
            inline=True,
            policy=POLICY,
            styles=STYLES,
            imports={"imports": {name: _script_uri(name) for name in MODULES}},
            start=("report",),
        )
    )


def write_report(page: Page, folder: Path, video_folder: Path | None = None) -> None:
    """Write report.html into the folder of a result, in one step; the video to put inside may lie elsewhere."""
    overlay = embeddable(video_folder or folder) if page.standalone else None
    write_whole(folder / REPORT, render_report(page, overlay=overlay).encode())


def embeddable(folder: Path) -> bytes | None:
    """The overlay of a folder if a report with it stays below `EMBEDDED_BYTES`, else None."""
    overlay = folder / OVERLAY
    if not overlay.is_file() or overlay.stat().st_size * 4 / 3 >= EMBEDDED_BYTES:
        return None
    return overlay.read_bytes()


def page_context(page: Page, video_source: str) -> dict[str, Any]:
    """What the template of the report needs, whoever shows it."""
    span = max(page.end_s - page.start_s, 1e-9)

    def x(time_s: float) -> float:
        return round(100 * min(max((time_s - page.start_s) / span, 0.0), 1.0), 3)

    def width(stretch: Span) -> float:
        return round(max(x(stretch.end_s) - x(stretch.start_s), 0.2), 3)

    return {
        "page": page,
        "video_source": video_source,
        "captions": captions(page),
        "curve": _drawn(page.curve, page.start_s, page.end_s),
        "ticks": _ticks(page, x),
        "numbered": len(page.movements) <= MOST_NUMBERED,
        "x": x,
        "width": width,
        "data": _embedded(page),
        "notice": NOTICE,
        "reviewed_words": list(reviewed_words(page.reviewed)),
        "strip_width": PANELS * PANEL_PX + (PANELS - 1) * GAP_PX,
        "strip_height": PANEL_PX,
        "most_strips": MOST,
    }


def read_page(path: Path) -> Page:
    """Read back the page from a report.html that this program wrote.

    Raises
    ------
    ClipError
        The file is missing or holds no page of ours.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ClipError(f"{path.parent} holds no report.html; run fascidetect analyze again") from error
    start = text.rfind(_DATA_START)
    end = text.find(_DATA_END, start)
    if start < 0 or end < 0:
        raise ClipError(f"{path} was not written by fascidetect, or is cut short")
    try:
        page = msgspec.json.decode(text[start + len(_DATA_START) : end], type=Page)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ClipError(f"{path} comes from another version ({error}); run fascidetect analyze again") from error
    return _with_images(page, text)


def captions(page: Page) -> str:
    """WebVTT cues as a data URI: a file of cues beside the page would not be loaded from a disk."""
    start_s = page.video.first_tick / TICKS_PER_S if page.video else 0.0
    cues = [
        f"{_cue_time(one.onset_s - start_s)} --> {_cue_time(max(one.offset_s, one.onset_s + 0.5) - start_s)}\n"
        f"{one.number}: {'' if not one.focus else f'place {one.focus}, '}{one.size}"
        for one in page.movements
    ]
    text = "\n\n".join(["WEBVTT", *cues])
    return f"data:text/vtt;base64,{base64.b64encode(text.encode()).decode()}"


def _cue_time(time_s: float) -> str:
    ms = round(max(time_s, 0.0) * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


@functools.cache
def environment(*more: Path) -> Environment:
    """Templates of the report, and of further folders; everything that is put into them is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader([WEB, *more])
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals.update(asset=_asset, focus_class=_focus_class, inline=False, nonce="", static="")
    return made


def _asset(name: str) -> Any:
    from markupsafe import Markup

    return Markup((WEB / name).read_text(encoding="utf-8"))


def _script_uri(name: str) -> str:
    return f"data:text/javascript;base64,{base64.b64encode((WEB / f'{name}.js').read_bytes()).decode()}"


def _focus_class(focus: int) -> int:
    return (focus - 1) % len(FOCUS_COLORS) + 1 if focus > 0 else 0


def _with_images(page: Page, text: str) -> Page:
    """Put the images, which the markup shows, back into the page that was embedded without them."""
    strips = dict(_STRIP.findall(text))
    still = _STILL.search(text)
    return replace(
        page,
        still=replace(page.still, image=still[1] if still else ""),
        movements=tuple(replace(one, strip=strips.get(one.id, "")) for one in page.movements),
    )


def _embedded(page: Page) -> Any:
    """The page but for its images as JSON inside of a script element, which no letter in it can end."""
    from markupsafe import Markup

    bare = replace(
        page,
        still=replace(page.still, image=""),
        movements=tuple(replace(one, strip="") for one in page.movements),
    )
    tree = {**msgspec.to_builtins(bare), "ticks_per_s": TICKS_PER_S}
    text = msgspec.json.encode(tree).decode()
    for letter, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028")):
        text = text.replace(letter, code)
    return Markup(text)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A curve as a path of so many columns by 100."""

    columns: int
    path: str
    threshold: float


def _drawn(curve: Curve, start_s: float, end_s: float) -> _Drawn:
    """Draw the largest value of each column on a compressed scale, with gaps where nothing is known."""
    time_s = np.cumsum([curve.first_tick, *curve.steps])[: len(curve.height)] / TICKS_PER_S
    column = np.clip((time_s - start_s) / max(end_s - start_s, 1e-9) * CURVE_COLUMNS, 0, CURVE_COLUMNS - 1).astype(int)
    height = np.full(CURVE_COLUMNS, np.nan)
    known = np.array([h is not None for h in curve.height], dtype=bool)
    np.fmax.at(height, column[known], np.array([h for h in curve.height if h is not None]) / 100)
    top = math.log1p(max(4.0, float(np.nanmax(height, initial=0.0))))
    y = 100 - 96 * np.log1p(np.maximum(height, 0)) / top
    reach = max(1.0, 2 * CURVE_COLUMNS / max(len(curve.height), 1))  # columns between neighboring samples
    parts, last = [], -math.inf
    for k in np.flatnonzero(np.isfinite(y)).tolist():
        parts.append(f"{'L' if k - last <= reach else 'M'}{k} {y[k]:.1f}")
        last = k
    return _Drawn(CURVE_COLUMNS, "".join(parts), round(100 - 96 * math.log(2) / top, 1))


def _ticks(page: Page, x: Any) -> list[dict[str, Any]]:
    times = time_ticks(page.start_s, page.end_s, at_most=9)
    decimals = 0 if all(tick == int(tick) for tick in times) else 1
    return [{"x": x(tick), "words": clock(tick, decimals=decimals), "anchor": _anchor(x(tick))} for tick in times]


def _anchor(percent: float) -> str:
    return "start" if percent < 2 else "end" if percent > 98 else "middle"
