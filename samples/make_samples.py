"""Make the two sample clips and their truth again: ``python samples/make_samples.py``.

Both are made, not filmed: see ``fascidetect.phantom``. The same recipe gives the same pictures; the
bytes of the file may differ with another version of the encoder.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from fascidetect.phantom import Camera, Habit, Nuisance, Recipe, Scene, make_clip, scatter

HERE = Path(__file__).parent

HAND_HELD = (
    Nuisance("shake", 2.0),
    Nuisance("drift", 5.0, direction_deg=70.0),
    Nuisance("zoom", 0.3),
    Nuisance("breathing", 0.4),
)

CALF = Recipe(
    seed=20,
    width_px=640,
    height_px=360,
    duration_s=21.0,
    scene=Scene(limb_share=0.62, limb_angle_deg=-8.0, tone=0.22, hair_per_cm2=1.5, mm_per_px=0.4),
    camera=Camera(fps=30.0, bits_per_px=0.10, jitter_s=0.0005),
    nuisances=HAND_HELD,
)
"""21 s of a hand-held calf at rest, 0.10 bit per pixel and frame."""

HABIT = Habit(
    rate_per_min=22.0,
    foci=3,
    amplitude_px=(0.7, 1.6),  # 1.4 to 3.2 px at 720 lines
    radius_px=(20.0, 32.0),
    rise_s=(0.06, 0.11),
    min_gap_s=0.6,
)


def twitching() -> Recipe:
    """The calf with twitches at three places."""
    return replace(CALF, twitches=scatter(np.random.default_rng(11), CALF, HABIT))


def quiet() -> Recipe:
    """Another calf, with all the same disturbances and not one twitch."""
    scene = replace(CALF.scene, tone=0.45, limb_angle_deg=12.0)
    return replace(CALF, seed=21, scene=scene)


def main() -> None:
    """Write both clips beside this script."""
    make_clip(twitching(), HERE / "calf-twitches.mp4")
    make_clip(quiet(), HERE / "calf-quiet.mp4")


if __name__ == "__main__":
    main()
