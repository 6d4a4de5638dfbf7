"""How well fascidetect counts: ``python benchmarks/accuracy --side dev``. See benchmarks/README.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

import ablation
import confidence
import filming
import limits
import parts
import realism
import report
import store
import targets
import why
from baselines import METHODS, Task, tune
from baselines import run as score_baseline
from baselines import table as versus
from groups import GROUPS, TIGHT, Item, items
from jobs import OURS, REAL, Job, Outcome, injected, made, real_clips, run
from options import choice, command, parse
from report import Row

from fascidetect.evaluate import scores_table

T, R = TypeVar("T"), TypeVar("R")


def jobs_of(asked: argparse.Namespace) -> list[Job]:
    chosen: list[Item] = list(
        items(asked.side, asked.groups, quick=asked.quick, most=asked.clips, most_quiet=asked.quiet)
    )
    if asked.drawn:
        chosen = [item for item in chosen if store.path_of(item.recipe).exists()]
    jobs = [made(item, remake=asked.remake) for item in chosen]
    return jobs + [
        job for path in real_clips(None if asked.realism else asked.real) for job in injected(path, asked.side)
    ]


def spread(work: Callable[[T], R], items: Sequence[T], n_processes: int) -> Iterator[R]:
    """Do the work for each item, in so many processes and in any order."""
    n_processes = min(n_processes, len(items))
    if n_processes < 2:
        yield from map(work, items)
        return
    with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(work, item) for item in items]):
            yield done.result()


def scored(jobs: Sequence[Job], n_processes: int) -> list[Outcome]:
    """Make, measure, detect and score every clip; what was made or measured before is not done again."""
    started, found = time.monotonic(), []
    for outcome in spread(run, jobs, n_processes):
        found.append(outcome)
        told(f"[{len(found)}/{len(jobs)}] {time.monotonic() - started:5.0f} s  {outcome.line}")
    return sorted(found, key=lambda o: o.name)


def rivals(asked: argparse.Namespace, jobs: Sequence[Job]) -> Iterator[tuple[str, dict[float, list[Outcome]]]]:
    """Outcomes by constant of each baseline that can be run."""
    for method in (m for m in asked.methods if not m.missing()):
        constants = method.grid if asked.tune else (method.constant,)
        tasks = [Task(job, method.name, constants) for job in jobs]
        held: dict[float, list[Outcome]] = {constant: [] for constant in constants}
        for done, outcomes in enumerate(spread(score_baseline, tasks, asked.jobs), 1):
            for constant, outcome in outcomes.items():
                held[constant].append(outcome)
            told(f"{method.name} [{done}/{len(tasks)}] {next(iter(outcomes.values())).line}")
        yield method.name, held


def compare_with_real(asked: argparse.Namespace) -> int:
    """Print what the clips without twitches are like, beside clips of real cameras."""
    jobs = [job for job in jobs_of(asked) if job.quiet]
    folder = realism.real_folder(asked.real)
    made = sorted(spread(realism.of_job, jobs, asked.jobs))
    real = sorted(spread(realism.of_real, real_clips(folder), asked.jobs))
    print(f"side: {asked.side}{choice(asked)}\n")
    print(realism.table([looks for _, looks in made], [looks for _, looks in real]))
    print(f"\n{realism.each(real)}" if real else f"\nno real clips in {folder}: name their folder with --real")
    return 0


def check_limits(asked: argparse.Namespace) -> int:
    """Print the detection limits that clips are told, beside those that they have."""
    found: list[limits.Limits] = []
    tasks = [limits.LimitTask(item, asked.verify) for item in limits.limit_items(asked.side, asked.groups)]
    for one in spread(limits.limits_of, tasks, asked.jobs):
        found.append(one)
        told(f"[{len(found)}/{len(tasks)}] {one.name}: predicted {one.predicted50:.2f}, true {one.true50:.2f}")
    found.sort(key=lambda one: one.name)
    print(f"side: {asked.side}; pixels {store.source_hash(store.PIXEL_PARTS)}\n\n{limits.limits_table(found)}")
    if asked.output:
        asked.output.write_text(json.dumps(limits.limits_tree(asked.side, found), indent=1) + "\n")
    return 0


def compare_filming(asked: argparse.Namespace) -> int:
    """Print how small a movement shows, filmed in one way and the other."""
    found: dict[str, filming.Shown] = {}
    for one in spread(filming.shown_by, [(way.name, asked.side) for way in filming.WAYS], asked.jobs):
        found[one.name] = one
        told(f"[{len(found)}/{len(filming.WAYS)}] {one.name}: {one.limit50_mm:.2f} mm")
    shown = [found[way.name] for way in filming.WAYS]
    print(f"side: {asked.side}; pixels {store.source_hash(store.PIXEL_PARTS)}\n\n{filming.filming_table(shown)}")
    if asked.picture:
        filming.draw_ways(asked.side, asked.picture)
    if asked.output:
        asked.output.write_text(json.dumps(filming.filming_tree(asked.side, shown), indent=1) + "\n")
    return 0


def ablate(asked: argparse.Namespace) -> int:
    """Print what is found without one ingredient after the other."""
    tasks = [(job, ingredient.name) for job in jobs_of(asked) for ingredient in ablation.INGREDIENTS]
    found = []
    for one in spread(ablation.tally_without, tasks, asked.jobs):
        found.append(one)
        told(f"[{len(found)}/{len(tasks)}] {one[1]} without {one[0]}")
    print(f"side: {asked.side}{choice(asked)}; {len(found) // len(ablation.INGREDIENTS)} clips\n")
    print(ablation.ablation_table(found))
    return 0


def tell_why(asked: argparse.Namespace) -> int:
    """Print what became of the true twitches."""
    jobs = [job for job in jobs_of(asked) if not job.quiet]
    found = sorted(spread(why.fates_of, jobs, asked.jobs), key=lambda one: one.name)
    print(f"side: {asked.side}{choice(asked)}; {len(found)} clips\n\n{why.fates_table(found)}\n")
    print("least is found in", ", ".join(f"{one.name} ({one.n_found} of {len(one.all)})" for one in why.worst(found)))
    if asked.picture:
        why.draw_worst(found, asked.picture)
    if asked.output:
        asked.output.write_text(json.dumps(why.fates_tree(asked.side, found), indent=1) + "\n")
    return 0


def tune_baselines(asked: argparse.Namespace) -> int:
    """Print the F1 of the baselines at each value of their constants."""
    for name, by_constant in rivals(asked, jobs_of(asked)):
        print(versus.tuning(name, *tune(by_constant)), flush=True)
    return 0


def fit_confidence(asked: argparse.Namespace) -> int:
    """Print the file of coefficients, fitted to the clips of the development side."""
    known = [one for one in spread(confidence.known_of, jobs_of(asked), asked.jobs) if one]
    print(confidence.as_toml(confidence.fitted(known), known), end="")
    return 0


def earlier(asked: argparse.Namespace, jobs: Sequence[Job]) -> dict[str, list[Outcome]]:
    """What an earlier run found, by method; refused where nothing would tell whether it goes together with this one."""
    before = parts.earlier(asked.onto) if asked.onto else {}
    for name in (OURS, *(method.name for method in asked.methods)):
        parts.check_shared(before.get(name, []), (job.name for job in jobs))
    return before


def told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def order_of(found: Sequence[Outcome]) -> list[str]:
    """Groups in the order of their list, then those of real clips."""
    met = dict.fromkeys(o.group for o in found)
    listed = [group.name for group in GROUPS]
    return [name for name in listed if name in met] + [name for name in met if name not in listed]


def main() -> int:
    asked = parse()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # one process for each core is enough
    for wanted, work in (
        (asked.realism, compare_with_real),
        (asked.limits, check_limits),
        (asked.filming, compare_filming),
        (asked.why, tell_why),
        (asked.ablate, ablate),
        (asked.tune, tune_baselines),
        (asked.fit, fit_confidence),
    ):
        if wanted:
            return work(asked)
    jobs = jobs_of(asked)
    if not jobs:
        raise SystemExit("no clip of these was drawn before: leave out --drawn")
    before = earlier(asked, jobs)
    found = parts.joined(before.pop(OURS, []), scored(jobs, asked.jobs))
    order = order_of(found)
    rows = [Row.of(name, [o for o in found if o.group == name]) for name in order]
    made_clips = [o for o in found if o.group != REAL]
    total = Row.of("all", made_clips or found)
    print(f"side: {asked.side}{choice(asked)}; {len(found)} clips; pixels {', '.join({o.pixels: 0 for o in found})}\n")
    print(report.table([*rows, total]))
    print(report.tight([row for row in rows if row.name in TIGHT]), end="")
    print(f"\nall made clips:\n{scores_table(total.scores)}")
    print(f"\nwhat is asked, and what is reached\n{targets.table(found)}")
    print(f"\nwhat the verdict is worth\n{report.verdicts(made_clips)}")
    print(f"\nis the confidence a probability?\n{report.calibration_table(report.calibration(made_clips))}")
    print(report.notes(found), end="")
    tree = report.tree(asked.side, [*rows, total], found, choice(asked), command(asked))
    new = {name: next(iter(held.values())) for name, held in rivals(asked, jobs)}
    theirs = {**before, **{name: parts.joined(before.get(name, []), outcomes) for name, outcomes in new.items()}}
    if theirs:
        told_of = [method for method in METHODS if method.name in theirs or method in asked.methods]
        print(f"\n{versus.table(found, theirs, order)}\n\n{versus.notes(told_of)}")
        tree["baselines"] = {name: report.clips_tree(outcomes) for name, outcomes in theirs.items()}
    if asked.against:
        print(report.against(json.loads(asked.against.read_text()), found))
    if asked.output:
        tree["outcomes"] = parts.outcomes_tree(found, theirs)
        asked.output.write_text(json.dumps(tree, separators=(",", ":")) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
