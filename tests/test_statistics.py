import math

import numpy as np
import pytest

from fascidetect.statistics import logistic_curve, median


def trials(n, middle, slope, seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.5, 1.5, n)
    return x, rng.random(n) < 1 / (1 + np.exp(-slope * (x - middle)))


def test_many_trials_tell_the_curve():
    middle, low, high, most = logistic_curve(*trials(4000, 0.2, 4.0, seed=1))
    assert middle == pytest.approx(0.2, abs=0.05)
    assert low < 0.2 < high
    assert most == pytest.approx(0.2 + math.log(9) / 4, abs=0.1)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    covered = 0
    for seed in range(100):
        _, low, high, _ = logistic_curve(*trials(60, 0.0, 4.0, seed))
        covered += bool(low <= 0 <= high)
    assert 88 <= covered <= 100


def test_it_is_wider_where_there_are_fewer_trials():
    few, many = (logistic_curve(*trials(n, 0.0, 4.0, seed=2)) for n in (40, 640))
    assert few[2] - few[1] > 2 * (many[2] - many[1])


@pytest.mark.parametrize("hit", [[True, True, True], [False, False], []])
def test_trials_that_all_end_alike_tell_nothing(hit):
    assert all(math.isnan(value) for value in logistic_curve(np.linspace(0, 1, len(hit)), np.array(hit, bool)))


def test_where_strength_does_not_matter_the_interval_is_open():
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, 60)
    high = logistic_curve(x, rng.random(60) < 0.03)[2]
    assert math.isnan(high)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1,), (2,), (7,), (8, 5), (9, 4, 3), (10, 4, 3)])
def test_the_quick_median_is_numpys_to_the_bit(shape, dtype):
    values = np.random.default_rng(3).normal(size=shape).astype(dtype)
    values.ravel()[::3] = values.ravel()[0]  # ties
    for axis in range(-1, len(shape)):
        found = median(values, axis)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, np.median(values, axis=axis))
