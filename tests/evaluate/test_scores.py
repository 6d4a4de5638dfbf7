import dataclasses
import math
from functools import partial

import numpy as np
import pytest
from helpers.build import example_event, example_facts, example_quality

from fascidetect.evaluate import Found, Tally, compare, score_clip, scores_table, scores_tree, summarize
from fascidetect.model import Unusable
from fascidetect.truth import Ignored, TrueEvent, Truth

FACTS = example_facts(width_px=1280, height_px=720, duration_s=60.0)
event = partial(example_event, x_px=400.0, y_px=300.0, amplitude_px=1.0)


def true(peak_s, **changes):
    one = TrueEvent(f"t{peak_s}", peak_s - 0.05, peak_s, peak_s + 0.3, 400.0, 300.0, 30.0, 2.0, 1)
    return dataclasses.replace(one, **changes)


def truth(*peaks, ignore=(), **changes):
    events = tuple(p if isinstance(p, TrueEvent) else true(p) for p in peaks)
    made = Truth("1.0", "calf.mp4", "", 0, "", 1280, 720, 60.0, None, events, ignore)
    return dataclasses.replace(made, **changes)


def found(*peaks, unusable=(), **changes):
    events = tuple(p if not isinstance(p, float) else event(p) for p in peaks)
    quality = example_quality(unusable=unusable, noise_px=0.25)
    return dataclasses.replace(Found(FACTS, quality, events), **changes)


def test_hits_misses_and_false_alarms():
    t = score_clip(found(1.0, 2.1, 9.0), truth(1.0, 2.0, 5.0))
    assert (t.n_true, t.n_found, t.n_hits, t.n_false, t.counts) == (3, 3, 2, 1, ((3, 3),))
    assert (t.sensitivity, t.precision, t.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))


def test_two_events_near_one_truth_are_one_hit_and_one_false_alarm():
    t = score_clip(found(1.0, 1.1), truth(1.05))
    assert (t.n_hits, t.n_false) == (1, 1)


@pytest.mark.parametrize(
    ("radius", "distance", "hit"),
    [(30.0, 102.0, 1), (30.0, 103.0, 0), (80.0, 160.0, 1), (80.0, 161.0, 0), (None, 102.0, 1), (None, 103.0, 0)],
)
def test_the_same_place_is_two_radii_or_eight_percent_of_the_longer_side(radius, distance, hit):
    there = event(1.0, x_px=400.0 + distance)
    assert score_clip(found(there), truth(true(1.0, radius_px=radius))).n_hits == hit
    assert score_clip(found(there), truth(true(1.0, x_px=None, y_px=None, radius_px=None))).n_hits == 1


def test_a_truth_for_another_size_of_picture_is_scaled():
    half = truth(true(1.0, x_px=200.0, y_px=150.0, amplitude_px=1.0), width_px=640, height_px=360)
    t = score_clip(found(1.0), half)
    assert (t.n_hits, t.known[0].amplitude_720px, t.misfits[0].amplitude_ratio) == (1, 2.0, 0.5)


def test_what_is_ignored_counts_on_neither_side():
    t = score_clip(found(1.0, 10.5, 11.0), truth(1.0, 10.2, ignore=(Ignored(10.0, 12.0, "moves"),)))
    assert (t.n_true, t.n_found, t.n_hits, t.clip_s) == (1, 1, 1, 58.0)


def test_only_the_analyzed_part_is_judged():
    t = score_clip(found(25.0, from_s=20.0, to_s=30.0), truth(1.0, 25.0, 40.0))
    assert (t.n_true, t.n_hits, t.clip_s) == (1, 1, 10.0)


def test_unusable_time_counts_as_missed_and_as_ignored_and_false_alarms_are_per_minute_of_clip():
    t = score_clip(found(1.0, 50.0, unusable=(Unusable(20.0, 35.0, "shaken"),)), truth(1.0, 25.0))
    assert (t.n_true_unusable, t.sensitivity, t.sensitivity_usable) == (1, 0.5, 1.0)
    scores = summarize([t])
    assert (scores.usable_share, scores.false_per_min.value) == (0.75, 1.0)
    # Exact limits of one event: 0.0253 and 5.572 (Garwood 1936).
    assert (scores.false_per_min.low, scores.false_per_min.high) == pytest.approx((0.0253, 5.572), abs=1e-3)


def test_a_clip_that_was_not_judged_is_unusable_as_a_whole():
    silent = found(quality=dataclasses.replace(example_quality(), verdict="cannot_analyze", noise_px=None))
    t = score_clip(silent, truth(1.0, 2.0))
    assert (t.usable_s, t.n_true_unusable, t.sensitivity) == (0.0, 2, 0.0)
    assert math.isnan(t.sensitivity_usable)


def test_tallies_add():
    a, b = score_clip(found(1.0, 9.0), truth(1.0)), score_clip(found(2.0), truth(2.0, 3.0, 4.0))
    both = a + b
    assert (both.n_clips, both.n_true, both.n_found, both.n_hits, both.clip_s) == (2, 4, 3, 2, 120.0)
    assert both.counts == ((1, 2), (3, 1))
    assert len(both.known) == 4
    assert both.f1 == pytest.approx(4 / 7)  # not the mean of 2/3 and 1/2
    assert both + Tally() == both
    assert sum([a, b], Tally()) == both


def test_errors_and_bins():
    late = event(2.1, onset_s=2.0, offset_s=2.2, amplitude_px=1.5)
    scores = summarize([score_clip(found(1.0, late), truth(1.0, 2.0, true(3.0, amplitude_px=0.3)))])
    assert (scores.peak_s.n, scores.peak_s.median, scores.peak_s.bias) == pytest.approx((2, 0.05, 0.05))
    assert scores.peak_s.p90 == pytest.approx(0.09)
    assert scores.amplitude_ratio.value == pytest.approx(0.625)
    assert [(b.low, b.n_true, b.n_hits) for b in scores.by_amplitude] == [(0.25, 1, 0), (2.0, 2, 2)]
    assert [(b.low, b.n_true, b.n_hits) for b in scores.by_snr] == [(0.0, 1, 0), (8.0, 2, 2)]


def test_the_chance_to_hit_is_that_of_random_times():
    # 20 events each covering 0.5 s of 60 s: a random one hits about one time in six.
    t = score_clip(found(*(0.5 + 3.0 * k for k in range(20))), truth(*(0.5 + 3.0 * k for k in range(20))))
    assert t.chance_hits == pytest.approx(20 * (1 - math.exp(-0.5 * 20 / 60)), abs=1.0)


def clips():
    rng = np.random.default_rng(0)
    return [
        Tally(1, n, n - hits + extra, hits, clip_s=60.0, counts=((n, n - hits + extra),))
        for n, hits, extra in ((int(n), int(n // 2), int(n // 2 + n % 3)) for n in rng.integers(1, 12, 12))
    ]


def test_the_bootstrap_is_deterministic_and_encloses_the_value():
    a, b = summarize(clips()), summarize(clips())
    assert a.f1 == b.f1
    assert a.f1.low < a.f1.value < a.f1.high
    silent = [Tally(1, clip_s=60.0)] * 5
    assert math.isnan(summarize([*clips()[:2], *silent]).f1.low)
    assert math.isfinite(summarize(clips()[:3]).f1.low)


def test_the_paired_difference_of_a_run_with_itself_is_nothing():
    same = compare(clips(), clips())
    assert (same.value, same.low, same.high) == (0, 0, 0)
    better = [dataclasses.replace(t, n_hits=min(t.n_true, t.n_found)) for t in clips()]
    assert compare(clips(), better).low > 0
    with pytest.raises(ValueError, match="same clips"):
        compare(clips(), clips()[1:])


def test_nothing_at_all_is_a_value():
    scores = summarize([score_clip(found(), truth())])
    assert math.isnan(scores.f1.value)
    assert (scores.false_per_min.value, scores.false_per_min.high) == pytest.approx((0, 3.689), abs=1e-3)
    assert "true 0, found 0" in scores_table({0.25: scores})
    assert scores_tree(scores)["f1"]["value"] is None
