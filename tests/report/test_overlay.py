from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers.synthetic import cannot_analyze, make_event, make_result, make_trace, pictures

from fascidetect.model import ByteArray, Picture, Rejection, Result, Sustained, Unusable
from fascidetect.report.layout import Layout
from fascidetect.report.overlay import draw_overlay
from fascidetect.report.style import FOCUS_COLORS, REJECTED_COLOR
from fascidetect.settings import ReportSettings

SIZE = (960, 540)


def draw(trace, result: Result, at_s: list[float], size=SIZE, label: str = "") -> list[Picture]:
    return list(draw_overlay(pictures(trace, *size, at_s), trace, result, ReportSettings(label=label)))


def colored(rgb: ByteArray, color, rows: slice = slice(0, 540), tolerance: int = 12):
    """(row, col) of all pixels of about this color."""
    near = np.abs(rgb[rows].astype(int) - np.array(color)).max(axis=-1) <= tolerance
    return np.argwhere(near)


@pytest.fixture
def trace():
    return make_trace(1920, 1080)


def test_a_box_stands_at_the_place_and_time_of_its_event_only(trace):
    event = make_event(trace, 5.0, (0.25, 0.5))
    before, during, after = draw(trace, make_result(trace, (event,)), [3.0, 5.0, 7.0])
    found = colored(during.rgb, FOCUS_COLORS[0])
    middle = (found.min(axis=0) + found.max(axis=0)) / 2
    edges = [p for p in found if p[0] > 0.5 * 540 - 55]  # leaves the label above the box out
    assert len(edges) > 300
    assert middle[1] == pytest.approx(0.25 * 960, abs=6)
    assert 0.5 * 540 - 90 < middle[0] < 0.5 * 540 + 10
    for picture in (before, after):
        assert len(colored(picture.rgb, FOCUS_COLORS[0])) == 0


def test_the_box_comes_a_little_early_dimmer_and_stays_a_little(trace):
    event = make_event(trace, 5.0, (0.5, 0.5))
    early, during, late = draw(trace, make_result(trace, (event,)), [4.9, 5.0, 5.5])
    dim = tuple(round(0.75 * v) for v in FOCUS_COLORS[0])
    bright = len(colored(during.rgb, FOCUS_COLORS[0]))
    for picture in (early, late):
        assert len(colored(picture.rgb, dim)) > 300
        assert len(colored(picture.rgb, FOCUS_COLORS[0])) < bright / 3


def test_the_box_moves_with_the_camera():
    still = make_trace(1920, 1080)
    event = make_event(still, 5.0, (0.3, 0.5))
    moving = make_trace(1920, 1080, drift_px_s=(40.0, 0.0))
    moved = make_event(moving, 5.0, (0.3, 0.5))
    (a,) = draw(still, make_result(still, (event,)), [5.0])
    (b,) = draw(moving, make_result(moving, (moved,)), [5.0])
    shift = colored(b.rgb, FOCUS_COLORS[0]).mean(axis=0) - colored(a.rgb, FOCUS_COLORS[0]).mean(axis=0)
    assert shift == pytest.approx([0, 40.0 * 5 / 2], abs=1.5)  # half size; the label's place may round


def test_a_lost_frame_borrows_the_place_of_its_neighbor():
    trace = make_trace(1920, 1080, drift_px_s=(40.0, 0.0))
    event = make_event(trace, 5.0, (0.3, 0.5))
    (expected,) = draw(trace, make_result(trace, (event,)), [5.0])
    ok, affine = trace.ok.copy(), trace.affine.copy()
    ok[150], affine[150] = False, np.array([[9.0, 0, 999], [0, 9, 999], [0, 0, 1]])
    lost = dataclasses.replace(trace, ok=ok, affine=affine)
    (got,) = draw(lost, make_result(lost, (event,)), [5.0])
    shift = colored(got.rgb, FOCUS_COLORS[0]).mean(axis=0) - colored(expected.rgb, FOCUS_COLORS[0]).mean(axis=0)
    assert np.abs(shift).max() < 2  # one frame of drift is 0.7 px here


def test_a_rejected_movement_is_gray_and_dashed(trace):
    event = make_event(trace, 5.0, (0.5, 0.5), focus=1)
    result = make_result(trace, (), (Rejection(event, "rhythmic"),))
    (picture,) = draw(trace, result, [5.0])
    assert len(colored(picture.rgb, FOCUS_COLORS[0])) == 0
    gray = colored(picture.rgb, REJECTED_COLOR, rows=slice(270 - 52, 270 + 52), tolerance=6)
    counted = draw(trace, make_result(trace, (event,)), [5.0])[0]
    solid = colored(counted.rgb, FOCUS_COLORS[0], rows=slice(270 - 52, 270 + 52))
    assert 100 < len(gray) < 0.6 * len(solid)


def test_continuous_movement_is_drawn_and_not_called_none(trace):
    place = Sustained("continuous", 960.0, 540.0, 100.0, 2.0, 8.0, None, 0)
    quiet = make_result(trace)
    restless = make_result(trace, sustained=(place,))
    outside, inside = draw(trace, restless, [1.0, 5.0])
    plain, _ = draw(trace, quiet, [1.0, 5.0])
    assert np.array_equal(outside.rgb[:540], plain.rgb[:540])
    assert not np.array_equal(inside.rgb[:540], plain.rgb[:540])
    assert not np.array_equal(outside.rgb[540:562], plain.rgb[540:562])  # other words in the strip


def test_the_count_runs_and_the_playhead_moves(trace):
    events = tuple(make_event(trace, t, (0.3, 0.5)) for t in (2.0, 5.0))
    strips = [p.rgb[540:] for p in draw(trace, make_result(trace, events), [1.0, 1.5, 3.0, 6.0])]
    count = [strip[:35, 700:] for strip in strips]
    assert np.array_equal(count[0], count[1])
    assert not np.array_equal(count[1], count[2])
    assert not np.array_equal(count[2], count[3])
    head = [np.flatnonzero((strip[45:75] == 255).all(axis=(0, 2))).mean() for strip in strips]
    assert np.diff(head) == pytest.approx(np.array([0.5, 1.5, 3.0]) / (299 / 30) * head_span(), abs=1.5)


def head_span() -> int:
    left, _, right, _ = Layout.plan(*SIZE).plot
    return right - left


def test_an_unusable_stretch_is_noted_while_it_lasts(trace):
    result = make_result(trace, unusable=(Unusable(4.0, 6.0, "shaken"),))
    usable, unusable = (p.rgb[540:562, 200:700] for p in draw(trace, result, [2.0, 5.0]))
    assert usable.max() < 60
    assert unusable.max() > 200


def test_a_frame_that_could_not_be_registered_is_noted(trace):
    ok = trace.ok.copy()
    ok[150] = False
    lost = dataclasses.replace(trace, ok=ok)
    good, bad = (p.rgb[540:562, 200:700] for p in draw(lost, make_result(lost), [2.0, 5.0]))
    assert good.max() < 60
    assert bad.max() > 200


def test_a_clip_that_cannot_be_judged_shows_no_count(trace):
    quiet = draw(trace, make_result(trace), [5.0])[0].rgb[540:562, 820:]
    refused = draw(trace, cannot_analyze(trace, "shaken"), [5.0])[0].rgb[540:562, 820:]
    assert quiet.max() > 200
    assert refused.max() < 60


def test_the_analyzed_area_is_outlined():
    inner = draw(trace := make_trace(1920, 1080), make_result(trace), [5.0])[0].rgb
    bare = next(iter(pictures(trace, *SIZE, [5.0]))).rgb
    changed = np.argwhere((inner[:540] != bare).any(axis=-1))
    assert changed.min(axis=0) == pytest.approx([0.1 * 540, 0.08 * 960], abs=16)  # a cell is 15 px here
    assert changed.max(axis=0) == pytest.approx([0.9 * 540, 0.92 * 960], abs=16)


@pytest.mark.parametrize(
    ("clip", "shown", "picture_size"),
    [
        ((1920, 1080), (960, 540), (960, 540)),
        ((1080, 1920), (540, 960), (540, 960)),
        ((320, 240), (320, 240), (640, 480)),  # enlarged twice
        ((333, 251), (333, 251), (666, 502)),
        ((1001, 563), (959, 539), (959, 539)),
        ((64, 480), (64, 480), (128, 960)),  # enlarged no further than its long side allows; padded
        ((17, 9), (17, 9), (493, 261)),
    ],
)
def test_every_size_gives_even_constant_legible_pictures(clip, shown, picture_size):
    trace = make_trace(*clip)
    event = make_event(trace, 5.0, (0.5, 0.5))
    out = draw(trace, make_result(trace, (event,)), [4.0, 5.0, 6.0], size=shown, label="Müller, left calf")
    layout = Layout.plan(*shown)
    assert (layout.picture_w, layout.picture_h) == picture_size
    assert {p.rgb.shape for p in out} == {(layout.height, layout.width, 3)}
    assert layout.width % 2 == layout.height % 2 == 0
    assert layout.width >= 480
    assert layout.height > layout.picture_h
    assert layout.unit_px >= 12
    assert all(p.rgb.dtype == np.uint8 for p in out)
    assert len(colored(out[1].rgb, FOCUS_COLORS[0], rows=slice(0, layout.picture_h))) > 100


def test_pictures_keep_index_and_time_and_the_input_is_not_touched(trace):
    given = list(pictures(trace, *SIZE, [1.0, 2.0, 3.0]))
    for picture in given:
        picture.rgb.flags.writeable = False
    out = list(draw_overlay(given, trace, make_result(trace), ReportSettings()))
    assert [(p.index, p.time_s) for p in out] == [(p.index, p.time_s) for p in given]


def test_pictures_that_are_not_in_the_trace_use_the_nearest_row(trace):
    event = make_event(trace, 5.0, (0.5, 0.5))
    sparse = dataclasses.replace(trace, frame_index=trace.frame_index * 2)
    rgb = next(iter(pictures(trace, *SIZE, [5.0]))).rgb
    given = [Picture(-5, 5.0, rgb), Picture(301, 5.0, rgb), Picture(99999, 5.0, rgb)]
    out = list(draw_overlay(given, sparse, make_result(sparse, (event,)), ReportSettings()))
    assert len({p.rgb.tobytes() for p in out}) == 1


def test_no_pictures_give_none_and_the_generator_is_lazy(trace):
    assert list(draw_overlay([], trace, make_result(trace), ReportSettings())) == []
    endless = (p for _ in iter(int, 1) for p in pictures(trace, *SIZE, [1.0]))
    assert next(iter(draw_overlay(endless, trace, make_result(trace), ReportSettings()))).time_s == 1.0


def test_only_a_given_label_is_written(trace):
    without, named = (draw(trace, make_result(trace), [5.0], label=text)[0].rgb for text in ("", "Left calf"))
    lowest = slice(-20, None)
    assert without[lowest, 480:].max() < 60
    assert named[lowest, 480:].max() > 200
