"""A result judged again from its folder is what analyzing anew would have given."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from helpers.build import example_run

from fascidetect import retune as module
from fascidetect.errors import ClipError, ClipNotFound, FasciError, SettingsError
from fascidetect.events.store import save_candidates
from fascidetect.motion.store import save_trace
from fascidetect.pipeline import detect
from fascidetect.report.export import write_result, write_tables
from fascidetect.retune import retune
from fascidetect.settings import DECIDED, SOUGHT, ClipSettings, MeasureSettings, QualitySettings

TABLES = ("events.csv", "rejected.csv", "per_minute.csv", "foci.csv")


def write(folder, judged, result=None):
    """Write what `analyze_to_folder` writes, less the pictures."""
    folder.mkdir()
    save_trace(folder / "trace.npz", judged.trace)
    save_candidates(folder / "candidates.npz", judged.held)
    write_tables(result or judged.result, folder)
    write_result(result or judged.result, example_run(), folder / "result.json")


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


@pytest.mark.parametrize("full", [False, True])
def test_the_same_settings_give_the_same_files(folder, written, full):
    before = content(folder)
    done = retune(folder, same, full=full)
    after = content(folder)
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
    for name in ("review.jsonl", "overlay.mp4", "report.html", "notes.txt"):
        (folder / name).write_text("old")
    before = content(folder)
    done = retune(folder, detected(sensitivity="low"))
    changed = {name for name, data in content(folder).items() if data != before.get(name)}
    assert changed <= {*TABLES, "result.json", "timeline.png"}
    assert {"events.csv", "result.json"} <= changed
    assert done.outdated == ("overlay.mp4", "report.html")


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


def later_settings(folder):
    path = folder / "result.json"
    path.write_text(path.read_text().replace('"kappa"', '"cappa"'))
    return ClipError, r"unknown setting detect\.cappa"


def other_clip(folder):
    path = folder / "result.json"
    path.write_text(path.read_text().replace("0" * 64, "1" * 64))
    return FasciError, "holds files of different clips"


@pytest.mark.parametrize(
    "harm", [damaged, without_candidates, without_result, strange_result, later_settings, other_clip]
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
