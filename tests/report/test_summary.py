import dataclasses
import re

import pytest
from helpers.build import (
    continuous,
    empty_result,
    example_facts,
    example_quality,
    example_result,
    rhythm,
    unfit_result,
)

from fascidetect.model import Reviewed, Summary, Unmatched
from fascidetect.notice import NOTICE
from fascidetect.report.summary import REJECTION_WORDS, summarize, summary_and_notice
from fascidetect.settings import REASONS, ClipSettings, ReportSettings, Settings

LOADED = r"\b(normal|abnormal|healthy|benign|serious|risk|clinical|fasciculation)"


def test_a_count_comes_with_its_time_interval_place_and_limit():
    text = summarize(example_result())
    assert "2 movements counted in 40 s of usable video, at 1 place: 3 per minute" in text
    assert "95 % interval 0.36 to 10.8, counting chance only" in text
    assert "Of movements of 0.4 px about half would be found, 9 in 10 of 0.7 px." in text
    assert "Analyzed area: 62 % of the picture (what can be read of the skin, found by its color)." in text
    assert "Left out: 2.5 s shaken." in text
    assert "Seen and not counted: 1 in a steady rhythm (pulse, tremor or a repeated contraction); 1 at the edge" in text


def test_nothing_seen_says_what_it_may_mean():
    assert (
        "No movement counted in 42 s of usable video. So short a clip fits any rate from 0 to 5.3 per minute "
        "(95 % interval, counting chance only); movements under 0.4 px would not show."
    ) in summarize(empty_result())


def test_a_long_clip_is_not_called_short():
    assert "So short" not in summarize(empty_result(quality=example_quality(usable_s=600.0)))


def test_what_cannot_be_analyzed_has_reasons_and_no_count():
    text = summarize(unfit_result())
    assert "Cannot be analyzed: only 3.2 s of usable video, at least 5 s are needed." in text
    assert "counted" not in text
    assert not re.search(r"\b0\b", text)


def test_sustained_movement_is_named_and_never_none_seen():
    text = summarize(empty_result(sustained=(rhythm(), continuous(), continuous())))
    assert "Rhythmic movement at 1.2 Hz around (400, 300) px, 38 not counted; continuous movement at 2 places" in text
    assert "No other movement counted" in text
    assert "per minute elsewhere" in text


def test_too_short_for_a_rate():
    text = summarize(
        example_result(
            quality=example_quality(usable_s=12.0, verdict="limited"), summary=Summary(2, None, None, None, 1)
        )
    )
    assert "2 movements counted in 12 s of usable video, at 1 place; too short for a rate." in text
    assert "per minute" not in text
    nothing = empty_result(quality=example_quality(usable_s=12.0), summary=Summary(0, None, None, None, 0))
    assert "Too short for a rate; movements under 0.4 px would not show." in summarize(nothing)


def test_an_unknown_limit_is_said():
    text = summarize(empty_result(quality=example_quality(limit50_px=None, limit90_px=None)))
    assert "how small a movement would show is not known" in text


def test_lengths_come_in_millimeters_where_a_scale_is_known():
    settings = Settings(clip=ClipSettings(mm_per_px=0.1))
    assert "0.4 px (0.04 mm)" in summarize(example_result(settings=settings))


@pytest.mark.parametrize(
    ("area", "words"),
    [("roi", "(what can be read of the areas given)"), ("whole picture", "(what can be read of all of it)")],
)
def test_how_the_area_was_found(area, words):
    text = summarize(example_result(quality=example_quality(analyzed_share=0.12, area=area)))
    assert f"Analyzed area: 12 % of the picture {words}." in text


def test_warnings_and_reasons_are_shown_once():
    quality = example_quality(verdict="limited", reasons=("dark",), warnings=("frames repeat", "shaky"))
    text = summarize(example_result(quality=quality, clip=example_facts(warnings=("frames repeat",))))
    assert text.count("Warning: frames repeat") == 1
    assert "Limited: dark." in text


def test_the_label_replaces_the_name_of_the_file():
    text = summarize(example_result(settings=Settings(report=ReportSettings(label="left calf"))))
    assert "left calf" in text
    assert "calf.mp4" not in text


def test_every_reason_has_words():
    assert set(REJECTION_WORDS) == set(REASONS)


def test_the_notice_follows():
    assert summary_and_notice(example_result()).endswith(NOTICE)


@pytest.mark.parametrize("make", [example_result, empty_result, unfit_result])
def test_no_word_judges(make):
    result = make(sustained=(rhythm(), continuous()))
    assert not re.search(LOADED, summarize(result), re.IGNORECASE)
    assert not re.search(LOADED, " ".join(REJECTION_WORDS.values()), re.IGNORECASE)


def reviewed(**changes):
    return dataclasses.replace(Reviewed("first", 1, 1, 0, 2, 3, 0, 4.5, 0.928, 13.15, 5), **changes)


def with_review(*reviews, result=None):
    result = result or example_result()
    return summarize(dataclasses.replace(result, summary=dataclasses.replace(result.summary, reviewed=reviews)))


def test_automatic_and_reviewed_counts_stand_side_by_side():
    text = with_review(reviewed(), reviewed(rater="second", n_undecided=4))
    assert "2 movements counted in 40 s" in text
    assert (
        "Reviewed by first: 3 movements (1 accepted, 1 rejected; 2 added): 4.5 per minute "
        "(95 % interval 0.93 to 13.2, counting chance only).\n"
    ) in text
    assert "Reviewed by second: 3 movements so far (1 accepted, 1 rejected, 4 undecided; 2 added)" in text


def test_a_review_is_told_without_a_rate_and_where_nothing_could_be_judged():
    one = reviewed(n_accepted=0, n_rejected=0, rate_per_min=None, rate_low_per_min=None, rate_high_per_min=None)
    assert "Reviewed by first: 3 movements (2 added).\n" in with_review(one)
    assert "Reviewed by first: 3 movements (2 added)." in with_review(one, result=unfit_result())


def test_what_was_decided_and_is_no_longer_found_is_listed():
    gone = (Unmatched("e1", 83.25, "accepted"), Unmatched("e2", 90.0, "rejected"))
    assert "Decided about by first and no longer found: 1:23.2 (accepted), 1:30.0 (rejected)." in with_review(
        reviewed(unmatched=gone)
    )
    assert "1 in time left out" in with_review(reviewed(n_unusable=1))
