"""Known camera motion is recovered, and light is no motion."""

import numpy as np
import pytest
from helpers.frames import GRID, Texture, places, shifted, turned
from scipy.ndimage import gaussian_filter

from fascidetect.model import transform
from fascidetect.motion.contrast import local_contrast, smooth
from fascidetect.motion.stabilize import Tracker, make_template, register
from fascidetect.settings import MeasureSettings

SETTINGS = MeasureSettings()
SIZE = GRID.analysis_width_px, GRID.analysis_height_px
WHOLE = np.ones(SIZE[::-1], np.float32)
TOLERANCE_PX = 0.03  # a fifteenth of the smallest twitch that can be seen
INSIDE = np.array([(60.0, 40.0), (420, 40), (240, 135), (60, 230), (420, 230)])


def contrast_of(picture):
    return local_contrast(smooth(picture, SETTINGS), GRID.cell_px, SETTINGS)


@pytest.fixture(scope="module")
def texture():
    return Texture.make(3)


@pytest.fixture(scope="module")
def template(texture):
    return make_template(contrast_of(texture.seen()), WHOLE)


def misplaced_px(found, true):
    return np.abs(transform(found, INSIDE) - transform(true, INSIDE)).max()


@pytest.mark.parametrize(
    "affine",
    [
        shifted(0.37, -0.21),
        shifted(-2.6, 1.9),
        turned(0.6, 1.0, 0.5, 0.2),
        turned(0, 1.01, -0.7, 0.4),
        turned(-0.4, 0.994, 1.2, -1.1),
        np.array([[1.004, 0.003, -0.6], [-0.002, 0.997, 0.8], [0, 0, 1]]),  # no similarity: an affine motion
    ],
)
def test_affine_motion_is_recovered(texture, template, affine):
    fit = register(contrast_of(texture.seen(affine=affine)), template, np.eye(3), rounds=8)
    assert misplaced_px(fit.affine, affine) <= TOLERANCE_PX


def dimmed(picture):
    return 0.6 * picture


def brightened(picture):
    return 1.25 * picture + 4


def shadowed(picture):
    """A shadow with a soft edge over half of the picture."""
    x, _ = places()
    return picture * (1 - 0.4 / (1 + np.exp((x - 200) / 12)))


def with_flare(picture):
    x, y = places()
    return picture + 50 * np.exp(-((x - 330) ** 2 + (y - 90) ** 2) / (2 * 60**2))


@pytest.mark.parametrize("light", [dimmed, brightened, shadowed, with_flare])
@pytest.mark.parametrize("affine", [np.eye(3), turned(0.2, 1.002, 0.8, -0.5)])
def test_light_does_not_move_the_fit(texture, template, light, affine):
    lit = light(texture.seen(affine=affine)).astype(np.float32)
    fit = register(contrast_of(lit), template, np.eye(3), rounds=8)
    assert misplaced_px(fit.affine, affine) <= TOLERANCE_PX


def test_a_part_that_moves_by_itself_does_not_drag_the_fit(texture, template):
    x, y = places()
    hill = np.exp(-((x - 150) ** 2 + (y - 140) ** 2) / (2 * 30**2))
    fit = register(contrast_of(texture.at(x - 2.0 * hill, y)), template, np.eye(3), rounds=8)
    far = np.array([(420.0, 40.0), (420, 230), (300, 135)])
    # The least-squares fit would follow by 0.1 px; robust weights leave less than the sd of a still cell, and a half.
    assert np.abs(transform(fit.affine, far) - far).max() <= TOLERANCE_PX


def test_what_is_not_the_subject_does_not_move_the_fit(texture):
    x, _ = places()
    subject = (x > 200).astype(np.float32)
    template = make_template(contrast_of(texture.seen()), subject)
    moved, other = texture.seen(affine=shifted(0.8, 0.3)), texture.seen(affine=shifted(-2.0, 1.0))
    # 30 px of the subject's own picture beside its rim: the local mean looks that far.
    fit = register(contrast_of(np.where(x > 170, moved, other)), template, np.eye(3), rounds=8)
    inside = np.array([(260.0, 60.0), (420, 60), (260, 220), (420, 220)])
    assert np.abs(transform(fit.affine, inside) - inside - [0.8, 0.3]).max() <= TOLERANCE_PX


@pytest.mark.parametrize("picture", [np.full(SIZE[::-1], 128, np.float32), np.zeros(SIZE[::-1], np.float32)])
def test_a_blank_reference_gives_no_fit(texture, picture):
    assert register(contrast_of(texture.seen()), make_template(contrast_of(picture), WHOLE), np.eye(3), 4) is None


def follow(pictures, interval_s=1 / 30):
    tracker = Tracker(SIZE, interval_s, SETTINGS)
    reference = contrast_of(pictures[0])
    template = make_template(reference, WHOLE)
    return [tracker.follow(contrast_of(p), reference, WHOLE, template) for p in pictures]


def test_a_jump_of_the_hand_is_caught():
    # 22 px = nearly 5 % of the long side within one frame: beyond the reach of the fit from where it last was.
    grain = np.random.default_rng(5).normal(0, 60, (400, 600))
    scene = (120 + gaussian_filter(grain, 1.5) + 3 * gaussian_filter(grain, 5)).astype(np.float32)
    seen = follow([scene[60:330, 50:530]] * 8 + [scene[73:343, 32:512]])
    assert seen[-1].ok
    assert misplaced_px(seen[-1].affine, shifted(18.0, -13.0)) <= TOLERANCE_PX


@pytest.mark.parametrize("other", [Texture.make(99).seen(), np.full(SIZE[::-1], 90, np.float32)])
def test_what_shows_something_else_is_not_believed_and_then_found_again(texture, other):
    last = shifted(0.6, 0.2)
    seen = follow([texture.seen()] * 8 + [other] * 3 + [texture.seen(affine=last)])
    assert [camera.ok for camera in seen] == [True] * 8 + [False] * 3 + [True]
    assert misplaced_px(seen[-1].affine, last) <= TOLERANCE_PX
