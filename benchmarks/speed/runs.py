"""Processes of their own, and what they cost."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
IMPORTS = "import av, cv2, matplotlib.figure, numpy, scipy.ndimage, scipy.optimize, skimage, fascidetect.pipeline"


@dataclass(frozen=True)
class Cost:
    """CPU (user and system, all threads), wall clock, and the most memory that was resident at once."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def run(words: Sequence[str]) -> Cost:
    """Run Python with these arguments.

    Raises
    ------
    RuntimeError
        It failed.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)])}
    return cost_of([sys.executable, *words], environment)


def cost_of(words: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a program whose words to the terminal do not matter.

    Raises
    ------
    RuntimeError
        It failed.
    """
    started = time.monotonic()
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with status {process.returncode}")
    wall_s = time.monotonic() - started
    return Cost(used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss * MAXRSS_BYTES / 1e6)


def importing() -> Cost:
    """Start Python and import all that an analysis imports."""
    return run(["-c", IMPORTS])


def decoding(path: Path, threads: str) -> Cost:
    """Decode and do nothing else."""
    return run(["-c", f"import stages; stages.decode({str(path)!r}, {threads!r})"])


def analyzing(path: Path, *, overlay: bool) -> Cost:
    """The command as a user types it."""
    with tempfile.TemporaryDirectory() as scratch:
        words = ["-m", "fascidetect", "analyze", str(path), "-o", str(Path(scratch) / "results"), "-q"]
        return run(words if overlay else [*words, "--no-overlay"])


def helping() -> Cost:
    """Print what the program is for."""
    return run(["-m", "fascidetect", "--help"])


def retuning(path: Path) -> Cost:
    """Judge the result of a clip again; the analysis before it is not counted."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = str(Path(scratch) / "results")
        run(["-m", "fascidetect", "analyze", str(path), "-o", folder, "-q", "--no-overlay"])
        return run(["-m", "fascidetect", "retune", folder, "--sensitivity", "high", "-q"])


def scanning(program: str, path: Path) -> Cost:
    """Look for motion with DVR-Scan, which writes nothing but times."""
    return cost_of([program, "-i", str(path), "-so", "-q", "--ignore-user-config"])
