import dataclasses

import numpy as np
import pytest
from helpers.traces import Bump, make_trace

from fascidetect.events.find import Candidate
from fascidetect.events.patch import Patch
from fascidetect.events.recur import JUMPS, JUMPS_APART_S, JUMPS_WITHIN_S, MOST, jumping, likeness
from fascidetect.events.shape import NEIGHBOR_S, Shape
from fascidetect.pipeline import detect

GRID = 27, 48
CLEAR = Bump(2.0, amplitude_px=2.5), Bump(5.0, amplitude_px=2.5)
FAINT = Bump(8.0, amplitude_px=0.47)


def patch(turn_deg=0.0, row=13, col=24):
    pattern = np.moveaxis(Bump(0.0, row=row, col=col, turn_deg=turn_deg).field(GRID), -1, 0)
    pattern = pattern * (np.hypot(*pattern) > 0.05)
    return Patch.cut(pattern.any(axis=0), np.hypot(*pattern), pattern)


def candidate(peak_s=0.0, row=13, col=24, turn_deg=0.0):
    shape = Shape(*[0.0] * len(dataclasses.fields(Shape)))
    known = {"peak_s": peak_s, "row": row, "col": col, "shape": shape, "patch": patch(turn_deg, row, col)}
    rest = {field.name: 0.0 for field in dataclasses.fields(Candidate) if field.name not in known}
    return Candidate(**known, **rest)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (candidate(5.0), 1.0),
        (candidate(5.0, turn_deg=60.0), 0.5),
        (candidate(5.0, turn_deg=90.0), 0.0),
        (candidate(5.0, turn_deg=180.0), 0.0),
        (candidate(5.0, row=3, col=5), 0.0),
        (candidate(0.9 * NEIGHBOR_S), 0.0),
    ],
    ids=["the same", "another way", "across", "the way back", "elsewhere", "too soon"],
)
def test_it_is_known_by_the_same_motion_at_the_same_place_at_another_time(other, expected):
    assert likeness([candidate()], [other]) == pytest.approx([expected], abs=1e-3)


def test_a_movement_is_not_known_by_itself():
    clear = [candidate(1.0), candidate(4.0)]
    assert likeness(clear, clear) == pytest.approx([1, 1], abs=1e-3)
    assert likeness(clear[:1], clear[:1]) == pytest.approx([0])


def test_without_patterns_nothing_is_known():
    assert likeness([candidate(), candidate(1.0)], []).tolist() == [0.0, 0.0]
    assert likeness([], [candidate()]).shape == (0,)


def test_of_thousands_the_nearest_in_time_are_asked():
    far = candidate(1000.0)
    near = [candidate(2.0 + 0.01 * k, turn_deg=90.0) for k in range(MOST)]
    assert likeness([candidate()], [far, *near[:-1]]) == pytest.approx([1], abs=1e-3)
    assert likeness([candidate()], [far, *near]) == pytest.approx([0], abs=1e-3)


@pytest.mark.parametrize("turn_deg", [0.0, 180.0], ids=["the same way", "the way back"])
def test_what_moves_as_lasting_shifts_do_is_one_of_them(turn_deg):
    stay = [candidate(47.0, turn_deg=turn_deg), candidate(55.0, turn_deg=turn_deg)]
    assert jumping([candidate(50.0)], stay, []) == [True]
    assert jumping([candidate(50.0)], stay[: JUMPS - 1], []) == [False]


def test_shifts_elsewhere_another_way_at_once_or_long_ago_make_no_jump():
    one, kept = candidate(50.0), candidate(55.0)
    soon, long_ago = candidate(50.0 + 0.9 * JUMPS_APART_S), candidate(50.0 - 1.1 * JUMPS_WITHIN_S)
    for other in (candidate(52.0, row=3, col=5), candidate(52.0, turn_deg=90.0), soon, long_ago):
        assert jumping([one], [kept, other], []) == [False]


def test_a_muscle_that_twitches_more_often_than_it_shifts_still_counts():
    shifts = [candidate(47.0), candidate(55.0)]
    clear = [candidate(peak_s) for peak_s in (44.0, 50.0, 53.0)]
    assert jumping([clear[1]], shifts, clear) == [False]


def test_a_place_that_jumps_does_not_twitch():
    """An eye that looks about beneath its lid, and once looks back at once."""

    def judged(*shifts):
        return detect(make_trace([Bump(8.0, amplitude_px=2.0), *shifts], duration_s=14.0))

    stays = (3.0, 0.0), (5.5, 180.0), (10.5, 0.0)
    shifts = [Bump(start_s, amplitude_px=2.0, turn_deg=turn_deg, shape="step") for start_s, turn_deg in stays]
    assert len(judged(*shifts[: JUMPS - 1]).events) == 1
    result = judged(*shifts)
    assert result.events == ()
    assert any(r.reason == "step" and abs(r.event.peak_s - 8.05) < 0.05 for r in result.rejections)


def found(*bumps):
    return [event.peak_s for event in detect(make_trace(bumps, duration_s=12.0, noise_px=0.09)).events]


def test_a_faint_twitch_counts_where_the_same_was_clear_before_and_nowhere_else():
    peaks_s = [bump.peak_s for bump in CLEAR]
    assert found(*CLEAR) == pytest.approx(peaks_s, abs=0.05)
    assert found(FAINT) == []
    assert found(*CLEAR, FAINT) == pytest.approx([*peaks_s, FAINT.peak_s], abs=0.05)
    elsewhere = dataclasses.replace(FAINT, row=6.0, col=38.0)
    assert found(*CLEAR, elsewhere) == pytest.approx(peaks_s, abs=0.05)


def test_what_is_left_of_a_movement_is_not_known_by_it():
    strong, left = Bump(4.0, amplitude_px=3.0), Bump(5.0, amplitude_px=0.36, tau_s=0.1)
    assert found(strong, left) == pytest.approx([strong.peak_s], abs=0.05)
