"""The detection limit, tried: known twitches are put into a clip's own pictures and sought again.

They come after the phone's codec, which may have erased a part of a real one: what is found here is an
upper bound of what would be found of real twitches of that size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fascidetect.errors import ClipError
from fascidetect.evaluate.match import match
from fascidetect.evaluate.tally import TOLERANCES_S, same_places
from fascidetect.events.seek import Window, analyzed, seek
from fascidetect.inject.clip import event_of
from fascidetect.inject.paths import Paths
from fascidetect.inject.warp import Warp
from fascidetect.model import FloatArray, Frame, MotionTrace, Progress, Result, Tried, VerifiedLimit
from fascidetect.motion.measure import measure_frames
from fascidetect.phantom.recipe import Kind, Shape, Twitch
from fascidetect.result import make_result
from fascidetect.settings import Settings
from fascidetect.statistics import logistic_curve
from fascidetect.video.isolated import open_clip

SEED = 0

FEWEST = 50
"""Twitches that are put in, at least."""

APART_S = 2.5
"""Between two of them: many more would raise the clip's noise."""

CLEAR_S, CLEAR_CELLS = 0.8, 8.0
"""Of what the clip itself holds."""

MARGIN_S = (0.6, 1.2)
"""No twitch starts so soon after the beginning or so late before the end of usable time."""

SIZES = (0.3, 3.0)
"""Amplitudes are drawn between these multiples of the predicted limit, evenly in their logarithm ..."""

LARGEST_PX = 5.0
"""... but not beyond this, in analysis_px."""

RADIUS_CELLS = (1.2, 2.4)
"""At half the height: around that of the usual twitch, for which the limit is told."""

RISE_S = (0.05, 0.12)
SHAPES: tuple[Shape, ...] = ("exponential", "raised_cosine", "biphasic")
KINDS: tuple[Kind, ...] = ("shift", "bulge", "dimple")
MOST_PASSES = 25
TRIES = 50


def verify_limit(
    path: str | Path,
    trace: MotionTrace,
    windows: Sequence[Window],
    result: Result,
    *,
    progress: Progress | None = None,
    isolate: bool = False,
) -> tuple[VerifiedLimit, tuple[Tried, ...]]:
    """Put twitches of known size into the pictures of a clip, and see which are found with everything on.

    Parameters
    ----------
    path
        The clip that was analyzed.
    trace, windows, result
        What the analysis made of it.
    progress
        Told ("verifying", frames done, frames in all).
    isolate
        As in `measure`.

    Returns
    -------
    tuple
        The limit, and every twitch in order of time.

    Raises
    ------
    ClipError
        There is no place or no time for a twitch, or the clip is not the one that was analyzed.

    Notes
    -----
    The limit is where a logistic curve over the logarithm of the amplitude passes one half and nine
    tenths; its interval is that of the likelihood ratio.
    """
    if result.quality.limit50_px is None:
        raise ClipError(f"{trace.clip.name}: nothing can be verified in a clip that cannot be analyzed")
    middle_px = result.quality.limit50_px / trace.geometry.px_per_analysis_px
    settings, planner = result.settings, _Planner.of(np.random.default_rng(SEED), trace, windows, result, middle_px)
    tried: list[Tried] = []
    passes = min(MOST_PASSES, math.ceil(FEWEST / max(1, planner.room)))
    for number in range(passes):
        twitches = planner.draw()
        watch = _share_of(progress, number, passes, len(trace.time_s))
        again = _measured_with(path, trace, twitches, settings, watch, isolate=isolate)
        outcome = make_result(again, seek(again, settings.quality.max_gap_s, settings.detect), settings)
        tried += _compared(twitches, outcome, trace)
    tried.sort(key=lambda one: one.peak_s)
    return _fitted(tried), tuple(tried)


@dataclass(frozen=True)
class _Planner:
    """Where and when twitches can be put; all lengths in analysis_px."""

    rng: np.random.Generator
    slots_s: tuple[float, ...]
    cells: FloatArray
    depth_px: FloatArray
    cell_px: int
    taken: tuple[tuple[float, float, float], ...]
    sizes_px: tuple[float, float]

    @staticmethod
    def of(
        rng: np.random.Generator, trace: MotionTrace, windows: Sequence[Window], result: Result, middle_px: float
    ) -> _Planner:
        from scipy.ndimage import distance_transform_edt

        geometry = trace.geometry
        valid = np.any([w.valid & analyzed(trace) for w in windows], axis=0)
        depth = np.asarray(distance_transform_edt(np.pad(valid, 1)))[1:-1, 1:-1] * geometry.cell_px
        rows, cols = np.nonzero(depth >= RADIUS_CELLS[0] * geometry.cell_px)
        first_s = float(trace.time_s[0])
        slots = tuple(_slots(trace, result))
        if not len(rows) or not slots:
            missing = "place" if not len(rows) else "time"
            raise ClipError(f"{trace.clip.name}: there is no {missing} for a twitch, so the limit cannot be verified")
        seen = (*result.events, *(r.event for r in result.rejections if r.reason != "below_threshold"))
        at = [(e.peak_s - first_s, *geometry.px_to_analysis(np.array([e.ref_x_px, e.ref_y_px])).tolist()) for e in seen]
        return _Planner(
            rng,
            tuple(s - first_s for s in slots),
            geometry.cells_to_analysis(np.stack([rows, cols], axis=-1)),
            depth[rows, cols],
            geometry.cell_px,
            tuple(at),
            (SIZES[0] * middle_px, min(SIZES[1] * middle_px, max(LARGEST_PX, 1.5 * middle_px))),
        )

    @property
    def room(self) -> int:
        """How many fit at once."""
        return len(self.slots_s)

    def draw(self) -> tuple[Twitch, ...]:
        """One for each slot of time in which there is a free place."""
        drawn = (self._one(start_s) for start_s in self.slots_s)
        return tuple(one for one in drawn if one is not None)

    def _one(self, slot_s: float) -> Twitch | None:
        for _ in range(TRIES):
            start_s = slot_s + float(self.rng.uniform(0, APART_S / 2))
            k = int(self.rng.integers(len(self.cells)))
            x, y = self.cells[k].tolist()
            if self._disturbs(start_s, x, y):
                continue
            widest = min(RADIUS_CELLS[1] * self.cell_px, float(self.depth_px[k]))
            return Twitch(
                start_s,
                x,
                y,
                radius_px=float(self.rng.uniform(RADIUS_CELLS[0] * self.cell_px, widest)),
                amplitude_px=float(np.exp(self.rng.uniform(*np.log(self.sizes_px)))),
                rise_s=float(self.rng.uniform(*RISE_S)),
                shape=SHAPES[self.rng.integers(len(SHAPES))],
                kind=KINDS[self.rng.integers(len(KINDS))],
                direction_deg=float(self.rng.uniform(0, 360)),
                focus=1,
            )
        return None

    def _disturbs(self, start_s: float, x: float, y: float) -> bool:
        reach = CLEAR_CELLS * self.cell_px
        return any(abs(s - start_s) < CLEAR_S and math.hypot(a - x, b - y) < reach for s, a, b in self.taken)


def _slots(trace: MotionTrace, result: Result) -> Iterator[float]:
    """Starts of the pieces of usable time into which one twitch is put each, in the clip's own time."""
    at, end_s = float(trace.time_s[0]), float(trace.time_s[-1])
    bounds = [*((u.start_s, u.end_s) for u in result.quality.unusable), (end_s, end_s)]
    for lost_s, back_s in bounds:
        start_s = at + MARGIN_S[0]
        while start_s + APART_S / 2 <= lost_s - MARGIN_S[1]:
            yield start_s
            start_s += APART_S
        at = max(at, back_s)


def _measured_with(
    path: str | Path,
    trace: MotionTrace,
    twitches: tuple[Twitch, ...],
    settings: Settings,
    progress: Callable[[int], None],
    *,
    isolate: bool,
) -> MotionTrace:
    warp, first_s = Warp(Paths.of(trace, working=True), twitches), float(trace.time_s[0])

    def twitched() -> Iterator[Frame]:
        for done, frame in enumerate(clip.frames(trace.geometry), 1):
            yield replace(frame, luma=warp(frame.luma, frame.time_s - first_s))
            progress(done)

    with open_clip(path, settings.clip, isolate=isolate) as clip:
        if clip.facts.sha256 != trace.clip.sha256:
            raise ClipError(f"{path} is not the clip that was analyzed")
        return measure_frames(twitched, trace.clip, trace.geometry, settings.clip.rois, settings.measure)


def _share_of(progress: Progress | None, number: int, passes: int, n_frames: int) -> Callable[[int], None]:
    def told(done: int) -> None:
        if progress:
            progress("verifying", number * n_frames + done, passes * n_frames)

    return told


def _compared(twitches: Sequence[Twitch], outcome: Result, trace: MotionTrace) -> Iterator[Tried]:
    """Which of them were found: matched one to one by time and place, as an evaluation does it."""
    scale, paths, first_s = trace.geometry.px_per_analysis_px, Paths.of(trace), float(trace.time_s[0])
    put = []
    for one in twitches:
        x, y = trace.geometry.analysis_to_px(np.array([one.x_px, one.y_px])).tolist()
        full = replace(one, x_px=x, y_px=y, radius_px=one.radius_px * scale, amplitude_px=one.amplitude_px * scale)
        put.append((full, event_of(full, paths)))
    true = [event for _, event in put]
    there = same_places(true, outcome.events, trace.clip)
    peaks = np.array([event.peak_s for event in true]) + first_s
    pairs = match(peaks, np.array([event.peak_s for event in outcome.events]), TOLERANCES_S[0], there)
    hit = {index for index, _ in pairs}
    for index, (full, event) in enumerate(put):
        yield Tried(first_s + event.peak_s, full.x_px, full.y_px, full.amplitude_px, full.radius_px, index in hit)


def _fitted(tried: Sequence[Tried]) -> VerifiedLimit:
    found = np.array([one.found for one in tried])
    curve = logistic_curve(np.log([one.amplitude_px for one in tried]), found)
    limits = (None if np.isnan(value) else float(np.exp(value)) for value in curve)
    return VerifiedLimit(len(found), int(found.sum()), *limits)
