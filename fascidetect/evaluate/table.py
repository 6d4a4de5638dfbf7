"""Scores in words and columns for people, and as a plain tree for programs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from fascidetect.evaluate.scores import Bin, Errors, Interval, Scores


def scores_table(scores: Mapping[float, Scores]) -> str:
    """Write the scores at several tolerances as lines.

    Parameters
    ----------
    scores
        By tolerance in s; details are told of the first.
    """
    main = next(iter(scores.values()))
    return "\n".join([*_counts(main), "", *_hits(scores), "", *_details(main)])


def scores_tree(scores: Scores) -> dict[str, Any]:
    """Plain dicts and lists; what is not known is None."""
    tree = dataclasses.asdict(scores)
    for name in ("known", "misfits", "counts"):
        del tree["total"][name]
    tree["total"]["n_false"] = scores.total.n_false
    return dict(finite(tree))


def finite(tree: Any) -> Any:
    """A tree in which what is not known is None, as JSON has no NaN."""
    if isinstance(tree, dict):
        return {key: finite(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [finite(value) for value in tree]
    return None if isinstance(tree, float) and not math.isfinite(tree) else tree


def _counts(scores: Scores) -> Iterator[str]:
    t = scores.total
    clips = f"{t.n_clips} clip{'' if t.n_clips == 1 else 's'}"
    yield f"{clips}, {t.clip_s / 60:.2f} min, {_percent(scores.usable_share)} of it usable"
    yield f"true {t.n_true}, found {t.n_found}, hits {t.n_hits}, missed {t.n_true - t.n_hits}, false {t.n_false}"
    if t.n_true_unusable:
        yield f"true events in unusable time: {t.n_true_unusable}, of which hit {t.n_hits_unusable}"


def _hits(scores: Mapping[float, Scores]) -> Iterator[str]:
    yield (f"{'peak within':<26}" + "".join(f"{f'{tolerance:g} s':<22}" for tolerance in scores)).rstrip()
    rows = {
        "sensitivity": [s.sensitivity for s in scores.values()],
        "  unusable time left out": [s.sensitivity_usable for s in scores.values()],
        "precision": [s.precision for s in scores.values()],
        "F1": [s.f1 for s in scores.values()],
        "false per minute of clip": [s.false_per_min for s in scores.values()],
    }
    for name, values in rows.items():
        yield (f"{name:<26}" + "".join(f"{interval_words(value):<22}" for value in values)).rstrip()
    chance = "".join(f"{_number(s.chance):<22}" for s in scores.values())
    yield f"{'sensitivity by chance':<26}{chance}".rstrip()


def _details(scores: Scores) -> Iterator[str]:
    for name, errors in (("onset", scores.onset_s), ("peak", scores.peak_s), ("offset", scores.offset_s)):
        if errors.n:
            yield f"{f'{name} error':<26}{_errors(errors)}"
    if math.isfinite(scores.amplitude_ratio.value):
        r = scores.amplitude_ratio
        yield f"{'amplitude found / true':<26}{r.value:.2f} (10 to 90 %: {r.low:.2f} to {r.high:.2f})"
    c, i = scores.counts, scores.correlation
    yield f"{'count bias per clip':<26}{_number(c.bias)} (limits of agreement {_number(c.low)} to {_number(c.high)})"
    yield f"{'ICC(2,1) of counts':<26}{interval_words(Interval(i.value, i.low, i.high))}"
    yield from _bins("hits by amplitude (px at 720 lines)", scores.by_amplitude)
    yield from _bins("hits by amplitude / noise", scores.by_snr)


def _bins(title: str, bins: tuple[Bin, ...]) -> Iterator[str]:
    if bins:
        yield title
    for b in bins:
        yield f"  {span_words(b.low, b.high):<24}{b.n_hits}/{b.n_true}"


def span_words(low: float, high: float) -> str:
    """A range of sizes."""
    return f"{low:g} and more" if math.isinf(high) else f"{low:g} to {high:g}"


def _errors(errors: Errors) -> str:
    return f"median {errors.median:.3f} s, 90 % within {errors.p90:.3f} s, bias {errors.bias:+.3f} s (n {errors.n})"


def interval_words(value: Interval) -> str:
    """A value with its interval, where there is one."""
    if not math.isfinite(value.low):
        return _number(value.value)
    return f"{_number(value.value)} ({_number(value.low)} to {_number(value.high)})"


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}" if math.isfinite(value) else "-"  # + 0.0: never "-0.00"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %" if math.isfinite(value) else "-"
