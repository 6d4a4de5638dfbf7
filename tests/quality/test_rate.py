import pytest
from helpers.build import example_event
from hypothesis import given
from hypothesis import strategies as st

from fascidetect.model import Unusable
from fascidetect.quality.rate import per_minute, rate_per_min
from fascidetect.statistics import poisson_interval


@pytest.mark.parametrize(
    ("n", "low", "high"),
    [(0, 0, 3.69), (1, 0.03, 5.57), (5, 1.62, 11.67), (10, 4.80, 18.39), (20, 12.22, 30.89), (100, 81.36, 121.63)],
)
def test_the_interval_is_that_of_the_tables(n, low, high):
    """Garwood's limits, as tabled to two decimals (Pearson & Hartley, Biometrika Tables I, table 40)."""
    assert poisson_interval(n) == (pytest.approx(low, abs=0.006), pytest.approx(high, abs=0.006))


@given(st.integers(0, 5000), st.floats(0.5, 0.999))
def test_the_interval_holds_the_count_and_grows_with_the_level(n, level):
    low, high = poisson_interval(n, level)
    wider = poisson_interval(n, (1 + level) / 2)
    assert low <= n <= high
    assert wider[0] <= low <= high <= wider[1]


def test_the_rate_is_over_usable_time():
    assert rate_per_min(5, 30.0) == (10.0, pytest.approx(2 * 1.6235, abs=1e-3), pytest.approx(2 * 11.6683, abs=1e-3))
    assert rate_per_min(0, 42.0) == (0.0, 0.0, pytest.approx(5.27, abs=0.01))
    assert rate_per_min(3, 0.0) == (None, None, None)


def events(*peaks_s):
    return tuple(example_event(peak) for peak in peaks_s)


def test_minutes_and_a_last_part():
    rows = per_minute(events(3.0, 59.9, 60.0, 130.0, 150.0), 0.0, 150.0, ())
    assert [(r.minute, r.start_s, r.end_s, r.usable_s, r.n_events) for r in rows] == [
        (1, 0.0, 60.0, 60.0, 2),
        (2, 60.0, 120.0, 60.0, 1),
        (3, 120.0, 150.0, 30.0, 2),
    ]
    assert [r.rate_per_min for r in rows] == [2, 1, 4]
    assert rows[2].rate_high_per_min == pytest.approx(2 * 7.2247, abs=1e-3)  # 2 events: 0.24 to 7.22


def test_a_minute_of_which_little_is_usable_has_no_rate():
    rows = per_minute(events(5.0, 61.0), 0.0, 120.0, (Unusable(60.5, 119.9, "shaken"),))
    assert rows[0].rate_per_min == 1
    assert rows[1].usable_s == pytest.approx(0.6)
    assert (rows[1].rate_per_min, rows[1].rate_low_per_min, rows[1].rate_high_per_min) == (None, None, None)


def test_lost_time_shortens_the_minute():
    (row,) = per_minute(events(5.0, 6.0), 0.0, 60.0, (Unusable(10, 30, "a"), Unusable(50, 60, "b")))
    assert (row.usable_s, row.rate_per_min) == (30, 4)


def test_minutes_start_with_the_analyzed_part():
    rows = per_minute(events(70.0), 65.0, 95.0, ())
    assert [(r.start_s, r.end_s, r.n_events) for r in rows] == [(65, 95, 1)]


def test_no_time_has_no_minutes():
    assert per_minute((), 0.0, 0.0, ()) == ()


@given(st.lists(st.floats(0, 200), max_size=30), st.floats(1, 200))
def test_no_event_is_lost_or_counted_twice(peaks_s, end_s):
    peaks_s = [p for p in peaks_s if p <= end_s]
    rows = per_minute(events(*peaks_s), 0.0, end_s, ())
    assert sum(r.n_events for r in rows) == len(peaks_s)
    assert sum(r.usable_s for r in rows) == pytest.approx(end_s)
