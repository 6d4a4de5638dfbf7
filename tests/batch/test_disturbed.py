"""Real batches that are killed, or lose a worker: in the end everything is as if nothing had happened."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.tiny import CONFIG, tiny_clips

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="processes are killed in the way of POSIX"),
]

log = logging.getLogger(__name__)  # pytest --log-cli-level=INFO shows it

N_CLIPS, N_KILLS = 6, 20
LONGEST_CLIPS = 4
"""Kills come within the time that so many clips take one after the other, the start of the program included."""

TABLES = ("summary.csv", "events.csv")
CLIP_TABLES = ("events.csv", "rejected.csv", "per_minute.csv", "foci.csv")


def start(folder: Path, results: Path, *words: str) -> subprocess.Popen[str]:
    """Start a batch as its user would."""
    command = [sys.executable, "-m", "fascidetect", "batch", str(folder / "clips"), "-o", str(results)]
    return subprocess.Popen(
        [*command, "--config", str(folder / "c.toml"), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(folder: Path, results: Path, *words: str) -> str:
    with start(folder, results, *words) as process:
        said, _ = process.communicate(timeout=600)
    assert process.returncode == 0, said
    return said


def children_of(pid: int) -> list[int]:
    """Processes that a process has started, while it lives."""
    lists = (path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(text) for text in " ".join(lists).split()]


def content(results: Path) -> dict[str, object]:
    """All that must not depend on what happened: tables, ledger, result.json without ``run``, arrays of traces."""
    found: dict[str, object] = {name: (results / name).read_text() for name in TABLES}
    with contextlib.closing(sqlite3.connect(results / "ledger.sqlite")) as ledger:
        columns = "clip, size_bytes, modified_ns, sha256, settings, version, state, error"
        found["ledger"] = ledger.execute(f"SELECT {columns} FROM recordings").fetchall()
    for folder in sorted(path.parent for path in results.glob("*/result.json")):
        result = json.loads((folder / "result.json").read_text())
        del result["run"]
        found[folder.name] = result
        found |= {f"{folder.name}/{name}": (folder / name).read_text() for name in CLIP_TABLES}
        with np.load(folder / "trace.npz") as trace:
            found |= {f"{folder.name}/{name}": trace[name].tobytes() for name in trace.files}
    return found


def clip_s(results: Path) -> float:
    """Mean time that a clip took; kills are timed by it, since a machine may be fast or busy."""
    with contextlib.closing(sqlite3.connect(results / "ledger.sqlite")) as ledger:
        (mean_s,) = ledger.execute("SELECT avg(wall_s) FROM recordings").fetchone()
    return float(mean_s)


def scratch_in(results: Path) -> list[Path]:
    return [path for path in results.rglob(".*") if path.is_dir()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("batch")
    tiny_clips(folder / "clips", N_CLIPS)
    (folder / "c.toml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def undisturbed(folder) -> dict[str, object]:
    finish(folder, folder / "undisturbed", "--jobs", "1")
    found = content(folder / "undisturbed")
    assert len(found) > N_CLIPS * 10
    assert str(found["events.csv"]).count("\n") > N_CLIPS  # there is something to compare
    return found


def test_killed_twenty_times_and_resumed(folder, undisturbed):
    """kill -9 at random moments; whenever all is done, some results are taken away, so that there is work again."""
    results, rng, kills = folder / "killed", np.random.default_rng(7), 0
    longest_s = LONGEST_CLIPS * clip_s(folder / "undisturbed")
    while kills < N_KILLS:
        wait_s = float(rng.uniform(0, longest_s))
        process = start(folder, results, "--jobs", "2")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(wait_s)
        at_work = children_of(process.pid)
        process.kill()
        process.communicate()
        done = sorted(path.parent.name for path in results.glob("[!.]*/result.json"))  # scratch is none
        kills += process.returncode == -signal.SIGKILL
        told = (f"kill {kills:2d}" if process.returncode else "done before", wait_s, len(at_work), len(done))
        log.info("%-11s after %3.1f s, %d clips at work, %d done", *told)
        if len(done) == N_CLIPS:
            for name in rng.choice(done, 3, replace=False):
                shutil.rmtree(results / name)
    log.info("at last:\n%s", finish(folder, results, "--jobs", "2"))
    assert scratch_in(results) == []
    assert content(results) == undisturbed
    assert "[" not in finish(folder, results)  # nothing is left to do


def test_children_leave_with_their_coordinator(folder):
    process = start(folder, folder / "alone", "--jobs", "2")
    deadline_s = time.monotonic() + 60
    while len(pids := children_of(process.pid)) < 2 and time.monotonic() < deadline_s:
        time.sleep(0.05)
    process.kill()
    process.communicate()
    assert len(pids) == 2
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_an_interrupt_leaves_tables_of_what_there_is(folder):
    results = folder / "interrupted"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a child inherits an ignored SIGINT
    try:
        process = start(folder, results, "--jobs", "1")
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.stdout
    assert any(line.startswith("[1/6] 00.mp4: done") for line in process.stdout)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said.endswith("fascidetect: interrupted; nothing was half-written\n")
    assert "Traceback" not in said
    assert scratch_in(results) == []
    summary = (results / "summary.csv").read_text()
    assert ",done," in summary
    assert ",pending," in summary


@contextlib.contextmanager
def dask(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        sys.executable,
        "-m",
        "distributed.cli.dask_scheduler" if words[0] == "scheduler" else "distributed.cli.dask_worker",
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*command, *words[1:], "--no-dashboard"], **quiet) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_cluster_that_loses_a_worker_gives_the_same(folder, undisturbed, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, results = f"tcp://127.0.0.1:{port}", folder / "cluster"
    one_thread = ("--nthreads", "1", "--no-nanny", "--host", "127.0.0.1", "--local-directory", str(tmp_path))
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask("scheduler", "--host", "127.0.0.1", "--port", str(port)))
        first, _ = (stack.enter_context(dask("worker", address, *one_thread)) for _ in range(2))
        process = stack.enter_context(start(folder, results, "--dask", address))
        deadline_s = time.monotonic() + 120
        while len(list(results.glob("*/result.json"))) < 2 and time.monotonic() < deadline_s:
            time.sleep(0.05)
        os.kill(first.pid, signal.SIGKILL)
        said, _ = process.communicate(timeout=300)
    log.info("the cluster:\n%s", said)
    assert process.returncode == 0, said
    assert "Dask: clips at once: 1" in said
    assert scratch_in(results) == []
    assert content(results) == undisturbed
