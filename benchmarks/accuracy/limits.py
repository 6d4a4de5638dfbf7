"""Whether the detection limit that a clip is told is the one that it has.

One clip for each of some groups, with many twitches from far below to far above the limit: a curve
fitted to what was found of them, in usable time and where the clip is analyzed, is the truth: of these the limit
that is told speaks. They are drawn before the codec, as in life; with
``--verify`` those are tried, too, that `fascidetect analyze --verify-limit` puts in after it.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import store
from groups import GROUPS, SHAPES, Group, Item, plain
from places import in_reference, limit_told
from report import aligned, nullable, number

from fascidetect.evaluate import found_in, score_clip
from fascidetect.events.seek import seek
from fascidetect.phantom import scatter
from fascidetect.result import make_result
from fascidetect.review.truth import program_truth
from fascidetect.settings import LINES, Settings
from fascidetect.statistics import logistic_curve
from fascidetect.verify import verify_limit

CHOSEN = (
    *("still", "hand-held", "native", "smooth", "hairy", "tone-1", "tone-4", "dark", "sole", "close-up"),
    *("messenger", "fps-60"),
)
LENGTH_S = 120.0
RATE_PER_MIN, FOCI, GAP_S = 48.0, 12, 0.9
AMPLITUDE_PX = (0.15, 3.0)  # at 540 lines
WITHIN = 1.6
GOOD_ENOUGH = 0.25


@dataclass(frozen=True)
class LimitTask:
    """A clip, and whether twitches are also put in after the codec."""

    item: Item
    verify: bool


@dataclass(frozen=True)
class Limits:
    """Limits of one clip, px at 720 lines; NaN where they cannot be told."""

    name: str
    verdict: str
    bits_per_px: float
    n_true: int
    n_found: int
    predicted50: float
    predicted90: float
    true50: float
    true50_low: float
    true50_high: float
    true90: float
    tried50: float = math.nan
    tried90: float = math.nan

    @property
    def ratio(self) -> float:
        """Predicted over true limit."""
        return self.predicted50 / self.true50


def limit_items(side: str, names: Sequence[str] = ()) -> list[Item]:
    """One clip of each chosen group."""
    chosen = names or CHOSEN
    return [_item(group, side) for group in GROUPS if group.name in chosen]


def _item(group: Group, side: str) -> Item:
    name = f"{side}-{group.name}-limit"
    seed = zlib.crc32(name.encode())
    rng = np.random.default_rng(seed)
    bare = plain(seed, side, LENGTH_S, rng)
    recipe = group.change(bare, rng)
    scale = min(recipe.width_px, recipe.height_px) / min(bare.width_px, bare.height_px)
    low, high = (scale * a for a in AMPLITUDE_PX)
    habit = replace(
        group.habit,
        rate_per_min=RATE_PER_MIN,
        foci=FOCI if group.name != "close-up" else group.habit.foci,
        amplitude_px=(low, high),
        min_gap_s=GAP_S,
        shapes=SHAPES[side],
    )
    return Item(group.name, name, quiet=False, recipe=replace(recipe, twitches=scatter(rng, recipe, habit)))


def limits_of(task: LimitTask) -> Limits:
    """Make, measure and judge one clip, and fit its limit to what was found."""
    import cv2

    cv2.setNumThreads(1)
    settings = Settings()
    path, truth = store.clip_of(task.item.recipe)
    trace = store.trace_of(path, truth.sha256)
    windows = seek(trace, settings.quality.max_gap_s, settings.detect)
    result = make_result(trace, windows, settings)
    found, clip = found_in(result), trace.clip
    there = tuple(
        event for event in truth.events if math.isfinite(limit_told(in_reference(event, trace), result, trace.geometry))
    )
    asked = replace(truth, events=there, ignore=(*truth.ignore, *program_truth(found).ignore))
    tally = score_clip(found, asked)
    unit = LINES / min(clip.width_px, clip.height_px)
    sizes = np.array([known.amplitude_720px for known in tally.known], dtype=float)
    true = [math.exp(v) for v in logistic_curve(np.log(sizes), np.array([known.hit for known in tally.known]))]
    tried50 = tried90 = math.nan
    if task.verify and result.quality.limit50_px is not None:
        verified, _ = verify_limit(path, trace, windows, result)
        tried50, tried90 = ((v or math.nan) * unit for v in (verified.limit50_px, verified.limit90_px))
    predicted = ((v or math.nan) * unit for v in (result.quality.limit50_px, result.quality.limit90_px))
    return Limits(
        task.item.name,
        result.quality.verdict,
        clip.bits_per_px,
        tally.n_true,
        tally.n_hits,
        *predicted,
        *true,
        tried50,
        tried90,
    )


def limits_table(found: Sequence[Limits]) -> str:
    """One line for each clip, and how far the prediction is off."""
    head = (
        "px at 720 lines",
        "verdict",
        "bit/px",
        "found",
        "predicted",
        "true (95 %)",
        "ratio",
        "after codec",
        "90 %",
        "",
    )
    rows = [
        (
            one.name,
            one.verdict,
            f"{one.bits_per_px:.3f}",
            f"{one.n_found}/{one.n_true}",
            number(one.predicted50, 2),
            f"{number(one.true50, 2)} ({number(one.true50_low, 2)}..{number(one.true50_high, 2)})",
            number(one.ratio, 2),
            number(one.tried50, 2),
            f"{number(one.predicted90, 2)} / {number(one.true90, 2)}",
            "" if not math.isfinite(one.ratio) or 1 / WITHIN <= one.ratio <= WITHIN else "!",
        )
        for one in found
    ]
    ratios = np.array([one.ratio for one in found if math.isfinite(one.ratio)])
    if not len(ratios):
        return aligned([head, *rows])
    error = float(np.median(np.abs(ratios - 1)))
    within = float(np.mean((ratios >= 1 / WITHIN) & (ratios <= WITHIN)))
    return (
        f"{aligned([head, *rows])}\n"
        f"predicted against true: median error {100 * error:.0f} % (asked: {100 * GOOD_ENOUGH:.0f} %), "
        f"{100 * within:.0f} % of {len(ratios)} clips within {WITHIN:g} x (asked: 90 %), "
        f"median ratio {np.median(ratios):.2f}"
    )


def limits_tree(side: str, found: Sequence[Limits]) -> dict[str, Any]:
    """All numbers for a file; what is not known is null."""
    return {"side": side, "limits": [nullable(one) for one in found]}
