"""``fascidetect batch``: a folder of recordings, on one machine or many."""

from __future__ import annotations

import dataclasses
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from fascidetect.batch.backends import dask_client, run_dask, run_here
from fascidetect.batch.capacity import default_jobs
from fascidetect.batch.index import INDEX
from fascidetect.batch.ledger import Ledger, ledger_path, open_ledger
from fascidetect.batch.lock import only_run
from fascidetect.batch.plan import Recording
from fascidetect.batch.recordings import Shard, find_recordings, parse_shard
from fascidetect.batch.rollup import SUMMARY, SummaryRow, line_of
from fascidetect.batch.run import Backend, Plan, carry_out, claim, make_plan, recordings_of, sum_up, take_note
from fascidetect.batch.sessions import compile_template, entries_of, load_sheet
from fascidetect.cli.board import Board
from fascidetect.cli.params import EXISTING_FILE, config_option, parsed
from fascidetect.cli.say import complain, tell
from fascidetect.errors import ClipError
from fascidetect.notice import NOTICE
from fascidetect.settings import Settings
from fascidetect.settings_file import load_settings

DEFAULT_TIMEOUT_S = 600.0
_LISTED = 20


@dataclass(frozen=True)
class Work:
    """How clips are analyzed: where, how many at once, and for how long one may be silent."""

    jobs: int | None
    dask: str | None
    timeout_s: float
    quiet: bool
    verbose: bool


@click.command("batch", epilog=NOTICE)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "results",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="RESULTS",
    help="Folder for all results: RESULTS/<path of the clip>/ for each.",
)
@click.option(
    "--pattern",
    metavar="PATTERN",
    help="Only files whose name fits, such as '*calf*.mov'; with a slash, whose path fits.  [default: by the "
    "file's ending]",
)
@click.option(
    "--sheet",
    "sheet_path",
    type=EXISTING_FILE,
    metavar="FILE.csv",
    help="Session sheet: a row for each file with subject, session, date, muscle, side, circumstances, roi, mm_per_px, "
    "capture_fps; all columns but file may be left out.",
)
@click.option(
    "--template",
    metavar="TEMPLATE",
    help="Read the facts from the path of each clip, such as '{subject}/{date}/{side}-{muscle}.mp4'; * fits anything. "
    "The sheet goes before the path.",
)
@config_option
@click.option("--no-overlay", is_flag=True, help="Do not write overlay.mp4: saves nearly half of the time.")
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Clips at once.  [default: what cores and memory carry]"
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=1),
    default=DEFAULT_TIMEOUT_S,
    show_default=True,
    metavar="SECONDS",
    help="Give a clip up that shows no progress for so long, and for longer than it has worked before.",
)
@click.option("--retry-failed", is_flag=True, help="Also try again what failed before.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--wait", is_flag=True, help="Wait while another run is at work on RESULTS.")
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Send clips to the Dask scheduler at tcp://HOST:PORT, whose workers see the same folders under the same "
    "paths; or start N workers here with local:N. Needs fascidetect[dask].",
)
@click.option(
    "--shard",
    callback=parsed(parse_shard),
    metavar="I/N",
    help="Only do part I of N, for any other scheduler; a run without --shard at the end writes the tables.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Also print what a process said before it failed.")
def batch_command(  # noqa: PLR0913 - one argument for each option
    folder: Path,
    *,
    results: Path,
    pattern: str | None,
    sheet_path: Path | None,
    template: str | None,
    config_path: Path | None,
    no_overlay: bool,
    jobs: int | None,
    timeout_s: float,
    retry_failed: bool,
    dry_run: bool,
    wait: bool,
    dask: str | None,
    shard: Shard | None,
    quiet: bool,
    verbose: bool,
) -> None:
    r"""Analyze all recordings in FOLDER and the folders in it, each in a process of its own.

    For each clip RESULTS/<path of the clip>/ gets what `fascidetect analyze` writes; for all that
    this command finds RESULTS gets summary.csv (a row for each clip), events.csv (a row for each
    movement) and index.html: open that. One bad clip never stops the rest; what failed is listed at
    the end.

    The same command again does only what is missing or has changed: content, settings or version of
    the program. A run that was killed loses at most the clips it was working on.

    \b
    Examples:
      fascidetect batch clips -o results
      fascidetect batch clips -o results --dry-run
      fascidetect batch clips -o results --sheet sessions.csv --no-overlay
      fascidetect batch clips -o results --template "{subject}/{date}/{side}-{muscle}.mp4"
      fascidetect batch clips -o results --retry-failed --jobs 1
      fascidetect batch clips -o results --dask tcp://head-node:8786
      fascidetect batch clips -o results --shard 2/5

    Dates come from the sheet or the path, never from a clip's metadata. When clips of several
    sessions are done, see `fascidetect trend RESULTS`.

    Exit status: 0 all is done, 1 something could not be analyzed, 2 wrong usage, 130 interrupted.
    """
    if jobs is not None and dask is not None:
        raise click.UsageError("--jobs is for this machine alone; the cluster's workers say how many they take")
    settings = load_settings(config_path) if config_path else Settings()
    if no_overlay:
        settings = dataclasses.replace(settings, report=dataclasses.replace(settings.report, overlay=False))
    recordings = _recordings(folder, results, settings, pattern=pattern, sheet_path=sheet_path, template=template)
    if shard:
        recordings = tuple(recording for recording in recordings if shard.holds(recording.clip))
    if dry_run:
        with open_ledger(ledger_path(results, shard), keep=False) as ledger:
            _foretell(make_plan(recordings, ledger, retry_failed=retry_failed))
        return
    work = Work(jobs, dask, timeout_s, quiet, verbose)
    waiting = partial(complain, f"another run is at work on {results}: waiting for it to end") if wait else None
    with only_run(results, shard, wait=waiting), open_ledger(ledger_path(results, shard)) as ledger:
        claim(results, folder, ledger)
        if not quiet:
            tell(f"{_recordings_in_words(len(recordings))} in {folder}")
        try:
            _carry_out(make_plan(recordings, ledger, retry_failed=retry_failed), ledger, work)
        finally:  # what there is when a run is interrupted gets its tables too
            known = (line_of(recording, ledger, results.resolve()) for recording in recordings)
            lines = known if shard else sum_up(known, results)
            bad = [(line.row, line.remarks[:1]) for line in lines if _not_in_order(line.row)]
    if not quiet:
        words = _recordings_in_words(len(recordings))
        tell(f"{len(recordings) - len(bad)} of {words} analyzed. {_next_step(shard, results)}")
    _complain_of(bad, results)


def _recordings(
    folder: Path,
    results: Path,
    settings: Settings,
    *,
    pattern: str | None,
    sheet_path: Path | None,
    template: str | None,
) -> tuple[Recording, ...]:
    """Find the recordings and what is given for each; odd things are warned of."""
    sheet = load_sheet(sheet_path) if sheet_path else None
    paths = compile_template(template) if template else None
    clips = find_recordings(folder, results=results, pattern=pattern)
    if not clips:
        raise ClipError(f"no recording in {folder}{f' fits {pattern!r}' if pattern else ''}")
    entries, warnings = entries_of(clips, sheet=sheet, template=paths)
    for warning in warnings:
        complain(f"warning: {warning}")
    return tuple(recordings_of(clips, folder, results, settings, entries))


def _foretell(plan: Plan) -> None:
    """Say what a run would do."""
    for recording, before in plan.left:
        tell(f"{recording.clip}: {before.why}")
    known = f"{len(plan.done)} done, {len(plan.failed)} failed before{' (--retry-failed)' if plan.failed else ''}"
    tell(f"{len(plan.left)} to analyze ({plan.left_bytes / 1e6:.0f} MB), {known}")


def _carry_out(plan: Plan, ledger: Ledger, work: Work) -> None:
    """Analyze what is left, and say how far it is and what fails."""
    take_note(plan, ledger)
    if not plan.left:
        return
    sizes = {recording.clip: before.size_bytes for recording, before in plan.left}
    with ExitStack() as stack:
        backend = _backend(work, stack, board := Board(sys.stderr, sizes, quiet=work.quiet))
        stack.enter_context(board)
        for outcome in carry_out(plan, ledger, backend, work.timeout_s):
            board.done(outcome.clip, f"{'failed' if outcome.error else 'done'} after {outcome.wall_s:.0f} s")
            if outcome.error:
                board.say(f"fascidetect: {outcome.clip}: {outcome.error}")
            for line in outcome.details.splitlines() if work.verbose else ():
                board.say(line)


def _backend(work: Work, stack: ExitStack, board: Board) -> Backend:
    if work.dask is None:
        return partial(run_here, jobs=work.jobs or default_jobs(), watch=board.watch)
    client = stack.enter_context(dask_client(work.dask))

    def workers(threads: int) -> None:
        if not work.quiet:
            board.say(f"Dask: clips at once: {threads}" if threads else "Dask: no worker yet; waiting for one")

    return partial(run_dask, client, watch=board.watch, workers=workers)


def _not_in_order(row: SummaryRow) -> bool:
    return row.status != "done" or row.verdict == "cannot_analyze"


def _recordings_in_words(n: int) -> str:
    return f"{n} recording" if n == 1 else f"{n} recordings"


def _next_step(shard: Shard | None, results: Path) -> str:
    if shard is None:
        return f"Open {results / INDEX}"
    return f"That was shard {shard}: when all are done, the same command without --shard writes the tables."


def _complain_of(rows: list[tuple[SummaryRow, tuple[str, ...]]], results: Path) -> None:
    """List what could not be analyzed, and why; exit with 1 if there is any."""
    for row, reason in rows[:_LISTED]:
        words = "cannot be judged" if row.status == "done" else row.status
        complain(": ".join((words, row.clip, *reason)))
    if len(rows) > _LISTED:
        complain(f"and {len(rows) - _LISTED} more; see {results / SUMMARY}")
    if rows:
        raise click.exceptions.Exit(1)
