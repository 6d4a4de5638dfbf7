"""A review, or the program's own events, in the form in which truth is compared and exported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fascidetect.evaluate.found import Found
from fascidetect.model import SCHEMA_VERSION
from fascidetect.review.state import Review
from fascidetect.truth import Ignored, TrueEvent, Truth


def review_truth(review: Review, found: Found) -> Truth:
    """What a rater holds for movements: accepted or marked, at the times and places that the rater left.

    Nothing is judged outside of the part that was analyzed, since the rater was not shown it. Of amplitudes the rater
    said nothing.
    """
    events = (
        TrueEvent(e.id, e.onset_s, e.peak_s, e.offset_s, e.x_px, e.y_px, note=" / ".join(e.notes))
        for e in review.true_events
    )
    return _truth(found, events, _outside(found))


def program_truth(found: Found) -> Truth:
    """What the program counts; nothing is judged in time that it left out."""
    events = (
        TrueEvent(e.id, e.onset_s, e.peak_s, e.offset_s, e.x_px, e.y_px, None, e.amplitude_px, e.focus)
        for e in found.events
    )
    unusable = (Ignored(u.start_s, u.end_s, u.reason) for u in found.quality.unusable)
    return _truth(found, events, [*_outside(found), *unusable])


def _outside(found: Found) -> Iterator[Ignored]:
    if found.from_s > 0:
        yield Ignored(0.0, found.from_s, "not analyzed")
    if found.to_s < found.clip.duration_s:
        yield Ignored(found.to_s, found.clip.duration_s, "not analyzed")


def _truth(found: Found, events: Iterable[TrueEvent], ignore: Iterable[Ignored]) -> Truth:
    clip = found.clip
    return Truth(
        SCHEMA_VERSION,
        clip.name,
        clip.sha256,
        None,
        "",
        clip.width_px,
        clip.height_px,
        clip.duration_s,
        None,
        tuple(sorted(events, key=lambda event: event.peak_s)),
        tuple(sorted(ignore, key=lambda one: one.start_s)),
    )
