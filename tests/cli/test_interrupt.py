"""Signals that ask to end, in a real process, with the real pipeline and its decoder beside it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parent.parent.parent / "samples" / "calf-twitches.mp4"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent in the way of POSIX")
@pytest.mark.parametrize(
    ("number", "status", "said"),
    [
        (signal.SIGINT, 130, "fascidetect: interrupted; nothing was half-written\n"),
        (signal.SIGTERM, 143, "fascidetect: ended from outside; nothing was half-written\n"),
    ],
)
def test_a_signal_while_working_leaves_nothing(tmp_path, monkeypatch, number, status, said):
    monkeypatch.setenv("FASCIDETECT_ISOLATE", "1")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a child inherits an ignored SIGINT
    try:
        words = [sys.executable, "-m", "fascidetect", "analyze", str(SAMPLE), "-o", str(tmp_path / "deep" / "out")]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            deadline_s = time.monotonic() + 60
            while not (tmp_path / "deep").exists() and time.monotonic() < deadline_s:
                time.sleep(0.05)
            time.sleep(0.5)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
    finally:
        signal.signal(signal.SIGINT, before)
    # As a shell tells it: Python ends by the signal itself where it came while a library was being imported.
    told = 128 - process.returncode if process.returncode < 0 else process.returncode
    assert (told, out, err) == (status, "", said)
    assert list(tmp_path.iterdir()) == []
