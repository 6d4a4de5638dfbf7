"""What candidates are told to stand out of."""

import dataclasses

import numpy as np
import pytest
from helpers.traces import Bump, make_trace

from fascidetect.events.find import PROMINENT_S, SWING_S, UNTOLD_PROMINENCE
from fascidetect.events.seek import seek
from fascidetect.model import MotionTrace
from fascidetect.settings import Settings

PEAK = Bump(6.0, amplitude_px=2.0)


def strongest(trace: MotionTrace):
    settings = Settings()
    (window,) = seek(trace, settings.quality.max_gap_s, settings.detect)
    return max(window.candidates, key=lambda c: c.score)


def restless(about_s: float, *bumps: Bump, row: float = PEAK.row) -> MotionTrace:
    """Skin that trembles for 2 s as it moves in the twitch, or elsewhere: too little for single movements."""
    trace = make_trace(bumps, duration_s=14.0)
    tremor = np.random.default_rng(5).standard_normal(len(trace.time_s)) * (np.abs(trace.time_s - about_s) < 1)
    field = dataclasses.replace(PEAK, row=row).field(trace.geometry.shape)
    moved = trace.displacement_px + (0.2 * tremor[:, None, None, None] * field).astype(np.float16)
    return dataclasses.replace(trace, displacement_px=moved)


def test_a_twitch_is_prominent_where_its_place_is_calm():
    calm = strongest(make_trace([PEAK], duration_s=14.0)).prominence
    assert calm > 8
    assert strongest(restless(PEAK.peak_s + 1.8, PEAK)).prominence < 0.75 * calm


@pytest.mark.parametrize(
    ("about_s", "row"),
    [(PEAK.peak_s + 1.8, 3.0), (PEAK.peak_s + PROMINENT_S + 1.5, PEAK.row)],
    ids=["elsewhere", "later"],
)
def test_what_goes_on_elsewhere_or_later_takes_nothing_of_it(about_s, row):
    calm = strongest(make_trace([PEAK], duration_s=14.0)).prominence
    assert strongest(restless(about_s, PEAK, row=row)).prominence > 0.9 * calm


def test_others_like_it_take_little_of_it():
    train = [dataclasses.replace(PEAK, start_s=s) for s in (4.0, 5.0, 6.0, 7.0, 8.0)]
    assert strongest(make_trace(train, duration_s=14.0)).prominence > 5


def test_what_is_out_of_view_is_not_taken_for_calm():
    trace = make_trace([PEAK], duration_s=14.0)
    since_s, affine = np.abs(trace.time_s - PEAK.peak_s), trace.affine.copy()
    affine[(since_s > 1.2) & (since_s < PROMINENT_S), 0, 2] = 1e4  # registered, but the place lies beside the picture
    seldom_seen = dataclasses.replace(trace, affine=affine)
    assert strongest(seldom_seen).prominence < strongest(trace).prominence


def test_it_says_nothing_where_nothing_is_seen_beside_it():
    assert strongest(make_trace([Bump(0.4, amplitude_px=2.0)], duration_s=0.9)).prominence == UNTOLD_PROMINENCE


SWING = dataclasses.replace(PEAK, shape="swing", tau_s=0.03, turn_deg=30.0)
"""Its way back stands out more than its way out."""


def test_what_stands_out_most_on_its_way_back_is_known_by_its_way_out():
    found = strongest(make_trace([SWING], duration_s=14.0))
    assert found.peak_s == pytest.approx(SWING.peak_s, abs=1 / 30)
    assert found.shape.step < 0.5
    right, down = found.displacement_px
    assert right > 0
    assert down == pytest.approx(right * np.tan(np.radians(30)), rel=0.3)


@pytest.mark.parametrize("before_s", [0.1, 0.2, 0.3])
def test_a_single_frame_is_no_way_out(before_s):
    trace = make_trace([PEAK], duration_s=14.0)
    frame = int(np.argmin(np.abs(trace.time_s - (PEAK.peak_s - before_s))))
    moved = trace.displacement_px.astype(np.float32)
    moved[frame] -= 1.3 * PEAK.amplitude_px * PEAK.field(trace.geometry.shape)
    found = strongest(dataclasses.replace(trace, displacement_px=moved.astype(np.float16)))
    assert found.peak_s == pytest.approx(PEAK.peak_s, abs=1 / 30)


@pytest.mark.parametrize("before_s", [0.3, SWING_S + 0.15], ids=["accounted for", "too long before"])
def test_a_movement_of_its_own_is_no_way_out(before_s):
    other = dataclasses.replace(
        PEAK, start_s=PEAK.start_s - before_s, turn_deg=180.0, amplitude_px=2.5 * PEAK.amplitude_px
    )
    settings = Settings()
    (window,) = seek(make_trace([PEAK, other], duration_s=14.0), settings.quality.max_gap_s, settings.detect)
    off_s = [c.peak_s - PEAK.peak_s for c in window.candidates if c.displacement_px[0] > 0]
    assert min(map(abs, off_s)) < 1 / 30


def test_what_comes_from_farther_out_is_no_way_back():
    """A limb that is laid down: it was out before anything could have begun."""
    down = dataclasses.replace(PEAK, shape="step", start_s=PEAK.start_s - 2.0, turn_deg=180.0)
    up = dataclasses.replace(PEAK, shape="step")
    found = strongest(make_trace([down, up], duration_s=14.0))
    assert min(abs(found.peak_s - one.start_s) for one in (down, up)) < 0.15


def test_frames_that_are_seconds_apart_tell_of_no_way_out():
    slow = dataclasses.replace(PEAK, start_s=20.0, tau_s=1.0, amplitude_px=3.0)
    settings = Settings()
    windows = seek(make_trace([slow], fps=1.0, duration_s=80.0), settings.quality.max_gap_s, settings.detect)
    peaks_s = [c.peak_s for window in windows for c in window.candidates]
    assert min(abs(peak_s - slow.peak_s) for peak_s in peaks_s) <= 1.0
