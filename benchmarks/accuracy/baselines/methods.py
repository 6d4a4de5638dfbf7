"""The methods, each with its one free constant and the value that development clips gave it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from baselines import dvr_scan, lk_top5, motion_energy, orb_farneback
from baselines.sighting import Sightings


@dataclass(frozen=True)
class Method:
    """A way to find events.

    Attributes
    ----------
    find
        From a clip and values of the free constant to the events at each.
    constant
        The value in use: the best F1 of `grid` (``--tune`` prints it) over four clips of the development side,
        the first of ``still`` and of ``hand-held`` with and without twitches (orb-farneback: three of them).
    source
        Module whose code decides what is found.
    missing
        Why it cannot run here; empty where it can.
    """

    name: str
    about: str
    find: Callable[[Path, Sequence[float]], Sightings]
    constant: float
    grid: tuple[float, ...]
    source: str
    missing: Callable[[], str] = lambda: ""
    version: Callable[[], str] = lambda: ""


def _no_dvr_scan() -> str:
    return "" if dvr_scan.program() else f"not installed; name the program with --dvr-scan or {dvr_scan.VARIABLE}"


MADS = (4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 24.0)

METHODS = (
    Method(
        "orb-farneback",
        "ORB shift, Farneback flow, k MAD in each frame",
        orb_farneback.find,
        20.0,
        (7.0, 10.0, 14.0, 20.0, 28.0, 40.0),
        "orb_farneback",
    ),
    Method("lk-top5", "grid of LK points, five fastest less the median", lk_top5.find, 8.0, MADS, "lk_top5"),
    Method("motion-energy", "mean difference of frames, no place", motion_energy.find, 24.0, MADS, "motion_energy"),
    Method(
        "dvr-scan",
        "DVR-Scan as shipped, no place",
        dvr_scan.find_shipped,
        dvr_scan.SHIPPED_THRESHOLD,
        (dvr_scan.SHIPPED_THRESHOLD,),
        "dvr_scan",
        _no_dvr_scan,
        dvr_scan.version,
    ),
    Method(
        "dvr-scan-tuned",
        "DVR-Scan for brief and small movements, no place",
        dvr_scan.find_tuned,
        0.01,
        (0.005, 0.01, 0.02, 0.05, 0.15),
        "dvr_scan",
        _no_dvr_scan,
        dvr_scan.version,
    ),
)


def chosen(names: str) -> tuple[Method, ...]:
    """Methods by names with commas between; all for ``all``.

    Raises
    ------
    ValueError
        There is no such method.
    """
    known = {method.name: method for method in METHODS}
    wanted = tuple(known) if names == "all" else tuple(name for name in names.split(",") if name)
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise ValueError(f"unknown baseline {unknown[0]}; one of {', '.join(known)}")
    return tuple(known[name] for name in wanted)
