"""What an error says about itself."""

from __future__ import annotations

import errno

import cv2
import pytest

from fascidetect.errors import FasciError, lacks_memory


def cv_error(code):
    error = cv2.error("...")
    error.code = code
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        OSError(errno.EAGAIN, "Resource temporarily unavailable"),
        SystemError("error return without exception set"),
        ImportError("some.so: failed to map segment from shared object"),
        ImportError("some.so: cannot map zero-fill pages"),
        RuntimeError("can't start new thread"),
        cv_error(-4),
    ],
)
def test_many_ways_to_say_that_memory_has_run_out(error):
    assert lacks_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SystemError("bad argument to internal function"),
        ImportError("No module named 'some'"),
        RuntimeError("generator raised StopIteration"),
        cv_error(-5),
        FasciError("memory"),
    ],
)
def test_other_errors_are_not_taken_for_it(error):
    assert not lacks_memory(error)


def test_an_error_is_one_printable_line():
    assert str(FasciError("no such file: a\nb\x1b[2J.mp4")) == "no such file: a?b?[2J.mp4"
