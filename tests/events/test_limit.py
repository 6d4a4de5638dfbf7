from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fascidetect.events.limit import CENTER, LEAST_PX, SLOPE, amplitude_of, limit_of

AREA = np.ones((3, 4), bool)


def window(*gains, valid=AREA):
    """A window in which a twitch has each of these gains for as much of the time."""
    return SimpleNamespace(gain=np.array([np.full((3, 4), gain, np.float32) for gain in gains]), valid=valid)


def test_the_limit_of_a_cell_is_the_threshold_over_its_gain():
    limit = limit_of([window(20.0)], AREA, 10.0)
    assert limit.map_px == pytest.approx(np.full((3, 4), CENTER * 0.5))
    assert (limit.half_px, limit.most_px) == pytest.approx((CENTER * 0.5, CENTER * 0.5 * 9 ** (1 / SLOPE)))


@pytest.mark.parametrize("windows", [[window(20.0, 5.0)], [window(20.0), window(5.0)]], ids=["within", "between"])
def test_restless_time_counts_as_time_in_which_less_is_found(windows):
    limit = limit_of(windows, AREA, 10.0)
    assert limit.half_px == pytest.approx(CENTER), "of calm 0.5 and restless 2 the middle of their logarithms"
    assert limit.map_px == pytest.approx(np.full((3, 4), CENTER))
    most_px = 2 * CENTER * 4 ** (1 / SLOPE)  # all of those in calm time and eight tenths of the others
    assert limit.most_px == pytest.approx(most_px, rel=0.02)


def test_nothing_is_said_of_cells_in_which_nothing_is_sought():
    valid, area = AREA.copy(), AREA.copy()
    valid[0], area[:, 0] = False, False
    limit = limit_of([window(20.0, valid=valid)], area, 10.0)
    assert (np.isfinite(limit.map_px) == (valid & area)).all()
    assert limit.half_px == pytest.approx(CENTER * 0.5)


def test_no_limit_is_smaller_than_what_is_believed():
    assert limit_of([window(1e6)], AREA, 10.0).half_px == pytest.approx(LEAST_PX)
    assert pytest.approx(0.4) == LEAST_PX  # twice the least displacement: the windows take half of the usual twitch


def test_cells_that_show_nothing_count_as_places_where_a_twitch_is_missed():
    limits = np.full((12, 1), 0.2)
    limits[:8] = 4.0
    assert amplitude_of(0.3, limits)[0] < 1 < amplitude_of(0.5, limits)[0]


def test_without_a_cell_there_is_no_limit():
    limit = limit_of([window(20.0)], ~AREA, 10.0)
    assert np.isnan([limit.half_px, limit.most_px]).all()
    assert np.isnan(limit.map_px).all()


@given(st.lists(st.floats(0.05, 20), min_size=1, max_size=30), st.floats(0.05, 0.9), st.floats(0.01, 0.09))
def test_to_find_more_takes_larger_movements(values, share, more):
    limits = np.array(values)
    (low,), (high,) = amplitude_of(share, limits[:, None]), amplitude_of(share + more, limits[:, None])
    assert low <= high
    assert float(np.mean(1 / (1 + (limits / low) ** SLOPE))) == pytest.approx(share, abs=1e-3)
