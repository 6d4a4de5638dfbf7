from __future__ import annotations

import dataclasses
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.synthetic import cannot_analyze, make_event, make_result, make_trace

from fascidetect.model import Activity, Rejection, Sustained, Unusable
from fascidetect.report import figures
from fascidetect.report.figures import write_timeline


def chunks(path: Path) -> dict[str, bytes]:
    """Kinds of the PNG file's chunks with their first data."""
    data, at, found = path.read_bytes(), 8, {}
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        found.setdefault(data[at + 4 : at + 8].decode(), data[at + 8 : at + 8 + length])
        at += 12 + length
    return found


@pytest.fixture
def full():
    """Result in which everything occurs."""
    trace = make_trace(1280, 720, duration_s=130.0)
    events = tuple(make_event(trace, t, (0.3 + t / 400, 0.5), focus=1 + int(t) % 7) for t in np.arange(3.0, 128, 9))
    rejections = tuple(Rejection(make_event(trace, t, (0.5, 0.5), focus=0), "global") for t in (20.0, 21.0))
    sustained = (Sustained("rhythmic", 500.0, 300.0, 50.0, 30.0, 90.0, 1.2, 60),)
    return trace, make_result(
        trace, events, rejections, unusable=(Unusable(60.0, 75.0, "shaken"),), sustained=sustained
    )


def words(monkeypatch, trace, result, path, label="") -> str:
    """All that is written in the figure, read when it is saved."""
    from matplotlib.figure import Figure

    texts: list[str] = []
    save = Figure.savefig

    def read(self, *args, **kwargs):
        from matplotlib.text import Text

        texts.extend(str(text.get_text()) for text in self.findobj(Text) if text.get_visible())
        save(self, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", read)
    write_timeline(path, trace, result, label)
    return " ".join(" ".join(texts).split())


def test_the_picture_is_a_png_of_fixed_size_that_tells_nothing_else(full, tmp_path):
    write_timeline(tmp_path / "timeline.png", *full)
    found = chunks(tmp_path / "timeline.png")
    assert struct.unpack(">II", found["IHDR"][:8]) == (1600, 1200)
    assert set(found) <= {"IHDR", "pHYs", "IDAT", "IEND"}  # no tEXt (software, date), no tIME


def test_the_same_result_gives_the_same_bytes_whatever_the_user_style(full, tmp_path):
    import matplotlib as mpl

    write_timeline(tmp_path / "a.png", *full)
    with mpl.rc_context({"font.size": 22, "axes.facecolor": "black"}):
        write_timeline(tmp_path / "b.png", *full)
        assert mpl.rcParams["font.size"] == 22
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_it_says_what_was_found(full, tmp_path, monkeypatch):
    text = words(monkeypatch, *full, tmp_path / "t.png", label="Left calf")
    for expected in (
        "14 movements counted; rhythmic movement not counted",
        "per minute (95 % interval",
        "115 of 130 s usable",
        "of movements of 0.3 px about half would be found",
        "Left calf",
        "not analyzed: shaken",
        "rhythmic 1.2 Hz",
        "2 everything moved",
        "n = 7 in 60 s",
        "Not a medical device",
    ):
        assert expected in text
    assert full[0].clip.name not in text


def test_nothing_found_is_said_with_its_upper_bound(tmp_path, monkeypatch):
    trace = make_trace(640, 480, duration_s=30.0)
    text = words(monkeypatch, trace, make_result(trace), tmp_path / "t.png")
    assert "No movement counted" in text
    assert "fits any rate from 0 to 2 per minute" in text
    assert "0:00-0:30" in text


def test_a_clip_that_cannot_be_judged_says_why_and_no_number(tmp_path, monkeypatch):
    trace = make_trace(640, 480, duration_s=30.0)
    text = words(monkeypatch, trace, cannot_analyze(trace, "the picture shook too much"), tmp_path / "t.png")
    assert "Cannot analyze this clip" in text
    assert "the picture shook too much" in text
    assert "counted" not in text.replace("not counted", "")
    assert "no rate" in text


def test_without_a_rate_it_is_not_drawn(tmp_path, monkeypatch):
    trace = make_trace(640, 480, duration_s=10.0)
    result = make_result(trace, (make_event(trace, 5.0, (0.5, 0.5)),))
    nothing = {"rate_per_min": None, "rate_low_per_min": None, "rate_high_per_min": None}
    result = dataclasses.replace(
        result,
        summary=dataclasses.replace(result.summary, **nothing),
        per_minute=tuple(dataclasses.replace(row, **nothing) for row in result.per_minute),
    )
    text = words(monkeypatch, trace, result, tmp_path / "t.png")
    assert "1 movement counted" in text
    assert text.count("no rate: too little usable time") == 2


@pytest.mark.parametrize("size", [(1080, 1920), (2000, 300), (200, 1600), (160, 120)])
def test_every_shape_of_picture_has_its_page(size, tmp_path):
    trace = make_trace(*size, whole=True)
    write_timeline(tmp_path / "t.png", trace, make_result(trace, (make_event(trace, 5.0, (0.5, 0.5)),)))
    assert struct.unpack(">II", chunks(tmp_path / "t.png")["IHDR"][:8]) == (1600, 1200)


def test_extremes_do_not_stop_it(tmp_path):
    trace = make_trace(320, 240, duration_s=5.0)
    event = make_event(trace, 2.0, (0.0, 1.0), focus=0)
    result = make_result(trace, (event,) * 3, unusable=(Unusable(1.0, 1.0, "never heard of"),))
    score = np.full(len(trace.time_s), np.nan)
    nothing = Activity(trace.time_s, score, 0.0, np.zeros((1, 1)), np.full((1, 1), np.nan))
    result = dataclasses.replace(result, activity=nothing, per_minute=())
    write_timeline(tmp_path / "t.png", dataclasses.replace(trace, mask=trace.mask * 0), result, "$x_1$ \u7b4b " * 50)
    assert (tmp_path / "t.png").stat().st_size > 10_000


def test_a_long_clip_keeps_its_peaks_when_thinned():
    score = np.ones(100_000)
    score[54_321] = 40.0
    time_s, best = figures._thinned(np.arange(100_000) / 30, score)
    assert len(time_s) < 2000
    assert best.max() == 40.0
    assert time_s[best.argmax()] == pytest.approx(54_321 / 30, abs=100 / 30)


def test_matplotlib_is_loaded_only_when_drawing():
    code = "import sys, fascidetect.report.figures; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
