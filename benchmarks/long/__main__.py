"""Long and large clips: memory, and the same events as in overlapping pieces. ``python benchmarks/long``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clips import Endless, clip_of

SAMPLE_S = 0.25
TOLERANCE_S = 0.1
SAME_PLACE = 0.08  # of the longer side, as formats say
EDGE_S = 1.5  # not compared: what lies so near the end of the last piece, where little is judged


@dataclass(frozen=True)
class Run:
    """One analysis: its events (peak in s, x, y in px), and what it took."""

    events: list[tuple[float, float, float]]
    side_px: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    peak_main_mb: float


def analyze(path: Path, *, overlay: bool) -> Run:
    """The command as a user types it; memory of all its processes together (Pss counts shared pages once)."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "out"
        words = [sys.executable, "-m", "fascidetect", "analyze", str(path), "-o", str(folder), "-q"]
        started = time.monotonic()
        peak = peak_main = 0.0
        with subprocess.Popen(words if overlay else [*words, "--no-overlay"]) as process:
            while True:
                pid, status, used = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    process.returncode = os.waitstatus_to_exitcode(status)
                    break
                sizes = [pss_mb(one) for one in family(process.pid)]
                peak, peak_main = max(peak, sum(sizes)), max(peak_main, *sizes[:1], 0.0)
                time.sleep(SAMPLE_S)
        if process.returncode:
            raise SystemExit(f"{path} ended with status {process.returncode}")
        tree = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    events = [(e["peak_s"], e["ref_x_px"], e["ref_y_px"]) for e in tree["events"]]
    side = max(tree["clip"]["width_px"], tree["clip"]["height_px"])
    cpu_s = used.ru_utime + used.ru_stime
    return Run(events, side, time.monotonic() - started, cpu_s, peak, peak_main)


def family(pid: int) -> Iterator[int]:
    """A process, first, and all that it started."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from family(int(child))


def pss_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1e3


def pieces(n_periods: int, per_piece: int, overlap: int) -> list[tuple[int, int]]:
    """First and last period of each piece; neighbors share ``overlap`` periods."""
    starts = range(0, max(1, n_periods - overlap), per_piece - overlap)
    return [(start, min(start + per_piece, n_periods)) for start in starts]


def joined(parts: Sequence[tuple[float, float, list[tuple[float, float, float]]]]) -> list[tuple[float, float, float]]:
    """Events of pieces, each (start, end, events in s of the whole): of what two show, the middle belongs to each."""
    kept = []
    for k, (start_s, end_s, events) in enumerate(parts):
        low = -1.0 if k == 0 else (start_s + parts[k - 1][1]) / 2
        high = float("inf") if k == len(parts) - 1 else (end_s + parts[k + 1][0]) / 2
        kept += [event for event in events if low <= event[0] < high]
    return kept


def shared(one: Iterable[tuple[float, float, float]], other: Iterable[tuple[float, float, float]], side: int) -> int:
    """Events of both, one to one: peaks within `TOLERANCE_S`, at the same place."""
    free = list(other)
    n = 0
    for t, x, y in one:
        near = [e for e in free if abs(e[0] - t) <= TOLERANCE_S and abs(e[1] - x) + abs(e[2] - y) <= SAME_PLACE * side]
        if near:
            free.remove(min(near, key=lambda e: abs(e[0] - t)))
            n += 1
    return n


def compare(kind: Endless, minutes: float, piece_minutes: float, share: float, *, overlay: bool) -> None:
    period_s = kind.period_frames / kind.fps
    n_periods = max(2, round(60 * minutes / period_s))
    per_piece = max(2, round(60 * piece_minutes / period_s))
    n_cut = max(2, round(share * n_periods))
    say(f"making {kind.name}, {n_periods * period_s / 60:.1f} min")
    whole_path = clip_of(kind, 0, n_periods)
    say(f"analyzing it ({whole_path.stat().st_size / 1e9:.2f} GB)")
    whole = analyze(whole_path, overlay=overlay)
    print(
        f"{kind.name}, {n_periods * period_s / 60:.1f} min, {n_periods * kind.period_frames} frames: "
        f"peak {whole.peak_mb:.0f} MB of all processes together, {whole.peak_main_mb:.0f} MB of the first; "
        f"{whole.cpu_s / 60:.1f} min CPU, {whole.wall_s / 60:.1f} min by the clock",
        flush=True,
    )
    parts = []
    for first, last in pieces(n_cut, per_piece, overlap=2):
        say(f"analyzing the piece from {first * period_s:.0f} to {last * period_s:.0f} s")
        piece_path = clip_of(kind, first, last)
        piece = analyze(piece_path, overlay=False)
        piece_path.unlink()
        at_s = first * period_s
        parts.append((at_s, last * period_s, [(t + at_s, x, y) for t, x, y in piece.events]))
    end_s = n_cut * period_s - (EDGE_S if n_cut < n_periods else 0.0)
    in_whole = [event for event in whole.events if event[0] < end_s]
    found = [event for event in joined(parts) if event[0] < end_s]
    both = shared(in_whole, found, whole.side_px)
    print(
        f"events in the whole {len(whole.events)}; in its first {end_s / 60:.1f} min {len(in_whole)}, in {len(parts)} "
        f"pieces of these that overlap by {2 * period_s:.0f} s {len(found)}, the same {both}",
        flush=True,
    )


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks/long", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="of 1080p at 30 frames per second [60]")
    parser.add_argument("--large-minutes", type=float, default=5.0, help="of 4K at 60 frames per second [5]")
    parser.add_argument("--piece-minutes", type=float, default=5.0, help="length of a piece [5]")
    parser.add_argument("--share", type=float, default=1.0, help="part of each clip to analyze in pieces, too [1]")
    parser.add_argument("--overlay", action="store_true", help="write the overlay of the whole clip, too")
    asked = parser.parse_args()
    if not 0 < asked.share <= 1:
        parser.error("--share is more than 0, and 1 at most")
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}", flush=True)
    if asked.minutes:
        compare(Endless("1080p", 30), asked.minutes, asked.piece_minutes, asked.share, overlay=asked.overlay)
    if asked.large_minutes:
        compare(Endless("4K", 60), asked.large_minutes, asked.piece_minutes / 3, asked.share, overlay=asked.overlay)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
