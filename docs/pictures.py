"""The plots of measured accuracy, from numbers to SVG: the same numbers give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from fascidetect.evaluate.table import span_words

MAIN = "0.25"
WITHIN = 1.6
"""Factor by which a limit that a clip is told may be off."""

STYLE = {"svg.hashsalt": "fascidetect", "svg.fonttype": "none", "font.family": "sans-serif"}


def span(one: dict[str, Any]) -> str:
    """The range of sizes of a bin, whose upper end is null if it has none."""
    return span_words(one["low"], math.inf if one["high"] is None else one["high"])


def draw_scores(groups: dict[str, Any], calibration: Sequence[dict[str, float]], folder: Path) -> None:
    """What is found by size, F1 by group, and whether the confidence is a probability."""
    with mpl.rc_context(STYLE):
        bins = groups["all"][MAIN]["by_amplitude"]
        figure = Figure(figsize=(6.4, 2.8), layout="constrained")
        axes = figure.subplots()
        shares = [b["n_hits"] / b["n_true"] for b in bins]
        axes.bar(range(len(bins)), shares, color="#4b83b5", width=0.7)
        for k, (b, share) in enumerate(zip(bins, shares, strict=True)):
            axes.annotate(f"{b['n_hits']}/{b['n_true']}", (k, share), ha="center", va="bottom", fontsize=9)
        axes.set_xticks(range(len(bins)), [span(b) for b in bins])
        axes.set(ylim=(0, 1.12), xlabel="largest displacement, px at 720 lines", ylabel="share found")
        _save(figure, axes, folder / "validation-size.svg")

        rows = [(n, g[MAIN]["f1"]) for n, g in groups.items() if g[MAIN]["f1"]["value"] is not None]
        figure = Figure(figsize=(6.4, 0.6 + 0.24 * max(3, len(rows))), layout="constrained")
        axes = figure.subplots()
        for k, (_, f1) in enumerate(rows):
            if f1["low"] is not None:
                axes.plot([f1["low"], f1["high"]], [k, k], color="#9db8d1", linewidth=4, solid_capstyle="round")
            axes.plot(f1["value"], k, "o", color="#1f4e79", markersize=5)
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.invert_yaxis()
        axes.set(xlim=(-0.02, 1.02), xlabel="F1, peaks within 0.25 s; bar: 95 % interval over clips")
        _save(figure, axes, folder / "validation-groups.svg")
        if calibration:
            _draw_calibration(calibration, folder / "validation-confidence.svg")


def _draw_calibration(bins: Sequence[dict[str, float]], path: Path) -> None:
    figure = Figure(figsize=(4.2, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    axes.plot([b["confidence"] for b in bins], [b["true"] for b in bins], "o-", color="#1f4e79", markersize=5)
    for b in bins:
        axes.annotate(f"{b['n']:.0f}", (b["confidence"], b["true"]), (4, -10), textcoords="offset points", fontsize=8)
    axes.set(xlim=(-0.02, 1.04), ylim=(-0.02, 1.04), xlabel="confidence", ylabel="share that are twitches")
    _save(figure, axes, path)


def draw_limits(told: Sequence[dict[str, Any]], path: Path) -> None:
    """Limits that clips were told over true ones, with the band of `WITHIN`."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 4.0), layout="constrained")
        axes = figure.subplots()
        sizes = [one[key] for one in told for key in ("predicted50", "true50")]
        ends = [0.8 * min(sizes), 1.25 * max(sizes)]
        axes.fill_between(ends, [e / WITHIN for e in ends], [e * WITHIN for e in ends], color="#dfe8f1", linewidth=0)
        axes.plot(ends, ends, color="#999999", linewidth=1)
        for one in told:
            low, high = one["true50_low"], one["true50_high"]
            if low and high:
                axes.plot([low, high], [one["predicted50"]] * 2, color="#9db8d1", linewidth=1.5)
            axes.plot(one["true50"], one["predicted50"], "o", color="#1f4e79", markersize=5)
        axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
        ticks = [t for t in (0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0) if ends[0] <= t <= ends[1]]
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_locator(NullLocator())
            axis.set_ticks(ticks, [f"{t:g}" for t in ticks])
        axes.set(xlabel="half are found at, px at 720 lines; line: 95 %", ylabel="the clip was told")
        _save(figure, axes, path)


def _save(figure: Any, axes: Any, path: Path) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None}, facecolor="white")
