"""One decision of a rater, as a value and as a line of review.jsonl.

The file is only ever added to: a decision is taken back by another one, ``undo``, that names it.
"""

from __future__ import annotations

import dataclasses
import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from fascidetect.errors import ReviewConflict, ReviewError

Action = Literal["accept", "reject", "add", "move", "note", "undo"]

VERSION = 1
"""Of the lines of review.jsonl."""

DEFAULT_RATER = "reviewer"
"""Name that stands for whoever gives none."""

PROGRAM = "program"
"""Name under which the program itself is compared with raters; nobody else may have it."""

LONGEST_NAME, LONGEST_NOTE = 80, 2000


@dataclass(frozen=True, slots=True)
class Draft:
    """What a rater wants to decide; the fields are those of `Decision`."""

    rater: str
    action: Action
    event_id: str = ""
    onset_s: float | None = None
    peak_s: float | None = None
    offset_s: float | None = None
    x_px: float | None = None
    y_px: float | None = None
    note: str = ""
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of review.jsonl; the fields are its keys, in this order.

    Attributes
    ----------
    v
        Version of the format.
    seq
        Number of the decision in its file; rises from line to line.
    utc
        When it was taken, ISO 8601.
    event_id
        What it is about: an event of the program, or a mark that was added (``m<seq>``). Empty in a note about the
        whole clip. An event keeps the id under which it was first decided, so that decisions about it stay together
        when detection is run again and names it anew.
    onset_s, peak_s, offset_s, x_px, y_px
        Of a ``move`` or an ``add``, what the rater says; else what the program had said, by which the event is
        known again.
    undoes
        The ``seq`` of the decision that an ``undo`` takes back.
    """

    v: int
    seq: int
    utc: str
    rater: str
    action: Action
    event_id: str = ""
    onset_s: float | None = None
    peak_s: float | None = None
    offset_s: float | None = None
    x_px: float | None = None
    y_px: float | None = None
    note: str = ""
    undoes: int | None = None

    @property
    def taken_utc(self) -> datetime:
        """``utc`` as a value."""
        return datetime.fromisoformat(self.utc)


def to_line(decision: Decision) -> bytes:
    """Encode as a line of the file, with its end."""
    return msgspec.json.encode(decision) + b"\n"


def from_line(line: bytes) -> Decision:
    """Decode one line; later keys are ignored, a later version is refused.

    Raises
    ------
    ReviewError
        It is no decision.
    """
    try:
        decision = msgspec.json.decode(line, type=Decision)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise ReviewError(f"no decision: {exc}") from exc
    if decision.event_id and decision.action != "undo" and decision.peak_s is None:
        raise ReviewError("no decision: peak_s is missing")
    try:
        aware = decision.taken_utc.tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise ReviewError(f"no decision: utc {decision.utc!r} is no time with its zone")
    if decision.v > VERSION:
        raise ReviewError(f"written by a later version of fascidetect (format {decision.v})")
    check(Draft(**{item.name: getattr(decision, item.name) for item in dataclasses.fields(Draft)}))
    return decision


def standing(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Decisions that were not undone, without the undoing ones."""
    decisions = tuple(decisions)
    undone = {d.undoes for d in decisions if d.action == "undo"}
    return tuple(d for d in decisions if d.action != "undo" and d.seq not in undone)


def check(draft: Draft) -> None:
    """Refuse a draft that makes no sense by itself.

    Raises
    ------
    ReviewError
        With the reason.
    """
    check_rater(draft.rater)
    _check_note(draft.note)
    numbers = (draft.onset_s, draft.peak_s, draft.offset_s, draft.x_px, draft.y_px)
    if not all(math.isfinite(n) for n in numbers if n is not None):
        raise ReviewError("times and places must be finite numbers")
    times = [t for t in (draft.onset_s, draft.peak_s, draft.offset_s) if t is not None]
    if times and (times[0] < 0 or times != sorted(times)):
        raise ReviewError("onset, peak and offset must follow each other, from 0 s on")
    if (draft.x_px is None) != (draft.y_px is None):
        raise ReviewError("a place needs both x_px and y_px")
    if draft.action == "note" and not draft.note.strip():
        raise ReviewError("the note is empty")
    if draft.action == "add" and draft.peak_s is None:
        raise ReviewError("a mark needs the time of its peak")
    if (draft.action == "undo") != (draft.undoes is not None):
        raise ReviewError("an undo must name the decision that it undoes, and nothing else may")


def _check_note(note: str) -> None:
    if len(note) > LONGEST_NOTE:
        raise ReviewError(f"a note may have {LONGEST_NOTE} letters, this one has {len(note)}")
    if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t" for letter in note):
        raise ReviewError("the note has signs that are no letters")


def check_rater(name: str) -> None:
    """Refuse a name that cannot be told from others.

    Raises
    ------
    ReviewError
        It is empty, too long, or has invisible signs or spaces around it.
    """
    if not name or name != name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise ReviewError(f"the name of a rater must have 1 to {LONGEST_NAME} visible letters, got {name!r}")
    if name == PROGRAM:
        raise ReviewError(f"the name {PROGRAM!r} stands for the program itself: take another one")


def to_undo(decisions: Sequence[Decision], draft: Draft) -> Decision:
    """Find the decision that an undo names.

    Raises
    ------
    ReviewConflict
        It was undone before.
    ReviewError
        There is none, it is another rater's, or it is itself an undo.
    """
    named = next((d for d in decisions if d.seq == draft.undoes), None)
    if named is None:
        raise ReviewError(f"there is no decision {draft.undoes} to undo")
    if named.rater != draft.rater:
        raise ReviewError(f"decision {named.seq} is another rater's and not undone")
    if named.action == "undo":
        raise ReviewError(f"decision {named.seq} is itself an undo: decide anew instead")
    if named not in standing(decisions):
        raise ReviewConflict(f"decision {named.seq} was undone before")
    return named
