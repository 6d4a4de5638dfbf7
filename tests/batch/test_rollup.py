"""summary.csv, events.csv and index.html of a batch."""

from __future__ import annotations

import csv
import dataclasses
import re
from html.parser import HTMLParser

import pytest
from helpers.build import empty_result, example_event, example_quality, example_result, unfit_result

from fascidetect.batch import index
from fascidetect.batch.capacity import CLIP_MB, default_jobs
from fascidetect.batch.ledger import open_ledger
from fascidetect.batch.plan import done_row, failed_row, standing
from fascidetect.batch.rollup import SummaryRow, line_of, reviewed
from fascidetect.batch.run import sum_up
from fascidetect.errors import OutputError
from fascidetect.model import Reviewed, Summary
from fascidetect.notice import NOTICE
from fascidetect.settings import ClipSettings, Settings

AGREED = (
    "clip,sha256,status,verdict,subject,session,date,muscle,side,duration_s,usable_s,n_events,n_reviewed,"
    "rate_per_min,rate_low_per_min,rate_high_per_min,n_foci,limit50_px,limit50_mm,warnings,error,result_dir"
)
EVIL = "=1+1 <script>alert(1)</script>.mp4"


@pytest.fixture
def summed(batch):
    """Four recordings, one of each kind: their rows, all movements, and the page."""
    recordings = [
        batch.clip("A12/left calf.mp4", subject="A12", date="2026-01-31", muscle="calf", side="left", caffeine="none"),
        batch.clip("unfit.mp4", b"u"),
        batch.clip("failed.mp4", b"f"),
        batch.clip(EVIL, b"e"),
    ]
    with open_ledger(batch.results / "ledger.sqlite") as ledger:
        for recording, result in ((recordings[0], example_result()), (recordings[1], unfit_result())):
            before = standing(recording, None)
            batch.finish(recording, result)
            ledger.write(done_row(recording, before, 1.0))
        (recordings[0].folder / "overlay.mp4").touch()
        ledger.write(failed_row(recordings[2], standing(recordings[2], None), "no <video>", 1.0))
        list(sum_up((line_of(recording, ledger, batch.results) for recording in recordings), batch.results))
    return batch.results


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_columns_are_those_that_were_agreed_on():
    columns = ",".join(item.name for item in dataclasses.fields(SummaryRow))
    assert columns.startswith(f"{AGREED},")


def test_every_recording_has_a_row_and_what_is_not_known_is_empty(summed):
    done, unfit, failed, pending = rows(summed / "summary.csv")
    assert (done["status"], done["verdict"], done["n_events"], done["muscle"]) == ("done", "ok", "2", "calf")
    assert (done["rate_per_min"], done["limit50_px"], done["limit50_mm"]) == ("3.0", "0.4", "")
    assert (done["result_dir"], done["caffeine"], done["n_reviewed"]) == ("A12/left calf.mp4", "none", "")
    assert len(done["sha256"]) == 64
    assert (unfit["status"], unfit["verdict"], unfit["n_events"], unfit["n_foci"]) == ("done", "cannot_analyze", "", "")
    assert unfit["warnings"].startswith("only 3.2 s of usable video")
    assert (failed["status"], failed["error"], failed["usable_s"]) == ("failed", "no <video>", "")
    assert (pending["status"], pending["clip"]) == ("pending", f"'{EVIL}")  # or a spreadsheet would run it


def test_all_movements_are_in_one_table_with_whose_they_are(summed):
    first, second = rows(summed / "events.csv")
    assert list(first)[-6:] == ["clip", "subject", "session", "date", "muscle", "side"]
    assert (first["clip"], first["side"], first["peak_s"]) == ("A12/left calf.mp4", "left", "5.0")
    assert second["peak_s"] == "9.0"


def test_the_limit_is_given_in_mm_where_there_is_a_scale(batch):
    recording = batch.clip()
    recording = dataclasses.replace(recording, settings=Settings(clip=ClipSettings(mm_per_px=0.25)))
    before = standing(recording, None)
    batch.finish(recording)
    with open_ledger(batch.results / "ledger.sqlite") as ledger:
        ledger.write(done_row(recording, before, 1.0))
        assert line_of(recording, ledger, batch.results).row.limit50_mm == pytest.approx(0.1)


def one(rater="R1", *, n_events=3, undecided=0, unusable=0):
    return Reviewed(rater, n_events, 0, undecided, 0, n_events, unusable, 1.0, 0.5, 2.0, 7)


@pytest.mark.parametrize(
    ("raters", "count"),
    [
        ((), None),
        ((one(),), 3),
        ((one(undecided=1),), None),  # a review that is not finished is no count
        ((one(), one("R2")), 3),
        ((one(), one("R2", n_events=4)), None),  # who is right is not for a program to say
        ((one(), one("R2", n_events=4, undecided=1)), 3),
    ],
)
def test_people_have_counted_where_they_finished_and_agree(raters, count):
    found = reviewed(Summary(5, 1.0, 0.5, 2.0, 1, {}, raters))
    assert (found.n_events if found else None) == count


def test_a_table_that_cannot_be_written_keeps_the_old_one(summed):
    old = (summed / "summary.csv").read_text()

    def broken():
        yield from ()
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="no space left"):
        list(sum_up(broken(), summed))
    assert (summed / "summary.csv").read_text() == old
    assert not list(summed.glob("*.partial")) + list(summed.glob(".*.partial"))


class Page(HTMLParser):
    """What a browser would make of a page: its links, scripts and cells."""

    def __init__(self, text):
        super().__init__()
        self.links, self.tags, self.told = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src")]

    def handle_data(self, data):
        self.told.append(data)


def test_the_page_links_what_there_is_and_asks_nothing_of_the_network(summed):
    text = (summed / "index.html").read_text()
    page = Page(text)
    assert page.links == ["summary.csv", "events.csv", "A12/left%20calf.mp4/overlay.mp4", "unfit.mp4/result.json"]
    assert "default-src 'none'" in text
    assert "://" not in text
    assert NOTICE in text
    (summed / "A12" / "left calf.mp4" / "report.html").touch()


def test_what_comes_from_file_names_and_errors_is_only_text(summed):
    page = Page((summed / "index.html").read_text())
    assert page.tags.count("script") == 1
    told = "".join(page.told)
    assert EVIL in told
    assert "failed: no <video>" in told
    assert "1 analyzed, 1 cannot be judged, 1 failed, 1 not analyzed yet." in told


def test_remarks_are_whole_sentences_whatever_signs_they_hold(batch):
    reasons = ("too short for a rate (5 s usable; at least 20 s are needed): film longer", "whole picture; give --roi")
    quality = example_quality(verdict="limited", reasons=reasons, warnings=("only 12; film at 30",))
    recording = batch.clip()
    before = standing(recording, None)
    batch.finish(recording, example_result(quality=quality))
    with open_ledger(batch.results / "ledger.sqlite") as ledger:
        ledger.write(done_row(recording, before, 1.0))
        list(sum_up([line_of(recording, ledger, batch.results)], batch.results))
    told = Page((batch.results / "index.html").read_text()).told
    assert f"limited: {reasons[0]}" in told
    assert "2 more" in told
    assert {reasons[1], "only 12; film at 30"} <= set(told)


def test_the_report_is_linked_rather_than_the_overlay(batch, summed):
    row = SummaryRow("x", status="done", result_dir="A12/left calf.mp4")
    (summed / "A12" / "left calf.mp4" / "report.html").touch()
    assert index._link(row, summed) == "A12/left%20calf.mp4/report.html"


def test_a_long_list_is_cut_and_says_so(batch, monkeypatch):
    monkeypatch.setattr(index, "MOST_ROWS", 2)
    with open_ledger(batch.results / "ledger.sqlite") as ledger:
        lines = (line_of(batch.clip(f"{k}.mp4"), ledger, batch.results) for k in range(3))
        list(sum_up(lines, batch.results))
    text = (batch.results / "index.html").read_text()
    assert "The first 2 are shown here" in text
    assert text.count("not analyzed yet</small>") == 2
    assert len(rows(batch.results / "summary.csv")) == 3


def test_strokes_stand_where_movements_are(batch):
    quality = example_quality()
    events = tuple(example_event(peak_s) for peak_s in (0.0, 21.25, 42.5))
    drawn = index.strokes(example_result(events=events, quality=quality))
    assert re.findall(r"M([\d.]+) 3v", drawn) == ["0.0", "80.0", "160.0"]
    assert re.search(r'<rect x="37.6" width="9.5"', drawn)  # 10.0 to 12.5 of 42.5 s
    assert "0 movements in 42 s" in index.strokes(empty_result())


@pytest.mark.parametrize(
    ("cpu_max", "memory_max", "free_mb", "expected"),
    [
        ("max 100000", "max", 100 * CLIP_MB, 4),
        ("100000 100000", "max", 100 * CLIP_MB, 1),
        ("50000 100000", "max", 100 * CLIP_MB, 1),
        ("max 100000", "max", 10, 1),
        ("max 100000", str(2 * CLIP_MB * 2**20 + 1000), 100 * CLIP_MB, 2),
    ],
)
def test_jobs_are_what_cores_and_memory_carry(system, cpu_max, memory_max, free_mb, expected):
    for name, text in (("cpu.max", cpu_max), ("memory.max", memory_max), ("memory.current", "1000")):
        (system / name).write_text(text)
    (system / "meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable: {free_mb * 1024} kB\n")
    assert default_jobs(system, system / "meminfo") == expected


def test_jobs_where_the_system_tells_nothing(system):
    assert default_jobs(system, system / "meminfo") == 4


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A machine of 4 cores whose files say nothing yet."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(4)), raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    return tmp_path
