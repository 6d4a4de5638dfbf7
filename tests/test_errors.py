"""What an error says about itself."""

from __future__ import annotations

import errno

import cv2
import pytest

from fascidetect.errors import FasciError, lacks_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        SystemError("error return without exception set"),
        ImportError("some.so: failed to map segment from shared object"),
        ImportError("some.so: cannot map zero-fill pages"),
        RuntimeError("can't start new thread"),
        cv2.error("alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 1800000000 bytes"),
        cv2.error("std::bad_alloc"),
    ],
)
def test_many_ways_to_say_that_memory_has_run_out(error):
    assert lacks_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SystemError("bad argument to internal function"),
        OSError(errno.EAGAIN, "Resource temporarily unavailable"),
        ImportError("No module named 'some'"),
        ImportError("some.so: cannot allocate memory in static TLS block"),
        ImportError("some.so: failed to map segment from shared object: Operation not permitted"),
        RuntimeError("generator raised StopIteration"),
        cv2.error("resize.cpp:1: error: (-215:Assertion failed) !ssize.empty()"),
        FasciError("memory"),
    ],
)
def test_other_errors_are_not_taken_for_it(error):
    assert not lacks_memory(error)


def test_an_error_is_one_printable_line():
    assert str(FasciError("no such file: a\nb\x1b[2J.mp4")) == "no such file: a?b?[2J.mp4"
