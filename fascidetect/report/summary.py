"""A result in a few sentences: counts with their units and their uncertainty, never a judgement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from fascidetect.model import Quality, Result, Reviewed, Summary, Sustained, VerifiedLimit
from fascidetect.notice import NOTICE
from fascidetect.report.style import REASON_WORDS, clock

REJECTION_WORDS: dict[str, str] = {
    "rhythmic": "in a steady rhythm (pulse, tremor or a repeated contraction)",
    "continuous": "within a movement that never stops",
    "global": "when the whole picture or limb moved",
    "step": "that stayed displaced, or moved as those do (a shift of posture, an eye beneath its lid)",
    "sustained": "too long for a twitch",
    "photometric": "of light only, not of place",
    "keyframe": "when the video file renewed its picture",
    "edge": "at the edge of the picture or of the analyzed area",
    "small": "smaller than a block of the video compression",
    "shape": "without the shape of a brief pulse",
    "duplicate": "belonging to another movement",
    "unusable": "inside a stretch that could not be used",
    "below_threshold": "too faint to tell from noise",
    "below_floor": "smaller than was asked for",
}
"""Why movements were seen and not counted, in words that follow a number; keys are `settings.REASONS`."""

AREA_WORDS = {
    "roi": "what can be read of the areas given",
    "skin": "what can be read of the skin, found by its color",
    "parallax": "what can be read of what lies as deep as the middle, found by how the camera shifts it",
    "whole picture": "what can be read of all of it",
}
"""What is analyzed, and how it was found, in words."""

_LONG_S = 120.0


def summarize(result: Result) -> str:
    """Say what was found in a clip, over how much usable time, and what could not be seen.

    Returns
    -------
    str
        Some lines without a final line break. Where the clip cannot be judged no count appears.
    """
    return "\n".join([*sentences(result), *(f"Warning: {text}" for text in warnings_of(result))])


def sentences(result: Result) -> list[str]:
    """The lines of `summarize` without the warnings; the first says what was filmed."""
    return list(_lines(result))


def warnings_of(result: Result) -> list[str]:
    """What was odd about the file or the picture, each once."""
    return list(dict.fromkeys((*result.clip.warnings, *result.quality.warnings)))


def summary_and_notice(result: Result) -> str:
    """`summarize`, followed by the notice on its own line."""
    return f"{summarize(result)}\n{NOTICE}"


def _lines(result: Result) -> Iterator[str]:
    yield _headline(result)
    quality = result.quality
    if quality.verdict == "cannot_analyze":
        yield f"Cannot be analyzed: {_joined(quality.reasons) or 'no usable part'}."
        yield from reviewed_words(result.summary.reviewed)
        return
    if result.sustained:
        yield _sustained(result.sustained)
    yield _count(result)
    if quality.verified:
        yield sentence(f"Limit {verified_words(quality.verified, result)}")
    yield from _floor(result)
    yield from reviewed_words(result.summary.reviewed)
    yield from _not_counted(result)
    yield area_words(result)
    yield from _left_out(quality)
    if quality.verdict == "limited" and quality.reasons:
        yield f"Limited: {_joined(quality.reasons)}."


def _headline(result: Result) -> str:
    clip = result.clip
    size = f"{clip.width_px} x {clip.height_px} px, {clip.median_fps:.4g} frames/s"
    name = result.settings.report.label or PurePath(clip.name).name
    return f"{name}: {clip.duration_s:.1f} s{part_words(result)}, {size}"


def part_words(result: Result) -> str:
    """Which part of the clip was analyzed, if not all of it."""
    ask, end_s = result.settings.clip, result.clip.duration_s
    if ask.from_s <= 0 and ask.to_s >= end_s:
        return ""
    return f" (analyzed: {ask.from_s:g} to {min(ask.to_s, end_s):g} s)"


def _count(result: Result) -> str:
    n = len(result.events)
    usable = f"in {_seconds(result.quality.usable_s)} of usable video"
    if n == 0:
        return f"No {'other ' if result.sustained else ''}movement counted {usable}. {_none_seen(result)}"
    places = result.summary.n_foci
    at_places = f", at {_number(places, 'place')}" if places else ""
    counted = f"{_number(n, 'movement')} counted {usable}{at_places}"
    rate = result.summary.rate_per_min
    if rate is None:
        return f"{counted}; too short for a rate. {sentence(limit_words(result))}"
    return f"{counted}: {rate:.3g} per minute ({interval_words(result.summary)}). {sentence(limit_words(result))}"


def _floor(result: Result) -> Iterator[str]:
    if least_px := result.settings.amplitude_floor_px:
        yield f"Only movements of at least {length_words(least_px, result)} were counted, as was asked."


def reviewed_words(reviewed: Iterable[Reviewed]) -> Iterator[str]:
    """Say, for each rater, what came of the automatic count: one line, and one for what is no longer found."""
    for one in reviewed:
        parts = {"accepted": one.n_accepted, "rejected": one.n_rejected, "undecided": one.n_undecided}
        of_program = ", ".join(f"{n} {word}" for word, n in parts.items() if n)
        made_of = "; ".join(part for part in (of_program, f"{one.n_added} added" if one.n_added else "") if part)
        so_far = " so far" if one.n_undecided else ""
        count = f"{_number(one.n_events, 'movement')}{so_far}{f' ({made_of})' if made_of else ''}"
        yield f"Reviewed by {one.rater}: {count}{_rate(one)}."
        if one.unmatched:
            gone = ", ".join(f"{clock(gone.peak_s, decimals=1)} ({gone.status})" for gone in one.unmatched)
            yield f"Decided about by {one.rater} and no longer found: {gone}."


def _rate(one: Reviewed) -> str:
    if one.rate_per_min is None:
        return ""
    outside = f", without {one.n_unusable} in time left out" if one.n_unusable else ""
    return f": {one.rate_per_min:.3g} per minute{outside} ({interval_words(one)})"


def _none_seen(result: Result) -> str:
    high = result.summary.rate_high_per_min
    blind = limit_words(result)
    if high is None:
        return f"Too short for a rate; {blind}."
    length = "So short a clip" if result.quality.usable_s < _LONG_S else "That"
    where = " elsewhere" if result.sustained else ""
    span = (
        f"{length} fits any rate from 0 to {per_minute(high)} per minute{where} (95 % interval, counting chance only)"
    )
    return f"{span}; {blind}."


def interval_words(counts: Summary | Reviewed) -> str:
    """The interval of a rate, and what it covers."""
    low, high = counts.rate_low_per_min, counts.rate_high_per_min
    if low is None or high is None:
        return "no interval"
    return f"95 % interval {per_minute(low)} to {per_minute(high)}, counting chance only"


def per_minute(rate: float) -> str:
    """A rate in two or three digits, or as many as it has before the point."""
    return f"{rate:.2g}" if rate < 10 else f"{rate:.1f}" if rate < 100 else f"{rate:.0f}"


def limit_words(result: Result) -> str:
    """What a clip could not show, in px and mm: the one wording for text and pictures."""
    half, most = result.quality.limit50_px, result.quality.limit90_px
    if half is None:
        return "how small a movement would show is not known"
    if not result.events:
        return f"movements under {length_words(half, result)} would not show"
    known = most is not None and length_words(most, result) != length_words(half, result)
    tail = f", 9 in 10 of {length_words(most, result)}" if known and most is not None else ""
    return f"of movements of {length_words(half, result)} about half would be found{tail}"


def verified_words(verified: VerifiedLimit, result: Result) -> str:
    """What twitches showed that were put into the clip's own pictures."""
    tried = f"tried with {verified.n} twitches put into the clip, of which {verified.n_found} were found"
    half, low, high = verified.limit50_px, verified.limit50_low_px, verified.limit50_high_px
    if half is None:
        return f"{tried}: too few or too many to tell a limit"
    between = f" (95 % interval {low:.2g} to {high:.2g} px)" if low is not None and high is not None else ""
    most = f", nine in ten of {length_words(verified.limit90_px, result)}" if verified.limit90_px is not None else ""
    return f"{tried}: about half of movements of {length_words(half, result)}{between}{most}"


def sentence(words: str) -> str:
    """Words with a capital and a full stop."""
    return f"{words[0].upper()}{words[1:]}."


def length_words(px: float, result: Result) -> str:
    """A length in two digits, in px and where there is a scale in mm."""
    mm_per_px = result.settings.clip.mm_per_px
    in_px = f"{px:.2g} px"
    return f"{in_px} ({px * mm_per_px:.2g} mm)" if mm_per_px else in_px


def _sustained(all_sustained: tuple[Sustained, ...]) -> str:
    parts = [_rhythm(item) for item in all_sustained if item.kind == "rhythmic"]
    continuous = sum(item.kind == "continuous" for item in all_sustained)
    if continuous:
        parts.append(f"continuous movement at {_number(continuous, 'place')}, not countable")
    text = "; ".join(parts)
    return sentence(text)


def _rhythm(item: Sustained) -> str:
    at = f" at {item.rate_hz:.2g} Hz" if item.rate_hz else ""
    at += f" around ({item.ref_x_px:.0f}, {item.ref_y_px:.0f}) px"
    return f"rhythmic movement{at}{f', {item.n_events} not counted' if item.n_events else ''}"


def _not_counted(result: Result) -> Iterator[str]:
    counts = [(n, reason) for reason, n in result.summary.n_rejected.items() if n]
    if counts:
        counts.sort(reverse=True)
        yield f"Seen and not counted: {'; '.join(f'{n} {REJECTION_WORDS.get(why, why)}' for n, why in counts)}."


def area_words(result: Result) -> str:
    """How much of the picture is analyzed, and how that part was found."""
    share = result.quality.analyzed_share
    how = AREA_WORDS.get(result.quality.area, result.quality.area)
    return f"Analyzed area: {100 * share:.0f} % of the picture{f' ({how})' if how else ''}."


def _left_out(quality: Quality) -> Iterator[str]:
    spans: dict[str, float] = {}
    for span in quality.unusable:
        words = REASON_WORDS.get(span.reason, span.reason)
        spans[words] = spans.get(words, 0.0) + span.end_s - span.start_s
    if spans:
        longest_first = sorted(spans.items(), key=lambda item: -item[1])
        yield f"Left out: {', '.join(f'{_seconds(length)} {words}' for words, length in longest_first)}."


def _joined(parts: tuple[str, ...]) -> str:
    return "; ".join(part.rstrip(".") for part in parts)


def _seconds(length_s: float) -> str:
    return f"{length_s:.0f} s" if length_s >= 10 else f"{length_s:.1f} s"


def _number(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
