"""A short run of the fuzzer, always the same; twenty minutes of it are a command (README)."""

import sys

import pytest

from robustness.fuzz import Target, campaign, targets

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bounds memory and forks in the way of Linux")


def broken(path):
    if b"x" in path.read_bytes():
        raise ZeroDivisionError


def dying(path):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("read", "what"), [(broken, "ZeroDivisionError"), (dying, "died: -9")])
def test_what_is_wrong_is_found(read, what):
    tally = campaign(Target("broken", "txt", (b"xxxxxxxxxxxx",), read), 0, seconds=20, inputs=3)
    assert tally.inputs == 3
    assert all(what in found for found, _ in tally.findings)
    assert tally.findings


def test_no_reader_is_brought_down():
    for target in targets():
        tally = campaign(target, 0, seconds=60, inputs=8 if target.name.startswith("clip") else 40)
        assert tally.inputs >= 8
        assert [what for what, _ in tally.findings] == [], target.name
