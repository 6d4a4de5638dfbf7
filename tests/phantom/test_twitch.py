from dataclasses import replace

import numpy as np
import pytest

from fascidetect.errors import SettingsError
from fascidetect.phantom import Habit, Recipe, Scene, Twitch, scatter
from fascidetect.phantom.geometry import Limb
from fascidetect.phantom.twitch import field, landmarks, lasting_s, reach_px, slope, value, waveform

SHAPES = ("exponential", "raised_cosine", "biphasic", "sine_squared", "damped")
KINDS = ("shift", "bulge", "dimple", "lobes")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_waveform_starts_at_rest_peaks_at_one_and_ends_at_rest(shape):
    t = np.linspace(-1, 40, 410_001)
    level = waveform(shape, t)
    assert np.all(level[t <= 0] == 0)
    assert np.abs(level).max() == pytest.approx(1, abs=1e-6)
    assert t[np.abs(level).argmax()] == pytest.approx(1, abs=2e-3)
    assert abs(level[-1]) < 1e-6
    assert np.abs(np.diff(level)).max() < 5e-4  # no jump: 1e-4 rises per sample, slope below 3 per rise


def test_two_swing_back_beyond_rest():
    t = np.linspace(0, 10, 10_001)
    lowest = {shape: waveform(shape, t).min() for shape in SHAPES}
    assert lowest["exponential"] >= 0
    assert lowest["raised_cosine"] >= 0
    assert lowest["sine_squared"] >= 0
    assert lowest["biphasic"] < -0.3
    assert lowest["damped"] == pytest.approx(-0.25, abs=1e-3)


def test_landmarks_of_the_exponential_are_those_of_the_formula():
    # x exp(1 - x) = 0.1 at 0.038209 and 4.889720 (Lambert W)
    onset, peak, offset = landmarks(Twitch(2.0, 0, 0, rise_s=0.1))
    assert (onset, peak, offset) == pytest.approx((2.0038209, 2.1, 2.488972), abs=2e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_landmarks_are_where_the_waveform_passes_a_tenth(shape):
    twitch = Twitch(1.0, 0, 0, rise_s=0.08, shape=shape)
    onset, peak, offset = landmarks(twitch)
    assert abs(value(twitch, peak)) == pytest.approx(1, abs=1e-4)
    assert abs(value(twitch, onset)) == pytest.approx(0.1, abs=1e-3)
    assert abs(value(twitch, offset)) == pytest.approx(0.1, abs=1e-3)
    later = np.linspace(offset + 1e-4, 1 + lasting_s(twitch), 500)
    assert max(abs(value(twitch, t)) for t in later) < 0.1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("passive", [0.0, 0.4])
@pytest.mark.parametrize("direction_deg", [0.0, 130.0])
def test_the_amplitude_is_the_largest_displacement(kind, passive, direction_deg):
    twitch = Twitch(0, 0, 0, 1.7, 20, kind=kind, passive=passive, direction_deg=direction_deg)
    grid = np.arange(-150, 150.1, 0.5)
    x, y = field(twitch, grid[None], grid[:, None])
    length = np.hypot(x, y)
    assert length.max() == pytest.approx(1.7, rel=1e-3)
    far = np.hypot(grid[None], grid[:, None]) > reach_px(twitch)
    assert length[far].max(initial=0) < 0.003 * 1.7


def test_the_displacement_of_a_shift_is_half_at_its_radius():
    x, y = field(Twitch(0, 0, 0, 2.0, 30, direction_deg=90), np.array([0.0, 30.0]), np.zeros(2))
    assert y == pytest.approx([2.0, 1.0])
    assert x == pytest.approx([0, 0], abs=1e-12)


def test_a_bulge_points_outward_a_dimple_inward_and_lobes_apart():
    right = np.array([20.0]), np.zeros(1)
    left = np.array([-20.0]), np.zeros(1)
    for kind, sign in (("bulge", 1), ("dimple", -1), ("lobes", 1)):
        twitch = Twitch(0, 0, 0, 1.0, 20, kind=kind)
        assert np.sign(field(twitch, *right)[0]) == sign
        assert np.sign(field(twitch, *left)[0]) == -sign


def test_a_raised_surface_slopes_down_from_its_center():
    along_x, _ = slope(Twitch(0, 0, 0, radius_px=20, height_px=2), np.array([-10.0, 0.0, 10.0]), np.zeros(3))
    assert np.sign(along_x).tolist() == [1, 0, -1]


RECIPE = Recipe(width_px=640, height_px=480, duration_s=600, scene=Scene(limb_share=0.4))


def test_scattered_twitches_lie_within_the_limb_and_the_clip():
    twitches = scatter(np.random.default_rng(1), RECIPE, Habit(60, foci=4))
    limb = Limb.of(RECIPE)
    assert {t.focus for t in twitches} == {1, 2, 3, 4}
    for t in twitches:
        assert limb.depth_px(t.x_px, t.y_px) > t.radius_px
        assert 0 < t.start_s < RECIPE.duration_s - 0.9


def test_foci_are_different_places():
    twitches = scatter(np.random.default_rng(2), RECIPE, Habit(60, foci=3))
    places = [next((t.x_px, t.y_px) for t in twitches if t.focus == k) for k in (1, 2, 3)]
    gaps = [np.hypot(a[0] - b[0], a[1] - b[1]) for a, b in zip(places, places[1:] + places[:1], strict=True)]
    assert min(gaps) > 0.08 * 640


def test_the_rate_is_a_poisson_rate():
    counts = [len(scatter(np.random.default_rng(k), RECIPE, Habit(12))) for k in range(40)]
    # Mean 119.7 (12 a minute over 598.7 s); sd of the mean of 40 draws is 1.7.
    assert np.mean(counts) == pytest.approx(119.7, abs=6)
    assert np.var(counts) == pytest.approx(119.7, rel=0.7)


def test_a_least_gap_is_kept():
    twitches = scatter(np.random.default_rng(3), RECIPE, Habit(120, min_gap_s=0.5))
    assert np.diff([t.start_s for t in twitches]).min() >= 0.5


def test_a_rate_of_nothing_is_nothing():
    assert scatter(np.random.default_rng(0), RECIPE, Habit(0)) == ()
    assert scatter(np.random.default_rng(0), replace(RECIPE, duration_s=0.5), Habit(60)) == ()


@pytest.mark.parametrize(
    ("values", "match"),
    [({"amplitude_px": -1}, "amplitude_px"), ({"radius_px": 0}, "radius_px"), ({"rise_s": 0}, "rise_s")],
)
def test_twitches_that_make_no_sense_are_refused(values, match):
    with pytest.raises(SettingsError, match=match):
        Twitch(0, 0, 0, **values)
