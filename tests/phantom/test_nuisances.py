import itertools
from dataclasses import replace

import numpy as np
import pytest
from helpers.shifts import INNER, green, moved, pictures, remaining_shift

from fascidetect.errors import SettingsError
from fascidetect.phantom import Camera, Nuisance, Recipe, Scene, Twitch
from fascidetect.phantom import finger as fingers
from fascidetect.phantom.clip import truth_of
from fascidetect.phantom.hair import Wind
from fascidetect.phantom.motion import STEP_S, restless, steps
from fascidetect.phantom.places import places
from fascidetect.phantom.recipe import NUISANCE_UNITS
from fascidetect.phantom.scene import limb_layer
from fascidetect.phantom.stage import Chance, Stage

CLEAN = Camera(read_noise=0, shot_noise=0, fps=10)
SMALL = Recipe(
    seed=5, width_px=320, height_px=240, duration_s=1.0, scene=Scene(limb_share=1.0, hair_per_cm2=1), camera=CLEAN
)
LONG = replace(SMALL, duration_s=60.0)
NEW = ("hunting", "roll", "finger", "posture", "wind", "turning", "continuous", "blink", "gaze")
EYE = Scene(view="eyelid")


def stage_of(recipe):
    return Stage.of(recipe, Chance.of(recipe))


def courses(path, recipe):
    return np.array([path.at(t) for t in steps(recipe)])


def rms(x):
    return np.sqrt(np.mean(np.square(x)))


@pytest.mark.parametrize("kind", NEW)
def test_a_nuisance_of_no_strength_changes_nothing(kind):
    scene = EYE if kind in ("blink", "gaze") else SMALL.scene
    recipe = replace(SMALL, width_px=160, height_px=120, scene=scene, duration_s=0.3)
    none = pictures(recipe)
    weak = pictures(replace(recipe, nuisances=(Nuisance(kind, 1e-9, start_s=0.1),)))
    # Hairs that may move are drawn apart from the skin, after its light: a gray level or two at their edges.
    assert np.abs(np.array(none, float) - weak).mean() < (0.1 if kind == "wind" else 1e-3)


def test_only_what_is_not_at_its_default_is_hashed():
    plain = replace(SMALL, nuisances=(Nuisance("shake", 1.0),))
    same = replace(plain, scene=replace(plain.scene, view="limb", eye_open=0.6), camera=replace(CLEAN, shutter_s=0.0))
    assert same.sha256 == plain.sha256
    others = (
        replace(plain, scene=replace(plain.scene, view="sole")),
        replace(plain, camera=replace(CLEAN, shutter_s=0.01)),
        replace(plain, nuisances=(Nuisance("shake", 1.1),)),
        replace(plain, nuisances=()),
    )
    assert len({plain.sha256, *(r.sha256 for r in others)}) == 5


def test_every_kind_has_a_unit_and_is_told():
    for kind in NEW:
        scene = EYE if kind in ("blink", "gaze") else SMALL.scene
        recipe = replace(SMALL, scene=scene, nuisances=(Nuisance(kind, 1.0, start_s=0.2, end_s=0.7),))
        (told,) = truth_of(recipe, "", "").nuisances
        assert (told.kind, told.start_s, told.end_s, told.strength) == (kind, 0.2, 0.7, 1.0)
        assert told.unit == NUISANCE_UNITS[kind]


def test_posture_shifts_the_limb_and_leaves_it_there():
    step = Nuisance("posture", 3.4, start_s=0.2, direction_deg=25.0)
    recipe = replace(SMALL, nuisances=(step,), twitches=(Twitch(0.8, 160, 120),))
    shown = pictures(recipe)
    dx, dy = 3.4 * np.cos(np.radians(25)), 3.4 * np.sin(np.radians(25))
    np.testing.assert_array_equal(shown[0], shown[2])
    np.testing.assert_array_equal(shown[7], shown[8])  # over after half a second
    assert remaining_shift(moved(green(shown[0]), dx, dy), green(shown[7]), INNER) == pytest.approx([0, 0], abs=0.01)
    truth = truth_of(recipe, "", "")
    assert (truth.events[0].x_px - 160, truth.events[0].y_px - 120) == pytest.approx((dx, dy), abs=1e-3)
    assert [(i.start_s, i.end_s) for i in truth.ignore] == [(0.2, pytest.approx(0.7))]


def test_turning_is_largest_in_the_middle_and_nothing_at_the_rims():
    scene = Scene(limb_share=0.6, limb_angle_deg=0.0, hair_per_cm2=0, texture=1.6)
    recipe = replace(SMALL, scene=scene, nuisances=(Nuisance("turning", 2.0),), duration_s=3.0)
    stage = stage_of(recipe)
    turns = courses(stage.limb, recipe)[:, 4]
    assert np.abs(turns).max() == pytest.approx(2.0, rel=1e-3)
    assert np.abs(np.diff(turns)).max() / STEP_S < 8  # smooth: px per s
    frame = int(np.argmax(np.abs(turns[:: round(0.1 / STEP_S)])[:30]))
    turn = stage.limb.at(frame / 10)[4]
    shown = pictures(recipe, frame + 1)
    x = np.arange(40, 280)
    for row in (80, 120, 160):
        u = stage.body.across(x.astype(float), np.full(240, float(row)))
        expected = turn * np.mean(np.sqrt(1 - u**2))
        band = np.s_[row - 8 : row + 8, 40:-40]
        found = remaining_shift(moved(green(shown[0]), 0, expected), green(shown[frame]), band)
        assert found == pytest.approx([0, 0], abs=0.05)
    rim = float(stage.body.lifted(np.array([160.0]), np.array([120.0 + stage.body.depth_px(160.0, 119.5)]))[0])
    assert rim < 0.15
    background = np.s_[:10]
    np.testing.assert_array_equal(shown[0][background], shown[frame][background])


def test_a_twitch_turns_with_the_skin():
    scene = Scene(limb_share=0.6, limb_angle_deg=0.0)
    recipe = replace(SMALL, scene=scene, nuisances=(Nuisance("turning", 4.0),), duration_s=3.0)
    limb = stage_of(recipe).limb
    peak_s = max(np.arange(0.5, 2.5, 0.1).tolist(), key=lambda t: abs(limb.at(t)[4]))
    recipe = replace(recipe, twitches=(Twitch(peak_s - 0.1, 160, 119.5, rise_s=0.1),))
    (event,) = truth_of(recipe, "", "").events
    turn = limb.at(peak_s)[4]
    assert abs(turn) > 2
    # Near the axis the cosine is 1 to the second order.
    assert (event.x_px, event.y_px) == pytest.approx((160, 119.5 + turn), abs=0.05)


def test_a_restless_place_has_the_rms_asked_for_between_3_and_12_hz():
    recipe = replace(LONG, nuisances=(Nuisance("continuous", 0.8, x_px=150, y_px=110, radius_px=20),))
    found = places(recipe, np.random.default_rng(1))
    t = steps(recipe)[:-2]
    speed = [[place.shape.amplitude_px * place.course(v) for v in t] for place in found]
    assert rms(np.hypot(*speed)) == pytest.approx(0.8, rel=0.01)
    course = restless(recipe.nuisances[0], steps(recipe), np.random.default_rng(1))
    power = np.abs(np.fft.rfft(course)) ** 2
    f = np.fft.rfftfreq(len(course), STEP_S)
    assert power[(f > 2.5) & (f < 12.5)].sum() > 0.98 * power.sum()
    shown = pictures(replace(recipe, duration_s=0.5))
    assert all(np.abs(a.astype(float) - b)[90:130, 130:170].mean() > 0.2 for a, b in itertools.pairwise(shown))
    np.testing.assert_array_equal(shown[0][:20], shown[4][:20])


def test_hunting_blurs_up_to_its_strength_and_zooms():
    recipe = replace(SMALL, nuisances=(Nuisance("hunting", 2.5),), duration_s=3.0)
    stage = stage_of(recipe)
    course = courses(stage.camera, recipe)
    assert course[:, 4].max() == pytest.approx(2.5, rel=1e-3)
    assert course[:, 4].min() >= 0
    assert np.abs(course[:, 3]).max() == pytest.approx(0.003 * 2.5, rel=1e-3)
    blurs = course[:: round(0.1 / STEP_S), 4][:30]
    worst = int(blurs.argmax())
    shown = pictures(recipe, worst + 1)
    fine = [np.abs(np.diff(p[..., 1].astype(float), axis=1)).mean() for p in shown]
    assert fine[worst] < 0.6 * fine[0]
    assert truth_of(recipe, "", "").camera.affine[worst][0][0] != pytest.approx(1, abs=1e-3)


def test_roll_has_the_rms_asked_for_about_the_middle():
    recipe = replace(LONG, nuisances=(Nuisance("roll", 0.5),))
    course = courses(stage_of(recipe).camera, recipe)
    still = [0, 1, 3, 4]
    assert np.abs(course[:, still]).max() == 0
    # Whatever it is at the start is taken off: that the first frame is the reference.
    assert np.degrees(course[:, 2].std()) == pytest.approx(0.5, rel=0.1)


def test_a_finger_reaches_in_by_twice_its_half_width():
    recipe = replace(SMALL, nuisances=(Nuisance("finger", 30.0, start_s=0.0, end_s=9.0, direction_deg=0.0),))
    x, y = np.arange(320.0)[None], np.arange(240.0)[:, None]
    cover = fingers.cover(recipe, 5.0, x, y)
    assert cover[120, :40].min() > 0.99
    assert np.flatnonzero(cover[119] > 0.5).max() == pytest.approx(60, abs=1)
    assert np.sum(cover[:, 5] > 0.5) == pytest.approx(60, abs=2)
    assert cover[:, 80:].max() == 0
    assert fingers.cover(recipe, 10.0, x, y) is None
    twitches = (Twitch(0.8, 30, 120), Twitch(0.8, 200, 120))
    assert [e.x_px for e in truth_of(replace(recipe, twitches=twitches), "", "").events] == [200]
    first, *_, last = pictures(recipe)
    np.testing.assert_array_equal(first[:, 90:], last[:, 90:])
    assert np.abs(first.astype(float) - last)[110:130, :40].mean() > 15


def test_wind_moves_the_tips_and_not_the_roots():
    recipe = replace(LONG, scene=replace(SMALL.scene, hair_per_cm2=6), nuisances=(Nuisance("wind", 2.0),))
    layer, hairs = limb_layer(recipe, np.random.default_rng(0))
    wind = Wind.of(recipe, hairs, layer.fineness, np.random.default_rng(1))
    tips = np.array([wind.tips(t) for t in np.arange(1, 59, 0.1)])
    assert rms(np.hypot(*np.moveaxis(tips, -1, 0))) == pytest.approx(2.0, rel=0.1)
    assert np.degrees(np.arctan(tips[..., 1] / tips[..., 0])).ravel() == pytest.approx(30)
    first, second = (p.astype(float) for p in pictures(replace(recipe, duration_s=0.5), 5)[::4])
    change = np.abs(first - second).max(-1)[INNER]
    assert change.max() > 30
    assert np.mean(change < 1) > 0.5  # skin without hair stays as it is


def test_a_rolling_shutter_shears_by_velocity_times_readout():
    recipe = replace(SMALL, nuisances=(Nuisance("drift", 40.0, direction_deg=0.0),), duration_s=1.0)
    rolling = replace(recipe, camera=replace(CLEAN, rolling_shutter_s=0.03))
    stage = stage_of(rolling)
    velocity = (stage.camera.at(0.515) - stage.camera.at(0.485))[0] / 0.03
    lags = stage.lags(0.5)
    assert lags[-1, 0] - lags[0, 0] == pytest.approx(0.03 * velocity, rel=1e-3)
    assert lags[119:121].mean(0) == pytest.approx([0, 0], abs=1e-3)  # the stamp is that of the middle line
    plain, sheared = (green(pictures(r, 6)[5]) for r in (recipe, rolling))
    for row in (50, 190):
        band = np.s_[row - 10 : row + 11, 40:-40]
        found = remaining_shift(moved(plain, lags[row, 0], 0), sheared, band)[0]
        assert found == pytest.approx(0, abs=0.02)
    assert truth_of(rolling, "", "").camera == truth_of(recipe, "", "").camera


def test_the_place_in_the_truth_knows_of_the_rolling_shutter():
    recipe = replace(
        SMALL,
        nuisances=(Nuisance("drift", 40.0, direction_deg=0.0),),
        camera=replace(CLEAN, rolling_shutter_s=0.03),
        twitches=(Twitch(0.4, 160, 220, rise_s=0.1),),
    )
    stage = stage_of(recipe)
    (event,) = truth_of(recipe, "", "").events
    at = (stage.affine(event.peak_s) @ [160, 220, 1])[:2]
    assert event.x_px - at[0] == pytest.approx(stage.lags(event.peak_s)[220, 0], abs=1e-3)


def test_exposure_time_smears_along_the_motion_and_keeps_the_place():
    recipe = replace(SMALL, nuisances=(Nuisance("drift", 80.0, direction_deg=0.0),), duration_s=1.0)
    smeared = replace(recipe, camera=replace(CLEAN, shutter_s=1 / 30))
    sharp, soft = (pictures(r, 6)[5] for r in (recipe, smeared))
    stage = stage_of(smeared)
    times = stage.exposures(0.5)
    assert np.mean(times) == pytest.approx(0.5)
    path = np.array([stage.camera.at(t)[:2] for t in times])
    assert np.ptp(path[:, 0]) > 1.5
    # The path is bent a little: its mean lies some hundredths from its middle, which is the truth.
    assert path.mean(0) == pytest.approx(stage.camera.at(0.5)[:2], abs=0.04)
    # A sharp and a smeared picture cannot be laid over each other better than this.
    assert remaining_shift(green(sharp), green(soft)) == pytest.approx([0, 0], abs=0.05)
    along, across = (
        np.abs(np.diff(soft[..., 1].astype(float), axis=k)[INNER]).mean()
        / np.abs(np.diff(sharp[..., 1].astype(float), axis=k)[INNER]).mean()
        for k in (1, 0)
    )
    assert along < 0.7
    assert across > along + 0.05
    still = replace(SMALL, duration_s=0.1)
    change = np.subtract(*(pictures(replace(still, camera=c))[0].astype(float) for c in (CLEAN, smeared.camera)))
    assert np.abs(change).max() <= 1  # rounding


def test_a_blink_closes_the_eye_and_is_no_event():
    recipe = replace(SMALL, scene=EYE, duration_s=0.7, nuisances=(Nuisance("blink", 100.0, start_s=0.19, end_s=0.5),))
    eye = stage_of(recipe).eye
    assert eye.shut(0.19) == eye.shut(0.5) == 0
    assert max(eye.shut(t) for t in np.linspace(0.19, 0.5, 200)) == pytest.approx(1, abs=1e-3)
    shown = pictures(recipe)
    body = stage_of(recipe).body
    x, y = round(body.lids.x_px), round(body.lids.y_px - 0.25 * body.lids.gap_px)
    pupil = [p[y - 3 : y + 4, x - 3 : x + 4].mean() for p in shown]
    assert pupil[0] < 40  # black
    assert pupil[3] > 80  # lid
    np.testing.assert_array_equal(shown[0], shown[6])
    np.testing.assert_array_equal(shown[0][:60], shown[3][:60])  # nothing moves above the fold
    truth = truth_of(recipe, "", "")
    assert truth.events == truth.ignore == ()


def test_irregular_blinks_last_100_to_400_ms_and_are_told_one_by_one():
    recipe = replace(LONG, scene=EYE, nuisances=(Nuisance("blink", 90.0, rate_hz=0.4, start_s=5.0),))
    told = truth_of(recipe, "", "").nuisances
    assert 12 < len(told) < 36  # 22 expected; sd below 5
    assert all(n.kind == "blink" and 0.1 <= n.end_s - n.start_s <= 0.4 and n.start_s > 5 for n in told)
    assert np.std(np.diff([n.start_s for n in told])) > 0.5


def test_saccades_have_the_rms_asked_for_and_carry_the_iris():
    recipe = replace(LONG, scene=EYE, nuisances=(Nuisance("gaze", 12.0, rate_hz=3.0),))
    eye = stage_of(recipe).eye
    assert rms(np.hypot(*eye.looks_px[1:].T)) == pytest.approx(12, rel=0.2)
    short = replace(recipe, scene=replace(EYE, eye_open=1.0), nuisances=(Nuisance("gaze", 4.0, rate_hz=6.0),))
    short = replace(short, duration_s=1.0)
    looks = stage_of(short).eye
    shown = pictures(short)
    spots = []
    for picture in shown:
        dark = picture.max(-1)[150:, 130:190] < 45
        spots.append(np.argwhere(dark).mean(0)[::-1])
    moved_x = np.array(spots)[:, 0] - spots[0][0]
    expected = np.array([looks.look(k / 10)[0] for k in range(10)])
    assert np.corrcoef(moved_x, expected)[0, 1] > 0.97


def test_an_eye_is_needed_to_blink():
    with pytest.raises(SettingsError, match="blink needs an eye"):
        replace(SMALL, nuisances=(Nuisance("blink", 100.0),))
    with pytest.raises(SettingsError, match="strength of a blink"):
        Nuisance("blink", 130.0)
