"""Motion traces with known movements on noise, made without a video."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from fascidetect.model import FloatArray, Geometry, MotionTrace
from helpers.synthetic import facts

GRID = Geometry(960, 540, 480, 270, 10)
"""27 x 48 cells; one analysis_px is 2 px of the full picture."""

NOISE_PX, NOISE_PCT = 0.03, 0.15
"""Sd of a still cell: what ordinary skin shows at the bit rate of phones."""


@dataclass(frozen=True)
class Bump:
    """A movement: when it begins, where, how far (analysis_px), which way, and its course.

    ``shape`` is ``twitch`` (t/tau exp(1 - t/tau)), ``step`` (a ramp of 2 tau that stays), ``lobes``
    (a twitch whose two halves move apart along the direction) or ``swing`` (out, and half as far and three
    times as slowly beyond rest).
    """

    start_s: float
    row: float = 13.0
    col: float = 24.0
    amplitude_px: float = 1.0
    turn_deg: float = 0.0
    tau_s: float = 0.05
    radius_cells: float = 3.0
    shape: str = "twitch"

    @property
    def peak_s(self) -> float:
        return self.start_s + self.tau_s

    def course(self, time_s: FloatArray) -> FloatArray:
        x = np.maximum(time_s - self.start_s, 0) / self.tau_s
        if self.shape == "step":
            return np.minimum(x / 2, 1)
        back = np.maximum(x - 1.5, 0) / 3 if self.shape == "swing" else 0.0
        return x * np.exp(1 - x) - 0.5 * back * np.exp(1 - back)

    def field(self, shape: tuple[int, int]) -> FloatArray:
        """(R, C, 2), largest length 1."""
        row, col = np.mgrid[: shape[0], : shape[1]]
        c, s = np.cos(np.radians(self.turn_deg)), np.sin(np.radians(self.turn_deg))
        along = (col - self.col) * c + (row - self.row) * s
        away = (row - self.row) ** 2 + (col - self.col) ** 2
        hill = np.exp(-away / (2 * self.radius_cells**2))
        if self.shape == "lobes":
            hill = hill * along / (self.radius_cells * np.exp(-0.5))
        return hill[..., None] * np.array([c, s])


def make_trace(
    bumps: Sequence[Bump] = (),
    *,
    seed: int = 0,
    duration_s: float = 8.0,
    fps: float = 30.0,
    time_s: FloatArray | None = None,
    noise_px: float = NOISE_PX,
    geometry: Geometry = GRID,
    **changes: Any,
) -> MotionTrace:
    """Noise plus movements; ``changes`` replace whole fields.

    The noise is white in time and shared by neighboring cells, as windows overlap (sd 1 cell).
    """
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(duration_s * fps)) / fps if time_s is None else time_s
    n, (rows, cols) = len(time_s), geometry.shape
    displacement = np.stack([noise_px * _grain(rng, (n, rows, cols)) for _ in range(2)], axis=-1)
    for bump in bumps:
        now = bump.course(time_s)
        busy = np.flatnonzero(np.abs(now) > 1e-4)
        displacement[busy] += bump.amplitude_px * now[busy, None, None, None] * bump.field((rows, cols))
    unexplained = rng.gamma(50, 0.5 / 50, (n, rows, cols, 2)).astype(np.float32)
    trace = MotionTrace(
        clip=facts(geometry, n, fps),
        geometry=geometry,
        time_s=time_s,
        frame_index=np.arange(n),
        displacement_px=displacement.astype(np.float16),
        shading_pct=(NOISE_PCT * _grain(rng, (n, rows, cols))).astype(np.float16),
        residual=np.sort(unexplained, axis=-1)[..., ::-1].astype(np.float16),
        affine=np.tile(np.eye(3), (n, 1, 1)),
        gain=np.zeros(n),
        ok=np.ones(n, bool),
        key_frame=np.zeros(n, bool),
        repeated=np.zeros(n, bool),
        fault=np.zeros(n, np.uint8),
        residual_level=np.ones(n),
        mask=np.ones((rows, cols)),
        subject=np.ones((rows, cols)),
        texture=np.full((rows, cols), 5.0),
        reference=np.full((geometry.analysis_height_px, geometry.analysis_width_px), 128, np.uint8),
        area="roi",
    )
    return dataclasses.replace(trace, **changes)


def _grain(rng: np.random.Generator, shape: tuple[int, int, int]) -> FloatArray:
    """Noise of sd 1 that neighboring cells share."""
    grain = gaussian_filter(rng.standard_normal(shape, np.float32), (0, 1, 1), mode="wrap")
    return grain / max(float(grain.std()) if grain.size else 0.0, 1e-9)


def without(trace: MotionTrace, start_s: float, end_s: float) -> MotionTrace:
    """The trace less the frames between two times: a gap."""
    rows = (trace.time_s < start_s) | (trace.time_s >= end_s)
    small = ("time_s", "frame_index", "affine", "gain", "ok", "key_frame", "repeated", "fault", "residual_level")
    large = ("displacement_px", "shading_pct", "residual")
    return dataclasses.replace(trace, **{name: getattr(trace, name)[rows] for name in (*small, *large)})


def read_only(trace: MotionTrace) -> MotionTrace:
    """The same trace; whoever writes into it fails."""
    for field in dataclasses.fields(trace):
        value = getattr(trace, field.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return trace


def place_of(bump: Bump, geometry: Geometry = GRID) -> FloatArray:
    """(x, y) of its center in px of the full picture."""
    return geometry.analysis_to_px(geometry.cells_to_analysis(np.array([bump.row, bump.col])))
