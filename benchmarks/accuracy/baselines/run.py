"""A method on a clip of the benchmark, scored with the code that scores fascidetect."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import store
from jobs import Job, Outcome, clip_and_truth

from baselines.methods import METHODS, Method
from baselines.sighting import Sighting, Sightings
from fascidetect.evaluate import TOLERANCES_S, Found, Tally, score_clip
from fascidetect.model import ClipFacts, Event, Quality
from fascidetect.truth import Truth
from fascidetect.video.reader import Clip

HERE = Path(__file__).parent
SHARED = ("sighting.py", "frames.py")


@dataclass(frozen=True)
class Task:
    """A clip, a method by its name and the values of its constant to try."""

    job: Job
    method: str
    constants: tuple[float, ...]


def run(task: Task) -> dict[float, Outcome]:
    """Make or find the clip, look for events unless that was done, and score them, for each constant."""
    import cv2

    cv2.setNumThreads(1)
    started = time.monotonic()
    method = next(method for method in METHODS if method.name == task.method)
    path, truth = clip_and_truth(task.job)
    sightings = _kept(method, path, truth.sha256, task.constants)
    with Clip(path) as clip:
        facts = clip.facts
    spent = round(time.monotonic() - started, 1)
    return {
        constant: _outcome(task.job, score(sightings[constant], facts, truth), truth.sha256, spent)
        for constant in task.constants
    }


def score(sightings: Sequence[Sighting], facts: ClipFacts, truth: Truth) -> dict[float, Tally]:
    """Compare with the truth; by time alone where the method knows no place."""
    if any(one.x_px is None for one in sightings):
        events = (dataclasses.replace(event, x_px=None, y_px=None) for event in truth.events)
        truth = dataclasses.replace(truth, events=tuple(events))
    quality = Quality("ok", (), facts.duration_s, (), None, None, None, 1.0, ())
    found = Found(facts, quality, tuple(_event(n, one) for n, one in enumerate(sightings, 1)))
    return {tolerance: score_clip(found, truth, tolerance) for tolerance in TOLERANCES_S}


def _event(number: int, one: Sighting) -> Event:
    """An event of which no more than the peak is known."""
    x, y, t = one.x_px or 0.0, one.y_px or 0.0, one.peak_s
    return Event(f"b{number}", t, t, t, 0.0, "", 0, x, y, x, y, 0.0, 0.0, x, y, 0.0, None, 0.0, 0.0, 0)


def _outcome(job: Job, tallies: dict[float, Tally], sha256: str, spent_s: float) -> Outcome:
    return Outcome(job.group, job.name, job.quiet, sha256, tallies, "ok", "-", stale=False, wall_s=spent_s)


def tune(outcomes: dict[float, list[Outcome]]) -> tuple[float, dict[float, Tally]]:
    """The constant with the best F1 over all clips (the larger of equals), and the sums at each."""
    sums = {c: sum((o.tallies[TOLERANCES_S[0]] for o in some), Tally()) for c, some in outcomes.items()}
    return max(sums, key=lambda c: (sums[c].f1, c)), sums


def _kept(method: Method, path: Path, sha256: str, constants: Sequence[float]) -> Sightings:
    """What was found before, by clip, constant and code; the rest is looked for now."""
    code = store.source_hash((*SHARED, f"{method.source}.py"), HERE) + store.source_hash(("video",))
    named = hashlib.sha256(f"{code} {method.version()}".encode()).hexdigest()[:12]
    folder = store.folder() / "baselines" / f"{method.name}-{named}"
    files = {constant: folder / f"{sha256[:24]}-{constant:g}.json" for constant in constants}
    open_yet = [constant for constant, file in files.items() if not file.exists()]
    if open_yet:
        folder.mkdir(parents=True, exist_ok=True)
        for constant, found in method.find(path, open_yet).items():
            _write(files[constant], found)
    return {constant: _read(file) for constant, file in files.items()}


def _write(file: Path, found: Sequence[Sighting]) -> None:
    partial = file.with_name(f".{os.getpid()}.{file.name}")
    partial.write_text(json.dumps([dataclasses.astuple(one) for one in found]))
    partial.replace(file)


def _read(file: Path) -> tuple[Sighting, ...]:
    return tuple(Sighting(*one) for one in json.loads(file.read_text()))
