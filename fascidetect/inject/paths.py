"""Where places of the skin are while the camera moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fascidetect.errors import ClipError
from fascidetect.model import FloatArray, MotionTrace
from fascidetect.truth import TrueCamera


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the places of the reference picture are in each frame: (T,) stamps from 0 and (T, 3, 3) affines, px."""

    time_s: FloatArray
    affine: FloatArray

    @staticmethod
    def of(trace: MotionTrace, *, working: bool = False) -> Paths:
        """Affines of the full or of the working picture; a frame that was not registered lies between its neighbors."""
        good = np.flatnonzero(trace.ok)
        if not len(good):
            raise ClipError(f"{trace.clip.name}: no frame could be registered, so no place can be followed")
        into = np.eye(3) if working else trace.geometry.source_to_analysis
        affine = np.linalg.inv(into) @ trace.affine[good] @ into
        flat = affine.reshape(len(good), 9)
        every = np.stack([np.interp(trace.time_s, trace.time_s[good], column) for column in flat.T], axis=1)
        return Paths(trace.time_s - trace.time_s[0], every.reshape(-1, 3, 3))

    def at(self, time_s: float) -> FloatArray:
        """(3, 3) from the reference to the picture at that time."""
        columns = self.affine.reshape(-1, 9).T
        return np.array([np.interp(time_s, self.time_s, column) for column in columns]).reshape(3, 3)

    def everywhere(self, xy: FloatArray) -> FloatArray:
        """(n, 2) places of the reference in every frame, (T, n, 2)."""
        return np.asarray(np.einsum("tij,nj->tni", self.affine[:, :2, :2], xy) + self.affine[:, None, :2, 2])

    def camera(self) -> TrueCamera:
        """Affines from the first frame."""
        first = self.affine @ np.linalg.inv(self.affine[0])
        rows = tuple(tuple(tuple(np.round(row, 7).tolist()) for row in one) for one in first)
        return TrueCamera(tuple(np.round(self.time_s, 6).tolist()), rows)
