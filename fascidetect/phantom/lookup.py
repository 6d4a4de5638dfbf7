"""Which places of the scene a frame looks at."""

from __future__ import annotations

import numpy as np

from fascidetect.model import FloatArray


def grid(affine: FloatArray, rows: slice, cols: slice, lags: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Places (x, y) of the scene that a piece of a frame looks at, (h, w) float32 each.

    Parameters
    ----------
    affine
        (3, 3) from the scene to the frame.
    rows, cols
        Piece of the frame.
    lags
        (H, 2) further shift (x, y) of each line of the whole frame, px.
    """
    back = np.linalg.inv(affine)
    x, y = np.arange(cols.start, cols.stop), np.arange(rows.start, rows.stop)[:, None]
    if lags is None:
        at_x = (back[0, 0] * x).astype(np.float32) + (back[0, 1] * y + back[0, 2]).astype(np.float32)
        at_y = (back[1, 0] * x).astype(np.float32) + (back[1, 1] * y + back[1, 2]).astype(np.float32)
        return at_x, at_y
    seen_x, seen_y = x - lags[rows, 0, None], y - lags[rows, 1, None]
    places = [back[k, 0] * seen_x + back[k, 1] * seen_y + back[k, 2] for k in range(2)]
    return places[0].astype(np.float32), places[1].astype(np.float32)
