import io

import pytest

from fascidetect.cli.progress import ProgressLine, clock_text, progress_text


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def test_rate_and_time_left_are_those_of_the_stage():
    stream, clock = Terminal(), Clock()
    with ProgressLine(stream, "a.mp4", clock=clock) as progress:
        progress("measuring", 0, 200)
        clock.now_s += 2.0
        progress("measuring", 100, 200)
        last = stream.getvalue().rsplit("\r", 1)[1]
        assert last.split() == [
            "a.mp4",
            "measuring",
            "[########........]",
            *["100/200", "frames", "50", "frames/s", "0:02", "left"],
        ]


def test_a_narrow_terminal_and_a_long_name_keep_one_line(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    ProgressLine(stream, "a-very-long-name-" * 9)("measuring", 5, 10)
    assert len(stream.getvalue().strip("\r")) == 39
    assert "a-very-long-name-..." in stream.getvalue()


def test_the_line_is_cleared_at_the_end():
    stream = Terminal()
    with ProgressLine(stream, "a.mp4") as progress:
        progress("measuring", 5, 10)
    assert stream.getvalue().endswith(" \r")
    assert "\n" not in stream.getvalue()


def test_it_draws_at_most_ten_times_a_second():
    stream, clock = Terminal(), Clock()
    progress = ProgressLine(stream, "a.mp4", clock=clock)
    for done in range(1000):
        clock.now_s += 0.001
        progress("measuring", done, 100_000)
    assert 9 <= stream.getvalue().count("\r") <= 11


@pytest.mark.parametrize(("stream", "quiet"), [(io.StringIO(), False), (Terminal(), True)])
def test_nothing_in_a_pipe_or_when_quiet(stream, quiet):
    with ProgressLine(stream, "a.mp4", quiet=quiet) as progress:
        progress("measuring", 5, 10)
    assert stream.getvalue() == ""


def test_an_unknown_total_has_no_bar():
    assert progress_text(120, 0, 30.0) == "120 frames  30 frames/s"


def test_more_frames_than_announced_do_no_harm():
    assert progress_text(12, 10, 30.0).startswith("[################] 12/10")


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3661, "1:01:01"), (-3, "0:00")])
def test_clock(seconds, text):
    assert clock_text(seconds) == text
