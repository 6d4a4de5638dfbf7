"""What the program is to reach, beside what it does reach on the clips of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from jobs import REAL, Outcome
from report import MAIN, aligned, interval, number

from fascidetect.evaluate import TOLERANCES_S, Tally, summarize

TIGHT_S = min(TOLERANCES_S)
REFUSED = "cannot_analyze"
TONES = ("tone-1", "tone-2", "tone-3", "tone-4")
BUSY = ("busy-30", "busy-60")

Row = tuple[str, str, str]


def table(outcomes: Sequence[Outcome]) -> str:
    """One line for each target: what is asked, and what came out; "-" where the run holds no clip for it."""
    return aligned([("target", "asked", "reached"), *_rows(outcomes)])


def _rows(outcomes: Sequence[Outcome]) -> list[Row]:
    def of(*groups: str, refused: bool = True) -> list[Outcome]:
        return [o for o in outcomes if o.group in groups and (refused or o.verdict != REFUSED)]

    made = [o for o in outcomes if o.group != REAL]
    quiet = summarize(o.tallies[MAIN] for o in made if o.quiet)
    whole = summarize(o.tallies[MAIN] for o in made)
    large = [r for o in made for k, r in _sized(o) if k >= 1]
    near = sum(abs(ratio - 1) <= 0.15 for ratio in large)
    return [
        ("twitches put into real clips, from 1 px: F1", "0.90", _f1(of(REAL), 1.0)),
        ("the same, clips that are not refused", "", _f1(of(REAL, refused=False), 1.0)),
        ("native bit rate, hand-held, from 1 px: F1", "0.95", _f1(of("native"), 1.0)),
        ("the same, 0.7 to 1 px: sensitivity", "0.80", _found(of("native"), 0.7, 1.0)),
        ("messenger, not refused, from 1.5 px: F1", "0.80", _f1(of("messenger", refused=False), 1.5)),
        ("false in a minute without a twitch", "0.1", interval(quiet.false_per_min)),
        ("usable share of native hand-held clips", "0.9", _usable(of("native"))),
        *((f"{name}: relative bias of counts", "10 %", _bias(of(name))) for name in BUSY),
        (f"trains at +-{TIGHT_S:g} s: sensitivity", "0.9", _found(of("trains"), 0.0, math.inf, TIGHT_S)),
        ("error of the onset; of the peak, median, s", "0.025", _times(whole.onset_s.median, whole.peak_s.median)),
        ("of those found from 1 px, amplitude within 15 %", "all", f"{near}/{len(large)}" if large else "-"),
        ("found on the skin tone with least over most", "0.9", _tones(of)),
    ]


def _total(outcomes: Sequence[Outcome]) -> Tally:
    return sum((o.tallies[MAIN] for o in outcomes), Tally())


def _f1(outcomes: Sequence[Outcome], least_720px: float) -> str:
    """F1 of the true events from a size on; every false event counts, and smaller true ones count as nothing."""
    total = _total(outcomes)
    sized = [k.hit for k in total.known if (k.amplitude_720px or 0.0) >= least_720px]
    whole = len(sized) + sum(sized) + total.n_false
    return f"{2 * sum(sized) / whole:.2f} ({sum(sized)}/{len(sized)}, {total.n_false} false)" if whole else "-"


def _found(outcomes: Sequence[Outcome], low: float, high: float, tolerance_s: float = MAIN) -> str:
    known = [k for o in outcomes for k in o.tallies[tolerance_s].known]
    hits = [k.hit for k in known if low <= (k.amplitude_720px or 0.0) < high]
    return f"{sum(hits) / len(hits):.2f} ({sum(hits)}/{len(hits)})" if hits else "-"


def _usable(outcomes: Sequence[Outcome]) -> str:
    total = _total(outcomes)
    return number(total.usable_s / total.clip_s) if total.clip_s else "-"


def _bias(outcomes: Sequence[Outcome]) -> str:
    total = _total(outcomes)
    return f"{100 * (total.n_found / total.n_true - 1):+.0f} %" if total.n_true else "-"


def _times(*errors_s: float) -> str:
    return "; ".join(number(error_s, 3) for error_s in errors_s)


def _sized(outcome: Outcome) -> list[tuple[float, float]]:
    """True size (px at 720 lines) and found over true amplitude of each hit: tallies keep both in the same order."""
    tally = outcome.tallies[MAIN]
    sizes = [k.amplitude_720px for k in tally.known if k.hit]
    ratios = [m.amplitude_ratio for m in tally.misfits]
    return [(s, r) for s, r in zip(sizes, ratios, strict=True) if s is not None and r is not None]


def _tones(of: Callable[..., list[Outcome]]) -> str:
    shares = []
    for name in TONES:
        total = _total(of(name))
        if not total.n_true:
            return "-"
        shares.append(total.sensitivity)
    return number(min(shares) / max(shares)) if max(shares) else "-"
