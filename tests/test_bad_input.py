"""Everything that is no good clip, through the real command line: one line that says what to do, never a false 0."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from helpers.makevideo import cut, moving, scratch, texture, write_sound, write_video

from fascidetect.cli import main

WIDTH, HEIGHT, FPS = 320, 180, 12.0
SECONDS = 6.5  # little more than is needed to judge a clip
COARSE = "[measure]\ncells_across = 32\n"  # a quarter of the cells, a quarter of the work


@pytest.fixture(scope="module")
def skin():
    """Textured pictures whose noise differs from frame to frame: something to register, nothing that moves."""
    rng = np.random.default_rng(0)
    grain = texture(HEIGHT // 4, WIDTH // 4, seed=2).repeat(4, 0).repeat(4, 1) * 0.5 + texture(HEIGHT, WIDTH) * 0.5
    grain = grain[:HEIGHT, :WIDTH] + rng.normal(0, 6, (HEIGHT, WIDTH))
    return [
        np.clip(grain + rng.normal(0, 2, grain.shape), 0, 255).astype(np.uint8) for _ in range(round(SECONDS * FPS))
    ]


def analyze(path, *words):
    out = path.parent / "out"
    config = path.parent / "coarse.toml"
    config.write_text(COARSE)
    given = ["analyze", str(path), "-o", str(out), "--config", str(config), "--no-overlay", *words]
    return CliRunner().invoke(main, given), out


def complaint(done, *, code=1):
    """The one line of an analysis that failed, after a look at everything else it said."""
    assert done.exit_code == code, (done.output, done.exception)
    assert not isinstance(done.exception, Exception)  # SystemExit is none
    assert "Traceback" not in done.output
    lines = [line for line in done.stderr.splitlines() if line.startswith("fascidetect: ")]
    assert len(lines) == 1
    assert done.stderr.count("\n") == 1
    return lines[0]


def refused(path, words, *more):
    """A clip that cannot be read: a line, and no folder."""
    done, out = analyze(path, *more)
    line = complaint(done)
    assert words in line
    assert path.name in line
    assert done.stdout == ""
    assert not out.exists()


def unjudged(path, words, *more):
    """A clip that can be read and not judged: a line, a result that says so, and no number anywhere."""
    done, out = analyze(path, *more)
    line = complaint(done)
    assert words in line
    assert path.name in line
    assert "0 movements" not in done.stdout
    assert "No movement" not in done.stdout
    result = json.loads((out / "result.json").read_text())
    assert result["quality"]["verdict"] == "cannot_analyze"
    assert result["events"] == []
    assert {result["summary"][k] for k in ("rate_per_min", "rate_low_per_min", "rate_high_per_min")} == {None}
    assert (out / "events.csv").read_text().count("\n") == 1  # the header
    return result


def test_a_good_clip_is_judged(tmp_path, skin):
    """The control: what the bad clips below are made of is fine without the damage."""
    done, out = analyze(write_video(tmp_path / "fine.mp4", skin, fps=FPS))
    assert done.exit_code == 0, done.output
    assert json.loads((out / "result.json").read_text())["quality"]["verdict"] != "cannot_analyze"
    assert "No movement counted" in done.stdout


def test_missing(tmp_path):
    refused(tmp_path / "none.mp4", "no such file")


def test_folder(tmp_path):
    (tmp_path / "clips.mp4").mkdir()
    refused(tmp_path / "clips.mp4", "is a folder; name a video file in it")


def test_empty(tmp_path):
    (tmp_path / "empty.mp4").touch()
    refused(tmp_path / "empty.mp4", "is empty (0 bytes); copy it again")


def test_text(tmp_path):
    (tmp_path / "text.mp4").write_text("this is no video\n" * 100)
    refused(tmp_path / "text.mp4", "cannot read")


def test_sound_only(tmp_path):
    refused(write_sound(tmp_path / "sound.mp4", 6.0), "holds sound only; name a file with a video track")


def test_zero_frames(tmp_path):
    refused(write_video(tmp_path / "none.mp4", []), "without a single picture")


def test_one_frame(tmp_path):
    unjudged(write_video(tmp_path / "one.mp4", [texture(HEIGHT, WIDTH)]), "single frame")


def test_too_short(tmp_path, skin):
    unjudged(write_video(tmp_path / "short.mp4", skin[:36], fps=FPS), "too short (3.0 s; at least 5 s are needed)")


def test_between_short_and_long_there_are_events_but_no_rate(tmp_path, skin):
    _, out = analyze(write_video(tmp_path / "fine.mp4", skin, fps=FPS))
    result = json.loads((out / "result.json").read_text())
    assert result["quality"]["verdict"] == "limited"
    assert result["summary"]["n_events"] == 0
    assert result["summary"]["rate_per_min"] is None
    assert any("too short for a rate" in reason for reason in result["quality"]["reasons"])


def test_a_cut_file_is_analyzed_as_far_as_it_goes_and_says_so(tmp_path, skin):
    path = write_video(
        tmp_path / "cut.mp4",
        skin * 2,
        fps=FPS,
        container_options={"movflags": "frag_keyframe+empty_moov"},
        options={"crf": "8", "g": "12"},
    )
    done, out = analyze(cut(path, 0.7))
    assert done.exit_code == 0, done.output
    result = json.loads((out / "result.json").read_text())
    assert 6.5 < result["clip"]["duration_s"] < 11
    assert result["quality"]["usable_s"] < 11


def test_a_cut_file_with_a_header_names_what_is_missing(tmp_path, skin):
    path = write_video(tmp_path / "cut.mp4", skin * 2, fps=FPS, container_options={"movflags": "faststart"})
    done, out = analyze(cut(path, 0.7))
    assert done.exit_code == 0, done.output
    result = json.loads((out / "result.json").read_text())
    assert any(("could be" in w and "damaged" in w) or "cut" in w for w in result["quality"]["warnings"]), result[
        "quality"
    ]
    assert "Warning" in done.stdout or "warning" in done.stdout or "damaged" in done.stdout


def test_an_mp4_whose_index_is_cut_off(tmp_path, skin):
    refused(
        cut(write_video(tmp_path / "cut.mp4", skin, fps=FPS), 0.7), "if it was cut off while copying, copy it again"
    )


def test_damage_in_the_middle_is_told_and_makes_no_movement(tmp_path, skin):
    path = write_video(tmp_path / "hurt.mp4", skin * 2, fps=FPS, options={"crf": "8", "g": "24"})
    done, out = analyze(scratch(path, 0.45, 0.5))
    assert "Traceback" not in done.output
    assert done.exit_code in (0, 1)
    result = json.loads((out / "result.json").read_text())
    assert any("damaged" in warning for warning in result["quality"]["warnings"])
    assert result["events"] == []


def test_black(tmp_path):
    rng = np.random.default_rng(1)
    dark = [rng.integers(0, 4, (HEIGHT, WIDTH), dtype=np.uint8) for _ in range(round(SECONDS * FPS))]
    unjudged(write_video(tmp_path / "black.mp4", dark, fps=FPS), "almost black: film in good light")


def test_all_black_without_noise(tmp_path):
    dark = [np.zeros((HEIGHT, WIDTH), np.uint8)] * round(SECONDS * FPS)
    unjudged(write_video(tmp_path / "black.mp4", dark, fps=FPS), "almost black")


def test_frozen(tmp_path):
    same = [texture(HEIGHT, WIDTH)] * round(SECONDS * FPS)
    unjudged(write_video(tmp_path / "frozen.mp4", same, fps=FPS, options={"qp": "0"}), "the picture never changes")


def test_frozen_but_for_the_start(tmp_path, skin):
    """A call that hung: 2 s of film, then one picture."""
    stuck = skin[:24] + [skin[24]] * (len(skin) - 24)
    _, out = analyze(write_video(tmp_path / "stuck.mp4", stuck, fps=FPS))
    result = json.loads((out / "result.json").read_text())
    told = result["quality"]["warnings"] + result["quality"]["reasons"]
    assert any("repeat" in text or "never changes" in text for text in told)
    assert result["events"] == []


def test_a_blank_wall(tmp_path):
    rng = np.random.default_rng(3)
    wall = [
        np.clip(150 + rng.normal(0, 1.5, (HEIGHT, WIDTH)), 0, 255).astype(np.uint8) for _ in range(round(SECONDS * FPS))
    ]
    done, out = analyze(write_video(tmp_path / "wall.mp4", wall, fps=FPS, options={"crf": "23"}))
    line = complaint(done)
    assert "rest the phone" in line or "go closer" in line
    assert json.loads((out / "result.json").read_text())["quality"]["verdict"] == "cannot_analyze"


def test_a_perfectly_blank_wall(tmp_path):
    wall = [np.full((HEIGHT, WIDTH), 150, np.uint8)] * round(SECONDS * FPS)
    unjudged(write_video(tmp_path / "wall.mp4", wall, fps=FPS), "")


def test_violent_shake_is_refused_and_not_counted(tmp_path):
    rng = np.random.default_rng(4)
    scene = texture(600, 900, seed=5)
    where = rng.integers(0, (400, 560), (round(SECONDS * FPS), 2))
    shaken = [np.ascontiguousarray(scene[y : y + HEIGHT, x : x + WIDTH]) for y, x in where]
    result = unjudged(write_video(tmp_path / "shaken.mp4", shaken, fps=FPS), "s can be used (shaken or not registered)")
    assert result["quality"]["usable_s"] < 5


def test_a_lens_that_is_covered_is_not_watched(tmp_path, skin):
    """Nothing shows while a finger lies on the lens: those seconds are no usable time."""
    covered = [np.full((HEIGHT, WIDTH), 60, np.uint8)] * 60
    _, out = analyze(write_video(tmp_path / "covered.mp4", skin + covered + skin, fps=FPS))
    result = json.loads((out / "result.json").read_text())
    assert result["events"] == []
    assert result["quality"]["usable_s"] < 2 * SECONDS + 1


@pytest.mark.parametrize(
    ("roi", "words"),
    [
        ("calf=400,10,50,50", "the area 'calf' lies outside of the picture, which is 320 x 180 px"),
        ("10,10,4,4", "is too small; make it at least"),
        ("10,10,0,50", "needs a width and a height above 0"),
        ("10,10,50", "cannot read the area"),
    ],
)
def test_an_area_that_makes_no_sense(tmp_path, skin, roi, words):
    done, out = analyze(write_video(tmp_path / "fine.mp4", skin[:24], fps=FPS), "--roi", roi)
    assert done.exit_code in (1, 2)
    assert words in done.stderr
    assert "Traceback" not in done.output
    assert not out.exists()


def test_a_part_that_does_not_exist(tmp_path, skin):
    path = write_video(tmp_path / "fine.mp4", skin[:24], fps=FPS)
    refused(path, "no frame from 30 s on; it lasts 2.0 s: choose another part", "--from", "30")


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a place that even root cannot write to")
def test_no_write_permission(tmp_path, skin):
    """Linux lets nobody, root included, make a folder in /sys: no pretending is needed."""
    path = write_video(tmp_path / "fine.mp4", skin[:24], fps=FPS)
    done = CliRunner().invoke(main, ["analyze", str(path), "-o", "/sys/kernel/fascidetect-test/out"])
    line = complaint(done)
    assert "cannot write results to /sys/kernel/fascidetect-test/out" in line
    assert "choose another folder with -o" in line


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write where others may not")
def test_no_write_permission_beside_the_clip(tmp_path, skin):
    path = write_video(tmp_path / "fine.mp4", skin[:24], fps=FPS)
    tmp_path.chmod(0o500)
    try:
        done, _ = analyze(path)
        assert "permission denied; choose another folder with -o" in complaint(done)
    finally:
        tmp_path.chmod(0o700)


FULL = """
import resource, sys
from fascidetect import pipeline
from fascidetect.cli import main

def fill_up():
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

if sys.argv[1] == "early":
    fill_up()
else:
    measured = pipeline.measure
    def measure(*words, **more):
        trace = measured(*words, **more)
        fill_up()
        return trace
    pipeline.measure = measure
main(sys.argv[2:])
"""


@pytest.mark.parametrize(
    ("when", "more", "words"),
    [
        ("early", ["--no-overlay"], "no room for scratch files"),
        ("late", ["--no-overlay"], "cannot write"),
        ("late", [], "cannot write"),
    ],
)
def test_a_full_disk(tmp_path, skin, when, more, words):
    """The system refuses to let any file grow beyond 4 kB, from the start or once the motion is measured."""
    path = write_video(tmp_path / "fine.mp4", skin, fps=FPS)
    command = [sys.executable, "-c", FULL, when, "analyze", str(path), "-o", str(tmp_path / "out"), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("fascidetect: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert sorted(tmp_path.iterdir()) == [path]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY  # this process is not touched


def test_no_permission_to_read(tmp_path, skin, monkeypatch):
    """Root may read everything, so the refusal is made here."""
    path = write_video(tmp_path / "fine.mp4", skin[:24], fps=FPS)
    opened = Path.open

    def refuse(self, *words, **more):
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *words, **more)

    monkeypatch.setattr(Path, "open", refuse)
    refused(path, "no permission to read")


def test_things_that_move_like_frames_of_another_clip(tmp_path, skin):
    """Two clips glued together: the cut between them is no movement."""
    other = [np.ascontiguousarray(p[::-1, ::-1]) for p in skin]
    _, out = analyze(write_video(tmp_path / "glued.mp4", skin + other, fps=FPS))
    assert json.loads((out / "result.json").read_text())["events"] == []


def test_a_scene_that_slides_away_is_not_counted(tmp_path):
    _, out = analyze(write_video(tmp_path / "pan.mp4", moving(round(SECONDS * FPS), HEIGHT, WIDTH), fps=FPS))
    assert json.loads((out / "result.json").read_text())["events"] == []
