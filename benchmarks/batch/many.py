"""What a batch costs beside its clips: planning, summing up, and the memory of the coordinator."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

LOOK = """
import re, sys, time
from pathlib import Path
from fascidetect.batch.ledger import open_ledger
from fascidetect.batch.recordings import find_recordings
from fascidetect.batch.rollup import line_of
from fascidetect.batch.run import make_plan, recordings_of, sum_up, take_note
from fascidetect.settings_file import load_settings

folder, results, config = (Path(text) for text in sys.argv[1:])

def resident_kb():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

start_kb, clock = resident_kb(), time.process_time()

def told(what):
    global clock
    now, n = time.process_time(), len(recordings)
    kb = (resident_kb() - start_kb) / n
    print(f"{what.ljust(44)}{1e3 * (now - clock) / n:8.2f} CPU-ms a clip{kb:8.1f} kB a clip in memory")
    clock = now

clips = find_recordings(folder, results=results)
recordings = tuple(recordings_of(clips, folder, results, load_settings(config), {}))
told("finding")
with open_ledger(results / "ledger.sqlite") as ledger:
    plan = make_plan(recordings, ledger)
    assert not plan.left
    take_note(plan, ledger)
    told("planning, first: results are recognized")
    make_plan(recordings, ledger)
    told("planning, later: the ledger is asked")
    for _ in sum_up((line_of(one, ledger, results) for one in recordings), results):
        pass
    told("summary.csv, events.csv, index.html")
"""


def overhead(folder: Path, clip: Path, result: Path, n: int) -> None:
    """Print what so many clips cost that are done already: copies of one clip and its result."""
    many, results = folder / "many", folder / "many results"
    for k in range(n):
        name = f"{k % 100:02d}/{k:06d}.mp4"
        (many / name).parent.mkdir(parents=True, exist_ok=True)
        os.link(clip, many / name)
        place = results / name
        place.mkdir(parents=True)
        for table in ("result.json", "events.csv"):
            shutil.copy(result / table, place / table)
    command = [sys.executable, "-c", LOOK, str(many), str(results), str(folder / "c.toml")]
    subprocess.run(command, check=True)
    size = (results / "ledger.sqlite").stat().st_size
    print(f"ledger: {size / n:.0f} bytes a clip")
