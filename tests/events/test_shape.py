import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fascidetect.events.shape import COURSES, TAUS_S, fit_shape, waveform

EDGE_S = 0.25


def fitted(onset_s, tau_s, *, fps=30.0, noise=0.0, level=0.0, guess_s=0.0, step=0.0):
    time_s = np.arange(-0.6, 1.2, 1 / fps)
    series = level + 5 * waveform(time_s - onset_s, tau_s) + step * (time_s > onset_s + 2 * tau_s)
    series = series + np.random.default_rng(0).normal(0, noise, len(time_s))
    return fit_shape(time_s, series, np.ones(len(time_s)), onset_s + tau_s + guess_s, EDGE_S)


RISE_10, FALL_10 = COURSES[0].rise_10, COURSES[0].fall_10


@pytest.mark.parametrize("kind", range(len(COURSES)))
def test_ten_percent_lies_where_it_is_said(kind):
    course = COURSES[kind]
    there = waveform(np.array([course.rise_10, course.peak, course.fall_10]), 1.0, kind)
    assert there == pytest.approx([0.1, 1.0, 0.1], abs=1e-3)
    assert waveform(np.linspace(-3, 30, 1000), 1.0, kind).max() <= 1.0 + 1e-9
    assert waveform(np.array([-1.0, 0.0, 1.0]), 1.0) == pytest.approx([0, 0, 1])


@pytest.mark.parametrize("fps", [15, 30, 60])
@pytest.mark.parametrize("tau_s", [tau for tau in TAUS_S if tau >= 0.035])
@pytest.mark.parametrize("guess_s", [-0.04, 0.0, 0.04])
def test_onset_peak_and_width_are_recovered(fps, tau_s, guess_s):
    shape = fitted(0.011, tau_s, fps=fps, level=-3.0, guess_s=guess_s)
    quarter = 0.25 / fps + 1e-6  # starts are tried every quarter of a frame
    assert shape.tau_s == tau_s
    assert shape.peak_s == pytest.approx(0.011 + tau_s, abs=quarter)
    assert shape.onset_s == pytest.approx(0.011 + RISE_10 * tau_s, abs=quarter)
    assert shape.offset_s == pytest.approx(0.011 + FALL_10 * tau_s, abs=quarter)
    assert shape.height == pytest.approx(5, rel=0.1)
    assert shape.r2 > 0.95


@settings(max_examples=40)
@given(st.floats(0.03, 0.18), st.floats(-0.02, 0.02), st.floats(0, 0.25))
def test_times_hold_between_the_tried_widths_and_in_noise(tau_s, onset_s, noise):
    shape = fitted(onset_s, tau_s, noise=noise)
    assert shape.peak_s == pytest.approx(onset_s + tau_s, abs=1 / 30)
    assert shape.onset_s <= shape.peak_s <= shape.offset_s


def test_a_change_that_stays_is_told_from_one_that_passes():
    assert fitted(0, 0.05).step < 0.1
    assert fitted(0, 0.05, step=5.0).step > 0.5


@pytest.mark.parametrize("sign", [-1, 1])
def test_what_slow_motion_removal_leaves_of_a_step_is_a_step(sign):
    time_s = np.arange(-0.6, 1.2, 1 / 30)
    edge = np.where(time_s < 0, -1, 1) * np.maximum(0, 1 - np.abs(time_s) / EDGE_S)
    shape = fit_shape(time_s, sign * edge, np.ones(len(time_s)), sign * 0.05, EDGE_S)
    assert shape.step >= 1


def test_noise_fits_badly():
    rng = np.random.default_rng(4)
    time_s = np.arange(-0.6, 1.2, 1 / 30)
    fits = [fit_shape(time_s, rng.normal(0, 1, len(time_s)), np.ones(len(time_s)), 0.0, EDGE_S).r2 for _ in range(20)]
    assert np.median(fits) < 0.45 < fitted(0, 0.05, noise=0.3).r2


def test_a_twitch_beside_it_does_not_matter_where_it_has_no_weight():
    time_s = np.arange(-0.6, 1.2, 1 / 30)
    both = waveform(time_s, 0.05) + 3 * waveform(time_s - 0.35, 0.05)
    weight = np.where((time_s > 0.3) & (time_s < 0.8), 0.0, 1.0)
    shape = fit_shape(time_s, both, weight, 0.05, EDGE_S)
    assert shape.peak_s == pytest.approx(0.05, abs=0.01)
    assert shape.height == pytest.approx(1, rel=0.1)


def test_a_flat_line_has_no_shape():
    time_s = np.arange(-0.6, 1.2, 1 / 30)
    shape = fit_shape(time_s, np.zeros(len(time_s)), np.ones(len(time_s)), 0.0, EDGE_S)
    assert shape.r2 == 0
    assert np.isfinite([shape.onset_s, shape.peak_s, shape.offset_s, shape.step]).all()


def test_the_tails_of_a_train_do_not_spoil_the_fits_of_its_twitches():
    time_s = np.arange(-0.6, 1.2, 1 / 30)
    onsets = (-0.35, 0.0, 0.35, 0.7)
    series = sum(5 * waveform(time_s - onset, 0.07) for onset in onsets) - 2.0
    fits = [fit_shape(time_s, series, np.ones(len(time_s)), onset + 0.07, EDGE_S) for onset in onsets]
    assert min(shape.r2 for shape in fits) < 0.5
    for _ in range(4):
        for k, onset in enumerate(onsets):
            others = [*fits[:k], *fits[k + 1 :]]
            fits[k] = fit_shape(time_s, series, np.ones(len(time_s)), onset + 0.07, EDGE_S, others)
    for onset, shape in zip(onsets, fits, strict=True):
        assert shape.r2 > 0.9
        assert shape.step < 0.4
        assert shape.peak_s == pytest.approx(onset + 0.07, abs=0.02)
        assert shape.height == pytest.approx(5, rel=0.25)


@pytest.mark.parametrize("kind", range(len(COURSES)))
def test_each_course_is_told_from_a_lasting_change(kind):
    time_s = np.arange(-0.6, 1.2, 1 / 30)
    course = COURSES[kind]
    series = 3 + 4 * waveform(time_s - 0.01, 0.07, kind)
    shape = fit_shape(time_s, series, np.ones(len(time_s)), 0.01 + course.peak * 0.07, EDGE_S)
    assert shape.r2 > 0.95
    assert shape.step < 0.4
    assert shape.height == pytest.approx(4, rel=0.1)
    assert shape.peak_s == pytest.approx(0.01 + course.peak * 0.07, abs=0.012)
    assert shape.onset_s == pytest.approx(0.01 + course.rise_10 * 0.07, abs=0.02)
