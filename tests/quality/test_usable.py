from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from helpers.traces import make_trace, without
from hypothesis import given
from hypothesis import strategies as st

from fascidetect.model import FAULTS, Unusable
from fascidetect.quality.usable import find_unusable, join, usable_seconds
from fascidetect.settings import QualitySettings


def test_a_good_clip_is_usable_throughout():
    assert find_unusable(make_trace(duration_s=3), QualitySettings()) == ()


def test_a_gap_is_unusable_from_frame_to_frame():
    (gap,) = find_unusable(without(make_trace(duration_s=5), 2.0, 3.0), QualitySettings(max_gap_s=0.25))
    assert (gap.start_s, gap.end_s, gap.reason) == (pytest.approx(59 / 30), pytest.approx(3.0), "no frames")


def test_a_dropped_frame_is_no_gap():
    assert find_unusable(without(make_trace(duration_s=5), 2.0, 2.03), QualitySettings()) == ()


def test_what_is_lost_for_long_is_lost_with_what_lies_about_it():
    ok = np.ones(90, bool)
    ok[30:45] = False
    (lost,) = find_unusable(replace(make_trace(duration_s=3), ok=ok), QualitySettings())
    assert (lost.start_s, lost.end_s) == (pytest.approx(0.5 - 1 / 60), pytest.approx(44 / 30 + 1 / 60 + 0.5))
    assert lost.reason == "shaken or not registered"


def test_frames_that_flicker_in_and_out_are_one_stretch():
    ok, fault = np.ones(300, bool), np.zeros(300, np.uint8)
    ok[100:160] = np.arange(60) % 5 == 4
    fault[200:260] = np.where(np.arange(60) % 5 == 4, 0, FAULTS.index("out of focus"))
    shaken, unfocused = find_unusable(replace(make_trace(duration_s=10), ok=ok, fault=fault), QualitySettings())
    assert (shaken.start_s, shaken.end_s) == pytest.approx((100 / 30 - 0.5, 158 / 30 + 0.5), abs=0.04)
    assert (unfocused.start_s, unfocused.end_s) == pytest.approx((200 / 30, 258 / 30), abs=0.04)


@pytest.mark.parametrize("start", range(40, 60, 3))
def test_a_fifth_of_a_second_is_long_wherever_it_lies(start):
    ok = np.ones(300, bool)
    ok[start : start + 6] = False
    (lost,) = find_unusable(replace(make_trace(duration_s=10), ok=ok), QualitySettings())
    assert lost.end_s - lost.start_s == pytest.approx(1.2, abs=0.01)


def test_a_single_frame_that_is_lost_is_half_an_interval_more_and_nothing_else():
    ok = np.ones(90, bool)
    ok[30] = False
    (lost,) = find_unusable(replace(make_trace(duration_s=3), ok=ok), QualitySettings())
    assert (lost.start_s, lost.end_s) == (pytest.approx(1 - 1 / 60), pytest.approx(1 + 1 / 60))


def test_a_stretch_is_named_after_what_most_of_its_frames_suffer_from():
    ok, fault = np.ones(90, bool), np.zeros(90, np.uint8)
    ok[30:45] = False
    fault[30:40], fault[40:45] = FAULTS.index("covered"), FAULTS.index("blurred")
    (lost,) = find_unusable(replace(make_trace(duration_s=3), ok=ok, fault=fault), QualitySettings())
    assert lost.reason == "covered"


def test_frames_that_are_registered_and_show_too_little_are_lost_if_they_last():
    fault = np.zeros(90, np.uint8)
    fault[[10, 20, 21]] = FAULTS.index("blurred")
    fault[60:75] = FAULTS.index("out of focus")
    (lost,) = find_unusable(replace(make_trace(duration_s=3), fault=fault), QualitySettings())
    assert lost.reason == "out of focus"
    assert (lost.start_s, lost.end_s) == (pytest.approx(2 - 1 / 60), pytest.approx(74 / 30 + 1 / 60))


def test_all_lost_is_all_unusable():
    trace = make_trace(duration_s=3)
    lost = find_unusable(replace(trace, ok=np.zeros(90, bool)), QualitySettings())
    assert usable_seconds(0, float(trace.time_s[-1]), lost) == 0


def test_neighbors_are_joined_and_overlaps_cut():
    a, b, c = Unusable(1.0, 2.0, "x"), Unusable(2.1, 3.0, "x"), Unusable(2.5, 4.0, "y")
    assert join([c, b, a]) == (Unusable(1.0, 3.0, "x"), Unusable(3.0, 4.0, "y"))
    assert join([Unusable(0, 5, "x"), Unusable(1, 2, "y")]) == (Unusable(0, 5, "x"),)
    assert join([Unusable(0, 1, "x"), Unusable(2, 3, "x")]) == (Unusable(0, 1, "x"), Unusable(2, 3, "x"))
    assert join([]) == ()


SPANS = st.lists(
    st.builds(
        lambda start, length, reason: Unusable(start, start + length, reason),
        st.floats(0, 50),
        st.floats(0.01, 20),
        st.sampled_from("xyz"),
    ),
    max_size=12,
)


@given(SPANS)
def test_joined_stretches_never_overlap_and_lose_nothing(spans):
    joined = join(spans)
    assert all(a.end_s <= b.start_s for a, b in pairwise(joined))
    for one in spans:
        assert usable_seconds(one.start_s, one.end_s, joined) <= 1e-9
    assert join(joined) == joined


@given(SPANS)
def test_usable_and_lost_make_the_whole(spans):
    joined = join(spans)
    lost = sum(u.end_s - u.start_s for u in joined)
    assert usable_seconds(0, 100, joined) == pytest.approx(100 - lost)


def test_a_picture_that_stands_still_is_unusable_and_one_that_is_shown_twice_is_not():
    repeated = np.zeros(240, bool)
    repeated[[20, 50, 51]] = True
    repeated[100:160] = True
    (frozen,) = find_unusable(make_trace(duration_s=8, repeated=repeated), QualitySettings())
    assert frozen.reason == "frozen picture"
    assert (frozen.start_s, frozen.end_s) == pytest.approx((100 / 30, 160 / 30), abs=0.04)
