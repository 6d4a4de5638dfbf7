"""Why a candidate is not counted. Each rule is physical, and its name is one of `settings.REASONS`."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fascidetect.events.find import Candidate
from fascidetect.events.recur import ALIKE, KNOWN
from fascidetect.model import FloatArray

LOBE, LOBE_S, LOBE_SHARE = 0.25, 0.65, 0.3  # weaker, sooner and nearer than this: a remainder
BACK, BACK_S = -0.3, 0.5  # the same place going the other way soon after, or before: one movement to and fro
SAME_S = 0.15  # peaks closer than this, touching: one movement
SIDES, SIDES_S = 0.7, 0.05  # two that go so straight (cosine) from or to each other at once: the sides of one bulge
BESIDE_S = max(LOBE_S, BACK_S, SAME_S)
CLEAR_R2 = 0.75
STEP = 0.5  # change of level, in units of the height
WIDE = 0.35  # share of the analyzed area
FRAME = 2.0  # restlessness of the whole picture
SMALLEST_CELLS = 12
FLOW = 3.0
SHADING_PCT = 30.0
EDGE = 0.5  # share of the cells at the border of the analyzed area
LONGEST_S = 1.0
KEY_BEFORE, KEY_AFTER = 1.0, 2.5  # frames around a key frame in which the picture may jump
KEY_SURE = 1.2  # scores this far above the threshold excuse a peak there
FAINTEST_PX = 0.2  # analysis_px; below it blocks of a codec move to and fro, and interpolation between pixels errs


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate and what is made of it.

    Attributes
    ----------
    reason
        Why it is not counted; empty where it is.
    features
        What its confidence was told from.
    confidence
        How likely it is a twitch, 0..1.
    """

    candidate: Candidate
    reason: str
    features: Mapping[str, float]
    confidence: float


def looks_like_twitch(one: Candidate) -> bool:
    """Whether a candidate is local, of some size, and rises and falls as a twitch does."""
    shape = one.shape
    return one.wide < WIDE and one.n_cells >= SMALLEST_CELLS and shape.r2 > CLEAR_R2 and shape.step < STEP


def judge(
    asked: Sequence[Judged],
    threshold: float,
    least: float,
    key_times_s: Sequence[float] | FloatArray,
    frame_interval_s: float,
    longer_side_cells: int,
) -> list[Judged]:
    """Apply the rules that need no more than the candidates themselves, strongest first.

    Parameters
    ----------
    asked
        Candidates, still without a reason.
    threshold
        Scores below it are not counted, or below `KNOWN` of it if something like it was seen.
    least
        Confidences below it are not counted.
    key_times_s
        When the codec started anew and may have popped; empty where that is too often to avoid.
    longer_side_cells
        Of the grid.
    """
    judged: list[Judged] = []
    kept: dict[int, list[Candidate]] = defaultdict(list)  # by stretches of `BESIDE_S`: in an hour there are thousands
    for ask in sorted(asked, key=lambda ask: -ask.candidate.score):
        one = ask.candidate
        stretch = math.floor(one.peak_s / BESIDE_S)
        reason = _own_reason(ask, threshold, key_times_s, frame_interval_s)
        if not reason and ask.confidence < least:
            reason = "shape"
        if not reason or reason in ("shape", "below_threshold", "small", "step"):
            near = [other for k in (stretch - 1, stretch, stretch + 1) for other in kept.get(k, ())]
            reason = _reason_beside(one, near, longer_side_cells) or reason
        if reason not in ("duplicate", "below_threshold"):
            kept[stretch].append(one)
        judged.append(replace(ask, reason=reason))
    return judged


def _own_reason(
    ask: Judged, threshold: float, key_times_s: Sequence[float] | FloatArray, frame_interval_s: float
) -> str:
    one, new = ask.candidate, ask.features["likeness"] < ALIKE
    local = one.wide < WIDE
    clear = one.score >= KEY_SURE * threshold
    rules = (
        ("below_threshold", one.score < (threshold if new else KNOWN * threshold)),
        ("below_threshold", np.hypot(*one.displacement_px) < FAINTEST_PX),
        ("global", not local or (one.frame_level > FRAME and one.wide > 0.5 * WIDE)),
        ("photometric", one.flow < FLOW or one.shading_pct > SHADING_PCT),
        ("small", one.n_cells < SMALLEST_CELLS),
        ("edge", one.edge > EDGE),
        ("keyframe", new and not clear and on_key_frame(one, key_times_s, frame_interval_s)),
        ("step", one.shape.step > STEP),
        ("sustained", one.shape.offset_s - one.shape.onset_s > LONGEST_S),
    )
    return next((name for name, holds in rules if holds), "")


def on_key_frame(one: Candidate, key_times_s: Sequence[float] | FloatArray, frame_interval_s: float) -> bool:
    """Whether a movement peaks where the codec started anew, and the picture may have jumped."""
    if len(key_times_s) == 0:
        return False
    since = (one.peak_s - np.asarray(key_times_s)) / frame_interval_s
    return bool(np.any((since >= -KEY_BEFORE) & (since <= KEY_AFTER)))


def _reason_beside(one: Candidate, kept: Sequence[Candidate], longer_side_cells: int) -> str:
    for other in kept:
        gap_s = abs(one.peak_s - other.peak_s)
        if gap_s >= BESIDE_S:
            continue
        distance = float(np.hypot(one.row - other.row, one.col - other.col))
        near = distance < LOBE_SHARE * longer_side_cells
        touching = bool((one.region & other.region).any()) or distance < 0.5 * LOBE_SHARE * longer_side_cells
        if (gap_s < SAME_S and touching) or (gap_s < SIDES_S and near and _are_sides(one, other)):
            return "duplicate"
        if gap_s < BACK_S and one.score < other.score and one.patch.likeness(other.patch) < BACK:
            return "duplicate"
        if one.score < LOBE * other.score and gap_s < LOBE_S and near:
            return "duplicate"
    return ""


def _are_sides(one: Candidate, other: Candidate) -> bool:
    """Whether two movements go along the line between them, both outward or both inward."""
    line = np.array([other.col - one.col, other.row - one.row])
    along = [float(np.dot(c.displacement_px, line)) / max(math.hypot(*c.displacement_px), 1e-9) for c in (one, other)]
    return along[0] * along[1] < 0 and min(map(abs, along)) > SIDES * math.hypot(*line)
