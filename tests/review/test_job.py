"""Analysis in a process of its own: told how far it is, stopped without leaving anything."""

import time

import pytest
from helpers.makevideo import moving, write_video

from fascidetect.review.site import job as jobs
from fascidetect.review.site.job import Job
from fascidetect.settings import Settings


def until_it_ends(job):
    end_s = time.monotonic() + 60
    while job.state().status == "running":
        assert time.monotonic() < end_s
        time.sleep(0.02)
    return job.state()


def test_a_clip_becomes_a_result(tmp_path):
    clip = write_video(tmp_path / "clip.mp4", moving(10, 120, 160))
    state = until_it_ends(Job(clip, tmp_path / "out", Settings()))
    assert state.status == "done", state.error
    assert (tmp_path / "out" / "result.json").is_file()


def test_what_is_no_clip_fails_in_one_line(tmp_path):
    state = until_it_ends(Job(tmp_path / "nothing.mp4", tmp_path / "out", Settings()))
    assert state.status == "failed"
    assert "no such file" in state.error


@pytest.mark.parametrize("patience_s", [60.0, 0.0], ids=["asked", "killed"])
def test_a_stopped_analysis_leaves_nothing(tmp_path, monkeypatch, patience_s):
    monkeypatch.setattr(jobs, "_PATIENCE_S", patience_s)
    clip = write_video(tmp_path / "clip.mp4", moving(400, 120, 160))
    home = tmp_path / "home"
    home.mkdir()
    job = Job(clip, home / "out", Settings())
    end_s = time.monotonic() + 60
    while job.state().stage == "starting" and time.monotonic() < end_s:
        time.sleep(0.01)
    assert list(home.iterdir()) != []  # it had begun to write
    job.stop()
    assert list(home.iterdir()) == []
    assert until_it_ends(job).status == "failed"
