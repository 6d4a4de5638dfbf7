"""What counts as a recording, and which shard it belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from fascidetect.batch.recordings import Shard, find_recordings, parse_shard
from fascidetect.errors import ClipError, ClipNotFound, SettingsError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_videos_are_found_in_all_folders_by_their_ending(tmp_path):
    touch(tmp_path, "b.MOV", "a/left.mp4", "a/deep/x.mkv", "notes.txt", "a/sheet.csv")
    assert find_recordings(tmp_path, results=tmp_path / "out") == ("a/deep/x.mkv", "a/left.mp4", "b.MOV")


def test_results_and_hidden_files_are_no_recordings(tmp_path):
    touch(
        tmp_path,
        "a.mp4",
        "._a.mp4",  # what a Mac leaves on other people's drives
        ".a.0123abcd.partial/overlay.mp4",
        "a.mp4.fascidetect/overlay.mp4",
        "out/a.mp4/overlay.mp4",
        "other/result.json",
        "other/events.csv",
        "other/overlay.mp4",
    )
    assert find_recordings(tmp_path, results=tmp_path / "out") == ("a.mp4",)


def test_results_may_lie_around_the_recordings(tmp_path):
    touch(tmp_path, "clips/a.mp4")
    assert find_recordings(tmp_path / "clips", results=tmp_path) == ("a.mp4",)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.mov", ("p/b.MOV",)),
        ("*calf*", ("p/Calf.dat", "q/calf.mp4")),
        ("q/*", ("q/calf.mp4",)),
        ("*/*.mp4", ("q/calf.mp4",)),
    ],
)
def test_a_pattern_chooses_by_name_or_by_path(tmp_path, pattern, expected):
    touch(tmp_path, "a.mp4", "p/b.MOV", "p/Calf.dat", "q/calf.mp4")
    assert find_recordings(tmp_path, results=tmp_path / "out", pattern=pattern) == expected


def test_a_link_to_a_folder_above_does_not_lead_in_circles(tmp_path):
    touch(tmp_path, "clips/a.mp4")
    (tmp_path / "clips" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert find_recordings(tmp_path / "clips", results=tmp_path / "out") == ("a.mp4",)


def test_what_is_no_folder_is_told(tmp_path):
    touch(tmp_path, "a.mp4")
    with pytest.raises(ClipNotFound, match="no such folder"):
        find_recordings(tmp_path / "none", results=tmp_path / "out")
    with pytest.raises(ClipError, match="is a file; name the folder"):
        find_recordings(tmp_path / "a.mp4", results=tmp_path / "out")


def test_every_recording_belongs_to_one_shard():
    clips = [f"P{k:03d}/calf.mp4" for k in range(400)]
    held = [[clip for clip in clips if Shard(i, 5).holds(clip)] for i in range(1, 6)]
    assert sorted(clip for part in held for clip in part) == clips
    assert min(len(part) for part in held) > 50  # 80 on average


@pytest.mark.parametrize("text", ["0/5", "6/5", "2", "a/b", "1/0", "-1/3"])
def test_a_shard_that_makes_no_sense_is_refused(text):
    with pytest.raises(SettingsError, match="i/n"):
        parse_shard(text)


def test_a_shard_is_read():
    assert parse_shard("2/5") == Shard(2, 5)
