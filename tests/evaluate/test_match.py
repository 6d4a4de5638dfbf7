import itertools

import numpy as np
import pytest

from fascidetect.evaluate import match


@pytest.mark.parametrize(
    ("true", "found", "tolerance", "expected"),
    [
        ([], [1.0], 0.25, []),
        ([1.0], [], 0.25, []),
        ([1.0], [1.25], 0.25, [(0, 0)]),  # the end is included
        ([1.0], [1.2500001], 0.25, []),
        ([1.0], [0.9, 1.1], 0.25, [(0, 0)]),  # two found near one true are one hit
        ([1.0, 1.1], [1.05], 0.25, [(0, 0)]),  # and the other way round
        ([20.0, 28.0], [25.0, 33.0], 6.0, [(0, 0), (1, 1)]),  # the nearest pair alone would leave two over
        ([28.0, 20.0], [33.0, 25.0], 6.0, [(0, 0), (1, 1)]),  # in any order
        ([0.0, 0.3, 0.6], [0.2, 0.5, 0.8], 0.25, [(0, 0), (1, 1), (2, 2)]),
        ([1.0, 5.0], [1.1, 5.1], 0.25, [(0, 0), (1, 1)]),
    ],
)
def test_hand_made_cases(true, found, tolerance, expected):
    assert match(np.array(true), np.array(found), tolerance) == expected


def test_of_equally_many_pairs_those_with_the_least_error():
    assert match(np.array([1.0]), np.array([0.8, 1.1]), 0.25) == [(0, 1)]
    assert match(np.array([1.0, 1.2]), np.array([1.21, 1.01]), 0.25) == [(0, 1), (1, 0)]


def test_what_is_elsewhere_is_no_pair():
    allowed = np.array([[False, True], [True, True]])
    assert match(np.array([1.0, 1.1]), np.array([1.0, 1.2]), 0.25, allowed) == [(0, 1), (1, 0)]
    assert match(np.array([1.0, 1.1]), np.array([1.0, 1.2]), 0.25, np.zeros((2, 2), bool)) == []


def best_by_trial(true, found, tolerance, allowed):
    """Most pairs, then least error, over every assignment there is."""
    best = (0, 0.0)
    for n in range(1, min(len(true), len(found)) + 1):
        for rows in itertools.combinations(range(len(true)), n):
            for cols in itertools.permutations(range(len(found)), n):
                errors = [abs(true[i] - found[j]) for i, j in zip(rows, cols, strict=True)]
                if max(errors) <= tolerance and all(allowed[i, j] for i, j in zip(rows, cols, strict=True)):
                    best = max(best, (n, -sum(errors)))
    return best


@pytest.mark.parametrize("seed", range(30))
def test_no_other_assignment_is_better(seed):
    rng = np.random.default_rng(seed)
    true, found = rng.uniform(0, 3, 4), rng.uniform(0, 3, 5)
    allowed = rng.random((4, 5)) < 0.7
    pairs = match(true, found, 0.5, allowed)
    error = -sum(abs(true[i] - found[j]) for i, j in pairs)
    assert (len(pairs), error) == pytest.approx(best_by_trial(true, found, 0.5, allowed))
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
