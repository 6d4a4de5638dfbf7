from dataclasses import replace

import cv2
import numpy as np
import pytest
from helpers.shifts import INNER, green, moved, pictures, remaining_shift

from fascidetect.phantom import Camera, Nuisance, Recipe, Scene, Twitch
from fascidetect.phantom.clip import truth_of
from fascidetect.phantom.geometry import Limb

CLEAN = Camera(read_noise=0, shot_noise=0, fps=20)
SMALL = Recipe(
    seed=5, width_px=320, height_px=240, duration_s=1.0, scene=Scene(limb_share=1.0, hair_per_cm2=1), camera=CLEAN
)


@pytest.mark.parametrize("texture", [0.35, 1.6])
@pytest.mark.parametrize("amplitude", [0.02, 0.1, 0.25, 0.5, 1.3])
@pytest.mark.parametrize("direction_deg", [0.0, 120.0])
def test_a_known_shift_is_there_to_a_hundredth_of_a_px(texture, amplitude, direction_deg):
    # So wide a twitch shifts the whole picture evenly; its peak falls on frame 4, at 0.2 s.
    twitch = Twitch(0.1, 160, 120, amplitude, 10_000, 0.1, direction_deg=direction_deg)
    recipe = replace(SMALL, scene=replace(SMALL.scene, texture=texture), twitches=(twitch,))
    still, *_, peak = pictures(recipe, 5)
    dx, dy = amplitude * np.cos(np.radians(direction_deg)), amplitude * np.sin(np.radians(direction_deg))
    error = remaining_shift(moved(green(still), dx, dy), green(peak))
    assert np.abs(error).max() < 0.01


def test_a_twitch_is_exact_in_time_and_local():
    twitch = Twitch(0.12, 160, 120, 0.8, 25, 0.09, "raised_cosine", direction_deg=20)
    still, *later = pictures(replace(SMALL, twitches=(twitch,)), 8)
    y, x = np.mgrid[:240, :320]
    hill = 0.8 * 0.5 ** (((x - 160) ** 2 + (y - 120) ** 2) / 25**2)  # half at the radius
    within = np.s_[90:150, 130:190]
    for k, rgb in enumerate(later, 1):
        t = (k / 20 - 0.12) / 0.09
        level = (0.5 - 0.5 * np.cos(np.pi * t) if t < 1 else 0.5 + 0.5 * np.cos(np.pi * (t - 1) / 2)) * (0 < t < 3)
        expected = moved(
            green(still), *(level * hill * np.array([[[np.cos(np.radians(20))]], [[np.sin(np.radians(20))]]]))
        )
        assert remaining_shift(expected, green(rgb), within) == pytest.approx([0, 0], abs=0.01)
        np.testing.assert_array_equal(rgb[:, -20:], still[:, -20:])


def test_a_camera_shift_moves_limb_and_background_by_different_amounts():
    scene = Scene(limb_share=0.5, limb_angle_deg=0, parallax=0.5, background="wood", hair_per_cm2=1)
    recipe = replace(SMALL, scene=scene, nuisances=(Nuisance("drift", 3.0, direction_deg=0.0),))
    first, *_, last = pictures(recipe)
    dx = truth_of(recipe, "", "").camera.affine[-1][0][2]
    assert abs(dx) > 1
    limb, behind = np.s_[100:140, 40:-40], np.s_[4:24, 40:-40]
    assert remaining_shift(moved(green(first), dx, 0), green(last), limb)[0] == pytest.approx(0, abs=0.01)
    # The background is drawn at one texel per px: good to a few hundredths.
    assert remaining_shift(moved(green(first), dx / 2, 0), green(last), behind)[0] == pytest.approx(0, abs=0.05)


def test_the_same_recipe_gives_the_same_pictures_and_another_seed_others():
    recipe = replace(SMALL, camera=Camera(fps=20), nuisances=(Nuisance("shake", 2.0),))
    first, again, other = (pictures(r, 3) for r in (recipe, recipe, replace(recipe, seed=6)))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[0], other[0])


def test_a_twitch_changes_nothing_else():
    still = pictures(SMALL, 3)
    late = pictures(replace(SMALL, twitches=(Twitch(0.9, 100, 100),)), 3)
    np.testing.assert_array_equal(still, late)


def test_noise_has_the_strength_asked_for():
    noisy = pictures(replace(SMALL, camera=Camera(read_noise=2.0, shot_noise=0.0)), 2)
    sd = np.std(noisy[1].astype(float) - noisy[0]) / np.sqrt(2)
    assert sd == pytest.approx(np.hypot(2.0, 0.29), rel=0.05)  # 0.29: rounding


@pytest.mark.parametrize("tone", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_skin_of_every_tone_has_the_color_of_skin(tone):
    rgb = pictures(replace(SMALL, scene=replace(SMALL.scene, tone=tone)), 1)[0]
    y, cr, cb = (plane[INNER].mean() for plane in cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)))
    assert 10 < cr - cb < 70
    assert cr > 130 > cb
    assert y == pytest.approx(200 - 150 * tone, abs=45)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.9])
def test_the_limb_covers_the_share_asked_for(share):
    recipe = replace(SMALL, scene=Scene(limb_share=share))
    y, x = np.mgrid[:240, :320]
    assert np.mean(Limb.of(recipe).depth_px(x, y) > 0) == pytest.approx(share, abs=0.02)


def test_side_light_shows_a_rise_on_both_its_slopes():
    scene = replace(SMALL.scene, light_deg=180, light_side=0.8)  # from the left
    twitch = Twitch(0.1, 160, 120, 0.0, 30, 0.1, height_px=3.0)
    still, *_, peak = (p.astype(float) for p in pictures(replace(SMALL, scene=scene, twitches=(twitch,)), 5))
    change = (peak - still)[..., 1] / still[..., 1]
    assert change[110:130, 125:145].mean() > 0.01  # turned to the light
    assert change[110:130, 175:195].mean() < -0.01


@pytest.mark.parametrize(
    ("nuisance", "changed"),
    [
        (Nuisance("exposure", 20.0, start_s=0.4), slice(14, 20)),
        (Nuisance("flicker", 5.0), slice(1, 20)),
        (Nuisance("shadow", 40.0, start_s=0.1, end_s=0.9), slice(6, 14)),
        (Nuisance("knock", 3.0, start_s=0.4), slice(9, 12)),
        (Nuisance("tremor", 1.0), slice(1, 20)),
        (Nuisance("voluntary", 8.0, start_s=0.2, end_s=0.9), slice(8, 14)),
        (Nuisance("breathing", 2.0), slice(4, 18)),
        (Nuisance("pulse", 1.0), slice(2, 5)),
        (Nuisance("rhythmic", 1.0), slice(2, 4)),
        (Nuisance("zoom", 3.0), slice(12, 20)),
    ],
    ids=lambda v: getattr(v, "kind", ""),
)
def test_every_nuisance_shows(nuisance, changed):
    recipe = replace(SMALL, nuisances=(nuisance,), camera=replace(CLEAN, fps=20.3))  # not in step with the mains
    still = pictures(replace(recipe, nuisances=()), 1)[0].astype(float)
    change = [np.abs(p - still).mean() for p in pictures(recipe)]
    assert max(change[changed]) > 0.02
    if nuisance.start_s > 0:
        assert max(change[: int(nuisance.start_s * 20)]) == 0
