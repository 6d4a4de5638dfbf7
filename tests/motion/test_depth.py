"""A limb before something of its own color is told by how far the camera's shift takes it."""

import numpy as np
import pytest
from helpers.frames import GRID

from fascidetect.motion.depth import DepthVotes

ROWS, COLS = GRID.shape
TRUST = np.full(GRID.shape, 0.8, np.float32)
LIMB = np.zeros(GRID.shape, bool)
LIMB[ROWS // 4 : -ROWS // 4] = True
SLOPE = np.linspace(-0.4, 0.4, ROWS)[:, None, None]


def shaken(n, rng, strength=1.0):
    """(n, 2) where a hand holds the camera, analysis_px."""
    steps = rng.normal(0, 0.15 * strength, (n, 2))
    return np.cumsum(steps, axis=0) - np.linspace(0, 1, n)[:, None] * steps.sum(axis=0)


def looked(off_of, seconds=9.0, strength=1.0, noise=0.05, fps=30, followed=None):
    """The first answer after frames in which cells are off by `off_of(camera's shift, time)`, (R, C, 2).

    `followed(time)` is what registration takes for a shift of the camera besides.
    """
    rng = np.random.default_rng(3)
    votes = DepthVotes(GRID, 1 / fps)
    for k, shift in enumerate(shaken(round(seconds * fps), rng, strength)):
        affine = np.eye(3)
        affine[:2, 2] = shift + (followed(k / fps) if followed else 0.0)
        off = np.broadcast_to(off_of(shift, k / fps), (*GRID.shape, 2))
        votes.look(affine, off + rng.normal(0, noise, off.shape))
        middle = votes.middle(TRUST)
        if middle is not None:
            return middle
    return None


def behind(share):
    """Registered on the limb, the ground goes less far."""
    return lambda shift, _: np.where(LIMB[..., None], 0.0, -share * shift)


def sway(t):
    return np.sin(7 * t) * np.ones(2)


def taken_along(strength, share=0.4):
    """A part moves by itself, and a share of that is taken for the camera's."""
    return looked(
        lambda _, t: np.where(LIMB[..., None], (1 - share) * sway(t), -share * sway(t)),
        strength=strength,
        followed=lambda t: share * sway(t),
    )


@pytest.mark.parametrize("fps", [10, 240])
def test_it_does_so_at_any_frame_rate(fps):
    assert (looked(behind(0.3), fps=fps) == LIMB).mean() > 0.98


@pytest.mark.parametrize("share", [0.15, 0.3, -0.3])
def test_what_lies_at_the_middle_s_depth_is_found(share):
    middle = looked(behind(share))
    assert middle[LIMB].mean() > 0.95
    assert middle[~LIMB].mean() < 0.05


def test_registered_between_two_depths_both_are_off():
    middle = looked(lambda shift, _: np.where(LIMB[..., None], 0.15 * shift, -0.15 * shift))
    np.testing.assert_array_equal(middle, LIMB)


@pytest.mark.parametrize(
    ("why", "votes"),
    [
        ("one depth", lambda: looked(behind(0.0))),
        ("a surface that falls away evenly", lambda: looked(lambda s, _: SLOPE * s)),
        ("a round limb that fills the picture", lambda: looked(lambda s, _: -np.square(SLOPE) / 0.4 * s)),
        ("one that is rounder still", lambda: looked(lambda s, _: -np.power(SLOPE, 4) / 0.4**3 * s)),
        ("too short a time", lambda: looked(behind(0.3), seconds=2.0)),
        ("a camera that stands", lambda: looked(behind(0.3), strength=0.0)),
        ("a limb that moves by itself", lambda: looked(lambda _, t: LIMB[..., None] * sway(t))),
        ("and takes the registration along", lambda: taken_along(3.0)),
        ("and does so before a camera that stands", lambda: taken_along(0.0)),
        ("or that nearly stands", lambda: taken_along(0.3)),
    ],
)
def test_nothing_is_said_of(why, votes):
    assert votes() is None, why


def test_no_shift_is_taken_across_lost_frames():
    votes = DepthVotes(GRID, 1 / 30)
    shifts = shaken(600, np.random.default_rng(3))
    for k, shift in enumerate(shifts):
        affine = np.eye(3)
        affine[:2, 2] = shift
        votes.look(affine, behind(0.3)(shift, 0))
        if k % 2:
            votes.lose()
        assert votes.middle(TRUST) is None


@pytest.mark.parametrize("fps", [30, 1, 1 / 86400])
def test_without_texture_or_at_the_start_nothing_is_known(fps):
    votes = DepthVotes(GRID, 1 / fps)
    for k in range(60):
        assert votes.middle(np.zeros(GRID.shape, np.float32)) is None
        affine = np.eye(3)
        affine[0, 2] = k % 3
        votes.look(affine, np.zeros((*GRID.shape, 2)))
