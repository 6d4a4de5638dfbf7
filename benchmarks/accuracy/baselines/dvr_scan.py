"""DVR-Scan, the installed program: as shipped, and set for brief and small movements. It tells no place.

It brings an OpenCV of its own, so it lives in an environment of its own (requirements-dvr-scan.txt);
``--dvr-scan`` or ``FASCIDETECT_DVR_SCAN`` name the program.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from baselines.sighting import Sighting, Sightings
from fascidetect.video.reader import Clip

VARIABLE = "FASCIDETECT_DVR_SCAN"
COMMON = ("-so", "-q", "--use-pts", "--ignore-user-config")
TUNED = ("-k", "0", "-l", "2", "-tb", "0s", "-tp", "0.3s")
"""With the noise filter on (``-k 3``) twitches vanish at any threshold."""


SHIPPED_THRESHOLD = 0.15
SHIPPED_PADDING_S = (1.5, 2.0)
TUNED_PADDING_S = (0.0, 0.3)
"""The program adds this before and after; the middle of what is left is the event's time."""


def program() -> str | None:
    """The program, if there is one."""
    return shutil.which(os.environ.get(VARIABLE, "") or "dvr-scan")


@cache
def version() -> str:
    """First line of what the program says of itself; empty without it."""
    found = program()
    if found is None:
        return ""
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    return (said.stdout.strip() or said.stderr.strip()).partition("\n")[0]


def find_shipped(path: Path, thresholds: Sequence[float]) -> Sightings:
    """Run it as it is shipped, whatever the threshold."""
    found = parse(_said(path, ()), *SHIPPED_PADDING_S)
    return dict.fromkeys(thresholds, found)


def find_tuned(path: Path, thresholds: Sequence[float]) -> Sightings:
    """Run it for each threshold."""
    with Clip(path) as clip:
        frame_s = 1 / (clip.facts.median_fps or 30)
    before_s, after_s = TUNED_PADDING_S
    return {t: parse(_said(path, ("-t", f"{t:g}", *TUNED)), before_s, after_s + frame_s) for t in thresholds}


def parse(said: str, before_s: float, after_s: float) -> tuple[Sighting, ...]:
    """Read ``start,end,start,end,...`` from the last line; each less its padding, its middle taken."""
    lines = said.strip().splitlines()
    times = [_seconds(word) for word in lines[-1].split(",")] if lines else []
    if len(times) % 2:
        raise ValueError(f"DVR-Scan gives pairs of times, got {lines[-1]!r}")
    spans = zip(times[::2], times[1::2], strict=True)
    return tuple(Sighting((a + (before_s if a > 0 else 0.0) + max(a, b - after_s)) / 2) for a, b in spans)


def _seconds(clock: str) -> float:
    hours, minutes, seconds = clock.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def _said(path: Path, options: Sequence[str]) -> str:
    found = program()
    if found is None:
        raise FileNotFoundError(f"DVR-Scan is not installed; name it with --dvr-scan or {VARIABLE}")
    words = [found, "-i", str(path), *COMMON, *options]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout
