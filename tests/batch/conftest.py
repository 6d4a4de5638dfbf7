"""Batches whose results are built from values: no video is read."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest
from helpers.build import example_facts, example_result, example_run, write_results

from fascidetect import __version__
from fascidetect.batch.plan import Recording
from fascidetect.batch.sessions import Session
from fascidetect.model import Result
from fascidetect.report.export import write_result
from fascidetect.settings import Settings


class Batch:
    """A folder of files that stand for clips, and one of results."""

    def __init__(self, folder: Path):
        self.clips, self.results = folder / "clips", folder / "results"
        self.clips.mkdir()
        self.results.mkdir()

    def clip(self, name: str = "a.mp4", content: bytes = b"clip", **facts: str) -> Recording:
        """Make a clip, or change it."""
        path = self.clips / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return Recording(name, path, self.results / name, Session(**facts), Settings())

    def finish(self, recording: Recording, result: Result | None = None, version: str = __version__) -> Result:
        """Write a result as the program would from this clip and these settings."""
        result = result or example_result()
        sha256 = hashlib.sha256(recording.path.read_bytes()).hexdigest()
        facts = dataclasses.replace(result.clip, name=recording.path.name, sha256=sha256)
        result = dataclasses.replace(result, clip=facts, settings=recording.settings)
        recording.folder.mkdir(parents=True, exist_ok=True)
        write_results(recording.folder, result)
        run = dataclasses.replace(example_run(), version=version)
        write_result(result, run, recording.folder / "result.json")
        return result


@pytest.fixture
def batch(tmp_path):
    return Batch(tmp_path)


@pytest.fixture
def facts():
    return example_facts()
