"""index.html: all recordings of a batch on one page, with links to what was found in each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fascidetect.batch.pages import render, safe
from fascidetect.batch.rollup import ClipResult, Line, SummaryRow
from fascidetect.files import RESULT, write_whole
from fascidetect.report.summary import per_minute

INDEX = "index.html"
MOST_ROWS = 5000
"""More would be slow to open; summary.csv has them all."""

_TARGETS = ("report.html", "overlay.mp4", RESULT)
_WIDTH, _HEIGHT = 160, 22


@dataclass(frozen=True, slots=True)
class _Shown:
    """One row of the page."""

    row: SummaryRow
    link: str
    session: str
    muscle: str
    rate: str
    interval: str
    remarks: str
    more: tuple[str, ...]
    strokes: Any


def write_index(lines: Iterable[Line], results: Path) -> Iterator[Line]:
    """Write the page while the lines pass through; it is there when the last has passed."""
    shown: list[_Shown] = []
    totals = {"analyzed": 0, "cannot be judged": 0, "failed": 0, "not analyzed yet": 0}
    for line in lines:
        totals[_sort(line.row)] += 1
        if len(shown) < MOST_ROWS:
            shown.append(_shown(line, results))
        yield line
    facts = {
        "who": any(one.row.subject for one in shown),
        "session": any(one.session for one in shown),
        "muscle": any(one.muscle for one in shown),
        "reviewed": any(one.row.n_reviewed is not None for one in shown),
    }
    page = render(
        "index.html.j2",
        clips=shown,
        facts=facts,
        number=_key,
        total=sum(totals.values()),
        totals=f"{', '.join(f'{n} {words}' for words, n in totals.items() if n) or 'Nothing to show'}.",
    )
    write_whole(results / INDEX, page.encode("utf-8", "replace"))


def _sort(row: SummaryRow) -> str:
    if row.status == "done":
        return "cannot be judged" if row.verdict == "cannot_analyze" else "analyzed"
    return "failed" if row.status == "failed" else "not analyzed yet"


def _shown(line: Line, results: Path) -> _Shown:
    row = line.row
    low, high = row.rate_low_per_min, row.rate_high_per_min
    rate, interval = "", ""
    if row.rate_per_min is not None and low is not None and high is not None:
        rate, interval = per_minute(row.rate_per_min), f"{per_minute(low)} to {per_minute(high)}"
    remarks, more = _remarks(line)
    return _Shown(
        row=row,
        link=_link(row, results),
        session=", ".join(part for part in (row.date, row.session) if part),
        muscle=" ".join(part for part in (row.side, row.muscle) if part),
        rate=rate,
        interval=interval,
        remarks=remarks,
        more=more,
        strokes=safe(strokes(line.result)) if line.result and _sort(row) == "analyzed" else "",
    )


def _link(row: SummaryRow, results: Path) -> str:
    """Where to look at a clip: its report, or else its overlay, or else its numbers."""
    if not row.result_dir:
        return ""
    for name in _TARGETS:
        if (results / row.result_dir / name).is_file():
            return quote(f"{row.result_dir}/{name}", errors="surrogateescape")
    return ""


def _remarks(line: Line) -> tuple[str, tuple[str, ...]]:
    """What to know first about a clip, and what else."""
    sort = _sort(line.row)
    head = ("limited" if line.row.verdict == "limited" else "") if sort == "analyzed" else sort
    first, more = line.remarks[:1], line.remarks[1:]
    return ": ".join(part for part in (head, *first) if part), more


def _key(value: float | None) -> str:
    """Number to sort by."""
    return "" if value is None else f"{value:.9g}"


def strokes(result: ClipResult) -> str:
    """Draw a line as long as the clip, with a stroke for each movement and gray for what could not be used (SVG)."""
    duration_s = max(result.clip.duration_s, 1e-9)
    n, middle = len(result.events), _HEIGHT / 2

    def x(time_s: float) -> float:
        return round(min(max(time_s / duration_s, 0), 1) * _WIDTH, 1)

    gaps = "".join(
        f'<rect x="{x(span.start_s)}" width="{max(x(span.end_s) - x(span.start_s), 0.5):.1f}" height="{_HEIGHT}"/>'
        for span in result.quality.unusable
    )
    marks = "".join(f"M{x(event.peak_s)} 3v{_HEIGHT - 6}" for event in result.events)
    words = f"{n} {'movement' if n == 1 else 'movements'} in {result.clip.duration_s:.0f} s"
    return (
        f'<svg role="img" aria-label="{words}" width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        f'<g style="fill:var(--gap)">{gaps}</g><path d="M0 {middle}H{_WIDTH}" style="stroke:var(--line)"/>'
        f'<path d="{marks}" style="stroke:var(--mark);stroke-width:1.5;fill:none"/></svg>'
    )
