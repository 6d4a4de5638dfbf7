"""What is said about clips of real cameras that lie beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from fascidetect.pipeline import analyze, detect, measure
from fascidetect.settings import DetectSettings, Settings

ROOT = Path(os.environ.get("FASCIDETECT_CLIPS", Path(__file__).parents[2] / "shared" / "clips"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ROOT.is_dir(), reason="no real clips: set FASCIDETECT_CLIPS to their folder"),
]

CONTRACTIONS_S = np.array([15, 40, 63, 88, 112, 136, 160, 185]) / 30
"""Peaks of a real muscle that beats, as its makers measured them."""


@pytest.fixture(scope="module")
def muscle():
    return measure(ROOT / "contraction" / "microbundle-8-contractions.mp4")


def test_a_beating_muscle_is_counted_on_demand(muscle):
    result = detect(muscle, Settings(detect=DetectSettings(keep=("rhythmic",))))
    # A contraction lasts 0.4 s and its top is broad; parts of the tissue get there up to 0.1 s before its middle.
    assert [e.peak_s for e in result.events] == pytest.approx(CONTRACTIONS_S, abs=0.15)


def test_a_beating_muscle_is_named_rhythmic(muscle):
    result = detect(muscle)
    assert result.events == ()
    assert result.summary.n_rejected["rhythmic"] == 8
    rates = [place.rate_hz for place in result.sustained if place.kind == "rhythmic"]
    assert rates == pytest.approx([7 / (170 / 30)] * len(rates), rel=0.03)
    assert rates != []


@pytest.mark.parametrize("name", ["shake/sp_1.mp4", "shake/js_iphone_rotated.mov"])
def test_what_cannot_be_judged_is_refused(name):
    """A walk with the phone, and a blank wall."""
    result = analyze(ROOT / name)
    assert result.quality.verdict == "cannot_analyze"
    assert result.quality.reasons != ()
    assert result.events == ()
    assert result.summary.rate_per_min is None
