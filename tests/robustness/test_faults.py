"""Whatever befalls a run: one line, earlier results intact, nothing half-written, and the next run completes."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fascidetect import pipeline
from fascidetect.report.folder import LIMIT_TABLE, OUR_FILES
from fascidetect.settings_file import load_settings
from fascidetect.video import isolated
from robustness import faults
from robustness.corpus.base import fine
from robustness.faults import Moments
from robustness.run import COARSE, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="faults are made in the way of Linux")

WORDS = ["analyze", "clip.mp4", "-o", "out", "--config", "coarse.toml"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A clip, and settings that make its analysis short."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "clip.mp4").write_bytes(fine())
    (folder / "coarse.toml").write_text(COARSE)
    return folder


@pytest.fixture(scope="module")
def measured(home):
    """What is measured and sought in the clip, so that little but writing remains to be done."""
    settings = load_settings(home / "coarse.toml")
    trace = pipeline.measure(home / "clip.mp4", settings)
    return trace, pipeline.seek(trace, settings.quality.max_gap_s, settings.detect)


@pytest.fixture
def place(tmp_path, home):
    for name in ("clip.mp4", "coarse.toml"):
        (tmp_path / name).write_bytes((home / name).read_bytes())
    return tmp_path


def ready(monkeypatch, measured):
    """Let the halves give at once what they have found before."""
    trace, windows = measured
    monkeypatch.setattr(pipeline, "measure", lambda *_, **__: trace)
    monkeypatch.setattr(pipeline, "seek", lambda *_, **__: windows)


def earlier_results(place):
    """Results of an earlier run, and what a person has added."""
    out = place / "out"
    out.mkdir()
    for name in OUR_FILES:
        (out / name).write_text("old")
    (out / "result.json").write_text('{"schema_version": "1.0", "clip": {}, "quality": {}, "run": {}}')
    (out / "review.jsonl").write_text("decisions")
    return content(out)


def content(folder: Path) -> dict[str, bytes]:
    return {os.fspath(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def one_line(done, *words):
    assert done.status == 1, done
    assert done.err.startswith("fascidetect: "), done.err
    assert done.err.count("\n") == 1, done.err
    assert all(word in done.err.lower() for word in words), done.err


def completes(place, before=None):
    """The next run does, and leaves nothing but results, and what was none of ours."""
    done = run([*WORDS, "--force"], place, isolate=False, befall=lambda: None)
    assert done.status == 0, done
    assert sorted(p.name for p in place.iterdir()) == ["clip.mp4", "coarse.toml", "out"]
    now = content(place / "out")
    assert set(now) <= {*OUR_FILES, "review.jsonl", ".review.lock"}
    assert json.loads(now["result.json"])["schema_version"]
    assert b"old" not in now.values()
    if before is not None:
        assert now["review.jsonl"] == before["review.jsonl"]


N_FULL = 14
"""Places at which a run makes, opens or renames something before its results count."""


@pytest.mark.parametrize("at", [pytest.param(n, marks=[] if n in (3, 11) else pytest.mark.slow) for n in range(N_FULL)])
def test_a_disk_that_is_full_at_the_nth_place(place, measured, monkeypatch, at):
    ready(monkeypatch, measured)
    before = earlier_results(place)
    done = run([*WORDS, "--force"], place, isolate=False, befall=Moments(place, faults.disk_full, at).watch)
    one_line(done, "no space left on device")
    assert content(place / "out") == before
    completes(place, before)


@pytest.mark.parametrize(
    "n_bytes",
    [pytest.param(n, marks=pytest.mark.slow) for n in (300, 600, 1000, 2000, 4000, 9000)],
)
def test_a_disk_on_which_no_file_may_grow(place, measured, monkeypatch, n_bytes):
    ready(monkeypatch, measured)
    before = earlier_results(place)
    done = run([*WORDS, "--force"], place, isolate=False, befall=lambda: faults.limit_files(n_bytes))
    one_line(done, "cannot write")
    assert content(place / "out") == before
    completes(place, before)


MOMENTS = [*((n, False) for n in range(14)), *((n, True) for n in range(26))]
"""From the first thing that a run does to its results folder to the last; True: where earlier results are there."""


@pytest.mark.parametrize(
    ("at", "there"),
    [pytest.param(*m, marks=[] if m == (15, True) else pytest.mark.slow) for m in MOMENTS],
)
def test_a_run_that_is_killed_at_the_nth_moment(place, measured, monkeypatch, at, there):
    """Afterwards the old results are there, or all of the new: perhaps only once the next run has looked."""
    ready(monkeypatch, measured)
    before = earlier_results(place) if there else {}
    done = run([*WORDS, "--force"], place, isolate=False, befall=Moments(place, faults.killed, at).watch)
    assert done.status == -9
    refused = run(WORDS, place, isolate=False, befall=lambda: None)
    now = {name: data for name, data in content(place / "out").items() if ".partial" not in name}
    old = [name for name in before if now.get(name) == before[name] and name != "review.jsonl"]
    assert old in ([], [name for name in before if name != "review.jsonl"])
    if there:
        one_line(refused, "already holds results")
        assert now["review.jsonl"] == before["review.jsonl"]
    completes(place, before or None)


N_RETUNED = 18
"""Moments from the first thing that a retune does to a results folder to the last."""


@pytest.mark.parametrize("at", [pytest.param(n, marks=[] if n == 12 else pytest.mark.slow) for n in range(N_RETUNED)])
def test_a_retune_that_is_killed_at_the_nth_moment(place, measured, monkeypatch, at):
    """Nothing is lost: the next one finds the old results or the new, and what neither writes."""
    ready(monkeypatch, measured)
    assert run(WORDS, place, isolate=False, befall=lambda: None).status == 0
    before = content(place / "out")
    retuned = ["retune", "out", "--sensitivity"]
    done = run([*retuned, "high"], place, isolate=False, befall=Moments(place, faults.killed, at).watch)
    assert done.status == -9
    done = run([*retuned, "normal"], place, isolate=False, befall=lambda: None)
    assert (done.status, done.err) == (0, "")
    now = content(place / "out")
    assert now.keys() == before.keys() == set(OUR_FILES) - {LIMIT_TABLE}
    assert {name for name in now if now[name] != before[name]} <= {"result.json", "report.html"}


def test_a_folder_that_may_not_be_written_to(place, measured, monkeypatch):
    """Root may write everywhere: so another user runs it, who perhaps may not read what Python would import then."""
    importlib.import_module("fascidetect.review")
    ready(monkeypatch, measured)
    place.chmod(0o555)
    for parent in place.parents[:3]:
        if parent.owner() == place.owner() and parent != Path(parent.anchor):
            parent.chmod(parent.stat().st_mode | 0o055)

    def befall():
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)

    done = run(WORDS, place, isolate=False, befall=befall)
    place.chmod(0o755)
    one_line(done, "permission denied; choose another folder with -o")
    assert sorted(p.name for p in place.iterdir()) == ["clip.mp4", "coarse.toml"]


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [2, 5, 10, 20, 40])
def test_too_little_memory(place, megabytes):
    importlib.import_module("scipy.linalg")  # OpenBLAS asks again for ever where it gets no memory while it is loaded
    done = run(
        [*WORDS, "--no-overlay"], place, isolate=True, befall=lambda: faults.limit_memory(megabytes << 20), seconds=60
    )
    crash = {-signal.SIGSEGV} if megabytes == 2 else set()  # not every library looks at what malloc gives
    assert done.status in {0, 1} | crash, done
    if done.status == 1:
        one_line(done, "memory")
    if done.status:
        assert not (place / "out").exists()
    completes(place)


def test_no_memory_left(place, measured, monkeypatch):
    ready(monkeypatch, measured)

    def nothing_left(*_, **__):
        raise MemoryError

    monkeypatch.setattr(pipeline, "seek", nothing_left)
    done = run(WORDS, place, isolate=False, befall=lambda: None)
    one_line(done, "not enough memory", "--from and --to")
    assert not (place / "out").exists()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "the decoder crashed"),
        pytest.param("import time; time.sleep(600)", "no sign of life", marks=pytest.mark.slow),
        pytest.param("print('no answer')", "the decoder crashed", marks=pytest.mark.slow),
    ],
)
def test_a_decoder_that_fails(place, monkeypatch, script, words):
    before = earlier_results(place)
    monkeypatch.setattr(isolated, "_CHILD", (sys.executable, "-c", script))
    monkeypatch.setattr(isolated.IsolatedClip.__init__, "__kwdefaults__", {"patience_s": 2.0, "memory_bytes": 1 << 32})
    done = run([*WORDS, "--force"], place, isolate=True, befall=lambda: None)
    one_line(done, words, "clip.mp4")
    assert content(place / "out") == before


def test_a_clock_that_is_set_back(place, measured, monkeypatch):
    ready(monkeypatch, measured)
    now = iter(datetime(2026, 1, 1, tzinfo=UTC) - timedelta(hours=h) for h in range(1000))

    class Back(datetime):
        @classmethod
        def now(cls, tz=None):
            return next(now)

    monkeypatch.setattr(pipeline, "datetime", Back)
    monkeypatch.setattr("time.time", lambda: next(now).timestamp())
    done = run(WORDS, place, isolate=False, befall=lambda: None)
    assert (done.status, done.err) == (0, "")
    assert json.loads((place / "out" / "result.json").read_text())["run"]["wall_s"] >= 0


def test_a_clip_that_is_replaced_while_it_is_analyzed(place, measured, monkeypatch):
    ready(monkeypatch, measured)
    with (place / "clip.mp4").open("ab") as file:
        file.write(bytes(100))  # since it was measured
    done = run(WORDS, place, isolate=False, befall=lambda: None)
    one_line(done, "clip.mp4 was replaced by another file while it was analyzed")
    assert not (place / "out").exists()


def test_two_runs_on_one_folder(place, measured, monkeypatch):
    """The second begins while the first is at work: it is refused, and the first completes."""
    ready(monkeypatch, measured)
    trace, _ = measured

    def slow(*_, **__):
        done = run([*WORDS, "--force"], place, isolate=False, befall=quick)
        (place / "second.txt").write_text(f"{done.status} {done.err}")
        return trace

    def quick():
        monkeypatch.setattr(pipeline, "measure", lambda *_, **__: trace)

    monkeypatch.setattr(pipeline, "measure", slow)
    first = run(WORDS, place, isolate=False, befall=lambda: None)
    second = (place / "second.txt").read_text()
    assert (first.status, first.err) == (0, "")
    assert second.startswith("1 fascidetect: another run is writing results to ")
    assert (place / "out" / "result.json").exists()
