"""Every reason for saying little or nothing is reached, and says what to do."""

import re
from dataclasses import replace

import numpy as np
import pytest
from helpers.traces import make_trace

from fascidetect.model import FAULTS, Unusable
from fascidetect.quality.usable import FROZEN
from fascidetect.quality.verdict import REMEDIES, Measured, make_quality
from fascidetect.settings import QualitySettings

NAN = float("nan")
GOOD = Measured(0.03, 0.1, 0.2, unfit=False, analyzed_share=0.6)
ASK = QualitySettings()
FPS = 15


def judged(trace, unusable=(), measured=GOOD):
    return make_quality(trace, tuple(unusable), measured, ASK)


def good(duration_s=40.0, **changes):
    return make_trace(duration_s=duration_s, fps=FPS, **changes)


def test_a_good_clip_is_ok():
    quality = judged(good())
    assert (quality.verdict, quality.reasons, quality.area) == ("ok", (), "roi")
    assert quality.usable_s == pytest.approx(40)
    # px of the full picture: 2 for each analysis_px here
    assert (quality.noise_px, quality.limit50_px, quality.limit90_px) == pytest.approx((0.06, 0.2, 0.4))


def texture_free():
    return good(texture=np.zeros((27, 48)))


def black():
    return good(reference=np.full((270, 480), 3, np.uint8))


def frozen():
    return good(repeated=np.arange(40 * FPS) > 5)


def one_frame():
    return make_trace(duration_s=0.1, fps=10)


@pytest.mark.parametrize(
    ("trace", "unusable", "measured", "words"),
    [
        (one_frame, (), GOOD, "single frame"),
        (black, (), GOOD, "almost black: film in good light"),
        (frozen, (), GOOD, "the picture never changes"),
        (texture_free, (), GOOD, "nothing to follow in the picture: go closer"),
        (lambda: good(3.0), (), GOOD, r"too short \(3.0 s; at least 5 s are needed\): film for 60 to 90 s"),
        (good, [Unusable(2, 39, "no frames")], GOOD, r"only 3.0 s of 40.0 s can be used \(no frames\)"),
        (
            lambda: good(area="skin"),
            (),
            replace(GOOD, analyzed_share=0.01),
            "hardly any of the picture can be read .*: go closer",
        ),
        (good, (), replace(GOOD, analyzed_share=0.1), "hardly any of the given area can be read .*: make it larger"),
        (good, (), replace(GOOD, unfit=True), "compression freezes and pops .*: use the original file"),
    ],
)
def test_nothing_is_said_where_nothing_can_be_told(trace, unusable, measured, words):
    quality = judged(trace(), unusable, measured)
    assert quality.verdict == "cannot_analyze"
    (reason,) = quality.reasons  # the first that explains the others
    assert re.search(words, reason)
    assert (quality.noise_px, quality.limit50_px, quality.limit90_px) == (None, None, None)


@pytest.mark.parametrize(
    ("trace", "unusable", "measured", "words"),
    [
        (lambda: good(12.0), (), GOOD, "too short for a rate (12 s usable; at least 20 s are needed)"),
        (
            good,
            [Unusable(5, 30, "no frames")],
            GOOD,
            "only 15 s of 40 s could be used (mostly no frames): film again",
        ),
        (
            lambda: good(area="whole picture"),
            (),
            GOOD,
            "could not be told from the background by color or depth, so",
        ),
        (lambda: good(area="skin"), (), replace(GOOD, analyzed_share=0.1), "only 10 % of the picture was analyzed"),
        (lambda: with_bits(0.02), (), GOOD, "strongly compressed (0.020 bits per pixel and frame)"),
        (lambda: make_trace(duration_s=40, fps=12), (), GOOD, "only 12 frames per second"),
        (good, (), replace(GOOD, limit50_px=0.5), "of movements of 1 px only half would show: go closer"),
    ],
)
def test_doubts_are_told_and_the_clip_is_judged(trace, unusable, measured, words):
    quality = judged(trace(), unusable, measured)
    assert quality.verdict == "limited"
    assert any(words in reason for reason in quality.reasons), quality.reasons
    assert quality.noise_px is not None


@pytest.mark.parametrize(("limit_720px", "verdict"), [(1.2, "ok"), (1.3, "limited")])
def test_what_shows_is_compared_at_720_lines(limit_720px, verdict):
    trace = good()
    px_720 = 720 / 540 * trace.geometry.px_per_analysis_px
    assert judged(trace, (), replace(GOOD, limit50_px=limit_720px / px_720)).verdict == verdict


def with_bits(bits):
    trace = good()
    return replace(trace, clip=replace(trace.clip, bits_per_px=bits))


def test_a_small_area_that_was_asked_for_is_no_doubt():
    mask = np.zeros((27, 48))
    mask[10:17, 20:30] = 1
    assert judged(good(area="roi", mask=mask), (), replace(GOOD, analyzed_share=0.05)).verdict == "ok"


def test_what_was_never_seen_is_no_small_limit():
    quality = judged(good(), (), replace(GOOD, limit50_px=NAN, limit90_px=NAN))
    assert (quality.limit50_px, quality.limit90_px) == (None, None)


def test_warnings_are_told_once():
    trace = good()
    trace = replace(trace, clip=replace(trace.clip, warnings=("a", "b")), warnings=("b", "c"))
    assert judged(trace).warnings == ("a", "b", "c")


def test_no_frames_at_all_are_told():
    quality = judged(make_trace(duration_s=0), (), replace(GOOD, noise_px=NAN))
    assert quality.verdict == "cannot_analyze"
    assert quality.usable_s == 0


def test_every_remedy_is_for_a_reason_that_is_given():
    given = {*FAULTS, FROZEN, "no frames", "the limb itself moves", "disturbed picture"}
    assert set(REMEDIES) <= given
