"""Events as WebVTT cues, to be shown by a player beside the clip; not read back."""

from __future__ import annotations

from collections.abc import Iterator

from fascidetect.truth import Truth

_POINT_S = 0.25
"""A movement of which only the peak is known is shown this long before and after it."""


def vtt_text(truth: Truth) -> str:
    """Write one cue for each event and each stretch that is ignored, in order of their start."""
    cues = sorted([*_event_cues(truth), *_ignored_cues(truth)])
    blocks = (
        f"{name}\n{_stamp(start_s)} --> {_stamp(max(end_s, start_s + 0.001))}\n{text}\n"
        for start_s, end_s, name, text in cues
    )
    return "\n".join(["WEBVTT\n", *blocks])


_Cue = tuple[float, float, str, str]


def _event_cues(truth: Truth) -> Iterator[_Cue]:
    for number, event in enumerate(truth.events, 1):
        start_s = max(0.0, event.peak_s - _POINT_S) if event.onset_s is None else event.onset_s
        end_s = event.peak_s + _POINT_S if event.offset_s is None else event.offset_s
        text = f"movement {number} of {len(truth.events)}{f': {event.note}' if event.note else ''}"
        yield start_s, end_s, _line(event.id), _line(text)


def _ignored_cues(truth: Truth) -> Iterator[_Cue]:
    for number, one in enumerate(truth.ignore, 1):
        yield one.start_s, one.end_s, f"ignore{number}", _line(f"not judged: {one.reason}")


def _line(text: str) -> str:
    """One line in which nothing is taken for a tag, an arrow or the end of the cue."""
    joined = " ".join(text.split())
    return joined.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _stamp(time_s: float) -> str:
    total_ms = round(1000 * time_s)
    return f"{total_ms // 3600000:02d}:{total_ms // 60000 % 60:02d}:{total_ms // 1000 % 60:02d}.{total_ms % 1000:03d}"
