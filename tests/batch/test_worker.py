"""What becomes of a child that crashes, hangs or is no longer wanted; and a real one."""

from __future__ import annotations

import dataclasses
import io
import sys
import threading
import time
from pathlib import Path

import pytest
from helpers.tiny import CONFIG, tiny_clip

from fascidetect import __version__
from fascidetect.batch import backends, worker
from fascidetect.batch import child as child_module
from fascidetect.batch.backends import run_here
from fascidetect.batch.task import Outcome, Task
from fascidetect.batch.worker import Stopped, run_task
from fascidetect.settings import Settings
from fascidetect.settings_file import load_settings

READ = "import os, sys, time; sys.stdin.buffer.read(1); "
SPEAK = READ + "say = lambda text: (sys.stdout.write(text + chr(10)), sys.stdout.flush()); "


@pytest.fixture
def task(tmp_path):
    return Task("p/a.mp4", str(tmp_path / "p" / "a.mp4"), str(tmp_path / "out"), Settings(), 60.0, __version__)


@pytest.fixture
def child(monkeypatch):
    """Put another program in the child's place."""
    monkeypatch.setattr(worker, "_POLL_S", 0.05)

    def put(code):
        monkeypatch.setattr(worker, "_COMMAND", (sys.executable, "-c", code))

    return put


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (READ + "os.kill(os.getpid(), 11)", "the process crashed while starting (SIGSEGV)"),
        (READ + "os.kill(os.getpid(), 9)", "perhaps for lack of memory"),
        (READ + "1 / 0", "unexpected error (status 1)"),
        ("", "unexpected error (status 0)"),  # gone before it was asked
        (SPEAK + """say('{"answer": "cannot read ' + sys.argv[-1] + '"}')""", "cannot read"),
    ],
)
def test_a_bad_end_is_one_line(child, task, code, words):
    child(code)
    outcome = run_task(task)
    assert words in outcome.error
    assert "\n" not in outcome.error


@pytest.mark.parametrize(
    ("code", "timeout_s", "words"),
    [
        (READ + "time.sleep(60)", 0.1, "while starting; given up"),
        (SPEAK + """say('{"stage": "measuring", "share": 0.5}'); time.sleep(60)""", 2.0, "while measuring; given up"),
    ],
)
def test_a_child_that_hangs_is_given_up(child, task, code, timeout_s, words):
    child(code)
    error = run_task(dataclasses.replace(task, timeout_s=timeout_s)).error
    assert error.startswith("no progress for")
    assert words in error


def test_the_details_of_a_bug_are_kept(child, task):
    child(READ + "1 / 0")
    assert "ZeroDivisionError" in run_task(task).details


def test_paths_of_this_machine_are_not_told(child, task):
    child(SPEAK + f"""say('{{"answer": "{task.path} is empty"}}')""")
    assert run_task(task).error == "p/a.mp4 is empty"


def test_a_child_that_is_no_longer_wanted_is_told_by_its_stdin(child, task, tmp_path):
    left = tmp_path / "left"
    child(READ + f"sys.stdin.buffer.read(); open({str(left)!r}, 'w').close()")
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(Stopped):
        run_task(task, stop=stop)
    assert left.exists()


@pytest.mark.parametrize("there", [False, True])
def test_a_child_that_is_given_up_leaves_nothing_half_written(child, task, there):
    """It is killed in the midst of what every run does."""
    folder = Path(task.folder)
    if there:
        folder.mkdir()
        (folder / "review.jsonl").write_text("decisions")
    begin = f"from fascidetect.report.folder import results_folder; scratch = results_folder(Path({task.folder!r}))"
    write = "(scratch.__enter__() / 'trace.npz').write_text('half')"
    child(f"{READ}from pathlib import Path; {begin}; {write}; os.kill(os.getpid(), 9)")
    assert "was killed" in run_task(task).error
    left = [path.name for path in folder.parent.rglob("*")]
    assert left == (["out", "review.jsonl"] if there else [])


def test_a_real_child_analyzes_and_tells_how_far_it_is(tmp_path):
    (tmp_path / "c.toml").write_text(CONFIG)
    settings = load_settings(tmp_path / "c.toml")
    clip = tiny_clip(tmp_path / "a.mp4")
    told = []
    good = Task("a.mp4", str(clip), str(tmp_path / "out" / "a.mp4"), settings, 60.0, __version__)
    assert run_task(good, lambda *words: told.append(words)).error == ""
    assert (tmp_path / "out" / "a.mp4" / "result.json").is_file()
    assert told
    assert {stage for _, stage, _ in told} == {"measuring"}


def test_another_version_refuses_the_task(task):
    other = dataclasses.replace(task, version="0.0.1")
    assert child_module._do(other, io.BytesIO()) == (
        f"fascidetect {__version__} is installed where this clip was sent, 0.0.1 where it came from"
    )


def outcomes(monkeypatch, work, n=6, jobs=2):
    monkeypatch.setattr(backends, "run_task", work)
    tasks = (Task(f"{k}.mp4", "", "", Settings(), 1.0, "") for k in range(n))
    return run_here(tasks, jobs, lambda *words: None)


def test_so_many_clips_are_at_work_and_no_more(monkeypatch):
    at_work, most, lock = 0, 0, threading.Lock()

    def work(task, watch, stop):
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.02)
        with lock:
            at_work -= 1
        return Outcome(task.clip)

    found = [outcome.clip for outcome in outcomes(monkeypatch, work)]
    assert sorted(found) == [f"{k}.mp4" for k in range(6)]
    assert most == 2


def test_leaving_early_stops_what_is_at_work_and_starts_nothing_more(monkeypatch):
    begun = []

    def work(task, watch, stop):
        begun.append(task.clip)
        if task.clip == "0.mp4":
            return Outcome(task.clip)
        assert stop.wait(10)
        raise Stopped

    results = outcomes(monkeypatch, work)
    assert next(results).clip == "0.mp4"
    results.close()
    assert len(begun) <= 3
