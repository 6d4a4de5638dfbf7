"""Analysis in a process of its own: the pages stay quick, and it can be stopped."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from fascidetect.errors import FasciError
from fascidetect.report.folder import clear_scratch
from fascidetect.settings import Settings

_PATIENCE_S = 5.0
"""How long an analysis may take to clean up after itself."""


@dataclass(frozen=True, slots=True)
class JobState:
    """How far an analysis is. ``total`` is 0 where it is not known; ``error`` is one line."""

    status: Literal["running", "done", "failed"]
    stage: str = "starting"
    done: int = 0
    total: int = 0
    error: str = ""


class Job:
    """One analysis that is running, or has ended.

    Parameters
    ----------
    clip, folder
        What is analyzed, and where the result goes.
    """

    def __init__(self, clip: Path, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self._state = JobState("running")
        self._ending = threading.Lock()
        context = multiprocessing.get_context("spawn")  # a fork would share the server's threads and sockets
        self._inbox, outbox = context.Pipe(duplex=False)
        self._process = context.Process(target=_analyze, args=(outbox, clip, folder, settings), daemon=True)
        self._process.start()
        outbox.close()
        # read all the time, whether or not anybody looks: a full pipe would hold up the analysis
        threading.Thread(target=self._read, daemon=True).start()

    def state(self) -> JobState:
        """How far it is."""
        return self._state

    def _read(self) -> None:
        with contextlib.suppress(EOFError):
            while True:
                self._state = self._inbox.recv()
        self._process.join()
        if self._state.status == "running":
            end = f"the analysis ended without a result (exit status {self._process.exitcode})"
            self._state = replace(self._state, status="failed", error=end)

    def stop(self) -> None:
        """End the analysis; what it had begun to write is removed."""
        with self._ending:  # whoever asks a second time waits for the end, too
            if self._process.is_alive() and self._process.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._process.pid, signal.SIGINT)
                self._process.join(_PATIENCE_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
                clear_scratch(self.folder)


def _analyze(outbox: Connection, clip: Path, folder: Path, settings: Settings) -> None:
    """Run in the child: analyze, and tell how far it is."""
    # An interrupt of its own accord may strike within a destructor, where Python swallows it.
    asked_to_stop = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: asked_to_stop.set())

    def progress(stage: str, done: int, total: int) -> None:
        if asked_to_stop.is_set():
            raise KeyboardInterrupt
        outbox.send(JobState("running", stage, done, total))

    try:
        from fascidetect.pipeline import analyze_to_folder

        analyze_to_folder(clip, folder, settings, progress=progress)
        outbox.send(JobState("done"))
    except FasciError as error:
        outbox.send(JobState("failed", error=str(error)))
    except KeyboardInterrupt:
        outbox.send(JobState("failed", error="stopped"))
    except BrokenPipeError:
        return  # the server is gone, and with it whoever asked
