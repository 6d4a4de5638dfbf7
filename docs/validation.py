"""The page of measured accuracy, from what ``benchmarks/accuracy -o`` wrote: ``python docs/validation.py FILE.json DIR``.

No number is typed by hand: without a file the page says that there is none.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pictures

MAIN, REAL = pictures.MAIN, "real"
COMMAND = "python benchmarks/accuracy --side report"
_INTRO = """# Validation

How well fascidetect counts, measured on made clips whose truth is exact and on which nothing was tuned. Made clips are
as hard as the phantom can make them and no harder: real skin is harder. Numbers say where the program fails and how
versions compare; they are no promise about a clip of yours. Put known twitches into your own
([`fascidetect inject`](cli.md#fascidetect-inject)) to learn what it would show.

This page is made from a file that one command writes:

```bash
{command} -o benchmarks/results/report.json
```
"""
SURE = 0.8


def page(results: Path, folder: Path) -> str:
    """The page as Markdown; its pictures are written into the folder beside it."""
    if not results.exists():
        return f"""{_INTRO.format(command=COMMAND)}
:::{{admonition}} No results are committed yet
The file does not exist in this version, so there is nothing to show here. What was measured by hand so far stands in
the README, with the command that prints it.
:::
"""
    tree = json.loads(results.read_text(encoding="utf-8"))
    pictures.draw_scores(tree["groups"], tree.get("calibration", []), folder)
    lines = [*_lines(tree), *_whys(results.with_name("why.json")), *_limits(results.with_name("limits.json"), folder)]
    return f"{_INTRO.format(command=tree.get('command', COMMAND))}\n" + "\n".join(lines) + "\n"


def _lines(tree: dict[str, Any]) -> Iterator[str]:
    groups = tree["groups"]
    total = groups["all"][MAIN]
    clips = tree["clips"]
    silent = [name for name, clip in clips.items() if clip["verdict"] == "cannot_analyze"]
    sums = total["total"]
    yield f"Side: **{tree['side']}** {tree['choice'] or '(all clips)'}; {sums['n_clips']} clips, {sums['clip_s'] / 60:.0f} minutes,"
    yield f"{sums['n_true']} twitches. 95 % intervals in brackets: bootstrap over clips, or exact (Poisson) for false events."
    yield "\n## All clips\n"
    yield "| peaks within | " + " | ".join(f"{tolerance} s" for tolerance in groups["all"]) + " |"
    yield "|---|" + "---|" * len(groups["all"])
    names = {
        "sensitivity": "found, of the true ones",
        "precision": "true, of the found ones",
        "f1": "F1",
        "false_per_min": "false per minute of clip",
    }
    for key, words in names.items():
        yield f"| {words} | " + " | ".join(_interval(scores[key]) for scores in groups["all"].values()) + " |"
    yield f"| found by chance | {' | '.join(_number(scores['chance']) for scores in groups['all'].values())} |"
    yield f"\nClips without any twitch, and the false events in them: {_quiet(clips.values())}."
    yield from _errors(total)
    if silent:
        yield f"\nNot judged at all, which is an answer, too: {', '.join(silent)}."
    yield "\n## By size of the twitch\n"
    yield "![Share found by size](validation-size.svg)\n"
    yield "| px at 720 lines | true | found |\n|---|---|---|"
    yield from (f"| {pictures.span(b)} | {b['n_true']} | {b['n_hits']} |" for b in total["by_amplitude"])
    yield "\n## By verdict\n"
    yield "| verdict | clips | found | false | F1 |\n|---|---|---|---|---|"
    yield from _verdicts([c for c in clips.values() if c["group"] in groups and c["group"] != REAL])
    if tree.get("calibration"):
        yield "\n## Is the confidence a probability?\n"
        yield "Of candidates with a confidence of so much, this share are twitches. On the line it is one; it holds for clips"
        yield "that twitch as often as these.\n\n![Share of twitches by confidence](validation-confidence.svg)\n"
        yield _sure(tree["calibration"])
    yield "\n## By kind of clip\n"
    yield "![F1 of each group](validation-groups.svg)\n"
    yield "| group | true | hits | false | F1 | false per minute | quiet minutes, false in them | usable |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, by_tolerance in groups.items():
        yield _group(name, by_tolerance[MAIN], [c for c in clips.values() if name in ("all", c["group"])])
    yield from _baselines(tree)


def _sure(bins: Sequence[dict[str, Any]]) -> str:
    sure = [b for b in bins if b["confidence"] >= SURE]
    n = sum(b["n"] for b in sure)
    said, true = (round(sum(b["n"] * b[key] for b in sure)) for key in ("confidence", "true"))
    return (
        f"\nOf {n} candidates with a confidence of {SURE:g} and more it says that {said} are twitches; {true} are. "
        "Where it says more than there are, the program is too sure of itself: take it for an order, not for odds."
    )


def _verdicts(clips: Sequence[dict[str, Any]]) -> Iterator[str]:
    for verdict in dict.fromkeys(("ok", "limited", *(c["verdict"] for c in clips))):
        held = [c for c in clips if c["verdict"] == verdict]
        n_true, n_found, n_hits = (sum(c[key] for c in held) for key in ("n_true", "n_found", "n_hits"))
        f1 = f"{2 * n_hits / (n_true + n_found):.2f}" if n_true + n_found else "-"
        minutes = sum(c["clip_s"] for c in held) / 60
        false = f"{n_found - n_hits} in {minutes:.1f} min"
        yield f"| {verdict.replace('_', ' ')} | {len(held)} | {n_hits} of {n_true} | {false} | {f1} |"


def _group(name: str, scores: dict[str, Any], clips: Sequence[dict[str, Any]]) -> str:
    t = scores["total"]
    cells = (
        name,
        str(t["n_true"]),
        str(t["n_hits"]),
        str(t["n_false"]),
        _interval(scores["f1"]),
        _interval(scores["false_per_min"]),
        _quiet(clips),
        _percent(scores["usable_share"]),
    )
    return f"| {' | '.join(cells)} |"


def _quiet(clips: Any) -> str:
    quiet = [clip for clip in clips if clip["n_true"] == 0]
    if not quiet:
        return "-"
    return f"{sum(c['clip_s'] for c in quiet) / 60:.1f} min, {sum(c['n_found'] for c in quiet)}"


def _errors(scores: dict[str, Any]) -> Iterator[str]:
    yield "\n| of those found | median | 9 in 10 within | mean |\n|---|---|---|---|"
    for name in ("onset", "peak", "offset"):
        e = scores[f"{name}_s"]
        if e["n"]:
            yield f"| error of the {name} | {e['median']:.3f} s | {e['p90']:.3f} s | {e['bias']:+.3f} s |"
    ratio = scores["amplitude_ratio"]
    if ratio["value"] is not None:
        yield f"| amplitude found / true | {ratio['value']:.2f} | {ratio['low']:.2f} to {ratio['high']:.2f} (8 in 10) | |"


def _baselines(tree: dict[str, Any]) -> Iterator[str]:
    if not tree.get("baselines"):
        return
    yield "\n## Beside simpler methods\n"
    methods = {"**fascidetect**": tree["clips"], **tree["baselines"]}
    seen = set.intersection(*map(set, methods.values()))
    yield f"On the same {len(seen)} clips, scored by the same code; `benchmarks/README.md` says what they are.\n"
    yield "| method | hits | false | F1 | false in quiet clips |\n|---|---|---|---|---|"
    for name, held in methods.items():
        clips = {clip: sums for clip, sums in held.items() if clip in seen}
        sums = {key: sum(c[key] for c in clips.values()) for key in ("n_true", "n_found", "n_hits")}
        f1 = 2 * sums["n_hits"] / max(1, sums["n_true"] + sums["n_found"])
        false = sums["n_found"] - sums["n_hits"]
        yield f"| {name} | {sums['n_hits']} of {sums['n_true']} | {false} | {f1:.2f} | {_quiet(clips.values())} |"


def _whys(path: Path) -> Iterator[str]:
    """What became of each true twitch."""
    if not path.exists():
        return
    tree = json.loads(path.read_text(encoding="utf-8"))
    sizes = list(next(iter(tree["whys"].values())))
    yield "\n## Why twitches are missed\n"
    yield "Every true twitch is put down to the first of these that holds; columns: its size in px at 720 lines.\n"
    yield f"| | {' | '.join(sizes)} |\n|---|{'---|' * len(sizes)}"
    yield from (f"| {why} | {' | '.join(map(str, counts.values()))} |" for why, counts in tree["whys"].items())
    least = ", ".join(f"{one['clip']} ({one['n_found']} of {one['n_true']})" for one in tree["worst"])
    yield f"\nLeast is found in {least}. Dark is what was not read; red circles are missed twitches, green ones found:\n"
    yield "![The clips of which least is found](../worst.webp)\n"
    yield f"```bash\n{COMMAND} --clips 1 --why -o benchmarks/results/why.json --picture docs/worst.webp\n```"


def _limits(path: Path, folder: Path) -> Iterator[str]:
    """What clips were told of the smallest movement that shows, beside what showed."""
    if not path.exists():
        return
    tree = json.loads(path.read_text(encoding="utf-8"))
    told = [one for one in tree["limits"] if one["true50"] and one["predicted50"]]
    if not told:
        return
    ratios = [one["predicted50"] / one["true50"] for one in told]
    within = sum(1 / pictures.WITHIN <= ratio <= pictures.WITHIN for ratio in ratios)
    off = statistics.median(abs(ratio - 1) for ratio in ratios)
    pictures.draw_limits(told, folder / "validation-limits.svg")
    yield "\n## Is the detection limit true?\n"
    yield f"Clips of the {tree['side']} side with many twitches each, from far below the limit to far above. Half of those of one size"
    yield "are found in usable time where the clip is analyzed (true), and the clip was told a size (`limit50_px`): off by"
    yield f"{100 * off:.0f} % in the median, within a factor of {pictures.WITHIN:g} in {within} of {len(told)} clips"
    yield f"({len(tree['limits']) - len(told)} more have no limit to be told: too few of their twitches were found).\n"
    yield "![Limits that clips were told, and true ones](validation-limits.svg)\n"
    yield "| px at 720 lines | found | told | true (95 %) |\n|---|---|---|---|"
    for one in told:
        between = f"{_number(one['true50_low'])} to {_number(one['true50_high'])}"
        found = f"{one['n_found']} of {one['n_true']}"
        yield f"| {_kind(one['name'])} | {found} | {_number(one['predicted50'])} | {_number(one['true50'])} ({between}) |"
    yield f"\n```bash\n{COMMAND} --limits -o benchmarks/results/limits.json\n```"


def _kind(name: str) -> str:
    """The group of a clip of limits, from ``side-group-limit``."""
    return name.partition("-")[2].removesuffix("-limit")


def _interval(one: dict[str, Any]) -> str:
    if one["low"] is None:
        return _number(one["value"])
    return f"{_number(one['value'])} ({_number(one['low'])} to {_number(one['high'])})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:3])
    (target / "validation.md").write_text(page(source, target), encoding="utf-8")
