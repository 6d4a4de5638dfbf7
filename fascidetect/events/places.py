"""Foci and restless places in the clip's own terms: px of the full reference picture, rates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fascidetect.events.foci import rhythm
from fascidetect.events.reject import Judged
from fascidetect.events.sustained import Restless
from fascidetect.model import Event, Focus, Registration, Sustained


def make_foci(events: Sequence[Event], usable_s: float) -> tuple[Focus, ...]:
    """Sum up the counted events of each focus, in order of their numbers.

    Parameters
    ----------
    usable_s
        Time for the rates; 0 = no rates.
    """
    numbers = sorted({e.focus for e in events})
    return tuple(_focus(k, [e for e in events if e.focus == k], usable_s) for k in numbers)


def _focus(number: int, events: Sequence[Event], usable_s: float) -> Focus:
    places = np.array([(e.ref_x_px, e.ref_y_px) for e in events])
    center = places.mean(axis=0)
    spread = float(np.hypot(*(places - center).T).max())
    size = float(np.median([max(e.box_w_px, e.box_h_px) for e in events])) / 2
    beat = rhythm([e.peak_s for e in events])
    return Focus(
        focus=number,
        ref_x_px=float(center[0]),
        ref_y_px=float(center[1]),
        radius_px=max(size, spread),
        n_events=len(events),
        rate_per_min=60 * len(events) / usable_s if usable_s > 0 else None,
        median_interval_s=beat.median_interval_s,
        interval_cv=beat.interval_cv,
        rhythm_hz=beat.rhythm_hz,
    )


def make_sustained(place: Restless, judged: Sequence[Judged], trace: Registration) -> Sustained:
    """Name a restless place: where, how large, how fast, and how many single movements it hid."""
    rows, cols = np.nonzero(place.region)
    xy = trace.geometry.cells_to_analysis(np.array([rows.mean(), cols.mean()]))
    x, y = trace.geometry.analysis_to_px(xy)
    radius_cells = float(np.sqrt(place.region.sum() / np.pi))
    inside = [
        j
        for j in judged
        if j.reason == place.kind
        and place.start_s - 1 <= j.candidate.peak_s <= place.end_s + 1
        and bool((j.candidate.region & place.region).any())
    ]
    return Sustained(
        kind=place.kind,
        ref_x_px=float(x),
        ref_y_px=float(y),
        radius_px=radius_cells * trace.geometry.cell_px * trace.geometry.px_per_analysis_px,
        start_s=place.start_s,
        end_s=place.end_s,
        rate_hz=place.rate_hz,
        n_events=len(inside),
    )
