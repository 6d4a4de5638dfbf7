"""Candidates on disk judge a clip as those in memory do, and a file that is not whole is told in one line."""

from __future__ import annotations

import dataclasses
import zipfile

import numpy as np
import pytest
from helpers.traces import Bump, make_trace

from fascidetect.errors import FasciError
from fascidetect.events import store
from fascidetect.events.seek import seek
from fascidetect.events.store import Candidates, load_candidates, save_candidates
from fascidetect.events.sustained import Restless
from fascidetect.model import Registration, Unusable
from fascidetect.result import make_result
from fascidetect.settings import DECIDED, DetectSettings, Settings
from fascidetect.settings_file import describe


@pytest.fixture
def saved(tmp_path, twitching):
    save_candidates(tmp_path / "candidates.npz", twitching.held)
    return tmp_path / "candidates.npz"


def test_what_is_saved_is_loaded(saved, twitching):
    held, again = twitching.held, load_candidates(saved)
    assert again.settings == held.settings
    for field in dataclasses.fields(Registration):
        np.testing.assert_array_equal(getattr(again.about, field.name), getattr(held.about, field.name), field.name)
    assert make_result(again.about, again.windows, held.settings).to_records() == twitching.result.to_records()
    save_candidates(saved.with_name("again.npz"), again)
    assert saved.with_name("again.npz").read_bytes() == saved.read_bytes()  # so nothing is lost


def test_what_is_no_twitch_is_kept_too(tmp_path, twitching):
    region = np.zeros(twitching.trace.geometry.shape, bool)
    region[3:6, 40:] = True
    window = dataclasses.replace(
        twitching.held.windows[0],
        restless=(Restless("rhythmic", region, 1.0, 4.5, 1.25), Restless("continuous", ~region, 0.0, 2.0, None)),
        lost=(Unusable(2.0, 2.5, "disturbed picture"),),
    )
    empty = dataclasses.replace(window, candidates=(), restless=(), lost=())
    held = dataclasses.replace(twitching.held, windows=(empty, window, empty))
    save_candidates(tmp_path / "candidates.npz", held)
    first, again, _ = load_candidates(tmp_path / "candidates.npz").windows
    assert (first.candidates, first.restless, first.lost) == ((), (), ())
    assert len(again.candidates) == len(window.candidates)
    assert again.lost == window.lost
    assert [(p.kind, p.start_s, p.end_s, p.rate_hz) for p in again.restless] == [
        ("rhythmic", 1.0, 4.5, 1.25),
        ("continuous", 0.0, 2.0, None),
    ]
    np.testing.assert_array_equal(again.restless[0].region, region)


def test_names_that_are_no_text_are_saved_too(tmp_path, twitching):
    clip = dataclasses.replace(twitching.trace.clip, name="calf\udcff \u2028.mp4")
    held = dataclasses.replace(twitching.held, about=dataclasses.replace(twitching.trace, clip=clip))
    save_candidates(tmp_path / "candidates.npz", held)
    assert load_candidates(tmp_path / "candidates.npz").about.clip == clip


def test_a_clip_in_which_nothing_can_be_seen_is_saved_too(tmp_path):
    save_candidates(tmp_path / "candidates.npz", Candidates(make_trace(duration_s=0), (), Settings()))
    again = load_candidates(tmp_path / "candidates.npz")
    assert again.windows == ()
    assert len(again.about.time_s) == 0


@pytest.mark.parametrize("blips", [(), (Bump(0.6),)])
def test_a_picture_that_stands_still_is_saved_too(tmp_path, blips):
    """Its scores are beyond all bounds."""
    trace, settings = make_trace(blips, duration_s=2.0), Settings()
    still = dataclasses.replace(
        trace,
        displacement_px=np.where(np.abs(trace.displacement_px) > 0.4, trace.displacement_px, 0),
        shading_pct=trace.shading_pct * 0,
    )
    held = Candidates(still, seek(still, settings.quality.max_gap_s, settings.detect), settings)
    save_candidates(tmp_path / "candidates.npz", held)
    again = load_candidates(tmp_path / "candidates.npz")
    assert [len(w.candidates) for w in again.windows] == [len(w.candidates) for w in held.windows]
    assert make_result(again.about, again.windows, settings).quality.verdict


def test_settings_that_are_decided_late_change_no_candidate(tmp_path, saved, twitching):
    """So that judging again under them gives what analyzing under them would have given."""
    late = DetectSettings(sensitivity="high", keep=("shape",), floor_px=1.0, floor_mm=0.1, kappa=3.0)
    changed = {row.name for row, own in zip(describe(), describe(Settings(detect=late)), strict=True) if row != own}
    assert changed == {name for name in DECIDED if name.startswith("detect.")}
    windows = seek(twitching.trace, twitching.held.settings.quality.max_gap_s, late)
    save_candidates(tmp_path / "late.npz", dataclasses.replace(twitching.held, windows=windows))
    assert (tmp_path / "late.npz").read_bytes() == saved.read_bytes()


def test_numpy_alone_reads_it_without_pickle(saved):
    with np.load(saved, allow_pickle=False) as data:
        assert {data[name].dtype.hasobject for name in data.files} == {False}


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_cut_file_is_told(saved, share):
    data = saved.read_bytes()
    saved.write_bytes(data[: int(share * len(data))])
    with pytest.raises(FasciError, match=r"cannot read .*candidates\.npz as candidates \(.+\)$"):
        load_candidates(saved)


def changed(path, name, change):
    """Write the file again with one of its arrays changed."""
    with np.load(path) as data:
        arrays = {key: data[key] for key in data.files}
    arrays[name] = change(arrays[name])
    np.savez_compressed(path, **arrays)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("candidate_numbers", lambda a: a[1:]),
        ("candidate_numbers", lambda a: a + 1000),
        ("cell_region", lambda a: a & False),
        ("cell_pattern", lambda a: a.astype(np.float32)),
        ("candidate_box", lambda a: a + np.array([500, 0, 0, 0], np.uint16)),
        ("candidate_box", lambda a: a + np.array([0, 0, 1, 0], np.uint16)),
        ("candidate_box", lambda a: a * 0),
        ("candidate_box", lambda a: a - np.array([0, 0, 1, 0], np.uint16)),
        ("window_gain", lambda a: a * np.float32(np.nan)),
        ("maxima_row", lambda a: a + np.uint16(500)),
        ("window_valid", lambda a: a[:, :-1]),
        ("time_s", lambda a: a[::-1]),
        ("facts", lambda a: np.array("{}")),
        ("facts", lambda a: np.array(str(a).replace("high", "loud").replace("normal", "loud"))),
    ],
)
def test_what_does_not_fit_together_is_told(saved, name, change):
    changed(saved, name, change)
    with pytest.raises(FasciError, match=r"cannot read .*candidates\.npz as candidates \(.+\)$") as caught:
        load_candidates(saved)
    assert "\n" not in str(caught.value)


def test_another_schema_is_told(saved):
    changed(saved, "schema_version", lambda a: np.array("9.0"))
    with pytest.raises(FasciError, match=r"has schema 9\.0, this program writes"):
        load_candidates(saved)


def test_what_another_version_has_found_is_not_judged(saved, monkeypatch):
    monkeypatch.setattr(store, "__version__", "77.0")
    with pytest.raises(FasciError, match=r"was written by another fascidetect \(\S+; this is 77\.0\)"):
        load_candidates(saved)


def test_a_file_that_is_none_is_told(tmp_path):
    with pytest.raises(FasciError, match=r"no such file: .*candidates\.npz"):
        load_candidates(tmp_path / "candidates.npz")
    with zipfile.ZipFile(tmp_path / "candidates.npz", "w"):
        pass
    with pytest.raises(FasciError, match="cannot read"):
        load_candidates(tmp_path / "candidates.npz")
