"""`fascidetect demo`: the first minute of somebody who has no clip."""

import dataclasses
import json
import webbrowser

import pytest

import fascidetect.phantom.demo
from fascidetect.phantom import truth_path
from fascidetect.phantom.demo import DEMO


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Addresses that the browser was asked to open; the current folder is empty."""
    monkeypatch.chdir(tmp_path)
    asked = []
    monkeypatch.setattr(webbrowser, "open", lambda address: asked.append(address) or True)
    return asked


@pytest.fixture
def still(pipeline, monkeypatch):
    """The clip is a few frames only, and the results are ready ones."""
    short = dataclasses.replace(DEMO, width_px=96, height_px=64, duration_s=0.2, twitches=())
    monkeypatch.setattr(fascidetect.phantom.demo, "DEMO", short)
    return pipeline


def test_it_makes_a_clip_analyzes_it_says_where_and_opens_the_report(run, still, opened, tmp_path):
    done = run("demo")
    assert done.exit_code == 0, done.output
    clip = tmp_path / "fascidetect-demo" / "demo.mp4"
    report = tmp_path / "fascidetect-demo" / "demo.mp4.fascidetect" / "report.html"
    assert clip.exists()
    assert truth_path(clip).exists()
    assert opened == [report.as_uri()]
    assert "Of the 0 twitches that are really there, 0 were found" in done.stdout
    assert all(name in done.stdout for name in ("What to look at", "report.html", "overlay.mp4", "events.csv"))


def test_the_second_time_it_opens_what_is_there(run, still, opened, tmp_path):
    run("demo", "-o", "d", "--no-open")
    again = run("demo", "-o", "d")
    assert "left as it is" in again.stdout
    assert (len(still.calls), len(opened)) == (1, 1)
    assert run("demo", "-o", "d", "--force", "--no-open").exit_code == 0
    assert (len(still.calls), len(opened)) == (2, 1)


def test_a_clip_of_somebody_else_is_not_replaced(run, still, opened, tmp_path):
    (tmp_path / "demo.mp4").write_bytes(b"mine")
    done = run("demo", "-o", tmp_path)
    assert (done.exit_code, "not of this command's making" in done.stderr) == (1, True)
    assert (tmp_path / "demo.mp4").read_bytes() == b"mine"


def test_without_a_browser_it_says_what_to_open(run, still, opened, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    assert "open fascidetect-demo" in run("demo").stdout.replace("\n", " ")


def test_a_folder_that_cannot_be_made_is_one_line(run, still, opened, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    done = run("demo", "-o", tmp_path / "file" / "below")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)


@pytest.mark.slow
def test_the_real_one_finds_its_twitches(run, opened, tmp_path):
    done = run("demo", "-o", tmp_path / "d", "--no-open")
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "d" / "demo.mp4.fascidetect" / "result.json").read_bytes())
    truth = json.loads((tmp_path / "d" / "demo.truth.json").read_bytes())
    near = [any(abs(e["peak_s"] - t["peak_s"]) < 0.1 for e in found["events"]) for t in truth["events"]]
    assert sum(near) >= 5
    assert len(found["events"]) <= 7
    assert opened == []
