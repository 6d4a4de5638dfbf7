"""All methods beside fascidetect: F1 in each group, false alarms where nothing twitches, and where we lose."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobs import OURS, Outcome
from report import MAIN, aligned, interval, number

from baselines.methods import Method
from fascidetect.evaluate import Tally, compare
from fascidetect.evaluate.scores import FEWEST_CLIPS, Interval

BETTER = "*"


@dataclass(frozen=True)
class Duel:
    """A baseline and fascidetect on the same clips of one group."""

    group: str
    ours: Tally
    theirs: Tally
    difference: Interval

    @property
    def lost(self) -> bool:
        """The baseline is better beyond the interval."""
        return self.difference.low > 0

    @property
    def behind(self) -> bool:
        """The baseline is better, but so it might be by chance."""
        return self.difference.value > 0 and not self.lost


def duel(group: str, ours: Sequence[Outcome], theirs: Sequence[Outcome]) -> Duel:
    """Compare on the clips that both have, drawn in pairs; no interval where too few hold or gave events."""
    other = {o.name: o.tallies[MAIN] for o in theirs}
    pairs = [(o.tallies[MAIN], other[o.name]) for o in ours if o.name in other]
    a, b = [p[0] for p in pairs], [p[1] for p in pairs]
    difference = compare(a, b)
    if sum(x.n_true + x.n_found + y.n_found > 0 for x, y in pairs) < FEWEST_CLIPS:
        difference = Interval(difference.value)
    return Duel(group, sum(a, Tally()), sum(b, Tally()), difference)


def duels(ours: Sequence[Outcome], theirs: Sequence[Outcome], order: Sequence[str]) -> Iterator[Duel]:
    """Compare in each group, then over all clips."""
    for group in order:
        yield duel(group, [o for o in ours if o.group == group], theirs)
    yield duel("all", ours, theirs)


def table(ours: Sequence[Outcome], theirs: Mapping[str, Sequence[Outcome]], order: Sequence[str]) -> str:
    """F1 of each group and method, and false events per minute of the clips without twitches in brackets.

    Of the clips that all of them have seen.
    """
    seen = set.intersection(*({o.name for o in some} for some in (ours, *theirs.values())))
    ours = [o for o in ours if o.name in seen]
    theirs = {name: [o for o in some if o.name in seen] for name, some in theirs.items()}
    order = [group for group in order if any(o.group == group for o in ours)]
    columns = {name: list(duels(ours, outcomes, order)) for name, outcomes in theirs.items()}
    lines = [("group", "true", OURS, *columns)]
    for k, group in enumerate([*order, "all"]):
        own = [o for o in ours if group in (o.group, "all")]
        total = sum((o.tallies[MAIN] for o in own), Tally())
        cells = [
            _cell(column[k].theirs.f1, [o for o in theirs[name] if group in (o.group, "all")], mark=column[k].lost)
            for name, column in columns.items()
        ]
        lines.append((group, str(total.n_true), _cell(total.f1, own), *cells))
    return "\n".join([f"{len(seen)} clips that all have seen", aligned(lines), *_losses(columns)])


def notes(methods: Sequence[Method]) -> str:
    """What each method is, its constant, and which could not be run."""
    lines = []
    for method in methods:
        state = method.missing() or f"constant {method.constant:g}"
        version = method.version()
        lines.append(f"{method.name}: {method.about}; {state}{f' ({version})' if version else ''}")
    return "\n".join(lines)


def tuning(name: str, best: float, sums: Mapping[float, Tally]) -> str:
    """F1 and false events at each value of a method's constant."""
    head = ("constant", "F1", "hits", "false", "false/min")
    rows = [
        (f"{c:g}", number(t.f1), str(t.n_hits), str(t.n_false), number(60 * t.n_false / t.clip_s if t.clip_s else 0, 1))
        for c, t in sums.items()
    ]
    clips = next(iter(sums.values())).n_clips
    return f"\n{name}: best at {best:g} over {clips} clips\n{aligned([head, *rows])}"


def _cell(f1: float, outcomes: Sequence[Outcome], *, mark: bool = False) -> str:
    quiet = sum((o.tallies[MAIN] for o in outcomes if o.quiet), Tally())
    rate = 60 * quiet.n_false / quiet.clip_s if quiet.clip_s else math.nan
    return f"{BETTER if mark else ''}{number(f1)} ({number(rate, 1)})"


def _losses(columns: Mapping[str, Sequence[Duel]]) -> Iterator[str]:
    yield f"F1 (false per minute of clips without twitches); {BETTER} better than {OURS} beyond the interval\n"
    for name, column in columns.items():
        lost = [f"{d.group} {_difference(d)}" for d in column if d.lost]
        behind = [f"{d.group} {_difference(d)}" for d in column if d.behind]
        yield f"{name} is better in: {', '.join(lost) or 'no group'}"
        if behind:
            yield f"{name} is better, perhaps by chance, in: {', '.join(behind)}"


def _difference(one: Duel) -> str:
    return f"by {interval(one.difference)}"
