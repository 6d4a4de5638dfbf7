import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.traces import Bump, make_trace

from fascidetect.events.confidence import LEAST, coefficients, confidence, features, unrest_at
from fascidetect.events.shape import Shape
from fascidetect.pipeline import detect
from fascidetect.settings import DetectSettings, Settings

SHAPE = Shape(*[0.0] * len(dataclasses.fields(Shape)))


def candidate(*, score=14.0, r2=0.9, amplitude_px=0.6, edge=0.1, tau_s=0.07, step=0.1, wide=0.03, reset=0.0):
    shape = dataclasses.replace(SHAPE, onset_s=2.0, offset_s=2.0 + 4.85 * tau_s, tau_s=tau_s, step=step, r2=r2)
    known = {"score": score, "edge": edge, "wide": wide, "reset": reset}
    return SimpleNamespace(shape=shape, displacement_px=(0.0, amplitude_px), **known)


def test_every_feature_has_its_weight_and_no_weight_is_left_over():
    assert {"constant", *features(candidate(), 1.0, 0.0)} == set(coefficients())


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"score": 20.0}, {"score": 9.0}),
        ({"r2": 0.95}, {"r2": 0.6}),
        ({"edge": 0.0}, {"edge": 0.5}),
        ({"step": 0.0}, {"step": 0.8}),
        ({"wide": 0.02}, {"wide": 0.3}),
        ({"reset": 0.0}, {"reset": 0.8}),
    ],
)
def test_what_stands_out_and_fits_is_likelier(better, worse):
    assert confidence(candidate(**better), 1.0, 0.0) > confidence(candidate(**worse), 1.0, 0.0)


def test_a_restless_moment_makes_it_less_likely():
    assert confidence(candidate(), 3.0, 0.0) < confidence(candidate(), 1.0, 0.0)


def test_what_was_seen_before_is_likelier():
    assert confidence(candidate(), 1.0, 0.8) > confidence(candidate(), 1.0, 0.0)


@pytest.mark.parametrize("odd", [{"score": 1e6}, {"r2": -1e9}, {"amplitude_px": 0.0}, {"tau_s": 1e9}, {"step": 1e9}])
def test_it_is_a_probability_whatever_comes(odd):
    assert 0 <= confidence(candidate(**odd), 0.0, 0.0) <= 1


def test_unrest_is_told_in_units_of_the_usual():
    trace = make_trace(duration_s=4)
    level = np.ones(len(trace.time_s))
    level[60] = 5.0
    restless = dataclasses.replace(trace, residual_level=level)
    assert unrest_at(restless, [2.05, 0.5]) == pytest.approx([5.0, 1.0])
    assert unrest_at(dataclasses.replace(trace, residual_level=level * np.nan), [1.0]) == [1.0]


def test_sensitivity_asks_for_more_or_less_of_it():
    trace = make_trace([Bump(2.0), Bump(4.0), Bump(6.0)])
    least = {}
    for level in ("low", "normal", "high"):
        result = detect(trace, Settings(detect=DetectSettings(sensitivity=level)))
        least[level] = min(event.confidence for event in result.events)
    for level, lowest in least.items():
        assert lowest >= LEAST[level]


def test_the_weights_say_where_they_come_from():
    text = Path("fascidetect/events/confidence.toml")
    text = (Path(__file__).parents[2] / text).read_text(encoding="utf-8")
    assert "--side dev --fit" in text
