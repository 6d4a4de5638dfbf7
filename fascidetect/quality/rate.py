"""Rates with their exact Poisson interval (Garwood 1936, Biometrika 28:437)."""

from __future__ import annotations

import math

from fascidetect.model import Event, Minute, Unusable
from fascidetect.quality.usable import usable_seconds
from fascidetect.statistics import poisson_interval

LEAST_USABLE_S = 1.0  # of a minute, for a rate of its own


def rate_per_min(n: int, usable_s: float) -> tuple[float, float, float] | tuple[None, None, None]:
    """Rate and its 95 % interval, per minute; None where there is no time to speak of."""
    if usable_s <= 0:
        return None, None, None
    low, high = poisson_interval(n)
    return n * 60 / usable_s, low * 60 / usable_s, high * 60 / usable_s


def per_minute(
    events: tuple[Event, ...], start_s: float, end_s: float, unusable: tuple[Unusable, ...]
) -> tuple[Minute, ...]:
    """Count and rate of every minute of the clip; the last may be short."""
    minutes = max(1, math.ceil((end_s - start_s) / 60 - 1e-9)) if end_s > start_s else 0
    return tuple(_minute(k, events, start_s, end_s, unusable) for k in range(minutes))


def _minute(k: int, events: tuple[Event, ...], start_s: float, end_s: float, unusable: tuple[Unusable, ...]) -> Minute:
    low, high = start_s + 60 * k, min(start_s + 60 * (k + 1), end_s)
    last = high >= end_s
    n = sum(low <= e.peak_s < high or (last and e.peak_s == high) for e in events)
    usable = usable_seconds(low, high, unusable)
    rates = rate_per_min(n, usable) if usable >= LEAST_USABLE_S else (None, None, None)
    return Minute(k + 1, low, high, usable, n, *rates)
