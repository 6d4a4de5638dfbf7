"""Movements put into a trace are found when and where they were put, once each, and nothing else is."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers.traces import GRID, Bump, make_trace, place_of, read_only, without
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fascidetect.events.decide import decide
from fascidetect.events.limit import LEAST_PX
from fascidetect.events.reject import FAINTEST_PX
from fascidetect.events.score import MEASURED_CELLS, USUAL_CELLS
from fascidetect.events.seek import seek
from fascidetect.events.threshold import SENSITIVITY, clip_threshold
from fascidetect.model import Unusable
from fascidetect.pipeline import detect
from fascidetect.quality.usable import find_unusable
from fascidetect.settings import DetectSettings, QualitySettings, Settings

CELL_PX = GRID.cell_px * GRID.px_per_analysis_px
CELL_PX_INSIDE = GRID.cell_px**2  # of the analyzed picture, in one cell
PLACE_PX = 1.5 * CELL_PX  # half a cell of rounding, and noise that weighs in the centroid


def found(trace, unusable=None, **choices):
    stretches = find_unusable(trace, QualitySettings()) if unusable is None else unusable
    ask = DetectSettings(**choices)
    return decide(seek(trace, QualitySettings().max_gap_s, ask), trace, stretches, ask)


def counted(trace, **choices):
    return [j.candidate for j in found(trace, **choices).judged if not j.reason]


def reasons(trace, **choices):
    return {j.reason for j in found(trace, **choices).judged} - {"below_threshold"}


def peaks(trace, **choices):
    return [c.peak_s for c in counted(trace, **choices)]


@pytest.mark.parametrize("fps", [15, 30, 60, 120, 240])
def test_a_twitch_is_found_when_and_where_it_was_put(fps):
    bump = Bump(3.02, row=9, col=31, turn_deg=40, tau_s=0.08)
    trace = make_trace([bump], seed=fps, duration_s=6, fps=fps)
    result = detect(trace)
    (event,) = result.events
    frame = 1 / min(fps, 60)  # time is sampled there; faster clips are averaged to 60 a second
    assert event.peak_s == pytest.approx(bump.peak_s, abs=frame)
    assert event.onset_s == pytest.approx(bump.start_s, abs=frame)
    assert (event.ref_x_px, event.ref_y_px) == pytest.approx(tuple(place_of(bump)), abs=PLACE_PX)
    assert event.peak_frame == pytest.approx(event.peak_s * fps, abs=0.51)
    # 2 px of the full picture for each analysis_px; averaging over neighbors takes some of a hill's top.
    assert event.amplitude_px == pytest.approx(2.0, rel=0.25)
    assert event.box_x_px < event.ref_x_px < event.box_x_px + event.box_w_px
    assert event.box_y_px < event.ref_y_px < event.box_y_px + event.box_h_px


@pytest.mark.parametrize("seed", range(3))
def test_noise_alone_is_nothing(seed):
    result = detect(make_trace(seed=100 + seed, duration_s=25))
    assert result.events == ()
    assert result.foci == ()
    assert result.sustained == ()
    assert result.summary.n_events == 0
    assert result.quality.verdict == "ok"
    assert result.summary.rate_per_min == 0


def test_two_at_once_in_two_places_are_two():
    bumps = [Bump(3.0, row=8, col=10), Bump(3.02, row=18, col=38, turn_deg=90)]
    events = sorted(counted(make_trace(bumps)), key=lambda c: c.col)
    assert [(c.row, c.col) for c in events] == [
        (pytest.approx(b.row, abs=1.5), pytest.approx(b.col, abs=1.5)) for b in bumps
    ]


def test_two_lobes_that_move_apart_are_one_movement():
    assert len(counted(make_trace([Bump(3.0, shape="lobes", amplitude_px=1.5)]))) == 1


@pytest.mark.parametrize("radius_cells", [1.5, 3.0, 5.0])
def test_one_twitch_over_many_cells_is_one(radius_cells):
    assert len(counted(make_trace([Bump(3.0, radius_cells=radius_cells)]))) == 1


@pytest.mark.parametrize("fps", [30, 60])
@pytest.mark.parametrize("second_px", [1.0, 0.6])
def test_two_in_quick_succession_at_one_place_are_two(fps, second_px):
    bumps = [Bump(3.0), Bump(3.35, amplitude_px=second_px)]
    found_s = peaks(make_trace(bumps, fps=fps))
    assert found_s == pytest.approx([b.peak_s for b in bumps], abs=1 / 30)


def test_a_train_is_counted_in_full():
    starts = np.array([2.0, 2.41, 2.85, 3.24, 3.83, 4.2])
    found_s = peaks(make_trace([Bump(s) for s in starts], duration_s=8))
    assert found_s == pytest.approx(starts + 0.05, abs=1 / 30)


def test_a_change_that_stays_is_a_step_and_not_counted():
    trace = make_trace([Bump(4.0, shape="step", amplitude_px=2.0)])
    assert counted(trace) == []
    assert reasons(trace) <= {"step", "shape", "sustained", "duplicate"}
    assert "step" in reasons(trace)


def test_what_moves_everywhere_is_global_and_not_counted():
    """A ripple that no smooth surface takes away, in all of the picture at once."""
    bumps = [Bump(4.0, row=r, col=c, turn_deg=37 * (r + c)) for r in range(4, 27, 7) for c in range(4, 48, 7)]
    assert counted(make_trace(bumps)) == []
    assert len(counted(make_trace(bumps[7:8]))) == 1  # one of them alone is a movement


def test_light_alone_is_no_movement():
    trace = make_trace()
    shading = trace.shading_pct.astype(np.float32)
    bump = Bump(4.0, radius_cells=3)
    shading += 12 * bump.course(trace.time_s)[:, None, None] * np.linalg.norm(bump.field(GRID.shape), axis=-1)
    assert counted(replace(trace, shading_pct=shading.astype(np.float16))) == []


def beating(**choices):
    return make_trace([Bump(s) for s in np.arange(1.0, 11.0, 0.8)], duration_s=12, **choices)


def test_what_comes_like_a_clock_is_rhythmic_and_named():
    result = detect(beating())
    assert result.events == ()
    assert result.summary.n_rejected["rhythmic"] == 13
    (place,) = result.sustained
    assert place.kind == "rhythmic"
    assert place.rate_hz == pytest.approx(1 / 0.8, rel=0.02)
    assert place.n_events == 13


def test_rhythmic_movement_is_counted_on_demand():
    result = detect(beating(), Settings(detect=DetectSettings(keep=("rhythmic",))))
    assert len(result.events) == 13
    assert "rhythmic" not in result.summary.n_rejected
    assert result.foci[0].rhythm_hz == pytest.approx(1.25, rel=0.02)
    assert result.foci[0].interval_cv < 0.15


def test_irregular_movements_at_one_place_are_counted():
    starts = np.array([1.0, 1.9, 2.5, 4.1, 5.3, 5.9, 8.0, 9.4])
    result = detect(make_trace([Bump(s) for s in starts], duration_s=12))
    assert len(result.events) == len(starts)
    assert [focus.n_events for focus in result.foci] == [len(starts)]
    assert result.foci[0].rhythm_hz is None


def test_two_places_are_two_foci():
    bumps = [Bump(s, row=9, col=12) for s in (1.5, 3.7, 6.0)] + [Bump(s, row=17, col=36) for s in (2.6, 4.3)]
    result = detect(make_trace(bumps))
    assert [focus.n_events for focus in result.foci] == [3, 2]
    assert [event.focus for event in result.events] == [1, 2, 1, 2, 1]


def test_a_place_that_never_rests_is_named_and_not_silent():
    rng = np.random.default_rng(8)
    trace = make_trace(duration_s=12)
    shaking = np.cumsum(rng.normal(0, 0.5, len(trace.time_s)))
    shaking -= np.convolve(shaking, np.ones(15) / 15, mode="same")
    field = Bump(0.0).field(GRID.shape)
    moved = trace.displacement_px.astype(np.float32) + shaking[:, None, None, None] * field
    result = detect(replace(trace, displacement_px=moved.astype(np.float16)))
    assert result.sustained != ()
    assert all(np.hypot(p.ref_x_px - 490, p.ref_y_px - 270) < 4 * CELL_PX for p in result.sustained)


def test_below_the_threshold_is_kept_but_never_counted():
    weakest = [Bump(1.0 + 0.9 * k, amplitude_px=0.05 + 0.04 * k) for k in range(9)]
    one = found(make_trace(weakest, duration_s=10))
    assert all(j.candidate.score >= one.threshold for j in one.judged if j.reason != "below_threshold")
    faint = [j.candidate for j in one.judged if j.reason == "below_threshold"]
    assert all(c.score < one.threshold or np.hypot(*c.displacement_px) < FAINTEST_PX for c in faint)
    assert {"", "below_threshold"} <= {j.reason for j in one.judged}


def test_nothing_is_counted_in_an_unusable_stretch():
    trace = make_trace([Bump(2.0), Bump(5.0)])
    one = found(trace, unusable=(Unusable(4.5, 6.0, "shaken"),))
    assert [j.reason for j in one.judged if j.reason != "below_threshold"] == ["", "unusable"]


def test_frames_that_could_not_be_registered_hold_no_movement():
    trace = make_trace([Bump(2.0)])
    ok, wild = trace.ok.copy(), trace.displacement_px.copy()
    lost = (trace.time_s > 5) & (trace.time_s < 5.5)
    ok[lost] = False
    wild[lost] = 3.0
    assert peaks(replace(trace, ok=ok, displacement_px=wild)) == pytest.approx([2.05], abs=1 / 30)


@pytest.mark.parametrize("gap_s", [0.15, 0.6, 2.0])
def test_a_gap_in_time_is_no_movement(gap_s):
    trace = make_trace([Bump(2.0)], duration_s=10)
    walk = trace.displacement_px.astype(np.float32)
    walk[trace.time_s >= 5] += 0.5 * Bump(0.0).field(GRID.shape)  # the muscle lies elsewhere after it
    walk = without(replace(trace, displacement_px=walk.astype(np.float16)), 5.0, 5.0 + gap_s)
    assert peaks(walk) == pytest.approx([2.05], abs=1 / 30)


def test_variable_frame_times_move_no_peak():
    rng = np.random.default_rng(3)
    time_s = np.cumsum(rng.choice([1 / 30, 1 / 30, 2 / 30], 240)) + rng.uniform(-0.004, 0.004, 240)
    bump = Bump(float(time_s[100]))
    assert peaks(make_trace([bump], time_s=time_s)) == pytest.approx([bump.peak_s], abs=1 / 30)


def test_inputs_are_never_written_into():
    trace = make_trace([Bump(3.0)])
    before = trace.displacement_px.copy()
    assert len(detect(read_only(trace)).events) == 1
    np.testing.assert_array_equal(trace.displacement_px, before)


def test_detection_is_repeatable_and_ids_are_stable():
    bumps = [Bump(2.0), Bump(4.4, row=8, col=12)]
    trace = make_trace(bumps)
    first, again = detect(trace), detect(trace)
    assert [e.id for e in first.events] == [e.id for e in again.events]
    assert len({e.id for e in first.events}) == 2
    keen = detect(trace, Settings(detect=DetectSettings(sensitivity="high")))
    assert {e.id for e in first.events} <= {e.id for e in keen.events}


@pytest.mark.parametrize(("doubt_px", "peaks_s"), [(0.25, [4.05]), (1.3, [])])
def test_a_lid_that_closes_is_told_from_skin_that_moves_by_what_motion_leaves_unexplained(doubt_px, peaks_s):
    bump = Bump(4.0, amplitude_px=3.0)
    trace = make_trace([bump])
    left = doubt_px * np.sqrt(trace.texture * CELL_PX_INSIDE) * np.linalg.norm(bump.field(GRID.shape), axis=-1)
    shown = bump.course(trace.time_s)[:, None, None] * left
    residual = 8 * trace.residual.astype(np.float32) + np.stack([1.2 * shown, shown], axis=-1)
    assert peaks(replace(trace, residual=residual.astype(np.float16))) == pytest.approx(peaks_s, abs=1 / 30)


@pytest.mark.slow
def test_sensitivity_only_moves_the_threshold():
    trace = make_trace([Bump(1.0 + 0.9 * k, amplitude_px=0.06 + 0.02 * k) for k in range(8)], duration_s=9)
    low, normal, high = (set(np.round(peaks(trace, sensitivity=s), 3)) for s in ("low", "normal", "high"))
    assert low <= normal <= high
    thresholds = [found(trace, sensitivity=s).threshold for s in ("low", "normal", "high")]
    assert thresholds[0] > thresholds[1] > thresholds[2]


@pytest.mark.slow
def test_the_edge_of_a_window_neither_hides_nor_doubles_a_movement():
    """Windows of 30 s meet somewhere in this clip; wherever that is, every movement is there once."""
    starts = np.cumsum(np.random.default_rng(6).uniform(0.5, 2.4, 44))
    starts = starts[starts < 62]
    bumps = [Bump(float(s), row=8 + 10 * (k % 2), col=12 + 24 * (k % 2)) for k, s in enumerate(starts)]
    trace = make_trace(bumps, duration_s=64, fps=20)  # gaps too uneven for a rhythm
    short, whole = peaks(trace, window_s=10), peaks(trace, window_s=600)
    assert short == pytest.approx(starts + 0.05, abs=0.05)
    assert whole == pytest.approx(starts + 0.05, abs=0.05)
    assert short == pytest.approx(whole, abs=0.5 / 30)  # starts are tried every quarter of a frame


@pytest.mark.slow
def test_a_long_clip_is_worked_in_windows():
    rng = np.random.default_rng(12)
    starts = np.cumsum(rng.uniform(0.8, 6.0, 40))
    starts = starts[starts < 148]
    trace = make_trace(
        [Bump(float(s), row=float(rng.uniform(7, 19)), col=float(rng.uniform(7, 40))) for s in starts], duration_s=150
    )
    assert peaks(trace) == pytest.approx(starts + 0.05, abs=1 / 30)


@pytest.mark.parametrize(
    ("ways_deg", "later_s", "n"),
    [((180, 0), 0.0, 1), ((0, 180), 0.0, 1), ((0, 0), 0.0, 2), ((90, 270), 0.0, 2), ((180, 0), 0.1, 2)],
    ids=["apart", "together", "the same way", "past each other", "one after the other"],
)
def test_the_two_sides_of_a_bulge_are_one_movement(ways_deg, later_s, n):
    left = Bump(3.0, col=18, amplitude_px=2, turn_deg=ways_deg[0])
    right = Bump(3.0 + later_s, col=30, amplitude_px=1.5, turn_deg=ways_deg[1])
    assert len(peaks(make_trace([left, right]))) == n


def test_too_few_frames_are_nothing():
    for n in (0, 1, 5):
        one = found(make_trace(time_s=np.arange(n) / 30), unusable=())
        assert one.judged == ()
        assert not one.valid.any()
        assert np.isnan(one.noise_px)


@pytest.mark.slow
@pytest.mark.parametrize("noise_px", [0.12, 0.06, 0.03])
@pytest.mark.parametrize(
    ("before", "larger"),
    [((1.0, 3.0), 1.3), ((), 2.0)],  # some tolerance for the model, which is that of muscles that twitch again
    ids=["where clear ones came before", "that comes but once"],
)
def test_the_smallest_movement_that_is_promised_is_seen(before, larger, noise_px):
    """Half of the movements of the size that is given as the limit for half of the places are found, or more."""
    limit = found(make_trace(seed=1, noise_px=noise_px)).limit.half_px
    assert (limit > 1.3 * LEAST_PX) == (noise_px > 0.1)  # beyond what the noise alone says, or not
    assert limit < 1
    wide = math.hypot(USUAL_CELLS, MEASURED_CELLS)  # what the measurement makes of the usual twitch
    left = (USUAL_CELLS / wide) ** 2
    small = Bump(5.0, amplitude_px=larger * left * limit, turn_deg=30, radius_cells=wide)
    clear = [replace(small, start_s=start_s, amplitude_px=2.0) for start_s in before]
    seen = [peaks(make_trace([*clear, small], seed=s, duration_s=8, noise_px=noise_px)) for s in range(8)]
    assert sum(any(abs(peak_s - small.peak_s) < 0.1 for peak_s in one) for one in seen) >= 4


@settings(max_examples=6, phases=[Phase.explicit, Phase.generate])  # shrinking takes minutes
@given(
    start_s=st.floats(1.5, 4.0),
    row=st.floats(6, 20),
    col=st.floats(6, 41),
    turn_deg=st.floats(0, 360),
    tau_s=st.floats(0.03, 0.12),
    amplitude_px=st.floats(0.6, 2.0),
)
def test_any_clear_twitch_is_found_once(start_s, row, col, turn_deg, tau_s, amplitude_px):
    bump = Bump(start_s, row, col, amplitude_px, turn_deg, tau_s)
    (event,) = counted(make_trace([bump], duration_s=6, fps=25))
    assert event.peak_s == pytest.approx(bump.peak_s, abs=1 / 25)
    assert np.hypot(event.row - row, event.col - col) < 1.5


def test_the_threshold_is_the_clips_own():
    ask = DetectSettings()
    calm, restless = np.linspace(3, 5, 200), np.linspace(6, 14, 200)
    assert clip_threshold(calm, ask) < clip_threshold(restless, ask)
    assert clip_threshold(np.array([]), ask) == ask.q_min * SENSITIVITY["normal"]
    with_events = np.concatenate([restless, np.full(15, 60.0)])  # less than a tenth of them real
    assert clip_threshold(with_events, ask) == pytest.approx(clip_threshold(restless, ask), rel=0.25)


def test_what_the_codec_displaces_until_it_starts_anew_is_told_from_a_twitch():
    bump = Bump(3.8)
    twitching, still = make_trace([bump], seed=3), make_trace(seed=3)
    keys = np.isin(np.arange(len(still.time_s)), range(0, len(still.time_s), 30))
    displaced = still.displacement_px.astype(float)
    held = (still.time_s > bump.peak_s - 0.02) & (still.time_s < 4 - 1e-6)
    displaced[held] += bump.field(GRID.shape)
    blocks = replace(still, displacement_px=displaced.astype(np.float16))

    def resets(trace):
        return [c.reset for c in clearest(trace, 1)]

    (jumped,) = resets(replace(blocks, key_frame=keys))
    assert jumped > 0.3, "the fitted course explains part of the fall"
    assert resets(replace(twitching, key_frame=keys)) == pytest.approx([0.0], abs=0.15)
    assert resets(blocks) == [0.0], "where the codec never starts anew"
    assert resets(replace(blocks, key_frame=np.ones_like(keys))) == [0.0], "nor where it always does"


def clearest(trace, n):
    candidates = [c for window in seek(trace, 0.2, DetectSettings()) for c in window.candidates]
    return sorted(candidates, key=lambda c: -c.score)[:n]


def test_restless_time_makes_the_limit_larger():
    calm = make_trace(seed=4, duration_s=12, noise_px=0.06)
    noisy = np.where(calm.time_s > 6, 3.0, 1.0)[:, None, None, None]
    restless = replace(calm, residual=calm.residual * noisy, displacement_px=calm.displacement_px * noisy)
    before, after = (found(trace, unusable=()).limit for trace in (calm, restless))
    assert 1.2 * before.half_px < after.half_px < 3 * before.half_px
    assert after.most_px / after.half_px > 1.2 * before.most_px / before.half_px
