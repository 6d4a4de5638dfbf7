"""An eye in its socket at one time: the ball between the lids, the lashes, and its bulge under the lid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fascidetect.model import FloatArray
from fascidetect.phantom.eye import Lids, iris_px
from fascidetect.phantom.lookup import grid
from fascidetect.phantom.recipe import Recipe
from fascidetect.phantom.scene import Layer, eye_layers, tilt_gain
from fascidetect.phantom.stage import Stage

_DRAG = 0.12
"""Share of the motion of the eye with which it drags the lid's skin along."""

_HEIGHT = 0.10
"""Height of the cornea under the lid, in radii of the iris."""

_LASH = (34.0, 26.0, 22.0)

Opening = tuple[FloatArray, FloatArray, FloatArray]
"""Share of each place that shows the ball (0..1), and its distance below the upper edge and from the cornea's
highlight (px), all (h, w)."""


@dataclass(frozen=True, slots=True)
class Socket:
    """The eye of a scene; the last fields are those of one time.

    Parameters
    ----------
    stage
        Its motion and that of the camera.
    lids
        Their edges at rest.
    ball, lashes
        How they are drawn.
    tilt
        Change of brightness with slope (x, y).
    shut
        Share of the opening that is closed.
    look
        (2,) shift of the iris, px.
    places
        Places (x, y) of the scene that each px looks at, (h, w), undisturbed by what moves the skin.
    """

    stage: Stage
    lids: Lids
    ball: Layer
    lashes: Layer
    tilt: tuple[float, float]
    shut: float
    look: FloatArray
    places: tuple[FloatArray, FloatArray]

    @staticmethod
    def of(recipe: Recipe, stage: Stage, rng: np.random.Generator) -> Socket:
        """Draw the eye of a recipe; nothing is known of its time yet."""
        ball, lashes = eye_layers(recipe, rng)
        none = np.zeros((0, 0), np.float32)
        return Socket(stage, Lids.of(recipe), ball, lashes, tilt_gain(recipe.scene), 0.0, np.zeros(2), (none, none))

    def at(self, time_s: float, lags: FloatArray | None) -> Socket:
        """The same eye at one time."""
        recipe, eye = self.stage.recipe, self.stage.eye
        shift = self.stage.limb.at(time_s)
        moved = self.stage.affine(time_s) @ np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])
        places = grid(moved, slice(0, recipe.height_px), slice(0, recipe.width_px), lags)
        return replace(self, shut=eye.shut(time_s), look=eye.look(time_s), places=places)

    def bulge(self, time_s: float, maps: tuple[FloatArray, FloatArray, FloatArray]) -> None:
        """Let the cornea lift, shade and drag the lid above it: change places (x, y) and gain, (h, w)."""
        look = self.stage.eye.look(time_s)
        if not look.any():
            return
        x, y, gain = maps
        sd = 0.9 * iris_px(self.lids)
        rest = self._hill(x, y, np.zeros(2), sd)
        hill = self._hill(x, y, look, sd)
        for level, at, sign in ((rest, np.zeros(2), -1.0), (hill, look, 1.0)):
            dx, dy = x - self._middle()[0] - at[0], y - self._middle()[1] - at[1]
            slope = -_HEIGHT * iris_px(self.lids) / sd**2 * level
            gain += (sign * slope * (self.tilt[0] * dx + self.tilt[1] * dy)).astype(np.float32)
        x -= (_DRAG * look[0] * hill).astype(np.float32)
        y -= (_DRAG * look[1] * hill).astype(np.float32)

    def open_lids(self, x: FloatArray, y: FloatArray, rows: slice) -> Opening | None:
        """Slide places (x, y) of a strip of skin with the lid; say where it leaves the ball to be seen."""
        lids = self.lids
        if float(y.max()) < float(lids.crease(np.array([lids.x_px]))[0]):
            return None
        edge = lids.upper(x) + self.shut * lids.gap(x)
        share = np.clip(np.minimum(y - edge, lids.lower(x) - y) + 0.5, 0, 1)
        share *= np.abs(x - lids.x_px) < lids.half_px
        below = y - edge
        y[:] = lids.slid(x, y, self.shut)
        seen_x, seen_y = (places[rows] for places in self.places)
        # A highlight stays between the eye and the light: it follows half of the turn.
        shine_x, shine_y = self._middle() + 0.5 * self.look + np.array([-0.3, -0.45]) * iris_px(lids)
        return share, below, np.hypot(seen_x - shine_x, seen_y - shine_y)

    def draw(self, planes: list[FloatArray], opening: Opening, rows: slice) -> None:
        """Put ball and lashes over a strip of skin, in place."""
        share, below, from_shine = opening
        seen_x, seen_y = (places[rows] for places in self.places)
        if share.any():
            look_x, look_y = self.look.astype(np.float32)
            ball = self.ball.look_up(seen_x - look_x, seen_y - look_y) * np.float32(1 / 128)
            shade = 1 - 0.55 * np.exp(-np.maximum(below, 0) / (0.10 * self.lids.half_px))
            shine = np.clip((0.16 * iris_px(self.lids) - from_shine) / 1.5 + 0.5, 0, 1)
            for plane, part in zip(planes, np.moveaxis(ball[..., :3], -1, 0), strict=True):
                lit = part * shade
                lit += (240 - lit) * shine
                plane[:] += ((lit - plane) * share).astype(np.float32)
        down = (self.shut * self.lids.gap(seen_x)).astype(np.float32)
        lash = self.lashes.look_up(seen_x.copy(), seen_y - down) * np.float32(0.9 / 65535)
        for plane, dark in zip(planes, _LASH, strict=True):
            plane[:] += (np.float32(dark) - plane) * lash

    def _middle(self) -> FloatArray:
        return np.array([self.lids.x_px, self.lids.y_px - 0.25 * self.lids.gap_px])

    def _hill(self, x: FloatArray, y: FloatArray, look: FloatArray, sd: float) -> FloatArray:
        middle = self._middle() + look
        return np.asarray(np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / (2 * sd * sd)))
