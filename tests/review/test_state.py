"""What decisions amount to, and how they are known again after detection ran anew."""

import dataclasses

import pytest
from helpers.build import example_event, example_result, example_run

from fascidetect.errors import ReviewConflict, ReviewError
from fascidetect.model import Rejection
from fascidetect.report.export import write_result
from fascidetect.review import REVIEW, load_log, load_review, raters

FIVE, NINE, FAINT = "e0005000-12-8", "e0009000-12-8", "e0020000-12-8"


def state(folder, rater="first"):
    """Origin and status by id."""
    return {e.id: (e.origin, e.status) for e in load_review(folder, rater).events}


def detect_again(folder, *peaks, rejected=(), started_utc="2100-01-01T00:00:00Z"):
    """Put another result into the folder; ids follow the times."""
    result = example_result(
        events=tuple(example_event(peak) for peak in peaks),
        rejections=tuple(Rejection(example_event(peak), "small") for peak in rejected),
    )
    write_result(result, dataclasses.replace(example_run(), started_utc=started_utc), folder / "result.json")


def test_without_decisions_all_is_undecided(folder):
    assert state(folder) == {FIVE: ("counted", "undecided"), NINE: ("counted", "undecided")}


def test_each_kind_of_decision(folder, say):
    say("accept", FIVE)
    say("reject", NINE, note="the hand moved")
    say("accept", FAINT)
    say("add", peak_s=12.5, x_px=10, y_px=20, note="clear")
    say("move", FIVE, onset_s=4.75)
    say("note", note="filmed from the left")
    review = load_review(folder, "first")
    five, nine, mark, faint = review.events
    assert (five.onset_s, five.peak_s, five.offset_s, five.moved) == (4.75, 5.0, 5.2, True)
    assert (nine.status, nine.notes) == ("rejected", ("the hand moved",))
    assert (mark.id, mark.origin, mark.status, mark.peak_s, mark.x_px) == ("m4", "added", "accepted", 12.5, 10)
    assert (faint.id, faint.origin, faint.status) == (FAINT, "not_counted", "accepted")
    assert review.notes == ("filmed from the left",)
    assert [e.id for e in review.true_events] == [FIVE, "m4", FAINT]


def test_the_last_word_counts(folder, say):
    say("accept", FIVE)
    say("reject", FIVE)
    assert state(folder)[FIVE] == ("counted", "rejected")
    say("add", peak_s=12.5)
    say("move", "m3", peak_s=12.6)
    say("reject", "m3")
    mark = load_review(folder, "first").events[-1]
    assert (mark.status, mark.peak_s) == ("rejected", 12.6)


def test_an_undo_takes_back_the_decision_it_names(folder, say):
    first, second = say("accept", FIVE), say("reject", FIVE)
    say("undo", undoes=first.seq)
    assert state(folder)[FIVE] == ("counted", "rejected")
    say("undo", undoes=second.seq)
    assert state(folder)[FIVE] == ("counted", "undecided")
    assert load_review(folder, "first").undoable == ()


def test_undoing_a_mark_removes_all_that_was_said_about_it(folder, say):
    mark = say("add", peak_s=12.5)
    say("note", mark.event_id, note="weak")
    say("undo", undoes=mark.seq)
    assert set(state(folder)) == {FIVE, NINE}


def test_an_undo_is_refused_twice_or_by_another(folder, say):
    first = say("accept", FIVE)
    with pytest.raises(ReviewError, match="another rater"):
        say("undo", undoes=first.seq, rater="second")
    undo = say("undo", undoes=first.seq)
    with pytest.raises(ReviewConflict, match="undone before"):
        say("undo", undoes=first.seq)
    with pytest.raises(ReviewError, match="itself an undo"):
        say("undo", undoes=undo.seq)
    with pytest.raises(ReviewError, match="no decision 99"):
        say("undo", undoes=99)
    assert len(load_log(folder / REVIEW).decisions) == 2


def test_two_tabs_do_not_overrule_each_other_unseen(folder, say):
    seen = say("accept", NINE).seq
    say("accept", FIVE, seen_seq=seen)
    with pytest.raises(ReviewConflict, match="another window"):
        say("reject", FIVE, seen_seq=seen)
    say("reject", NINE, seen_seq=seen)
    say("reject", FIVE, rater="second", seen_seq=seen)
    assert state(folder) == {FIVE: ("counted", "accepted"), NINE: ("counted", "rejected")}


def test_raters_do_not_touch_each_other(folder, say):
    say("accept", FIVE)
    say("reject", FIVE, rater="second")
    say("add", peak_s=3.0, rater="second")
    assert state(folder)[FIVE][1] == "accepted"
    assert state(folder, "second") == {
        "m3": ("added", "accepted"),
        FIVE: ("counted", "rejected"),
        NINE: ("counted", "undecided"),
    }
    assert raters(load_log(folder / REVIEW).decisions) == ("first", "second")


@pytest.mark.parametrize(
    ("action", "event_id", "fields", "match"),
    [
        ("accept", "e1", {}, "no event 'e1'"),
        ("accept", "", {}, "no event ''"),
        ("move", FIVE, {"onset_s": 5.1}, "must follow each other"),
        ("move", FIVE, {}, "a time or a place"),
        ("add", "", {}, "time of its peak"),
        ("add", "", {"peak_s": float("nan")}, "finite"),
        ("add", "", {"peak_s": -1.0}, "from 0 s on"),
        ("add", "", {"peak_s": 1.0, "x_px": 1.0}, "both x_px and y_px"),
        ("note", "", {"note": " "}, "empty"),
        ("note", "", {"note": "x" * 2001}, "2000 letters"),
        ("note", "", {"note": "a\x00b"}, "no letters"),
        ("undo", "", {}, "no decision None"),
        ("accept", FIVE, {"undoes": 1}, "nothing else may"),
        ("accept", FIVE, {"rater": ""}, "visible letters"),
        ("accept", FIVE, {"rater": "a\nb"}, "visible letters"),
        ("accept", FIVE, {"rater": "program"}, "the program itself"),
    ],
)
def test_what_makes_no_sense_is_refused_and_not_written(folder, say, action, event_id, fields, match):
    with pytest.raises(ReviewError, match=match):
        say(action, event_id, **fields)
    assert not (folder / REVIEW).exists()


def test_decisions_are_known_again_by_time_and_place(folder, say):
    say("accept", FIVE)
    say("reject", NINE)
    detect_again(folder, 5.1, 8.9, 15.0)
    assert state(folder) == {
        "e0005100-12-8": ("counted", "accepted"),
        "e0008900-12-8": ("counted", "rejected"),
        "e0015000-12-8": ("counted", "undecided"),
    }


def test_the_best_pairs_are_chosen_not_the_nearest(folder, say):
    detect_again(folder, 5.0, 5.2, started_utc="2000-01-01T00:00:00Z")
    say("accept", "e0005000-12-8")
    say("reject", "e0005200-12-8")
    detect_again(folder, 5.15, 5.4)  # the nearest pair (5.2, 5.15) alone would leave 5.4 alone with 5.0, too far
    assert state(folder) == {"e0005150-12-8": ("counted", "accepted"), "e0005400-12-8": ("counted", "rejected")}


def test_another_place_is_another_event(folder, say):
    say("accept", FIVE)
    away = example_event(5.1, x_px=1400.0)
    write_result(example_result(events=(away,)), example_run(), folder / "result.json")
    assert state(folder) == {FIVE: ("gone", "accepted"), away.id: ("counted", "undecided")}


def test_what_no_longer_matches_is_listed_and_what_was_accepted_stays_true(folder, say):
    say("accept", FIVE)
    say("reject", NINE)
    detect_again(folder, 30.0)
    review = load_review(folder, "first")
    assert [(e.id, e.status, e.peak_s) for e in review.unmatched] == [(FIVE, "accepted", 5.0), (NINE, "rejected", 9.0)]
    assert [e.id for e in review.true_events] == [FIVE]
    say("reject", FIVE)
    assert load_review(folder, "first").true_events == ()


def test_counted_events_are_matched_before_others(folder, say):
    say("accept", FIVE)
    detect_again(folder, 5.2, rejected=(5.05,))
    assert state(folder) == {"e0005200-12-8": ("counted", "accepted")}
    detect_again(folder, rejected=(5.05,))
    assert state(folder) == {"e0005050-12-8": ("not_counted", "accepted")}


def test_a_thread_goes_on_under_the_id_it_began_with(folder, say):
    """However often detection is run again: or an event would be counted once for each name that it had."""
    say("accept", FIVE)
    detect_again(folder, 5.1)
    assert say("reject", "e0005100-12-8").event_id == FIVE
    say("move", "e0005100-12-8", onset_s=5.0)
    detect_again(folder, 5.2)
    assert state(folder) == {"e0005200-12-8": ("counted", "rejected")}
    assert load_review(folder, "first").events[0].onset_s == 5.0


def test_a_mark_meets_what_a_later_detection_finds_but_not_what_it_was_made_beside(folder, say):
    say("add", peak_s=5.1, x_px=400.0, y_px=300.0)
    assert state(folder) == {
        FIVE: ("counted", "undecided"),
        "m1": ("added", "accepted"),
        NINE: ("counted", "undecided"),
    }
    detect_again(folder, 5.0)
    assert state(folder) == {FIVE: ("counted", "accepted")}
    assert load_review(folder, "first").events[0].peak_s == 5.1


def test_a_torn_line_does_not_hide_the_others(folder, say):
    say("accept", FIVE)
    with (folder / REVIEW).open("ab") as file:
        file.write(b'{"v":1,"seq":2,"utc":"2026')
    assert state(folder)[FIVE] == ("counted", "accepted")
    assert say("reject", FIVE).seq == 2
