"""Clips of an hour that are drawn in minutes: a few drawn periods, strung together in an order of chance."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "speed"))
import loops

from fascidetect.phantom import Habit, Recipe, render, scatter
from fascidetect.phantom.clip import encoding
from fascidetect.video.writer import VideoWriter

SIZES = {"1080p": loops.KINDS["1080p"], "4K": loops.KINDS["4K HEVC"]}
"""Whose width and height are used."""

VARIANTS = 3
SEED = 11


@dataclass(frozen=True)
class Endless:
    """Size, one of `SIZES`, and frames per second."""

    size: str
    fps: int

    @property
    def name(self) -> str:
        return f"{self.size} {self.fps} fps"

    @property
    def period_frames(self) -> int:
        """Forward and backward, the two ends once each."""
        return 2 * round(loops.DRAWN_S * self.fps) - 2


def recipes(kind: Endless) -> list[Recipe]:
    """The same hand and the same calf each time, so that they join without a jump; other twitches, or none."""
    width, height = SIZES[kind.size].width_px, SIZES[kind.size].height_px
    base = replace(
        loops.recipe("1080p"),
        width_px=width,
        height_px=height,
        scene=replace(loops.recipe("1080p").scene, mm_per_px=0.2 * 720 / height),
    )
    unit = height / 720
    camera = replace(base.camera, fps=float(kind.fps))
    shakes = tuple(replace(n, strength=n.strength * height / 1080) for n in base.nuisances)
    still = replace(base, camera=camera, nuisances=shakes, twitches=())
    habit = Habit(rate_per_min=40.0, amplitude_px=(1.5 * unit, 3.0 * unit), radius_px=(25.0 * unit, 45.0 * unit))
    drawn = [scatter(np.random.default_rng(seed), still, habit) for seed in range(VARIANTS - 1)]
    return [still, *(replace(still, twitches=twitches) for twitches in drawn)]


def order(n_periods: int) -> list[int]:
    """Which period follows which, by chance."""
    return [int(k) for k in np.random.default_rng(SEED).integers(0, VARIANTS, n_periods)]


def clip_of(kind: Endless, first: int, last: int) -> Path:
    """Periods ``first`` to ``last`` (without it) of the endless clip of this kind; made if not there yet."""
    digest = hashlib.sha256("".join(r.sha256 for r in recipes(kind)).encode()).hexdigest()[:12]
    stem = f"{kind.size}-{kind.fps}-{digest}"
    folder = loops.folder().parent / "long"
    path = folder / f"{stem}-{first}-{last}.mp4"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        periods = [folder / f"{stem}-period-{k}.mp4" for k in range(VARIANTS)]
        for recipe, period in zip(recipes(kind), periods, strict=True):
            if not period.exists():
                _draw(recipe, period, kind.fps)
        _string(periods, order(last)[first:], path, kind)
    return path


def _draw(recipe: Recipe, path: Path, fps: int) -> None:
    pictures = [picture.rgb for picture in render(recipe)]
    height, width = pictures[0].shape[:2]
    with VideoWriter(path, width, height, encoding=encoding(recipe)) as writer:
        for k, rgb in enumerate([*pictures, *pictures[-2:0:-1]]):
            writer.write(rgb, k / fps)


def _string(periods: list[Path], chosen: list[int], path: Path, kind: Endless) -> None:
    """Copy coded periods one after another: each starts with a key frame and has no frames out of order."""
    coded = []
    for period in periods:
        with av.open(str(period)) as source:
            coded.append([(bytes(p), p.is_keyframe) for p in source.demux(video=0) if p.size])
    partial = path.with_name(f".{os.getpid()}.{path.name}")
    tick = Fraction(1, kind.fps)
    with av.open(str(periods[0])) as source, av.open(str(partial), "w") as target:
        out = target.add_stream_from_template(source.streams.video[0])
        for place, k in enumerate(frame for which in chosen for frame in coded[which]):
            packet = av.Packet(k[0])
            packet.stream, packet.time_base, packet.is_keyframe = out, tick, k[1]
            packet.pts = packet.dts = place
            packet.duration = 1
            target.mux(packet)
    partial.replace(path)
