"""The same clip, settings and versions give the same bytes at any number of threads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "samples" / "calf-twitches.mp4"
SCRIPT = """
import sys
from fascidetect.video import container
container.DECODER_THREADS = int(sys.argv[1])
from fascidetect.cli import main
main(sys.argv[2:])
"""
NUMBERS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")


def analyzed(folder, threads, *words):
    """All that is written, without what tells of the run."""
    environment = {**os.environ, **dict.fromkeys(NUMBERS, str(threads))}
    command = ["analyze", str(SAMPLE), "-o", str(folder), "-q", "--no-overlay", "--to", "8", *words]
    subprocess.run([sys.executable, "-c", SCRIPT, str(threads), *command], env=environment, check=True)
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    del written["report.html"]  # tells when and how long; all else in it comes from result.json
    tree = json.loads(written.pop("result.json"))
    del tree["run"]
    return {**written, "result.json": tree}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    found = analyzed(tmp_path_factory.mktemp("one") / "out", 1, "--no-isolate")
    assert found["result.json"]["events"]  # something that could differ
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("threads", "how"), [(2, "--no-isolate"), (8, "--no-isolate"), (2, "--isolate")])
def test_threads_change_nothing(tmp_path, alone, threads, how):
    found = analyzed(tmp_path / "out", threads, how)
    assert set(found) == set(alone)
    for name in alone:
        assert found[name] == alone[name], name
