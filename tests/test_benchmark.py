"""What the benchmark promises about its clips, and that a run can be made, continued and compared."""

import importlib
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from helpers.traces import Bump, make_trace

from fascidetect.evaluate import Tally
from fascidetect.evaluate.tally import Known, Misfit
from fascidetect.events.seek import seek
from fascidetect.phantom import Camera, Nuisance, Recipe, Scene, Twitch
from fascidetect.pipeline import detect
from fascidetect.settings import DetectSettings

FOLDER = Path(__file__).parent.parent / "benchmarks" / "accuracy"
NAMES = ("groups", "store", "jobs", "report", "limits", "filming", "parts", "places", "why", "ablation", "targets")


@pytest.fixture(scope="module")
def bench():
    """The modules of the benchmark, which is a folder that is run and no package."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield {name: importlib.import_module(name) for name in NAMES}
    finally:
        sys.path.remove(str(FOLDER))
        for name in NAMES:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def sides(bench):
    return {side: list(bench["groups"].items(side)) for side in ("dev", "report")}


def test_the_sides_share_no_seed_no_course_and_no_background(sides):
    told = {}
    for side, items in sides.items():
        told[side] = (
            {i.recipe.seed for i in items},
            {t.shape for i in items for t in i.recipe.twitches},
            {i.recipe.scene.background for i in items},
        )
    for dev, report in zip(told["dev"], told["report"], strict=True):
        assert dev
        assert report
        assert not dev & report


def test_quiet_reporting_clips_last_long_enough(sides):
    quiet = Counter()
    for item in sides["report"]:
        assert bool(item.recipe.twitches) <= (not item.quiet)
        quiet[item.group] += item.recipe.duration_s / 60 if item.quiet else 0
    assert quiet.total() >= 60
    assert all(minutes >= 4 for name, minutes in quiet.items() if minutes)


def test_the_same_name_is_always_the_same_clip(bench, sides):
    all_of_them = {i.name: i.recipe.sha256 for i in sides["dev"]}
    assert len(set(all_of_them.values())) == len(all_of_them) == len(sides["dev"])
    quick = {i.name: i.recipe.sha256 for i in bench["groups"].items("dev", quick=True)}
    assert quick.items() < all_of_them.items()
    first = [i.name for i in bench["groups"].items("report", most=1)]
    assert first == [i.name for i in sides["report"]][: len(first)]
    assert Counter(i.group for i in sides["report"] if i.name in first).most_common(1)[0][1] == 2
    assert {i.group for i in bench["groups"].items("dev", ("dark", "trains"))} == {"dark", "trains"}


def test_a_clip_is_made_and_measured_once(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("FASCIDETECT_CACHE", str(tmp_path))
    recipe = Recipe(1, 160, 120, 0.6, Scene(limb_share=0.9), Camera(fps=20))
    item = bench["groups"].Item("tiny", "dev-tiny-quiet-0", True, recipe)
    outcome = bench["jobs"].run(bench["jobs"].made(item))
    assert (outcome.verdict, outcome.stale) == ("cannot_analyze", False)
    monkeypatch.setattr(bench["store"], "make_clip", None)
    monkeypatch.setattr(bench["store"], "measure", None)
    again = bench["jobs"].run(bench["jobs"].made(item))
    assert again.tallies == outcome.tallies
    (tmp_path / "clips" / f"{recipe.sha256[:24]}.source").write_text("older")
    assert bench["jobs"].run(bench["jobs"].made(item)).stale


def test_runs_can_be_read_and_compared(bench):
    report, outcome = bench["report"], bench["jobs"].Outcome
    tally = Tally(1, 4, 4, 2, clip_s=20.0, usable_s=20.0, counts=((4, 4),))
    clips = [
        outcome("still", f"dev-still-{k}", False, str(k), dict.fromkeys((0.25, 0.1, 0.5), tally), "ok", "x", False, 1.0)
        for k in range(3)
    ]
    rows = [report.Row.of("still", clips)]
    assert "still" in report.table(rows)
    assert "at +-0.1 s" in report.tight(rows)
    told = [replace(c, sure=((0.97, True), (0.99, True), (0.96, False), (0.02, False))) for c in clips]
    low, high = report.calibration(told)
    assert (low["n"], low["true"]) == (3, 0.0)
    assert (high["n"], round(high["true"], 3)) == (9, 0.667)
    old = json.loads(
        json.dumps(report.tree("dev", rows, clips, " (quick)", "python benchmarks/accuracy --side dev --quick"))
    )
    better = replace(tally, n_hits=4)
    now = [replace(c, tallies={**c.tallies, 0.25: better}) for c in clips]
    assert "0.50 (0.50..0.50)" in report.against(old, now)
    assert "shares no clip" in report.against(old, [replace(c, sha256="other") for c in clips])


def test_a_run_goes_on_from_an_earlier_one_of_the_same_detector(bench, tmp_path):
    parts, outcome = bench["parts"], bench["jobs"].Outcome
    misfit = Misfit(0.01, 0.02, None, 1.1)
    tally = Tally(1, 1, 2, 1, clip_s=20.0, usable_s=19.5, known=(Known(1.5, None, True),), misfits=(misfit,))
    a, b, c = (
        outcome("still", f"report-still-{k}", False, str(k), {0.25: tally}, "ok", "x", False, 1.0, ((0.9, True),))
        for k in range(3)
    )
    file = tmp_path / "earlier.json"
    file.write_text(json.dumps({"outcomes": parts.outcomes_tree([a, b], {"other": [a]})}))
    before = parts.earlier(file)
    assert before == {"fascidetect": [a, b], "other": [a]}
    assert parts.joined(before["fascidetect"], [c, b]) == [a, b, c]
    assert parts.joined([], [b]) == [b]
    assert parts.joined([a], [replace(a, pixels="y", wall_s=2.0)])[0].pixels == "y"
    parts.check_shared([a, b], ["report-still-1"])
    with pytest.raises(SystemExit, match="shares no clip"):
        parts.check_shared([a], ["report-still-1"])
    with pytest.raises(SystemExit, match="1 of 1 clips come out otherwise"):
        parts.joined([a], [replace(a, verdict="limited")])
    with pytest.raises(SystemExit, match="1 of 1 clips come out otherwise"):
        parts.joined([a], [replace(a, tallies={0.25: replace(tally, n_found=3)})])
    file.write_text("{}")
    with pytest.raises(SystemExit, match="older version"):
        parts.earlier(file)


def test_limits_are_tried_with_enough_twitches_on_both_sides_of_them(bench):
    items = {side: bench["limits"].limit_items(side) for side in ("dev", "report")}
    assert not {i.recipe.seed for i in items["dev"]} & {i.recipe.seed for i in items["report"]}
    for item in items["report"]:
        lines = min(item.recipe.width_px, item.recipe.height_px)
        sizes = [t.amplitude_px * 720 / lines for t in item.recipe.twitches]
        assert len(sizes) >= 35
        assert min(sizes) < 0.35
        assert max(sizes) > 2.5


def test_each_way_of_filming_shows_the_same_twitches_in_mm(bench):
    filming = bench["filming"]
    recipes = {way.name: filming.recipe_of(way, "report") for way in filming.WAYS}
    low, high = filming.AMPLITUDE_MM
    for recipe in recipes.values():
        sizes_mm = [t.amplitude_px * recipe.scene.mm_per_px for t in recipe.twitches]
        assert len(sizes_mm) >= 30
        assert low <= min(sizes_mm) < 0.2
        assert 0.5 < max(sizes_mm) <= high
    assert len({recipe.sha256 for recipe in recipes.values()}) == len(filming.WAYS)
    assert filming.recipe_of(filming.WAYS[0], "dev").seed != recipes[filming.WAYS[0].name].seed


def test_the_table_of_limits_tells_how_far_they_are_off(bench):
    Limits = bench["limits"].Limits  # noqa: N806 - a class
    nan = float("nan")
    one = Limits("a", "ok", 0.1, 50, 25, 0.5, 0.8, 0.4, 0.3, 0.5, 0.7)
    far = Limits("b", "limited", 0.1, 50, 25, 2.0, 3.0, 1.0, 0.8, 1.2, 1.5)
    blind = Limits("c", "cannot_analyze", 0.1, 50, 0, nan, nan, nan, nan, nan, nan)
    text = bench["limits"].limits_table([one, far, blind])
    assert "median error 62 %" in text
    assert "50 % of 2 clips within 1.6 x" in text
    assert bench["limits"].limits_tree("dev", [blind])["limits"][0]["true50"] is None


def test_every_twitch_is_put_down_to_one_reason_and_the_worst_clips_are_drawn(bench, tmp_path):
    why = bench["why"]

    def clip(group, *whys):
        fates = tuple(why.Fate(0.3 + k, what, 0.5, 0.5) for k, what in enumerate(whys))
        return why.Fates(group, fates, np.full((54, 96, 3), 90, np.uint8))

    found = [
        clip("still", why.FOUND, why.FOUND, why.FOUND),
        clip("dark", why.NOT_JUDGED, why.NOT_JUDGED, why.NOT_JUDGED),
        clip("light", why.FOUND, why.SMALL, why.UNREAD),
        clip("tone-1", why.MISSED),
        clip("sole", why.FOUND, why.FOUND, why.NO_TIME),
    ]
    lines = why.fates_table(found).splitlines()
    assert lines[0].split() == ["px", "at", "720", "lines", "0.25", "to", "0.5", "1", "to", "2", "2", "to", "4", "all"]
    told = {
        words: [int(n) for n in line.removeprefix(words).split()]
        for words in why.WHYS
        for line in lines
        if line.startswith(words)
    }
    assert [sum(column) for column in zip(*told.values(), strict=True)] == [5, 4, 4, 13]
    assert told[why.FOUND] == [3, 2, 1, 6]
    assert [one.name for one in why.worst(found)] == ["dark", "light", "sole"]  # one twitch is too few to tell
    tree = why.fates_tree("report", found)
    assert tree["whys"][why.FOUND] == {"0.25 to 0.5": 3, "1 to 2": 2, "2 to 4": 1, "all": 6}
    assert tree["worst"][0] == {"clip": "dark", "n_found": 0, "n_true": 3}
    why.draw_worst(found, tmp_path / "worst.png")
    assert cv2.imread(str(tmp_path / "worst.png")).shape == (why.TILE_WH[1], 3 * why.TILE_WH[0], 3)


@pytest.fixture(scope="module")
def drifting(bench, tmp_path_factory):
    """A clip whose camera drifts, with a twitch that shows, one that is too small and one at the picture's edge."""
    strong = Twitch(3.0, 150, 90, amplitude_px=3.0, radius_px=20)
    twitches = (
        strong,
        replace(strong, start_s=5.0, amplitude_px=0.02),
        replace(strong, start_s=6.5, x_px=4, y_px=4, radius_px=3),
    )
    drift = (Nuisance("drift", 12.0, direction_deg=0.0),)
    recipe = Recipe(seed=3, width_px=320, height_px=180, duration_s=8.0, twitches=twitches, nuisances=drift)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASCIDETECT_CACHE", str(tmp_path_factory.mktemp("cache")))
        path, truth = bench["store"].clip_of(recipe)
        yield bench["jobs"].Job("still", "one", quiet=False, recipe=recipe), bench["store"].trace_of(path, truth.sha256)


def test_what_became_of_a_twitch_is_the_first_that_holds(bench, drifting):
    why, (job, trace) = bench["why"], drifting
    fates = why.fates_of(job)
    assert [fate.why for fate in fates.all] == [why.FOUND, why.SMALL, why.UNREAD]
    assert fates.all[0].size_720px == pytest.approx(12, rel=0.1)
    assert np.abs(trace.affine[:, 0, 2]).max() > 3  # so places in the frame and in the reference differ
    for fate, twitch in zip(fates.all, job.recipe.twitches, strict=True):
        assert (320 * fate.x, 180 * fate.y) == pytest.approx((twitch.x_px, twitch.y_px), abs=1.0)


KNOWN_AGAIN, RESETS = "what was seen before", "jumps as the codec starts anew"
COMPANY, JUMPS, SIDES = "what comes in company", "places that jump", "the sides of a bulge"
HARDLY_THERE = {
    *("nothing", "heavy tails", "cells that show something else", "the least confidence"),
    *(KNOWN_AGAIN, RESETS, COMPANY, JUMPS, SIDES),
}
"""Ingredients that a clip without what they are for does not show."""


def test_each_ingredient_can_be_left_out_and_is_there_again(bench, drifting):
    ablation, (_, trace) = bench["ablation"], drifting
    whole = detect(trace)
    same = set()
    for ingredient in ablation.INGREDIENTS:
        with ablation.without(ingredient.name):
            result = detect(trace)
        if np.array_equal(result.activity.score, whole.activity.score, equal_nan=True):
            same.add(ingredient.name)
    assert same <= HARDLY_THERE
    assert detect(trace).events == whole.events


def test_what_is_left_of_a_movement_does_not_take_its_truth(bench):
    clip = make_trace(duration_s=4).clip
    truth = SimpleNamespace(events=[SimpleNamespace(peak_s=peak_s, x_px=None, y_px=None) for peak_s in (2.0, 2.3)])
    events = [SimpleNamespace(peak_s=s, snr=snr, x_px=None, y_px=None) for s, snr in ((2.0, 6), (2.02, 20), (2.35, 9))]
    assert bench["jobs"].are_true(events, truth, clip) == [False, True, True]
    assert bench["jobs"].are_true([], truth, clip) == []


def test_what_is_known_again_and_what_jumps_can_be_left_out(bench):
    ablation = bench["ablation"]
    bumps = [Bump(2.0, amplitude_px=2.5), Bump(5.0, amplitude_px=2.5), Bump(8.0, amplitude_px=0.6)]
    again = make_trace(bumps, duration_s=12.0, noise_px=0.09)
    jumping = replace(again, key_frame=np.arange(len(again.time_s)) % 30 == 0)

    def resets():
        return [one.reset for window in seek(jumping, 0.2, DetectSettings()) for one in window.candidates]

    assert len(detect(again).events) == len(bumps)
    assert max(resets()) > 0
    with ablation.without(KNOWN_AGAIN):
        assert len(detect(again).events) == len(bumps) - 1
    with ablation.without(RESETS):
        assert max(resets()) == 0


def test_what_several_movements_say_together_can_be_left_out(bench):
    ablation = bench["ablation"]
    left, right = Bump(3.0, col=19, turn_deg=180, amplitude_px=2), Bump(3.0, col=30, amplitude_px=1.5)
    bulge = make_trace([left, right])
    (one,) = detect(bulge).events
    with ablation.without(SIDES):
        assert len(detect(bulge).events) == 2
    with ablation.without(COMPANY):
        assert detect(bulge).events[0].confidence > one.confidence
    shifts = [Bump(s, amplitude_px=2.0, turn_deg=turn, shape="step") for s, turn in ((3.0, 0), (5.5, 180), (10.5, 0))]
    eye = make_trace([Bump(8.0, amplitude_px=2.0), *shifts], duration_s=14.0)
    assert detect(eye).events == ()
    with ablation.without(JUMPS):
        assert [event.peak_s for event in detect(eye).events] == pytest.approx([8.05, 10.5], abs=0.05)


def test_the_table_of_ingredients_has_the_difference_that_each_makes(bench):
    ablation = bench["ablation"]
    names = [ingredient.name for ingredient in ablation.INGREDIENTS]
    assert len(set(names)) == len(names) > 10
    found = [
        (name, clip, Tally(n_clips=1, n_true=4, n_found=k, n_hits=k))
        for k, name in enumerate(names[:4])
        for clip in "ab"
    ]
    found += [(name, clip, Tally(n_clips=1, n_true=4, n_found=5, n_hits=4)) for name in names[4:] for clip in "ab"]
    lines = ablation.ablation_table(found).splitlines()
    assert lines[1].split()[-3:] == ["0/8", "0", "0.00"]  # the whole detector, with nothing to differ from
    assert lines[-1].split()[-5:-2] == ["8/8", "2", "0.89"]


def outcome(bench, group, sizes, *, n_false=0, quiet=False, verdict="ok"):
    """One clip of a minute: (size at 720 lines, found over true amplitude, or None where it was missed).

    At the tight tolerance nothing is hit, and half a minute could be used.
    """
    known = tuple(Known(size, None, ratio is not None) for size, ratio in sizes)
    misfits = tuple(Misfit(0.01, -0.02, None, ratio) for _, ratio in sizes if ratio is not None)
    n_found = len(misfits) + n_false
    counts = ((len(known), n_found),)
    tally = Tally(1, len(known), n_found, len(misfits), 0, 0, 60.0, 30.0, 0.0, known, misfits, counts)
    missed = replace(tally, n_hits=0, known=tuple(replace(k, hit=False) for k in known), misfits=())
    tallies = dict.fromkeys(bench["jobs"].TOLERANCES_S, tally) | {0.10: missed}
    return bench["jobs"].Outcome(group, group, quiet, "", tallies, verdict, "", False, 0.0)


def test_targets_stand_beside_what_is_reached(bench):
    outcomes = [
        outcome(bench, "native", [(1.5, 1.1), (1.2, None), (0.8, 1.5), (0.75, None)], n_false=1),
        outcome(bench, "real", [(1.5, 1.0)]),
        outcome(bench, "real", [(1.5, None)], verdict="cannot_analyze"),
        outcome(bench, "busy-30", [(1.0, 1.2)] * 3 + [(0.5, None)]),
        outcome(bench, "messenger", [(1.6, 1.0), (1.4, None)]),
        outcome(bench, "messenger", [(1.6, None)], verdict="cannot_analyze"),
        outcome(bench, "trains", [(1.0, 1.0)]),
        *(outcome(bench, f"tone-{k}", [(1.0, 1.0)]) for k in (1, 2, 3)),
        outcome(bench, "tone-4", [(1.0, 1.0), (1.0, None)]),
        outcome(bench, "still", [], n_false=2, quiet=True),
    ]
    lines = {line[:47].strip(): line for line in bench["targets"].table(outcomes).splitlines()}
    assert "0.50 (1/2, 1 false)" in lines["native bit rate, hand-held, from 1 px: F1"]
    assert "0.50 (1/2)" in lines["the same, 0.7 to 1 px: sensitivity"]
    assert "0.67 (1/2, 0 false)" in lines["twitches put into real clips, from 1 px: F1"]
    assert "1.00 (1/1, 0 false)" in lines["the same, clips that are not refused"]
    assert "2.00 (0.24..7.22)" in lines["false in a minute without a twitch"]
    assert lines["busy-30: relative bias of counts"].endswith("-25 %")
    assert lines["busy-60: relative bias of counts"].endswith("-")
    assert "1.00 (1/1, 0 false)" in lines["messenger, not refused, from 1.5 px: F1"]
    assert lines["usable share of native hand-held clips"].endswith("0.50")
    assert "0.00 (0/1)" in lines["trains at +-0.1 s: sensitivity"]
    assert lines["of those found from 1 px, amplitude within 15 %"].endswith("7/10")
    assert lines["found on the skin tone with least over most"].split()[-2:] == ["0.9", "0.50"]
    assert lines["error of the onset; of the peak, median, s"].endswith("0.010; 0.020")
