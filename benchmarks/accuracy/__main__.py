"""How well fascidetect counts: ``python benchmarks/accuracy --side dev``. See benchmarks/README.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import report
from groups import GROUPS, SIDES, TIGHT, Item, items
from jobs import Job, Outcome, injected, made, real_clips, run
from report import Row

from fascidetect.evaluate import scores_table


def parse(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/accuracy", description=__doc__)
    parser.add_argument("--side", choices=SIDES, required=True, help="dev: tune on it as you like; report: only report")
    parser.add_argument("--quick", action="store_true", help="few clips: about 10 minutes the first time")
    parser.add_argument("--groups", default="", metavar="A,B", help=f"some of: {', '.join(g.name for g in GROUPS)}")
    parser.add_argument(
        "--real", type=Path, metavar="DIR", help="also put known twitches into the clips of this folder"
    )
    parser.add_argument("--against", type=Path, metavar="OLD.json", help="compare with an earlier run, clip by clip")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.json", help="write all numbers")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--remake", action="store_true", help="draw clips anew that an older phantom has drawn")
    asked = parser.parse_args(words)
    asked.groups = tuple(name for name in asked.groups.split(",") if name)
    unknown = sorted(set(asked.groups) - {group.name for group in GROUPS})
    if unknown:
        parser.error(f"unknown group {unknown[0]}; one of {', '.join(group.name for group in GROUPS)}")
    return asked


def jobs_of(asked: argparse.Namespace) -> list[Job]:
    chosen: list[Item] = list(items(asked.side, asked.groups, quick=asked.quick))
    jobs = [made(item, remake=asked.remake) for item in chosen]
    return jobs + [injected(path, asked.side) for path in real_clips(asked.real)]


def outcomes(jobs: list[Job], n_processes: int) -> Iterator[Outcome]:
    """Make, measure, detect and score every clip; what was made or measured before is not done again."""
    if n_processes < 2:
        yield from map(run, jobs)
        return
    with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(run, job) for job in jobs]):
            yield done.result()


def main() -> int:
    asked = parse()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # one process for each core is enough
    jobs, started = jobs_of(asked), time.monotonic()
    found: list[Outcome] = []
    for outcome in outcomes(jobs, min(asked.jobs, len(jobs))):
        found.append(outcome)
        line = f"[{len(found)}/{len(jobs)}] {time.monotonic() - started:5.0f} s  {outcome.line}"
        print(line, file=sys.stderr, flush=True)
    by_group: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in sorted(found, key=lambda o: o.name):
        by_group[outcome.group].append(outcome)
    order = [g.name for g in GROUPS if g.name in by_group] + [n for n in by_group if n not in {g.name for g in GROUPS}]
    rows = [Row.of(name, by_group[name]) for name in order]
    total = Row.of("all", [o for name in order for o in by_group[name]])
    short = " (quick)" if asked.quick else ""
    print(f"side: {asked.side}{short}; {len(found)} clips; pixels {found[0].pixels if found else '-'}\n")
    print(report.table([*rows, total]))
    print(report.tight([row for row in rows if row.name in TIGHT]), end="")
    print(f"\nall clips:\n{scores_table(total.scores)}")
    print(report.notes(found), end="")
    tree = report.tree(asked.side, [*rows, total], found, quick=asked.quick)
    if asked.against:
        print(report.against(json.loads(asked.against.read_text()), found))
    if asked.output:
        asked.output.write_text(json.dumps(tree, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
