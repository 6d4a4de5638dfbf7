import csv
import json
import os
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from helpers.build import (
    continuous,
    empty_result,
    example_event,
    example_facts,
    example_result,
    example_run,
    rhythm,
    unfit_result,
    write_results,
)

from fascidetect.model import Event, Rejection
from fascidetect.report.export import RejectedEvent, library_versions, result_json, to_csv
from fascidetect.report.schema import SCHEMA_PATH, result_schema, schema_text
from fascidetect.settings import ClipSettings, Roi, Settings

EVENT_COLUMNS = (
    "id,onset_s,peak_s,offset_s,duration_s,peak_clock,peak_frame,x_px,y_px,box_x_px,box_y_px,box_w_px,box_h_px,"
    "ref_x_px,ref_y_px,amplitude_px,amplitude_mm,snr,confidence,focus"
)
HEADERS = {
    "events.csv": f"{EVENT_COLUMNS},roi",
    "rejected.csv": f"{EVENT_COLUMNS},roi,reason",
    "per_minute.csv": "minute,start_s,end_s,usable_s,n_events,rate_per_min,rate_low_per_min,rate_high_per_min",
    "foci.csv": "focus,ref_x_px,ref_y_px,radius_px,n_events,rate_per_min,median_interval_s,interval_cv,rhythm_hz",
}
KEYS = {
    None: [
        *("schema_version", "clip", "quality", "summary", "events", "rejected", "per_minute", "foci", "settings"),
        *("run", "sustained"),
    ],
    "clip": [
        *("name", "sha256", "width_px", "height_px", "duration_s", "n_frames", "median_fps", "vfr", "rotation_deg"),
        *("codec", "bits_per_px", "capture_fps"),
    ],
    "quality": [
        *("verdict", "reasons", "usable_s", "unusable", "noise_px", "limit50_px", "limit90_px", "analyzed_share"),
        "warnings",
    ],
    "summary": ["n_events", "rate_per_min", "rate_low_per_min", "rate_high_per_min", "n_foci", "n_rejected"],
    "run": ["version", "libraries", "started_utc", "wall_s"],
}


def document(result):
    return json.loads(result_json(result, example_run()))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("make", [example_result, empty_result, unfit_result])
def test_every_table_has_its_header_even_when_empty(tmp_path, make):
    write_results(tmp_path, make())
    for name, header in HEADERS.items():
        assert (tmp_path / name).read_text(encoding="utf-8").splitlines()[0] == header


@pytest.mark.parametrize(("part", "keys"), KEYS.items())
def test_keys_of_the_document_are_the_agreed_ones_in_order(part, keys):
    tree = document(example_result())
    found = list(tree if part is None else tree[part])
    assert found[: len(keys)] == keys  # more may follow, none may be renamed


def test_rows_are_sorted_by_peak_in_tables_and_document(tmp_path):
    result = example_result(events=(example_event(9.0), example_event(5.0)))
    write_results(tmp_path, result)
    assert [float(row["peak_s"]) for row in rows(tmp_path / "events.csv")] == [5.0, 9.0]
    assert [row["reason"] for row in rows(tmp_path / "rejected.csv")] == ["edge", "rhythmic"]
    assert [row["peak_s"] for row in document(result)["rejected"]] == [15.0, 20.0]


def test_tables_and_document_say_the_same(tmp_path):
    result = example_result()
    write_results(tmp_path, result)
    for row, entry in zip(rows(tmp_path / "events.csv"), document(result)["events"], strict=True):
        assert row == {name: "" if value is None else str(value) for name, value in entry.items()}


def test_numbers_are_rounded_to_what_they_can_carry():
    event = document(example_result())["events"][0]
    assert (event["onset_s"], event["x_px"], event["amplitude_px"]) == (4.9488, 400.123, 1.235)
    assert (event["snr"], event["confidence"], event["amplitude_mm"]) == (12.35, 0.877, None)


def test_settings_are_not_rounded():
    settings = Settings(clip=ClipSettings(mm_per_px=0.123456789))
    assert document(example_result(settings=settings))["settings"]["clip"]["mm_per_px"] == 0.123456789


def test_what_is_not_finite_becomes_null():
    tree = document(example_result(events=(example_event(5.0, snr=float("nan")),)))
    assert tree["settings"]["clip"]["to_s"] is None
    assert tree["events"][0]["snr"] is None


def test_numpy_numbers_are_written_as_numbers():
    event = example_event(5.0, snr=np.float32(2.5), peak_frame=np.int64(150))
    assert document(example_result(events=(event,)))["events"][0]["snr"] == 2.5
    assert to_csv([event], Event).splitlines()[1].split(",")[6] == "150"


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@sum", "\tx"])
def test_text_that_a_spreadsheet_would_run_is_defused(text):
    (row,) = csv.DictReader(to_csv([example_event(5.0, roi=text)], Event).splitlines())
    assert row["roi"] == f"'{text}"


def test_negative_numbers_stay_numbers():
    (row,) = csv.DictReader(to_csv([example_event(5.0, x_px=-3.0)], Event).splitlines())
    assert row["x_px"] == "-3.0"


def test_names_that_are_no_utf8_do_not_stop_the_writing(tmp_path):
    odd = os.fsdecode(b"calf\xff")
    settings = Settings(clip=ClipSettings(rois=(Roi.rectangle(0, 0, 5, 5, odd),)))
    result = example_result(clip=example_facts(name=odd), events=(example_event(5.0, roi=odd),), settings=settings)
    write_results(tmp_path, result)
    assert document(result)["clip"]["name"] == "calf\ufffd"
    assert rows(tmp_path / "events.csv")[0]["roi"] == "calf\ufffd"


def test_rejected_rows_keep_every_field_of_the_event():
    result = example_result(rejections=(Rejection(example_event(7.0, roi="calf"), "step"),))
    (row,) = document(result)["rejected"]
    assert (row["roi"], row["reason"]) == ("calf", "step")
    assert set(row) == {item.name for item in RejectedEvent.__dataclass_fields__.values()}


def test_the_shipped_schema_is_up_to_date():
    assert SCHEMA_PATH.read_bytes() == schema_text(), "run python -m fascidetect.report.schema"


@pytest.mark.parametrize(
    "result",
    [
        example_result(),
        empty_result(),
        unfit_result(),
        example_result(sustained=(rhythm(), continuous())),
        example_result(settings=Settings(clip=ClipSettings(to_s=9.0, rois=(Roi.rectangle(0, 0, 5, 5, "calf"),)))),
    ],
    ids=["counted", "nothing", "unfit", "sustained", "part"],
)
def test_written_documents_satisfy_the_schema(result):
    jsonschema.Draft202012Validator(result_schema()).validate(document(result))


def test_the_schema_refuses_a_document_that_lacks_the_verdict():
    tree = document(example_result())
    del tree["quality"]["verdict"]
    with pytest.raises(jsonschema.ValidationError, match="verdict"):
        jsonschema.Draft202012Validator(result_schema()).validate(tree)


def test_versions_of_the_libraries_are_known():
    versions = library_versions()
    assert {"python", "av", "numpy", "opencv-python-headless"} <= set(versions)
    assert "unknown" not in versions.values()
