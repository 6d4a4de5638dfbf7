"""``fascidetect batch`` and ``trend`` as typed, with results built from values in place of the children."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path

import pytest
from helpers.build import example_facts, example_result, example_run, unfit_result

from fascidetect import __version__
from fascidetect.batch import lock
from fascidetect.batch.lock import only_run
from fascidetect.batch.plan import _sha256
from fascidetect.batch.task import Outcome
from fascidetect.cli import batch as command
from fascidetect.cli.board import Board
from fascidetect.report.export import write_result, write_tables
from fascidetect.settings import Roi


class FakeWorkers:
    """Do what children do, without video; remember what they were asked, and fail or stop where told."""

    def __init__(self):
        self.tasks, self.errors, self.unfit, self.interrupt_at = [], {}, set(), None

    def run_here(self, tasks, jobs, watch):
        for task in tasks:
            if task.clip == self.interrupt_at:
                raise KeyboardInterrupt
            self.tasks.append(task)
            watch(task.clip, "measuring", 0.5)
            if task.clip in self.errors:
                yield Outcome(task.clip, self.errors[task.clip], "Traceback: all of it", 2.0)
            else:
                self._write(task)
                yield Outcome(task.clip, wall_s=3.0)

    def _write(self, task):
        result = unfit_result() if task.clip in self.unfit else example_result()
        facts = example_facts(name=Path(task.path).name, sha256=_sha256(Path(task.path)))
        result = dataclasses.replace(result, clip=facts, settings=task.settings)
        folder = Path(task.folder)
        folder.mkdir(exist_ok=True)
        write_tables(result, folder)
        write_result(result, dataclasses.replace(example_run(), version=__version__), folder / "result.json")

    @property
    def clips(self):
        return [task.clip for task in self.tasks]


@pytest.fixture
def workers(monkeypatch):
    fake = FakeWorkers()
    monkeypatch.setattr(command, "run_here", fake.run_here)
    return fake


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three files that stand for clips, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("A12/2026-01-10/left-calf.mp4", "A12/2026-02-10/left-calf.mp4", "notes.mp4"):
        path = tmp_path / "clips" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


TEMPLATE = "{subject}/{date}/{side}-{muscle}.mp4"


def summary():
    with Path("out/summary.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_all_recordings_are_analyzed_and_again_none(run, workers, folder):
    done = run("batch", "clips", "-o", "out")
    assert done.exit_code == 0, done.output
    assert "3 of 3 recordings analyzed. Open out/index.html" in done.stdout
    assert "[1/3] A12/2026-01-10/left-calf.mp4: done after 3 s; about" in done.stderr
    assert [row["status"] for row in summary()] == ["done"] * 3
    assert Path("out/A12/2026-01-10/left-calf.mp4/result.json").is_file()
    again = run("batch", "clips", "-o", "out")
    assert (again.exit_code, again.stderr, len(workers.tasks)) == (0, "", 3)


def test_quiet_says_nothing(run, workers, folder):
    done = run("batch", "clips", "-o", "out", "-q")
    assert (done.exit_code, done.output) == (0, "")


def test_what_fails_is_named_at_once_and_at_the_end_and_the_rest_goes_on(run, workers, folder):
    workers.errors["A12/2026-01-10/left-calf.mp4"] = "the process crashed while measuring (SIGSEGV)"
    workers.unfit.add("notes.mp4")
    done = run("batch", "clips", "-o", "out")
    assert done.exit_code == 1
    assert "1 of 3 recordings analyzed" in done.stdout
    lines = done.stderr.splitlines()
    assert "fascidetect: A12/2026-01-10/left-calf.mp4: the process crashed while measuring (SIGSEGV)" in lines
    assert lines[-2].startswith("fascidetect: failed: A12/2026-01-10/left-calf.mp4: the process crashed")
    assert lines[-1].startswith("fascidetect: cannot be judged: notes.mp4: only 3.2 s of usable video")
    assert lines[-1].endswith(unfit_result().quality.reasons[0])
    assert "Traceback" not in done.output
    assert [row["status"] for row in summary()] == ["failed", "done", "done"]


def test_what_failed_is_tried_again_when_asked(run, workers, folder):
    workers.errors["notes.mp4"] = "no"
    run("batch", "clips", "-o", "out")
    workers.errors.clear()
    assert run("batch", "clips", "-o", "out").exit_code == 1
    assert len(workers.tasks) == 3
    assert run("batch", "clips", "-o", "out", "--retry-failed").exit_code == 0
    assert workers.clips[3:] == ["notes.mp4"]


def test_results_of_one_folder_are_not_replaced_by_those_of_another(run, workers, folder):
    run("batch", "clips", "-o", "out")
    Path("others").mkdir()
    Path("others/notes.mp4").write_bytes(b"another clip of the same name")
    done = run("batch", "others", "-o", "out")
    assert done.exit_code == 1
    assert "holds the results of" in done.stderr
    assert len(workers.tasks) == 3
    Path("clips").rename("moved")
    assert run("batch", "moved", "-o", "out").exit_code == 0
    assert len(workers.tasks) == 3


def test_verbose_shows_what_a_process_said(run, workers, folder):
    workers.errors["notes.mp4"] = "unexpected"
    assert "Traceback: all of it" in run("batch", "clips", "-o", "out", "-v").stderr


def test_a_dry_run_tells_and_touches_nothing(run, workers, folder):
    done = run("batch", "clips", "-o", "out", "--dry-run")
    assert done.exit_code == 0
    assert "notes.mp4: new" in done.stdout
    assert "3 to analyze" in done.stdout
    assert not Path("out").exists()
    run("batch", "clips", "-o", "out")
    Path("clips/notes.mp4").write_bytes(b"changed")
    done = run("batch", "clips", "-o", "out", "--dry-run", "--no-overlay", "--pattern", "notes*")
    assert "notes.mp4: its content has changed" in done.stdout
    done = run("batch", "clips", "-o", "out", "--dry-run", "--no-overlay", "--pattern", "*/*calf*")
    assert done.stdout.count("was analyzed with other settings") == 2


def test_an_interrupt_keeps_what_is_done(run, workers, folder):
    workers.interrupt_at = "notes.mp4"
    done = run("batch", "clips", "-o", "out")
    assert done.exit_code == 130
    assert [row["status"] for row in summary()] == ["done", "done", "pending"]
    workers.interrupt_at = None
    assert run("batch", "clips", "-o", "out").exit_code == 0
    assert workers.clips[2:] == ["notes.mp4"]


def test_facts_come_from_the_path_and_the_sheet(run, workers, folder):
    Path("sheet.csv").write_text('file,muscle,roi,caffeine\nnotes.mp4,sole,"1,2,30,40",2 cups\nnone.mp4,,,\n')
    done = run("batch", "clips", "-o", "out", "--template", TEMPLATE, "--sheet", "sheet.csv")
    assert "warning: notes.mp4 does not fit the template" in done.stderr
    assert "warning: none.mp4 in the session sheet is no recording" in done.stderr
    first, _, notes = summary()
    assert (first["subject"], first["date"], first["side"], first["muscle"]) == ("A12", "2026-01-10", "left", "calf")
    assert (notes["muscle"], notes["caffeine"], notes["date"]) == ("sole", "2 cups", "")
    assert workers.tasks[2].settings.clip.rois == (Roi.rectangle(1, 2, 30, 40),)
    assert workers.tasks[0].settings.clip.rois == ()


def test_shards_share_the_work_and_the_whole_writes_the_tables(run, workers, folder):
    for i in (1, 2):
        done = run("batch", "clips", "-o", "out", "--shard", f"{i}/2")
        assert done.exit_code == 0
        assert f"That was shard {i}/2: when all are done" in done.stdout
    assert sorted(workers.clips) == [
        "A12/2026-01-10/left-calf.mp4",
        "A12/2026-02-10/left-calf.mp4",
        "notes.mp4",
    ]
    assert not Path("out/summary.csv").exists()
    assert run("batch", "clips", "-o", "out").exit_code == 0
    assert len(workers.tasks) == 3  # results of the shards are recognized
    assert [row["status"] for row in summary()] == ["done"] * 3


def test_a_second_run_is_refused(run, workers, folder, monkeypatch):
    monkeypatch.setattr(lock, "_PATIENCE_S", 0.01)
    with only_run(Path("out")):
        done = run("batch", "clips", "-o", "out")
    assert (done.exit_code, done.stderr) == (
        1,
        "fascidetect: another run is at work on out; let it end, or use --wait or another -o\n",
    )


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("none", "-o", "out"), 1, "no such folder: none"),
        (("clips", "-o", "clips"), 1, "holds the recordings; choose another folder"),
        (("clips", "-o", "out", "--pattern", "*.xyz"), 1, "no recording in clips fits '*.xyz'"),
        (("clips", "-o", "out", "--template", "{who}.mp4"), 2, "unknown name {who} in the template"),
        (("clips", "-o", "out", "--shard", "3/2"), 2, "i/n"),
        (("clips", "-o", "out", "--dask", "nowhere"), 2, "--dask is tcp://HOST:PORT"),
        (("clips", "-o", "out", "--dask", "local:2", "--jobs", "2"), 2, "--jobs is for this machine alone"),
        (("clips",), 2, "Missing option '-o'"),
    ],
)
def test_what_makes_no_sense_is_one_line(run, folder, words, code, message):
    done = run("batch", *words)
    assert done.exit_code == code, done.output
    assert message in done.stderr
    assert "Traceback" not in done.output


def test_a_trend_of_clips_of_which_nothing_is_known_says_what_to_do(run, workers, folder):
    run("batch", "clips", "-o", "out")
    assert "run batch again with --sheet" in run("trend", "out").stderr


def test_the_trend_of_a_batch(run, workers, folder):
    run("batch", "clips", "-o", "out", "--template", TEMPLATE)
    done = run("trend", "out")
    assert done.exit_code == 0, done.output
    assert "A12: left calf" in done.stdout
    assert "2026-02-10 against 2026-01-10: not compared. Too short: 40 s of usable time" in done.stdout
    assert done.stdout.rstrip().endswith("Open out/trend.html")
    done = run("trend", "out", "--subject", "A12", "-o", "new/place", "-q")
    assert (done.exit_code, done.output) == (0, "")
    written = sorted(path.name for path in Path("new/place").iterdir())
    assert written == ["trend.csv", "trend.html", "trend.svg", "trend_ratio.csv"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("clips",), "no summary.csv in clips"),
        (("out", "--subject", "B"), "nothing to show in out for subject B"),
        (("out", "--compare", "2026-01-10", "x"), "has both sessions 2026-01-10 and x"),
    ],
)
def test_a_trend_of_nothing_is_one_line(run, workers, folder, words, message):
    run("batch", "clips", "-o", "out", "--template", TEMPLATE)
    done = run("trend", *words)
    assert done.exit_code == 1
    assert message in done.stderr


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_board_shows_the_whole_and_each_clip():
    stream, clock = Terminal(), iter(float(k) for k in range(100))
    with Board(stream, {"a.mp4": 10, "b.mp4": 10}, clock=lambda: next(clock)) as board:
        board.watch("a.mp4", "measuring", 0.25)
        board.watch("b\x1b[2J.mp4", "drawing", 0.5)
        board.done("a.mp4", "done after 3 s")
        board.say("fascidetect: b.mp4: failed")
    text = stream.getvalue()
    assert "] 0/2 clips\n" in text
    assert "  a.mp4  measuring  25 %\n" in text
    assert "  b?[2J.mp4  drawing  50 %\n" in text  # no file name runs the terminal
    assert "] 1/2 clips; about 0:0" in text
    assert "fascidetect: b.mp4: failed\n" in text
    assert text.endswith("\x1b[2A\x1b[J")  # nothing is left drawn


def test_the_board_shows_some_of_many():
    stream = Terminal()
    with Board(stream, {f"{k}.mp4": 1 for k in range(40)}, clock=lambda: 0.0) as board:
        for k in range(40):
            board.watch(f"{k}.mp4", "measuring", 0.0)
        board.say("x")
    assert "  and 28 more\n" in stream.getvalue()
