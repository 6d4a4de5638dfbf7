from __future__ import annotations

import pytest

from fascidetect.report.style import REASON_WORDS, amount, clock, focus_color, reason_words, time_ticks
from fascidetect.settings import REASONS


def test_every_reason_has_words():
    assert set(REASONS) <= set(REASON_WORDS)
    assert reason_words("some_new_one") == "some new one"


def test_words_of_rejection_differ():
    assert len({REASON_WORDS[reason] for reason in REASONS}) == len(REASONS)


@pytest.mark.parametrize(
    ("time_s", "decimals", "text"),
    [(0, 0, "0:00"), (59.9996, 3, "0:59.999"), (0.3, 3, "0:00.300"), (61.5, 0, "1:01"), (3600, 1, "60:00.0")],
)
def test_the_clock_is_cut_not_rounded(time_s, decimals, text):
    assert clock(time_s, decimals=decimals) == text


def test_amounts_carry_the_digits_that_mean_something():
    assert [amount(v) for v in (0.421, 1.25, 12.0)] == ["0.42", "1.2", "12.0"]


def test_foci_are_told_apart_and_a_rejected_one_has_none():
    assert len({focus_color(n) for n in range(7)}) == 7


@pytest.mark.parametrize(("start", "end"), [(0, 0.3), (0, 10), (12.5, 47), (0, 3605), (0, 40000)])
def test_ticks_are_round_few_and_within(start, end):
    ticks = time_ticks(start, end, at_most=8)
    assert 1 <= len(ticks) <= 9
    assert all(start - 1e-6 <= tick <= end + 1e-6 for tick in ticks)
