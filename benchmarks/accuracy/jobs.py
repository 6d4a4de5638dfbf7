"""One clip from its recipe to its tally, in a process of its own."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import store
from groups import Item

from fascidetect.evaluate import TOLERANCES_S, Tally, found_in, score_clip
from fascidetect.evaluate.tally import same_places
from fascidetect.inject import Injection, inject
from fascidetect.model import ClipFacts, Event, Result
from fascidetect.phantom import Recipe
from fascidetect.pipeline import detect
from fascidetect.settings import QualitySettings, Settings
from fascidetect.truth import Truth, load_truth, truth_path

SUFFIXES = frozenset({".mp4", ".mov", ".m4v", ".3gp", ".mkv", ".webm", ".avi"})
REAL = "real"
OURS = "fascidetect"
"""Among the names of methods."""

INJECTED_PER_MIN = 30.0
REAL_SEEDS = {"dev": (0, 10, 11, 12), "report": (1, 2, 3, 4)}
"""Real clips are few and short, so each is twitched several times."""

JUDGED = Settings(quality=QualitySettings(min_rate_s=QualitySettings().min_clip_s))
"""Most clips are made too short for a rate; their verdict is to say what it would of a longer one."""

ASKED = ("", "below_threshold", "shape", "keyframe")
"""Reasons of candidates whose confidence says something; what other rules reject is no question for it."""


@dataclass(frozen=True)
class Job:
    """A clip to be made (from a recipe) or to be twitched (a real one)."""

    group: str
    name: str
    quiet: bool
    recipe: Recipe | None = None
    source: Path | None = None
    seed: int = 0
    remake: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a job; tallies by tolerance, and of each candidate its confidence and whether it is a twitch."""

    group: str
    name: str
    quiet: bool
    sha256: str
    tallies: dict[float, Tally]
    verdict: str
    pixels: str
    stale: bool
    wall_s: float
    sure: tuple[tuple[float, bool], ...] = ()

    @property
    def line(self) -> str:
        t = self.tallies[TOLERANCES_S[0]]
        return f"{self.name}: true {t.n_true}, hits {t.n_hits}, false {t.n_false}, {self.verdict} ({self.wall_s:.0f} s)"


def made(item: Item, *, remake: bool = False) -> Job:
    return Job(item.group, item.name, item.quiet, recipe=item.recipe, remake=remake)


def injected(path: Path, side: str) -> list[Job]:
    return [
        Job(REAL, f"{side}-{REAL}-{path.stem}-{seed}", quiet=False, source=path, seed=seed) for seed in REAL_SEEDS[side]
    ]


def real_clips(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def run(job: Job) -> Outcome:
    """Make or find the clip, measure it unless that was done, detect and score."""
    import cv2

    cv2.setNumThreads(1)
    started = time.monotonic()
    path, truth = clip_and_truth(job)
    trace = store.trace_of(path, truth.sha256)
    result = detect(trace, JUDGED)
    found = found_in(result)
    tallies = {tolerance: score_clip(found, truth, tolerance) for tolerance in TOLERANCES_S}
    return Outcome(
        job.group,
        job.name,
        job.quiet,
        truth.sha256,
        tallies,
        result.quality.verdict,
        store.source_hash(store.PIXEL_PARTS),
        job.recipe is not None and store.is_stale(path),
        round(time.monotonic() - started, 1),
        sure_of(result, truth),
    )


def sure_of(result: Result, truth: Truth) -> tuple[tuple[float, bool], ...]:
    """Confidence of each candidate, and whether it is a twitch."""
    told = [*result.events, *(r.event for r in result.rejections if r.reason in ASKED)]
    return tuple((e.confidence, true) for e, true in zip(told, are_true(told, truth, result.clip), strict=True))


def are_true(events: Sequence[Event], truth: Truth, clip: ClipFacts) -> list[bool]:
    """Whether each event is one of the true ones, the strongest first: what is left of a movement is not that one."""
    allowed = same_places(truth.events, events, clip)
    free_s = np.array([e.peak_s for e in truth.events])
    out = [False] * len(events)
    for k in sorted(range(len(events)), key=lambda k: -events[k].snr):
        off_s = np.where(allowed[:, k], np.abs(free_s - events[k].peak_s), np.inf)
        if off_s.min(initial=np.inf) <= TOLERANCES_S[0]:
            free_s[int(off_s.argmin())] = np.inf
            out[k] = True
    return out


def clip_and_truth(job: Job) -> tuple[Path, Truth]:
    """Make the clip of a job, or find it."""
    if job.recipe is not None:
        remake = job.remake and store.is_stale(store.path_of(job.recipe))
        return store.clip_of(job.recipe, remake=remake)
    assert job.source is not None  # noqa: S101 - one of the two
    return _twitched(job.source, job.seed)


def _twitched(source: Path, seed: int) -> tuple[Path, Truth]:
    """A real clip with known twitches, kept under the hash of both."""
    settings = Injection(seed=seed, rate_per_min=INJECTED_PER_MIN)
    path = store.injected_path(source, repr(dataclasses.astuple(settings)))
    if path.exists() and truth_path(path).exists():
        return path, load_truth(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path, inject(source, path, settings)
