"""The ledger, its place, and the lock."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3

import pytest

from fascidetect.batch import lock
from fascidetect.batch.ledger import Row, ledger_path, on_network, open_ledger
from fascidetect.batch.lock import only_run
from fascidetect.batch.recordings import Shard
from fascidetect.errors import OutputError

ROW = Row("a/x.mp4", 10, 2**62, "f" * 64, "s", "0.1.0", "failed", "no video", 1.5)


def test_what_is_written_is_found_by_the_next_run(tmp_path):
    with open_ledger(tmp_path / "new" / "ledger.sqlite") as ledger:
        ledger.write(dataclasses.replace(ROW, error="before"))
        ledger.write(ROW)
    with open_ledger(tmp_path / "new" / "ledger.sqlite") as ledger:
        assert ledger.find("a/x.mp4") == ROW
        assert ledger.find("a/y.mp4") is None


def test_names_that_are_no_text_are_kept(tmp_path):
    row = dataclasses.replace(ROW, clip="a/\udcff.mp4")
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.write(row)
        assert ledger.find(row.clip) == row


def test_a_look_leaves_nothing(tmp_path):
    with open_ledger(tmp_path / "none" / "ledger.sqlite", keep=False) as ledger:
        assert ledger.find("x") is None
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_ledger_says_what_to_do(tmp_path):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"no database, but long enough to look at" * 100)
    with pytest.raises(OutputError, match="delete it: results are recognized again"), open_ledger(path):
        pass


def test_a_damaged_row_is_not_known_and_the_others_are(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path) as ledger:
        ledger.write(ROW)
        ledger.write(dataclasses.replace(ROW, clip="other.mp4"))
        ledger.write_source("../clips")
    with sqlite3.connect(path) as database:
        database.execute("UPDATE recordings SET size_bytes = 'x' WHERE clip = 'other.mp4'")
        database.execute("UPDATE source SET folder = 7")
    database.close()
    with open_ledger(path) as ledger:
        assert ledger.find("other.mp4") is None
        assert ledger.find(ROW.clip) == ROW
        assert ledger.source() == ""


def test_a_table_that_is_damaged_is_one_line(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path):
        pass
    path.write_bytes(path.read_bytes().replace(b"state NOT NULL", b"'tat\n NOT NULL"))
    with pytest.raises(OutputError) as told, open_ledger(path) as ledger:
        ledger.find(ROW.clip)
    assert "\n" not in str(told.value)


def test_a_look_does_not_write(tmp_path):
    """So it neither waits for a run that writes, nor fails where nothing can be written."""
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path) as ledger:
        ledger.write(ROW)
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with open_ledger(path, keep=False) as ledger:
            assert ledger.find(ROW.clip) == ROW


def test_a_later_ledger_is_refused(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(OutputError, match="later version of fascidetect"), open_ledger(path):
        pass


def test_the_ledger_never_lies_on_a_network_drive(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("fascidetect.batch.ledger.on_network", lambda path: path.name == "far")
    near, far = ledger_path(tmp_path / "near", None), ledger_path(tmp_path / "far", Shard(2, 5))
    assert near == tmp_path / "near" / "ledger.sqlite"
    assert far.is_relative_to(tmp_path / "state")
    assert far.name == "ledger-2-of-5.sqlite"
    assert far.parent != ledger_path(tmp_path / "other" / "far", None).parent


@pytest.mark.parametrize(
    ("place", "expected"),
    [("/data/x/results", True), ("/data/local/results", False), ("/sshd", True), ("/home/results", False)],
)
def test_network_drives_are_known_by_their_mount(tmp_path, place, expected):
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "overlay / overlay rw 0 0\nserver:/x /data nfs4 rw 0 0\n"
        "/dev/sdb1 /data/local ext4 rw 0 0\nme@there: /sshd fuse.sshfs rw 0 0\n"
    )
    assert on_network(tmp_path.__class__(place), mounts) is expected


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(lock, "_PATIENCE_S", 0.01)


def test_a_second_run_over_the_same_results_is_refused(tmp_path):
    with only_run(tmp_path / "out"):
        with pytest.raises(OutputError, match="another run is at work"), only_run(tmp_path / "out"):
            pass
        with pytest.raises(OutputError, match="another run is at work"), only_run(tmp_path / "out", Shard(1, 2)):
            pass
    with only_run(tmp_path / "out"):
        pass


def test_shards_work_beside_each_other_each_once(tmp_path):
    with only_run(tmp_path, Shard(1, 2)), only_run(tmp_path, Shard(2, 2)):
        for other in (Shard(1, 2), None):
            with pytest.raises(OutputError, match="another run is at work"), only_run(tmp_path, other):
                pass
    with only_run(tmp_path):
        pass


def test_waiting_is_said_once_and_ends_with_the_other_run(tmp_path):
    said = []
    first = only_run(tmp_path)
    first.__enter__()

    def other_ends():
        said.append("waiting")
        first.__exit__(None, None, None)

    with only_run(tmp_path, wait=other_ends):
        assert said == ["waiting"]


def test_results_that_cannot_be_written_are_told(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="cannot write results to"), only_run(tmp_path / "out"):
        pass
