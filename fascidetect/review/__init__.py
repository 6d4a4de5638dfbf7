"""What people decide about the program's events: kept for good, counted beside the automatic counts.

`decide` writes one decision into the ``review.jsonl`` of a results folder; `load_review` says what
the decisions of one rater amount to, `load_counts` how many movements that makes.
"""

from __future__ import annotations

import logging
from pathlib import Path

from fascidetect.errors import FasciError
from fascidetect.evaluate.found import load_result
from fascidetect.review.counts import count, load_counts, renew_result
from fascidetect.review.decisions import DEFAULT_RATER, Action, Decision, Draft
from fascidetect.review.load import choose, load_review, load_reviews
from fascidetect.review.renew import renew_report
from fascidetect.review.state import Review, ReviewedEvent, completed, fold, raters
from fascidetect.review.store import REVIEW, Log, append, load_log
from fascidetect.review.truth import program_truth, review_truth

__all__ = [
    "DEFAULT_RATER",
    "REVIEW",
    "Action",
    "Decision",
    "Draft",
    "Log",
    "Review",
    "ReviewedEvent",
    "choose",
    "count",
    "decide",
    "fold",
    "load_counts",
    "load_log",
    "load_review",
    "load_reviews",
    "program_truth",
    "raters",
    "renew_report",
    "renew_result",
    "review_truth",
]

_log = logging.getLogger(__name__)


def decide(folder: Path, draft: Draft, *, seen_seq: int | None = None) -> Decision:
    """Write one decision about a result; it is on the disk when this returns, and the reviewed counts are renewed.

    Parameters
    ----------
    folder
        Of the result.
    draft
        Its times and place are only needed for ``add`` and ``move``.
    seen_seq
        `Review.last_seq` of the state that the rater saw, not the number of a decision that was taken since: a later
        decision of the same rater about the same event, from another window, is then not overruled unseen. None
        overrules.

    Raises
    ------
    ReviewConflict
        Somebody was faster: show the present state and let the rater decide again.
    ReviewError
        The draft makes no sense; nothing was written.
    OutputError
        It cannot be written.
    ClipError
        There is no result that can be read.
    """
    found = load_result(folder)
    decision = append(folder / REVIEW, lambda decisions: completed(draft, decisions, found, seen_seq))
    try:
        renew_result(folder)
    except FasciError as exc:
        _log.warning("the decision is safe, but the counts in result.json are not renewed: %s", exc)
    return decision
