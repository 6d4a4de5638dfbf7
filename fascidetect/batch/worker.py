"""Do one task in a process of its own, so that a crash or a hang of a decoder costs one clip."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from fascidetect.batch.task import Outcome, Task, Watch
from fascidetect.report.folder import clear_scratch

# -P: the folder of the clips may hold a file that is called like a library
_COMMAND = (sys.executable, "-P", "-m", "fascidetect.batch.child")
_POLL_S = 0.5
_PATIENCE_S = 10.0
_TAIL = 4000
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Stopped(Exception):
    """The work was given up because the whole run was."""


def run_task(task: Task, watch: Watch | None = None, stop: threading.Event | None = None) -> Outcome:
    """Analyze one clip in a child process and wait for it.

    The child is given up when it shows no progress for longer than ``task.timeout_s`` and also for longer
    than it has worked before: a long clip may be silent for long while its movements are sought.

    Parameters
    ----------
    watch
        Told how far it is.
    stop
        Set by another thread to give up.

    Returns
    -------
    Outcome
        Never raises because of the clip.

    Raises
    ------
    Stopped
        ``stop`` was set; nothing half-written is left.
    """
    started_s = time.monotonic()
    details = ""
    try:
        with tempfile.TemporaryFile() as log, _child(log) as child:
            error = _attend(child, task, watch, stop or threading.Event())
            details = _tail(log)
    except OSError as failure:
        error = f"cannot start a process: {failure.strerror or failure}"
    if error:
        clear_scratch(Path(task.folder))
        error = one_line(error, task)
    return Outcome(task.clip, error, details if error else "", round(time.monotonic() - started_s, 2))


def one_line(error: str, task: Task) -> str:
    """An error in one line that names the clip as everything else does, not by where it lies on this machine."""
    for path, name in ((task.path, task.clip), (task.folder, "its result folder")):
        error = error.replace(path, name)
    return " ".join(error.split())


@contextlib.contextmanager
def _child(log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A child that is gone when the block is left, however."""
    child = subprocess.Popen(
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=os.environ | _ONE_THREAD,
        start_new_session=True,  # Ctrl-C is for whoever started us, who then tells us
    )
    try:
        yield child
    except Stopped:
        if child.stdin:
            child.stdin.close()  # which it takes as a wish to leave, and to leave nothing behind
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_PATIENCE_S)
        raise
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def _attend(child: subprocess.Popen[bytes], task: Task, watch: Watch | None, stop: threading.Event) -> str:
    """Hand over the task and listen until the child has answered, died or hung: the error, or nothing."""
    assert child.stdin is not None  # noqa: S101 - for the type checker: both are pipes
    assert child.stdout is not None  # noqa: S101
    with contextlib.suppress(BrokenPipeError):  # a child that died at once is told of below
        child.stdin.write(pickle.dumps(task))
        child.stdin.flush()
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(child.stdout, lines), daemon=True).start()
    started_s = heard_s = time.monotonic()
    stage = "starting"
    while True:
        if stop.is_set():
            raise Stopped
        try:
            line = lines.get(timeout=_POLL_S)
        except queue.Empty:
            silent_s = time.monotonic() - heard_s
            if silent_s > max(task.timeout_s, heard_s - started_s):
                return f"no progress for {silent_s:.0f} s while {stage}; given up (--timeout)"
            continue
        if not line:
            return _death(child, stage)
        said: dict[str, Any] = json.loads(line)
        if "answer" in said:
            return str(said["answer"])
        heard_s, stage = time.monotonic(), str(said["stage"])
        if watch:
            watch(task.clip, stage, float(said["share"]))


def _listen(pipe: IO[bytes], lines: queue.SimpleQueue[bytes]) -> None:
    """Pass on each whole line, and at the end an empty one."""
    for line in pipe:
        if line.endswith(b"\n"):
            lines.put(line)
    lines.put(b"")


def _death(child: subprocess.Popen[bytes], stage: str) -> str:
    """What to say of a child that fell silent for good."""
    try:
        code = child.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        return f"the process hung while {stage}"
    if code == -signal.SIGKILL:
        return f"the process was killed while {stage}, perhaps for lack of memory; try fewer --jobs"
    if code < 0:
        return f"the process crashed while {stage} ({signal.Signals(-code).name})"
    return f"the process ended while {stage} with an unexpected error (status {code}); -v shows it"


def _tail(log: IO[bytes]) -> str:
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - _TAIL))
    return log.read().decode("utf-8", "replace").strip()
