"""The event half: a trace in, judged candidates out."""

from __future__ import annotations

from collections.abc import Sequence

from fascidetect.events.decide import Found, decide
from fascidetect.events.seek import seek
from fascidetect.model import MotionTrace, Unusable
from fascidetect.settings import DetectSettings


def detect_events(
    trace: MotionTrace, unusable: Sequence[Unusable], max_gap_s: float, settings: DetectSettings
) -> Found:
    """Find, judge and group the movements of a clip: `seek`, then `decide`."""
    return decide(seek(trace, max_gap_s, settings), trace, unusable, settings)
