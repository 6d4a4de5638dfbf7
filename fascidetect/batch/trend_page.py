"""A trend in words, as a page and as tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from fascidetect.batch.bursts import BURSTS
from fascidetect.batch.pages import render, safe
from fascidetect.batch.trend import RatioRow, Series, TrendRow
from fascidetect.batch.trend_figure import panels, picture, rate_words
from fascidetect.files import write_whole
from fascidetect.report.export import to_csv
from fascidetect.report.summary import per_minute

CAVEAT = (
    "Intervals (95 %) cover counting chance only. Twitches come in bursts, so they are too narrow; and a rate may "
    "differ for how a clip was filmed, for time of day, exertion, caffeine or sleep."
)


def write_trend(folder: Path, trend: Sequence[Series]) -> tuple[Path, ...]:
    """Write trend.csv, trend_ratio.csv (where sessions are compared), trend.svg and trend.html.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    rows = [session.row for series in trend for session in series.sessions]
    ratios = [series.ratio for series in trend if series.ratio]
    texts = {
        "trend.csv": to_csv(rows, TrendRow),
        "trend_ratio.csv": to_csv(ratios, RatioRow),
        "trend.svg": picture(trend),
        "trend.html": _page(trend),
    }
    for name, text in texts.items():
        write_whole(folder / name, text.encode("utf-8", "replace"))
    return tuple(folder / name for name in texts)


def _page(trend: Sequence[Series]) -> str:
    drawn = zip(trend, panels(trend), strict=True)
    subjects = [
        (subject, [(series, safe(panel)) for series, panel in group])
        for subject, group in groupby(drawn, key=lambda pair: pair[0].subject)
    ]
    return render(
        "trend.html.j2",
        subjects=subjects,
        caveat=CAVEAT,
        rate_words=rate_words,
        ratio_words=ratio_words,
        limit_words=limit_words,
        remarks=_remarks,
    )


def limit_words(row: TrendRow) -> str:
    """The smallest movement that would show, in px and mm."""
    if row.limit50_px is None:
        return ""
    return f"{row.limit50_px:.2g} px" + (f" ({row.limit50_mm:.2g} mm)" if row.limit50_mm is not None else "")


def context_words(row: TrendRow) -> str:
    """The circumstances of a session, one after the other."""
    return "; ".join(f"{name.replace('_', ' ')}: {text}" for name, text in row.context.items())


def _remarks(row: TrendRow) -> str:
    unfit = f"{row.n_unfit} {'clip' if row.n_unfit == 1 else 'clips'} could not be judged" if row.n_unfit else ""
    return ". ".join(
        part for part in (context_words(row), _floor_words(row), unfit, burst_words(row.dispersion)) if part
    )


def _floor_words(row: TrendRow) -> str:
    return f"movements of at least {row.amplitude_floor} only" if row.amplitude_floor else ""


def _counted_words(row: TrendRow) -> str:
    return f"{row.counted_by}, of at least {row.amplitude_floor}" if row.amplitude_floor else row.counted_by


def burst_words(dispersion: float | None) -> str:
    """How far counts vary more than by chance, where they do."""
    if dispersion is None or dispersion < BURSTS:
        return ""
    return (
        f"counts vary {dispersion:.1f} times as much as by chance alone, "
        f"so the interval should be about {math.sqrt(dispersion):.1f} times as wide"
    )


def ratio_words(ratio: RatioRow) -> str:
    """One session over another in a sentence, or why they are not compared."""
    pair = f"{ratio.second} against {ratio.first}"
    if ratio.not_compared:
        return f"{pair}: not compared. {ratio.not_compared[0].upper()}{ratio.not_compared[1:]}."
    low, high = ratio.ratio_low or 0.0, ratio.ratio_high
    upper = f"{per_minute(low)} to {per_minute(high)}" if high is not None and math.isfinite(high) else None
    interval = f"95 % interval {upper}" if upper else f"95 % interval from {per_minute(low)} without an upper end"
    value = f"rate ratio {per_minute(ratio.ratio)}" if ratio.ratio is not None else "rate ratio not defined"
    bursts = burst_words(ratio.dispersion)
    return f"{pair}: {value} ({interval}, counting chance only){f'; {bursts}' if bursts else ''}."


def told(trend: Sequence[Series]) -> Iterator[str]:
    """The trend in lines of text."""
    for series in trend:
        yield f"{series.subject}: {series.place}" if series.subject else series.place
        for session in series.sessions:
            row = session.row
            parts = [rate_words(row), f"{row.usable_s:.0f} s usable", _counted_words(row), context_words(row)]
            yield f"  {row.when}: {', '.join(part for part in parts if part)}"
            if bursts := burst_words(row.dispersion):
                yield f"    {bursts}"
        if series.ratio:
            yield f"  {ratio_words(series.ratio)}"
