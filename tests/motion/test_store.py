import dataclasses
import zipfile

import numpy as np
import pytest
from helpers.traces import Bump, make_trace

from fascidetect.errors import FasciError, OutputError
from fascidetect.model import MotionTrace
from fascidetect.motion.store import QUANTUM, GrowingArray, load_trace, save_trace


@pytest.fixture
def trace():
    rng = np.random.default_rng(0)
    made = make_trace([Bump(0.3)], duration_s=1.0)
    return dataclasses.replace(
        made,
        affine=rng.normal(0, 1, made.affine.shape),
        ok=rng.random(30) > 0.3,
        key_frame=rng.random(30) > 0.7,
        repeated=rng.random(30) > 0.9,
        fault=rng.integers(0, 7, 30).astype(np.uint8),
        residual_level=np.where(rng.random(30) > 0.5, np.nan, 1.5),
        mask=rng.random((27, 48)),
        subject=rng.random((27, 48)),
        area="skin",
        warnings=("the frame rate varies", "é \u2028 'quoted'"),
    )


def test_what_is_saved_is_loaded(tmp_path, trace):
    save_trace(tmp_path / "trace.npz", trace)
    again = load_trace(tmp_path / "trace.npz")
    for field in dataclasses.fields(MotionTrace):
        one, other = getattr(trace, field.name), getattr(again, field.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype, field.name
            np.testing.assert_array_equal(one, other, err_msg=field.name)
        else:
            assert one == other, field.name


def test_an_empty_trace_is_saved_too(tmp_path):
    save_trace(tmp_path / "trace.npz", make_trace(duration_s=0))
    assert load_trace(tmp_path / "trace.npz").displacement_px.shape == (0, 27, 48, 2)


def test_numpy_alone_reads_it_without_pickle(tmp_path, trace):
    save_trace(tmp_path / "trace.npz", trace)
    with np.load(tmp_path / "trace.npz", allow_pickle=False) as data:
        assert {data[name].dtype.hasobject for name in data.files} == {False}
        promised = (
            "schema_version time_s frame_index displacement_px shading_pct residual affine gain ok key_frame mask "
            "texture cell_px source_to_analysis reference"
        )
        assert set(promised.split()) <= set(data.files)
        np.testing.assert_array_equal(data["source_to_analysis"], trace.geometry.source_to_analysis)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_damaged_file_is_told(tmp_path, trace, share):
    path = tmp_path / "trace.npz"
    save_trace(path, trace)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(FasciError, match=r"cannot read trace.npz as a motion trace .*analyze the clip again"):
        load_trace(path)


def test_flipped_bytes_are_told(tmp_path, trace):
    path = tmp_path / "trace.npz"
    save_trace(path, trace)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    path.write_bytes(bytes(data))
    with pytest.raises(FasciError, match=r"cannot read trace\.npz"):
        load_trace(path)


def test_other_files_are_told(tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    with zipfile.ZipFile(tmp_path / "zip.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    np.save(tmp_path / "one.npy", np.arange(3))
    for name in ("text.npz", "zip.npz", "one.npy", "missing.npz"):
        with pytest.raises(FasciError, match=f"cannot read {name}"):
            load_trace(tmp_path / name)


def test_a_pickle_is_never_opened(tmp_path):
    np.savez(tmp_path / "evil.npz", schema_version=np.array([{"a": 1}], object))
    with pytest.raises(FasciError, match=r"cannot read evil.npz"):
        load_trace(tmp_path / "evil.npz")


def test_a_later_format_is_told(tmp_path, trace, monkeypatch):
    monkeypatch.setattr("fascidetect.motion.store.SCHEMA_VERSION", "2.0")
    save_trace(tmp_path / "trace.npz", trace)
    monkeypatch.undo()
    with pytest.raises(FasciError, match=r"has schema 2.0, this program reads 1"):
        load_trace(tmp_path / "trace.npz")


def test_a_place_that_cannot_be_written_is_told(tmp_path, trace):
    with pytest.raises(OutputError, match="cannot write"):
        save_trace(tmp_path / "none" / "trace.npz", trace)


def test_rows_grow_in_order_and_are_rounded():
    rows = np.random.default_rng(1).normal(0, 1, (50, 3, 4))
    growing = GrowingArray((3, 4))
    for row in rows:
        growing.append(row)
    kept = growing.finish()
    assert (kept.shape, kept.dtype) == ((50, 3, 4), np.float16)
    # half a quantum, and half the spacing of float16 below 4
    assert np.abs(kept.astype(float) - rows).max() <= QUANTUM / 2 + 2.0**-10
    assert not kept.flags.writeable


def test_no_rows_are_an_empty_array():
    assert GrowingArray((3, 4)).finish().shape == (0, 3, 4)


def test_a_row_of_another_shape_is_refused():
    growing = GrowingArray((3, 4))
    with pytest.raises(ValueError, match=r"must have shape \(3, 4\), got \(4, 3\)"):
        growing.append(np.zeros((4, 3)))
    assert growing.finish().shape == (0, 3, 4)


@pytest.mark.parametrize("name", ["schema_version", "facts"])
def test_text_of_what_is_no_letter_is_told(tmp_path, trace, name):
    path = tmp_path / "trace.npz"
    save_trace(path, trace)
    with np.load(path) as data:
        arrays = {key: data[key] for key in data.files}
    codes = np.array([arrays[name]]).view(np.uint32).copy()
    codes[1] = 0x7FFFFFFF
    arrays[name] = codes.view(arrays[name].dtype)[0:1].reshape(())
    np.savez_compressed(path, **arrays)
    with pytest.raises(FasciError, match=r"cannot read trace\.npz as a motion trace \(.*code point"):
        load_trace(path)
