"""Tables and pictures for people, and a tree for the next run."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jobs import REAL, Outcome

from fascidetect.errors import OutputError
from fascidetect.evaluate import TOLERANCES_S, Scores, Tally, compare, scores_tree, summarize
from fascidetect.evaluate.scores import Interval
from fascidetect.model import ByteArray

MAIN = TOLERANCES_S[0]
CONFIDENCES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)
SUMS = ("n_clips", "n_true", "n_found", "n_hits", "n_true_unusable", "n_hits_unusable", "clip_s", "usable_s")


@dataclass(frozen=True)
class Row:
    """A group with its scores by tolerance, and the length of its clips without twitches."""

    name: str
    scores: dict[float, Scores]
    quiet: Tally

    @staticmethod
    def of(name: str, outcomes: Sequence[Outcome]) -> Row:
        scores = {t: summarize(o.tallies[t] for o in outcomes) for t in TOLERANCES_S}
        return Row(name, scores, sum((o.tallies[MAIN] for o in outcomes if o.quiet), Tally()))


def table(rows: Sequence[Row]) -> str:
    """One line for each group."""
    head = ("group", "true", "hits", "false", "F1", "false/min", "quiet min", "q false", "usable", "onset s", "ampl.")
    return aligned([head, *(_cells(row) for row in rows)])


def _cells(row: Row) -> tuple[str, ...]:
    s = row.scores[MAIN]
    t = s.total
    return (
        row.name,
        str(t.n_true),
        str(t.n_hits),
        str(t.n_false),
        interval(s.f1),
        interval(s.false_per_min, 1),
        f"{row.quiet.clip_s / 60:.1f}",
        str(row.quiet.n_false),
        number(s.usable_share),
        f"{s.onset_s.median:.3f} ({s.onset_s.bias:+.3f})" if s.onset_s.n else "-",
        number(s.amplitude_ratio.value),
    )


def tight(rows: Sequence[Row]) -> str:
    """The groups that are scored at the tight tolerance too."""
    lines = [
        f"\n{row.name} at +-{tolerance:g} s: F1 {interval(s.f1)}, sensitivity {interval(s.sensitivity)}"
        for row in rows
        for tolerance, s in row.scores.items()
    ]
    return "".join(lines) + "\n" if lines else ""


def notes(outcomes: Sequence[Outcome]) -> str:
    """What to know when reading the table."""
    lines = []
    stale = sum(o.stale for o in outcomes)
    silent = [o.name for o in outcomes if o.verdict == "cannot_analyze"]
    if stale:
        lines.append(f"{stale} clips were drawn by an older phantom; --remake draws them anew")
    if silent:
        lines.append(f"not judged at all: {', '.join(silent)}")
    return "".join(f"\n{line}" for line in lines) + "\n" if lines else ""


def tree(side: str, rows: Sequence[Row], outcomes: Sequence[Outcome], choice: str, command: str) -> dict[str, Any]:
    """All numbers: groups by tolerance, and the sums of every clip."""
    return {
        "side": side,
        "choice": choice.strip(),
        "command": command,
        "groups": {row.name: {f"{t:g}": scores_tree(s) for t, s in row.scores.items()} for row in rows},
        "calibration": calibration([o for o in outcomes if o.group != REAL]),
        "clips": clips_tree(outcomes),
    }


def verdicts(outcomes: Sequence[Outcome]) -> str:
    """How well the program counts in clips that it calls ok, limited, or not to be judged."""
    rows = []
    for verdict in dict.fromkeys(("ok", "limited", *(o.verdict for o in outcomes))):
        held = [o for o in outcomes if o.verdict == verdict]
        total = sum((o.tallies[MAIN] for o in held), Tally())
        share = f"{100 * len(held) / max(1, len(outcomes)):.0f} %"
        false = f"{total.n_false} in {total.clip_s / 60:.1f} min"
        rows.append((verdict, str(len(held)), share, f"{total.n_hits}/{total.n_true}", false, number(total.f1)))
    return aligned([("verdict", "clips", "share", "found", "false", "F1"), *rows])


def calibration(outcomes: Sequence[Outcome]) -> list[dict[str, float]]:
    """Candidates by their confidence: how many, the mean of it, and the share that are twitches."""
    sure = [pair for outcome in outcomes for pair in outcome.sure]
    bins = ([pair for pair in sure if low <= pair[0] < high] for low, high in itertools.pairwise(CONFIDENCES))
    return [
        {"n": len(held), "confidence": sum(p for p, _ in held) / len(held), "true": sum(t for _, t in held) / len(held)}
        for held in bins
        if held
    ]


def calibration_table(bins: Sequence[dict[str, float]]) -> str:
    """One line for each bin of confidence."""
    rows = [(str(one["n"]), number(one["confidence"]), number(one["true"])) for one in bins]
    return aligned([("candidates", "confidence, mean", "twitches, share"), *rows])


def clips_tree(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The sums of every clip by its name."""
    return {o.name: _sums(o) for o in sorted(outcomes, key=lambda o: o.name)}


def _sums(outcome: Outcome) -> dict[str, Any]:
    t = outcome.tallies[MAIN]
    return {
        "group": outcome.group,
        "sha256": outcome.sha256,
        "verdict": outcome.verdict,
        **{name: getattr(t, name) for name in SUMS},
    }


def nullable(one: Any) -> dict[str, Any]:
    """Fields of a dataclass for a file; what is not known (NaN) is null."""
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in asdict(one).items()}


def against(old: dict[str, Any], outcomes: Sequence[Outcome]) -> str:
    """The difference to an earlier run on the clips that both have."""
    held = old["clips"]
    both = [o for o in outcomes if o.name in held and held[o.name]["sha256"] == o.sha256]
    if not both:
        return "\nnothing to compare: the other run shares no clip with this one"
    before = {o.name: Tally(**{name: held[o.name][name] for name in SUMS}) for o in both}
    groups = {o.group: [p for p in both if p.group == o.group] for o in both}
    lines = [("group", "clips", "F1 before", "F1 now", "difference", "false before", "false now")]
    for name, part in [*groups.items(), ("all", both)]:
        was, now = [before[o.name] for o in part], [o.tallies[MAIN] for o in part]
        a, b = sum(was, Tally()), sum(now, Tally())
        lines.append(
            (
                name,
                str(len(part)),
                number(a.f1),
                number(b.f1),
                interval(compare(was, now)),
                str(a.n_false),
                str(b.n_false),
            )
        )
    return f"\nagainst the other run ({len(both)} of {len(outcomes)} clips):\n{aligned(lines)}"


def aligned(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(w) if k == 0 else cell.rjust(w) for k, (cell, w) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def interval(value: Interval, decimals: int = 2) -> str:
    if not math.isfinite(value.low):
        return number(value.value, decimals)
    return f"{number(value.value, decimals)} ({number(value.low, decimals)}..{number(value.high, decimals)})"


def number(value: float, decimals: int = 2) -> str:
    return f"{value:.{decimals}f}" if math.isfinite(value) else "-"


def write_picture(path: Path, rgb: ByteArray) -> None:
    """Write a picture (h, w, 3) as the name says, small enough for the repository."""
    import cv2

    if not cv2.imwrite(str(path), rgb[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 80]):
        raise OutputError(f"cannot write {path}")
