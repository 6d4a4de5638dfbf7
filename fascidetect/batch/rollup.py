"""All clips of a batch in two tables: summary.csv, a row for each clip, and events.csv, a row for each movement."""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import msgspec

from fascidetect.batch.ledger import Ledger
from fascidetect.batch.plan import Recording
from fascidetect.batch.sessions import FACTS
from fascidetect.errors import ClipError, OutputError
from fascidetect.files import RESULT
from fascidetect.model import ClipFacts, Event, Quality, Reviewed, Summary
from fascidetect.report.export import to_csv

SUMMARY, EVENTS = "summary.csv", "events.csv"


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One row of a batch's summary.csv. What is not known, or cannot be told, is empty: that is not zero.

    ``status`` is done, failed or pending; ``result_dir`` is relative to the table.
    """

    clip: str
    sha256: str = ""
    status: str = "pending"
    verdict: str = ""
    subject: str = ""
    session: str = ""
    date: str = ""
    muscle: str = ""
    side: str = ""
    duration_s: float | None = None
    usable_s: float | None = None
    n_events: int | None = None
    n_reviewed: int | None = None
    rate_per_min: float | None = None
    rate_low_per_min: float | None = None
    rate_high_per_min: float | None = None
    n_foci: int | None = None
    limit50_px: float | None = None
    limit50_mm: float | None = None
    warnings: str = ""
    error: str = ""
    result_dir: str = ""
    time_of_day: str = ""
    caffeine: str = ""
    exertion: str = ""
    stress: str = ""
    sleep: str = ""
    medication: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class BatchEvent(Event):
    """One row of a batch's events.csv: that of the clip, and whose it is."""

    clip: str = ""
    subject: str = ""
    session: str = ""
    date: str = ""
    muscle: str = ""
    side: str = ""


@dataclass(frozen=True, slots=True)
class _Scale:
    mm_per_px: float | None = None


@dataclass(frozen=True, slots=True)
class _Settings:
    """What of a result's settings matters when clips are put side by side."""

    clip: _Scale = _Scale()
    measure: dict[str, Any] = field(default_factory=dict)
    detect: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Run:
    version: str


@dataclass(frozen=True, slots=True)
class ClipResult:
    """The keys of a result.json that tables and pages of many clips need."""

    clip: ClipFacts
    quality: Quality
    summary: Summary
    events: tuple[Event, ...]
    settings: _Settings
    run: _Run

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why it is limited or cannot be judged, and what else was odd; each once."""
        return tuple(dict.fromkeys((*self.quality.reasons, *self.clip.warnings, *self.quality.warnings)))

    @property
    def floor_px(self) -> float:
        """Size from which movements were counted, px of the full picture; 0 where all were."""
        floor_mm, scale = float(self.settings.detect.get("floor_mm", 0.0)), self.settings.clip.mm_per_px
        return max(float(self.settings.detect.get("floor_px", 0.0)), floor_mm / scale if scale else 0.0)

    @property
    def limit50_mm(self) -> float | None:
        """The smallest movement that would show, where a scale is known."""
        limit_px, scale = self.quality.limit50_px, self.settings.clip.mm_per_px
        return None if limit_px is None or scale is None else limit_px * scale


@dataclass(frozen=True, slots=True)
class Line:
    """One clip of a batch: its row, and its result if it has one."""

    row: SummaryRow
    result: ClipResult | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """What went wrong, or else what is odd; the first is what to know first."""
        if self.row.error:
            return (self.row.error,)
        return self.result.remarks if self.result else ()


def read_result(folder: Path) -> ClipResult:
    """Read the result of a clip.

    Raises
    ------
    ClipError
        It is missing or cannot be understood.
    """
    path = folder / RESULT
    try:
        return msgspec.json.decode(path.read_bytes(), type=ClipResult)
    except OSError as error:
        raise ClipError(f"cannot read {path}: {error.strerror or error}") from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ClipError(f"{path} is no result.json of fascidetect: {error}") from error


def reviewed(summary: Summary) -> Reviewed | None:
    """Take the count of people: of all raters who decided about every movement, where they agree on the number."""
    finished = [one for one in summary.reviewed if not one.n_undecided]
    counts = {(one.n_events, one.n_unusable) for one in finished}
    return finished[0] if len(counts) == 1 else None


def line_of(recording: Recording, ledger: Ledger, results: Path) -> Line:
    """Say what is known of a recording, from the ledger and its result folder.

    Parameters
    ----------
    results
        Folder of the batch, below which the recording's own results lie.
    """
    facts = {name: getattr(recording.session, name) for name in FACTS}
    bare, known = SummaryRow(recording.clip, **facts), ledger.find(recording.clip)
    if known is None:
        return Line(bare)
    if known.state == "failed":
        return Line(dataclasses.replace(bare, sha256=known.sha256, status="failed", error=known.error))
    try:
        result = read_result(recording.folder)
    except ClipError:
        return Line(dataclasses.replace(bare, status="failed", error="its result.json cannot be read"))
    folder = recording.folder.relative_to(results).as_posix()
    return Line(_filled(bare, result, folder), result)


def _filled(bare: SummaryRow, result: ClipResult, folder: str) -> SummaryRow:
    quality, summary = result.quality, result.summary
    unfit = quality.verdict == "cannot_analyze"
    return dataclasses.replace(
        bare,
        sha256=result.clip.sha256,
        status="done",
        verdict=quality.verdict,
        duration_s=result.clip.duration_s,
        usable_s=quality.usable_s,
        n_events=None if unfit else summary.n_events,
        n_reviewed=None if unfit or (people := reviewed(summary)) is None else people.n_events,
        rate_per_min=summary.rate_per_min,
        rate_low_per_min=summary.rate_low_per_min,
        rate_high_per_min=summary.rate_high_per_min,
        n_foci=None if unfit else summary.n_foci,
        limit50_px=quality.limit50_px,
        limit50_mm=result.limit50_mm,
        warnings="; ".join(result.remarks),
        result_dir=folder,
    )


def write_tables(lines: Iterable[Line], results: Path) -> Iterator[Line]:
    """Write both tables while the lines pass through; they appear, whole, when the last has passed.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    with whole_file(results / SUMMARY) as summary, whole_file(results / EVENTS) as events:
        summary.write(to_csv((), SummaryRow))
        events.write(to_csv((), BatchEvent))
        for line in lines:
            summary.write(_without_header(to_csv((line.row,), SummaryRow)))
            if line.result:
                events.write(_without_header(to_csv(_events(line.result, line.row), BatchEvent)))
            yield line


def _events(result: ClipResult, row: SummaryRow) -> list[BatchEvent]:
    whose = {name: getattr(row, name) for name in ("clip", "subject", "session", "date", "muscle", "side")}
    names = [item.name for item in dataclasses.fields(Event)]
    return [BatchEvent(**{name: getattr(event, name) for name in names}, **whose) for event in result.events]


def _without_header(table: str) -> str:
    return table.partition("\n")[2]


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """Open a text file that takes its name only when the block ends well.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
