"""What each ingredient of the detector earns: it is left out, and the same clips are scored again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
import store
from jobs import JUDGED, Job, clip_and_truth
from report import MAIN, aligned, interval, number

from fascidetect.evaluate import Tally, compare, found_in, score_clip
from fascidetect.events import confidence, decide, find, reject, score, stretch
from fascidetect.pipeline import detect

Change = tuple[Any, str, Callable[[Any], Any]]
"""Where a name stands, the name, and what takes its place, made from what stood there."""


@dataclass(frozen=True)
class Ingredient:
    """A part of the detector, and what takes its place when it is left out."""

    name: str
    changes: tuple[Change, ...] = ()


def _constant(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


def _silenced(way: int) -> Callable[[Any], Any]:
    """One of the ways to stand out, which no longer does."""

    def changed(ways: Any) -> Any:
        def fewer(*args: Any) -> Any:
            heights = ways(*args)
            heights[way] = 0
            return heights

        return fewer

    return changed


def _without_light(combine: Any) -> Any:
    """Displacement alone."""
    return lambda z, _gamma, *valid: combine(z, 0.0, *valid)


def _white(x: Any, _valid: Any, step: float, lowcut_hz: float) -> Any:
    """The noise taken for white, but for what is slow."""
    frequency = np.fft.rfftfreq(score.padded(len(x), step), step)
    return 1 + (lowcut_hz / np.maximum(frequency, 1e-3)) ** 4


INGREDIENTS = (
    Ingredient("nothing"),
    Ingredient(
        "shading that confirms motion",
        ((score, "combine", _without_light), (score, "combine_strain", _without_light)),
    ),
    Ingredient("the wider smoothing over cells", ((score, "ways", _silenced(1)),)),
    Ingredient("the narrower smoothing over cells", ((score, "ways", _silenced(0)),)),
    Ingredient("skin that moves apart or together", ((score, "ways", _silenced(score.STRAIN)),)),
    Ingredient("whitening by the noise spectrum", ((score, "_noise_spectrum", _constant(_white)),)),
    Ingredient(
        "noise from where a place is at rest",
        ((score, "REST_QUANTILE", _constant(0.5)),),
    ),
    Ingredient(
        "noise of single frames", ((score, "_frame_noise", lambda _: lambda x, _s: np.ones(len(x), np.float32)),)
    ),
    Ingredient("heavy tails", ((score, "_tail_factor", lambda _: lambda *_a: np.ones(stretch.N_CHANNELS)),)),
    Ingredient(
        "moments at which all is uneven",
        ((score, "_frame_level", lambda _: lambda u, _s: np.ones(len(u), np.float32)),),
    ),
    Ingredient(
        "unrest, where motion explains badly",
        ((stretch, "_unrest", lambda _: lambda lasting, *_a: np.ones_like(lasting)),),
    ),
    Ingredient(
        "the smooth surface that is taken off", ((stretch, "_without_surface", lambda _: lambda data, *_a: data),)
    ),
    Ingredient(
        "cells that show something else",
        ((stretch, "shows_else", lambda _: lambda before, *_a: np.zeros(before.shape, bool)),),
    ),
    Ingredient("what was seen before", ((decide, "likeness", lambda _: lambda asked, *_a: np.zeros(len(asked))),)),
    Ingredient("jumps as the codec starts anew", ((find, "_reset", lambda _: lambda *_a: 0.0),)),
    Ingredient("what comes in company", ((decide, "company_of", lambda _: lambda asked: [0] * len(asked)),)),
    Ingredient("places that jump", ((decide, "jumping", lambda _: lambda asked, *_a: [False] * len(asked)),)),
    Ingredient("the sides of a bulge", ((reject, "_are_sides", lambda _: lambda *_a: False),)),
    Ingredient("the least confidence", ((decide, "LEAST", _constant(dict.fromkeys(confidence.LEAST, 0.0))),)),
)


@contextmanager
def without(name: str) -> Iterator[None]:
    """Leave an ingredient out, for a while."""
    with ExitStack() as stack:
        for home, part, change in next(one.changes for one in INGREDIENTS if one.name == name):
            stack.enter_context(patch.object(home, part, change(getattr(home, part))))
        yield


def tally_without(task: tuple[Job, str]) -> tuple[str, str, Tally]:
    """Name of an ingredient, clip, and what came of the clip without it."""
    import cv2

    cv2.setNumThreads(1)
    job, name = task
    path, truth = clip_and_truth(job)
    trace = store.trace_of(path, truth.sha256)
    with without(name):
        return name, job.name, score_clip(found_in(detect(trace, JUDGED)), truth, MAIN)


def ablation_table(found: Sequence[tuple[str, str, Tally]]) -> str:
    """One line for each ingredient, beside the whole detector."""
    by_name = {
        ingredient.name: {clip: tally for name, clip, tally in found if name == ingredient.name}
        for ingredient in INGREDIENTS
    }
    whole = by_name[INGREDIENTS[0].name]
    rows = []
    for name, held in by_name.items():
        total = sum(held.values(), Tally())
        change = interval(compare(list(whole.values()), [held[clip] for clip in whole])) if held is not whole else ""
        rows.append((name, f"{total.n_hits}/{total.n_true}", str(total.n_false), number(total.f1), change))
    return aligned([("left out", "found", "false", "F1", "difference (95 %)"), *rows])
