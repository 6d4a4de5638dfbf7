import csv
import dataclasses

import numpy as np
import pytest

from fascidetect import verify
from fascidetect.errors import ClipError
from fascidetect.events.seek import seek
from fascidetect.model import Tried
from fascidetect.phantom import Camera, Nuisance, Recipe, Scene, make_clip
from fascidetect.pipeline import analyze_to_folder, measure
from fascidetect.report.export import to_csv
from fascidetect.result import make_result
from fascidetect.settings import Settings
from fascidetect.verify import verify_limit

CALF = Recipe(
    seed=8,
    width_px=320,
    height_px=240,
    duration_s=8.0,
    scene=Scene(limb_share=0.8, mm_per_px=0.6),
    camera=Camera(fps=20, bits_per_px=0.6),
    nuisances=(Nuisance("shake", 0.7),),
)
ASK = Settings()


@pytest.fixture(scope="module")
def calf(tmp_path_factory):
    path = tmp_path_factory.mktemp("verify") / "calf.mp4"
    make_clip(CALF, path)
    return path


@pytest.fixture(scope="module")
def analyzed(calf):
    trace = measure(calf, ASK)
    windows = seek(trace, ASK.quality.max_gap_s, ASK.detect)
    return trace, windows, make_result(trace, windows, ASK)


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(verify, "FEWEST", 6)


def test_large_twitches_are_found_and_small_ones_are_not(calf, analyzed, few, monkeypatch):
    monkeypatch.setattr(verify, "SIZES", (6.0, 8.0))
    _, large = verify_limit(calf, *analyzed)
    monkeypatch.setattr(verify, "SIZES", (0.05, 0.1))
    limit, small = verify_limit(calf, *analyzed)
    assert sum(one.found for one in large) >= 0.6 * len(large)
    assert not any(one.found for one in small)
    assert (limit.n, limit.n_found, limit.limit50_px, limit.limit90_px) == (len(small), 0, None, None)


def test_what_is_put_in_is_the_same_every_time_and_within_the_clip(calf, analyzed, few):
    told = []
    first = verify_limit(calf, *analyzed, progress=lambda *now: told.append(now))
    assert verify_limit(calf, *analyzed) == first
    trace, _, result = analyzed
    for one in first[1]:
        assert trace.time_s[0] < one.peak_s < trace.time_s[-1]
        x, y = trace.geometry.px_to_analysis(np.array([one.x_px, one.y_px])) / trace.geometry.cell_px
        assert trace.mask[int(y), int(x)] > 0.5
        assert 0.29 < one.amplitude_px / result.quality.limit50_px < 3.01
    assert [now[0] for now in told] == ["verifying"] * len(told)
    assert [now[1] for now in told] == list(range(1, len(told) + 1))
    assert told[-1][1] == told[-1][2]


def test_the_clip_must_be_the_one_that_was_analyzed(analyzed, tmp_path, few):
    make_clip(dataclasses.replace(CALF, seed=9, duration_s=2.0), tmp_path / "other.mp4")
    with pytest.raises(ClipError, match="not the clip"):
        verify_limit(tmp_path / "other.mp4", *analyzed)


def test_there_must_be_something_to_verify(calf, analyzed):
    trace, windows, result = analyzed
    blind = dataclasses.replace(result, quality=dataclasses.replace(result.quality, limit50_px=None))
    with pytest.raises(ClipError, match="cannot be analyzed"):
        verify_limit(calf, trace, windows, blind)
    nowhere = [dataclasses.replace(w, valid=np.zeros_like(w.valid)) for w in windows]
    with pytest.raises(ClipError, match="no place"):
        verify_limit(calf, trace, nowhere, result)


def test_the_folder_tells_the_limit_that_was_tried(calf, tmp_path, few):
    result = analyze_to_folder(calf, tmp_path / "out", ASK, verify=verify_limit)
    assert result.quality.verified is not None
    rows = list(csv.DictReader((tmp_path / "out" / "limit.csv").read_text().splitlines()))
    assert len(rows) == result.quality.verified.n
    assert sum(row["found"] == "True" for row in rows) == result.quality.verified.n_found
    assert b'"verified": {' in (tmp_path / "out" / "result.json").read_bytes()
    again = analyze_to_folder(calf, tmp_path / "out", ASK, force=True)
    assert again.quality.verified is None
    assert not (tmp_path / "out" / "limit.csv").exists()


def test_a_table_of_no_twitches_has_its_columns():
    assert to_csv((), Tried) == "peak_s,x_px,y_px,amplitude_px,radius_px,found\n"


@pytest.mark.slow
def test_the_limit_that_is_predicted_is_about_the_one_that_is_tried(calf, analyzed):
    limit, tried = verify_limit(calf, *analyzed)
    predicted = analyzed[2].quality.limit50_px
    assert len(tried) >= verify.FEWEST
    assert limit.limit50_low_px is not None
    assert limit.limit50_high_px is not None
    assert limit.limit50_low_px / 2 < predicted < 2 * limit.limit50_high_px
