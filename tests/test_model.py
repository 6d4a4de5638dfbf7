import dataclasses

import numpy as np
import pytest
from helpers.build import example_event, example_result
from helpers.traces import make_trace
from hypothesis import given
from hypothesis import strategies as st

from fascidetect.model import Geometry, transform

SIDES = st.integers(16, 4320)


@given(SIDES, SIDES, st.sampled_from([160, 640, 960]), st.sampled_from([32, 64]))
def test_a_plan_has_whole_cells_and_the_shape_of_the_picture(width, height, long_side, cells):
    plan = Geometry.plan(width, height, long_side_px=long_side, cells_across=cells)
    rows, cols = plan.shape
    assert (plan.analysis_width_px, plan.analysis_height_px) == (cols * plan.cell_px, rows * plan.cell_px)
    assert min(rows, cols) >= 1
    assert max(rows, cols) <= cells
    assert max(plan.analysis_width_px, plan.analysis_height_px) <= max(long_side, 4 * cells)
    # Whole cells: each side may be off by half a cell.
    scale = max(plan.analysis_width_px, plan.analysis_height_px) / max(width, height)
    assert abs(plan.analysis_width_px - max(width * scale, plan.cell_px)) <= plan.cell_px
    assert abs(plan.analysis_height_px - max(height * scale, plan.cell_px)) <= plan.cell_px


@given(SIDES, SIDES, st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_conversions_undo_each_other(width, height, x, y):
    plan = Geometry.plan(width, height, long_side_px=640, cells_across=64)
    place = np.array([x, y])
    np.testing.assert_allclose(plan.analysis_to_px(plan.px_to_analysis(place)), place, atol=1e-6)
    np.testing.assert_allclose(plan.cells_to_analysis(plan.analysis_to_cells(place)), place, atol=1e-6)


@given(SIDES, SIDES)
def test_corners_meet_corners(width, height):
    """The outer edges of both pictures, half a pixel beyond the centers of the corner pixels, coincide."""
    plan = Geometry.plan(width, height, long_side_px=640, cells_across=64)
    edges = np.array([(-0.5, -0.5), (width - 0.5, height - 0.5)])
    expected = [(-0.5, -0.5), (plan.analysis_width_px - 0.5, plan.analysis_height_px - 0.5)]
    np.testing.assert_allclose(plan.px_to_analysis(edges), expected, atol=1e-6)


def test_a_cell_is_row_then_column_and_a_place_x_then_y():
    plan = Geometry(960, 540, 480, 270, 10)
    assert plan.shape == (27, 48)
    np.testing.assert_allclose(plan.cells_to_analysis(np.array([2.0, 5.0])), [54.5, 24.5])
    np.testing.assert_allclose(plan.analysis_to_px(np.array([54.5, 24.5])), [109.5, 49.5])
    assert plan.px_per_analysis_px == 2


def test_a_transform_turns_and_shifts():
    quarter = np.array([[0, -1, 10], [1, 0, 20], [0, 0, 1.0]])
    np.testing.assert_allclose(transform(quarter, np.array([[1.0, 0], [0, 1]])), [(10, 21), (9, 20)])


@pytest.mark.parametrize("name", ["ok", "affine", "displacement_px", "residual", "mask", "frame_index"])
def test_a_trace_checks_its_shapes(name):
    trace = make_trace(duration_s=0.5)
    with pytest.raises(ValueError, match=rf"{name} must have shape \("):
        dataclasses.replace(trace, **{name: getattr(trace, name)[:-1]})


def test_times_of_a_trace_increase():
    trace = make_trace(duration_s=0.5)
    with pytest.raises(ValueError, match="time_s must increase strictly"):
        dataclasses.replace(trace, time_s=trace.time_s[::-1])


def test_records_are_the_columns_of_the_table():
    first, second = example_result().to_records()
    assert first == dataclasses.asdict(example_event(5.0))
    assert second["peak_s"] == 9.0
