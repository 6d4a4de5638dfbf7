"""`check` looks at the start of a clip only, and says what would make it better."""

import json
from dataclasses import replace

import pytest
from helpers.traces import make_trace

from fascidetect import pipeline
from fascidetect.errors import ClipNotFound
from fascidetect.settings import Settings


@pytest.fixture
def asked(monkeypatch):
    """Settings that clips were measured with; every clip lasts 60 s, but those whose name says otherwise."""
    calls = []

    def measure(path, settings, *, progress=None, isolate=False):
        if "missing" in path.name:
            raise ClipNotFound(f"no such file: {path}")
        calls.append(settings)
        length_s = 12.0 if "short" in path.name else 60.0
        trace = make_trace(duration_s=min(settings.clip.to_s - settings.clip.from_s, length_s))
        if "gone" in path.name:
            trace = replace(trace, texture=0 * trace.texture)
        return replace(trace, clip=replace(trace.clip, name=path.name, duration_s=length_s))

    monkeypatch.setattr(pipeline, "measure", measure)
    return calls


def test_a_good_clip(run, asked):
    done = run("check", "calf.mp4")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("calf.mp4 (analyzed: 0 to 6 s): good to analyze\n")
    assert "Movements under" in done.stdout
    assert (asked[0].clip.from_s, asked[0].clip.to_s) == (0, pipeline.CHECK_S)


def test_a_clip_that_is_too_short_for_a_rate_is_told_so(run, asked):
    done = run("check", "short.mp4")
    assert done.exit_code == 0
    assert "can be analyzed, but\n  - too short for a rate" in done.stdout


def test_one_that_cannot_be_analyzed_fails_and_the_next_is_looked_at(run, asked):
    done = run("check", "gone.mp4", "missing.mp4", "calf.mp4")
    assert done.exit_code == 1
    assert "gone.mp4 (analyzed: 0 to 6 s): film again, for it cannot be analyzed:\n  - there is nothing" in done.stdout
    assert "missing.mp4" in done.stderr
    assert "calf.mp4 (analyzed: 0 to 6 s): good" in done.stdout


def test_json_and_another_part(run, asked):
    done = run("check", "calf.mp4", "--json", "--from", "0:20", "--roi", "100,100,300,200")
    tree = json.loads(done.stdout)
    assert (tree["verdict"], tree["reasons"]) == ("ok", [])
    assert 0 < tree["limit50_px"] <= tree["limit90_px"]
    assert (asked[0].clip.from_s, asked[0].clip.to_s) == (20, 20 + pipeline.CHECK_S)
    assert len(asked[0].clip.rois) == 1


def test_quiet_says_it_by_the_status_alone(run, asked):
    assert (run("check", "calf.mp4", "-q").output, run("check", "calf.mp4", "-q").exit_code) == ("", 0)
    assert run("check", "gone.mp4", "-q").exit_code == 1


def test_a_stricter_setting_is_kept_for_the_length_of_the_clip(asked, tmp_path):
    settings = Settings()
    strict = replace(settings, quality=replace(settings.quality, min_rate_s=120))
    result = pipeline.check(tmp_path / "calf.mp4", strict)
    assert result.quality.verdict == "limited"
