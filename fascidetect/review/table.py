"""Agreement in columns for people, and as a plain tree for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from fascidetect.evaluate.table import finite, interval_words
from fascidetect.review.agreement import Agreement, Group, Pair

_SECONDS = ("both", "first_only", "second_only", "none")


def agreement_table(agreement: Agreement) -> str:
    """Write the agreement of all pairs, and of the whole group, as lines."""
    return "\n".join(_lines(agreement))


def agreement_tree(agreement: Agreement) -> dict[str, Any]:
    """Plain dicts and lists; what is not known is None."""
    tree = dataclasses.asdict(agreement)
    for pair in tree["pairs"]:
        pair["total"]["seconds"] = dict(zip(_SECONDS, pair["total"]["seconds"], strict=True))
    return dict(finite(tree))


def _lines(agreement: Agreement) -> Iterator[str]:
    clips = f"{agreement.n_clips} clip{'' if agreement.n_clips == 1 else 's'}"
    yield f"{clips}, {agreement.n_seconds} seconds judged; events match within {agreement.tolerance_s:g} s"
    yield ""
    names = [f"{pair.first} - {pair.second}" for pair in agreement.pairs]
    groups = [f"all {len(g.raters)} raters" for g in [agreement.group] if g]
    wide = max(len(name) for name in [*names, *groups]) + 2
    yield (
        f"{'':<{wide}}{'clips':>6}{'events':>12}{'both':>6}  {'F1 of events':<22}"
        f"{'seconds both/one/none':<24}kappa of seconds"
    )
    for name, pair in zip(names, agreement.pairs, strict=True):
        yield f"{name:<{wide}}{_pair(pair)}"
    for name in groups:
        if agreement.group:
            yield f"{name:<{wide}}{_group(agreement.group)}"


def _pair(pair: Pair) -> str:
    t = pair.total
    both, first, second, none = t.seconds
    return (
        f"{t.n_clips:>6}{f'{t.n_first}, {t.n_second}':>12}{t.n_both:>6}  {interval_words(pair.f1):<22}"
        f"{f'{both}/{first + second}/{none}':<24}{interval_words(pair.kappa)}"
    )


def _group(group: Group) -> str:
    return f"{group.n_clips:>6}{'':>12}{'':>6}  {'':<22}{group.n_seconds:<24}{interval_words(group.kappa)} (Fleiss)"
