"""What the decisions of a rater amount to, beside what the program says now.

Decisions about one event form a thread. A thread belongs to the program's event of the same id, or
else, after detection was run again, to the one at the same time and place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np

from fascidetect.errors import ReviewConflict, ReviewError
from fascidetect.evaluate.found import Found
from fascidetect.evaluate.match import match
from fascidetect.evaluate.tally import TOLERANCES_S, same_places
from fascidetect.model import Event
from fascidetect.review.decisions import Decision, Draft, standing, to_undo
from fascidetect.truth import TrueEvent

Status = Literal["undecided", "accepted", "rejected"]
Origin = Literal["counted", "not_counted", "added", "gone"]
"""The program counts it; it has seen and not counted it; the rater marked it; the program no longer sees it."""


@dataclass(frozen=True, slots=True)
class ReviewedEvent:
    """One movement, as a rater left it.

    Attributes
    ----------
    id
        Of the program's event now, or of the mark, or the former id of what is gone.
    thread
        The id under which decisions about it are written; empty where there are none.
    onset_s, peak_s, offset_s, x_px, y_px
        As the rater moved or marked it, else as the program has it; None = not said.
    moved
        Whether the rater changed them.
    notes
        In the order in which they were written.
    event
        What the program says; None for a mark and for what is gone.
    marked
        Whether the rater marked it, also where the program has come to see it since.
    """

    id: str
    thread: str
    origin: Origin
    status: Status
    onset_s: float | None
    peak_s: float
    offset_s: float | None
    x_px: float | None
    y_px: float | None
    moved: bool = False
    notes: tuple[str, ...] = ()
    event: Event | None = None
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """The state of one rater's review of one clip.

    Attributes
    ----------
    events
        In order of the peak: all that the program counts, and whatever else was decided about.
    notes
        About the clip as a whole.
    last_seq
        Number of the last decision in the file, by whomever; what a writer has seen.
    undoable
        The rater's own decisions that stand, oldest first: the last one is what "undo" means.
    """

    rater: str
    events: tuple[ReviewedEvent, ...]
    notes: tuple[str, ...] = ()
    last_seq: int = 0
    undoable: tuple[int, ...] = ()

    @property
    def true_events(self) -> tuple[ReviewedEvent, ...]:
        """What this rater holds for movements: accepted or marked."""
        return tuple(event for event in self.events if event.status == "accepted")

    @property
    def n_left(self) -> int:
        """Counted events that are still undecided; 0 where none was decided about, as in a blind review."""
        undecided = [event.status == "undecided" for event in self.events if event.origin == "counted"]
        return 0 if all(undecided) else sum(undecided)

    @property
    def unmatched(self) -> tuple[ReviewedEvent, ...]:
        """Events with decisions that the program no longer sees."""
        return tuple(event for event in self.events if event.origin == "gone")


_FIELDS = ("onset_s", "peak_s", "offset_s", "x_px", "y_px")

Thread = tuple[Decision, ...]


def raters(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """Names of all who decided anything, sorted."""
    return tuple(sorted({d.rater for d in decisions}))


def fold(decisions: Sequence[Decision], rater: str, found: Found) -> Review:
    """Work out the state of a review.

    Parameters
    ----------
    decisions
        Of all raters, in order.
    found
        What the program says now.
    """
    mine = [d for d in standing(decisions) if d.rater == rater]
    threads = _threads(mine, decisions)
    places = _matched(threads, found)
    taken = {event.id for event, _ in places.values()}
    events = [_reviewed(name, thread, places.get(name)) for name, thread in threads.items()]
    events += [_reviewed(event.id, (), (event, "counted")) for event in found.events if event.id not in taken]
    return Review(
        rater,
        tuple(sorted(events, key=lambda event: (event.peak_s, event.id))),
        tuple(d.note for d in mine if not d.event_id),
        decisions[-1].seq if decisions else 0,
        tuple(d.seq for d in mine),
    )


def completed(draft: Draft, decisions: Sequence[Decision], found: Found, seen_seq: int | None = None) -> Draft:
    """Give a draft the id of its thread, and the times and the place by which its event is known again.

    Parameters
    ----------
    seen_seq
        The last decision that the rater has seen; None = all.

    Raises
    ------
    ReviewConflict
        The rater decided about the same event after ``seen_seq``, in another window; or it was undone before.
    ReviewError
        There is no such event or decision.
    """
    if draft.action == "undo":
        return dataclasses.replace(draft, event_id=to_undo(decisions, draft).event_id)
    if draft.action == "add" or (draft.action == "note" and not draft.event_id):
        return draft
    if draft.action == "move" and all(getattr(draft, name) is None for name in _FIELDS):
        raise ReviewError("a move needs a time or a place")
    about = _about(draft, fold(decisions, draft.rater, found), found)
    thread = about.thread or about.id
    later = [d.seq for d in decisions if d.rater == draft.rater and d.event_id == thread]
    if seen_seq is not None and later and later[-1] > seen_seq:
        raise ReviewConflict(f"event {about.id} was decided about in another window: look again")
    return dataclasses.replace(draft, event_id=thread, **_times(draft, about))


def _about(draft: Draft, review: Review, found: Found) -> ReviewedEvent:
    for event in review.events:
        if draft.event_id and draft.event_id in (event.id, event.thread):
            return event
    for rejection in found.rejections:
        if rejection.event.id == draft.event_id:
            return _reviewed(draft.event_id, (), (rejection.event, "not_counted"))
    raise ReviewError(f"there is no event {draft.event_id!r} in this result")


def _times(draft: Draft, about: ReviewedEvent) -> dict[str, Any]:
    """What a move leaves unsaid stays as it is; in any other decision the program speaks, if it can."""
    moves = draft.action == "move"
    old = about if moves or about.event is None else about.event
    given = {name: getattr(draft, name) if moves else None for name in _FIELDS}
    return {name: getattr(old, name) if value is None else value for name, value in given.items()}


def _threads(mine: Sequence[Decision], decisions: Sequence[Decision]) -> dict[str, Thread]:
    """Standing decisions by event; none about marks whose adding was undone."""
    marks = {d.event_id for d in decisions if d.action == "add"}
    threads: dict[str, list[Decision]] = {}
    for decision in mine:
        if decision.event_id:
            threads.setdefault(decision.event_id, []).append(decision)
    return {name: tuple(thread) for name, thread in threads.items() if name not in marks or _mark(thread) is not None}


def _mark(thread: Sequence[Decision]) -> Decision | None:
    return next((d for d in thread if d.action == "add"), None)


def _anchor(thread: Thread) -> Decision:
    """The decision by whose time and place the event is known again: for a mark what the rater said last."""
    told = [d for d in thread if d.peak_s is not None]
    by_program = [d for d in told if d.action != "move"]
    return (told if _mark(thread) or not by_program else by_program)[-1]


def _matched(threads: dict[str, Thread], found: Found) -> dict[str, tuple[Event, Origin]]:
    """The program's event of each thread: by id, or else by time and place, counted ones first."""
    counted: dict[str, tuple[Event, Origin]] = {e.id: (e, "counted") for e in found.events}
    others: dict[str, tuple[Event, Origin]] = {r.event.id: (r.event, "not_counted") for r in found.rejections}
    places = {name: (others | counted)[name] for name in threads if name in others or name in counted}
    for events in (counted, others):
        names = [n for n, thread in threads.items() if n not in places and _may_match(thread, found.made_utc)]
        taken = {event.id for event, _ in places.values()}
        free = [place for name, place in events.items() if name not in taken]
        for i, j in _pairs([_anchor(threads[n]) for n in names], [event for event, _ in free], found):
            places[names[i]] = free[j]
    return places


def _may_match(thread: Thread, made_utc: datetime | None) -> bool:
    """A mark that was made beside this very detection is another movement than those detected."""
    mark = _mark(thread)
    if mark is None:
        return True
    return made_utc is not None and mark.taken_utc < made_utc


def _pairs(anchors: Sequence[Decision], events: Sequence[Event], found: Found) -> list[tuple[int, int]]:
    known = [TrueEvent(d.event_id, d.onset_s, d.peak_s or 0.0, d.offset_s, d.x_px, d.y_px) for d in anchors]
    allowed = same_places(known, events, found.clip)
    return match(np.array([k.peak_s for k in known]), np.array([e.peak_s for e in events]), TOLERANCES_S[0], allowed)


def _reviewed(name: str, thread: Thread, place: tuple[Event, Origin] | None) -> ReviewedEvent:
    event, origin = place or (None, "added" if _mark(thread) else "gone")
    told = [d for d in thread if d.action in ("add", "move")]
    source = told[-1] if told else event or _anchor(thread)
    verdicts = [d.action for d in thread if d.action in ("accept", "reject", "add")]
    return ReviewedEvent(
        event.id if event else name,
        thread[0].event_id if thread else "",
        origin,
        "undecided" if not verdicts else "rejected" if verdicts[-1] == "reject" else "accepted",
        source.onset_s,
        source.peak_s or 0.0,
        source.offset_s,
        source.x_px,
        source.y_px,
        moved=any(d.action == "move" for d in thread),
        notes=tuple(d.note for d in thread if d.note),
        event=event,
        marked=_mark(thread) is not None,
    )
