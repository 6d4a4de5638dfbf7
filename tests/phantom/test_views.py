from dataclasses import replace

import numpy as np
import pytest
from helpers.shifts import pictures

from fascidetect.errors import SettingsError
from fascidetect.phantom import Camera, Habit, Recipe, Scene, scatter
from fascidetect.phantom.geometry import Limb

VIEWS = ("limb", "sole", "eyelid", "tongue")
BASE = Recipe(seed=4, width_px=320, height_px=180, duration_s=0.2, camera=Camera(read_noise=0, shot_noise=0, fps=10))


def seen(view, **more):
    scene = Scene(view=view, limb_share=0.7, mm_per_px=0.3, hair_per_cm2=0, **more)
    return replace(BASE, scene=scene)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("angle_deg", [0.0, 80.0])
def test_twitches_are_scattered_on_what_is_filmed(view, angle_deg):
    recipe = replace(seen(view, limb_angle_deg=angle_deg), duration_s=120.0)
    twitches = scatter(np.random.default_rng(1), recipe, Habit(60, foci=2, radius_px=(8.0, 12.0)))
    body = Limb.of(recipe)
    assert len(twitches) > 50
    assert all(body.depth_px(t.x_px, t.y_px) > 0.5 * t.radius_px for t in twitches)


@pytest.mark.parametrize("view", ["sole", "tongue"])
def test_an_outline_covers_the_share_asked_for(view):
    y, x = np.mgrid[:180, :320]
    for share in (0.4, 0.7):
        limb = Limb.of(replace(BASE, scene=Scene(view=view, limb_share=share, limb_angle_deg=10)))
        assert np.mean(limb.depth_px(x, y) > 0) == pytest.approx(share, abs=0.03)


def test_a_tongue_is_red_in_everybody_and_glitters():
    means = []
    for tone in (0.1, 0.9):
        first, second = (p.astype(float) for p in pictures(seen("tongue", tone=tone, gloss=0.8)))
        means.append(first[60:120, 120:200].mean((0, 1)))
        assert np.abs(first - second).max() > 20  # highlights have moved
        assert np.mean(np.abs(first - second) > 5) < 0.1
    for red, green, blue in means:
        assert red > 1.4 * green
        assert red > 1.4 * blue
    assert np.abs(means[0] - means[1]).max() < 35


def test_a_sole_is_paler_than_a_limb():
    dark = [pictures(seen(view, tone=0.9), 1)[0][70:110, 100:180].mean() for view in ("limb", "sole")]
    assert dark[1] > dark[0] + 20


def test_a_lid_fills_the_picture_and_opens_as_asked():
    whites = []
    for eye_open in (0.0, 0.5, 1.0):
        recipe = seen("eyelid", eye_open=eye_open)
        body = Limb.of(recipe)
        y, x = np.mgrid[:180, :320].astype(float)
        assert body.cover(x, y).min() == 1
        whites.append(float(np.mean(body.depth_px(x, y) < 0)))
        rgb = pictures(recipe, 1)[0].astype(float)
        within = body.depth_px(x, y) < -3
        if within.any():  # a ball is less red than skin
            assert np.median((rgb[..., 0] - rgb[..., 2])[within]) < np.median((rgb[..., 0] - rgb[..., 2])[~within])
    assert whites[0] == 0
    assert whites[1] == pytest.approx(whites[2] / 2, rel=0.1)
    assert 0.05 < whites[2] < 0.25  # skin fills most of it


def test_only_a_limb_has_hair():
    bald, hairy = (pictures(replace(seen("sole"), scene=Scene(view="sole", hair_per_cm2=n)), 1)[0] for n in (0, 8))
    np.testing.assert_array_equal(bald, hairy)


RECIPE = Recipe(width_px=640, height_px=480, duration_s=600)


def test_trains_follow_each_other_at_one_place():
    habit = Habit(6, foci=3, train=(3, 5), train_gap_s=(0.2, 0.3))
    twitches = scatter(np.random.default_rng(1), RECIPE, habit)
    gaps = np.diff([t.start_s for t in twitches])
    lengths = np.diff(np.flatnonzero(np.concatenate([[True], gaps > 0.3 + 1e-9, [True]])))
    assert set(lengths[:-1]) == {3, 4, 5}
    assert gaps.min() > 0.2
    assert all(a.focus == b.focus for a, b, gap in zip(twitches, twitches[1:], gaps, strict=False) if gap <= 0.3)
    assert {t.focus for t in twitches} == {1, 2, 3}


def test_trains_of_one_are_single_twitches():
    one, usual = (scatter(np.random.default_rng(2), RECIPE, h) for h in (Habit(30, train=(1, 1)), Habit(30)))
    assert one == usual
    with pytest.raises(SettingsError, match="two counts from 1"):
        Habit(30, train=(0, 3))


def test_a_rate_of_120_is_nearly_continuous():
    twitches = scatter(np.random.default_rng(3), RECIPE, Habit(120, foci=1))
    assert len(twitches) == pytest.approx(1197, abs=140)  # 4 sd of a Poisson count
