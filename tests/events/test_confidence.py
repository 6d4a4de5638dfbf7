import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.traces import Bump, make_trace

from fascidetect.events.confidence import (
    COMPANY_S,
    COMPANY_SCORE,
    LEAST,
    MOST_PROMINENCE,
    coefficients,
    company_of,
    confidence,
    features,
    unrest_at,
)
from fascidetect.events.find import REACH
from fascidetect.events.shape import Shape
from fascidetect.pipeline import detect
from fascidetect.settings import DetectSettings, Settings

SHAPE = Shape(*[0.0] * len(dataclasses.fields(Shape)))


THRESHOLD = 7.5
USUAL = {"score": 14.0, "prominence": 3.0, "wide": 0.05, "edge": 0.1, "reset": 0.0}


def known(*, threshold=THRESHOLD, unrest=1.0, company=0, likeness=0.0, r2=0.9, **other):
    one = SimpleNamespace(shape=dataclasses.replace(SHAPE, r2=r2), **{**USUAL, **other})
    return features(one, threshold, unrest, company, likeness)


def sure(**changes):
    return confidence(known(**changes))


def test_every_feature_has_its_weight_and_no_weight_is_left_over():
    assert {"constant", *known()} == set(coefficients())


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"score": 20.0}, {"score": 9.0}),
        ({"r2": 0.95}, {"r2": 0.6}),
        ({"reset": 0.0}, {"reset": 0.8}),
        ({"unrest": 1.0}, {"unrest": 3.0}),
        ({"company": 0}, {"company": 4}),
        ({"prominence": 6.0}, {"prominence": 1.5}),
        ({"wide": 0.01}, {"wide": 0.3}),
        ({"edge": 0.0}, {"edge": 0.4}),
        ({"threshold": 7.5}, {"threshold": 12.0}),
        ({"likeness": 0.8}, {"likeness": 0.0}),
    ],
)
def test_what_stands_out_fits_comes_alone_and_was_seen_before_is_likelier(better, worse):
    assert sure(**better) > sure(**worse)


@pytest.mark.parametrize(
    "odd",
    [
        {"score": 1e6},
        {"r2": -1e9},
        {"unrest": 0.0},
        {"unrest": 1e9},
        {"company": 10**9},
        {"prominence": 0.0},
        {"wide": 0.0},
    ],
)
def test_it_is_a_probability_whatever_comes(odd):
    assert 0 <= sure(**odd) <= 1


def test_what_cannot_be_told_is_not_believed():
    assert sure(prominence=float("nan")) == 0


def test_beyond_a_bound_nothing_more_is_told():
    assert sure(prominence=99.0) == sure(prominence=MOST_PROMINENCE)


def at(peak_s, row=10.0, col=20.0, score=2 * COMPANY_SCORE):
    return SimpleNamespace(peak_s=peak_s, row=row, col=col, score=score, patch=SimpleNamespace(grid=(27, 48)))


def test_company_is_what_comes_at_nearly_the_same_time_and_place():
    soon, late = 0.9 * COMPANY_S, 1.1 * COMPANY_S
    near, far = 10 + 0.9 * REACH * 48, 10 + 1.1 * REACH * 48
    assert company_of([at(5.0), at(5.0 + soon), at(5.0 - soon, row=near)]) == [2, 1, 1]
    assert company_of([at(5.0), at(5.0 + late), at(5.0, row=far)]) == [0, 0, 0]
    assert company_of([at(8.0), at(1.0), at(7.9), at(1.1)]) == [1, 1, 1, 1]
    assert company_of([at(5.0), at(5.1, score=0.9 * COMPANY_SCORE)]) == [0, 1]
    assert company_of([at(5.0)]) == [0]
    assert company_of([]) == []


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


def test_how_sure_one_is_does_not_depend_on_what_is_asked():
    trace = make_trace([Bump(start_s, amplitude_px=0.3) for start_s in (2.0, 4.0, 6.0)], seed=2)
    sure = []
    for asked in ({"sensitivity": "low"}, {}, {"sensitivity": "high"}, {"kappa": 12.0}):
        result = detect(trace, Settings(detect=DetectSettings(**asked)))
        known = [*result.events, *(r.event for r in result.rejections)]
        sure.append({round(e.peak_s, 3): e.confidence for e in known if e.snr > 10})
    assert len(sure[0]) >= 2
    assert all(one == sure[0] for one in sure)


def test_the_weights_say_where_they_come_from():
    text = Path("fascidetect/events/confidence.toml")
    text = (Path(__file__).parents[2] / text).read_text(encoding="utf-8")
    assert "--side dev --fit" in text
