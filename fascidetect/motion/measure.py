"""The pixel half: frames in, one row of local motion per frame out, in constant memory."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from fascidetect.errors import SettingsError
from fascidetect.model import (
    FAULTS,
    BoolArray,
    ByteArray,
    CameraMotion,
    ClipFacts,
    Fault,
    FloatArray,
    Frame,
    Geometry,
    MotionTrace,
)
from fascidetect.motion.cells import (
    LUMA_STRIDE,
    CellMotion,
    CellSystem,
    Pair,
    landing,
    make_pair,
    make_system,
    measure_cells,
    warp,
)
from fascidetect.motion.contrast import cell_mean, identity, local_contrast, smooth
from fascidetect.motion.depth import DepthVotes
from fascidetect.motion.fault import fault_of
from fascidetect.motion.stabilize import Template, Tracker, displaced, make_template
from fascidetect.motion.store import GrowingArray
from fascidetect.motion.subject import POINTS_PER_CELL, SubjectVotes
from fascidetect.settings import MeasureSettings, Roi

RENEW_FRAMES_AT_START = 10  # until then everything is renewed with every frame
RENEW_S = 0.15  # afterwards gradients and normal equations are renewed this often
GUESS_S = 0.4  # how fast the guess of the local motion follows: slow against a twitch
GUESS_LEAK_S = 10.0  # and how fast it forgets
GUESS_CELLS = 4.0  # how smooth it is
LEAST_TRUST = 0.05  # without texture near by the guess stays
CALM_PX = 0.2
LONGEST_BAD_S = 0.5  # frames that could not be registered do not feed the reference for so long
FAR = 1e5  # beyond any picture, within what can be drawn
SMALLEST_ROI_CELLS = 4
IN_SUBJECT = 0.5  # share of a cell from which on it belongs to the subject


TOLD = ("time_s", "index", "key_frame", "repeated", "fault", "gain", "ok", "residual")
"""What is told of a frame besides its transform, in this order."""


class LocalGuess:
    """Where the cells are, by and large: follows slow movement of the limb so that little is left to measure.

    A limb that turns or bends does not move as an affine picture does. The guess is smooth in place and
    slow in time, so a twitch hardly enters it; and it only starts the measurement, so it does not bias it.
    """

    def __init__(self, geometry: Geometry, interval_s: float) -> None:
        shape = geometry.shape
        self.field_px: FloatArray = np.zeros((*shape, 2), np.float32)
        self._miss: FloatArray = np.zeros(shape, np.float32)
        self._share = min(1.0, interval_s / GUESS_S)
        self._leak = min(1.0, interval_s / GUESS_LEAK_S)

    @property
    def calm(self) -> BoolArray:
        """(R, C) cells that the guess usually meets."""
        return self._miss < CALM_PX

    def learn(self, displacement_px: FloatArray, weight: FloatArray) -> None:
        """Move towards what was measured; `weight` (R, C) 0..1 says where that means something."""
        gap = (displacement_px - self.field_px).astype(np.float32)
        self._miss += self._share * (np.abs(gap).max(axis=-1) - self._miss)
        near = cv2.GaussianBlur(weight, (0, 0), GUESS_CELLS, borderType=cv2.BORDER_CONSTANT)
        smooth = cv2.GaussianBlur(gap * weight[..., None], (0, 0), GUESS_CELLS, borderType=cv2.BORDER_CONSTANT)
        self.field_px = (1 - self._leak) * self.field_px + self._share * smooth / (near + LEAST_TRUST)[..., None]


class MotionMeter:
    """Measures one frame after the other against a running-mean reference.

    Attributes
    ----------
    told_late
        (R, C) cells at the depth of the middle, where that is known only now: the frames so far were registered to
        more than what moves as one body. None where it is not known, or was from the start (`middle`).
    """

    def __init__(
        self,
        geometry: Geometry,
        interval_s: float,
        roi: BoolArray | None,
        settings: MeasureSettings,
        *,
        middle: BoolArray | None = None,
    ) -> None:
        self.told_late: BoolArray | None = None
        self._geometry = geometry
        self._settings = settings
        self._interval_s = interval_s
        self._size = geometry.analysis_width_px, geometry.analysis_height_px
        self._tracker = Tracker(self._size, interval_s, settings)
        self._votes = SubjectVotes(geometry, roi)
        self._depth = DepthVotes(geometry, interval_s)
        if middle is not None:
            self._votes.settle_depth(middle)
        self._untold = self._votes.untold
        self._guess = LocalGuess(geometry, interval_s)
        self._against: _Against | None = None
        self._still: FloatArray = np.zeros(self._size[::-1], np.float32)
        self._good = 0
        self._since_renewal = 0

    def step(self, frame: Frame) -> tuple[CameraMotion, Fault, CellMotion]:
        """Measure one frame, then let it into the reference."""
        luma = smooth(frame.luma, self._settings)
        pair = make_pair(local_contrast(luma, self._geometry.cell_px, self._settings), luma)
        if self._against is None:
            self._start(frame, pair, luma)
        against = self._against
        assert against is not None  # noqa: S101 - for mypy
        template = displaced(against.template, self._guess.field_px, self._geometry.cell_px)
        camera = self._tracker.follow(pair.contrast, against.reference.contrast, against.weight, template)
        fault = fault_of(camera, pair, against.reference, against.cells)
        motion = _still(self._geometry)
        if camera.ok:
            motion, lying = measure_cells(
                against.system, pair, against.reference, camera, self._guess.field_px, self._guess.calm
            )
            self._guess.learn(motion.displacement_px, against.trust)
            if self._untold:
                self._depth.look(camera.affine, motion.displacement_px)
            if frame.chroma is not None and self._good:
                self._votes.look(frame.luma, frame.chroma, camera.affine)
            self._learn(lying, against)
        else:
            self._depth.lose()
            if self._tracker.bad_in_a_row * self._interval_s > LONGEST_BAD_S:
                self._learn(self._laid(pair, camera, against), against)
        if camera.ok and self._since_renewal == 0:
            grid = landing(camera.affine, self._guess.field_px, self._geometry.cell_px)
            self._still = warp(luma, grid, self._still)
        return camera, fault, motion

    def _laid(self, pair: Pair, camera: CameraMotion, against: _Against) -> Pair:
        cell_px = self._geometry.cell_px
        grid = landing(camera.affine, self._guess.field_px, cell_px)
        return Pair(
            warp(pair.contrast, grid, against.reference.contrast),
            warp(pair.luma, grid, against.reference.luma, LUMA_STRIDE),
        )

    def _start(self, frame: Frame, pair: Pair, luma: FloatArray) -> None:
        if frame.chroma is not None:
            self._votes.look(frame.luma, frame.chroma, identity())
        self._still = luma.copy()
        self._against = self._prepare(Pair(pair.contrast.copy(), pair.luma.copy()))

    def _learn(self, lying: Pair, against: _Against) -> None:
        """Feed the reference with a frame that lies over it."""
        share = min(1.0, max(self._interval_s / self._settings.reference_s, 1 / (self._good + 2)))
        cv2.accumulateWeighted(lying.contrast, against.reference.contrast, share)
        cv2.accumulateWeighted(lying.luma, against.reference.luma, share)
        self._good += 1
        self._since_renewal += 1
        every = max(1, round(RENEW_S / self._interval_s))
        if self._good < RENEW_FRAMES_AT_START or self._since_renewal >= every:
            self._since_renewal = 0
            if self._untold:
                self._settle_depth(against.trust)
            self._against = self._prepare(against.reference)

    def _settle_depth(self, trust: FloatArray) -> None:
        """Where color tells nothing, look for two depths; once, for afterwards one of them is not measured."""
        middle = self._depth.middle(trust)
        if middle is not None and self._votes.settle_depth(middle):
            self.told_late = middle
        self._untold = self._votes.untold

    def _prepare(self, reference: Pair) -> _Against:
        """Make everything that depends on the reference and the subject anew."""
        mask, last = self._votes.subject().mask, self._against
        if last is not None and np.array_equal(mask, last.mask):
            weight = last.weight
        else:
            weight = subject_weight(mask, self._geometry)
        share = cell_mean(weight, self._geometry.cell_px)
        system = make_system(reference.contrast, weight, self._geometry.cell_px, self._settings)
        trust = share * system.texture / (system.texture + system.ridge)
        template = make_template(reference.contrast, weight)
        return _Against(reference, mask, weight, share > IN_SUBJECT, template, system, trust.astype(np.float32))

    @property
    def outcome(self) -> Outcome:
        """What stands at the end of the clip."""
        subject = self._votes.subject()
        rows, cols = self._geometry.shape
        analyzed, followed = (
            np.asarray(cv2.resize(mask.astype(np.float32), (cols, rows), interpolation=cv2.INTER_AREA), np.float32)
            for mask in (subject.analyzed, subject.mask)
        )
        if self._against is None:
            nothing = np.zeros((rows, cols)), np.zeros(self._size[::-1], np.uint8)
            return Outcome(analyzed, followed, subject.area, *nothing)
        picture = np.clip(np.rint(self._still), 0, 255).astype(np.uint8)
        return Outcome(analyzed, followed, subject.area, self._against.system.texture, picture)


@dataclass(frozen=True, slots=True)
class _Against:
    """What a frame is measured against: the reference, the subject, and what follows from them.

    Attributes
    ----------
    mask, weight
        The subject on the grid of color, and as a weight 0..1 of every working pixel, (h, w).
    cells
        (R, C) cells of the subject.
    trust
        (R, C) 0..1: subject with texture, where a displacement means something.
    """

    reference: Pair
    mask: BoolArray
    weight: FloatArray
    cells: BoolArray
    template: Template
    system: CellSystem
    trust: FloatArray


def _still(geometry: Geometry) -> CellMotion:
    shape = geometry.shape
    return CellMotion(np.zeros((*shape, 2)), np.zeros(shape), np.zeros((*shape, 2)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Analyzed area and subject (R, C), how the area was found, texture (R, C), last reference picture (h, w)."""

    mask: FloatArray
    subject: FloatArray
    area: str
    texture: FloatArray
    reference: ByteArray


def subject_weight(mask: BoolArray, geometry: Geometry) -> FloatArray:
    """Weight 0..1 of every working pixel, (h, w): the subject less a soft rim."""
    size = geometry.analysis_width_px, geometry.analysis_height_px
    if mask.all():
        return np.ones(size[::-1], np.float32)
    fine = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    fine = cv2.erode(fine, np.ones((7, 7), np.uint8), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(fine.astype(np.float32), (0, 0), 1.5), np.float32)


def rasterize(rois: tuple[Roi, ...], geometry: Geometry) -> BoolArray | None:
    """Areas given by the user as a mask on the fine color grid; None where there are none.

    Raises
    ------
    SettingsError
        An area lies outside of the picture or is too small to analyze.
    """
    if not rois:
        return None
    rows, cols = (n * POINTS_PER_CELL for n in geometry.shape)
    points_per_px = POINTS_PER_CELL / geometry.cell_px
    canvas = np.zeros((rows, cols), np.uint8)
    for roi in rois:
        corners = geometry.px_to_analysis(np.array(roi.points)) * points_per_px - (1 - points_per_px) / 2
        part = np.zeros_like(canvas)
        cv2.fillPoly(part, [np.rint(np.clip(corners, -FAR, FAR)).astype(np.int32)], 1)
        named = f" {roi.name!r}" if roi.name else ""
        size = f"{geometry.width_px} x {geometry.height_px} px"
        if not part.any():
            raise SettingsError(f"the area{named} lies outside of the picture, which is {size}")
        if part.sum() < SMALLEST_ROI_CELLS * POINTS_PER_CELL**2:
            least = round(2 * geometry.cell_px * geometry.px_per_analysis_px)
            raise SettingsError(
                f"the area{named} is too small; make it at least {least} x {least} px (picture: {size})"
            )
        canvas |= part
    return canvas.astype(bool)


class _Record:
    """What is kept of the frames, as they come."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.displacement, self.residual = GrowingArray((*shape, 2)), GrowingArray((*shape, 2))
        self.lit = GrowingArray(shape)
        self._rows = array("d")  # of all frames, one after the other: objects would fill the memory in an hour

    def add(self, frame: Frame, camera: CameraMotion, fault: Fault, motion: CellMotion) -> None:
        """One more frame."""
        told = (frame.time_s, frame.index, frame.key_frame, frame.repeated, FAULTS.index(fault))
        self._rows.extend((*told, camera.gain, camera.ok, camera.residual, *camera.affine.flat))
        self.displacement.append(motion.displacement_px)
        self.lit.append(motion.shading_pct)
        self.residual.append(motion.residual)

    def drop(self) -> None:
        """Give up the scratch files, which may be large."""
        for part in (self.displacement, self.residual, self.lit):
            part.drop()

    @property
    def table(self) -> FloatArray:
        """(N, 8 + 9): `TOLD`, and the transform."""
        return np.array(self._rows).reshape(-1, len(TOLD) + 9)


def _recorded(frames: Iterable[Frame], meter: MotionMeter, shape: tuple[int, int]) -> _Record:
    """Measure frame after frame, until the end or until it is told that all so far should be measured otherwise."""
    record = _Record(shape)
    for frame in frames:
        record.add(frame, *meter.step(frame))
        if meter.told_late is not None:
            break
    return record


def measure_frames(
    begin: Callable[[], Iterable[Frame]],
    clip: ClipFacts,
    geometry: Geometry,
    rois: tuple[Roi, ...],
    settings: MeasureSettings,
) -> MotionTrace:
    """Measure a stream of frames.

    Parameters
    ----------
    begin
        Gives the frames, in order of time, at ``geometry``'s working size. Where only their motion tells what lies
        at another depth, they are asked for a second time, from the first one on.
    clip
        Facts of the file; its frame rate sets the pace of the reference.
    rois
        Areas to confine the analysis to; empty = find the skin.

    Returns
    -------
    MotionTrace
        Its large arrays are memory maps of scratch files that vanish with it.

    Raises
    ------
    SettingsError
        An area lies outside of the picture or is too small.
    """
    cv2.setNumThreads(1)  # the pictures are small: threads cost more than they give
    interval_s = 1 / clip.median_fps if clip.median_fps > 0 else 1 / 30
    roi = rasterize(rois, geometry)
    meter = MotionMeter(geometry, interval_s, roi, settings)
    record = _recorded(begin(), meter, geometry.shape)
    if meter.told_late is not None:
        record.drop()
        meter = MotionMeter(geometry, interval_s, roi, settings, middle=meter.told_late)
        record = _recorded(begin(), meter, geometry.shape)
    outcome, table = meter.outcome, record.table
    column = dict(zip(TOLD, table[:, : len(TOLD)].T.copy(), strict=True))
    return MotionTrace(
        clip=clip,
        geometry=geometry,
        time_s=column["time_s"],
        frame_index=column["index"].astype(np.int64),
        displacement_px=record.displacement.finish(),
        shading_pct=record.lit.finish(),
        residual=record.residual.finish(),
        affine=table[:, len(TOLD) :].reshape(-1, 3, 3),
        gain=column["gain"],
        ok=column["ok"].astype(bool),
        key_frame=column["key_frame"].astype(bool),
        repeated=column["repeated"].astype(bool),
        fault=column["fault"].astype(np.uint8),
        residual_level=column["residual"],
        mask=outcome.mask,
        subject=outcome.subject,
        texture=outcome.texture,
        reference=outcome.reference,
        area=outcome.area,
    )
