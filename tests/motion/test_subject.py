"""The limb is found on every tone of skin and before every background."""

import itertools

import av
import numpy as np
import pytest
from helpers.frames import GRID, plan

from fascidetect.errors import SettingsError
from fascidetect.model import Geometry
from fascidetect.motion.measure import rasterize, subject_weight
from fascidetect.motion.subject import POINTS_PER_CELL, SubjectVotes, find_skin, redness
from fascidetect.phantom import Camera, Recipe, Scene, render
from fascidetect.phantom.geometry import Limb
from fascidetect.settings import Roi
from fascidetect.video.pixels import Upright, chroma, luma

TONES = (0.0, 0.25, 0.5, 0.75, 1.0)
BACKGROUNDS = ("cloth", "wood", "skin", "dark")


def looked_at(recipe):
    """Votes after one still, and which points of its grid show the limb."""
    geometry = plan(recipe)
    (picture,) = itertools.islice(render(recipe), 1)
    shown = av.VideoFrame.from_ndarray(picture.rgb, format="rgb24").reformat(format="yuv420p")
    votes = SubjectVotes(geometry, None)
    votes.look(luma(shown, geometry, Upright()), chroma(shown, geometry, Upright()), np.eye(3))
    rows, cols = (n * POINTS_PER_CELL for n in geometry.shape)
    x = (np.arange(cols) + 0.5) * recipe.width_px / cols - 0.5
    y = (np.arange(rows) + 0.5) * recipe.height_px / rows - 0.5
    return votes.subject(), Limb.of(recipe).depth_px(x[None], y[:, None]) > 0


def still(**scene):
    return Recipe(8, 320, 180, 0.1, Scene(**{"limb_share": 0.5, **scene}), Camera(fps=10))


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("tone", TONES)
def test_the_limb_is_found(tone, background):
    subject, limb = looked_at(still(tone=tone, background=background))
    assert subject.mask[limb].mean() >= 0.8
    assert subject.area in ("skin", "whole picture")


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("background", ["cloth", "dark"])
def test_what_has_not_the_color_of_skin_is_left_out(tone, background):
    subject, limb = looked_at(still(tone=tone, background=background))
    assert subject.area == "skin"
    assert subject.mask[~limb].mean() <= 0.3  # closing gaps and the codec's coarse color widen the outline


@pytest.mark.parametrize(
    "features", [{"tattoo": True}, {"hair_per_cm2": 10.0}, {"mole_per_cm2": 1.0}, {"exposure": 0.4}]
)
def test_marks_on_the_skin_make_no_holes(features):
    subject, limb = looked_at(still(**features))
    assert subject.mask[limb].mean() >= 0.9


def test_gray_pictures_are_analyzed_whole():
    votes = SubjectVotes(GRID, None)
    rows, cols = (n * POINTS_PER_CELL for n in GRID.shape)
    votes.look(np.full((270, 480), 120, np.float32), np.zeros((rows, cols, 2), np.float32), np.eye(3))
    subject = votes.subject()
    assert subject.area == "whole picture"
    assert subject.mask.all()


def test_something_that_passes_does_not_change_the_subject():
    rows, cols = (n * POINTS_PER_CELL for n in GRID.shape)
    gray = np.full((270, 480), 100, np.float32)
    color = np.zeros((rows, cols, 2), np.float32)
    color[10:40, :, 1] = 25  # a red bar: the skin
    other = color.copy()
    other[:, 30:60, 1] = 25  # a hand across the picture, in a third of the looks
    votes = SubjectVotes(GRID, None)
    for look in [color, color, other] * 4:
        votes.look(gray, look, np.eye(3))
    assert votes.subject().mask[12:38].all()
    assert not votes.subject().mask[45:].any()
    assert not votes.subject().mask[:7].any()


def test_votes_follow_the_camera():
    rows, cols = (n * POINTS_PER_CELL for n in GRID.shape)
    votes = SubjectVotes(GRID, None)
    for shift in range(0, 50, 10):  # analysis_px: two points for each cell of 10
        color = np.zeros((rows, cols, 2), np.float32)
        color[10 + shift // 5 : 30 + shift // 5, :, 1] = 25
        votes.look(np.full((270, 480), 100, np.float32), color, np.array([[1, 0, 0], [0, 1, shift], [0, 0, 1.0]]))
    found = np.flatnonzero(votes.subject().mask[:, cols // 2])
    assert (found[0], found[-1]) == (pytest.approx(10, abs=1), pytest.approx(29, abs=1))


def test_redness_does_not_depend_on_brightness():
    color = np.dstack([np.full((4, 4), -10.0), np.full((4, 4), 20.0)]).astype(np.float32)
    bright, dark = (redness(np.full((40, 40), y, np.float32), color * (y / 100)) for y in (200, 50))
    assert bright == pytest.approx(dark)
    assert bright == pytest.approx(0.3)


def test_one_color_is_no_subject():
    assert find_skin(np.full((54, 96), 0.3, np.float32)) is None


SMALL = Geometry(960, 540, 480, 270, 10)


def test_an_area_covers_what_was_drawn():
    mask = rasterize((Roi.rectangle(200, 100, 400, 200),), SMALL)
    rows, cols = (np.flatnonzero(mask.any(axis=k)) for k in (1, 0))
    point_px = 960 / mask.shape[1]
    # A point counts where its center lies inside or on the rim: half a point of slack.
    assert (cols[0] + 0.5) * point_px == pytest.approx(200, abs=point_px)
    assert (cols[-1] + 0.5) * point_px == pytest.approx(600, abs=point_px)
    assert (rows[0] + 0.5) * point_px == pytest.approx(100, abs=point_px)
    assert (rows[-1] + 0.5) * point_px == pytest.approx(300, abs=point_px)
    assert mask.sum() * point_px**2 == pytest.approx(400 * 200, rel=0.1)


def test_areas_add_up_and_may_have_any_shape():
    square, triangle = Roi.rectangle(0, 0, 200, 200), Roi(((500.0, 100.0), (900, 100), (500, 500)))
    both = rasterize((square, triangle), SMALL)
    np.testing.assert_array_equal(both, rasterize((square,), SMALL) | rasterize((triangle,), SMALL))
    assert rasterize((triangle,), SMALL).mean() == pytest.approx(0.5 * 400 * 400 / (960 * 540), rel=0.1)
    assert rasterize((), SMALL) is None


def test_an_area_that_reaches_beyond_the_picture_is_cut():
    mask = rasterize((Roi.rectangle(-500, -500, 2000, 2000),), SMALL)
    assert mask.all()


@pytest.mark.parametrize(
    ("roi", "words"),
    [
        (Roi.rectangle(1000, 10, 100, 100, "calf"), "area 'calf' lies outside of the picture, which is 960 x 540 px"),
        (Roi.rectangle(-300, -300, 200, 200), "the area lies outside"),
        (Roi.rectangle(100, 100, 12, 12, "calf"), "area 'calf' is too small; make it at least 40 x 40 px"),
    ],
)
def test_an_area_that_makes_no_sense_is_explained(roi, words):
    with pytest.raises(SettingsError, match=words):
        rasterize((Roi.rectangle(100, 100, 300, 300), roi), SMALL)


def test_the_size_that_is_asked_for_is_enough():
    assert rasterize((Roi.rectangle(100, 100, 40, 40),), SMALL).any()


def test_the_users_area_wins_over_color():
    mask = np.zeros([n * POINTS_PER_CELL for n in GRID.shape], bool)
    mask[5:20, 5:20] = True
    votes = SubjectVotes(GRID, mask)
    assert votes.subject().area == "roi"
    np.testing.assert_array_equal(votes.subject().analyzed, mask)
    followed = votes.subject().mask
    assert followed[mask].all()
    assert followed.mean() == pytest.approx(0.35, abs=0.05)  # the camera is not followed on a small area alone


def test_the_camera_is_followed_on_all_skin_if_the_area_is_skin():
    rows, cols = (n * POINTS_PER_CELL for n in GRID.shape)
    mask = np.zeros((rows, cols), bool)
    mask[rows // 2 - 4 : rows // 2 + 4, cols // 2 - 4 : cols // 2 + 4] = True
    votes = SubjectVotes(GRID, mask)
    luma = np.full((GRID.analysis_height_px, GRID.analysis_width_px), 120, np.float32)
    chroma = np.zeros((rows, cols, 2), np.float32)
    chroma[rows // 4 : -rows // 4, :, 1] = 25
    votes.look(luma, chroma, np.eye(3))
    subject = votes.subject()
    assert subject.analyzed.sum() == mask.sum()
    assert subject.mask.mean() == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(
    ("skin_rows", "area", "share"), [(slice(None), "parallax", 1 / 3), (slice(10, -10), "skin", 34 / 54)]
)
def test_depth_is_asked_where_all_is_of_the_color_of_skin(skin_rows, area, share):
    rows, cols = (n * POINTS_PER_CELL for n in GRID.shape)
    chroma = np.zeros((rows, cols, 2), np.float32)
    chroma[skin_rows, :, 1] = 25
    chroma[:4, :12] = 0  # something else in a corner
    votes = SubjectVotes(GRID, None)
    votes.look(np.full((270, 480), 120, np.float32), chroma, np.eye(3))
    assert votes.untold == (area == "parallax")
    middle = np.zeros(GRID.shape, bool)
    middle[9:18] = True
    if votes.untold:
        votes.settle_depth(middle)
    assert votes.subject().area == area
    assert votes.subject().mask.mean() == pytest.approx(share, abs=0.05)
    assert not votes.untold


def test_the_weight_lies_within_the_subject():
    mask = np.zeros([n * POINTS_PER_CELL for n in GRID.shape], bool)
    mask[10:40, 20:70] = True
    weight = subject_weight(mask, GRID)
    fine = np.kron(mask, np.ones((5, 5)))
    assert weight.shape == (270, 480)
    assert weight[fine > 0].mean() > 0.8
    assert weight[fine == 0].max() < 0.05
    assert subject_weight(np.ones_like(mask), GRID).min() == 1
