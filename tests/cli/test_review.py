"""What people decided, on the command line: agreement, export, truth of evaluate, summary of analyze."""

import json
import shutil
from pathlib import Path

import pytest
from helpers.build import example_event, example_result, write_results

from fascidetect.evaluate import load_annotations
from fascidetect.review import Draft, decide

FIVE, NINE = "e0005000-12-8", "e0009000-12-8"


@pytest.fixture
def calf(tmp_path, monkeypatch):
    """Results of calf.mp4, reviewed in part by two raters."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "calf.mp4.fascidetect"
    folder.mkdir()
    write_results(folder, example_result())
    decide(folder, Draft("first", "accept", FIVE))
    decide(folder, Draft("first", "reject", NINE))
    decide(folder, Draft("first", "add", peak_s=30.0, note="=faint"))
    decide(folder, Draft("second", "accept", FIVE))
    return folder


def test_agreement(run, calf):
    done = run("agreement", calf)
    assert done.exit_code == 0, done.output
    assert "1 clip, 41 seconds judged" in done.stdout  # 42.5 s less 10 to 12.5
    assert [line.split()[:3] for line in done.stdout.splitlines()[3:]] == [
        ["first", "-", "second"],
        ["first", "-", "program"],
        ["second", "-", "program"],
    ]
    assert "second left 1 undecided" in done.stderr
    tree = json.loads(run("agreement", calf, "--json", "--rater", "first").stdout)
    assert [(p["first"], p["second"], p["total"]["n_both"]) for p in tree["pairs"]] == [("first", "program", 1)]


@pytest.mark.parametrize("form", ["csv", "boris", "elan"])
def test_what_is_exported_is_read_again(run, calf, form):
    name = {"csv": "a.csv", "boris": "a.boris", "elan": "a.eaf"}[form]
    done = run("export", calf, "--to", form, "--rater", "first", "-o", name)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    (truth,) = load_annotations(calf.parent / name)
    assert [(e.peak_s, e.note) for e in truth.events] == [(5.0, ""), (30.0, "=faint")]
    assert "exists already" in run("export", calf, "--to", form, "-o", name).stderr
    assert run("export", calf, "--to", form, "-o", name, "--force").exit_code == 0
    (truth,) = load_annotations(calf.parent / name)
    assert [e.peak_s for e in truth.events] == [5.0, 9.0]  # what the program counts
    assert [(i.start_s, i.end_s) for i in truth.ignore] == [(10.0, 12.5)]


def test_export_prints_unless_a_file_is_named(run, calf):
    text = run("export", calf, "--to", "csv", "--rater", "first").stdout
    assert text.splitlines()[2] == "m3,,30.0,,,,,,0,,'=faint"
    assert run("export", calf, "--to", "vtt").stdout.startswith(
        "WEBVTT\n\ne0005000-12-8\n00:00:04.949 --> 00:00:05.200"
    )
    done = run("export", calf, "--to", "vtt", "--rater", "second")
    assert "movement 1 of 1" in done.stdout
    assert "second left 1 undecided" in done.stderr


def test_a_review_is_truth(run, calf):
    done = run("evaluate", calf, "--truth", calf, "--rater", "first")
    assert "true 2, found 2, hits 1, missed 1, false 1" in done.stdout
    done = run("evaluate", calf, "--truth", calf / "review.jsonl", "--rater", "second")
    assert "true 1, found 2, hits 1, missed 0, false 1" in done.stdout
    assert "second left 1 undecided" in done.stderr


def test_reviews_may_lie_in_several_files(run, calf):
    shutil.copy(calf / "review.jsonl", calf / "review-other.jsonl")
    assert "two reviews of a rater 'first'" in run("agreement", calf).stderr
    lines = (calf / "review.jsonl").read_text().splitlines(keepends=True)
    (calf / "review.jsonl").write_text("".join(line for line in lines if '"first"' in line))
    (calf / "review-other.jsonl").write_text("".join(line for line in lines if '"second"' in line))
    assert "first - second" in run("agreement", calf).stdout


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["evaluate", "{}", "--truth", "{}"], 1, "was reviewed by first, second: choose one with --rater"),
        (["evaluate", "{}", "--truth", "{}", "--rater", "x"], 1, "was not reviewed by 'x', but by first, second"),
        (["evaluate", "{}", "--truth", "none"], 1, "no such file of annotations"),
        (["evaluate", "{}", "--truth", "none.jsonl"], 1, "no such result"),
        (["export", "{}", "--to", "csv", "--rater", "x"], 1, "was not reviewed by 'x'"),
        (["export", "none", "--to", "csv"], 1, "no such result"),
        (["export", "{}", "--to", "doc"], 2, "'doc' is not one of"),
        (["export", "{}", "--to", "csv", "-o", "no/a.csv"], 1, "cannot write no/a.csv"),
        (["agreement", "none"], 1, "no such result"),
        (["agreement", "{}", "--rater", "x"], 1, "no clip was reviewed by 'x'"),
    ],
)
def test_mistakes_are_one_line(run, calf, words, status, said):
    done = run(*(word.format(calf.name) for word in words))
    assert done.exit_code == status
    assert said in done.stderr


def test_without_a_review_that_is_said(run, calf):
    (calf / "review.jsonl").unlink()
    assert "nobody has reviewed" in run("agreement", calf).stderr
    assert "nobody has reviewed" in run("evaluate", calf, "--truth", calf).stderr


def test_analyzing_again_keeps_the_review_and_counts_it_anew(run, pipeline, clips):
    assert run("analyze", "a.mp4").exit_code == 0
    folder = Path("a.mp4.fascidetect")
    decide(folder, Draft("first", "accept", FIVE))
    kept = (folder / "review.jsonl").read_bytes()
    pipeline.result = example_result(events=(example_event(30.0),))
    done = run("analyze", "a.mp4", "--force")
    assert (folder / "review.jsonl").read_bytes() == kept
    assert "Reviewed by first: 1 movement so far (1 undecided; 1 added)" in done.stdout
    assert "Decided about by first and no longer found: 0:05.0 (accepted)." in done.stdout
    tree = json.loads(run("analyze", "a.mp4", "--force", "--json").stdout)
    assert tree["summary"]["reviewed"][0]["n_added"] == 1
