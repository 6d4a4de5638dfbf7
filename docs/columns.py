"""What every file holds: columns and keys from the types that write them, meanings from here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fascidetect.batch.rollup import BatchEvent, SummaryRow
from fascidetect.batch.sessions import COLUMNS as SHEET
from fascidetect.batch.trend import RatioRow, TrendRow
from fascidetect.model import (
    ClipFacts,
    Event,
    Focus,
    Minute,
    MotionTrace,
    Quality,
    Reviewed,
    Summary,
    Sustained,
    Tried,
    VerifiedLimit,
)
from fascidetect.report.export import RejectedEvent, ResultFile, Run
from fascidetect.report.summary import REJECTION_WORDS
from fascidetect.review.decisions import Decision
from fascidetect.truth import Ignored, TrueEvent, TrueNuisance, Truth

_INTERVAL = "end of its exact 95 % Poisson interval"

MEANINGS = {
    "action": "`accept`, `reject`, `add`, `move`, `note` or `undo`",
    "amplitude_floor": "least size of what is in the numbers, with its unit; empty where all is (trend)",
    "amplitude_mm": "the same in millimeters, where a scale is given",
    "amplitude_px": "how far the middle of the movement goes at its peak, px of the full-size picture",
    "analyzed_share": "share of the picture that was analyzed, 0 to 1",
    "area": "how the analyzed area was found: `roi`, `skin` (by its color), `parallax` (by its depth) or `whole picture`",
    "bit_depth": "bits of a sample",
    "bits_per_px": "bits per pixel and frame: how strongly the file is compressed",
    "box_h_px": "height of the box around what moved",
    "box_w_px": "width of the box",
    "box_x_px": "left edge of the box, px of the upright picture",
    "box_y_px": "upper edge of the box",
    "caffeine": "in your words",
    "camera_tags": "whether the file carries marks that a camera writes",
    "camera": "stamp of every frame, and its (3, 3) affine from the first frame to it",
    "capture_fps": "true recording rate of a stretched slow-motion clip",
    "clip": "name of the clip, or facts about it",
    "codec": "of the video",
    "confidence": "0 to 1: how clearly it is a brief local movement and no artifact (see validation for how often it is); never how likely an illness is",
    "container": "kind of file",
    "counted_by": "`reviewed` where people decided about every movement of every clip, else `automatic`",
    "date": "YYYY-MM-DD",
    "dispersion": "variance over mean of the counts in windows of 10 s; 1 where chance alone is at work",
    "duration_s": "length, s",
    "end_s": "end, s",
    "error": "why a clip failed",
    "event_id": "what a decision is about; `m<seq>` for a mark that was added",
    "events": "rows of `events.csv`",
    "exertion": "in your words",
    "file": "path of the clip below the folder of the batch, or its name",
    "first": "the earlier session",
    "found": "whether it was found again",
    "foci": "rows of `foci.csv`",
    "focus": "number of the place where it recurs, from 1; 0 = none",
    "height_px": "of the upright picture",
    "id": "`e<peak in ms>-<x>-<y>`: the same movement keeps it when detection is run again",
    "ignore": "stretches in which neither hits nor misses count",
    "injected_after_codec": "whether twitches were put into a clip that was compressed before",
    "interval_cv": "coefficient of variation of the intervals",
    "kind": "`rhythmic` or `continuous`; of a nuisance, see [recipes](recipes.md)",
    "last_seq": "the last decision that was looked at",
    "libraries": "their versions",
    "limit50_mm": "the same in millimeters",
    "limit50_high_px": "end of its 95 % interval",
    "limit50_low_px": "end of its 95 % interval",
    "limit50_px": "size of which about half the movements would be found",
    "limit90_px": "size of which nine in ten would be found",
    "longest_gap_s": "between two frames",
    "median_fps": "frames per second, from the stamps of the frames",
    "median_interval_s": "between movements at this place",
    "medication": "in your words",
    "minute": "number, from 1",
    "mirrored": "whether the file asks to be shown mirrored",
    "mm_per_px": "millimeters on the skin per px of the full-size picture",
    "muscle": "in your words",
    "n": "twitches that were put into the clip",
    "n_accepted": "counted movements that the rater accepted",
    "n_added": "movements that the rater saw and the program does not count",
    "n_clips": "clips of the session",
    "n_counted": "the count that the rate is of",
    "n_events": "movements counted; empty where nothing can be told, which is not zero",
    "n_foci": "places where movements were counted",
    "n_found": "of these, those that were found",
    "n_frames": "frames that were decoded",
    "n_rejected": "seen and not counted, by reason; of a review, rejected by the rater",
    "n_reviewed": "reviewed count, where people have decided about all movements",
    "n_undecided": "not decided about yet",
    "n_unfit": "clips that failed or could not be judged",
    "n_unusable": "of the reviewed count, in time that was left out",
    "n_video_tracks": "in the file",
    "noise_px": "median noise of a cell",
    "name": "of the file, or its label",
    "not_compared": "why the two are not compared; empty where they are",
    "note": "what somebody wrote",
    "notes": "in your words",
    "nuisances": "disturbances of a made clip",
    "offset_s": "end: the fitted waveform has fallen to 10 % of its peak",
    "onset_s": "start: the fitted waveform has risen to 10 % of its peak",
    "peak_clock": "the peak as M:SS.mmm, as players show it",
    "peak_frame": "number of the frame nearest to the peak, from 0",
    "peak_s": "largest displacement, s from the first shown frame",
    "per_minute": "rows of `per_minute.csv`",
    "pixel_format": "as the decoder names it",
    "quality": "what the clip could and could not show",
    "radius_px": "radius of the place, px",
    "rate_high_per_min": f"upper {_INTERVAL}",
    "rate_hz": "of a rhythm",
    "rate_low_per_min": f"lower {_INTERVAL}",
    "rate_per_min": "movements per minute of usable time",
    "rater": "whose decision",
    "ratio": "rate of the second session over that of the first",
    "ratio_high": "upper end of its 95 % interval",
    "ratio_low": "lower end of its 95 % interval",
    "reason": "why it was not counted; [see below](#reasons)",
    "reasons": "what limits the clip, or why it cannot be judged",
    "recipe_sha256": "hash of the recipe of a made clip",
    "ref_x_px": "the same place in the reference picture: steady while the camera moves",
    "ref_y_px": "the same, down",
    "rejected": "rows of `rejected.csv`",
    "result_dir": "folder of the result, relative to the table",
    "reviewed": "what each rater made of the count",
    "rhythm_hz": "rate, if the movements come like a clock",
    "roi": "name of the area that it lies in",
    "rotation_deg": "by which the file asks to be turned",
    "run": "which program, with which libraries, when and how long",
    "schema_version": "of the format; its first number changes when a reader would break",
    "second": "the later session",
    "seed": "of everything random",
    "seq": "number of the decision, rising",
    "session": "in your words",
    "settings": "as they were in effect",
    "sha256": "of the clip's content",
    "side": "in your words",
    "sleep": "in your words",
    "snr": "score over the clip's own noise",
    "start_s": "start, s",
    "started_utc": "when the analysis began",
    "status": "`done`, `failed` or `pending`",
    "strength": "in its unit",
    "stress": "in your words",
    "subject": "in your words",
    "summary": "counts and rates",
    "sustained": "places that move without pause or in a rhythm: named, not counted",
    "time_of_day": "in your words",
    "transfer": "transfer curve, such as HLG",
    "undoes": "the `seq` that an undo takes back",
    "unit": "of the strength",
    "unmatched": "decided about, and no longer found",
    "unusable": "stretches that were left out, with the reason",
    "usable_s": "time in which something could be told, s",
    "utc": "when, ISO 8601",
    "v": "version of the line's format",
    "verdict": "`ok`, `limited` or `cannot_analyze`",
    "verified": "the limit as twitches show that were put into the clip (`--verify-limit`); else null",
    "version": "of fascidetect",
    "vfr": "whether the frame rate varies",
    "wall_s": "how long it took",
    "warnings": "what was odd",
    "width_px": "of the upright picture",
    "x_px": "place at the peak, px of the upright, full-size picture, to the right",
    "y_px": "the same, down",
}
"""By name: a name means the same wherever it stands ..."""

IN_SHEET = {"roi": "areas, `X,Y,W,H` each, with `;` between them"}
"""... but in a session sheet."""

BEYOND = {RejectedEvent: ("events.csv", Event), BatchEvent: ("events.csv of a clip", Event)}
"""Tables that begin with the columns of another."""

TABLES: dict[str, Any] = {
    "events.csv": Event,
    "rejected.csv": RejectedEvent,
    "per_minute.csv": Minute,
    "foci.csv": Focus,
    "limit.csv": Tried,
}
DOCUMENT: dict[str, Any] = {
    "result.json": ResultFile,
    "result.json: clip": ClipFacts,
    "result.json: quality": Quality,
    "result.json: quality.verified": VerifiedLimit,
    "result.json: summary": Summary,
    "result.json: summary.reviewed": Reviewed,
    "result.json: sustained": Sustained,
    "result.json: run": Run,
}
OTHERS: dict[str, Any] = {
    "review.jsonl": Decision,
    "<clip>.truth.json": Truth,
    "<clip>.truth.json: events": TrueEvent,
    "<clip>.truth.json: ignore": Ignored,
    "<clip>.truth.json: nuisances": TrueNuisance,
}
BATCH: dict[str, Any] = {
    "summary.csv of a batch": SummaryRow,
    "events.csv of a batch": BatchEvent,
    "trend.csv": TrendRow,
    "trend_ratio.csv": RatioRow,
}


def names(cls: Any) -> list[str]:
    """Columns or keys, in their order."""
    return [item.name for item in dataclasses.fields(cls)]


def page() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Files and columns\n"
    yield "Columns and keys are made from the types that write them. They are added to at the end and never renamed."
    yield "Times are seconds from the first shown frame; `px` is a pixel of the upright, full-size picture, x to the"
    yield "right, y down. Empty means not known, which is not zero.\n"
    yield "## Tables of one clip\n"
    yield from _of(TABLES)
    yield "## Reasons\n"
    yield "What was seen and not counted carries one of these, and `--keep REASON` counts it after all.\n"
    yield "| reason | the movement was |\n|---|---|"
    yield from (f"| `{name}` | {words} |" for name, words in REJECTION_WORDS.items())
    yield "\n## result.json\n"
    yield "All of it for programs. Its JSON Schema is shipped as `fascidetect/schema/result.schema.json`.\n"
    yield from _of(DOCUMENT)
    yield "## Decisions and truths\n"
    yield from _of(OTHERS)
    yield "## Tables of a batch\n"
    yield from _of(BATCH)
    yield "### Session sheet\n"
    yield "A CSV given to `batch --sheet`; any column but `file` may be missing.\n"
    yield from _rows(SHEET, {**MEANINGS, **IN_SHEET})
    yield "## candidates.npz\n"
    yield "All that may have been a movement, to be judged again by `retune`: for the program itself, and not described.\n"
    yield "## trace.npz\n"
    yield "The measured motion (NumPy, no pickle): T frames, R x C cells.\n"
    yield from _trace()


def _of(files: dict[str, Any]) -> Iterator[str]:
    for title, cls in files.items():
        yield f"### {title.replace('<', '&lt;').replace('>', '&gt;')}\n"
        held = names(cls)
        if cls in BEYOND:
            other, base = BEYOND[cls]
            yield f"The columns of {other}, and:\n"
            held = [name for name in held if name not in names(base)]
        yield from _rows(held, MEANINGS)


def _rows(of: Iterable[str], meanings: Mapping[str, str]) -> Iterator[str]:
    yield "| name | meaning |\n|---|---|"
    yield from (f"| `{name}` | {meanings[name]} |" for name in of)
    yield ""


def _trace() -> Iterator[str]:
    from generate import parameters

    doc = (MotionTrace.__doc__ or "").replace("Attributes\n    ----------", "Parameters\n    ----------")
    held = parameters("\n".join(line[4:] if line.startswith("    ") else line for line in doc.splitlines()))
    yield "| name | what it holds |\n|---|---|"
    for name, text in held:
        if name.split(",")[0] in names(MotionTrace):
            yield f"| {', '.join(f'`{one.strip()}`' for one in name.split(','))} | {text.replace('``', '`')} |"
