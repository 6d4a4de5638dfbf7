"""The process of one clip: ``python -m fascidetect.batch.child``, started by `fascidetect.batch.worker`.

A task comes in on stdin, which then stays open: when it closes, whoever asked is gone and the work is
given up. Progress and the answer go out on what was stdout, one JSON value a line.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import sys
import threading
import time
from typing import Any, BinaryIO

from fascidetect import __version__
from fascidetect.batch.task import Task
from fascidetect.errors import FasciError, lacks_memory

_EVERY_S = 0.2
_PATIENCE_S = 5.0


def main() -> None:
    """Do the task that stands on stdin."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which may have come ignored
    task: Task = pickle.load(sys.stdin.buffer)
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a library prints shall not look like an answer
    threading.Thread(target=_leave_when_alone, daemon=True).start()
    _say(out, {"answer": _do(task, out)})


def _do(task: Task, out: BinaryIO) -> str:
    """Analyze; the error in one line, or nothing."""
    from pathlib import Path

    from fascidetect.pipeline import analyze_to_folder
    from fascidetect.review import renew_result

    if task.version != __version__:
        return f"fascidetect {__version__} is installed where this clip was sent, {task.version} where it came from"
    last_s = 0.0

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - last_s >= _EVERY_S:
            last_s = now_s
            _say(out, {"stage": stage, "share": min(1.0, done / total) if total else 0.0})

    try:
        analyze_to_folder(Path(task.path), Path(task.folder), task.settings, force=True, progress=progress)
    except FasciError as error:
        return str(error)
    except Exception as error:
        if not lacks_memory(error):
            raise
        return "not enough memory; try fewer --jobs"
    with contextlib.suppress(FasciError):  # a review that cannot be read says so where it is looked at
        renew_result(Path(task.folder))
    return ""


def _say(out: BinaryIO, value: dict[str, Any]) -> None:
    out.write(json.dumps(value).encode() + b"\n")


def _leave_when_alone() -> None:
    """Interrupt the work when stdin ends, and end for good where that does not help."""
    while os.read(0, 64):  # not sys.stdin: its lock would be missed at exit
        pass
    signal.raise_signal(signal.SIGINT)
    time.sleep(_PATIENCE_S)
    os._exit(1)


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(1)
