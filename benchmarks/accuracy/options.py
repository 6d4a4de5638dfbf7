"""What the benchmark can be asked for, and the same in words for its tables and files."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from baselines import METHODS, chosen, dvr_scan
from groups import GROUPS, SIDES

BASELINES = ", ".join(method.name for method in METHODS)
DESCRIPTION = "How well fascidetect counts. See benchmarks/README.md."


def parse(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/accuracy", description=DESCRIPTION)
    parser.add_argument("--side", choices=SIDES, required=True, help="dev: tune on it as you like; report: only report")
    parser.add_argument("--quick", action="store_true", help="few clips: about 10 minutes the first time")
    parser.add_argument(
        "--clips", type=int, default=0, metavar="N", help="of each group the first N with and N without twitches"
    )
    parser.add_argument("--quiet", type=int, default=0, metavar="N", help="with --clips: another N without twitches")
    parser.add_argument("--drawn", action="store_true", help="only clips that were drawn before, by a run cut short")
    parser.add_argument("--groups", default="", metavar="A,B", help=f"some of: {', '.join(g.name for g in GROUPS)}")
    parser.add_argument(
        "--real",
        type=Path,
        metavar="DIR",
        help="also put known twitches into the clips of this folder; with --realism: compare with them",
    )
    parser.add_argument("--against", type=Path, metavar="OLD.json", help="compare with an earlier run, clip by clip")
    parser.add_argument(
        "--onto", type=Path, metavar="OLD.json", help="go on from an earlier run: take over the clips that only it made"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.json", help="write all numbers")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--remake", action="store_true", help="draw clips anew that an older phantom has drawn")
    parser.add_argument(
        "--baselines", nargs="?", const="all", metavar="A,B", help=f"simple methods too; some of: {BASELINES}"
    )
    parser.add_argument("--tune", action="store_true", help="with --baselines: try every value of their constants")
    parser.add_argument("--dvr-scan", metavar="PROGRAM", help=f"the installed DVR-Scan (or in {dvr_scan.VARIABLE})")
    parser.add_argument("--realism", action="store_true", help="how the made clips differ from the real ones in --real")
    parser.add_argument("--fit", action="store_true", help="print the coefficients of the confidence of events anew")
    parser.add_argument("--limits", action="store_true", help="whether the detection limits that are told are true")
    parser.add_argument("--ablate", action="store_true", help="what each ingredient of the detector earns")
    parser.add_argument("--why", action="store_true", help="why twitches are missed, by their size")
    parser.add_argument("--filming", action="store_true", help="what it is worth to film well: one muscle, many ways")
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="OUT.webp",
        help="with --filming: draw some ways; with --why: the clips of which least is found",
    )
    parser.add_argument("--verify", action="store_true", help="with --limits: also as --verify-limit does it")
    asked = parser.parse_args(words)
    try:
        asked.methods = chosen(asked.baselines or "")
    except ValueError as exc:
        parser.error(str(exc))
    wrong = (
        (
            asked.tune and (asked.side != "dev" or not asked.methods),
            "--tune needs --side dev and --baselines: reporting clips are not for tuning",
        ),
        (
            asked.clips < 0 or (asked.clips and asked.quick),
            "--clips takes a number of 1 and more, and no --quick beside it",
        ),
        (
            asked.quiet < 0 or (asked.quiet and not asked.clips),
            "--quiet takes a number of 1 and more, and --clips beside it",
        ),
        (asked.picture and not (asked.filming or asked.why), "--picture needs --filming or --why"),
        (
            (asked.fit or asked.ablate) and asked.side != "dev",
            "--fit and --ablate need --side dev: reporting clips are not for tuning",
        ),
    )
    for holds, message in wrong:
        if holds:
            parser.error(message)
    if asked.dvr_scan:
        os.environ[dvr_scan.VARIABLE] = asked.dvr_scan
    asked.groups = tuple(name for name in asked.groups.split(",") if name)
    unknown = sorted(set(asked.groups) - {group.name for group in GROUPS})
    if unknown:
        parser.error(f"unknown group {unknown[0]}; one of {', '.join(group.name for group in GROUPS)}")
    return asked


def choice(asked: argparse.Namespace) -> str:
    """Which of a side's clips were run, in words; "" for all."""
    named = [f"groups {', '.join(asked.groups)}"] if asked.groups else []
    of_each = f"the first {asked.clips} with and the first {asked.quiet or asked.clips} without twitches of each group"
    few = ["quick"] if asked.quick else [of_each] if asked.clips else []
    words = few + named + (["those drawn so far"] if asked.drawn else []) + (["and earlier ones"] if asked.onto else [])
    return f" ({'; '.join(words)})" if words else ""


def command(asked: argparse.Namespace) -> str:
    """What to type for these numbers, and those of clips that were not drawn yet; folders are the reader's own."""
    words = ["python benchmarks/accuracy --side", asked.side]
    words += ["--quick"] if asked.quick else [f"--clips {asked.clips}"] if asked.clips else []
    words += [f"--quiet {asked.quiet}"] if asked.quiet else []
    words += [f"--groups {','.join(asked.groups)}"] if asked.groups else []
    words += ["--real DIR"] if asked.real else []
    words += [f"--baselines {asked.baselines}"] if asked.baselines else []
    words += ["--dvr-scan PROGRAM"] if asked.dvr_scan else []
    words += ["--onto EARLIER.json"] if asked.onto else []
    return " ".join(words)
