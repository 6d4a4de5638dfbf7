"""What the benchmark's baselines find, how they are scored beside the program, and how real clips are compared."""

import importlib
import math
import sys
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from helpers.makevideo import texture, write_video
from helpers.synthetic import make_trace

from fascidetect.evaluate import TOLERANCES_S, Tally
from fascidetect.model import SCHEMA_VERSION
from fascidetect.truth import TrueEvent, Truth
from fascidetect.video.reader import Clip

FOLDER = Path(__file__).parent.parent / "benchmarks" / "accuracy"
NAMES = ("baselines", "groups", "jobs", "realism", "report", "store")
PARTS = ("dvr_scan", "lk_top5", "methods", "motion_energy", "orb_farneback", "run", "sighting", "table")

PEAK_S, PLACE_PX = 1.2, (160, 90)


@pytest.fixture(scope="module")
def bench():
    """The modules of the benchmark, which is a folder that is run and no package."""
    sys.path.insert(0, str(FOLDER))
    try:
        parts = {name: importlib.import_module(f"baselines.{name}") for name in PARTS}
        yield SimpleNamespace(**parts, realism=importlib.import_module("realism"), jobs=importlib.import_module("jobs"))
    finally:
        sys.path.remove(str(FOLDER))
        for name in [name for name in sys.modules if name.partition(".")[0] in NAMES]:
            sys.modules.pop(name)


def film(path: Path, strength_px: float) -> Path:
    """Textured skin with sensor noise, 2 s, in which one patch is pushed aside once."""
    wide = texture(180, 320, seed=3).astype(float)
    rows, cols = np.mgrid[:180, :320]
    patch = np.exp(-((cols - PLACE_PX[0]) ** 2 + (rows - PLACE_PX[1]) ** 2) / (2 * 18**2))
    rng = np.random.default_rng(4)
    pictures = []
    for n in range(60):
        late_s = n / 30 - PEAK_S + 0.1
        course = late_s / 0.1 * math.exp(1 - late_s / 0.1) if late_s > 0 else 0.0
        at = np.clip(cols - strength_px * course * patch, 0, 318.999)
        left = at.astype(int)
        pushed = wide[rows, left] * (1 - at + left) + wide[rows, left + 1] * (at - left)
        pictures.append(np.clip(pushed + rng.normal(0, 0.7, pushed.shape), 0, 255).astype(np.uint8))
    return write_video(path, pictures, options={"crf": "8", "bf": "0"})


@pytest.fixture(scope="module")
def twitching(tmp_path_factory):
    return film(tmp_path_factory.mktemp("clips") / "twitching.mp4", 4.0)


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    return film(tmp_path_factory.mktemp("clips") / "still.mp4", 0.0)


@pytest.mark.parametrize(("part", "k"), [("lk_top5", 12.0), ("orb_farneback", 7.0), ("motion_energy", 6.0)])
def test_a_strong_twitch_is_found_and_nothing_in_a_still_clip(bench, twitching, still, part, k):
    find = getattr(bench, part).find
    found = find(twitching, [k])[k]
    # The fastest moment lies between onset and peak; the way back may be another.
    assert PEAK_S - 0.15 <= found[0].peak_s <= PEAK_S + 0.1
    assert all(one.peak_s <= PEAK_S + 0.6 for one in found)
    if part != "motion_energy":
        assert all(math.dist((one.x_px, one.y_px), PLACE_PX) < 40 for one in found)
    assert find(still, [k])[k] == ()


@pytest.mark.parametrize("fewest", [20, 10**6])
def test_the_shift_of_a_hand_is_seen_with_and_without_points(bench, monkeypatch, fewest):
    monkeypatch.setattr(bench.orb_farneback, "FEWEST_MATCHES", fewest)
    wide = texture(200, 340, seed=5)
    shift = bench.orb_farneback.shift_of(cv2.ORB_create(4000), wide[10:190, 10:330], wide[8:188, 13:333])
    assert shift == pytest.approx([3, -2], abs=0.3)


def test_a_higher_constant_finds_no_more(bench, twitching):
    found = bench.lk_top5.find(twitching, [2.0, 8.0, 1e6])
    assert len(found[2.0]) >= len(found[8.0]) > len(found[1e6]) == 0


def test_what_dvr_scan_says_is_read(bench):
    parse = bench.dvr_scan.parse
    assert parse("", 0.0, 0.3) == ()
    found = parse("some warning\n00:00:02.000,00:00:03.300,01:01:10.500,01:01:12.300\n", 0.0, 0.3)
    assert [one.peak_s for one in found] == pytest.approx([2.5, 3671.25])
    assert {one.x_px for one in found} == {None}
    # The padding before an event is cut off where the clip begins.
    padded = parse("00:00:00.000,00:00:04.000,00:00:10.000,00:00:15.500", 1.5, 2.0)
    assert [one.peak_s for one in padded] == pytest.approx([1.0, 12.5])
    with pytest.raises(ValueError, match="pairs"):
        parse("00:00:02.000", 0.0, 0.0)


def test_without_dvr_scan_its_rows_say_so(bench, monkeypatch, tmp_path):
    monkeypatch.setenv("FASCIDETECT_DVR_SCAN", str(tmp_path / "none"))
    methods = bench.methods.chosen("dvr-scan,lk-top5")
    assert [bool(method.missing()) for method in methods] == [True, False]
    assert "not installed" in bench.table.notes(methods)
    with pytest.raises(ValueError, match="unknown baseline magic"):
        bench.methods.chosen("lk-top5,magic")


def truth_of(*peaks_s: float) -> Truth:
    events = tuple(TrueEvent(f"t{t}", None, t, None, 50.0, 50.0) for t in peaks_s)
    return Truth(SCHEMA_VERSION, "twitching.mp4", "", None, "", 320, 180, 3.0, None, events)


def test_only_who_tells_a_place_is_held_to_it(bench, twitching):
    with Clip(twitching) as clip:
        facts = clip.facts
    sighting, truth = bench.sighting.Sighting, truth_of(1.0)
    main = TOLERANCES_S[0]
    assert bench.run.score([sighting(1.2)], facts, truth)[main].n_hits == 1
    assert bench.run.score([sighting(1.2, 60.0, 50.0)], facts, truth)[main].n_hits == 1
    assert bench.run.score([sighting(1.2, 300.0, 50.0)], facts, truth)[main].n_hits == 0
    assert bench.run.score([], facts, truth)[main] == bench.run.score([], facts, truth_of(2.0))[main]


def outcome(bench, name: str, hits: int, false: int, *, true: int = 4):
    tally = Tally(1, true, hits + false, hits, clip_s=60.0)
    group = name.split("-", maxsplit=1)[0]
    tallies = dict.fromkeys(TOLERANCES_S, tally)
    return bench.jobs.Outcome(group, name, true == 0, "x", tallies, "ok", "-", stale=False, wall_s=0.0)


def test_the_table_says_where_a_baseline_is_better(bench):
    ours = [outcome(bench, f"still-{k}", 2, 0) for k in range(4)] + [outcome(bench, f"dark-{k}", 4, 0) for k in "ab"]
    better = [replace(o, tallies=outcome(bench, o.name, 4, 0).tallies) for o in ours]
    quiet = [outcome(bench, "still-q", 0, n, true=0) for n in (0, 1)]
    text = bench.table.table([*ours, quiet[0]], {"simple": [*better, quiet[1]]}, ["still", "dark"])
    rows = {line.split()[0]: line.split() for line in text.splitlines() if line}
    # Ours: 8 of 16 and no false one; theirs: 16 of 16 and a false one in a quiet minute.
    assert rows["still"] == ["still", "16", "0.67", "(0.0)", "*0.97", "(1.0)"]
    assert rows["dark"] == ["dark", "8", "1.00", "(-)", "1.00", "(-)"]
    assert "simple is better in: still by 0.30" in text
    one = bench.table.duel("still", ours[:4], better[:4])
    assert (one.lost, one.behind) == (True, False)
    assert one.difference.value == pytest.approx(1 - 2 / 3)


def test_two_clips_are_too_few_to_lose_by_more_than_chance(bench):
    ours = [outcome(bench, f"still-{k}", 2, 0) for k in range(2)]
    theirs = [outcome(bench, f"still-{k}", 4, 0) for k in range(2)]
    one = bench.table.duel("still", ours, theirs)
    assert (one.lost, one.behind) == (False, True)
    assert "perhaps by chance, in: still" in bench.table.table(ours, {"simple": theirs}, ["still"])


def test_the_constant_with_the_best_f1_is_taken(bench):
    by_constant = {6.0: [outcome(bench, "still-0", 4, 4)], 8.0: [outcome(bench, "still-0", 4, 1)], 10.0: []}
    by_constant[10.0] = [outcome(bench, "still-0", 2, 0)]
    best, sums = bench.run.tune(by_constant)
    assert best == 8.0
    assert "best at 8 over 1 clips" in bench.table.tuning("simple", best, sums)


def test_what_was_found_is_kept(bench, twitching, tmp_path, monkeypatch):
    monkeypatch.setenv("FASCIDETECT_CACHE", str(tmp_path))
    monkeypatch.setattr(bench.run, "clip_and_truth", lambda job: (twitching, truth_of(PEAK_S)))
    task = bench.run.Task(bench.jobs.Job("tiny", "dev-tiny-0", quiet=False), "motion-energy", (6.0, 12.0))
    first = bench.run.run(task)
    silent = replace(next(m for m in bench.methods.METHODS if m.name == "motion-energy"), find=None)
    monkeypatch.setattr(bench.run, "METHODS", (silent,))
    again = bench.run.run(task)
    assert {c: o.tallies for c, o in again.items()} == {c: o.tallies for c, o in first.items()}


def test_made_clips_are_marked_where_no_real_clip_is_like_them(bench):
    looks = bench.realism.Looks(*[1.0] * 12)
    made = [replace(looks, maxima_p50=p) for p in (3.9, 4.0, 9.0)]
    real = [replace(looks, maxima_p50=p, residual_pct=math.nan) for p in (4.1, 5.0)]
    rows = bench.realism.table(made, real).splitlines()
    marked = [line.startswith("local maxima, median") for line in rows if line.endswith("!")]
    assert marked == [True]
    assert "4.000" in rows[1]
    assert not bench.realism.outside(np.array([1.0]), np.array([]))
    assert "eye" in bench.realism.each([("eye", looks)])


def test_a_camera_that_sways_is_told_by_how_much(bench):
    trace = make_trace()
    sway, roll = 3 * np.sin(2 * np.pi * 1.0 * trace.time_s), np.radians(0.2) * np.sin(2 * np.pi * 2.0 * trace.time_s)
    slow = 40 * np.sin(2 * np.pi * 0.02 * trace.time_s)  # no sway
    size = np.array([trace.geometry.analysis_width_px, trace.geometry.analysis_height_px]) / 2
    affine = np.tile(np.eye(3), (300, 1, 1))
    affine[:, 0, 0] = affine[:, 1, 1] = np.cos(roll)
    affine[:, 1, 0], affine[:, 0, 1] = np.sin(roll), -np.sin(roll)
    affine[:, :2, 2] = size - affine[:, :2, :2] @ size
    affine[:, 0, 2] += sway + slow
    told = bench.realism.camera(replace(trace, affine=affine), 0.0, 10.0)
    assert told == pytest.approx((3 / np.sqrt(2), 0.2 / np.sqrt(2)), rel=0.15)
    few = replace(trace, time_s=trace.time_s * 5, affine=affine)  # 6 frames a second
    assert np.isnan(bench.realism.camera(few, 0.0, 50.0)).all()
    lost = replace(trace, ok=trace.time_s > 6.0, affine=affine)
    assert np.isnan(bench.realism.camera(lost, 0.0, 10.0)).all()


def test_a_still_clip_looks_like_noise(bench, still, tmp_path, monkeypatch):
    monkeypatch.setenv("FASCIDETECT_CACHE", str(tmp_path))
    name, looks = bench.realism.of_real(still)
    assert name == "still"
    assert 1 <= looks.maxima_p50 <= looks.maxima_p99
    assert looks.tail_motion >= 1
    assert 0 < looks.valid_share <= 1
    np.testing.assert_equal(asdict(bench.realism.of_real(still)[1]), asdict(looks))
    assert math.isnan(looks.sway_720px), "the clip is too short for that"
