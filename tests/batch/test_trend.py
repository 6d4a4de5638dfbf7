"""Rates over sessions, their ratio, and what cannot be compared."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import math
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from helpers.build import example_event, example_facts, example_quality, example_result

from fascidetect.batch import trend_figure
from fascidetect.batch.bursts import dispersion
from fascidetect.batch.rollup import SUMMARY, SummaryRow, read_result
from fascidetect.batch.trend import Floor, load_summary, make_trend
from fascidetect.batch.trend_page import told, write_trend
from fascidetect.errors import ClipError, ClipNotFound, SettingsError
from fascidetect.model import Reviewed, Summary, Unusable
from fascidetect.notice import NOTICE
from fascidetect.report.export import to_csv
from fascidetect.settings import DetectSettings, Settings
from fascidetect.statistics import poisson_interval, rate_ratio_interval


@pytest.fixture
def sessions(batch):
    """Add clips of a left calf to a batch by (date, peaks, usable seconds), and gather them."""

    class Sessions:
        def __init__(self):
            self.rows = []

        def add(
            self,
            date,
            peaks_s,
            usable_s=90.0,
            *,
            reviewed=(),
            facts=None,
            settings=None,
            sizes_px=(),
            limits_px=(),
            **told,
        ):
            told = {"subject": "A12", "muscle": "calf", "side": "left", "date": date, **told}
            name = f"{len(self.rows)}.mp4"
            recording = batch.clip(name, name.encode())
            recording = dataclasses.replace(recording, settings=settings or Settings())
            unusable = (Unusable(usable_s, 90.0, "shaken"),) if usable_s < 90 else ()
            quality = example_quality(usable_s=usable_s, unusable=unusable)
            if limits_px:
                quality = dataclasses.replace(quality, limit50_px=limits_px[0], limit90_px=limits_px[1])
            sizes_px = itertools.cycle(sizes_px or [1.0])
            events = tuple(
                example_event(float(peak_s), amplitude_px=size) for peak_s, size in zip(peaks_s, sizes_px, strict=False)
            )
            result = example_result(
                clip=example_facts(**{"duration_s": 90.0, **(facts or {})}),
                quality=quality,
                events=events,
                summary=Summary(len(events), None, None, None, 1, {}, reviewed),
            )
            batch.finish(recording, result)
            self.rows.append(SummaryRow(name, status="done", verdict="ok", result_dir=name, **told))

        def trend(self, **more):
            return make_trend(batch.results, self.rows, **more)

        def one(self, **more):
            (series,) = self.trend(**more)
            return series

    return Sessions()


def spread(n, start_s=0.0):
    return np.linspace(start_s + 1, 88, n)


def test_clips_of_one_session_are_taken_together(sessions):
    sessions.add("2026-01-10", spread(10), time_of_day="08:00")
    sessions.add("2026-01-10", spread(5), usable_s=60.0, time_of_day="20:00", side="Left")
    row = sessions.one().sessions[0].row
    assert (row.n_clips, row.n_events, row.usable_s) == (2, 15, 150.0)
    assert row.rate_per_min == pytest.approx(6.0)
    low, high = poisson_interval(15)
    assert (row.rate_low_per_min, row.rate_high_per_min) == pytest.approx((low / 2.5, high / 2.5))
    assert row.time_of_day == "08:00; 20:00"


def test_sessions_are_in_order_and_places_are_not_ranked(sessions):
    for session in ("visit 10", "visit 9", "visit 1"):
        sessions.add("", spread(3), session=session)
    sessions.add("", spread(80), muscle="sole", session="visit 1")
    calf, sole = sessions.trend()
    assert [session.row.when for session in calf.sessions] == ["visit 1", "visit 9", "visit 10"]
    assert [calf.place, sole.place] == ["left calf", "left sole"]


def test_numbers_in_the_names_of_sessions_may_be_any(sessions):
    names = ("m\N{SUPERSCRIPT TWO}", "7", "007b", "9" * 6000)
    for session in names:
        sessions.add("", spread(3), session=session)
    found = [session.row.session for session in sessions.one().sessions]
    assert (set(found), found[-1]) == (set(names), "9" * 6000)


def test_a_result_that_cannot_be_is_told(sessions, batch):
    sessions.add("2026-01-10", spread(60), facts={"duration_s": 1e20})
    assert dispersion([read_result(batch.results / "0.mp4")]) is not None  # soon
    sessions.rows[0] = dataclasses.replace(sessions.rows[0], result_dir="\0")
    with pytest.raises(ClipError, match=r"is no result\.json"):
        sessions.trend()


def test_too_little_time_is_no_rate_and_what_could_not_be_judged_is_counted(sessions):
    sessions.add("2026-01-10", spread(2), usable_s=15.0)
    sessions.rows.append(dataclasses.replace(sessions.rows[0], verdict="cannot_analyze", result_dir="none"))
    sessions.rows.append(dataclasses.replace(sessions.rows[0], status="failed", result_dir=""))
    sessions.rows.append(dataclasses.replace(sessions.rows[0], status="pending", result_dir=""))
    row = sessions.one().sessions[0].row
    assert (row.n_clips, row.n_unfit, row.n_events, row.rate_per_min) == (1, 2, 2, None)


def test_nothing_judged_is_no_count(sessions):
    sessions.rows.append(SummaryRow("x", status="failed", date="2026-01-10"))
    row = sessions.one().sessions[0].row
    assert (row.n_events, row.rate_per_min, row.counted_by) == (None, None, "automatic")


def test_the_reviewed_count_goes_first_where_all_clips_have_one(sessions):
    review = Reviewed("R1", 4, 6, 0, 1, 5, 1, 3.0, 1.0, 7.0, 9)
    sessions.add("2026-01-10", spread(10), reviewed=(review,))
    row = sessions.one().sessions[0].row
    assert (row.counted_by, row.n_events, row.n_reviewed, row.n_counted) == ("reviewed", 10, 5, 4)
    assert row.rate_per_min == pytest.approx(4 / 1.5)
    sessions.add("2026-01-10", spread(10))
    assert sessions.one().sessions[0].row.counted_by == "automatic"


def test_two_sessions_have_a_ratio(sessions):
    sessions.add("2026-01-10", spread(10))
    sessions.add("2026-02-10", spread(15), usable_s=75.0)
    ratio = sessions.one().ratio
    assert ratio.not_compared == ""
    assert ratio.ratio == pytest.approx(15 / 75 / (10 / 90))
    assert ratio.ratio_low < 1 < ratio.ratio < ratio.ratio_high


def test_of_more_sessions_two_are_chosen(sessions):
    for month in (1, 2, 3):
        sessions.add(f"2026-0{month}-10", spread(10 * month), session=f"visit {month}")
    assert sessions.one().ratio is None
    assert sessions.one(compare=("2026-01-10", "visit 3")).ratio.ratio == pytest.approx(3.0)
    assert sessions.one(compare=("2026-01-10", "visit 4")).ratio is None


def test_none_at_first_leaves_the_ratio_without_an_upper_end(sessions):
    sessions.add("2026-01-10", ())
    sessions.add("2026-02-10", spread(5))
    ratio = sessions.one().ratio
    assert (ratio.ratio, ratio.ratio_high) == (None, math.inf)
    assert ratio.ratio_low > 0
    assert any("without an upper end" in line for line in told(sessions.trend()))


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ({"usable_s": 42.0}, "too short: 42 s of usable time in 2026-02-10"),
        ({"facts": {"median_fps": 60.0}}, "filmed too differently: frames per second from 30 to 60"),
        ({"facts": {"width_px": 854, "height_px": 480}}, "size of the picture from 854 to 1.92e+03"),
        ({"facts": {"bits_per_px": 0.02}}, "compression"),
        ({"settings": Settings(detect=DetectSettings(sensitivity="high"))}, "analyzed with different settings"),
        ({"reviewed": (Reviewed("R1", 10, 0, 0, 0, 10, 0, 1.0, 0.5, 2.0, 9),)}, "counted differently"),
    ],
)
def test_what_cannot_be_compared_is_not_and_says_why(sessions, second, words):
    sessions.add("2026-01-10", spread(10))
    sessions.add("2026-02-10", spread(10), **second)
    ratio = sessions.one().ratio
    assert words in ratio.not_compared
    assert (ratio.ratio, ratio.ratio_low, ratio.ratio_high) == (None, None, None)
    assert any("not compared" in line for line in told(sessions.trend()))


def test_bursts_are_told_from_chance(sessions, batch):
    rng = np.random.default_rng(0)
    sessions.add("2026-01-10", np.sort(rng.uniform(0, 90, 60)))
    sessions.add("2026-02-10", np.sort(np.repeat((12.0, 47.0, 81.0), 20) + rng.normal(0, 1, 60)))
    chance, bursts = (dispersion([read_result(batch.results / row.result_dir)]) for row in sessions.rows)
    assert chance == pytest.approx(1, abs=0.8)  # sd of 9 windows: sqrt(2 / 8) = 0.5
    assert bursts > 5
    assert any("times as wide" in line for line in told(sessions.trend()))


def test_windows_that_cannot_be_used_do_not_look_like_bursts(sessions, batch):
    sessions.add("2026-01-10", np.arange(0.5, 45, 1.0), usable_s=45.0)
    assert dispersion([read_result(batch.results / "0.mp4")]) is None  # 5 windows are too few
    sessions.add("2026-02-10", np.arange(0.5, 65, 1.0), usable_s=65.0)
    assert dispersion([read_result(batch.results / "1.mp4")]) == pytest.approx(0, abs=0.1)  # a clock has no variance


def binomial_tail(k, n, share):
    """Chance of k or more of n."""
    return sum(math.comb(n, j) * share**j * (1 - share) ** (n - j) for j in range(k, n + 1))


@pytest.mark.parametrize(("n1", "n2"), [(10, 10), (3, 12), (1, 0), (0, 4), (200, 150)])
def test_the_interval_of_the_ratio_ends_where_the_counts_become_unlikely(n1, n2):
    times = 3.0 / 2.0  # second over first
    low, high = (ratio * times / (1 + ratio * times) for ratio in rate_ratio_interval(n1, 2.0, n2, 3.0))
    if n2:
        assert binomial_tail(n2, n1 + n2, low) == pytest.approx(0.025)
    if n1:
        assert binomial_tail(n2 + 1, n1 + n2, high) == pytest.approx(0.975)


@pytest.mark.parametrize(("n1", "n2", "end"), [(5, 0, 0), (0, 5, 1)])
def test_a_count_of_none_leaves_one_end_open(n1, n2, end):
    assert rate_ratio_interval(n1, 1.0, n2, 1.0)[end] == (0.0, math.inf)[end]


def test_nothing_counted_fits_any_ratio():
    assert rate_ratio_interval(0, 1.0, 0, 1.0) == (0.0, math.inf)


def test_summary_csv_is_read_back_as_it_was_meant(tmp_path):
    row = SummaryRow("=x.mp4", status="done", notes="- none", result_dir="=x.mp4", n_events=3)
    (tmp_path / SUMMARY).write_text(to_csv((row,), SummaryRow))
    (read,) = load_summary(tmp_path)
    assert (read.clip, read.notes, read.result_dir) == ("=x.mp4", "- none", "=x.mp4")


def test_what_is_no_batch_is_told(tmp_path):
    with pytest.raises(ClipNotFound, match="make it with `fascidetect batch"):
        load_summary(tmp_path)
    (tmp_path / SUMMARY).write_text("a,b\n1,2\n")
    with pytest.raises(ClipError, match=r"is no summary\.csv"):
        load_summary(tmp_path)


def test_the_page_and_the_picture_escape_and_ask_nothing_of_the_network(sessions, tmp_path):
    evil = "<script>x</script>&"
    sessions.add("2026-01-10", spread(10), muscle=evil, notes=evil)
    sessions.add("2026-02-10", spread(12), muscle=evil)
    sessions.add("2026-03-10", (), usable_s=10.0, muscle=evil)
    written = write_trend(tmp_path, sessions.trend())
    assert [path.name for path in written] == ["trend.csv", "trend_ratio.csv", "trend.svg", "trend.html"]
    page = (tmp_path / "trend.html").read_text()
    assert "<script" not in page
    assert "://" not in page
    assert NOTICE in page
    picture = ET.fromstring((tmp_path / "trend.svg").read_text())
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert f"A12: left {evil}" in texts
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}circle"))) == 2
    for panel in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(panel)


def test_a_long_name_does_not_run_into_the_unit(sessions):
    muscle = "first dorsal interosseous, at the back of the hand"
    sessions.add("2026-01-10", spread(10), muscle=muscle)
    picture = ET.fromstring(trend_figure.picture(sessions.trend()))
    (name,) = picture.findall(".//{*}text[@class='title']")
    assert "".join(name.itertext()) == f"A12: left {muscle}A12: left first dorsal intero\N{HORIZONTAL ELLIPSIS}"
    assert name[0].tag.endswith("title")  # which the browser shows when it is pointed at


def test_the_table_has_a_row_for_each_session(sessions, tmp_path):
    sessions.add("2026-01-10", spread(10), caffeine="none")
    sessions.add("2026-02-10", spread(12))
    write_trend(tmp_path, sessions.trend())
    with (tmp_path / "trend.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["date"], first["caffeine"], first["counted_by"]) == ("2026-01-10", "none", "automatic")
    assert float(second["rate_per_min"]) == pytest.approx(8.0)


def test_no_word_judges_or_asks_to_film_again(sessions, tmp_path):
    sessions.add("2026-01-10", spread(3), usable_s=30.0)
    sessions.add("2026-02-10", spread(70))
    write_trend(tmp_path, sessions.trend())
    words = (tmp_path / "trend.html").read_text().split("</style>")[1].replace(NOTICE, "").lower()
    words += "\n".join(told(sessions.trend())).lower()
    for word in ("normal", "worse", "better", "improve", "warning", "film for", "measure again", "risk", "p ="):
        assert word not in words


def test_a_floor_counts_what_every_clip_could_have_shown_by_the_program(sessions):
    review = Reviewed("R1", 4, 6, 0, 1, 5, 1, 3.0, 1.0, 7.0, 9)
    sessions.add("2026-01-10", spread(12), reviewed=(review,), sizes_px=[0.5, 1.5, 2.5])
    sessions.add("2026-03-02", spread(9), sizes_px=[0.5, 0.6, 1.5])
    assert [s.row.n_counted for s in sessions.one().sessions] == [4, 9]
    series = sessions.one(floor=Floor(px=1.0))
    assert [s.row.n_counted for s in series.sessions] == [8, 3]
    assert {(s.row.counted_by, s.row.amplitude_floor) for s in series.sessions} == {("automatic", "1 px")}
    assert series.ratio.ratio == pytest.approx(3 / 8)
    assert any("of at least 1 px" in line for line in told([series]))


def test_a_floor_below_what_a_clip_shows_compares_nothing(sessions):
    sessions.add("2026-01-10", spread(12))
    sessions.add("2026-03-02", spread(9), limits_px=(0.9, 1.7))
    assert "smallest movement" in sessions.one().ratio.not_compared
    assert "raise the floor to 1.7 px" in sessions.one(floor=Floor(px=1.0)).ratio.not_compared
    assert sessions.one(floor=Floor(px=2.0)).ratio.not_compared == ""


def test_the_floor_that_is_asked_for_is_enough(sessions):
    sessions.add("2026-01-10", spread(12))
    sessions.add("2026-03-02", spread(9), limits_px=(0.9, 1.7401))
    assert "raise the floor to 1.8 px" in sessions.one(floor=Floor(px=1.0)).ratio.not_compared
    assert sessions.one(floor=Floor(px=1.8)).ratio.not_compared == ""


def test_a_limit_that_is_not_known_is_no_limit_of_zero(sessions):
    sessions.add("2026-01-10", spread(12))
    sessions.add("2026-03-02", spread(9), limits_px=(None, None))
    assert "not known how small" in sessions.one(floor=Floor(px=1.0)).ratio.not_compared


def test_a_floor_below_that_of_a_result_is_refused(sessions):
    sessions.add("2026-01-10", spread(12), settings=Settings(detect=DetectSettings(floor_px=2.0)))
    with pytest.raises(SettingsError, match="counted from 2 px on"):
        sessions.one(floor=Floor(px=1.0))


def test_a_floor_in_mm_needs_a_scale(sessions):
    sessions.add("2026-01-10", spread(12))
    with pytest.raises(SettingsError, match="needs a scale"):
        sessions.one(floor=Floor(mm=0.2))
