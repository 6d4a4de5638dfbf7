"""What tests of several folders look at, and what is held for every test."""

from __future__ import annotations

import shutil

import pytest
from helpers.shown import write_shown


@pytest.fixture(scope="session")
def shown_once(tmp_path_factory):
    """A clip and its results folder beside it; not to be written into."""
    home = tmp_path_factory.mktemp("shown")
    write_shown(home / "clip.mp4", home / "clip.mp4.fascidetect")
    return home


@pytest.fixture
def shown(shown_once, tmp_path):
    """Results folder of three movements at 1, 2.5 and 4 s, with its clip beside it; a copy to write into."""
    shutil.copytree(shown_once, tmp_path / "shown")
    return tmp_path / "shown" / "clip.mp4.fascidetect"


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    """Clips are decoded where the test runs, which is quicker; tests of isolation ask for a process of its own."""
    monkeypatch.setenv("FASCIDETECT_ISOLATE", "0")
