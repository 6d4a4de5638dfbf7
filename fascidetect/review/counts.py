"""Reviewed counts beside the automatic ones, and the result.json that holds both."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from fascidetect.errors import ClipError
from fascidetect.evaluate.found import Found
from fascidetect.files import RESULT, write_whole
from fascidetect.model import Reviewed, Unmatched
from fascidetect.quality.rate import rate_per_min
from fascidetect.quality.verdict import long_enough
from fascidetect.report.export import rounded
from fascidetect.review.load import FILES, load_reviews
from fascidetect.review.state import Review, ReviewedEvent
from fascidetect.review.store import alone


def count(review: Review, found: Found) -> Reviewed:
    """Count what a rater holds for movements, and give its rate over usable time.

    The rate has the peaks in usable time only, since its denominator is usable time.
    """
    counted = Counter(event.status for event in review.events if event.origin == "counted")
    n_unusable = sum(_unusable(event, found) for event in review.true_events)
    n_events = len(review.true_events)
    timed = found.quality.verdict != "cannot_analyze" and long_enough(found.quality.usable_s, found.min_rate_s)
    rate, low, high = rate_per_min(n_events - n_unusable, found.quality.usable_s if timed else 0.0)
    return Reviewed(
        review.rater,
        counted["accepted"],
        counted["rejected"],
        counted["undecided"],
        n_events - counted["accepted"],
        n_events,
        n_unusable,
        rate,
        low,
        high,
        review.last_seq,
        tuple(Unmatched(event.id, event.peak_s, event.status) for event in review.unmatched),
    )


def _unusable(event: ReviewedEvent, found: Found) -> bool:
    outside = not found.from_s <= event.peak_s <= found.to_s
    return outside or any(u.start_s <= event.peak_s <= u.end_s for u in found.quality.unusable)


def load_counts(folder: Path) -> tuple[Reviewed, ...]:
    """Reviewed counts of all raters of a result; () where nobody has decided anything.

    Raises
    ------
    ClipError
        There is no result that can be read.
    ReviewError
        The file of decisions cannot be understood.
    """
    found, reviews = load_reviews(folder)
    return tuple(count(review, found) for review in reviews)


def _document(data: bytes, path: Path) -> Any:
    """All of a result.json, also what is not looked at here, as it will be written again."""
    try:
        held = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise ClipError(f"{path} is no result.json of fascidetect: {exc}") from exc
    if not isinstance(held, dict) or not isinstance(held.get("summary"), dict):
        raise ClipError(f"{path} is no result.json of fascidetect: it has no summary")
    return held


def renew_result(folder: Path) -> tuple[Reviewed, ...]:
    """Write the reviewed counts into result.json, where they differ from those that it holds.

    A result.json that another program replaces meanwhile is left alone: whoever wrote it renews it too.

    Raises
    ------
    ClipError
        There is no result that can be read.
    OutputError
        It cannot be written; the old one stays.
    """
    path = folder / RESULT
    if not any(folder.glob(FILES)):
        return ()
    with alone(folder):
        reviewed = load_counts(folder)
        tree = rounded(msgspec.to_builtins(reviewed))
        before = path.read_bytes()
        held = _document(before, path)
        if held["summary"].get("reviewed", []) != tree:
            held["summary"]["reviewed"] = tree
            data = msgspec.json.format(msgspec.json.encode(held), indent=2) + b"\n"
            if path.read_bytes() == before:
                write_whole(path, data)
    return reviewed
