"""The process that decodes one clip for `fascidetect.video.isolated`: ``python -m fascidetect.video.child``."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import traceback
from dataclasses import replace
from typing import BinaryIO

import cv2

from fascidetect.errors import FasciError, lacks_memory
from fascidetect.video import messages
from fascidetect.video.messages import Alive, AskFrames, Ended, Failed, GotFrame, GotPicture, Opened, Pixels, Request
from fascidetect.video.reader import Clip

_PULSE_S = 1.0
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Answer what is asked on stdin until it ends."""
    # Only our messages go out: what a library prints to stdout must not come between them.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which ends us
    _end_with_parent()
    cv2.setNumThreads(1)
    try:
        _serve(sys.stdin.buffer, answers)
    except BrokenPipeError:  # the parent is gone
        os._exit(1)
    except FasciError as error:
        messages.send(answers, Failed(type(error).__name__, os.fsencode(str(error))))
    except Exception as error:  # noqa: BLE001 - a bug: told with its traceback by the parent
        if lacks_memory(error):
            messages.send(answers, Failed("MemoryError", b""))
        else:
            messages.send(answers, Failed("", os.fsencode(traceback.format_exc())))


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    asked = messages.receive(requests)
    if asked is None:
        return
    first = messages.read_open(asked)
    _limit_memory(first.memory_bytes)
    with Clip(os.fsdecode(first.path), first.settings, pulse=_Pulse(answers)) as clip:
        messages.send(answers, Opened(replace(clip.facts, name=""), clip.n_expected))
        while (asked := messages.receive(requests)) is not None:
            _answer(clip, messages.read_request(asked), answers)
            messages.send(answers, Ended(clip.warnings))


def _answer(clip: Clip, request: Request, answers: BinaryIO) -> None:
    if isinstance(request, AskFrames):
        for frame in clip.frames(request.geometry, chroma_every_s=request.chroma_every_s):
            chroma = None if frame.chroma is None else Pixels.of(frame.chroma)
            told = GotFrame(frame.index, frame.time_s, Pixels.of(frame.luma), chroma, frame.key_frame, frame.repeated)
            messages.send(answers, told)
    else:
        for picture in clip.pictures(request.long_side_px):
            messages.send(answers, GotPicture(picture.index, picture.time_s, Pixels.of(picture.rgb)))


class _Pulse:
    """Says once in a while that work goes on."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._last_s = time.monotonic()

    def __call__(self) -> None:
        now_s = time.monotonic()
        if now_s - self._last_s >= _PULSE_S:
            self._last_s = now_s
            messages.send(self._answers, Alive())


def _end_with_parent() -> None:
    """Have the system end us when our parent is killed: a decoder that hangs would not notice."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit_memory(n_bytes: int) -> None:
    """Have the system refuse what goes beyond, where it can."""
    if sys.platform == "linux":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        limit = n_bytes if hard == resource.RLIM_INFINITY else min(n_bytes, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


if __name__ == "__main__":
    main()
