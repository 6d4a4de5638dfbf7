"""Clips so small that a process needs hardly more than its start for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from helpers.makevideo import texture, write_video

CONFIG = """
[measure]
width_px = 160
cells_across = 32
[detect]
q_min = 3
kappa = 0
keep = ["below_threshold"]
[report]
overlay = false
"""
"""Settings with which such clips are analyzed fast, and noise is counted, so that there is something to compare."""

WIDTH, HEIGHT, FPS, SECONDS = 160, 96, 12.0, 5.5


def tiny_clip(path: Path, seed: int = 0) -> Path:
    """A still, noisy texture of little more than the shortest length that is judged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    still = texture(HEIGHT, WIDTH, seed=seed) + rng.normal(0, 8, (HEIGHT, WIDTH))
    pictures = (still + rng.normal(0, 2, still.shape) for _ in range(round(SECONDS * FPS)))
    return write_video(path, [np.clip(picture, 0, 255).astype(np.uint8) for picture in pictures], fps=FPS)


def tiny_clips(folder: Path, n: int) -> Path:
    """So many of them, ``00.mp4`` and so on, in a folder."""
    for k in range(n):
        tiny_clip(folder / f"{k:02d}.mp4", seed=k)
    return folder
