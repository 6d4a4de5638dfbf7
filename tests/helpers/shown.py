"""A result to look at, made without analyzing: a clip whose pictures tell their number, its overlay, its report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fascidetect.model import Event, MotionTrace, Picture, Rejection, Result
from fascidetect.motion.store import save_trace
from fascidetect.report.compose import make_page
from fascidetect.report.html import write_report
from fascidetect.report.layout import Layout
from fascidetect.report.overlay import draw_overlay
from fascidetect.report.page import OVERLAY
from fascidetect.report.strips import StripTaker
from fascidetect.video.container import sha256_of
from fascidetect.video.writer import VideoWriter
from helpers.build import example_run, write_results
from helpers.synthetic import make_event, make_result, make_trace

WIDTH, HEIGHT, FPS, DURATION_S = 480, 270, 20.0, 6.0
BITS, BLOCK_PX = 8, 30
"""The number of a picture stands in its upper left corner, a block for each bit, the highest first."""


def numbered(trace: MotionTrace) -> Iterator[Picture]:
    """Gray pictures with their number in blocks."""
    for index, time_s in enumerate(trace.time_s.tolist()):
        picture = np.full((HEIGHT, WIDTH, 3), 110, np.uint8)
        for bit in range(BITS):
            picture[:BLOCK_PX, bit * BLOCK_PX : (bit + 1) * BLOCK_PX] = 235 * (index >> (BITS - 1 - bit) & 1)
        yield Picture(index, time_s, picture)


def number_in(picture: np.ndarray, scale: float = 1.0) -> int:
    """Read the number of a picture, (h, w[, 3]), that is shown at this scale."""
    middle = [round(scale * (bit + 0.5) * BLOCK_PX) for bit in range(BITS)]
    bits = [int(np.mean(picture[round(scale * BLOCK_PX / 2), x]) > 118) for x in middle]
    return int("".join(map(str, bits)), 2)


def shown_result(peaks_s: tuple[float, ...] = (1.0, 2.5, 4.0), label: str = "") -> tuple[MotionTrace, Result]:
    """Movements at these times, at two places; one more that was too faint."""
    trace = make_trace(WIDTH, HEIGHT, duration_s=DURATION_S, fps=FPS)
    events = tuple(_event(trace, t, 1 + n % 2) for n, t in enumerate(peaks_s))
    faint = dataclasses.replace(_event(trace, 5.2, 0), snr=7.0, focus=0)
    result = make_result(trace, events, (Rejection(faint, "below_threshold"),))
    report = dataclasses.replace(result.settings.report, label=label)
    return trace, dataclasses.replace(result, settings=dataclasses.replace(result.settings, report=report))


def _event(trace: MotionTrace, peak_s: float, focus: int) -> Event:
    return make_event(trace, peak_s, (0.7, 0.4) if focus == 2 else (0.35, 0.6), focus=focus)


def write_shown(clip: Path, folder: Path, label: str = "", peaks_s: tuple[float, ...] = (1.0, 2.5, 4.0)) -> Result:
    """Write a clip and its results folder with everything that can be looked at."""
    trace, result = shown_result(peaks_s, label)
    with VideoWriter(clip, WIDTH, HEIGHT) as video:
        for picture in numbered(trace):
            video.write(picture.rgb, picture.time_s)
    facts = dataclasses.replace(result.clip, name=clip.name, sha256=sha256_of(clip))
    result, trace = dataclasses.replace(result, clip=facts), dataclasses.replace(trace, clip=facts)
    folder.mkdir()
    layout, taker = Layout.plan(WIDTH, HEIGHT), StripTaker(trace, result.events)
    with VideoWriter(folder / OVERLAY, layout.width, layout.height) as video:
        for picture in draw_overlay(taker.watch(numbered(trace)), trace, result, result.settings.report):
            video.write(picture.rgb, picture.time_s)
    save_trace(folder / "trace.npz", trace)
    write_results(folder, result)
    write_report(make_page(trace, result, example_run(), taker.strips(), layout), folder)
    return result
