import json
import math
from pathlib import Path

import pytest
from helpers.build import unfit_result

from fascidetect.errors import NotAClip
from fascidetect.notice import NOTICE
from fascidetect.settings import REASONS, Roi, Settings


def flat(text: str) -> str:
    return " ".join(text.split())


def folders(pipeline):
    return [folder for _, folder, _ in pipeline.calls]


def settings_of(pipeline):
    return pipeline.calls[0][2]


def test_a_clip_is_analyzed_into_a_folder_beside_it(run, clips, pipeline):
    done = run("analyze", "a.mp4")
    assert done.exit_code == 0, done.output
    assert "2 movements counted in 40 s of usable video" in done.stdout
    assert done.stdout.endswith("Results: a.mp4.fascidetect\n")
    assert done.stderr == ""
    assert Path("a.mp4.fascidetect/events.csv").exists()
    assert settings_of(pipeline) == Settings()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["a.mp4", "-o", "out"], ["out"]),
        (["a.mp4", "b.mp4", "-o", "out"], ["out/a.mp4", "out/b.mp4"]),
        (["a.mp4", "b.mp4"], ["a.mp4.fascidetect", "b.mp4.fascidetect"]),
    ],
)
def test_where_results_go(run, clips, pipeline, words, expected):
    assert run("analyze", *words).exit_code == 0
    assert folders(pipeline) == [Path(folder) for folder in expected]
    assert all((Path(folder) / "result.json").exists() for folder in expected)


def test_two_clips_never_share_a_folder(run, clips, pipeline):
    done = run("analyze", "a.mp4", "elsewhere/a.mp4", "-o", "out")
    assert done.exit_code == 2
    assert "would both write to out/a.mp4" in done.stderr
    assert pipeline.calls == []


def test_options_become_settings(run, clips, pipeline):
    Path("rois.json").write_text('[{"x": 0, "y": 0, "w": 5, "h": 5}]', encoding="utf-8")
    done = run(
        *("analyze", "a.mp4", "--roi", "calf=1,2,3,4", "--roi-file", "rois.json", "--from", "0:05", "--to", "65"),
        *("--sensitivity", "high", "--keep", "rhythmic", "--keep", "edge", "--label", "left", "--capture-fps", "240"),
        *("--scale", "0,0 100,0 = 20 mm", "--no-overlay"),
    )
    assert done.exit_code == 0, done.output
    settings = settings_of(pipeline)
    assert settings.clip.rois == (Roi.rectangle(1, 2, 3, 4, "calf"), Roi.rectangle(0, 0, 5, 5))
    assert (settings.clip.from_s, settings.clip.to_s, settings.clip.capture_fps) == (5, 65, 240)
    assert settings.clip.mm_per_px == pytest.approx(0.2)
    assert (settings.detect.sensitivity, settings.detect.keep) == ("high", ("rhythmic", "edge"))
    assert (settings.report.label, settings.report.overlay) == ("left", False)


def test_an_option_goes_before_the_file_and_the_file_before_the_default(run, clips, pipeline):
    Path("my.toml").write_text('[clip]\nfrom_s = 3\nmm_per_px = 0.5\n[detect]\nkappa = 9\nsensitivity = "low"\n')
    assert run("analyze", "a.mp4", "--config", "my.toml", "--from", "7", "--sensitivity", "high").exit_code == 0
    settings = settings_of(pipeline)
    assert (settings.clip.from_s, settings.clip.mm_per_px, settings.clip.to_s) == (7, 0.5, math.inf)
    assert (settings.detect.kappa, settings.detect.sensitivity) == (9, "high")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing argument 'CLIPS...'"),
        (["a.mp4", "--roi", "1,2,3"], "cannot read the area '1,2,3'"),
        (["a.mp4", "--from", "soon"], "cannot read the time 'soon'"),
        (["a.mp4", "--scale", "20 mm"], "cannot read the scale"),
        (["a.mp4", "--scale", "0,0 9,0 = 9 mm", "--mm-per-px", "1"], "give --mm-per-px or --scale, not both"),
        (["a.mp4", "--keep", "rhythm"], "'rhythm' is not one of"),
        (["a.mp4", "--from", "9", "--to", "5"], "ends (5 s) before it starts (9 s)"),
        (["a.mp4", "--capture-fps", "0"], "capture_fps must lie between 1 and 10000"),
        (["a.mp4", "--config", "none.toml"], "does not exist"),
        (["a.mp4", "--config", "bad.toml"], "unknown setting detect.kapa; did you mean detect.kappa?"),
        (["a.mp4", "-q", "--json"], "-q cannot be combined"),
        (["a.mp4", "--sensitive"], "No such option"),
    ],
)
def test_wrong_usage_is_explained_before_anything_is_done(run, clips, pipeline, words, message):
    Path("bad.toml").write_text("[detect]\nkapa = 1\n")
    done = run("analyze", *words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""
    assert pipeline.calls == []


def test_a_bad_clip_is_one_line_and_does_not_stop_the_rest(run, clips, pipeline):
    pipeline.raises["a.mp4"] = NotAClip("a.mp4 is empty; copy the clip again")
    done = run("analyze", "a.mp4", "missing.mp4", "b.mp4")
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "fascidetect: a.mp4 is empty; copy the clip again",
        "fascidetect: no such file: missing.mp4",
    ]
    assert Path("b.mp4.fascidetect/result.json").exists()


def test_what_cannot_be_judged_is_written_and_fails(run, clips, pipeline):
    pipeline.result = unfit_result()
    done = run("analyze", "a.mp4")
    assert done.exit_code == 1
    assert "only 3.2 s of usable video" in done.stderr
    assert "Cannot be analyzed" in done.stdout
    assert json.loads(Path("a.mp4.fascidetect/result.json").read_text())["quality"]["verdict"] == "cannot_analyze"


def test_results_are_not_overwritten_without_force(run, clips, pipeline):
    assert run("analyze", "a.mp4").exit_code == 0
    again = run("analyze", "a.mp4")
    assert again.exit_code == 1
    assert again.stderr.count("\n") == 1
    assert "use --force or -o OTHER" in again.stderr
    assert run("analyze", "a.mp4", "--force").exit_code == 0


def test_an_interrupt_leaves_nothing(run, clips, pipeline):
    done = run("analyze", "a.mp4", "b.mp4", "--label", "interrupt")
    assert done.exit_code == 130
    assert done.stderr == "fascidetect: interrupted; nothing was half-written\n"
    assert len(pipeline.calls) == 1
    assert sorted(path.name for path in Path().iterdir()) == ["a.mp4", "b.mp4"]


def test_a_bug_keeps_its_traceback(run, clips, pipeline):
    pipeline.raises["a.mp4"] = ZeroDivisionError("bug")
    assert isinstance(run("analyze", "a.mp4").exception, ZeroDivisionError)


def test_json_is_one_line_for_each_clip_and_nothing_else(run, clips, pipeline):
    done = run("analyze", "a.mp4", "b.mp4", "--json")
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first == second == json.loads(Path("a.mp4.fascidetect/result.json").read_text())


def test_quiet_and_verbose(run, clips, pipeline):
    quiet = run("analyze", "a.mp4", "-q")
    assert (quiet.exit_code, quiet.output) == (0, "")
    loud = run("analyze", "b.mp4", "-v")
    assert "events.csv" in loud.stdout


def test_no_progress_in_a_pipe(run, clips, pipeline):
    assert "frames" not in run("analyze", "a.mp4").stderr


def test_the_help_teaches(run):
    text = flat(run("analyze", "--help").stdout)
    assert NOTICE in text
    assert "fascidetect analyze calf.mp4 --from 0:05" in text
    assert "Exit status: 0 done, 1 a clip could not be analyzed, 2 wrong usage, 130 interrupted." in text
    for reason in REASONS:
        assert reason in text


def test_odd_names_keep_to_one_line(run, clips, pipeline):
    done = run("analyze", "no\nsuch\x1b[31m.mp4")
    assert done.stderr == "fascidetect: no such file: no?such?[31m.mp4\n"


def test_several_summaries_are_kept_apart(run, clips, pipeline):
    assert "\n\ncalf.mp4" in run("analyze", "a.mp4", "b.mp4").stdout
