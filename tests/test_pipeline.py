"""From a file to results on disk, with the real reader, detector and writers."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from fascidetect import pipeline
from fascidetect.errors import NotAClip, OutputError
from fascidetect.evaluate import match
from fascidetect.model import SCHEMA_VERSION
from fascidetect.motion.store import load_trace
from fascidetect.phantom import Camera, Nuisance, Recipe, Scene, Twitch, load_truth, make_clip
from fascidetect.pipeline import analyze, analyze_to_folder, detect, measure
from fascidetect.report.html import read_page
from fascidetect.report.summary import summarize
from fascidetect.retune import retune
from fascidetect.settings import ClipSettings, DetectSettings, ReportSettings, Roi, Settings

SAMPLES = Path(__file__).parent.parent / "samples"
QUIET = Recipe(
    seed=31,
    width_px=480,
    height_px=270,
    duration_s=6.0,
    scene=Scene(limb_share=0.65, mm_per_px=0.4),
    camera=Camera(fps=30, bits_per_px=0.2),
    nuisances=(Nuisance("shake", 1.0), Nuisance("zoom", 0.2), Nuisance("breathing", 0.3)),
)
TWITCHES = (
    Twitch(1.5, 190, 120, 1.6, 25, 0.08, height_px=1.0),
    Twitch(2.9, 320, 150, 1.5, 25, 0.08, direction_deg=60, height_px=1.0),
    Twitch(4.4, 190, 120, 1.6, 25, 0.08, height_px=1.0),
)
NO_OVERLAY = Settings(report=ReportSettings(overlay=False))
WRITTEN = {
    "events.csv",
    "rejected.csv",
    "per_minute.csv",
    "foci.csv",
    "trace.npz",
    "candidates.npz",
    "overlay.mp4",
    "report.html",
    "timeline.png",
    "result.json",
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    make_clip(QUIET, folder / "quiet.mp4")
    make_clip(replace(QUIET, seed=32, twitches=TWITCHES), folder / "twitches.mp4")
    return folder


@pytest.fixture(scope="module")
def done(clips, tmp_path_factory):
    """Result and folder of the twitching clip, analyzed once, and what the progress was told."""
    out = tmp_path_factory.mktemp("results") / "out"
    told: list[tuple[str, int, int]] = []
    result = analyze_to_folder(clips / "twitches.mp4", out, progress=lambda *words: told.append(words))
    return result, out, told


def test_every_twitch_is_found_in_time_and_place(clips, done):
    result, _, _ = done
    truth = load_truth(clips / "twitches.mp4")
    pairs = match([e.peak_s for e in truth.events], [e.peak_s for e in result.events], 0.1)
    assert len(pairs) == len(truth.events) == len(result.events)
    for i, j in pairs:
        true, found = truth.events[i], result.events[j]
        assert found.onset_s == pytest.approx(true.onset_s, abs=0.1)  # 3 frames: noise on a slow foot
        assert np.hypot(found.x_px - true.x_px, found.y_px - true.y_px) < true.radius_px
        # The camera's fit and the smoothing over neighbors take their share of a small twitch.
        assert 0.5 * true.amplitude_px < found.amplitude_px < 1.3 * true.amplitude_px
        assert found.onset_s < found.peak_s < found.offset_s
    assert [focus.n_events for focus in result.foci] == [2, 1]


def test_a_clip_of_five_to_twenty_seconds_has_events_and_no_rate(done):
    result, _, _ = done
    assert result.quality.verdict == "limited"
    assert result.summary.n_events == 3
    assert result.summary.rate_per_min is None
    assert result.per_minute == ()
    assert {focus.rate_per_min for focus in result.foci} == {None}


def test_a_quiet_clip_is_quiet(clips, caplog):
    with caplog.at_level("INFO", "fascidetect"):
        result = analyze(clips / "quiet.mp4")
    told = " ".join(caplog.messages)
    assert "measured 180 frames" in told
    assert "of which counted: 0" in told
    assert result.events == ()
    assert result.sustained == ()
    assert result.quality.verdict == "limited"  # short, not unusable
    assert result.quality.usable_s == pytest.approx(6.0, abs=0.3)


def test_everything_is_written_and_agrees(done):
    result, out, _ = done
    assert {path.name for path in out.iterdir()} == WRITTEN
    document = json.loads((out / "result.json").read_text())
    with (out / "events.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert document["schema_version"] == SCHEMA_VERSION
    assert [row["id"] for row in rows] == [e["id"] for e in document["events"]] == [e.id for e in result.events]
    assert document["summary"]["n_events"] == 3
    assert document["quality"]["verdict"] == result.quality.verdict
    assert document["run"]["wall_s"] > 0
    assert "numpy" in document["run"]["libraries"]
    assert (out / "timeline.png").read_bytes().startswith(b"\x89PNG")
    with av.open(str(out / "overlay.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == result.clip.n_frames


def test_the_written_trace_gives_the_same_result(done):
    result, out, _ = done
    again = detect(load_trace(out / "trace.npz"))
    assert again.to_records() == result.to_records()
    assert again.quality == result.quality
    assert [r.reason for r in again.rejections] == [r.reason for r in result.rejections]


def test_the_written_candidates_are_judged_the_same(done, tmp_path):
    _, out, _ = done
    shutil.copytree(out, tmp_path / "out")
    again = retune(tmp_path / "out", lambda settings: settings)
    assert not again.outdated
    for name in sorted(WRITTEN - {"result.json", "report.html"}):
        assert (tmp_path / "out" / name).read_bytes() == (out / name).read_bytes(), name
    assert page_of(tmp_path / "out") == page_of(out)


def page_of(folder):
    """What the report shows, less when it was made."""
    page = read_page(folder / "report.html")
    return replace(page, facts=tuple(fact for fact in page.facts if fact.name != "Analyzed"))


def test_an_overlay_is_drawn_again_from_its_own_clip_only(clips, done, tmp_path):
    _, out, _ = done
    shutil.copytree(out, tmp_path / "out")
    with pytest.raises(NotAClip, match=r"quiet\.mp4 is not the clip that was analyzed"):
        retune(tmp_path / "out", less, clip=clips / "quiet.mp4")
    assert {path.name for path in (tmp_path / "out").iterdir()} == WRITTEN
    assert (tmp_path / "out" / "result.json").read_bytes() == (out / "result.json").read_bytes()


def less(settings):
    return replace(settings, detect=DetectSettings(sensitivity="low"))


@pytest.mark.slow
def test_an_overlay_is_drawn_again(clips, done, tmp_path):
    _, out, _ = done
    shutil.copytree(out, tmp_path / "out")
    told: list[str] = []
    again = retune(
        tmp_path / "out", less, clip=clips / "twitches.mp4", progress=lambda stage, *counts: told.append(stage)
    )
    assert not again.outdated
    assert set(told) == {"drawing"}
    with av.open(str(tmp_path / "out" / "overlay.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == again.result.clip.n_frames
    assert (tmp_path / "out" / "overlay.mp4").read_bytes() != (out / "overlay.mp4").read_bytes()
    page = read_page(tmp_path / "out" / "report.html")
    assert page.video.decision == page.decision != read_page(out / "report.html").decision
    assert all(one.strip for one in page.movements)


def test_records_are_plain_and_in_order_of_time(done):
    result, _, _ = done
    records = result.to_records()
    assert [r["peak_s"] for r in records] == sorted(e.peak_s for e in result.events)
    assert json.loads(json.dumps(records)) == records


def test_progress_is_told_to_the_end(done):
    result, _, told = done
    stages = [stage for stage, _, _ in told]
    assert list(dict.fromkeys(stages)) == ["measuring", "drawing"]
    for stage in ("measuring", "drawing"):
        counts = [n for name, n, _ in told if name == stage]
        assert counts == list(range(1, result.clip.n_frames + 1))
        assert {total for name, _, total in told if name == stage} == {result.clip.n_frames}


def test_settings_are_recorded(clips, tmp_path):
    roi = Roi.rectangle(60, 60, 360, 150, "calf")
    settings = Settings(
        clip=ClipSettings(from_s=0.2, to_s=5.8, mm_per_px=0.4, rois=(roi,)),
        detect=DetectSettings(sensitivity="high", keep=("rhythmic",)),
        report=ReportSettings(overlay=False, label="left"),
    )
    result = analyze_to_folder(clips / "twitches.mp4", tmp_path / "out", settings)
    assert result.settings == settings
    assert result.quality.area == "roi"
    assert {event.roi for event in result.events} == {"calf"}
    for event in result.events:
        assert event.amplitude_mm == pytest.approx(0.4 * event.amplitude_px)
    kept = json.loads((tmp_path / "out" / "result.json").read_text())["settings"]
    assert kept["detect"]["sensitivity"] == "high"
    assert kept["detect"]["keep"] == ["rhythmic"]
    assert kept["clip"]["mm_per_px"] == 0.4
    assert kept["report"]["label"] == "left"
    assert not (tmp_path / "out" / "overlay.mp4").exists()


def test_a_part_keeps_the_times_of_the_file(clips, done):
    whole, _, _ = done
    part = analyze(clips / "twitches.mp4", Settings(clip=ClipSettings(from_s=0.7)))
    assert len(part.events) == 3
    assert [e.peak_s for e in part.events] == pytest.approx([e.peak_s for e in whole.events], abs=1 / 30)


def test_an_area_drawn_tightly_about_a_twitch_still_shows_it(clips):
    """The twitch fills the area, so what is at rest must be learnt from around it."""
    roi = Roi.rectangle(190 - 40, 120 - 40, 80, 80)
    result = analyze(clips / "twitches.mp4", Settings(clip=ClipSettings(rois=(roi,))))
    there = [t.start_s + t.rise_s for t in TWITCHES if t.x_px == 190]
    assert [e.peak_s for e in result.events] == pytest.approx(there, abs=0.1)
    assert result.quality.analyzed_share < 0.06


def test_an_area_that_reaches_beyond_the_picture_is_told(clips):
    wide = Settings(clip=ClipSettings(rois=(Roi.rectangle(100, 50, 4000, 100, "calf"),), to_s=1.0))
    (warning,) = measure(clips / "quiet.mp4", wide).warnings
    assert warning.startswith("part of the area 'calf' lies outside of the picture (480 x 270 px)")


@pytest.mark.slow
def test_an_area_without_a_twitch_has_none(clips):
    roi = Roi.rectangle(370, 90, 100, 120)
    assert analyze(clips / "twitches.mp4", Settings(clip=ClipSettings(rois=(roi,)))).events == ()


def test_results_are_not_overwritten_unasked(clips, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "result.json").write_text("precious")
    with pytest.raises(OutputError, match="no result of ours"):
        analyze_to_folder(clips / "quiet.mp4", out, NO_OVERLAY, force=True)
    assert (out / "result.json").read_text() == "precious"
    assert [path.name for path in out.iterdir()] == ["result.json"]


@pytest.mark.parametrize("late", ["save_trace", "write_timeline", "write_tables", "write_result"])
@pytest.mark.parametrize("error", [RuntimeError("bug"), KeyboardInterrupt()], ids=["bug", "interrupt"])
def test_whatever_fails_nothing_is_half_written(clips, tmp_path, monkeypatch, late, error):
    trace = measured_once(clips)
    monkeypatch.setattr(pipeline, "measure", lambda *words, **more: trace)

    def fail(*words, **more):
        raise error

    monkeypatch.setattr(pipeline, late, fail)
    out = tmp_path / "deep" / "out"
    with pytest.raises(type(error)):
        analyze_to_folder(clips / "quiet.mp4", out, NO_OVERLAY)
    assert list(tmp_path.iterdir()) == []


_measured = {}


def measured_once(clips):
    if clips not in _measured:
        _measured[clips] = measure(clips / "quiet.mp4", Settings(clip=ClipSettings(to_s=1.0)))
    return _measured[clips]


def test_what_cannot_be_judged_is_written_without_events(clips, tmp_path):
    settings = replace(NO_OVERLAY, clip=ClipSettings(to_s=2.0))
    result = analyze_to_folder(clips / "twitches.mp4", tmp_path / "out", settings)
    assert result.quality.verdict == "cannot_analyze"
    assert (result.events, result.rejections, result.foci, result.per_minute) == ((), (), (), ())
    assert {path.name for path in (tmp_path / "out").iterdir()} == WRITTEN - {"overlay.mp4"}


@pytest.mark.slow
def test_light_is_no_movement(tmp_path):
    light = (Nuisance("exposure", 20.0, start_s=2.0), Nuisance("shadow", 30.0, start_s=3.0, end_s=4.5))
    make_clip(replace(QUIET, seed=33, nuisances=light), tmp_path / "light.mp4")
    assert analyze(tmp_path / "light.mp4").events == ()


@pytest.mark.slow
@pytest.mark.parametrize("rotation_deg", [90, 180])
def test_a_turned_clip_gives_upright_places(tmp_path, rotation_deg):
    camera = replace(QUIET.camera, rotation_deg=rotation_deg)
    make_clip(replace(QUIET, seed=32, twitches=TWITCHES[:2], camera=camera), tmp_path / "turned.mov")
    result, truth = analyze(tmp_path / "turned.mov"), load_truth(tmp_path / "turned.mov")
    assert (result.clip.width_px, result.clip.height_px) == (480, 270)
    found, true = ([(e.x_px, e.y_px) for e in events] for events in (result.events, truth.events))
    assert np.array(found) == pytest.approx(np.array(true), abs=25)  # within the radius


@pytest.mark.slow
@pytest.mark.parametrize("fps", [15, 60])
def test_other_frame_rates_find_the_same(tmp_path, fps):
    recipe = replace(QUIET, seed=32, twitches=TWITCHES, camera=replace(QUIET.camera, fps=fps))
    make_clip(recipe, tmp_path / "clip.mp4")
    found = [e.peak_s for e in analyze(tmp_path / "clip.mp4").events]
    assert found == pytest.approx([t.start_s + t.rise_s for t in TWITCHES], abs=1 / 15)


@pytest.mark.slow
def test_the_sample_with_twitches_gives_what_it_holds():
    """1.5 to 3.0 px at 720 lines at the lower end of bit rates: most are found, and hardly anything else."""
    result, truth = analyze(SAMPLES / "calf-twitches.mp4"), load_truth(SAMPLES / "calf-twitches.mp4")
    shown = (SAMPLES.parent / "docs" / "tutorial.md").read_text(encoding="utf-8").splitlines()
    said = summarize(result).splitlines()
    (faint,), (told,) = ([one for one in text if one.startswith("Seen and not counted")] for text in (said, shown))
    assert set(said) - {faint} <= set(shown)
    assert re.sub(r"\d+", "n", faint) == re.sub(r"\d+", "n", told)
    counts = np.array([[int(n) for n in re.findall(r"\d+", line)] for line in (faint, told)])
    assert np.abs(np.diff(counts, axis=0)).sum() <= 1  # on another processor one of the faintest may be more or less
    hits = match([e.peak_s for e in truth.events], [e.peak_s for e in result.events], 0.15)
    assert result.quality.verdict == "ok"
    assert len(hits) >= 5
    assert len(result.events) - len(hits) <= 1
    assert result.summary.rate_low_per_min < 60 / 21 * len(truth.events) < result.summary.rate_high_per_min


@pytest.mark.slow
def test_the_quiet_sample_is_quiet():
    result = analyze(SAMPLES / "calf-quiet.mp4")
    assert result.quality.verdict == "ok"
    assert result.events == ()
    assert result.sustained == ()
    assert result.summary.rate_per_min == 0
    assert result.summary.rate_high_per_min == pytest.approx(3.69 / 0.35, rel=0.05)  # the upper bound of none, in 21 s
