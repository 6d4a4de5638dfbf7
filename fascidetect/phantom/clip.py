"""From a recipe to a clip with its truth beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from fascidetect.model import SCHEMA_VERSION, ByteArray, Progress
from fascidetect.phantom import finger
from fascidetect.phantom.motion import ending
from fascidetect.phantom.recipe import NUISANCE_UNITS, Recipe, Twitch
from fascidetect.phantom.render import render, stamps
from fascidetect.phantom.stage import Chance, Stage
from fascidetect.phantom.twitch import landmarks
from fascidetect.truth import Ignored, TrueCamera, TrueEvent, TrueNuisance, Truth, save_truth, truth_path
from fascidetect.video.writer import Encoding, VideoWriter


def make_clip(recipe: Recipe, path: Path, *, progress: Progress | None = None) -> Truth:
    """Render and encode a clip and write ``<clip>.truth.json`` beside it.

    Parameters
    ----------
    recipe
        What to make.
    path
        The clip, usually ``.mp4`` or ``.mov``; existing files are replaced.
    progress
        Told ("drawing", frames done, about how many in all).

    Raises
    ------
    OutputError
        When either file cannot be written.
    """
    turns = recipe.camera.rotation_deg // 90
    width, height = (recipe.height_px, recipe.width_px) if turns % 2 else (recipe.width_px, recipe.height_px)
    expected = round(recipe.duration_s * recipe.camera.fps)
    with VideoWriter(path, width, height, encoding=encoding(recipe)) as writer:
        for done, picture in enumerate(render(recipe), 1):
            writer.write(_turned(picture.rgb, turns), picture.time_s)
            if progress:
                progress("drawing", done, max(expected, done))
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    truth = truth_of(recipe, path.name, digest)
    save_truth(truth, truth_path(path))
    return truth


def encoding(recipe: Recipe) -> Encoding:
    """Compress as a phone does: a given rate, no frames out of order, regular key frames."""
    camera = recipe.camera
    rate = round(camera.bits_per_px * recipe.width_px * recipe.height_px * camera.fps)
    interval = max(1, round(camera.keyframe_s * camera.fps))
    buffer = (("maxrate", str(round(1.3 * rate))), ("bufsize", str(rate)), ("bf", "0"))
    if camera.codec == "h264":
        options = (("preset", "superfast"), *buffer, ("x264-params", "scenecut=0"))
        return Encoding("libx264", "yuv420p", options, rate, camera.fps, interval, camera.rotation_deg)
    pixels = "yuv420p10le" if camera.codec == "hevc10" else "yuv420p"
    options = (("preset", "ultrafast"), *buffer, ("x265-params", f"keyint={interval}:scenecut=0:open-gop=0"))
    return Encoding("libx265", pixels, options, rate, camera.fps, interval, camera.rotation_deg)


def truth_of(recipe: Recipe, name: str, sha256: str) -> Truth:
    """Work out everything a recipe says about its clip, without drawing it."""
    chance = Chance.of(recipe)
    times, _ = stamps(recipe.camera, recipe.duration_s, chance.stamps)
    stage = Stage.of(recipe, chance)
    interval = float(np.median(np.diff(times))) if len(times) > 1 else 1 / recipe.camera.fps
    events = sorted((_event(t, stage) for t in recipe.twitches), key=lambda event: event.peak_s)
    end_s = float(times[-1])
    return Truth(
        SCHEMA_VERSION,
        name,
        sha256,
        recipe.seed,
        recipe.sha256,
        recipe.width_px,
        recipe.height_px,
        round(end_s + interval, 6),
        recipe.scene.mm_per_px,
        tuple(event for event in events if event.peak_s <= end_s and not _hidden(event, recipe)),
        tuple(
            Ignored(n.start_s, n.start_s + ending(n), "voluntary movement")
            for n in recipe.nuisances
            if n.kind in ("voluntary", "posture")
        ),
        _nuisances(stage, end_s),
        TrueCamera(
            tuple(np.round(times, 6).tolist()),
            tuple(tuple(tuple(np.round(row, 7).tolist()) for row in stage.affine(t)) for t in times.tolist()),
        ),
    )


def _event(twitch: Twitch, stage: Stage) -> TrueEvent:
    onset, peak, offset = landmarks(twitch)
    x, y = stage.place(peak, twitch.x_px, twitch.y_px)
    return TrueEvent(
        f"t{round(1000 * peak):07d}-{round(twitch.x_px)}-{round(twitch.y_px)}",
        round(onset, 6),
        round(peak, 6),
        round(offset, 6),
        round(x, 4),
        round(y, 4),
        twitch.radius_px,
        twitch.amplitude_px,
        twitch.focus,
    )


def _hidden(event: TrueEvent, recipe: Recipe) -> bool:
    """Whether a finger covers the middle of a twitch at its peak, so that nobody can see it."""
    cover = finger.cover(recipe, event.peak_s, np.array([event.x_px]), np.array([event.y_px]))
    return cover is not None and float(cover[0]) > 0.5


def _nuisances(stage: Stage, end_s: float) -> tuple[TrueNuisance, ...]:
    """All disturbances; a posture step lasts as long as it moves, and every blink is told on its own."""
    told = [
        (n, n.start_s, n.start_s + ending(n) if n.kind == "posture" else n.end_s)
        for n in stage.recipe.nuisances
        if n.kind != "blink"
    ]
    told += [(n, blink.start_s, blink.end_s) for n, blink in stage.eye.blinks]
    return tuple(TrueNuisance(n.kind, a, min(b, end_s), n.strength, NUISANCE_UNITS[n.kind]) for n, a, b in told)


def _turned(rgb: ByteArray, turns: int) -> ByteArray:
    """Undo in advance what the rotation flag will do."""
    return np.ascontiguousarray(np.rot90(rgb, -turns)) if turns else rgb
