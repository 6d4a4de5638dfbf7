"""A copy of a clip with twitches in it, and its truth."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from fascidetect.errors import ClipError, SettingsError
from fascidetect.inject.paths import Paths
from fascidetect.inject.places import find_place
from fascidetect.inject.warp import Warp
from fascidetect.model import SCHEMA_VERSION, MotionTrace, Picture, Progress, transform
from fascidetect.phantom import twitch
from fascidetect.phantom.recipe import Kind, Shape, Twitch
from fascidetect.pipeline import DEFAULTS, measure
from fascidetect.settings import LINES, Settings
from fascidetect.truth import TrueEvent, Truth, save_truth, truth_path
from fascidetect.video.reader import Clip
from fascidetect.video.writer import Encoding, VideoWriter

_MARGIN_S = (0.5, 1.0)
"""No twitch starts so soon after the beginning or so late before the end."""

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Injection:
    """What is put in; ranges are (lowest, highest), lengths px of a picture of 720 lines.

    Parameters
    ----------
    seed
        Of everything random.
    rate_per_min
        Of all places together: a Poisson process.
    foci
        Number of places.
    amplitude_720px, radius_720px, rise_s
        Ranges; the amplitude is drawn anew for every twitch (log-uniform), the others per place.
    shapes, kinds
        Families to draw from, per place.
    min_gap_s
        A twitch that would start sooner than this after the one before is left out.
    """

    seed: int = 0
    rate_per_min: float = 12.0
    foci: int = 3
    amplitude_720px: Range = (0.5, 3.0)
    radius_720px: Range = (20.0, 45.0)
    rise_s: Range = (0.05, 0.12)
    shapes: tuple[Shape, ...] = ("exponential", "raised_cosine", "biphasic")
    kinds: tuple[Kind, ...] = ("shift", "bulge", "dimple", "lobes")
    min_gap_s: float = 0.5

    def __post_init__(self) -> None:
        for name in ("amplitude_720px", "radius_720px", "rise_s"):
            low, high = getattr(self, name)
            if not 0 < low <= high < math.inf:
                raise SettingsError(f"{name} must be a range above 0, lowest first, got {low:g} to {high:g}")
        if self.foci < 1 or not 0 < self.rate_per_min < math.inf:
            raise SettingsError("at least one place and a rate above 0 are needed")


def inject(
    source: Path,
    target: Path,
    injection: Injection = Injection(),
    settings: Settings = DEFAULTS,
    *,
    progress: Progress | None = None,
) -> Truth:
    """Put known twitches into a clip and write ``<target>.truth.json`` beside it.

    Parameters
    ----------
    source
        A video file.
    target
        The clip to write; an existing one is replaced.
    injection
        How often, where and how strong.
    settings
        Areas and working size for the measurement that keeps the twitches on their places. The whole
        clip is written, whatever part they name.
    progress
        Told (stage, frames done, frames in all).

    Raises
    ------
    ClipError
        The clip cannot be read, or shows no skin large enough that stays in view.
    OutputError
        A file cannot be written.
    """
    if target.resolve() == source.resolve():
        raise SettingsError(f"{target} is the clip itself: give the result another name")
    settings = replace(settings, clip=replace(settings.clip, from_s=0.0, to_s=math.inf))
    trace = measure(source, settings, progress=progress)
    paths = Paths.of(trace)
    twitches = _scatter(np.random.default_rng(injection.seed), trace, paths, injection)
    size = _write(source, target, Warp(paths, twitches), settings, progress)
    with target.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    recipe = hashlib.sha256(f"{trace.clip.sha256} {injection!r}".encode()).hexdigest()
    interval_s = trace.median_interval_s
    truth = Truth(
        SCHEMA_VERSION,
        target.name,
        digest,
        injection.seed,
        recipe,
        *size,
        round(float(paths.time_s[-1]) + interval_s, 6),
        settings.clip.mm_per_px,
        tuple(sorted((event_of(t, paths) for t in twitches), key=lambda event: event.peak_s)),
        camera=paths.camera(),
        injected_after_codec=True,
    )
    save_truth(truth, truth_path(target))
    return truth


def _scatter(rng: np.random.Generator, trace: MotionTrace, paths: Paths, injection: Injection) -> tuple[Twitch, ...]:
    """Draw places, then times, then the twitch of each time."""
    scale = min(trace.geometry.width_px, trace.geometry.height_px) / LINES
    foci = _foci(rng, trace, paths, injection)
    first_s, last_s = _MARGIN_S[0], float(paths.time_s[-1]) - _MARGIN_S[1]
    expected = injection.rate_per_min * max(0.0, last_s - first_s) / 60
    times = np.sort(rng.uniform(first_s, max(first_s, last_s), rng.poisson(expected))).tolist()
    out: list[Twitch] = []
    for start_s in times:
        if not out or start_s - out[-1].start_s >= injection.min_gap_s:
            low, high = np.log(injection.amplitude_720px)
            amplitude = scale * float(np.exp(rng.uniform(low, high)))
            out.append(replace(foci[rng.integers(len(foci))], start_s=start_s, amplitude_px=amplitude))
    return tuple(out)


def _foci(rng: np.random.Generator, trace: MotionTrace, paths: Paths, injection: Injection) -> list[Twitch]:
    scale = min(trace.geometry.width_px, trace.geometry.height_px) / LINES
    foci: list[Twitch] = []
    for number in range(1, injection.foci + 1):
        radius = max(1.0, scale * float(rng.uniform(*injection.radius_720px)))
        place = find_place(rng, trace, paths, radius, foci)
        if place is None:
            continue
        x, y, radius = place
        foci.append(
            Twitch(
                0.0,
                x,
                y,
                radius_px=radius,
                rise_s=float(rng.uniform(*injection.rise_s)),
                shape=injection.shapes[rng.integers(len(injection.shapes))],
                kind=injection.kinds[rng.integers(len(injection.kinds))],
                direction_deg=float(rng.uniform(0, 360)),
                focus=number,
            )
        )
    if not foci:
        raise ClipError(f"{trace.clip.name}: no skin that is large enough stays in view, so nothing can be put there")
    return foci


def event_of(one: Twitch, paths: Paths) -> TrueEvent:
    """What is true of a twitch that was put in."""
    onset, peak, offset = twitch.landmarks(one)
    x, y = transform(paths.at(peak), np.array([one.x_px, one.y_px])).tolist()
    return TrueEvent(
        f"t{round(1000 * peak):07d}-{round(one.x_px)}-{round(one.y_px)}",
        round(onset, 6),
        round(peak, 6),
        round(offset, 6),
        round(x, 4),
        round(y, 4),
        round(one.radius_px, 4),
        round(one.amplitude_px, 6),
        one.focus,
    )


def _write(source: Path, target: Path, warp: Warp, settings: Settings, progress: Progress | None) -> tuple[int, int]:
    """Copy the clip with the twitches in it; width and height of what was written."""
    with Clip(source, settings.clip) as clip:
        facts = clip.facts
        pictures = _told(clip.pictures(max(facts.width_px, facts.height_px)), clip.n_expected, progress)
        first = next(pictures)
        height, width = first.rgb.shape[:2]
        with VideoWriter(target, width, height, encoding=_encoding(facts.median_fps)) as writer:
            for picture in chain([first], pictures):
                writer.write(warp(picture.rgb, picture.time_s), picture.time_s)
    return width, height


def _told(pictures: Iterator[Picture], total: int, progress: Progress | None) -> Iterator[Picture]:
    """The pictures with their times from the first that could be read; progress is told."""
    first_s = math.nan
    for done, picture in enumerate(pictures, 1):
        first_s = picture.time_s if done == 1 else first_s
        yield replace(picture, time_s=picture.time_s - first_s)
        if progress:
            progress("writing", done, max(total, done))


def _encoding(fps: float) -> Encoding:
    """High quality and few key frames: the second codec must add nothing that could be taken for movement."""
    options = (("preset", "fast"), ("crf", "14"), ("bf", "0"), ("x264-params", "scenecut=0"))
    return Encoding(options=options, fps=fps or 30.0, keyframe_interval=250)
