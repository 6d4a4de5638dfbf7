"""The file of decisions survives crashes, full disks and two writers."""

import errno
import json
import os
import signal
import subprocess
import sys

import pytest

from fascidetect.errors import OutputError, ReviewError
from fascidetect.review import Draft, load_log
from fascidetect.review.store import append

KEYS = "v,seq,utc,rater,action,event_id,onset_s,peak_s,offset_s,x_px,y_px,note,undoes"


def add(path, peak_s=1.0, **fields):
    return append(path, lambda before: Draft("first", "add", peak_s=peak_s, **fields))


def test_a_decision_is_one_line_with_the_keys_of_the_format(tmp_path):
    path = tmp_path / "review.jsonl"
    add(path, note="weak")
    add(path, 2.0)
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    assert ",".join(first) == KEYS
    assert (first["v"], first["seq"], first["event_id"], first["note"]) == (1, 1, "m1", "weak")
    assert (second["seq"], second["event_id"], second["x_px"]) == (2, "m2", None)
    assert [d.peak_s for d in load_log(path).decisions] == [1.0, 2.0]


def test_a_decision_is_on_the_disk_before_it_is_confirmed(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    path = tmp_path / "review.jsonl"
    add(path)
    assert synced[0] == path.stat().st_size
    assert len(synced) == 1 + (os.name == "posix")  # the name of a new file, too
    add(path)
    assert synced[-1] == path.stat().st_size


@pytest.mark.parametrize("torn", [b'{"v":1,"se', b"\0\0\0\0", b'{"v":1}'])
def test_what_a_crash_left_is_kept_aside_and_never_lost(tmp_path, torn):
    path = tmp_path / "review.jsonl"
    add(path)
    with path.open("ab") as file:
        file.write(torn)
    log = load_log(path)
    assert (len(log.decisions), log.torn) == (1, torn)
    assert add(path).seq == 2
    assert len(load_log(path).decisions) == 2
    assert (tmp_path / "review.torn").read_bytes() == torn + b"\n"


def test_a_last_line_that_only_lacks_its_end_counts(tmp_path):
    path = tmp_path / "review.jsonl"
    add(path)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert len(load_log(path).decisions) == 1
    add(path)
    assert [d.seq for d in load_log(path).decisions] == [1, 2]


LINE = '{"v":1,"seq":1,"utc":"2026-01-01T00:00:00Z","rater":"first","action":"add","event_id":"m1","peak_s":1}\n'


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("what\n", "line 1: no decision"),
        (LINE.replace('"v":1', '"v":2'), "line 1: written by a later version"),
        (LINE + LINE, "line 2: seq 1 does not rise"),
        (LINE.replace(',"peak_s":1', ""), "line 1: no decision: peak_s is missing"),
        (LINE.replace("00Z", "00"), "line 1: no decision: utc"),
        (LINE.replace('"add"', '"like"'), "line 1: no decision"),
        (LINE.replace('"peak_s":1', '"peak_s":-1'), "line 1: onset, peak and offset"),
        (LINE.replace("}", f',"x":{"[" * 9999}{"]" * 9999}}}'), "line 1: no decision"),
    ],
)
def test_damage_before_the_end_is_named_and_nothing_is_written(tmp_path, text, match):
    path = tmp_path / "review.jsonl"
    path.write_text(text)
    with pytest.raises(ReviewError, match=match):
        add(path)
    assert path.read_text() == text


def test_keys_of_a_later_version_are_no_harm(tmp_path):
    path = tmp_path / "review.jsonl"
    path.write_text(LINE.replace("}", ',"mood":"good"}'))
    assert add(path).seq == 2


def test_a_full_disk_leaves_whole_lines(tmp_path, monkeypatch):
    path = tmp_path / "review.jsonl"
    add(path)
    before = path.read_bytes()

    def refuse(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OutputError, match="No space left"):
        add(path)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write to"):
        add(tmp_path / "file" / "review.jsonl")


WRITER = """
import sys
from pathlib import Path
from fascidetect.review import Draft
from fascidetect.review.store import append
while True:
    append(Path(sys.argv[1]), lambda before: Draft("first", "add", peak_s=1.0))
    print("done", flush=True)
"""


def test_two_writers_lose_nothing_even_when_one_is_killed(tmp_path):
    path = tmp_path / "review.jsonl"
    command = [sys.executable, "-c", WRITER, str(path)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as first,
        subprocess.Popen(command, stdout=subprocess.PIPE) as second,
    ):
        confirmed = 0
        for process in (first, second):
            for _ in range(20):
                confirmed += process.stdout.readline() == b"done\n"
        first.send_signal(signal.SIGKILL)
        second.send_signal(signal.SIGKILL)
        rest = first.stdout.read() + second.stdout.read()
    log = load_log(path)
    assert confirmed == 40
    assert len(log.decisions) >= confirmed + rest.count(b"done")
    assert [d.seq for d in log.decisions] == list(range(1, len(log.decisions) + 1))
    assert add(path).seq == len(log.decisions) + 1
