import dataclasses
import math

import pytest

from fascidetect.errors import SettingsError
from fascidetect.settings import ClipSettings, DetectSettings, MeasureSettings, Roi, Settings


def test_every_setting_has_a_meaning_and_a_default_within_its_range():
    for table in dataclasses.fields(Settings):
        for item in dataclasses.fields(getattr(Settings(), table.name)):
            assert item.metadata["meaning"], item.name
    Settings()  # birth checks the ranges


@pytest.mark.parametrize("value", [-1.0, 101.0, math.nan])
def test_values_out_of_range_are_refused_at_birth(value):
    with pytest.raises(SettingsError, match="kappa must lie between 0 and 100, got"):
        DetectSettings(kappa=value)


def test_the_end_lies_behind_the_start():
    with pytest.raises(SettingsError, match=r"ends \(5 s\) before it starts \(9 s\)"):
        ClipSettings(from_s=9, to_s=5)


def test_unknown_words_are_refused():
    with pytest.raises(SettingsError, match="sensitivity must be low, normal or high"):
        DetectSettings(sensitivity="max")
    with pytest.raises(SettingsError, match="unknown reason 'rhythm'"):
        DetectSettings(keep=("rhythm",))


def test_settings_are_values():
    assert Settings() == Settings()
    assert hash(MeasureSettings()) == hash(MeasureSettings())
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().detect.kappa = 3  # type: ignore[misc]


@pytest.mark.parametrize(("w", "h"), [(0, 5), (5, 0), (-1, 5), (math.nan, 5)])
def test_an_area_has_a_size(w, h):
    with pytest.raises(SettingsError, match="width and a height above 0"):
        Roi.rectangle(0, 0, w, h)


def test_an_area_has_finite_corners():
    with pytest.raises(SettingsError, match="at least 3 corners"):
        Roi(((0, 0), (1, 1)))
    with pytest.raises(SettingsError, match="finite"):
        Roi(((0, 0), (1, 1), (math.inf, 0)))
