"""A batch from beginning to end: plan, analyze what is left, write the tables and the page."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fascidetect.batch.index import write_index
from fascidetect.batch.ledger import Ledger, Row, as_text
from fascidetect.batch.plan import Recording, Standing, done_row, failed_row, standing
from fascidetect.batch.rollup import Line, write_tables
from fascidetect.batch.sessions import Entry
from fascidetect.batch.task import Outcome, Task
from fascidetect.errors import FasciError, OutputError
from fascidetect.report.folder import clear_scratch
from fascidetect.settings import Settings

Backend = Callable[[Iterator[Task]], Generator[Outcome]]
"""Works on tasks and gives their outcomes as they are ready."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has to do.

    Attributes
    ----------
    left
        To be analyzed, with their standing.
    done, failed
        Known from before: names of the recordings.
    news
        What the result folders know and the ledger does not, with the folders.
    """

    left: tuple[tuple[Recording, Standing], ...]
    done: tuple[str, ...]
    failed: tuple[str, ...]
    news: tuple[tuple[Row, Path], ...]

    @property
    def left_bytes(self) -> int:
        """Size of the files that are left, by which the time left is judged."""
        return sum(before.size_bytes for _, before in self.left)


def recordings_of(
    clips: Iterable[str], folder: Path, results: Path, settings: Settings, entries: dict[str, Entry]
) -> Iterator[Recording]:
    """Say where each clip's results go, and with which settings it is analyzed.

    Raises
    ------
    OutputError
        Results would take the place of recordings.
    """
    folder, results = folder.resolve(), results.resolve()
    if results == folder:
        raise OutputError(f"{results} holds the recordings; choose another folder for results with -o")
    for clip in clips:
        entry = entries.get(clip, Entry())
        yield Recording(clip, folder / clip, results / as_text(clip), entry.session, entry.applied(settings))


def claim(results: Path, folder: Path, ledger: Ledger) -> None:
    """Keep results of one folder of recordings from being taken for those of another.

    A folder that was moved is the same: the former place no longer exists.

    Raises
    ------
    OutputError
        The results are those of another folder.
    """
    folder, results = folder.resolve(), results.resolve()
    before = ledger.source()
    if before and (results / before).is_dir() and (results / before).resolve() != folder:
        raise OutputError(
            f"{results} holds the results of {(results / before).resolve()}; choose another folder with -o"
        )
    ledger.write_source(os.path.relpath(folder, results))


def make_plan(recordings: Iterable[Recording], ledger: Ledger, *, retry_failed: bool = False) -> Plan:
    """Find out what is left to do."""
    left: list[tuple[Recording, Standing]] = []
    news: list[tuple[Row, Path]] = []
    names: dict[str, list[str]] = {"done": [], "failed": []}
    for recording in recordings:
        row = ledger.find(recording.clip)
        before = standing(recording, row)
        if before.row and before.row != row:
            news.append((before.row, recording.folder))
        if before.state == "left":
            left.append((recording, before))
        elif before.state == "failed" and retry_failed:
            left.append((recording, dataclasses.replace(before, why="failed before")))
        else:
            names[before.state].append(recording.clip)
    return Plan(tuple(left), tuple(names["done"]), tuple(names["failed"]), tuple(news))


def take_note(plan: Plan, ledger: Ledger) -> None:
    """Take results that were finished without the ledger into it; what people decided is counted in them."""
    from fascidetect.review import renew_result

    for row, folder in plan.news:
        with contextlib.suppress(FasciError):  # a review that cannot be read says so where it is looked at
            renew_result(folder)
        ledger.write(row)


def carry_out(plan: Plan, ledger: Ledger, backend: Backend, timeout_s: float) -> Iterator[Outcome]:
    """Analyze what is left; each outcome is in the ledger before it is given on."""
    by_clip = {recording.clip: (recording, before) for recording, before in plan.left}

    def tasks() -> Iterator[Task]:
        for recording, _ in plan.left:
            with contextlib.suppress(OSError):  # the task will say what is wrong
                recording.folder.parent.mkdir(parents=True, exist_ok=True)
            yield recording.task(timeout_s)

    _clear_scratch(plan)  # of a run that was killed
    with contextlib.closing(backend(tasks())) as outcomes:
        for outcome in outcomes:
            recording, before = by_clip[outcome.clip]
            if outcome.error:
                ledger.write(failed_row(recording, before, outcome.error, outcome.wall_s))
            else:
                ledger.write(done_row(recording, before, outcome.wall_s))
            yield outcome
    _clear_scratch(plan)  # of machines that were lost


def _clear_scratch(plan: Plan) -> None:
    for recording, _ in plan.left:
        clear_scratch(recording.folder)


def sum_up(lines: Iterable[Line], results: Path) -> Iterator[Line]:
    """Write summary.csv, events.csv and index.html while the lines pass; they are there when the last has passed.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    yield from write_index(write_tables(lines, results), results)
