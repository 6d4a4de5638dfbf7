"""What a movement does cell by cell, kept as the few cells that it reaches: a long clip has thousands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from fascidetect.model import BoolArray, FloatArray

MOST = float(np.finfo(np.float16).max)

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Patch:
    """Part of a grid of cells, beyond which everything is 0.

    Attributes
    ----------
    corner
        Row and column of its first cell.
    grid
        Size of the whole, (R, C).
    region
        (r, c) cells that belong to the movement.
    footprint_px
        (r, c) float16, length of each cell's displacement, analysis_px.
    pattern
        (2, r, c) float16, displacement at the peak in units of its noise: which way each cell goes.
    """

    corner: tuple[int, int]
    grid: tuple[int, int]
    region: BoolArray
    footprint_px: FloatArray
    pattern: FloatArray

    @classmethod
    def cut(cls, region: BoolArray, footprint_px: FloatArray, pattern: FloatArray) -> Patch:
        """The smallest part that holds all that is not 0 of (R, C), (R, C) and (2, R, C); at least one cell."""
        filled = region | (footprint_px != 0) | (pattern != 0).any(axis=0)
        rows, cols = (np.flatnonzero(filled.any(axis=axis)) for axis in (1, 0))
        first = int(rows[0]), int(cols[0])
        box = slice(first[0], int(rows[-1]) + 1), slice(first[1], int(cols[-1]) + 1)
        return cls(
            first,
            (region.shape[0], region.shape[1]),
            region[box].copy(),
            footprint_px[box].astype(np.float16),
            np.clip(pattern[:, *box], -MOST, MOST).astype(np.float16),
        )

    def likeness(self, other: Patch) -> float:
        """Cosine between the two patterns, -1..1: the same movement, or its way back."""
        inner = [
            slice(max(a, b), min(a + m, b + n))
            for a, b, m, n in zip(self.corner, other.corner, self.region.shape, other.region.shape, strict=True)
        ]
        size = _length(self.pattern) * _length(other.pattern)
        if size == 0 or any(side.stop <= side.start for side in inner):
            return 0.0
        own, others = (
            one.pattern[:, *(slice(s.start - at, s.stop - at) for s, at in zip(inner, one.corner, strict=True))]
            for one in (self, other)
        )
        return float(np.vdot(own.astype(np.float32), others.astype(np.float32))) / size

    def laid_out(self, part: npt.NDArray[T]) -> npt.NDArray[T]:
        """One of its arrays (..., r, c) as a part of the whole, (..., R, C)."""
        (row, col), (rows, cols) = self.corner, part.shape[-2:]
        whole = np.zeros((*part.shape[:-2], *self.grid), part.dtype)
        whole[..., row : row + rows, col : col + cols] = part
        return whole


def _length(pattern: FloatArray) -> float:
    return float(np.linalg.norm(pattern.astype(np.float32)))
