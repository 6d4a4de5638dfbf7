"""Noise of cells, also of those that are hardly ever seen."""

import numpy as np
import pytest

from fascidetect.events.score import cell_noise
from fascidetect.events.stretch import Stretch

SD = 0.05
N, ROWS, COLS = 240, 12, 16


def still(seen):
    data = np.random.default_rng(0).normal(0, SD, (3, N, ROWS, COLS)).astype(np.float32)
    all_cells, always = np.ones((ROWS, COLS), bool), np.ones(N, bool)
    time_s = np.arange(N) / 30
    return Stretch(time_s, data * seen, seen, all_cells, all_cells, always, ~always, np.ones(seen.shape), 0.25)


def test_noise_is_the_spread_of_each_cell():
    noise = cell_noise(still(np.ones((N, ROWS, COLS), bool)), 10)
    assert noise == pytest.approx(SD, rel=0.4)
    assert np.median(noise) == pytest.approx(SD, rel=0.15)  # of its own calm and overall spread the smaller


@pytest.mark.parametrize("seen_s", [0.0, 0.3])
def test_cells_that_are_hardly_ever_seen_have_no_less_noise_than_the_others(seen_s):
    seen = np.ones((N, ROWS, COLS), bool)
    seen[round(seen_s * 30) :, 4:8] = False
    noise = cell_noise(still(seen), 10)
    # A few samples may overstate it; understating it would make events.
    assert 0.8 * SD < noise[:, 4:8].min() <= noise[:, 4:8].max() < 3 * SD


def test_nothing_seen_at_all_is_no_error():
    assert np.isfinite(cell_noise(still(np.zeros((N, ROWS, COLS), bool)), 10)).all()
