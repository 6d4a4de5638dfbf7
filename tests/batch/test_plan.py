"""What is done, what failed and what is left, from the ledger and the result folders."""

from __future__ import annotations

import dataclasses
import os
import sys

import pytest
from helpers.build import example_result

from fascidetect import __version__
from fascidetect.batch.ledger import open_ledger
from fascidetect.batch.plan import done_row, failed_row, standing
from fascidetect.batch.rollup import read_result
from fascidetect.batch.run import make_plan, recordings_of, take_note
from fascidetect.errors import ClipError, OutputError
from fascidetect.settings import DetectSettings, Settings

OTHER = Settings(detect=DetectSettings(sensitivity="high"))


def known(batch, recording):
    """Row of a recording that was analyzed."""
    before = standing(recording, None)
    batch.finish(recording)
    return done_row(recording, before, 1.0)


def test_what_nobody_knows_is_left(batch):
    found = standing(batch.clip(), None)
    assert (found.state, found.why) == ("left", "new")


def test_what_was_done_stays_done(batch):
    recording = batch.clip()
    row = known(batch, recording)
    assert standing(recording, row).row == row
    assert standing(recording, row).state == "done"


def test_a_result_that_the_ledger_does_not_know_is_taken_over(batch):
    """As when the program was killed between writing the result and noting it, or the ledger was lost."""
    recording = batch.clip()
    row = known(batch, recording)
    found = standing(recording, None)
    assert found.state == "done"
    assert found.row == dataclasses.replace(row, wall_s=0.0)


@pytest.mark.parametrize("with_row", [True, False])
def test_a_changed_file_is_left(batch, with_row):
    recording = batch.clip()
    row = known(batch, recording)
    batch.clip(content=b"other")
    found = standing(recording, row if with_row else None)
    assert (found.state, found.why) == ("left", "its content has changed")


def test_a_file_that_was_only_touched_is_done(batch):
    recording = batch.clip()
    row = known(batch, recording)
    os.utime(recording.path, ns=(1, 1))
    found = standing(recording, row)
    assert found.state == "done"
    assert found.row is not None
    assert found.row.modified_ns == 1  # so that the next run need not read it again


def test_other_settings_or_another_version_are_left(batch):
    recording = batch.clip()
    row = known(batch, recording)
    assert standing(dataclasses.replace(recording, settings=OTHER), row).why == "was analyzed with other settings"
    batch.finish(recording, version="0.0.1")
    assert standing(recording, dataclasses.replace(row, version="0.0.1")).why == "was analyzed by version 0.0.1"
    assert standing(recording, None).state == "left"


def test_a_row_without_results_is_left(batch):
    recording = batch.clip()
    row = known(batch, recording)
    (recording.folder / "result.json").unlink()
    assert standing(recording, row).why == "its results are gone"


def test_a_damaged_result_is_left_or_failed(batch):
    recording = batch.clip()
    before = standing(recording, None)
    recording.folder.mkdir()
    (recording.folder / "result.json").write_text("{")
    assert standing(recording, None).state == "left"
    assert done_row(recording, before, 1.0).state == "failed"


@pytest.mark.parametrize("data", [b'{"a":' * 20000, b"\xff", b'{"clip": 3}'])
def test_a_result_that_is_no_document_is_none(batch, data):
    recording = batch.clip()
    recording.folder.mkdir()
    (recording.folder / "result.json").write_bytes(data)
    assert standing(recording, None).state == "left"
    with pytest.raises(ClipError, match=r"is no result\.json"):
        read_result(recording.folder)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
def test_what_is_no_file_is_not_waited_for(batch):
    recording = batch.clip()
    row = failed_row(recording, standing(recording, None), "is no ordinary file", 1.0)
    recording.path.unlink()
    os.mkfifo(recording.path)
    assert standing(recording, row).state == "failed"


def test_what_failed_stays_so_until_it_changes_or_another_mends_it(batch):
    recording = batch.clip()
    row = failed_row(recording, standing(recording, None), "no video", 1.0)
    assert standing(recording, row).state == "failed"
    batch.finish(recording)
    assert standing(recording, row).state == "done"
    batch.clip(content=b"another file")
    assert standing(recording, row).state == "left"


def test_a_file_that_vanished_is_left_for_the_worker_to_tell(batch):
    recording = batch.clip()
    recording.path.unlink()
    assert standing(recording, None) == dataclasses.replace(standing(recording, None), state="left")


def test_a_plan_counts_and_remembers(batch):
    done, failed, new = batch.clip("done.mp4"), batch.clip("failed.mp4"), batch.clip("new.mp4", b"123")
    batch.finish(done)
    with open_ledger(batch.results / "ledger.sqlite") as ledger:
        ledger.write(failed_row(failed, standing(failed, None), "no video", 1.0))
        plan = make_plan([done, failed, new], ledger)
        assert ([r.clip for r, _ in plan.left], plan.done, plan.failed) == (["new.mp4"], ("done.mp4",), ("failed.mp4",))
        assert plan.left_bytes == 3
        assert ledger.find("done.mp4") is None
        take_note(plan, ledger)
        assert ledger.find("done.mp4") is not None
        again = make_plan([done, failed, new], ledger, retry_failed=True)
        why = {recording.clip: before.why for recording, before in again.left}
        assert why == {"failed.mp4": "failed before", "new.mp4": "new"}
        assert again.news == ()


def test_results_mirror_the_folder_of_recordings(tmp_path):
    (recording,) = recordings_of(["p/a.mp4"], tmp_path / "clips", tmp_path / "out", Settings(), {})
    assert recording.folder == tmp_path / "out" / "p" / "a.mp4"
    assert recording.task(5.0).version == __version__
    (odd,) = recordings_of(["p/\udcff.mp4"], tmp_path / "clips", tmp_path / "out", Settings(), {})
    assert odd.folder == tmp_path / "out" / "p" / "\\xff.mp4"  # tables and links are text
    assert odd.path == tmp_path / "clips" / "p" / "\udcff.mp4"
    with pytest.raises(OutputError, match="holds the recordings"):
        list(recordings_of(["a.mp4"], tmp_path, tmp_path, Settings(), {}))


def test_the_result_is_recognized_after_rounding(batch):
    """Settings are kept exactly in result.json, also those that are no short number."""
    recording = batch.clip()
    odd = Settings(detect=DetectSettings(tau_s=0.1 / 3, kappa=1e-3))
    recording = dataclasses.replace(recording, settings=odd)
    batch.finish(recording, example_result())
    assert standing(recording, None).state == "done"
