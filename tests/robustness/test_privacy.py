"""Nothing that a clip tells of its making, and nothing of this machine, reaches an output; no connection is opened."""

import json
import os
import subprocess
import sys

import av
import pytest
from click.testing import CliRunner
from helpers.secrets import DATES, SECRETS, telling_clip, told_by

from fascidetect.cli import main
from robustness.bait import BAIT
from robustness.corpus.base import FPS, grain
from robustness.run import COARSE

GUARD = """
import sys

def refuse(event, words):
    if event.startswith(("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethost", "socket.sendto")):
        sys.stderr.write(f"CONNECTION {event} {words}\\n")
        raise PermissionError("no connection is opened")

sys.addaudithook(refuse)
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The results of a clip that tells a lot."""
    folder = tmp_path_factory.mktemp("telling")
    path = telling_clip(folder / "calf.mp4", grain(), FPS)
    assert all(word.encode() in path.read_bytes() for word in SECRETS)  # what is sought is there to be found
    with av.open(str(path)) as container:
        assert any(DATES[0] in value for value in container.streams.video[0].metadata.values())
    (folder / "coarse.toml").write_text(COARSE)
    done = CliRunner().invoke(main, ["analyze", str(path), "--config", str(folder / "coarse.toml")])
    assert done.exit_code == 0, done.output
    return folder / "calf.mp4.fascidetect"


def test_what_the_clip_tells_reaches_no_output(results):
    assert len(list(results.iterdir())) >= 8
    assert told_by(results) == []


def test_what_is_sought_would_be_found(results):
    assert len(told_by(results, "calf.mp4")) >= 2  # the file's name does stand in the results


def test_the_overlay_has_no_tags_and_no_sound(results):
    with av.open(str(results / "overlay.mp4")) as container:
        assert set(container.metadata) <= {"major_brand", "minor_version", "compatible_brands"}
        assert len(container.streams) == 1
        assert "creation_time" not in container.streams[0].metadata


def test_a_label_hides_the_files_name(tmp_path):
    path = telling_clip(tmp_path / "waldtraut-2019.mp4", grain(), FPS)
    (tmp_path / "coarse.toml").write_text(COARSE)
    words = [
        "analyze",
        str(path),
        "-o",
        str(tmp_path / "out"),
        "--label",
        "S01",
        "--config",
        str(tmp_path / "coarse.toml"),
    ]
    done = CliRunner().invoke(main, [*words, "--no-overlay"])
    assert done.exit_code == 0, done.output
    assert told_by(tmp_path / "out", "waldtraut") == []
    assert json.loads((tmp_path / "out" / "result.json").read_text())["clip"]["name"] == "S01"


def guarded(tmp_path, *words):
    """Run Python with every process of it forbidden to open a connection."""
    (tmp_path / "sitecustomize.py").write_text(GUARD)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "FASCIDETECT_ISOLATE": "1"}
    return subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False)


def test_no_connection_is_opened(tmp_path):
    path = telling_clip(tmp_path / "calf.mp4", grain(), FPS)
    (tmp_path / "coarse.toml").write_text(COARSE)
    words = ["analyze", str(path), "-o", str(tmp_path / "out"), "--config", str(tmp_path / "coarse.toml"), "-q"]
    done = guarded(tmp_path, "-m", "fascidetect", *words)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_guard_guards(tmp_path):
    host, port = BAIT.address.split(":")
    done = guarded(tmp_path, "-c", f"import socket; socket.create_connection(({host!r}, {port}))")
    assert done.returncode == 1
    assert "CONNECTION" in done.stderr
