import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fascidetect.events.limit import CENTER, SLOPE, cell_limits, limit_at
from fascidetect.events.reject import FAINTEST_PX

AREA = np.ones((3, 4), bool)


def window(gain, valid=AREA):
    return SimpleNamespace(gain=np.full((3, 4), gain, np.float32), valid=valid)


def test_the_limit_of_a_cell_is_the_threshold_over_its_gain():
    limits = cell_limits([window(20.0)], AREA, 10.0)
    assert limits == pytest.approx(np.full((3, 4), CENTER * 0.5))
    twice = cell_limits([window(20.0), window(60.0)], AREA, 10.0)
    assert twice == pytest.approx(limits / 2), "the mean gain of two windows is 40"


def test_nothing_is_said_of_cells_in_which_nothing_is_sought():
    valid, area = AREA.copy(), AREA.copy()
    valid[0], area[:, 0] = False, False
    limits = cell_limits([window(20.0, valid)], area, 10.0)
    assert (np.isfinite(limits) == (valid & area)).all()


def test_no_limit_is_smaller_than_what_is_believed():
    assert (cell_limits([window(1e6)], AREA, 10.0) == FAINTEST_PX).all()


def test_an_even_map_has_its_own_value_as_the_middle():
    limits = np.full((3, 4), 0.5)
    assert limit_at(limits, 0.5) == pytest.approx(0.5)
    assert limit_at(limits, 0.9) == pytest.approx(0.5 * 9 ** (1 / SLOPE))


def test_cells_that_show_nothing_count_as_places_where_a_twitch_is_missed():
    limits = np.full((3, 4), 0.2)
    limits[:2] = 4.0
    assert limit_at(limits, 0.3) < 1 < limit_at(limits, 0.5)


def test_without_a_cell_there_is_no_limit():
    assert math.isnan(limit_at(np.full((3, 4), np.nan), 0.5))


@given(st.lists(st.floats(0.05, 20), min_size=1, max_size=30), st.floats(0.05, 0.9), st.floats(0.01, 0.09))
def test_to_find_more_takes_larger_movements(values, share, more):
    limits = np.array(values)
    low, high = limit_at(limits, share), limit_at(limits, share + more)
    assert low <= high
    assert float(np.mean(1 / (1 + (limits / low) ** SLOPE))) == pytest.approx(share, abs=1e-3)
