"""A results folder made by hand, and a hand to decide with."""

from __future__ import annotations

import pytest
from helpers.build import example_event, example_result, write_results

from fascidetect.model import Rejection, Summary
from fascidetect.review import Draft, decide


@pytest.fixture
def folder(tmp_path):
    """Results of calf.mp4: movements counted at 5 and 9 s, one seen and not counted at 20 s."""
    result = example_result(
        events=(example_event(5.0), example_event(9.0)),
        rejections=(Rejection(example_event(20.0, focus=0), "below_threshold"),),
        summary=Summary(2, 3.0, 0.363, 10.84, 1, {"below_threshold": 1}),
    )
    write_results(tmp_path, result)
    return tmp_path


@pytest.fixture
def say(folder):
    """Decide something: ``say("accept", "e0005000-12-8")``."""

    def say(action, event_id="", *, rater="first", seen_seq=None, **fields):
        return decide(folder, Draft(rater, action, event_id, **fields), seen_seq=seen_seq)

    return say
