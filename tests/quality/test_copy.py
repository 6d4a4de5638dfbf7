"""A copy is told by several signs together; each alone is innocent."""

from dataclasses import replace

import pytest
from helpers.synthetic import facts
from helpers.traces import GRID, make_trace

from fascidetect.quality.copy import looks_like_a_copy
from fascidetect.quality.verdict import Measured, make_quality
from fascidetect.settings import QualitySettings

COPY = replace(facts(GRID, 1800, 30.0), codec="h264", bits_per_px=0.06, camera_tags=False)


def test_all_signs_together_are_a_copy():
    assert looks_like_a_copy(COPY)


@pytest.mark.parametrize(
    "sign",
    [
        {"camera_tags": True},
        {"camera_tags": None},  # a result of an older version
        {"codec": "hevc"},
        {"width_px": 1920, "height_px": 1080},
        {"bits_per_px": 0.15},
        {"bits_per_px": 0.0},  # not known
    ],
)
def test_one_sign_less_is_none(sign):
    assert not looks_like_a_copy(replace(COPY, **sign))


def test_the_verdict_says_so_once_with_what_to_do():
    trace = replace(make_trace(duration_s=40, fps=15), clip=replace(COPY, bits_per_px=0.03))
    good = Measured(0.03, 0.1, 0.2, unfit=False, analyzed_share=0.6)
    quality = make_quality(trace, (), good, QualitySettings())
    (reason,) = quality.reasons  # and not also that it is strongly compressed
    assert quality.verdict == "limited"
    assert reason.startswith("probably a re-compressed copy")
    assert "(960 x 540 px, 0.03 bits per pixel and frame, no mark of a camera)" in reason
    assert reason.endswith("use the original file")
