"""The picture of a trend: small multiples in SVG, one panel for each muscle and side.

The same panels stand on the page, where its style colors them, and in a file of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from fascidetect.batch.trend import Series, TrendRow
from fascidetect.report.summary import per_minute

WIDTH, HEIGHT = 340, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 30, 32
_RADIUS = 4.5
_MOST_LABELS = 3
_ACROSS = 3
_LONGEST_NAME, _LONGEST_DATE = 30, 14
"""Letters that find room above a panel and below it."""

_STYLE = """
text { font: 12px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; fill: #555c65 }
.title { fill: #1b1e23; font-weight: 600 }
.grid { stroke: #d5d8dc } .bar { stroke: #17568f; stroke-width: 2 } .whole { fill: #17568f }
.hollow { fill: #ffffff; stroke: #17568f; stroke-width: 2 }
"""


def panels(trend: Sequence[Series]) -> list[str]:
    """Draw one panel for each series, as an SVG element. Both sides of a muscle share their scale."""
    return [
        f'<svg role="img" aria-label="{escape(_words(series))}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f"{''.join(_panel(series, top))}</svg>"
        for series, top in zip(trend, _tops(trend), strict=True)
    ]


def picture(trend: Sequence[Series]) -> str:
    """Draw all panels into one SVG document."""
    columns = min(_ACROSS, max(1, len(trend)))
    width, height = columns * WIDTH, math.ceil(len(trend) / columns) * HEIGHT
    parts = [
        f'<g transform="translate({n % columns * WIDTH} {n // columns * HEIGHT})">'
        f"{''.join(_panel(series, top, subject=True))}</g>"
        for n, (series, top) in enumerate(zip(trend, _tops(trend), strict=True))
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<style>{_STYLE}</style><rect width="{width}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _tops(trend: Sequence[Series]) -> list[float]:
    """Upper end of each panel's scale, per minute."""
    highest: dict[tuple[str, str], float] = {}
    for series in trend:
        key = (series.subject, series.muscle.casefold())
        known = (session.row.rate_high_per_min or 0.0 for session in series.sessions)
        highest[key] = max(highest.get(key, 0.0), *known)
    return [_round_up(highest[series.subject, series.muscle.casefold()]) for series in trend]


def _round_up(value: float) -> float:
    """The next number with one digit, such as 8, 10 or 20; so its half is short too."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * power >= value * (1 - 1e-9))


def _panel(series: Series, top: float, *, subject: bool = False) -> Iterator[str]:
    name = f"{series.subject}: {series.place}" if subject and series.subject else series.place
    whole = f"<title>{escape(name)}</title>" if _short(name, _LONGEST_NAME) != name else ""
    yield f'<text class="title" x="{_LEFT}" y="18">{whole}{escape(_short(name, _LONGEST_NAME))}</text>'
    for value in (0.0, top / 2, top):
        y = _y(value, top)
        yield f'<path class="grid" d="M{_LEFT} {y}H{WIDTH - _RIGHT}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    yield f'<text x="{WIDTH - _RIGHT}" y="18" text-anchor="end">per minute</text>'
    rows = [session.row for session in series.sessions]
    every = math.ceil(len(rows) / _MOST_LABELS)
    for n, row in enumerate(rows):
        x = round(_LEFT + (n + 0.5) * (WIDTH - _LEFT - _RIGHT) / len(rows), 1)
        yield from _mark(row, x, top)
        if n % every == 0:
            date = _short(row.date or row.when, _LONGEST_DATE)
            yield f'<text x="{x}" y="{HEIGHT - 10}" text-anchor="middle">{escape(date)}</text>'


def _mark(row: TrendRow, x: float, top: float) -> Iterator[str]:
    rate, low, high = row.rate_per_min, row.rate_low_per_min, row.rate_high_per_min
    words = f"<title>{escape(_told(row))}</title>"
    if rate is None or low is None or high is None:
        yield f'<text x="{x}" y="{_y(0, top) - 6}" text-anchor="middle">{words}no rate</text>'
        return
    yield f'<path class="bar" d="M{x} {_y(low, top)}V{_y(high, top)}"/>'
    kind = "whole" if row.counted_by == "reviewed" else "hollow"
    yield f'<circle class="{kind}" cx="{x}" cy="{_y(rate, top)}" r="{_RADIUS}">{words}</circle>'


def _y(value: float, top: float) -> float:
    return round(HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM), 1)


def _told(row: TrendRow) -> str:
    return f"{row.when}: {rate_words(row)}"


def _words(series: Series) -> str:
    return f"{series.place}. {'. '.join(_told(session.row) for session in series.sessions)}"


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}\N{HORIZONTAL ELLIPSIS}"


def rate_words(row: TrendRow) -> str:
    """A rate with its interval, or why there is none."""
    if row.rate_per_min is None or row.rate_low_per_min is None or row.rate_high_per_min is None:
        return "no rate: too little usable time" if row.n_clips else "no rate: no clip could be judged"
    interval = f"{per_minute(row.rate_low_per_min)} to {per_minute(row.rate_high_per_min)}"
    return f"{per_minute(row.rate_per_min)} per minute ({interval})"
