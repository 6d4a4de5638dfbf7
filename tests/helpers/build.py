"""Small results made by hand, so that what is written about them can be checked without a video."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from fascidetect.model import (
    Activity,
    ClipFacts,
    Event,
    Focus,
    Minute,
    Quality,
    Rejection,
    Result,
    Summary,
    Sustained,
    Unusable,
)
from fascidetect.report.export import Run, write_result, write_tables
from fascidetect.settings import Settings


def example_facts(**changes: Any) -> ClipFacts:
    facts = ClipFacts(
        name="calf.mp4",
        sha256="0" * 64,
        width_px=1920,
        height_px=1080,
        duration_s=42.5,
        n_frames=1275,
        median_fps=29.97,
        vfr=False,
        rotation_deg=90,
        codec="hevc",
        bits_per_px=0.1234567,
    )
    return dataclasses.replace(facts, **changes)


def example_event(peak_s: float = 5.0, **changes: Any) -> Event:
    event = Event(
        id=f"e{round(peak_s * 1000):07d}-12-8",
        onset_s=peak_s - 0.0512345678,
        peak_s=peak_s,
        offset_s=peak_s + 0.2,
        duration_s=0.2512345678,
        peak_clock=f"0:{peak_s:06.3f}",
        peak_frame=round(peak_s * 30),
        x_px=400.123456,
        y_px=300.0,
        box_x_px=350.0,
        box_y_px=250.0,
        box_w_px=100.0,
        box_h_px=100.0,
        ref_x_px=401.0,
        ref_y_px=301.0,
        amplitude_px=1.23456789,
        amplitude_mm=None,
        snr=12.3456,
        confidence=0.87654,
        focus=1,
    )
    return dataclasses.replace(event, **changes)


def example_quality(**changes: Any) -> Quality:
    quality = Quality(
        verdict="ok",
        reasons=(),
        usable_s=40.0,
        unusable=(Unusable(10.0, 12.5, "shaken"),),
        noise_px=0.05,
        limit50_px=0.4,
        limit90_px=0.7,
        analyzed_share=0.62,
        warnings=(),
        area="skin",
    )
    return dataclasses.replace(quality, **changes)


def example_result(**changes: Any) -> Result:
    """Two counted movements, two rejected ones, one place; ``changes`` replace whole fields."""
    events = (example_event(5.0), example_event(9.0))
    result = Result(
        clip=example_facts(),
        quality=example_quality(),
        summary=Summary(2, 3.0, 0.363, 10.84, 1, {"rhythmic": 1, "edge": 1}),
        events=events,
        rejections=(
            Rejection(example_event(20.0, focus=0), "rhythmic"),
            Rejection(example_event(15.0, focus=0), "edge"),
        ),
        sustained=(),
        per_minute=(Minute(1, 0.0, 42.5, 40.0, 2, 3.0, 0.363, 10.84),),
        foci=(Focus(1, 401.0, 301.0, 40.0, 2, 3.0, 4.0, None, None),),
        settings=Settings(),
        activity=Activity(np.arange(3.0), np.zeros(3), 7.5, np.zeros((2, 2)), np.full((2, 2), np.nan)),
    )
    return dataclasses.replace(result, **changes)


def empty_result(**changes: Any) -> Result:
    """Nothing seen in 42 usable seconds."""
    nothing: dict[str, Any] = {
        "quality": example_quality(usable_s=42.0, unusable=()),
        "summary": Summary(0, 0.0, 0.0, 5.27, 0, {}),
        "events": (),
        "rejections": (),
        "per_minute": (Minute(1, 0.0, 42.5, 42.0, 0, 0.0, 0.0, 5.27),),
        "foci": (),
    }
    return example_result(**{**nothing, **changes})


def unfit_result(**changes: Any) -> Result:
    """A clip that cannot be judged."""
    quality = example_quality(
        verdict="cannot_analyze",
        reasons=("only 3.2 s of usable video, at least 5 s are needed",),
        usable_s=3.2,
        limit50_px=None,
        limit90_px=None,
    )
    summary = Summary(0, None, None, None, 0, {})
    return empty_result(**{"quality": quality, "summary": summary, "per_minute": (), **changes})


def rhythm(**changes: Any) -> Sustained:
    return dataclasses.replace(Sustained("rhythmic", 400.0, 300.0, 40.0, 0.0, 42.0, 1.2, 38), **changes)


def continuous(**changes: Any) -> Sustained:
    return dataclasses.replace(Sustained("continuous", 400.0, 300.0, 40.0, 0.0, 42.0, None, 0), **changes)


def example_run() -> Run:
    return Run("0.1.0", {"numpy": "2.0"}, "2026-01-01T00:00:00Z", 12.3)


def write_results(folder: Path, result: Result) -> None:
    """Write the tables and the document of a result into a folder."""
    write_tables(result, folder)
    write_result(result, example_run(), folder / "result.json")
