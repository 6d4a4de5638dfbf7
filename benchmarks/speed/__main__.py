"""What an analysis costs: ``python benchmarks/speed``. See benchmarks/README.md."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import runs
from loops import KINDS, Loop, clip_of

T = TypeVar("T")

SHORT_S, LONG_S = 60.0, 600.0
QUICK_S, QUICK_LONG_S = 10.0, 60.0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/speed", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="clips of 10 s, and 720p of 1 min in place of 10")
    parser.add_argument("--kinds", default=",".join(KINDS), help="some of: %(default)s")
    parser.add_argument("--dvr-scan", metavar="PROGRAM", help="the installed DVR-Scan, to be timed on 1080p")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.json", help="write all numbers")
    asked = parser.parse_args()
    unknown = [kind for kind in asked.kinds.split(",") if kind not in KINDS]
    if unknown:
        parser.error(f"unknown kind {unknown[0]!r}; some of: {', '.join(KINDS)}")
    if asked.dvr_scan and shutil.which(asked.dvr_scan) is None:
        parser.error(f"no program {asked.dvr_scan}")
    return asked


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def apart(work: Callable[..., T], *given: Any) -> T:
    """Do it in a process of its own: a child's memory is never told to be less than its parent's most."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def stage_times(path: Path) -> dict[str, float]:
    import stages

    return apart(stages.stages, str(path))


def costs(path: Path, dvr_scan: str | None) -> dict[str, Any]:
    """Everything but the stages."""
    found = {
        "decoding, one thread": runs.decoding(path, "NONE"),
        "decoding, frame threads": runs.decoding(path, "AUTO"),
        "analyze --no-overlay": runs.analyzing(path, overlay=False),
        "analyze": runs.analyzing(path, overlay=True),
    }
    if dvr_scan:
        found["DVR-Scan -so"] = runs.scanning(dvr_scan, path)
    return {name: asdict(cost) for name, cost in found.items()}


def show_stages(measured: dict[str, dict[str, Any]]) -> None:
    """CPU-ms per frame by stage, and over decoding alone."""
    from stages import DECODING

    names = list(measured)
    print("one thread, CPU-ms per frame (times decoding)".ljust(48) + "".join(name.rjust(22) for name in names))
    floors = {n: m["costs"]["decoding, one thread"]["cpu_s"] - m["start_cpu_s"] for n, m in measured.items()}

    def line(label: str, values: dict[str, float]) -> None:
        cells = (f"{1000 * values[n] / measured[n]['frames']:.2f} ({values[n] / floors[n]:.2f})" for n in names)
        print(label.ljust(48) + "".join(cell.rjust(22) for cell in cells))

    line("decoding alone (PyAV)", floors)
    tables = {n: m["stages"] for n, m in measured.items()}
    order = sorted({stage for t in tables.values() for stage in t}, key=lambda s: ("overlay" in s, s != DECODING, s))
    for stage in order:
        line("  " + stage, {n: tables[n].get(stage, 0.0) for n in names})
    line("sum without overlay", {n: sum(v for s, v in tables[n].items() if "overlay" not in s) for n in names})
    line("sum", {n: sum(tables[n].values()) for n in names})


def show_costs(measured: dict[str, dict[str, Any]]) -> None:
    """Whole processes: CPU, wall clock against decoding, memory."""
    head = ("process, with its start", "clip", "CPU-ms/frame", "wall s", "wall / decoding", "peak MB")
    widths = (26, 22, 13, 9, 17, 9)

    def line(cells: tuple[str, ...]) -> None:
        two = zip(cells, widths, strict=True)
        print("".join(c.ljust(w) if k < 2 else c.rjust(w) for k, (c, w) in enumerate(two)))

    print()
    line(head)
    for name, m in measured.items():
        floor_s = m["costs"]["decoding, frame threads"]["wall_s"]
        for what, cost in m["costs"].items():
            per_frame_ms = f"{1000 * cost['cpu_s'] / m['frames']:.2f}"
            ratio = f"{cost['wall_s'] / floor_s:.2f}"
            line((what, name, per_frame_ms, f"{cost['wall_s']:.1f}", ratio, f"{cost['peak_mb']:.0f}"))


def measure(loop: Loop, dvr_scan: str | None) -> dict[str, Any]:
    """All that is printed of one clip but its stages."""
    say(f"making {loop.name}")
    path = apart(clip_of, loop)
    say(f"running {loop.name}")
    return {
        "frames": loop.n_frames,
        "bytes": path.stat().st_size,
        "costs": costs(path, dvr_scan),
        "start_cpu_s": runs.run(["-c", "import stages"]).cpu_s,
    }


def main() -> int:
    asked = parse()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    short_s, long_s = (QUICK_S, QUICK_LONG_S) if asked.quick else (SHORT_S, LONG_S)
    say("starting alone")
    start, helped = runs.importing(), runs.helping()
    kinds = [kind for kind in KINDS if kind in asked.kinds.split(",")]
    measured: dict[str, dict[str, Any]] = {}
    for loop in (Loop(kind, short_s) for kind in kinds):
        found = measure(loop, asked.dvr_scan if loop.kind == "1080p" else None)
        measured[loop.name] = {**found, "stages": stage_times(clip_of(loop))}
    if "720p" in kinds:
        longer = Loop("720p", long_s)
        measured[longer.name] = measure(longer, None)
        say("judging a result of a minute again")
        again = runs.retuning(apart(clip_of, Loop("720p", 60.0)))
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n")
    show_stages({name: m for name, m in measured.items() if "stages" in m})
    show_costs(measured)
    print(f"\nimporting alone: {start.cpu_s:.2f} s CPU, {start.peak_mb:.0f} MB")
    print(f"fascidetect --help: {helped.wall_s:.2f} s")
    if "720p" in kinds:
        print(f"fascidetect retune of a minute of 720p: {again.wall_s:.2f} s, its start included")
    if asked.output:
        tree = {"quick": asked.quick, "importing": asdict(start), "help": asdict(helped), "clips": measured}
        if "720p" in kinds:
            tree["retune"] = asdict(again)
        asked.output.write_text(json.dumps(tree, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
