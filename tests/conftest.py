"""What several folders of tests share."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from helpers.traces import Bump, make_trace

from fascidetect.events.seek import seek
from fascidetect.events.store import Candidates
from fascidetect.model import MotionTrace, Result
from fascidetect.result import make_result
from fascidetect.settings import Settings


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
        Bump(1.5, amplitude_px=0.24),
        Bump(2.8, row=19),
        Bump(4.4, row=8, col=12),
        Bump(6.1, row=19, col=37, amplitude_px=0.28),
    ]
    trace, settings = make_trace(bumps), Settings()
    windows = seek(trace, settings.quality.max_gap_s, settings.detect)
    return Judged(trace, Candidates(trace, windows, settings), make_result(trace, windows, settings))
