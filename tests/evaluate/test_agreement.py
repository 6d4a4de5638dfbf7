import math

import numpy as np
import pytest

from fascidetect.evaluate import bland_altman, icc

# Shrout & Fleiss 1979, Psychol Bull 86:420, table 2: six targets, four judges.
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def test_icc_of_the_published_example():
    found = icc(np.array(SHROUT_FLEISS))
    assert found.value == pytest.approx(0.29, abs=0.005)  # their table 4
    assert (found.low, found.high) == pytest.approx((0.019, 0.761), abs=0.001)  # McGraw & Wong's interval


def test_icc_knows_agreement_and_bias():
    counts = np.array([1, 4, 9, 16.0])
    assert icc(np.stack([counts, counts], 1)).value == pytest.approx(1)
    assert icc(np.stack([counts, counts + 10], 1)).value < 0.6
    assert math.isnan(icc(np.array([[3.0, 3.0]])).value)
    assert math.isnan(icc(np.full((4, 2), 3.0)).value)


def test_limits_of_agreement():
    limits = bland_altman(np.array([1, 2, 3, 4]), np.array([2, 2, 5, 5]))
    assert limits.bias == 1
    assert (limits.low, limits.high) == pytest.approx((1 - 1.96 * math.sqrt(2 / 3), 1 + 1.96 * math.sqrt(2 / 3)))
    assert math.isnan(bland_altman(np.array([1]), np.array([2])).low)
