import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fascidetect.events.foci import group, rhythm


def test_a_clock_has_its_rate():
    rng = np.random.default_rng(1)
    beat = rhythm(np.arange(20) * 0.8 + rng.normal(0, 0.02, 20))
    assert beat.rhythm_hz == pytest.approx(1.25, rel=0.01)
    assert beat.interval_cv < 0.1


def test_a_missed_beat_now_and_then_does_not_hide_the_rhythm():
    times = np.delete(np.arange(20) * 0.8, [4, 11, 15])
    beat = rhythm(times)
    assert beat.rhythm_hz == pytest.approx(1.25, rel=0.01)
    assert beat.interval_cv > 0.15  # as it stands, with the holes


def test_few_or_no_events_have_no_rhythm():
    assert (rhythm([]).median_interval_s, rhythm([1.0]).median_interval_s) == (None, None)
    assert rhythm([1.0, 3.0]).median_interval_s == 2
    assert rhythm([1.0, 2.0, 3.0, 4.0, 5.0]).rhythm_hz is None  # five may be chance
    assert rhythm([2.0, 2.0]).rhythm_hz is None


@pytest.mark.parametrize("n", [5, 6, 8, 12, 30])
def test_chance_is_hardly_ever_called_a_rhythm(n):
    """Twitches at random times (no two within 0.35 s, which could not be told apart) must be counted."""
    rng = np.random.default_rng(n)
    trains = (np.cumsum(0.35 + rng.exponential(2.0, n)) for _ in range(2000))
    assert np.mean([rhythm(train).rhythm_hz is not None for train in trains]) < 0.02


@given(st.permutations(list(range(8))))
def test_order_does_not_matter(order):
    times = np.cumsum([1.0, 0.4, 2.2, 0.7, 0.9, 3.1, 0.5, 1.3])
    assert rhythm(times[list(order)]) == rhythm(times)


def test_places_are_grouped_and_numbered_as_they_appear():
    places = np.array([(10.0, 10.0), (30, 12), (11, 10.5), (29, 11), (10, 9)])
    assert group(places, longer_side=48).tolist() == [1, 2, 1, 2, 1]
    assert group(np.zeros((0, 2)), 48).tolist() == []
    assert group(np.array([(3.0, 4.0)]), 48).tolist() == [1]
