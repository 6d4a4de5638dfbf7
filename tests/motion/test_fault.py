"""What is wrong with a frame is named, and a good frame has no fault."""

import numpy as np
import pytest
from helpers.frames import Texture, measured, shifted
from scipy.ndimage import gaussian_filter, uniform_filter1d

from fascidetect.model import FAULTS

TEXTURE = Texture.make(7)
USUAL = TEXTURE.seen()
OTHER = Texture.make(99).seen()


def named(*pictures):
    trace = measured([USUAL] * 12 + list(pictures))
    return [FAULTS[k] for k in trace.fault[12:]]


@pytest.mark.parametrize(
    ("picture", "fault"),
    [
        (np.full_like(USUAL, 4), "dark or clipped"),
        (np.full_like(USUAL, 235), "dark or clipped"),
        (np.full_like(USUAL, 60), "covered"),  # a finger on the lens
        (OTHER - 60, "covered"),  # something dark before it
        (gaussian_filter(USUAL, 12), "out of focus"),
        (OTHER, "shaken or not registered"),
        (0.7 * USUAL, ""),  # the light falls and all is still seen
        (TEXTURE.seen(affine=shifted(3, -2)), ""),
    ],
)
def test_a_single_frame(picture, fault):
    assert named(picture) == [fault]


def test_a_smear_is_blurred_by_movement():
    smeared = uniform_filter1d(TEXTURE.seen(affine=shifted(14, 0)), 25, axis=1)
    assert named(smeared) == ["blurred"]


def test_blows_are_named_shaken():
    swings = [TEXTURE.seen(affine=shifted(x, y)) for x, y in ((90, 60), (-110, 40), (70, -80))]
    assert named(*swings) == ["shaken or not registered"] * 3


def test_a_long_loss_of_focus_while_the_hand_drifts_is_no_blur_by_movement():
    away = [gaussian_filter(TEXTURE.seen(affine=shifted(2.0 * k, 0)), 12) for k in range(1, 9)]
    assert set(named(*away)) == {"out of focus"}


def test_after_the_fault_all_is_well():
    black = np.full_like(USUAL, 4)
    assert named(black, black, USUAL) == ["dark or clipped"] * 2 + [""]
