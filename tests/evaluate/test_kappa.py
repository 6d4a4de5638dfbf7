import math

import numpy as np
import pytest

from fascidetect.evaluate.kappa import cohen, fleiss, with_interval


def test_cohen_of_an_example_worked_by_hand():
    """25 of 50 agreed on by chance, 35 in fact: (0.7 - 0.5) / (1 - 0.5)."""
    assert cohen(np.array([20, 5, 10, 15])) == pytest.approx(0.4)


def test_fleiss_of_an_example_worked_by_hand():
    """Mean agreement 5/6, a third of all answers yes: (5/6 - 5/9) / (1 - 5/9)."""
    assert fleiss(np.array([2, 1, 0, 1])) == pytest.approx(0.625)


@pytest.mark.parametrize("counts", [(0, 0, 0, 9), (9, 0, 0, 0), (0, 0, 0, 0)])
def test_where_all_is_alike_there_is_no_kappa(counts):
    assert math.isnan(cohen(np.array(counts)))
    assert math.isnan(fleiss(np.array([counts[3], 0, 0, counts[0]])))


def test_both_take_many_tables_at_once():
    tables = np.array([[20, 5, 10, 15], [10, 0, 0, 10], [5, 5, 5, 5]])
    np.testing.assert_allclose(cohen(tables), [0.4, 1.0, 0.0], atol=1e-12)
    assert fleiss(np.array([[2, 1, 0, 1], [1, 0, 0, 1]])).shape == (2,)


def test_an_interval_from_one_clip_comes_from_its_seconds():
    rows = np.array([[20, 5, 10, 15]])
    kappa = with_interval(rows, cohen, units_alike=True)
    # standard error of kappa, Fleiss, Cohen & Everitt (1969, Psychol Bull 72:323): about 0.128
    assert (kappa.low, kappa.high) == (pytest.approx(0.4 - 1.96 * 0.128, abs=0.04), pytest.approx(0.65, abs=0.04))
    assert math.isnan(with_interval(rows, cohen, units_alike=False).low)


def test_an_interval_from_many_clips_comes_from_the_clips():
    alike = with_interval(np.array([[20, 5, 10, 15]] * 10), cohen, units_alike=True)
    unlike = with_interval(np.array([[40, 0, 0, 30], [0, 10, 20, 0]] * 5), cohen, units_alike=True)
    assert math.isnan(alike.low)  # every resample is the same
    assert unlike.value == pytest.approx(alike.value)
    assert unlike.low < alike.value < unlike.high


def test_perfect_agreement_has_no_interval():
    kappa = with_interval(np.array([[10, 0, 0, 20]]), cohen, units_alike=True)
    assert (kappa.value, math.isnan(kappa.low), math.isnan(kappa.high)) == (1.0, True, True)
