"""How many clips this machine carries at once: by the cores and the memory that this process may use."""

from __future__ import annotations

import os
from pathlib import Path

CLIP_MB = 700
"""Memory kept for one clip, MB: twice what a minute of 1080p was measured to take."""


def default_jobs(group: Path = Path("/sys/fs/cgroup"), meminfo: Path = Path("/proc/meminfo")) -> int:
    """As many clips as there are cores, or fewer where memory is short; at least one."""
    return max(1, min(_cores(group), _free_mb(group, meminfo) // CLIP_MB))


def _cores(group: Path) -> int:
    """Cores that this process may run on, and that its container may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _read(group / "cpu.max").partition(" ")
    return min(cores, max(1, int(quota) // int(period))) if quota.isdecimal() and period.isdecimal() else cores


def _free_mb(group: Path, meminfo: Path) -> int:
    """Memory left to this process, of the machine and of its container; much where the system does not tell."""
    rows = dict(line.split(":", 1) for line in _read(meminfo).splitlines() if ":" in line)
    free_mb = [int(rows["MemAvailable"].split()[0]) // 1024] if "MemAvailable" in rows else []
    most, used = _read(group / "memory.max"), _read(group / "memory.current")
    if most.isdecimal() and used.isdecimal():
        free_mb.append((int(most) - int(used)) // 2**20)
    return min(free_mb, default=CLIP_MB * (os.cpu_count() or 1))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
