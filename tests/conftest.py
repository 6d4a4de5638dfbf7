"""What tests of several folders look at, and what is held for every test."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import hypothesis
import pytest
from helpers.shown import write_shown
from helpers.traces import Bump, make_trace

from fascidetect.events.seek import seek
from fascidetect.events.store import Candidates
from fascidetect.model import MotionTrace, Result
from fascidetect.result import make_result
from fascidetect.settings import Settings

hypothesis.settings.register_profile("busy", deadline=None)  # a busy machine is no fault of the code
hypothesis.settings.load_profile("busy")


@dataclass(frozen=True)
class Judged:
    """A trace, its candidates, and what comes of them under their own settings."""

    trace: MotionTrace
    held: Candidates
    result: Result


@pytest.fixture(scope="session")
def twitching() -> Judged:
    """Two clear movements, and two that are counted or not as the sensitivity is; 8 s. Nobody may change it."""
    bumps = [
        Bump(1.5, amplitude_px=0.25),
        Bump(2.8, row=19),
        Bump(4.4, row=8, col=12),
        Bump(6.1, row=19, col=37, amplitude_px=0.32),
    ]
    trace, settings = make_trace(bumps), Settings()
    windows = seek(trace, settings.quality.max_gap_s, settings.detect)
    return Judged(trace, Candidates(trace, windows, settings), make_result(trace, windows, settings))


@pytest.fixture(scope="session")
def shown_once(tmp_path_factory):
    """A clip and its results folder beside it; not to be written into."""
    home = tmp_path_factory.mktemp("shown")
    write_shown(home / "clip.mp4", home / "clip.mp4.fascidetect")
    return home


@pytest.fixture
def shown(shown_once, tmp_path):
    """Results folder of three movements at 1, 2.5 and 4 s, with its clip beside it; a copy to write into."""
    shutil.copytree(shown_once, tmp_path / "shown")
    return tmp_path / "shown" / "clip.mp4.fascidetect"


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    """Clips are decoded where the test runs, which is quicker; tests of isolation ask for a process of its own."""
    monkeypatch.setenv("FASCIDETECT_ISOLATE", "0")
