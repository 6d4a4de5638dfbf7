"""Movements cut out: slowed, held still, beside what changes; and the sheet of all of them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from fascidetect.cli import main
from fascidetect.evaluate import load_result
from fascidetect.motion.store import load_trace
from fascidetect.report.closeup import side_by_side
from fascidetect.review import Draft, decide
from fascidetect.review.clips import as_left
from fascidetect.review.state import ReviewedEvent
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


def test_what_a_rater_marked_or_moved_is_cut_out_as_it_was_left(shown):
    first, second, _ = load_result(shown).events
    decide(shown, Draft("second-reader", "accept", second.id))
    decide(
        shown, Draft("second-reader", "move", second.id, onset_s=2.0, peak_s=2.4, offset_s=3.0, x_px=90.0, y_px=60.0)
    )
    decide(shown, Draft("second-reader", "reject", first.id))
    decide(shown, Draft("second-reader", "add", onset_s=4.9, peak_s=5.0, offset_s=5.4, x_px=400.0, y_px=200.0))
    decide(shown, Draft("second-reader", "add", peak_s=5.0))
    done = run(shown, "--rater", "second-reader")
    assert done.exit_code == 0, done.output
    names = sorted(path.name for path in (shown / "clips").iterdir())
    assert names == ["000-0m05.00s-2.mp4", "000-0m05.00s.mp4", "002-0m02.40s.mp4", "contact.png"]
    frame_s = 1 / 20
    for name, least_s in (("000-0m05.00s.mp4", 1.5), ("000-0m05.00s-2.mp4", 1.2), ("002-0m02.40s.mp4", 2.0)):
        with Clip(shown / "clips" / name) as clip:
            assert clip.facts.duration_s / 4 == pytest.approx(least_s, abs=2 * frame_s)


def test_a_mark_is_cut_out_at_its_place_although_the_camera_moves(shown):
    trace = load_trace(shown / "trace.npz")
    moved = np.eye(3)
    moved[:2, 2] = trace.geometry.source_to_analysis[0, 0] * np.array([12.0, -8.0])
    trace = replace(trace, affine=np.broadcast_to(moved, trace.affine.shape))
    mark = ReviewedEvent("m1", "m1", "added", "accepted", None, 2.0, None, 240.0, 90.0)
    event = as_left(mark, trace)
    assert (event.ref_x_px, event.ref_y_px) == pytest.approx((228, 98))
    assert (event.onset_s, event.offset_s) == pytest.approx((1.9, 2.1))
    nowhere = as_left(replace(mark, x_px=None, y_px=None), trace)
    assert (nowhere.box_w_px, nowhere.box_h_px) == (480, 270)


def test_marks_outside_of_the_analyzed_part_are_left_out_and_told(shown):
    decide(shown, Draft("second-reader", "add", peak_s=50.0))
    decide(shown, Draft("second-reader", "add", peak_s=5.0))
    done = run(shown, "--rater", "second-reader")
    assert "1 of second-reader lie outside" in done.output
    assert len(list((shown / "clips").glob("*.mp4"))) == 1


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
