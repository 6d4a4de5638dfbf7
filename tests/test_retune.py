"""A result judged again from its folder is what analyzing anew would have given."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.build import example_run

from fascidetect import retune as module
from fascidetect.cli import main
from fascidetect.errors import ClipError, ClipNotFound, FasciError, SettingsError
from fascidetect.events.store import save_candidates
from fascidetect.motion.store import save_trace
from fascidetect.pipeline import detect
from fascidetect.report.carry import OUTDATED
from fascidetect.report.compose import make_page
from fascidetect.report.export import write_result, write_tables
from fascidetect.report.html import read_page, write_report
from fascidetect.report.layout import Layout
from fascidetect.report.strips import Strip
from fascidetect.retune import retune
from fascidetect.review import Draft, decide, load_counts
from fascidetect.settings import DECIDED, SOUGHT, ClipSettings, MeasureSettings, QualitySettings

TABLES = ("events.csv", "rejected.csv", "per_minute.csv", "foci.csv")


def write(folder, judged, result=None):
    """Write what `analyze_to_folder` writes, with a word in place of each picture."""
    folder.mkdir()
    (folder / "overlay.mp4").write_bytes(b"video")
    save_trace(folder / "trace.npz", judged.trace)
    save_candidates(folder / "candidates.npz", judged.held)
    result = result or judged.result
    write_tables(result, folder)
    strips = {event.id: Strip(event.id.encode(), 2.0) for event in result.events}
    write_report(make_page(judged.trace, result, example_run(), strips, Layout.plan(960, 540)), folder)
    write_result(result, example_run(), folder / "result.json")


@pytest.fixture(scope="session")
def written(tmp_path_factory, twitching):
    folder = tmp_path_factory.mktemp("results") / "clip.mp4.fascidetect"
    write(folder, twitching)
    return folder


@pytest.fixture
def folder(written, tmp_path, monkeypatch):
    """A result of one's own; the timeline is not drawn, which takes long."""
    monkeypatch.setattr(module, "write_timeline", lambda path, *more: path.write_bytes(b"timeline"))
    shutil.copytree(written, tmp_path / "out")
    return tmp_path / "out"


def same(settings):
    return settings


def detected(**choices):
    return lambda settings: replace(settings, detect=replace(settings.detect, **choices))


def tables(folder):
    return {name: (folder / name).read_bytes() for name in TABLES}


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def page_of(folder):
    """The page less when it was made."""
    page = read_page(folder / "report.html")
    return replace(page, facts=tuple(fact for fact in page.facts if fact.name != "Analyzed"))


def pictured(movements):
    return {one.id for one in movements if one.strip}


@pytest.mark.parametrize("full", [False, True])
def test_the_same_settings_give_the_same_files(folder, written, full):
    before, page = content(folder), page_of(folder)
    done = retune(folder, same, full=full)
    after = content(folder)
    assert page_of(folder) == page
    assert not done.outdated
    assert before.pop("report.html") != after.pop("report.html")
    assert done.n_before == len(done.result.events) > 0
    assert after.pop("timeline.png") == b"timeline"
    made, remade = (json.loads(files.pop("result.json")) for files in (before, after))
    assert made.pop("run")["started_utc"] < remade.pop("run")["started_utc"]
    assert remade == made
    assert after == before


def test_another_sensitivity_gives_what_analyzing_with_it_gives(folder, tmp_path, twitching):
    seen = set()
    for level in ("low", "high"):
        change = detected(sensitivity=level)
        retune(folder, change)
        write(tmp_path / level, twitching, detect(twitching.trace, change(twitching.held.settings)))
        assert tables(folder) == tables(tmp_path / level)
        seen.add(tables(folder)["rejected.csv"])
    assert len(seen) == 2


def test_what_is_not_changed_stays_from_one_time_to_the_next(folder):
    scaled = retune(folder, lambda settings: replace(settings, clip=replace(settings.clip, mm_per_px=0.5)))
    assert {event.amplitude_mm for event in scaled.result.events} == {
        event.amplitude_px / 2 for event in scaled.result.events
    }
    again = retune(folder, detected(keep=("shape",)))
    assert again.result.settings.clip.mm_per_px == 0.5
    assert json.loads((folder / "result.json").read_bytes())["settings"]["detect"]["keep"] == ["shape"]
    assert again.n_before == len(scaled.result.events)


def test_only_what_is_judged_is_replaced(folder):
    for name in ("review.jsonl", "overlay.mp4", "notes.txt"):
        (folder / name).write_text("old")
    before = content(folder)
    done = retune(folder, detected(sensitivity="low"))
    changed = {name for name, data in content(folder).items() if data != before.get(name)}
    assert changed <= {*TABLES, "result.json", "timeline.png", "report.html"}
    assert {"events.csv", "result.json", "report.html"} <= changed
    assert done.outdated


def test_the_report_keeps_the_pictures_and_says_that_the_video_is_of_another_decision(folder):
    first = page_of(folder)
    assert pictured(first.movements) == {one.id for one in first.movements}
    assert OUTDATED not in first.warnings

    retune(folder, detected(sensitivity="low"))
    fewer = page_of(folder)
    assert {one.id for one in fewer.movements} < {one.id for one in first.movements}
    assert pictured((*fewer.movements, *fewer.rejected)) == pictured(first.movements)
    assert fewer.warnings == (*first.warnings, OUTDATED)

    retune(folder, detected(sensitivity="normal", keep=("duplicate",)))
    more = page_of(folder)
    assert {one.id for one in more.movements} > {one.id for one in first.movements}
    assert pictured(more.movements) == pictured(first.movements)
    assert OUTDATED in more.warnings

    assert not retune(folder, detected(keep=())).outdated
    assert page_of(folder) == first


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_text("old")], ids=["gone", "other"])
def test_without_a_report_before_there_are_no_pictures(folder, harm):
    harm(folder / "report.html")
    assert not retune(folder, same).outdated
    page = page_of(folder)
    assert page.movements
    assert pictured(page.movements) == set()
    assert page.video is None


def test_a_review_is_matched_and_shown_again(folder, twitching):
    first, *_, last = twitching.result.events  # which a low sensitivity does not count
    for event, action in ((first, "accept"), (last, "reject")):
        decide(folder, Draft("anna", action, event_id=event.id))
    done = CliRunner().invoke(main, ["retune", str(folder), "--sensitivity", "low"])
    assert "Reviewed by anna: 1 movement so far (2 undecided; 1 added)" in done.stdout
    (counts,) = load_counts(folder)
    assert (counts.n_undecided, counts.n_added, counts.unmatched) == (2, 1, ())
    assert page_of(folder).reviewed == (counts,)
    (kept,) = json.loads((folder / "result.json").read_bytes())["summary"]["reviewed"]
    assert (kept["rater"], kept["n_undecided"]) == ("anna", 2)


def test_a_video_that_was_removed_is_not_shown(folder):
    (folder / "overlay.mp4").unlink()
    assert not retune(folder, detected(sensitivity="low")).outdated
    assert page_of(folder).video is None


def test_the_video_can_be_put_into_the_report(folder):
    retune(folder, lambda settings: replace(settings, report=replace(settings.report, standalone=True)))
    assert "data:video/mp4;base64,dmlkZW8=" in (folder / "report.html").read_text("utf-8")


def test_a_run_that_was_killed_while_publishing_is_finished_first(folder, tmp_path, twitching):
    other = detected(sensitivity="low")(twitching.held.settings)
    write(tmp_path / "ready", twitching, detect(twitching.trace, other))
    (tmp_path / "ready").rename(folder / ".fascidetect.ready")
    assert retune(folder, same).result.settings == other
    assert not (folder / ".fascidetect.ready").exists()


def test_the_timeline_is_drawn(written, tmp_path):
    shutil.copytree(written, tmp_path / "out")
    retune(tmp_path / "out", same)
    assert (tmp_path / "out" / "timeline.png").read_bytes().startswith(b"\x89PNG")


def test_what_acts_before_candidates_needs_the_trace(folder):
    before = content(folder)
    with pytest.raises(SettingsError, match=r"^detect\.tau_s acts before candidates are found: add --full$"):
        retune(folder, detected(tau_s=0.08))
    assert content(folder) == before
    assert retune(folder, detected(tau_s=0.08), full=True).result.settings.detect.tau_s == 0.08
    retune(folder, detected(sensitivity="low"))  # from candidates that were sought with the new setting
    with pytest.raises(SettingsError, match="add --full"):
        retune(folder, detected(tau_s=0.05))


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    "change",
    [{"measure": MeasureSettings(blur_px=1.0)}, {"clip": ClipSettings(to_s=3.0)}],
    ids=["measure", "clip"],
)
def test_what_acts_on_the_video_needs_the_video(folder, change, full):
    before = content(folder)
    with pytest.raises(SettingsError, match=r"(measure\.blur_px|clip\.to_s) acts on the video itself: analyze"):
        retune(folder, lambda settings: replace(settings, **change), full=full)
    assert content(folder) == before


def test_every_setting_is_named_in_one_list_at_most():
    from fascidetect.settings_file import describe

    assert set(DECIDED).isdisjoint(SOUGHT)
    names = {row.name for row in describe()}
    assert names >= {*DECIDED, *SOUGHT}
    # what acts on the motion of cells or on candidates: everything in these two tables
    assert {name for name in names if name.startswith(("detect.", "quality."))} <= {*DECIDED, *SOUGHT}


def test_a_clip_that_cannot_be_judged_any_more_is_written_so(folder):
    done = retune(folder, lambda settings: replace(settings, quality=QualitySettings(min_clip_s=60)))
    assert done.result.quality.verdict == "cannot_analyze"
    assert (folder / "events.csv").read_text().count("\n") == 1
    assert retune(folder, lambda settings: replace(settings, quality=QualitySettings())).n_before is None


def damaged(folder):
    (folder / "candidates.npz").write_bytes((folder / "candidates.npz").read_bytes()[:999])
    return FasciError, r"cannot read .*candidates\.npz .*; judge again with --full, or analyze the clip again$"


def without_candidates(folder):
    (folder / "candidates.npz").unlink()
    return FasciError, r"no such file: .*candidates\.npz; judge again with --full"


def without_result(folder):
    (folder / "result.json").unlink()
    return ClipNotFound, r"no such result: .*result\.json"


def strange_result(folder):
    (folder / "result.json").write_text('{"events": []}')
    return ClipError, r"result\.json is no result\.json of this version"


def nested_result(folder):
    (folder / "result.json").write_text('{"x": ' + "[" * 100_000 + "]" * 100_000 + "}")
    return ClipError, r"result\.json is no result\.json of this version"


def later_settings(folder):
    path = folder / "result.json"
    path.write_text(path.read_text().replace('"kappa"', '"cappa"'))
    return ClipError, r"unknown setting detect\.cappa"


def other_clip(folder):
    path = folder / "result.json"
    path.write_text(path.read_text().replace("0" * 64, "1" * 64))
    return FasciError, "holds files of different clips"


@pytest.mark.parametrize(
    "harm", [damaged, without_candidates, without_result, strange_result, nested_result, later_settings, other_clip]
)
def test_a_folder_that_is_not_whole_is_told_and_left_alone(folder, harm):
    error, words = harm(folder)
    before = content(folder)
    with pytest.raises(error, match=words) as caught:
        retune(folder, same)
    assert "\n" not in str(caught.value)
    assert content(folder) == before


def test_in_full_needs_no_candidates_but_the_trace(folder):
    (folder / "candidates.npz").unlink()
    retune(folder, same, full=True)
    retune(folder, detected(sensitivity="high"))
    (folder / "trace.npz").unlink()
    with pytest.raises(ClipNotFound, match=r"no such file: .*trace\.npz; analyze the clip again"):
        retune(folder, same, full=True)


@pytest.mark.parametrize("late", ["write_timeline", "write_tables", "write_result"])
def test_whatever_fails_the_old_result_stays(folder, monkeypatch, late):
    before = content(folder)

    def fail(*words, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, late, fail)
    with pytest.raises(KeyboardInterrupt):
        retune(folder, detected(sensitivity="low"))
    assert content(folder) == before


def test_small_movements_are_left_out_where_a_floor_is_asked_for(folder, twitching):
    sizes = sorted(event.amplitude_px for event in twitching.result.events)
    between = (sizes[0] + sizes[1]) / 2
    done = CliRunner().invoke(main, ["retune", str(folder), "--amplitude-floor", f"{between:.4f}px"])
    assert done.exit_code == 0, done.output
    tree = json.loads((folder / "result.json").read_text())
    assert tree["summary"]["n_events"] == len(sizes) - 1
    (smallest,) = (event.id for event in twitching.result.events if event.amplitude_px == sizes[0])
    assert [one["reason"] for one in tree["rejected"] if one["id"] == smallest] == ["below_floor"]
    assert f"Only movements of at least {between:.2g} px were counted" in done.stdout


def test_a_floor_on_the_skin_needs_a_scale(folder, twitching):
    command = ["retune", str(folder), "--amplitude-floor", "0.1mm"]
    done = CliRunner().invoke(main, command)
    assert (done.exit_code, "needs a scale" in done.stderr) == (1, True)
    done = CliRunner().invoke(main, [*command, "--mm-per-px", "0.01"])  # 10 px: more than any of them
    assert done.exit_code == 0, done.output
    assert json.loads((folder / "result.json").read_text())["summary"]["n_events"] == 0
    done = CliRunner().invoke(main, ["retune", str(folder), "--amplitude-floor", "0px"])
    tree = json.loads((folder / "result.json").read_text())
    assert tree["summary"]["n_events"] == len(twitching.result.events)


@pytest.mark.parametrize("text", ["0.5", "px", "-1px", "1.2.3px", "0.5cm"])
def test_a_floor_without_sense_is_wrong_usage(folder, text):
    done = CliRunner().invoke(main, ["retune", str(folder), "--amplitude-floor", text])
    assert (done.exit_code, "cannot read the size" in done.stderr) == (2, True)
