"""Clips of any length from a few seconds that are drawn once: played forward, backward, forward, without a jump."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np

from fascidetect.phantom import Camera, Habit, Nuisance, Recipe, Scene, render, scatter
from fascidetect.phantom.clip import encoding
from fascidetect.video.writer import VideoWriter

DRAWN_S = 3.0
BITS_PER_PX = 17e6 / (1920 * 1080 * 30)  # what phones write at 1080p


@dataclass(frozen=True)
class Kind:
    """How a clip is recorded."""

    width_px: int
    height_px: int
    camera: Camera


KINDS = {
    "720p": Kind(1280, 720, Camera(fps=30, bits_per_px=BITS_PER_PX)),
    "1080p": Kind(1920, 1080, Camera(fps=30, bits_per_px=BITS_PER_PX)),
    "1080p60 HEVC": Kind(1920, 1080, Camera(fps=60, bits_per_px=0.11, codec="hevc10")),
    "4K HEVC": Kind(3840, 2160, Camera(fps=30, bits_per_px=0.11, codec="hevc")),
    "messenger": Kind(848, 480, Camera(fps=30, bits_per_px=0.05)),
}
"""H.264 of 8 bits where no more is said; 10 bits at 60 frames per second."""


@dataclass(frozen=True)
class Loop:
    """A clip to be made; `kind` is one of `KINDS`."""

    kind: str
    seconds: float

    @property
    def length(self) -> str:
        return f"{self.seconds / 60:g} min" if self.seconds >= 60 else f"{self.seconds:g} s"

    @property
    def name(self) -> str:
        return f"{self.kind} {self.length}"

    @property
    def n_frames(self) -> int:
        return round(self.seconds * KINDS[self.kind].camera.fps)


def folder() -> Path:
    """The cache: ``FASCIDETECT_CACHE`` or ``~/.cache/fascidetect``."""
    kept = os.environ.get("FASCIDETECT_CACHE", "") or Path.home() / ".cache" / "fascidetect"
    return Path(kept) / "speed"


def recipe(name: str) -> Recipe:
    """A hand-held calf that twitches."""
    kind = KINDS[name]
    unit = kind.height_px / 720
    still = Recipe(
        seed=9,
        width_px=kind.width_px,
        height_px=kind.height_px,
        duration_s=DRAWN_S,
        scene=Scene(mm_per_px=0.2 / unit),
        camera=kind.camera,
        nuisances=(Nuisance("shake", 2.0 * unit), Nuisance("breathing", 0.4 * unit)),
    )
    habit = Habit(rate_per_min=60.0, amplitude_px=(1.5 * unit, 3.0 * unit), radius_px=(25.0 * unit, 45.0 * unit))
    return replace(still, twitches=scatter(np.random.default_rng(4), still, habit))


def clip_of(loop: Loop) -> Path:
    """The clip; made if it is not there yet."""
    path = _kept(loop.kind, loop.length.replace(" ", "-"))
    if not path.exists():
        period = _kept(loop.kind, "period")
        if not period.exists():
            period.parent.mkdir(parents=True, exist_ok=True)
            _draw(recipe(loop.kind), period)
        _repeat(period, path, loop)
    return path


def _kept(kind: str, what: str) -> Path:
    digest = hashlib.sha256(recipe(kind).sha256.encode()).hexdigest()[:16]
    return folder() / f"{kind.replace(' ', '-')}-{digest}-{what}.mp4"


def _draw(drawn: Recipe, path: Path) -> None:
    """Encode the pictures forward and backward, the two ends once each."""
    pictures = [picture.rgb for picture in render(drawn)]
    height, width = pictures[0].shape[:2]
    with VideoWriter(path, width, height, encoding=encoding(drawn)) as writer:
        for k, rgb in enumerate([*pictures, *pictures[-2:0:-1]]):
            writer.write(rgb, k / drawn.camera.fps)


def _repeat(period: Path, path: Path, loop: Loop) -> None:
    """String copies of the coded period together: it starts with a key frame and has no frames out of order."""
    partial = path.with_name(f".{os.getpid()}.{path.name}")
    with av.open(str(period)) as source, av.open(str(partial), "w") as target:
        stream = source.streams.video[0]
        out = target.add_stream_from_template(stream)
        coded = [(bytes(p), p.is_keyframe) for p in source.demux(stream) if p.size]
        tick = round(1 / (KINDS[loop.kind].camera.fps * stream.time_base))
        for k in range(loop.n_frames):
            data, is_key = coded[k % len(coded)]
            packet = av.Packet(data)
            packet.stream, packet.time_base, packet.is_keyframe = out, stream.time_base, is_key
            packet.pts = packet.dts = k * tick
            packet.duration = tick
            target.mux(packet)
    partial.replace(path)
