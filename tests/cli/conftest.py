"""A stand-in for the pipeline, so that the command line is tested apart from video."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.build import example_facts, example_result, write_results

from fascidetect.cli import main
from fascidetect.errors import ClipNotFound
from fascidetect.report.folder import results_folder


class FakePipeline:
    """Writes a ready result the way the real pipeline does; remembers what it was asked."""

    def __init__(self):
        self.result = example_result()
        self.raises = {}
        self.calls = []

    def analyze_to_folder(self, path, folder, settings, *, force=False, verify=None, progress=None, isolate=False):
        self.calls.append((path, folder, settings))
        if path.name in self.raises:
            raise self.raises[path.name]
        if not path.exists():
            raise ClipNotFound(f"no such file: {path}")
        with results_folder(folder, force=force) as scratch:
            write_results(scratch, self.result)
            if progress:
                progress("measure", 1, 2)
            if settings.report.label == "interrupt":
                raise KeyboardInterrupt
        return self.result


@pytest.fixture
def pipeline(monkeypatch):
    fake = FakePipeline()
    module = types.ModuleType("fascidetect.pipeline")
    module.analyze_to_folder = fake.analyze_to_folder
    monkeypatch.setitem(sys.modules, "fascidetect.pipeline", module)
    return fake


@pytest.fixture
def reader(monkeypatch):
    """Stand-in for the reader: every clip has the example's facts and one warning."""

    class Clip:
        def __init__(self, path, settings, *, isolate):
            if not Path(path).exists():
                raise ClipNotFound(f"no such file: {path}")
            self.facts = example_facts(name=Path(path).name)
            self.warnings = ("the frame rate varies",)

        def __enter__(self):
            return self

        def __exit__(self, *exc):
            return None

    module = types.ModuleType("fascidetect.video.isolated")
    module.open_clip = Clip
    monkeypatch.setitem(sys.modules, "fascidetect.video.isolated", module)


@pytest.fixture
def clips(tmp_path, monkeypatch):
    """Names of two files in the current folder that stand for clips."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(b"clip")
    return ["a.mp4", "b.mp4"]


@pytest.fixture
def run():
    def run(*words):
        return CliRunner().invoke(main, [str(word) for word in words])

    return run
