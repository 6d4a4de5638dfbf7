"""What a batch gains from a second core, and what it costs beside its clips: ``python benchmarks/batch``."""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from many import overhead

CLIPS, SECONDS = 40, 6.0
SETTINGS = "[measure]\nwidth_px = 160\ncells_across = 32\n[report]\noverlay = false\n"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/batch", description=__doc__)
    parser.add_argument("--clips", type=int, default=CLIPS, help="small made clips (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=4, help="turns in which they are analyzed (default: %(default)s)")
    parser.add_argument("--no-dask", action="store_true", help="processes of this machine only")
    parser.add_argument(
        "--many", type=int, default=2000, help="results for the cost of planning (default: %(default)s)"
    )
    return parser.parse_args()


def make_clips(folder: Path, rounds: int, n: int) -> None:
    """Copies of one made clip of 320 x 180 px: ``n`` for each round, in a folder of its own."""
    from fascidetect.phantom import Camera, Nuisance, Recipe, Scene, Twitch, make_clip

    recipe = Recipe(
        seed=5,
        width_px=320,
        height_px=180,
        duration_s=SECONDS,
        scene=Scene(limb_share=0.65, mm_per_px=0.4),
        camera=Camera(fps=15, bits_per_px=0.2),
        twitches=(Twitch(2.5, 130, 80, 1.6, 16, 0.1, height_px=1.0),),
        nuisances=(Nuisance("shake", 1.0),),
    )
    make_clip(recipe, folder / "clip.mp4")
    for k in range(rounds * n):
        target = folder / f"clips {k % rounds}" / f"{k:03d}.mp4"
        target.parent.mkdir(exist_ok=True)
        shutil.copy(folder / "clip.mp4", target)


def timed(folder: Path, round_number: int, name: str, n_cores: int, *words: str) -> tuple[float, float]:
    """Run a batch confined to some cores; the time it took, and that of all its processes on a core, in s."""
    clips, results = folder / f"clips {round_number}", folder / f"{name} {round_number}"
    command = [sys.executable, "-m", "fascidetect", "batch", str(clips), "-o", str(results), "-q"]
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:n_cores])  # which children inherit
    started_s, used_s = time.monotonic(), cpu_s()
    try:
        subprocess.run([*command, "--config", str(folder / "c.toml"), *words], check=True)
    finally:
        os.sched_setaffinity(0, before)
    return time.monotonic() - started_s, cpu_s() - used_s


def cpu_s() -> float:
    """CPU time of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare(folder: Path, rounds: int, option: str, one: str, two: str) -> None:
    """Print what two cores gain over one; both take turns, so that other work on the machine disturbs both alike."""
    walls_s, cpus_s = [0.0, 0.0], [0.0, 0.0]
    for k in range(rounds):
        for arm, value in enumerate((one, two)):
            wall_s, used_s = timed(folder, k, f"{option}-{arm + 1}", arm + 1, option, value)
            walls_s[arm] += wall_s
            cpus_s[arm] += used_s
            times = f"{wall_s:.1f} s, of CPU {used_s:.1f} s, load {os.getloadavg()[0]:.1f}"
            print(f"  round {k + 1}, {option} {value}, cores: {arm + 1}: {times}", flush=True)
    print(f"{option}: {walls_s[0]:.1f} s on one core, {walls_s[1]:.1f} s on two: ratio {walls_s[0] / walls_s[1]:.2f}")
    print(f"{' ' * len(option)}  CPU {cpus_s[0]:.1f} s and {cpus_s[1]:.1f} s\n", flush=True)


def main() -> int:
    asked = parse()
    if len(os.sched_getaffinity(0)) < 2:
        print("needs two cores", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        make_clips(folder, asked.rounds, asked.clips // asked.rounds)
        (folder / "c.toml").write_text(SETTINGS)
        print(f"{asked.clips} clips of {SECONDS:g} s, load {os.getloadavg()[0]:.1f}", flush=True)
        compare(folder, asked.rounds, "--jobs", "1", "2")
        if not asked.no_dask:
            compare(folder, asked.rounds, "--dask", "local:1", "local:2")
        overhead(folder, folder / "clip.mp4", folder / "--jobs-2 0" / "000.mp4", asked.many)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
