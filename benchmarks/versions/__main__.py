"""The same answer with the oldest and the newest libraries that are allowed: ``python benchmarks/versions``."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SAMPLES = ("calf-twitches.mp4", "calf-quiet.mp4")

# What may differ. Decoders and interpolation are exact or nearly so; what remains moves an event by less than
# the noise of a cell does.
PEAK_S = 0.005
AMPLITUDE = 0.02
PLACE_PX = 2.0
LIMIT = 0.05


def requirements() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return list(project["dependencies"])


def oldest(requirement: str) -> str:
    """``av>=18,<19`` becomes ``av==18.0.*``: the oldest minor version that is allowed."""
    name, low = re.match(r"([\w-]+)>=([\d.]+)", requirement).groups()  # type: ignore[union-attr]
    return f"{name}=={low if '.' in low else f'{low}.0'}.*"


def environment(folder: Path, chosen: list[str], python: str) -> Path:
    """Python of a new environment with these libraries and the package from here."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    found = folder / "bin" / "python"
    quiet = [str(found), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*quiet, *chosen], check=True)
    subprocess.run([*quiet, "--no-deps", str(ROOT)], check=True)
    return found


def analyzed(python: Path, sample: str) -> dict[str, Any]:
    """The result.json that these libraries give."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["-m", "fascidetect", "analyze", str(ROOT / "samples" / sample), "-o", f"{folder}/out"]
        one = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        subprocess.run([str(python), *words, "-q", "--no-overlay"], check=True, env=one, cwd=folder)
        tree: dict[str, Any] = json.loads(Path(folder, "out", "result.json").read_text(encoding="utf-8"))
    return tree


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, float]:
    """The largest difference of each kind; events belong together by their order in time."""
    pairs = list(zip(one["events"], other["events"], strict=False))
    relative = [abs(a["amplitude_px"] / b["amplitude_px"] - 1) for a, b in pairs]
    limits = [q["quality"]["limit50_px"] for q in (one, other)]
    return {
        "events": abs(len(one["events"]) - len(other["events"])),
        "peak, s": max((abs(a["peak_s"] - b["peak_s"]) for a, b in pairs), default=0.0),
        "amplitude, share": max(relative, default=0.0),
        "place, px": max((abs(a[k] - b[k]) for a, b in pairs for k in ("x_px", "y_px")), default=0.0),
        "detection limit, share": abs(limits[0] / limits[1] - 1),
    }


ALLOWED = {"events": 0, "peak, s": PEAK_S, "amplitude, share": AMPLITUDE, "place, px": PLACE_PX}
ALLOWED["detection limit, share"] = LIMIT


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks/versions", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter of both environments")
    asked = parser.parse_args()
    bad = False
    with tempfile.TemporaryDirectory() as folder:
        chosen = {"oldest": [oldest(r) for r in requirements()], "newest": requirements()}
        found: dict[str, list[dict[str, Any]]] = {}
        for name, words in chosen.items():
            python = environment(Path(folder) / name, words, asked.python)
            found[name] = [analyzed(python, sample) for sample in SAMPLES]
            libraries = found[name][0]["run"]["libraries"]
            print(f"{name}: " + ", ".join(f"{k} {v}" for k, v in libraries.items()), flush=True)
    for sample, one, other in zip(SAMPLES, found["oldest"], found["newest"], strict=True):
        print(f"\n{sample}: {len(one['events'])} and {len(other['events'])} events")
        for what, size in differences(one, other).items():
            wrong = size > ALLOWED[what]
            bad |= wrong
            print(f"  {what:<26}{size:>10.2g}   allowed {ALLOWED[what]:g}{'   TOO MUCH' if wrong else ''}")
    return int(bad)


if __name__ == "__main__":
    raise SystemExit(main())
