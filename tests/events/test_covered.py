"""Cells that show something else for a moment, told by what motion leaves unexplained."""

import numpy as np
import pytest

from fascidetect.events.covered import LEAST_REPLACED, OFTEN, find_replaced, is_disturbed, shows_else, usual_level

STEP_S = 1 / 30
N, ROWS, COLS = 300, 30, 50
TEXTURE = np.full((ROWS, COLS), 100.0, np.float32)
USUAL = 1.0


def unexplained(times_s, rows=slice(12, 16), cols=slice(20, 28), left=60.0, lasts_s=0.2):
    """(N, R, C): at its usual level but for one patch, a few times."""
    after = np.full((N, ROWS, COLS), USUAL, np.float32)
    for start_s in times_s:
        after[round(start_s / STEP_S) : round((start_s + lasts_s) / STEP_S), rows, cols] = left
    return after


def replaced(after, share=0.8, lasting=USUAL, within=None):
    within = np.ones((ROWS, COLS), bool) if within is None else within
    here = shows_else(after / share, after, np.full_like(after, lasting), usual_level(after), TEXTURE)
    return find_replaced(here & within, STEP_S)


def test_a_blink_is_left_out_with_what_is_near_and_nothing_else():
    found = replaced(unexplained([2.0]))
    first, last = 60, 66
    assert found.beside[first:last, 12:16, 20:28].all()
    assert found.beside[first:last, 9:19, 17:31].all()  # half of its 8 columns, all around
    assert not found.beside[:, :, :16].any()
    assert not found.beside[:first].any()
    assert not found.beside[last:].any()
    assert not found.often.any()


@pytest.mark.parametrize(
    ("after", "share"),
    [
        (unexplained([2.0], left=0.8 * 25), 0.8),  # doubt of less than half a pixel
        (unexplained([2.0]), 0.4),  # motion explains most of it
        (unexplained([2.0], rows=slice(12, 13), cols=slice(20, 20 + LEAST_REPLACED - 1)), 0.8),  # a speck
    ],
)
def test_skin_that_moves_is_not(after, share):
    found = replaced(after, share)
    assert not found.beside.any()
    assert not found.often.any()


def test_neither_is_a_limb_that_turns_nor_what_shows_at_its_outline():
    outline = np.ones((ROWS, COLS), bool)
    outline[12:16, 20:28] = False
    for found in (replaced(unexplained([2.0]), lasting=4.0), replaced(unexplained([2.0]), within=outline)):
        assert not found.beside.any()


def test_what_shows_something_else_time_and_again_is_no_skin():
    times_s = [1.0 + 2 * k for k in range(OFTEN)]
    assert not replaced(unexplained(times_s[1:])).often.any()
    often = replaced(unexplained(times_s)).often
    assert often[12:16, 20:28].all()
    assert np.count_nonzero(often) == 6 * 10  # and one cell all around
    assert not replaced(unexplained([1.0, 1.25, 1.5])).often.any(), "a flutter is one"


def test_a_frame_is_lost_where_much_of_the_subject_is_covered():
    covered = np.zeros((3, ROWS, COLS), bool)
    covered[1, :, :20] = True
    everything = np.ones_like(covered)
    assert is_disturbed(covered, everything).tolist() == [False, True, False]
    everything[:, :, :18] = False
    assert not is_disturbed(covered, everything).any()
