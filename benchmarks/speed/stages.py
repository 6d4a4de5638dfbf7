"""CPU time of every stage of one analysis, all in one thread."""

from __future__ import annotations

import functools
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av

from fascidetect import pipeline
from fascidetect.motion import measure as pixel_half
from fascidetect.video import container, reader
from fascidetect.video.writer import VideoWriter

DECODING = "decoding"
STARTING = "opening: hash, stamps, first pictures"
REST = "everything else"

STAGES: tuple[tuple[Any, str, str], ...] = (
    (pixel_half, "smooth", "contrast"),
    (pixel_half, "local_contrast", "contrast"),
    (pixel_half, "make_pair", "contrast"),
    (pixel_half, "displaced", "registration"),
    (pixel_half.Tracker, "follow", "registration"),
    (pixel_half, "measure_cells", "cells: warp, displacement, shading"),
    (pixel_half.MotionMeter, "_learn", "reference and its renewal"),
    (pixel_half.LocalGuess, "learn", "local guess, finding the skin"),
    (pixel_half.SubjectVotes, "look", "local guess, finding the skin"),
    (pixel_half.GrowingArray, "append", "writing the trace"),
    (pipeline, "save_trace", "writing the trace"),
    (pipeline, "save_candidates", "writing the trace"),
    (pipeline, "seek", "event half"),
    (pipeline, "make_result", "event half"),
    (pipeline, "write_timeline", "timeline.png and tables"),
    (pipeline, "write_tables", "timeline.png and tables"),
    (pipeline, "write_result", "timeline.png and tables"),
    (VideoWriter, "write", "overlay: encoding"),
    (VideoWriter, "_finish", "overlay: encoding"),
    (reader.Clip, "__init__", STARTING),
)
"""Where a function is looked up, its name, and the stage to which its time is put down."""

STREAMS: tuple[tuple[Any, str, str], ...] = (
    (reader.Clip, "frames", "reducing to working size"),
    (reader.Clip, "pictures", "overlay: decoding again, to RGB"),
    (pipeline, "draw_overlay", "overlay: drawing"),
)
"""The same for what hands out item by item."""


class Stopwatch:
    """CPU time by stage, each moment put down to the innermost stage that is running."""

    def __init__(self) -> None:
        self.spent_s: dict[str, float] = defaultdict(float)
        self._running: list[str] = [REST]
        self._since_s = time.process_time()

    def lap(self) -> None:
        """Put the time since the last lap down to what is running."""
        now_s = time.process_time()
        self.spent_s[self._running[-1]] += now_s - self._since_s
        self._since_s = now_s

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.lap()
        self._running.append(name)
        try:
            yield
        finally:
            self.lap()
            self._running.pop()

    def function(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        @functools.wraps(call)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.stage(name):
                return call(*args, **kwargs)

        return timed

    def stream(self, call: Callable[..., Iterable[Any]], name: str) -> Callable[..., Iterator[Any]]:
        @functools.wraps(call)
        def timed(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with self.stage(name):
                items = iter(call(*args, **kwargs))
            while True:
                with self.stage(name):
                    item = next(items, None)
                if item is None:
                    return
                yield item

        return timed

    def decoder(self, call: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """Decoding for the measurement is a stage of its own; the overlay's belongs to the overlay."""
        timed = self.stream(call, DECODING)

        def chosen(*args: Any) -> Iterator[Any]:
            return call(*args) if "overlay" in self._running[-1] else timed(*args)

        return chosen


@contextmanager
def one_thread(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open as the program does, but decode in the thread that asks, so that its time can be told."""
    with container.open_track(path) as (opened, stream):
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        yield opened, stream


def stages(path: str) -> dict[str, float]:
    """CPU seconds by stage of a whole analysis with overlay. Changes the package: for a process of its own."""
    watch = Stopwatch()
    for owner, name, stage in STAGES:
        setattr(owner, name, watch.function(getattr(owner, name), stage))
    for owner, name, stage in STREAMS:
        setattr(owner, name, watch.stream(getattr(owner, name), stage))
    reader.decoded = watch.decoder(reader.decoded)
    reader.open_track = one_thread
    with tempfile.TemporaryDirectory() as scratch:
        watch.lap()
        watch.spent_s.clear()  # importing is no stage
        pipeline.analyze_to_folder(path, Path(scratch) / "results")
        watch.lap()
    return dict(watch.spent_s)


def decode(path: str, threads: str) -> int:
    """Decode a clip, look at the luma plane of every frame, and do nothing else; "NONE" = one thread."""
    n_frames = 0
    with av.open(path) as opened:
        stream = opened.streams.video[0]
        stream.thread_type = threads
        if threads == "NONE":
            stream.codec_context.thread_count = 1
        for frame in opened.decode(stream):
            memoryview(frame.planes[0])[0]
            n_frames += 1
    return n_frames
