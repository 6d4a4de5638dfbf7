"""Runs the command line in a process of its own that is bounded in time and memory, and judges what came of it."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from fascidetect.report.folder import OUR_FILES
from robustness.bait import BAIT
from robustness.corpus import ANY, REFUSED, RESULT, UNJUDGED, Case

SECONDS = 120.0
MEMORY_MB = 700.0
"""Of the first process; the decoder's has its own limit."""

COARSE = "[measure]\ncells_across = 16\n"
SCHEMA = json.loads((Path(__file__).parents[2] / "fascidetect/schema/result.schema.json").read_text())

TESTS = Path(__file__).parents[1]

_SERVER = multiprocessing.get_context("forkserver")
os.environ["PYTHONPATH"] = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])  # the server looks here
_SERVER.set_forkserver_preload(["fascidetect.pipeline", "fascidetect.cli", "robustness.loaded"])


@dataclass(frozen=True)
class Done:
    """How a process ended: status (None after the time limit), what it said, what it took."""

    status: int | None
    out: str
    err: str
    wall_s: float
    peak_mb: float


def run(
    words: list[str],
    cwd: Path,
    *,
    isolate: bool,
    seconds: float = SECONDS,
    befall: Callable[[], None] | None = None,
) -> Done:
    """Run ``fascidetect`` in a folder.

    With ``befall``, which is called before, the process is a copy of this one, and holds what this one holds.
    """
    with tempfile.TemporaryDirectory() as notes:
        context: Any = _SERVER if befall is None else multiprocessing.get_context("fork")
        process = context.Process(target=_inside, args=(words, str(cwd), notes, isolate, befall))
        return _waited(process, Path(notes), seconds)


def _waited(process: Any, notes: Path, seconds: float) -> Done:
    started = time.monotonic()
    process.start()
    process.join(seconds)
    late = process.is_alive()
    if late:
        process.kill()
        process.join()
    wall_s = time.monotonic() - started
    said = [(notes / name).read_text(errors="replace") if (notes / name).exists() else "" for name in ("out", "err")]
    cost = (notes / "cost").read_text().split() or ["0"]
    return Done(None if late else process.exitcode, *said, wall_s, float(cost[0]))


def _inside(words: list[str], cwd: str, notes: str, isolate: bool, befall: Callable[[], None] | None) -> None:
    from fascidetect.cli import main

    os.chdir(cwd)
    for number, name in ((1, "out"), (2, "err")):
        handle = os.open(f"{notes}/{name}", os.O_WRONLY | os.O_CREAT)
        os.dup2(handle, number)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    os.environ["FASCIDETECT_ISOLATE"] = str(int(isolate))
    resource.setrlimit(resource.RLIMIT_DATA, (3 << 30, 3 << 30))
    cost = open(f"{notes}/cost", "w")  # noqa: PTH123, SIM115 - before whatever befalls us
    if befall is not None:
        befall()
    try:
        main(words, prog_name="fascidetect")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        cost.write(f"{peak:.0f}")
        cost.close()


def try_case(case: Case, folder: Path, *, isolate: bool) -> tuple[str, list[str], Done]:
    """Make the file, analyze it, look at everything: what came of it, what is wrong with that, and its cost."""
    home = folder / "home"
    home.mkdir()
    path = case.make(home)
    (home / "coarse.toml").write_text(COARSE)
    before = {one: one.lstat().st_mtime_ns for one in home.rglob("*")}
    visits = BAIT.visits
    name = os.fspath(path.relative_to(home))
    done = run(["analyze", "--no-overlay", "--config", "coarse.toml", "-o", "out", "--", name], home, isolate=isolate)
    outcome = _outcome(done, home / "out")
    wrong = [*_wrong_words(case, done, outcome), *_wrong_files(home, before, outcome)]
    if BAIT.visits != visits:
        wrong.append("opened a connection")
    if done.peak_mb > MEMORY_MB:
        wrong.append(f"took {done.peak_mb:.0f} MB")
    if outcome != case.outcome and not (case.outcome == ANY and outcome in (RESULT, UNJUDGED, REFUSED)):
        wrong.append(f"{outcome}, not {case.outcome}")
    return outcome, wrong, done


def _outcome(done: Done, out: Path) -> str:
    if done.status is None:
        return "does not end"
    if done.status not in (0, 1) or "Traceback" in done.err:
        return f"status {done.status}: {done.err.strip().splitlines()[-1:]}"
    if not out.exists():
        return REFUSED if done.status == 1 else "exit 0 without a result"
    tree = json.loads((out / "result.json").read_text())
    jsonschema.validate(tree, SCHEMA)
    judged = tree["quality"]["verdict"] != "cannot_analyze"
    if judged != (done.status == 0):
        return "status and verdict disagree"
    if not judged and (tree["events"] or tree["summary"]["rate_per_min"] is not None):
        return "a number without a verdict"
    return RESULT if judged else UNJUDGED


def _wrong_words(case: Case, done: Done, outcome: str) -> list[str]:
    lines = done.err.splitlines()
    wrong = []
    if outcome == RESULT and lines:
        wrong.append(f"says {lines}")
    if outcome in (REFUSED, UNJUDGED) and (len(lines) != 1 or not lines[0].startswith("fascidetect: ")):
        wrong.append(f"not one line: {lines}")
    if outcome == REFUSED and done.out:
        wrong.append(f"says {done.out!r} of what it refuses")
    if any(not (c.isprintable() or c == "\n") for c in done.out + done.err):
        wrong.append("unprintable letters")
    if case.words not in done.out + done.err and case.outcome != ANY:
        wrong.append(f"does not say {case.words!r} but {done.out + done.err!r}")
    return wrong


def _wrong_files(home: Path, before: dict[Path, int], outcome: str) -> list[str]:
    """Nothing but results in their folder may appear, and nothing may change."""
    wrong = []
    for one in home.rglob("*"):
        if one in before:
            if one.lstat().st_mtime_ns != before[one] and one != home:
                wrong.append(f"{one.name} was changed")
        elif one.relative_to(home).parts != ("out",) and not (one.parent == home / "out" and one.name in OUR_FILES):
            wrong.append(f"{one.name} was left")
    if outcome == REFUSED and (home / "out").exists():
        wrong.append("a folder was left")
    return wrong
