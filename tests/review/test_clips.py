"""Movements cut out: slowed, held still, beside what changes; and the sheet of all of them."""

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from fascidetect.cli import main
from fascidetect.report.closeup import side_by_side
from fascidetect.video.reader import Clip


def run(*words):
    return CliRunner().invoke(main, ["clips", *map(str, words)])


def test_each_movement_becomes_a_slowed_video_and_all_come_on_a_sheet(shown):
    done = run(shown, "--slow", 8)
    assert done.exit_code == 0, done.output
    names = sorted(path.name for path in (shown / "clips").iterdir())
    assert names == ["001-0m01.00s.mp4", "002-0m02.50s.mp4", "003-0m04.00s.mp4", "contact.png"]
    with Clip(shown / "clips" / "002-0m02.50s.mp4") as clip:
        # half a second before the onset to half a second after the offset, 1.25 s of life, 8 times slower
        assert clip.facts.duration_s == pytest.approx(10.0, abs=8 * 2 / 20)  # a picture at either end
        assert (clip.facts.width_px, clip.facts.height_px) == (720, 404)
    sheet = cv2.imread(str(shown / "clips" / "contact.png"))
    assert sheet.shape[1] > 2 * 690


def test_the_clearest_are_chosen_and_nothing_is_replaced_unasked(shown, tmp_path):
    assert run(shown, "--most", 1, "-o", tmp_path / "one").exit_code == 0
    assert len(list((tmp_path / "one").glob("*.mp4"))) == 1
    again = run(shown, "--most", 1, "-o", tmp_path / "one")
    assert again.exit_code == 1
    assert "--force" in again.output
    assert run(shown, "--most", 1, "-o", tmp_path / "one", "--force").exit_code == 0


def test_another_clip_than_the_analyzed_one_is_refused(shown):
    (shown.parent / "clip.mp4").write_bytes(b"another")
    done = run(shown)
    assert done.exit_code == 1
    assert "is not the file that was analyzed" in done.output
    assert not (shown / "clips").exists()


def test_a_rater_who_decided_nothing_is_missed_in_words(shown):
    done = run(shown, "--rater", "second-reader")
    assert done.exit_code == 1
    assert "nobody has reviewed" in done.output


def test_what_moves_stands_out_beside_the_picture():
    before = np.full((180, 180, 3), 100, np.uint8)
    after = before + np.uint8(10)  # light that rises everywhere is no movement
    after[80:100, 80:100] = 130
    still, moved = side_by_side([before, after], "words", slow=4)
    assert still.shape == (180 + 22, 360, 3)
    assert np.abs(still[:180, 180:].astype(int) - 128).max() == 0
    assert moved[85:95, 265:275].mean() > 200
    assert np.abs(moved[:40, 180:].astype(int) - 128).max() <= 1
