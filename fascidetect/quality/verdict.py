"""ok, limited or cannot_analyze, with the reason and what to do about it, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fascidetect.model import ByteArray, Quality, Registration, Unusable, Verdict
from fascidetect.quality.copy import copy_words, looks_like_a_copy
from fascidetect.quality.usable import usable_seconds
from fascidetect.settings import LINES, QualitySettings

DARK = 20.0  # gray level below which even the brighter parts of the picture show nothing
PLAIN = 0.003  # mean squared contrast gradient below which there is nothing to follow
LEAST_SHARE, LEAST_OF_ROI = 0.02, 0.2  # of the picture, of an area that was asked for; from less nothing is concluded
SMALL_SHARE = 0.25  # of the picture; less, found automatically, is said loudly
ROUNDING_S = 0.04
MOSTLY_UNUSABLE = 0.5
SLOW_FPS = 15.0
LOW_BITS_PER_PX = 0.05  # small movements are erased by the codec below about this

BLACK = "the picture is almost black: film in good light, best from the side"
FROZEN = "the picture never changes: it is a still or frozen picture, not a film"
BLANK = "there is nothing to follow in the picture: go closer, focus on the skin, light from the side"
GONE = (
    "hardly any of the picture can be read (not enough texture, or not in view long enough): "
    "go closer, focus on the skin, rest the phone on something, or give an area with --roi"
)
GONE_AREA = "hardly any of the given area can be read (not enough texture, or not in view long enough): make it larger"
FREEZES = (
    "the compression freezes and pops the picture, so small movements cannot be told from it: "
    "use the original file, not a copy sent through a messenger"
)


STEADY = "rest the phone on something and keep the limb still"
REMEDIES = {
    "out of focus": "tap the skin on the screen to hold the focus, and do not go closer than the phone can focus",
    "dark or clipped": "film in good light from the side, without glare",
    "covered": "keep the lens and the skin free",
    "the limb itself moves": "let the limb lie and move nothing on purpose",
    "disturbed picture": "use the original file, and keep hands, cloth and shadows out of the picture",
    "frozen picture": "film again, or use the original file",
    "no frames": "film again, or use the original file",
}
"""What to do about time that was lost; for anything else `STEADY`."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the event half learned about the clip; lengths in analysis_px, NaN where unknown."""

    noise_px: float
    limit50_px: float
    limit90_px: float
    unfit: bool
    analyzed_share: float


def make_quality(
    trace: Registration, unusable: tuple[Unusable, ...], measured: Measured, settings: QualitySettings
) -> Quality:
    """Judge a clip.

    Parameters
    ----------
    trace
        Of the whole clip.
    unusable
        From `find_unusable`.
    measured
        From the event half.

    Returns
    -------
    Quality
        With lengths in px of the full picture.
    """
    usable_s = _usable_s(trace, unusable)
    fatal = _fatal(trace, usable_s, unusable, measured, settings)
    doubts = [] if fatal else _doubts(trace, usable_s, unusable, measured, settings)
    verdict: Verdict = "cannot_analyze" if fatal else "limited" if doubts else "ok"
    scale = trace.geometry.px_per_analysis_px
    lengths = (measured.noise_px, measured.limit50_px, measured.limit90_px)
    noise, limit50, limit90 = (None if fatal or not np.isfinite(v) else v * scale for v in lengths)
    return Quality(
        verdict=verdict,
        reasons=tuple(fatal or doubts),
        usable_s=usable_s,
        unusable=unusable,
        noise_px=noise,
        limit50_px=limit50,
        limit90_px=limit90,
        analyzed_share=measured.analyzed_share,
        warnings=tuple(dict.fromkeys((*trace.clip.warnings, *trace.warnings))),
        area=trace.area,
    )


def long_enough(usable_s: float, needed_s: float) -> bool:
    """Whether there is as much time as is needed, give or take a frame: stamps are rounded."""
    return usable_s >= needed_s - ROUNDING_S


def _usable_s(trace: Registration, unusable: tuple[Unusable, ...]) -> float:
    if len(trace.time_s) < 2:
        return 0.0
    end_s = float(trace.time_s[-1]) + trace.median_interval_s
    return usable_seconds(float(trace.time_s[0]), end_s, unusable)


def _fatal(
    trace: Registration,
    usable_s: float,
    unusable: tuple[Unusable, ...],
    measured: Measured,
    settings: QualitySettings,
) -> list[str]:
    """The reason for saying nothing that explains the others; empty where something can be said."""
    if len(trace.time_s) < 2:
        return ["the clip holds a single frame, so no movement can be seen: film for 60 to 90 s"]
    chosen = trace.mask > 0.5
    texture = float(np.median(trace.texture[chosen])) if chosen.any() else 0.0
    least = LEAST_OF_ROI * float(chosen.mean()) if trace.area == "roi" else LEAST_SHARE
    rules = (
        (_percentile(trace.reference, 95) < DARK, BLACK),
        (bool(np.mean(trace.repeated) > MOSTLY_UNUSABLE), FROZEN),
        (texture < PLAIN, BLANK),
        (not long_enough(usable_s, settings.min_clip_s), _too_little(trace, usable_s, unusable, settings)),
        (not measured.analyzed_share >= least, GONE_AREA if trace.area == "roi" else GONE),
        (measured.unfit, FREEZES),
    )
    return [words for holds, words in rules if holds][:1]


def _too_little(trace: Registration, usable_s: float, unusable: tuple[Unusable, ...], settings: QualitySettings) -> str:
    length_s = float(trace.time_s[-1] - trace.time_s[0]) + trace.median_interval_s
    needed = f"at least {settings.min_clip_s:g} s are needed"
    if not long_enough(length_s, settings.min_clip_s + ROUNDING_S):
        return f"the clip (or the chosen part of it) is too short ({length_s:.1f} s; {needed}): film for 60 to 90 s"
    worst = _worst(unusable)
    return (
        f"only {np.floor(10 * usable_s) / 10:.1f} s of {length_s:.1f} s can be used ({worst or 'no usable frames'}); "
        f"{needed}: {REMEDIES.get(worst, STEADY)}"
    )


def _worst(unusable: tuple[Unusable, ...]) -> str:
    """The reason that most time was lost to; "" where none was."""
    lost = {u.reason: 0.0 for u in unusable}
    for u in unusable:
        lost[u.reason] += u.end_s - u.start_s
    return max(lost, key=lambda reason: lost[reason], default="")


def _doubts(
    trace: Registration,
    usable_s: float,
    unusable: tuple[Unusable, ...],
    measured: Measured,
    settings: QualitySettings,
) -> list[str]:
    length_s, worst = float(trace.time_s[-1] - trace.time_s[0]), _worst(unusable)
    share, bits, copied = measured.analyzed_share, trace.clip.bits_per_px, looks_like_a_copy(trace.clip)
    limit_px = measured.limit50_px * trace.geometry.px_per_analysis_px
    rules = (
        (
            not long_enough(usable_s, settings.min_rate_s),
            f"too short for a rate ({usable_s:.0f} s usable; at least {settings.min_rate_s:g} s are needed): "
            "film for 60 to 90 s",
        ),
        (
            usable_s < MOSTLY_UNUSABLE * length_s,
            f"only {usable_s:.0f} s of {length_s:.0f} s could be used (mostly {worst}): {REMEDIES.get(worst, STEADY)}",
        ),
        (
            trace.area == "whole picture",
            "the skin could not be told from the background by color or depth, so the whole picture was analyzed: "
            "check the outline, or give --roi",
        ),
        (
            trace.area in ("skin", "parallax") and share < SMALL_SHARE,
            f"only {100 * share:.0f} % of the picture was analyzed: check the outline, go closer, or give --roi",
        ),
        (copied, copy_words(trace.clip)),
        (
            0 < bits < LOW_BITS_PER_PX and not copied,
            f"strongly compressed ({bits:.3f} bits per pixel and frame): small movements may be erased; "
            "use the original file",
        ),
        (
            0 < trace.clip.median_fps < SLOW_FPS,
            f"only {trace.clip.median_fps:.0f} frames per second: brief movements may be missed; film at 30 or 60",
        ),
        (
            _at_720(limit_px, trace) > settings.ok_limit_720px,
            f"of movements of {limit_px:.2g} px only half would show: "
            "go closer, more light, and rest the phone on something",
        ),
    )
    return [words for holds, words in rules if holds]


def _at_720(length_px: float, trace: Registration) -> float:
    """Bring a length in px of the full picture to a picture of 720 lines."""
    return length_px * LINES / min(trace.geometry.width_px, trace.geometry.height_px)


def _percentile(picture: ByteArray, q: float) -> float:
    return float(np.percentile(picture, q))
