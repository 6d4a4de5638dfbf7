"""Known twitches in a real clip, whose own motion, noise and coding stay.

The clip is measured first, so that every twitch stays on its place of the skin while the camera
moves. Where nothing twitches the pictures are those of the clip, coded once more at high quality.

The twitch comes after the phone's codec, which would have taken a part of it: what is found here is
an upper bound of what would be found of real twitches of that size. The truth says so
(``injected_after_codec``). It knows nothing of movements that the clip held before.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from fascidetect.errors import ClipError, SettingsError
from fascidetect.model import SCHEMA_VERSION, ByteArray, FloatArray, MotionTrace, Picture, Progress, transform
from fascidetect.phantom import twitch
from fascidetect.phantom.recipe import Kind, Shape, Twitch
from fascidetect.pipeline import DEFAULTS, measure
from fascidetect.settings import Settings
from fascidetect.truth import TrueCamera, TrueEvent, Truth, save_truth, truth_path
from fascidetect.video.reader import Clip
from fascidetect.video.writer import Encoding, VideoWriter

LINES = 720
SKIN = 0.9
"""Share of a cell that must belong to the subject."""

_MARGIN_S = (0.5, 1.0)
"""No twitch starts so soon after the beginning or so late before the end."""

_SPACING = 3.0
"""Least distance of two places, in radii."""

_SHRINK = (1.0, 0.7, 0.5, 0.35)
"""Radii are reduced to these shares where the skin in view is small."""

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Injection:
    """What is put in; ranges are (lowest, highest), lengths px of a picture of 720 lines.

    Parameters
    ----------
    seed
        Of everything random.
    rate_per_min
        Of all places together: a Poisson process.
    foci
        Number of places.
    amplitude_720px, radius_720px, rise_s
        Ranges; the amplitude is drawn anew for every twitch (log-uniform), the others per place.
    shapes, kinds
        Families to draw from, per place.
    min_gap_s
        A twitch that would start sooner than this after the one before is left out.
    """

    seed: int = 0
    rate_per_min: float = 12.0
    foci: int = 3
    amplitude_720px: Range = (0.5, 3.0)
    radius_720px: Range = (20.0, 45.0)
    rise_s: Range = (0.05, 0.12)
    shapes: tuple[Shape, ...] = ("exponential", "raised_cosine", "biphasic")
    kinds: tuple[Kind, ...] = ("shift", "bulge", "dimple", "lobes")
    min_gap_s: float = 0.5

    def __post_init__(self) -> None:
        for name in ("amplitude_720px", "radius_720px", "rise_s"):
            low, high = getattr(self, name)
            if not 0 < low <= high < math.inf:
                raise SettingsError(f"{name} must be a range above 0, lowest first, got {low:g} to {high:g}")
        if self.foci < 1 or not 0 < self.rate_per_min < math.inf:
            raise SettingsError("at least one place and a rate above 0 are needed")


def inject(
    source: Path,
    target: Path,
    injection: Injection = Injection(),
    settings: Settings = DEFAULTS,
    *,
    progress: Progress | None = None,
) -> Truth:
    """Put known twitches into a clip and write ``<target>.truth.json`` beside it.

    Parameters
    ----------
    source
        A video file.
    target
        The clip to write; an existing one is replaced.
    injection
        How often, where and how strong.
    settings
        Areas and working size for the measurement that keeps the twitches on their places. The whole
        clip is written, whatever part they name.
    progress
        Told (stage, frames done, frames in all).

    Raises
    ------
    ClipError
        The clip cannot be read, or shows no skin large enough that stays in view.
    OutputError
        A file cannot be written.
    """
    if target.resolve() == source.resolve():
        raise SettingsError(f"{target} is the clip itself: give the result another name")
    settings = replace(settings, clip=replace(settings.clip, from_s=0.0, to_s=math.inf))
    trace = measure(source, settings, progress=progress)
    paths = _Paths.of(trace)
    twitches = _scatter(np.random.default_rng(injection.seed), trace, paths, injection)
    size = _write(source, target, _Warp(paths, twitches), settings, progress)
    with target.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    recipe = hashlib.sha256(f"{trace.clip.sha256} {injection!r}".encode()).hexdigest()
    interval_s = trace.median_interval_s
    truth = Truth(
        SCHEMA_VERSION,
        target.name,
        digest,
        injection.seed,
        recipe,
        *size,
        round(float(paths.time_s[-1]) + interval_s, 6),
        settings.clip.mm_per_px,
        tuple(sorted((_event(t, paths) for t in twitches), key=lambda event: event.peak_s)),
        camera=paths.camera(),
        injected_after_codec=True,
    )
    save_truth(truth, truth_path(target))
    return truth


@dataclass(frozen=True, slots=True)
class _Paths:
    """Where the places of the reference picture are in each frame: (T,) stamps from 0 and (T, 3, 3) affines, px."""

    time_s: FloatArray
    affine: FloatArray

    @staticmethod
    def of(trace: MotionTrace) -> _Paths:
        """Affines of the full picture; a frame that could not be registered lies between its neighbors."""
        good = np.flatnonzero(trace.ok)
        if not len(good):
            raise ClipError(f"{trace.clip.name}: no frame could be registered, so no place can be followed")
        into = trace.geometry.source_to_analysis
        affine = np.linalg.inv(into) @ trace.affine[good] @ into
        flat = affine.reshape(len(good), 9)
        every = np.stack([np.interp(trace.time_s, trace.time_s[good], column) for column in flat.T], axis=1)
        return _Paths(trace.time_s - trace.time_s[0], every.reshape(-1, 3, 3))

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


def _scatter(rng: np.random.Generator, trace: MotionTrace, paths: _Paths, injection: Injection) -> tuple[Twitch, ...]:
    """Draw places, then times, then the twitch of each time."""
    scale = min(trace.geometry.width_px, trace.geometry.height_px) / LINES
    foci = _foci(rng, trace, paths, injection)
    first_s, last_s = _MARGIN_S[0], float(paths.time_s[-1]) - _MARGIN_S[1]
    expected = injection.rate_per_min * max(0.0, last_s - first_s) / 60
    times = np.sort(rng.uniform(first_s, max(first_s, last_s), rng.poisson(expected))).tolist()
    out: list[Twitch] = []
    for start_s in times:
        if not out or start_s - out[-1].start_s >= injection.min_gap_s:
            low, high = np.log(injection.amplitude_720px)
            amplitude = scale * float(np.exp(rng.uniform(low, high)))
            out.append(replace(foci[rng.integers(len(foci))], start_s=start_s, amplitude_px=amplitude))
    return tuple(out)


def _foci(rng: np.random.Generator, trace: MotionTrace, paths: _Paths, injection: Injection) -> list[Twitch]:
    scale = min(trace.geometry.width_px, trace.geometry.height_px) / LINES
    foci: list[Twitch] = []
    for number in range(1, injection.foci + 1):
        radius = max(1.0, scale * float(rng.uniform(*injection.radius_720px)))
        place = _place(rng, trace, paths, radius, foci)
        if place is None:
            continue
        x, y, radius = place
        foci.append(
            Twitch(
                0.0,
                x,
                y,
                radius_px=radius,
                rise_s=float(rng.uniform(*injection.rise_s)),
                shape=injection.shapes[rng.integers(len(injection.shapes))],
                kind=injection.kinds[rng.integers(len(injection.kinds))],
                direction_deg=float(rng.uniform(0, 360)),
                focus=number,
            )
        )
    if not foci:
        raise ClipError(f"{trace.clip.name}: no skin that is large enough stays in view, so nothing can be put there")
    return foci


def _place(
    rng: np.random.Generator, trace: MotionTrace, paths: _Paths, radius: float, others: list[Twitch]
) -> tuple[float, float, float] | None:
    """A place (x, y) of the reference and its radius, px: on skin, in view throughout, clear of the others."""
    room = np.minimum(_depth_px(trace), _clearance_px(trace, paths))
    xy = _cell_places(trace)
    for share in _SHRINK:
        free = room >= 1.5 * share * radius
        for other in others:
            apart = np.hypot(*np.moveaxis(xy - (other.x_px, other.y_px), -1, 0))
            free &= apart >= _SPACING * max(share * radius, other.radius_px)
        cells = np.argwhere(free)
        if len(cells):
            row, col = cells[rng.integers(len(cells))]
            x, y = xy[row, col].tolist()
            return x, y, share * radius
    return None


def _cell_places(trace: MotionTrace) -> FloatArray:
    """(R, C, 2) centers of the cells, (x, y) in px of the reference."""
    rows, cols = np.indices(trace.geometry.shape)
    return np.asarray(trace.geometry.analysis_to_px(trace.geometry.cells_to_analysis(np.stack([rows, cols], axis=-1))))


def _depth_px(trace: MotionTrace) -> FloatArray:
    """(R, C) distance of each cell to the nearest that is no skin, px."""
    from scipy.ndimage import distance_transform_edt

    skin = np.pad(trace.mask > SKIN, 1)
    cell_px = trace.geometry.cell_px * trace.geometry.px_per_analysis_px
    return np.asarray(np.asarray(distance_transform_edt(skin))[1:-1, 1:-1] * cell_px)


def _clearance_px(trace: MotionTrace, paths: _Paths) -> FloatArray:
    """(R, C) least distance to the border of the picture over all frames, px."""
    places = _cell_places(trace)
    rows, cols = places.shape[:2]
    least = np.full(rows * cols, np.inf)
    size = np.array([trace.geometry.width_px - 1, trace.geometry.height_px - 1])
    for part in np.array_split(paths.affine, max(1, len(paths.affine) // 64)):
        at = _Paths(paths.time_s, part).everywhere(places.reshape(-1, 2))
        least = np.minimum(least, np.minimum(at, size - at).min(axis=(0, 2)))
    return least.reshape(rows, cols)


def _event(one: Twitch, paths: _Paths) -> TrueEvent:
    onset, peak, offset = twitch.landmarks(one)
    x, y = transform(paths.at(peak), np.array([one.x_px, one.y_px])).tolist()
    return TrueEvent(
        f"t{round(1000 * peak):07d}-{round(one.x_px)}-{round(one.y_px)}",
        round(onset, 6),
        round(peak, 6),
        round(offset, 6),
        round(x, 4),
        round(y, 4),
        round(one.radius_px, 4),
        round(one.amplitude_px, 6),
        one.focus,
    )


@dataclass(frozen=True, slots=True)
class _Warp:
    """Moves the skin of one picture after the other."""

    paths: _Paths
    twitches: tuple[Twitch, ...]

    def __call__(self, picture: Picture) -> ByteArray:
        """The picture with all that twitches at its time; itself where nothing does."""
        rgb = picture.rgb
        for one in self.twitches:
            level = twitch.value(one, picture.time_s)
            lasts = one.start_s <= picture.time_s <= one.start_s + twitch.lasting_s(one)
            if lasts and abs(level) > 1e-4:
                rgb = _moved(rgb, one, level, self.paths.at(picture.time_s))
        return rgb


def _moved(rgb: ByteArray, one: Twitch, level: float, affine: FloatArray) -> ByteArray:
    """Displace the neighborhood of a twitch: looked up between px by exact linear interpolation."""
    from scipy.ndimage import map_coordinates

    height, width = rgb.shape[:2]
    center = transform(affine, np.array([one.x_px, one.y_px]))
    reach = 1.1 * twitch.reach_px(one) * math.sqrt(abs(np.linalg.det(affine[:2, :2]))) + 2
    left, top = np.maximum(np.floor(center - reach).astype(int), 0).tolist()
    right, bottom = np.minimum(np.ceil(center + reach).astype(int) + 1, (width, height)).tolist()
    if left >= right or top >= bottom:
        return rgb
    y, x = np.mgrid[top:bottom, left:right].astype(float)
    here = transform(np.linalg.inv(affine), np.stack([x, y], axis=-1)) - (one.x_px, one.y_px)
    move = np.stack(twitch.field(one, here[..., 0], here[..., 1]), axis=-1) * level @ affine[:2, :2].T
    places = np.stack([y - move[..., 1], x - move[..., 0]])
    out = rgb.copy()
    for channel in range(3):
        plane = map_coordinates(rgb[..., channel].astype(np.float32), places, order=1, mode="nearest")
        out[top:bottom, left:right, channel] = np.clip(np.rint(plane), 0, 255)
    return out


def _write(source: Path, target: Path, warp: _Warp, settings: Settings, progress: Progress | None) -> tuple[int, int]:
    """Copy the clip with the twitches in it; width and height of what was written."""
    with Clip(source, settings.clip) as clip:
        facts = clip.facts
        pictures = _told(clip.pictures(max(facts.width_px, facts.height_px)), clip.n_expected, progress)
        first = next(pictures)
        height, width = first.rgb.shape[:2]
        with VideoWriter(target, width, height, encoding=_encoding(facts.median_fps)) as writer:
            for picture in chain([first], pictures):
                writer.write(warp(picture), picture.time_s)
    return width, height


def _told(pictures: Iterator[Picture], total: int, progress: Progress | None) -> Iterator[Picture]:
    """The pictures with their times from the first that could be read; progress is told."""
    first_s = math.nan
    for done, picture in enumerate(pictures, 1):
        first_s = picture.time_s if done == 1 else first_s
        yield replace(picture, time_s=picture.time_s - first_s)
        if progress:
            progress("writing", done, max(total, done))


def _encoding(fps: float) -> Encoding:
    """High quality and few key frames: the second codec must add nothing that could be taken for movement."""
    options = (("preset", "fast"), ("crf", "14"), ("bf", "0"), ("x264-params", "scenecut=0"))
    return Encoding(options=options, fps=fps or 30.0, keyframe_interval=250)
