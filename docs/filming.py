"""How much it is worth to film well, from what ``benchmarks/accuracy --filming -o`` wrote: a part of the page on filming."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COMMAND = "python benchmarks/accuracy --side report --filming"


def part(results: Path) -> str:
    """The part as Markdown; empty without a file."""
    if not results.exists():
        return ""
    ways = json.loads(results.read_text(encoding="utf-8"))["filming"]
    return "\n".join(_lines(ways)) + "\n" if ways else ""


def _lines(ways: list[dict[str, Any]]) -> Iterator[str]:
    usual, *others = ways
    yield "## What it is worth\n"
    yield "One made limb with the same twitches, filmed in one way after the other. The usual way is:"
    yield f"{usual['name']}. Each other way differs from it in what is named. The smaller the size of which half"
    yield "are found, the more shows.\n"
    yield "![The made limb, filmed in several ways](../filming.webp)\n"
    yield "| | filmed | found | false | usable | half are found at |\n|---|---|---|---|---|---|"
    yield from (_row(way) for way in (usual, *others))
    yield f"\n```bash\n{COMMAND} -o benchmarks/results/filming.json --picture docs/filming.webp\n```"


def _row(way: dict[str, Any]) -> str:
    cells = (
        way["condition"],
        way["name"],
        f"{way['n_found']} of {way['n_true']}",
        str(way["n_false"]),
        f"{100 * way['usable']:.0f} %",
        "not judged" if way["verdict"] == "cannot_analyze" else _limit(way),
    )
    return f"| {' | '.join(cells)} |"


def _limit(way: dict[str, Any]) -> str:
    limit, low, high = (way[key] for key in ("limit50_mm", "low_mm", "high_mm"))
    if limit is None:
        return "less than the smallest" if way["n_found"] == way["n_true"] else "not known"
    between = f" ({low:.2f} to {high:.2f})" if low is not None and high is not None else ", about"
    return f"{limit:.2f} mm{between}"
