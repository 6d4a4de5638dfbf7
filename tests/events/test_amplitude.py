"""What the windows take from a narrow movement is given back; see `Candidate.amplitude_px`."""

from types import SimpleNamespace

import pytest
from helpers.traces import Bump, make_trace

from fascidetect.events.find import Candidate
from fascidetect.pipeline import detect


def amplitudes(bumps, **more):
    return [event.amplitude_px for event in detect(make_trace(bumps, noise_px=0.02, **more)).events]


@pytest.mark.parametrize("radius", [3.0, 5.0])
def test_a_train_is_as_large_as_one_of_it_alone(radius):
    (alone,) = amplitudes([Bump(3.0, radius_cells=radius)])
    train = amplitudes([Bump(s, radius_cells=radius) for s in (2.0, 2.5, 3.0, 3.5)])
    assert train == pytest.approx([alone] * 4, rel=0.2)


def given_back(n_cells):
    return Candidate._given_back.fget(SimpleNamespace(n_cells=n_cells))


def test_the_narrower_the_more_is_given_back_and_never_more_than_twice():
    given = [given_back(n) for n in (1, 14, 30, 60, 150, 2000)]
    assert given == sorted(given, reverse=True)
    assert given[0] == given[1] == pytest.approx(2.0)
    assert given[-1] == pytest.approx(1.0, abs=0.01)


def test_the_map_of_where_is_in_the_px_of_the_list():
    result = detect(make_trace([Bump(3.0)], noise_px=0.02))
    (event,) = result.events
    assert result.activity.heat.max() == pytest.approx(event.amplitude_px, rel=0.02)
