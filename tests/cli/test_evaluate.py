import dataclasses
import json

import pytest
from helpers.build import example_event, example_facts, example_result, write_results

from fascidetect.cli.evaluate import _repeated
from fascidetect.evaluate import save_annotations
from fascidetect.truth import TrueEvent, Truth


def truth(clip, *peaks):
    events = tuple(TrueEvent(f"t{p}", p - 0.05, p, p + 0.3, 400.0, 300.0, 30.0, 1.0, 1) for p in peaks)
    return Truth("1.0", clip, "", 0, "", 1920, 1080, 42.5, None, events)


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Two result folders, of a.mp4 and b.mp4, each with a movement at 5 s, and truth of both."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "b.mp4"):
        result = dataclasses.replace(
            example_result(), clip=example_facts(name=name), events=(example_event(5.0, x_px=400.0),)
        )
        (tmp_path / f"{name}.fascidetect").mkdir()
        write_results(tmp_path / f"{name}.fascidetect", result)
    save_annotations(truth("a.mp4", 5.1), tmp_path / "a.truth.json", "truth")
    save_annotations(truth("b.mp4", 20.0, 5.0), tmp_path / "b.truth.json", "truth")
    return tmp_path


def test_a_table_people_can_read(run, results):
    done = run("evaluate", "a.mp4.fascidetect", "b.mp4.fascidetect", "--truth", "a.truth.json", "b.truth.json")
    assert done.exit_code == 0, done.output
    assert "true 3, found 2, hits 2, missed 1, false 0" in done.stdout
    assert "peak within" in done.stdout
    assert "ICC(2,1)" in done.stdout


def test_truths_are_found_by_the_name_of_the_clip(run, results):
    done = run(
        "evaluate", "a.mp4.fascidetect/result.json", "b.mp4.fascidetect", "--truth", "b.truth.json", "a.truth.json"
    )
    assert "hits 2" in done.stdout
    done = run("evaluate", "b.mp4.fascidetect", "--truth", "a.truth.json", "--truth", "b.truth.json")
    assert "true 2, found 1, hits 1" in done.stdout


def test_and_else_by_order(run, results):
    (results / "rater.csv").write_text("peak_s\n5.3\n")
    assert "hits 0" in run("evaluate", "a.mp4.fascidetect", "--truth", "rater.csv").stdout
    done = run("evaluate", "a.mp4.fascidetect", "--tolerance-s", "0.4", "--truth", "rater.csv")
    assert "hits 1" in done.stdout
    assert "0.4 s" in done.stdout


def test_json(run, results):
    tree = json.loads(run("evaluate", "a.mp4.fascidetect", "--json", "--truth", "a.truth.json").stdout)
    assert tree["clips"] == ["a.mp4"]
    assert list(tree["tolerances"]) == ["0.25", "0.1", "0.5"]
    assert tree["tolerances"]["0.25"]["f1"] == {"value": 1.0, "low": None, "high": None}
    assert tree["tolerances"]["0.25"]["total"]["n_hits"] == 1


def test_a_truth_of_another_file_is_said(run, results):
    other = dataclasses.replace(truth("a.mp4", 5.0), sha256="1" * 64)
    save_annotations(other, results / "a.truth.json", "truth")
    assert "made for another file" in run("evaluate", "a.mp4.fascidetect", "--truth", "a.truth.json").stderr


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["a.mp4.fascidetect"], 2, "--truth"),
        (["--truth", "a.truth.json", "a.mp4.fascidetect"], 2, "RESULT"),
        (["none", "--truth", "a.truth.json"], 1, "no such result: none"),
        (["clip.mov", "--truth", "a.truth.json"], 1, "name one that `fascidetect analyze` has written"),
        (["a.mp4.fascidetect", "--truth", "none.csv"], 1, "no such file of annotations"),
        (["a.truth.json", "--truth", "a.truth.json"], 1, "is no result.json"),
        (["a.mp4.fascidetect", "b.mp4.fascidetect", "--truth", "a.truth.json"], 1, "only for b.mp4"),
    ],
)
def test_mistakes_are_one_line(run, results, words, status, said):
    (results / "clip.mov").write_bytes(b"moving")
    done = run("evaluate", *words)
    assert done.exit_code == status
    assert said in done.stderr


def test_the_option_takes_all_words_up_to_the_next():
    words = ["r", "--truth", "a", "b", "--json", "c"]
    assert list(_repeated(words)) == ["r", "--truth", "a", "--truth", "b", "--json", "c"]
