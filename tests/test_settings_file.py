import contextlib
import json
import math
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fascidetect.errors import SettingsError
from fascidetect.settings import ClipSettings, DetectSettings, ReportSettings, Roi, Settings
from fascidetect.settings_file import (
    describe,
    load_rois,
    load_settings,
    parse_roi,
    parse_scale,
    parse_time,
    settings_from,
    settings_from_json,
    to_toml,
)


@pytest.fixture
def write(tmp_path):
    def write(text, name="my.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_what_is_left_out_keeps_its_default(write):
    assert load_settings(write("")) == Settings()
    settings = load_settings(write('[detect]\nkappa = 7\nkeep = ["rhythmic"]\n[clip]\ncapture_fps = 240'))
    assert settings == Settings(
        detect=DetectSettings(kappa=7.0, keep=("rhythmic",)), clip=ClipSettings(capture_fps=240.0)
    )


def test_the_printed_settings_can_be_loaded_again(write):
    assert load_settings(write(to_toml())) == Settings()
    changed = Settings(
        clip=ClipSettings(
            to_s=12.5, mm_per_px=0.1, rois=(Roi.rectangle(1, 2, 3, 4, 'ca"lf'), Roi(((0, 0), (9.5, 0), (0, 9))))
        ),
        detect=DetectSettings(keep=("rhythmic", "edge"), sensitivity="high"),
        report=ReportSettings(overlay=False, label="left calf é"),
    )
    assert load_settings(write(to_toml(changed))) == changed


def test_a_file_may_change_only_what_it_names(write):
    base = Settings(detect=DetectSettings(kappa=5.0, sensitivity="low"), report=ReportSettings(label="left"))
    changed = load_settings(write("[detect]\nkappa = 7"), base)
    assert changed == Settings(detect=DetectSettings(kappa=7.0, sensitivity="low"), report=ReportSettings(label="left"))


@pytest.mark.parametrize(
    "clip", [ClipSettings(), ClipSettings(2.0, 9.5, 240.0, 0.1, (Roi.rectangle(1, 2, 3, 4, "a"),))]
)
def test_settings_come_back_from_a_result(clip):
    settings = Settings(clip=clip, detect=DetectSettings(keep=("rhythmic", "edge"), sensitivity="high"))
    assert settings_from_json(json.loads(msgspec.json.encode(settings))) == settings


def test_every_setting_is_printed_with_what_it_means():
    text = to_toml()
    for row in describe():
        assert row.meaning in text
        assert re.search(rf"^(# )?{row.name.split('.')[1]} =", text, re.MULTILINE)
    assert "# lowest threshold, in units of the clip's own noise (1 to 100)" in text
    assert "(unit: s; 0 or more)" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[detect]\nkapa = 1", "unknown setting detect.kapa; did you mean detect.kappa?"),
        ("[clip]\nkappa = 1", "unknown setting clip.kappa; did you mean detect.kappa?"),
        ("kappa = 1", "unknown setting kappa; did you mean detect.kappa?"),
        ("kapa = 1", "unknown setting kapa; did you mean detect.kappa?"),
        ("[detection]\nkappa = 1", "unknown table [detection]; did you mean detect?"),
        ("[detect]\nkappa = '6'", "detect.kappa must be a number, got '6'"),
        ("[detect]\nkappa = true", "detect.kappa must be a number, got True"),
        ("[detect]\nkappa = -1", "[detect] kappa must lie between 0 and 100"),
        ("[detect]\nkappa = nan", "[detect] kappa must lie between 0 and 100"),
        ("[measure]\nwidth_px = 640.5", "measure.width_px must be a whole number"),
        ("[report]\noverlay = 1", "report.overlay must be true or false"),
        ("[report]\nlabel = 1", "report.label must be text"),
        ("[detect]\nkeep = 'edge'", "detect.keep must be a list of texts"),
        ("[detect]\nkeep = ['egde']", "unknown reason 'egde'"),
        ("[detect]\nsensitivity = 'max'", "sensitivity must be low, normal or high"),
        ("detect = 3", "detect must be a table"),
        ("[clip]\nrois = ['1,2,3']", "cannot read the area '1,2,3'"),
        ("[clip\n", "is not a TOML file"),
    ],
)
def test_mistakes_are_one_line_that_helps(write, text, message):
    with pytest.raises(SettingsError) as caught:
        load_settings(write(text))
    assert message in str(caught.value)
    assert "my.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", [row.name for row in describe()])
def test_a_slip_of_the_finger_names_the_right_setting(key):
    table, name = key.split(".")
    with pytest.raises(SettingsError, match=f"did you mean {re.escape(key)}"):
        settings_from({table: {name + "x": 1}})


def test_a_missing_settings_file(tmp_path):
    with pytest.raises(SettingsError, match="cannot read settings from"):
        load_settings(tmp_path / "none.toml")


def test_areas_on_the_command_line():
    assert parse_roi("100,250,400,300") == Roi.rectangle(100, 250, 400, 300)
    assert parse_roi("left calf=1.5, 2, 3, 4") == Roi.rectangle(1.5, 2, 3, 4, "left calf")


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,nan,4", "calf=", "1;2;3;4"])
def test_areas_that_make_no_sense(text):
    with pytest.raises(SettingsError, match="write X,Y,WIDTH,HEIGHT"):
        parse_roi(text)


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "a", "x": 1, "y": 2, "w": 3, "h": 4}]',
        '{"rois": [{"name": "a", "x": 1, "y": 2, "w": 3, "h": 4}]}',
        '[{"name": "a", "points": [[1, 2], [4, 2], [4, 6], [1, 6]]}]',
    ],
)
def test_areas_from_a_file(write, text):
    assert load_rois(write(text, "rois.json")) == (Roi.rectangle(1, 2, 3, 4, "a"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not a JSON file"),
        ("{}", "must be a list of areas"),
        ("[]", "holds no area"),
        ("[3]", "area 1: write"),
        ('[{"x": 1, "y": 2, "w": 3}]', "area 1: h is missing"),
        ('[{"x": 1, "y": 2, "w": 3, "h": "b"}]', "area 1: every coordinate must be a finite number"),
        ('[{"x": 1, "y": 2, "w": 3, "h": 0}]', "area 1: an area needs a width and a height above 0"),
        ('[{"points": [[1, 2], [3]]}]', "area 1: every coordinate"),
        ('[{"points": [[1, 2], [3, 4]]}]', "area 1: an area needs at least 3 corners"),
        ('[{"points": 5}]', "area 1: every coordinate"),
        ('[{"name": 5, "x": 1, "y": 2, "w": 3, "h": 4}]', "the name must be text"),
        ('[{"X": 1, "y": 2, "w": 3, "h": 4}]', "unknown key 'X'"),
    ],
)
def test_files_of_areas_that_make_no_sense(write, text, message):
    with pytest.raises(SettingsError, match=re.escape(message)):
        load_rois(write(text, "rois.json"))


@pytest.mark.parametrize(
    ("text", "mm_per_px"),
    [("0,0 100,0 = 20 mm", 0.2), ("0,0 30,40 = 5cm", 1.0), (" 10.5,0  110.5,0=20mm ", 0.2), ("100,0 0,0 = 20 mm", 0.2)],
)
def test_scale(text, mm_per_px):
    assert parse_scale(text) == pytest.approx(mm_per_px)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20 mm",
        "0,0 100,0",
        "0,0 0,0 = 20 mm",
        "0,0 9,0 = 0 mm",
        "0,0 9,0 = 2 in",
        "0,0 a,0 = 2 mm",
        "0,0 9,0 = 1.2.3 mm",
    ],
)
def test_scales_that_make_no_sense(text):
    with pytest.raises(SettingsError, match="scale"):
        parse_scale(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("75.5", 75.5), ("1:15.5", 75.5), ("0:05", 5), ("1:00:01", 3601), ("12 s", 12), ("90:00", 5400)],
)
def test_time(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1:60", "1:-5", "a:10", "1:2:3:4", "1:60:00", "nan", "inf", "1.5:10", ":5"])
def test_times_that_make_no_sense(text):
    with pytest.raises(SettingsError, match="cannot read the time"):
        parse_time(text)


@given(st.floats(0, 1e5))
def test_a_time_in_minutes_is_the_same_time(seconds):
    minutes, rest = divmod(round(seconds, 3), 60)
    assert parse_time(f"{int(minutes)}:{rest:.3f}" if rest < 59.9995 else "0") == pytest.approx(
        round(seconds, 3) if rest < 59.9995 else 0, abs=0.001
    )


@given(st.text(max_size=30))
def test_no_text_breaks_the_parsers(text):
    for parse in (parse_roi, parse_scale, parse_time):
        with contextlib.suppress(SettingsError):
            parse(text)


def test_infinity_is_a_time_in_a_file(write):
    assert load_settings(write("[clip]\nto_s = inf")).clip.to_s == math.inf
