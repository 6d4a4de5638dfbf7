"""What it is worth to film well: the same muscle filmed in one way after the other, and what shows of its twitches.

Sizes are told in mm, because a nearer camera makes the same twitch larger in the picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import store
from groups import SHAPES, USUAL, Change, Group, camera, chain, held, plain, scene, size
from report import aligned, nullable, number, write_picture

from fascidetect.evaluate import found_in, score_clip
from fascidetect.phantom import Recipe, render, scatter
from fascidetect.pipeline import detect
from fascidetect.settings import LINES
from fascidetect.statistics import logistic_curve

LENGTH_S = 90.0
RATE_PER_MIN, FOCI, GAP_S = 60.0, 8, 0.9
AMPLITUDE_MM, RADIUS_MM = (0.04, 0.9), (5.0, 8.5)
SEED = {"dev": 11, "report": 12}
DRAWN, TILE_WH = ("usual", "distance", "light"), (400, 225)


@dataclass(frozen=True)
class Way:
    """One way of filming: the condition that differs from the usual way, and how."""

    condition: str
    name: str
    change: Change
    support: float = 1.0


def _near(times: float) -> Change:
    """Come nearer: fewer mm to a px, and more of the picture is limb."""

    def change(recipe: Recipe, _: np.random.Generator) -> Recipe:
        seen = recipe.scene
        share = min(1.0, times * seen.limb_share)
        return replace(recipe, scene=replace(seen, mm_per_px=seen.mm_per_px / times, limb_share=share))

    return change


WAYS = (
    Way("usual", "held in a calm hand, 26 cm across the picture, daylight, 30 frames/s", chain()),
    Way("support", "the phone stands", chain(), 0.0),
    Way("support", "held in a restless hand", chain(), 3.0),
    Way("distance", "half as far: 13 cm across the picture", _near(2.0)),
    Way("distance", "twice as far: 52 cm across the picture", _near(0.5)),
    Way("light", "a dim room", chain(scene(exposure=0.35), camera(read_noise=3.5, shot_noise=3.0, denoise_px=1.2))),
    Way("light", "from the side", scene(light_side=0.9)),
    Way("light", "from the front", scene(light_side=0.1)),
    Way("frame rate", "60 frames/s", camera(fps=60.0)),
    Way("bit rate", "0.3 bit per px and frame", camera(bits_per_px=0.3)),
    Way("bit rate", "0.03 bit per px and frame", camera(bits_per_px=0.03)),
    Way("copy", "sent through a messenger: 640 x 360, 0.05 bit", chain(size(640, 360), camera(bits_per_px=0.05))),
)


@dataclass(frozen=True)
class Shown:
    """What one way of filming shows; sizes in mm, NaN where no curve fits."""

    condition: str
    name: str
    verdict: str
    usable: float
    n_true: int
    n_found: int
    n_false: int
    limit50_mm: float
    low_mm: float
    high_mm: float


def recipe_of(way: Way, side: str) -> Recipe:
    """The clip of a way: always the same limb, and twitches of the same sizes in mm."""
    rng = np.random.default_rng(SEED[side])
    group = Group(way.name, "", held(way.support) if way.support else lambda recipe, _: recipe)
    bare = plain(SEED[side], side, LENGTH_S, rng)
    limb = replace(bare.scene, texture=0.6, hair_per_cm2=1.0, tone=0.3, limb_share=0.65, light_side=0.5)
    recorded = replace(bare.camera, bits_per_px=0.1, denoise_px=0.9, read_noise=1.5, shot_noise=2.0)
    recipe = way.change(group.change(replace(bare, scene=limb, camera=recorded), rng), rng)
    per_mm = 1 / recipe.scene.mm_per_px
    habit = replace(
        USUAL,
        rate_per_min=RATE_PER_MIN,
        foci=FOCI,
        amplitude_px=tuple(per_mm * mm for mm in AMPLITUDE_MM),
        radius_px=tuple(per_mm * mm for mm in RADIUS_MM),
        min_gap_s=GAP_S,
        shapes=SHAPES[side],
    )
    return replace(recipe, twitches=scatter(np.random.default_rng(SEED[side]), recipe, habit))


def shown_by(task: tuple[str, str]) -> Shown:
    """Make, measure and judge the clip of a way, by its name, on a side; and fit the size of which half is found."""
    import cv2

    cv2.setNumThreads(1)
    name, side = task
    way = next(way for way in WAYS if way.name == name)
    recipe = recipe_of(way, side)
    path, truth = store.clip_of(recipe)
    result = detect(store.trace_of(path, truth.sha256))
    tally = score_clip(found_in(result), truth)
    mm = recipe.scene.mm_per_px * min(recipe.width_px, recipe.height_px) / LINES
    sizes = np.array([known.amplitude_720px * mm for known in tally.known])
    hits = np.array([known.hit for known in tally.known])
    limit50, low, high, _ = (math.exp(v) for v in logistic_curve(np.log(sizes), hits))
    usable = tally.usable_s / tally.clip_s
    found = tally.n_true, tally.n_hits, tally.n_false
    return Shown(way.condition, way.name, result.quality.verdict, usable, *found, limit50, low, high)


def filming_table(shown: Sequence[Shown]) -> str:
    """One line for each way."""
    head = ("condition", "filmed", "verdict", "usable", "found", "false", "half are found at mm (95 %)")
    rows = [
        (
            one.condition,
            one.name,
            one.verdict,
            number(one.usable, 2),
            f"{one.n_found}/{one.n_true}",
            str(one.n_false),
            f"{number(one.limit50_mm, 2)} ({number(one.low_mm, 2)}..{number(one.high_mm, 2)})",
        )
        for one in shown
    ]
    return aligned([head, *rows])


def filming_tree(side: str, shown: Sequence[Shown]) -> dict[str, Any]:
    """All numbers for a file; what is not known is null."""
    return {"side": side, "filming": [nullable(one) for one in shown]}


def draw_ways(side: str, path: Path) -> None:
    """Write one picture of the ways that look different, in rows of three: what the camera sees, before any codec."""
    import cv2

    shown = [way for way in WAYS if way.condition in DRAWN]
    tiles = []
    for way in shown:
        rgb = next(iter(render(replace(recipe_of(way, side), duration_s=0.1, twitches=())))).rgb
        tiles.append(cv2.resize(rgb, TILE_WH, interpolation=cv2.INTER_AREA))
    rows = [np.hstack(tiles[k : k + 3]) for k in range(0, len(tiles), 3)]
    write_picture(path, np.vstack(rows))
