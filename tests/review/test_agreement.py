"""Raters beside each other and the program: sums over clips, seconds and events."""

import dataclasses

import pytest
from helpers.build import example_event, example_facts, example_quality

from fascidetect.errors import ReviewError
from fascidetect.evaluate import Found
from fascidetect.evaluate.kappa import cohen
from fascidetect.model import Unusable
from fascidetect.review import Review, ReviewedEvent
from fascidetect.review.agreement import PROGRAM, agree, gather, judged_seconds
from fascidetect.review.table import agreement_table, agreement_tree


def found(*peaks, name="calf.mp4", **changes):
    """Ten seconds in which the program counts movements at these times."""
    facts = example_facts(name=name, sha256=name, duration_s=10.0)
    one = Found(facts, example_quality(unusable=()), tuple(example_event(p) for p in peaks))
    return dataclasses.replace(one, **changes)


def review(rater, *peaks, x_px=None):
    events = (ReviewedEvent(f"m{p}", "", "added", "accepted", None, p, None, x_px, x_px) for p in peaks)
    return Review(rater, tuple(events))


def read(one, *reviews):
    (readings,) = gather([(one, reviews)])
    return readings


def pair(agreement, first, second):
    (one,) = [p for p in agreement.pairs if (p.first, p.second) == (first, second)]
    return one


def test_events_are_matched_one_to_one_and_seconds_counted():
    agreement = agree([read(found(), review("a", 1.5, 1.9, 4.0), review("b", 1.95, 7.0))])
    one = pair(agreement, "a", "b")
    assert (one.total.n_first, one.total.n_second, one.total.n_both) == (3, 2, 1)
    assert one.total.seconds == (1, 1, 1, 7)
    assert one.f1.value == pytest.approx(2 / 5)
    assert one.kappa.value == pytest.approx(float(cohen([1, 1, 1, 7])))
    assert agreement.group is None


def test_places_count_where_both_have_one():
    here, there = review("a", 1.5, x_px=100.0), review("b", 1.5, x_px=900.0)
    assert pair(agree([read(found(), here, there)]), "a", "b").total.n_both == 0
    assert pair(agree([read(found(), here, review("b", 1.5))]), "a", "b").total.n_both == 1


def test_the_program_is_compared_with_everybody():
    agreement = agree([read(found(1.5, 4.0), review("a", 1.6), review("b", 1.6, 4.0))])
    assert [(p.first, p.second) for p in agreement.pairs] == [("a", "b"), ("a", PROGRAM), ("b", PROGRAM)]
    assert pair(agreement, "b", PROGRAM).f1.value == 1.0
    assert pair(agreement, "a", PROGRAM).f1.value == pytest.approx(2 / 3)


def test_sums_are_kept_and_no_mean_of_means_is_made():
    small = read(found(), review("a", 1.5), review("b", 1.5))
    large = read(found(name="thigh.mp4"), review("a", 1.5, 3.5, 5.5, 7.5), review("b", 2.5, 4.5, 6.5, 8.5))
    one = pair(agree([small, large]), "a", "b")
    assert (one.total.n_clips, one.total.n_both, one.total.seconds) == (2, 1, (1, 4, 4, 11))
    assert one.f1.value == pytest.approx(2 / 10)  # the mean of both would be 0.5


def test_only_clips_that_both_have_read_count():
    both = read(found(), review("a", 1.5), review("b", 1.5))
    alone = read(found(name="thigh.mp4"), review("a", 1.5))
    agreement = agree([both, alone])
    assert pair(agreement, "a", "b").total.n_clips == 1
    assert pair(agreement, "a", PROGRAM).total.n_clips == 2
    strangers = agree([read(found(), review("a", 1.5)), read(found(name="thigh.mp4"), review("b"), review("c"))])
    assert [(p.first, p.second) for p in strangers.pairs] == [("b", "c"), *((name, PROGRAM) for name in "abc")]
    assert strangers.group is None


def test_three_raters_have_fleiss_kappa_over_the_clips_of_all():
    all_three = [review(name, 1.5) for name in "abc"]
    agreement = agree([read(found(), *all_three), read(found(name="thigh.mp4"), *all_three[:2])])
    assert (agreement.group.raters, agreement.group.n_clips, agreement.group.n_seconds) == (("a", "b", "c"), 1, 10)
    assert agreement.group.kappa.value == 1.0


def test_seconds_that_could_not_be_used_are_left_out():
    quality = example_quality(unusable=(Unusable(2.4, 5.0, "shaken"),))
    assert list(judged_seconds(found(quality=quality))) == [0, 1, 5, 6, 7, 8, 9]
    assert list(judged_seconds(found(from_s=6.2, to_s=9.4))) == [6, 7, 8]
    assert not len(judged_seconds(found(quality=example_quality(verdict="cannot_analyze"))))
    one = pair(agree([read(found(quality=quality), review("a", 3.0), review("b"))]), "a", "b")
    assert (one.total.n_first, one.total.seconds) == (0, (0, 0, 0, 7))


def test_folders_of_the_same_clip_are_one():
    readings = gather([(found(1.5), [review("a", 1.5)]), (found(2.5), [review("b", 2.5)])])
    assert len(readings) == 1
    assert list(readings[0].events) == [PROGRAM, "a", "b"]
    assert readings[0].events[PROGRAM][0].peak_s == 1.5
    with pytest.raises(ReviewError, match=r"a has reviewed calf\.mp4 in two"):
        gather([(found(), [review("a")]), (found(), [review("a")])])


def test_raters_are_chosen_by_name():
    reviewed = [(found(), [review("a"), review("b")])]
    assert list(gather(reviewed, ["b"])[0].events) == [PROGRAM, "b"]
    with pytest.raises(ReviewError, match="by 'c'"):
        gather(reviewed, ["b", "c"])
    with pytest.raises(ReviewError, match="nobody has reviewed"):
        gather([(found(), [])])


def test_table_and_tree_say_the_same():
    agreement = agree([read(found(1.5), *(review(name, 1.5, 5.0) for name in ("a", "b", "c")))])
    tree = agreement_tree(agreement)
    assert tree["pairs"][0]["total"]["seconds"] == {"both": 2, "first_only": 0, "second_only": 0, "none": 8}
    assert tree["pairs"][0]["kappa"] == {"value": 1.0, "low": None, "high": None}
    lines = agreement_table(agreement).splitlines()
    assert lines[0] == "1 clip, 10 seconds judged; events match within 0.25 s"
    assert lines[3].split() == ["a", "-", "b", "1", "2,", "2", "2", "1.00", "2/0/8", "1.00"]
    assert lines[-1].split() == ["all", "3", "raters", "1", "10", "1.00", "(Fleiss)"]
