"""``fascidetect trend``: counts over sessions."""

from __future__ import annotations

from pathlib import Path

import click

from fascidetect.cli.params import floor_option
from fascidetect.cli.say import complain, tell
from fascidetect.errors import ClipError, OutputError
from fascidetect.notice import NOTICE


@click.command("trend", epilog=NOTICE)
@click.argument("results", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder for what is written.  [default: RESULTS]",
)
@click.option("--subject", metavar="NAME", help="Only this subject.")
@click.option(
    "--compare",
    nargs=2,
    metavar="FIRST SECOND",
    help="Compare these two sessions, by name or date.  [default: where there are just two]",
)
@floor_option
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def trend_command(
    results: Path,
    *,
    output: Path | None,
    subject: str | None,
    compare: tuple[str, str] | None,
    floor: dict[str, float] | None,
    quiet: bool,
) -> None:
    r"""Show the rates in RESULTS, the folder of a batch, over sessions: for each subject, muscle and side.

    Sessions are those of the session sheet or of the path template that the batch was given. Clips of
    one session are taken together. Writes trend.csv (a row for each muscle, side and session),
    trend_ratio.csv (pairs of sessions), trend.svg (small multiples) and trend.html.

    Two sessions are compared by the ratio of their rates, with its interval; it is left out, and said
    why, where clips are too short or were filmed or analyzed too differently. With --amplitude-floor
    clips of different sharpness can be compared: only what each could have shown is counted, by the program.

    \b
    Examples:
      fascidetect trend results
      fascidetect trend results --subject A12 -o for-the-appointment
      fascidetect trend results --compare 2026-01-10 2026-03-02
      fascidetect trend results --amplitude-floor 0.8px
    """
    from fascidetect.batch.trend import Floor, load_summary, make_trend
    from fascidetect.batch.trend_page import CAVEAT, told, write_trend

    rows = load_summary(results)
    if subject is not None:
        rows = tuple(row for row in rows if row.subject == subject)
    least = Floor(px=floor["floor_px"], mm=floor["floor_mm"]) if floor and any(floor.values()) else None
    trend = make_trend(results, rows, compare=compare, floor=least)
    if not trend:
        raise ClipError(f"nothing to show in {results}" + (f" for subject {subject}" if subject is not None else ""))
    if compare and not any(series.ratio for series in trend):
        raise ClipError(f"no muscle in {results} has both sessions {compare[0]} and {compare[1]}")
    folder = output or results
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {(error.strerror or str(error)).lower()}") from error
    written = write_trend(folder, trend)
    if quiet:
        return
    if not any(row.subject or row.session or row.date or row.muscle or row.side for row in rows):
        complain(
            "nothing is known of the sessions, so all clips are taken together: run batch again "
            "with --sheet (a row for each clip) or --template, which say what was filmed when"
        )
    tell("\n".join(told(trend)))
    tell(f"{CAVEAT}\nOpen {written[-1]}")
