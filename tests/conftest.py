"""Held for every test."""

import pytest


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    """Clips are decoded where the test runs, which is quicker; tests of isolation ask for a process of its own."""
    monkeypatch.setenv("FASCIDETECT_ISOLATE", "0")
