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


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/robustness", description=__doc__)
    commands = parser.add_subparsers(required=True)
    files = commands.add_parser("corpus", help=corpus.__doc__)
    files.add_argument("--only", default="", metavar="WORDS", help="cases whose name holds these words")
    files.add_argument("--lines", action="store_true", help="show what was said")
    files.add_argument("--no-isolate", dest="isolate", action="store_false", help="decode in the same process")
    files.set_defaults(run=corpus)
    asked = parser.parse_args()
    return int(asked.run(asked))


if __name__ == "__main__":
    raise SystemExit(main())
