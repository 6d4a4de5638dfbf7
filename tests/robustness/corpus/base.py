"""What the odd files are made of: a few seconds of grain that is fine to analyze."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
from helpers.makevideo import texture, write_video

FPS = 8.0
SECONDS = 6.0  # little more than is needed to judge a clip
SIZE = 96, 160


@functools.cache
def grain(n: int = round(SECONDS * FPS), height: int = SIZE[0], width: int = SIZE[1]) -> list[np.ndarray]:
    """Textured pictures whose noise differs from frame to frame: something to register, nothing that moves."""
    rng = np.random.default_rng(0)
    still = texture(height, width) + rng.normal(0, 6, (height, width))
    return [np.clip(still + rng.normal(0, 2, still.shape), 0, 255).astype(np.uint8) for _ in range(n)]


def clip(path: Path, pictures: list[np.ndarray] | None = None, **how: Any) -> Path:
    """Write the grain, or other pictures."""
    return write_video(path, grain() if pictures is None else pictures, **{"fps": FPS, **how})


@functools.cache
def fine(suffix: str = "mp4", *, faststart: bool = True) -> bytes:
    """Bytes of a clip in which nothing is wrong."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        options = {"movflags": "faststart"} if faststart and suffix == "mp4" else {}
        return clip(Path(folder) / f"fine.{suffix}", container_options=options).read_bytes()
