"""Reviews of a result, from its folder: one file or several, one rater or several in each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fascidetect.errors import ReviewError
from fascidetect.evaluate.found import Found, load_result
from fascidetect.review.decisions import DEFAULT_RATER
from fascidetect.review.state import Review, fold, raters
from fascidetect.review.store import REVIEW, load_log

FILES = "review*.jsonl"
"""Files of decisions in a results folder; those of other raters may lie beside our own."""


def load_review(folder: Path, rater: str = DEFAULT_RATER) -> Review:
    """Work out the state of the review that is going on in a folder, also when there is none yet.

    Raises
    ------
    ClipError
        There is no result that can be read.
    ReviewError
        The file of decisions cannot be understood.
    """
    return fold(load_log(folder / REVIEW).decisions, rater, load_result(folder))


def load_reviews(place: Path) -> tuple[Found, tuple[Review, ...]]:
    """Read a result and what all raters made of it, sorted by their names.

    Parameters
    ----------
    place
        A results folder, in which every ``review*.jsonl`` counts; or one such file in it.

    Raises
    ------
    ClipError
        There is no result that can be read.
    ReviewError
        A file of decisions cannot be understood, or two files have the same rater.
    """
    folder, files = (place, sorted(place.glob(FILES))) if place.is_dir() else (place.parent, [place])
    found = load_result(folder)
    reviews: dict[str, Review] = {}
    for file in files:
        decisions = load_log(file).decisions
        for rater in raters(decisions):
            if rater in reviews:
                raise ReviewError(f"{folder} holds two reviews of a rater {rater!r}: give one of them another name")
            reviews[rater] = fold(decisions, rater, found)
    return found, tuple(reviews[rater] for rater in sorted(reviews))


def choose(reviews: Iterable[Review], rater: str | None, place: Path) -> Review:
    """Take the review of one rater, who need not be named where there is only one.

    Raises
    ------
    ReviewError
        There is none, or it is not clear whose is meant.
    """
    by_name = {review.rater: review for review in reviews}
    if not by_name:
        raise ReviewError(f"nobody has reviewed {place}: see fascidetect review --help")
    names = ", ".join(by_name)
    if rater is None and len(by_name) > 1:
        raise ReviewError(f"{place} was reviewed by {names}: choose one with --rater NAME")
    if rater is not None and rater not in by_name:
        raise ReviewError(f"{place} was not reviewed by {rater!r}, but by {names}")
    return by_name[next(iter(by_name)) if rater is None else rater]
