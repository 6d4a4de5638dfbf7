"""Noise of cells, also of those that are hardly ever seen; what moves together and what apart."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fascidetect.events.score import STRAIN, cell_noise, combine_strain, ways
from fascidetect.events.stretch import Stretch, running_median

SD = 0.05
N, ROWS, COLS = 240, 12, 16


def still(seen):
    data = np.random.default_rng(0).normal(0, SD, (3, N, ROWS, COLS)).astype(np.float32)
    all_cells, always = np.ones((ROWS, COLS), bool), np.ones(N, bool)
    time_s = np.arange(N) / 30
    unrest = np.ones(seen.shape)
    return Stretch(time_s, data * seen, seen, all_cells, all_cells, always, ~always, ~always, unrest, 0.25)


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


def test_what_moves_apart_stands_out_more_than_by_its_mean():
    rows, cols = np.indices((24, 24)) - 11.5
    hill = np.exp(-(rows**2 + cols**2) / (2 * 1.8**2))
    bulge = np.stack([cols * hill, rows * hill, 0 * hill]).astype(np.float32)
    noise = np.random.default_rng(1).normal(0, 1, (2, 3, 200, 24, 24))
    noise = np.stack([gaussian_filter(one, (0, 0, s, s)) for one, s in zip(noise, (1.4, 2.2), strict=True)])
    noise /= noise.std(axis=(2, 3, 4), keepdims=True)
    everywhere = np.ones((24, 24), bool)
    usual = np.median(ways(noise.astype(np.float32), 1.0, everywhere), axis=(1, 2, 3))
    seen = ways(np.stack([bulge, bulge])[:, :, None], 1.0, everywhere).max(axis=(1, 2, 3)) / usual
    assert seen[STRAIN] > 1.3 * max(seen[:STRAIN])


@pytest.mark.parametrize("motion", [(1.0, 0.5), (0.0, -2.0)])
def test_an_even_shift_stretches_nothing_even_beside_what_is_not_analyzed(motion):
    valid = np.ones((20, 24), bool)
    valid[:, 15:] = False
    z = np.zeros((3, 1, 20, 24), np.float32)
    z[0, 0][valid], z[1, 0][valid] = motion
    strain = combine_strain(z, 1.0, valid)
    assert strain.shape == (1, 20, 24)
    assert np.abs(strain).max() < 1e-3


def test_turning_in_the_plane_stretches_nothing():
    rows, cols = np.indices((24, 24)) - 11.5
    z = np.stack([-rows, cols, 0 * rows])[:, None].astype(np.float32)
    inner = combine_strain(z, 1.0, np.ones((24, 24), bool))[0, 8:16, 8:16]
    assert np.abs(inner).max() < 0.05 * np.abs(rows).max()


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7])
def test_a_stretch_of_a_few_frames_has_a_slow_part_too(n):
    flat = np.full((n, 2, 2), 3.0, np.float32)
    assert running_median(flat, 1.0, 1 / 30) == pytest.approx(flat)
