"""What a batch gains from a second core, and what it costs beside its clips: ``python benchmarks/batch``."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from many import overhead

CLIPS, SECONDS = 40, 6.0
SETTINGS = "[measure]\nwidth_px = 320\ncells_across = 32\n[report]\noverlay = false\n"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/batch", description=__doc__)
    parser.add_argument("--clips", type=int, default=CLIPS, help="small made clips (default: %(default)s)")
    parser.add_argument("--no-dask", action="store_true", help="processes of this machine only")
    parser.add_argument(
        "--many", type=int, default=2000, help="results for the cost of planning (default: %(default)s)"
    )
    return parser.parse_args()


def make_clips(folder: Path, n: int) -> None:
    """So many copies of one made clip of 480 x 270 px."""
    from fascidetect.phantom import Camera, Nuisance, Recipe, Scene, Twitch, make_clip

    recipe = Recipe(
        seed=5,
        width_px=480,
        height_px=270,
        duration_s=SECONDS,
        scene=Scene(limb_share=0.65, mm_per_px=0.4),
        camera=Camera(fps=30, bits_per_px=0.2),
        twitches=(Twitch(2.5, 190, 120, 1.6, 25, 0.08, height_px=1.0),),
        nuisances=(Nuisance("shake", 1.0),),
    )
    folder.mkdir()
    make_clip(recipe, folder / "00.mp4")
    (folder / "00.truth.json").unlink(missing_ok=True)
    for k in range(1, n):
        shutil.copy(folder / "00.mp4", folder / f"{k:02d}.mp4")


def timed(folder: Path, name: str, cores: set[int], *words: str) -> float:
    """Run a batch confined to some cores; the time it took, in s."""
    command = [sys.executable, "-m", "fascidetect", "batch", str(folder / "clips"), "-o", str(folder / name), "-q"]
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # which children inherit
    started_s = time.monotonic()
    try:
        subprocess.run([*command, "--config", str(folder / "c.toml"), *words], check=True)
    finally:
        os.sched_setaffinity(0, before)
    wall_s = time.monotonic() - started_s
    print(f"{name.ljust(34)}{wall_s:8.1f} s    load {os.getloadavg()[0]:.1f}", flush=True)
    return wall_s


def main() -> int:
    asked = parse()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("needs two cores", file=sys.stderr)
        return 1
    one, two = {cores[0]}, set(cores[:2])
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        make_clips(folder / "clips", asked.clips)
        (folder / "c.toml").write_text(SETTINGS)
        print(f"{asked.clips} clips of {SECONDS:g} s, {len(cores)} cores, load {os.getloadavg()[0]:.1f}")
        ratio = timed(folder, "one process, one core", one, "--jobs", "1")
        ratio /= timed(folder, "two processes, two cores", two, "--jobs", "2")
        print(f"ratio {ratio:.2f}\n")
        if not asked.no_dask:
            ratio = timed(folder, "Dask, one worker, one core", one, "--dask", "local:1")
            ratio /= timed(folder, "Dask, two workers, two cores", two, "--dask", "local:2")
            print(f"ratio {ratio:.2f}\n")
        if asked.many:
            overhead(folder, folder / "two processes, two cores" / "00.mp4", asked.many)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
