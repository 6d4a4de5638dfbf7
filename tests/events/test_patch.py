import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fascidetect.events.patch import Patch

GRID = 5, 7


@settings(max_examples=60)
@given(
    hnp.arrays(bool, GRID),
    hnp.arrays(np.float16, GRID, elements=st.sampled_from([0, 0, 0, 0.5, 2])),
    hnp.arrays(np.float16, (2, *GRID), elements=st.sampled_from([0, 0, 0, -3, 1])),
    st.tuples(st.integers(0, GRID[0] - 1), st.integers(0, GRID[1] - 1)),
)
def test_laid_out_again_it_is_what_was_cut(region, footprint_px, pattern, cell):
    region[cell] = True
    patch = Patch.cut(region, footprint_px, pattern)
    np.testing.assert_array_equal(patch.laid_out(patch.region), region)
    np.testing.assert_array_equal(patch.laid_out(patch.footprint_px), footprint_px)
    np.testing.assert_array_equal(patch.laid_out(patch.pattern), pattern)


def test_it_holds_its_own_cells_and_no_others():
    region, pattern = np.zeros(GRID, bool), np.zeros((2, *GRID), np.float32)
    region[2, 3], pattern[1, 3, 4] = True, 4.0
    patch = Patch.cut(region, np.zeros(GRID), pattern)
    assert (patch.corner, patch.grid, patch.region.shape, patch.pattern.shape) == ((2, 3), GRID, (2, 2), (2, 2, 2))
    assert all(part.base is None for part in (patch.region, patch.footprint_px, patch.pattern))  # or all is kept


def test_nothing_is_no_patch():
    with pytest.raises(IndexError):
        Patch.cut(np.zeros(GRID, bool), np.zeros(GRID), np.zeros((2, *GRID)))


@given(*[st.tuples(st.integers(0, GRID[0] - 1), st.integers(0, GRID[1] - 1), st.integers(0, 2**16)) for _ in range(2)])
def test_likeness_is_the_cosine_of_the_whole_patterns(one, other):
    patches, wholes = [], []
    for row, col, seed in (one, other):
        pattern = np.zeros((2, *GRID), np.float32)
        pattern[:, row : row + 3, col : col + 2] = np.random.default_rng(seed).normal(size=(2, 3, 2))[
            :, : GRID[0] - row, : GRID[1] - col
        ]
        patches.append(Patch.cut((pattern != 0).any(axis=0), np.zeros(GRID), pattern))
        wholes.append(patches[-1].laid_out(patches[-1].pattern).astype(float))
    cosine = np.vdot(*wholes) / np.prod([np.linalg.norm(whole) for whole in wholes])
    assert patches[0].likeness(patches[1]) == pytest.approx(cosine, abs=1e-5)


def test_without_motion_nothing_is_alike():
    nothing = Patch.cut(np.ones(GRID, bool), np.zeros(GRID), np.zeros((2, *GRID)))
    assert nothing.likeness(nothing) == 0.0
