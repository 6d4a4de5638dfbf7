"""From candidates to what is counted: one threshold for the clip, the rules, restless places, foci."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from fascidetect.events.confidence import LEAST, company_of, confidence, features, unrest_at
from fascidetect.events.foci import group, rhythm
from fascidetect.events.limit import Limit, limit_of
from fascidetect.events.recur import jumping, likeness
from fascidetect.events.reject import Judged, judge, looks_like_twitch, on_key_frame
from fascidetect.events.score import UNFIT
from fascidetect.events.seek import Window, analyzed
from fascidetect.events.stretch import key_times_s
from fascidetect.events.sustained import BLOCK_S, Restless, join_restless
from fascidetect.events.threshold import clip_threshold, floor, robust_threshold
from fascidetect.model import BoolArray, FloatArray, Registration, Unusable
from fascidetect.settings import DetectSettings, Sensitivity

BUSY = 0.1  # share of the maxima that clear twitches account for, above which the upper half is not trusted
DEFAULTS = DetectSettings()
CLEAR_IN_BEAT = 0.75  # of the score of the clearest in the same beat


@dataclass(frozen=True)
class Found:
    """What the event half has to say about a clip.

    Attributes
    ----------
    judged
        Every candidate with its reason, in order of time; ``focus`` numbers beside it.
    focus
        Focus number of each judged candidate that is counted, else 0.
    threshold
        In units of the clip's own noise.
    restless
        Places that move continuously or rhythmically.
    lost
        Stretches in which nothing can be told: the limb itself moves, or the picture is disturbed.
    valid
        (R, C) cells in which events were sought, in any window.
    noise_px
        Median noise of the valid cells per axis, analysis_px; NaN without valid cells.
    limit
        How small a movement would still be found.
    unfit
        The noise is so uneven (codec freezes and pops) that nothing should be concluded.
    time_s, score
        (N,) curve of the highest score of any cell.
    """

    judged: tuple[Judged, ...]
    focus: tuple[int, ...]
    threshold: float
    restless: tuple[Restless, ...]
    lost: tuple[Unusable, ...]
    valid: BoolArray
    noise_px: float
    limit: Limit
    unfit: bool
    time_s: FloatArray
    score: FloatArray


def decide(
    windows: Sequence[Window],
    about: Registration,
    unusable: Sequence[Unusable],
    settings: DetectSettings,
    *,
    least_px: float = 0.0,
) -> Found:
    """Judge and group the candidates of a clip.

    Parameters
    ----------
    windows
        From `seek`.
    about
        Of the whole clip; a trace will do.
    unusable
        Nothing in these stretches is counted.
    settings
        Only ``sensitivity``, ``keep``, ``q_min`` and ``kappa`` matter here.
    least_px
        Smaller movements are not counted, analysis_px.

    Returns
    -------
    Found
        With no candidates where nothing moves or nothing can be seen.
    """
    area = analyzed(about)
    valid = np.any([w.valid & area for w in windows], axis=0) if windows else np.False_
    if not valid.any():
        return _nothing(about)
    threshold_of = cache(partial(_threshold, windows))
    threshold = threshold_of(settings)
    lost = tuple(u for w in windows for u in w.lost)
    restless = [
        place for place in join_restless([r for w in windows for r in w.restless]) if (place.region & area).any()
    ]
    longer_side = max(about.geometry.shape)
    candidates = [c for w in windows for c in w.candidates]
    times_s = [c.peak_s for c in candidates]
    # What is known of a movement does not change with what is asked.
    told = [threshold_of(DEFAULTS)] * len(candidates), unrest_at(about, times_s), company_of(candidates)
    usual = replace(settings, sensitivity="normal")
    keys_s = key_times_s(about)

    def judged_by(alike: Sequence[float], lowest: float, sensitivity: Sensitivity) -> list[Judged]:
        known = [features(*its) for its in zip(candidates, *told, alike, strict=True)]
        unjudged = [Judged(one, "", its, confidence(its)) for one, its in zip(candidates, known, strict=True)]
        judged = judge(unjudged, lowest, LEAST[sensitivity], keys_s, about.median_interval_s, longer_side)
        judged = [one for one in judged if area[round(one.candidate.row), round(one.candidate.col)]]
        judged = [_unusable(one, (*unusable, *lost)) for one in judged]
        return _one_a_beat([_restless(one, restless) for one in judged], restless)

    by_itself = judged_by([0.0] * len(candidates), threshold_of(usual), usual.sensitivity)
    clear, stay = ([one.candidate for one in by_itself if one.reason == reason] for reason in ("", "step"))
    jumps = {id(one) for one, so in zip(candidates, jumping(candidates, stay, clear), strict=True) if so}
    patterns = [one for one in clear if id(one) not in jumps and not on_key_frame(one, keys_s, about.median_interval_s)]
    judged = judged_by(likeness(candidates, patterns).tolist(), threshold, settings.sensitivity)
    judged = [replace(j, reason="step") if not j.reason and id(j.candidate) in jumps else j for j in judged]
    judged = [j for j in judged if j.candidate.score >= floor(settings)]
    judged.sort(key=lambda j: j.candidate.peak_s)
    judged, beating = _regular(judged, longer_side)
    judged = [_below_floor(one, least_px) for one in judged]
    judged = [replace(j, reason="") if j.reason in settings.keep else j for j in judged]
    return Found(
        judged=tuple(judged),
        focus=tuple(_foci(judged, longer_side)),
        threshold=threshold,
        restless=(*restless, *beating),
        lost=lost,
        valid=np.asarray(valid),
        noise_px=float(np.median(np.concatenate([w.noise_px[:, w.valid & area].ravel() for w in windows]))),
        limit=limit_of(windows, area, threshold),
        unfit=bool(np.median([w.tail[:2].max() for w in windows]) > UNFIT),
        time_s=np.concatenate([w.time_s for w in windows]),
        score=np.concatenate([w.score for w in windows]),
    )


def _threshold(windows: Sequence[Window], settings: DetectSettings) -> float:
    """The clip's threshold, from maxima that no clear twitch accounts for: a busy muscle must not raise its own bar."""
    everything = np.concatenate([w.maxima.height for w in windows])
    robust = robust_threshold(everything, settings)
    rest = np.concatenate(
        [
            w.maxima.apart_from([c for c in w.candidates if c.score > robust and looks_like_twitch(c)]).height
            for w in windows
        ]
    )
    threshold = clip_threshold(rest, settings)
    return min(threshold, robust) if len(rest) < (1 - BUSY) * len(everything) else threshold


def _nothing(about: Registration) -> Found:
    nan = float("nan")
    return Found(
        judged=(),
        focus=(),
        threshold=nan,
        restless=(),
        lost=(),
        valid=np.zeros(about.geometry.shape, bool),
        noise_px=nan,
        limit=Limit(np.full(about.geometry.shape, nan), nan, nan),
        unfit=False,
        time_s=about.time_s,
        score=np.full(len(about.time_s), np.nan),
    )


def _unusable(one: Judged, unusable: Sequence[Unusable]) -> Judged:
    inside = any(u.start_s <= one.candidate.peak_s <= u.end_s for u in unusable)
    return replace(one, reason="unusable") if inside and one.reason != "below_threshold" else one


def _below_floor(one: Judged, least_px: float) -> Judged:
    small = not one.reason and one.candidate.amplitude_px < least_px
    return replace(one, reason="below_floor") if small else one


def _restless(one: Judged, restless: Sequence[Restless]) -> Judged:
    if one.reason not in ("", "shape", "sustained"):
        return one
    for place in restless:
        began, ended = place.start_s - BLOCK_S, place.end_s + BLOCK_S  # it is known to the second
        if began <= one.candidate.peak_s <= ended and bool((place.region & one.candidate.region).any()):
            return replace(one, reason=place.kind)
    return one


def _one_a_beat(judged: list[Judged], restless: Sequence[Restless]) -> list[Judged]:
    """A rhythm has one movement a beat, at however many places and whichever way it shows.

    The first that is clear stands for it: later ones are the way back.
    """
    rates = [r.rate_hz for r in restless if r.rate_hz]
    if not rates:
        return judged
    apart_s = 0.5 / float(np.median(rates))
    out = list(judged)
    left = [k for k, one in enumerate(judged) if one.reason == "rhythmic"]
    while left:
        best = max((judged[k].candidate for k in left), key=lambda c: c.score)
        beat = [k for k in left if abs(judged[k].candidate.peak_s - best.peak_s) < apart_s]
        clear = [k for k in beat if judged[k].candidate.score >= CLEAR_IN_BEAT * best.score]
        first = min(clear, key=lambda k: judged[k].candidate.peak_s)
        for k in beat:
            out[k] = replace(judged[k], reason="rhythmic" if k == first else "duplicate")
        left = [k for k in left if k not in beat]
    return out


def _regular(judged: list[Judged], longer_side: int) -> tuple[list[Judged], list[Restless]]:
    """Mark as rhythmic what recurs at one place with even intervals, and name the place."""
    out, places = list(judged), []
    for members in _same_place(judged, longer_side):
        beat = rhythm([judged[k].candidate.peak_s for k in members])
        if beat.rhythm_hz is None:
            continue
        for k in members:
            out[k] = replace(out[k], reason="rhythmic")
        region = np.any([judged[k].candidate.region for k in members], axis=0)
        times = [judged[k].candidate.peak_s for k in members]
        places.append(Restless("rhythmic", region, min(times), max(times), beat.rhythm_hz))
    return out, places


def _foci(judged: list[Judged], longer_side: int) -> list[int]:
    """Focus number of each candidate that is counted, in order of first appearance; else 0."""
    focus = [0] * len(judged)
    for number, members in enumerate(_same_place(judged, longer_side), 1):
        for k in members:
            focus[k] = number
    return focus


def _same_place(judged: list[Judged], longer_side: int) -> list[list[int]]:
    """Indices of the counted candidates, one list per place."""
    counted = [k for k, j in enumerate(judged) if not j.reason]
    places = np.array([(judged[k].candidate.row, judged[k].candidate.col) for k in counted]).reshape(-1, 2)
    labels = group(places, longer_side).tolist()
    return [[k for k, own in zip(counted, labels, strict=True) if own == one] for one in dict.fromkeys(labels)]
