"""What is said about a clip, from the candidates of its movements: no video, no trace."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from fascidetect.events.decide import Found, decide
from fascidetect.events.describe import make_event
from fascidetect.events.places import make_foci, make_sustained
from fascidetect.events.seek import Window
from fascidetect.model import Activity, Quality, Registration, Rejection, Result, Summary
from fascidetect.quality.rate import per_minute, rate_per_min
from fascidetect.quality.usable import find_unusable, join
from fascidetect.quality.verdict import Measured, long_enough, make_quality
from fascidetect.settings import Settings

_log = logging.getLogger(__name__)


def make_result(about: Registration, windows: Sequence[Window], settings: Settings) -> Result:
    """Judge, group and count the candidates of a clip.

    Parameters
    ----------
    about
        Of the whole clip; a trace will do.
    windows
        From `seek`.

    Returns
    -------
    Result
        Whose verdict is ``cannot_analyze``, without events, where nothing can be said.
    """
    unusable = find_unusable(about, settings.quality) if len(about.time_s) else ()
    least_px = settings.amplitude_floor_px / about.geometry.px_per_analysis_px
    found = decide(windows, about, unusable, settings.detect, least_px=least_px)
    counted = sum(not j.reason for j in found.judged)
    noise = found.noise_px * about.geometry.px_per_analysis_px
    _log.info("noise of a cell %.3f px, threshold %.1f times the clip's noise", noise, found.threshold)
    _log.info("candidates: %d, of which counted: %d", len(found.judged), counted)
    unusable = join([*unusable, *found.lost])
    share = float(found.valid.mean())
    measured = Measured(found.noise_px, found.limit.half_px, found.limit.most_px, found.unfit, share)
    quality = make_quality(about, unusable, measured, settings.quality)
    if quality.verdict == "cannot_analyze":
        return _silent(about, found, quality, settings)
    return _result(about, found, quality, settings)


def _silent(about: Registration, found: Found, quality: Quality, settings: Settings) -> Result:
    """The result of a clip that cannot be judged: reasons, and no events."""
    return Result(
        clip=about.clip,
        quality=quality,
        summary=Summary(None, None, None, None, None),
        events=(),
        rejections=(),
        sustained=(),
        per_minute=(),
        foci=(),
        settings=settings,
        activity=_activity(about, found),
    )


def _result(about: Registration, found: Found, quality: Quality, settings: Settings) -> Result:
    pairs = list(zip(found.judged, found.focus, strict=True))
    described = [(make_event(j.candidate, about, j.confidence, f, settings.clip), j) for j, f in pairs]
    events = tuple(event for event, j in described if not j.reason)
    rejections = tuple(Rejection(event, j.reason) for event, j in described if j.reason)
    timed = long_enough(quality.usable_s, settings.quality.min_rate_s)
    rate, low, high = rate_per_min(len(events), quality.usable_s) if timed else (None, None, None)
    foci = make_foci(events, quality.usable_s if timed else 0.0)
    counts: dict[str, int] = {}
    for rejection in rejections:
        counts[rejection.reason] = counts.get(rejection.reason, 0) + 1
    end_s = float(about.time_s[-1]) + about.median_interval_s
    minutes = per_minute(events, float(about.time_s[0]), end_s, quality.unusable) if timed else ()
    return Result(
        clip=about.clip,
        quality=quality,
        summary=Summary(len(events), rate, low, high, len(foci), dict(sorted(counts.items()))),
        events=events,
        rejections=rejections,
        sustained=tuple(make_sustained(place, found.judged, about) for place in found.restless),
        per_minute=minutes,
        foci=foci,
        settings=settings,
        activity=_activity(about, found),
    )


def _activity(about: Registration, found: Found) -> Activity:
    """Curve and maps for pictures: how far each cell moved, at most, in a counted movement, and what would show."""
    heat = np.zeros(about.geometry.shape)
    for j in found.judged:
        if not j.reason:
            heat = np.maximum(heat, j.candidate.amplitudes_px * about.geometry.px_per_analysis_px)
    limits = found.limit.map_px * about.geometry.px_per_analysis_px
    return Activity(found.time_s, found.score, found.threshold, heat, limits)
