"""Tables of what befalls the program: ``python tests/robustness corpus`` and ``python tests/robustness fuzz``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


def corpus(asked: argparse.Namespace) -> int:
    """Every file of the corpus, analyzed."""
    from robustness.corpus import files
    from robustness.run import try_case

    tally: Counter[str] = Counter()
    bad = 0
    print(f"{'file':<52}{'outcome':<11}{'s':>6}{'MB':>6}")
    for case in files():
        if asked.only not in case.name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            outcome, wrong, done = try_case(case, Path(folder), isolate=asked.isolate)
        tally[outcome] += 1
        bad += bool(wrong)
        said = (done.err.strip().splitlines() or [""])[0] if asked.lines else ""
        print(f"{case.name[:51]:<52}{outcome:<11}{done.wall_s:6.1f}{done.peak_mb:6.0f}  {said}", flush=True)
        for one in wrong:
            print(f"    WRONG: {one}", flush=True)
    print(f"{sum(tally.values())} files: {dict(tally)}; wrong: {bad}")
    return min(1, bad)


def fuzz(asked: argparse.Namespace) -> int:
    """Every reader, for some minutes, with inputs that are almost right."""
    from robustness.fuzz import campaign, targets

    chosen = [target for target in targets() if asked.only in target.name]
    each_s = 60 * asked.minutes / len(chosen)
    bad = total = 0
    print(f"{'reader':<34}{'inputs':>9}{'taken':>9}{'refused':>9}{'findings':>10}{'s':>7}")
    for target in chosen:
        tally = campaign(target, asked.seed, seconds=each_s, inputs=asked.inputs)
        row = (tally.inputs, tally.taken, tally.refused, len(tally.findings))
        print(f"{target.name:<34}{row[0]:>9}{row[1]:>9}{row[2]:>9}{row[3]:>10}{tally.seconds:>7.0f}", flush=True)
        bad, total = bad + row[3], total + row[0]
        for what in dict.fromkeys(what for what, _ in tally.findings):
            print("    " + what.strip().replace("\n", "\n    "), flush=True)
        if asked.output:
            for number, (what, data) in enumerate(tally.findings):
                asked.output.mkdir(parents=True, exist_ok=True)
                stem = asked.output / f"{target.name.replace(', ', '-').replace(' ', '-')}-{number}"
                stem.with_suffix(f".{target.suffix}").write_bytes(data)
                stem.with_suffix(".txt").write_text(what)
    print(f"{total} inputs, seed {asked.seed}; findings: {bad}")
    return min(1, bad)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/robustness", description=__doc__)
    commands = parser.add_subparsers(required=True)
    files = commands.add_parser("corpus", help=corpus.__doc__)
    files.add_argument("--only", default="", metavar="WORDS", help="cases whose name holds these words")
    files.add_argument("--lines", action="store_true", help="show what was said")
    files.add_argument("--no-isolate", dest="isolate", action="store_false", help="decode in the same process")
    files.set_defaults(run=corpus)
    readers = commands.add_parser("fuzz", help=fuzz.__doc__)
    readers.add_argument("--minutes", type=float, default=20.0, help="for all readers together [20]")
    readers.add_argument("--inputs", type=int, default=10**9, help="for each reader, at most")
    readers.add_argument("--seed", type=int, default=0)
    readers.add_argument("--only", default="", metavar="WORDS", help="readers whose name holds these words")
    readers.add_argument("-o", "--output", type=Path, metavar="DIR", help="keep what was found")
    readers.set_defaults(run=fuzz)
    asked = parser.parse_args()
    return int(asked.run(asked))


if __name__ == "__main__":
    raise SystemExit(main())
