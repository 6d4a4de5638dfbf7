"""``fascidetect clips``: movements cut out, to show some of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fascidetect.cli.params import EXISTING_FILE
from fascidetect.cli.progress import ProgressLine
from fascidetect.cli.say import complain, tell
from fascidetect.errors import OutputError, printable
from fascidetect.notice import NOTICE

if TYPE_CHECKING:
    from fascidetect.evaluate import Found
    from fascidetect.model import MotionTrace
    from fascidetect.review.clips import Wanted

_FOLDER = "clips"


@click.command("clips", epilog=NOTICE)
@click.argument("folder", metavar="RESULT_DIR", type=click.Path(path_type=Path))
@click.option(
    "--most",
    type=click.IntRange(1),
    metavar="N",
    help="Only the N that stand out most; marks come last.  [default: all]",
)
@click.option(
    "--rater",
    metavar="NAME",
    help="Those that this rater accepted or marked, as he or she left them.  [default: what the program counts]",
)
@click.option("--slow", type=click.FloatRange(1, 100), default=4.0, show_default=True, help="Times slower than life.")
@click.option("--clip", type=EXISTING_FILE, metavar="FILE", help="The clip, if it does not lie beside RESULT_DIR.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=f"Folder for the files.  [default: {_FOLDER}/ in RESULT_DIR]",
)
@click.option("--force", is_flag=True, help="Replace files of the same names.")
def clips_command(  # noqa: PLR0913 - one argument for each option
    folder: Path,
    *,
    most: int | None,
    rater: str | None,
    slow: float,
    clip: Path | None,
    output: Path | None,
    force: bool,
) -> None:
    r"""Cut each movement of RESULT_DIR (a folder written by analyze) out of its clip.

    Each becomes a short MP4 that every phone plays: enlarged, slowed, held still against the camera,
    beside what changes, magnified. contact.png has all of them on one sheet: before, at the peak,
    after, and the change. The files hold no sound and nothing about place, date or device.

    \b
    Examples:
      fascidetect clips calf.mp4.fascidetect
      fascidetect clips calf.mp4.fascidetect --most 3 --slow 8 -o to-show
      fascidetect clips calf.mp4.fascidetect --rater second-reader
    """
    from fascidetect.evaluate import load_result
    from fascidetect.motion.store import load_trace
    from fascidetect.review.clips import SHEET, write_clips
    from fascidetect.review.source import find_clip
    from fascidetect.settings import ClipSettings

    found, trace = load_result(folder), load_trace(folder / "trace.npz")
    wanted = _wanted(folder, found, trace, rater)
    if most is not None:
        clearest = sorted(wanted, key=lambda one: -one.event.confidence)[:most]
        wanted = [one for one in wanted if one in clearest]
    if not wanted:
        tell("No movement to cut out.")
        return
    target = output or folder / _FOLDER
    there = next((name for name in (*(one.file_name for one in wanted), SHEET) if (target / name).exists()), None)
    if there and not force:
        raise OutputError(f"{target / there} exists already: give another folder with -o, or --force to replace it")
    path = find_clip(folder, found.clip, clip)
    part = ClipSettings(from_s=found.from_s, to_s=found.to_s, capture_fps=found.clip.capture_fps)
    with ProgressLine(sys.stderr, printable(path.name)) as progress:
        written = write_clips((path, part), trace, wanted, target, slow=slow, progress=progress)
    tell(f"{len(written) - 1} cut out, and {SHEET}: {target}")


def _wanted(folder: Path, found: Found, trace: MotionTrace, rater: str | None) -> list[Wanted]:
    """Choose movements, in order of time, with their numbers in the report."""
    from fascidetect.review import choose, load_reviews
    from fascidetect.review.clips import Wanted, as_left, without_twins

    number = {event.id: n for n, event in enumerate(found.events, 1)}
    if rater is None:
        events = list(found.events)
    else:
        accepted = choose(load_reviews(folder)[1], rater, folder).true_events
        shown = [one for one in accepted if trace.time_s[0] <= one.peak_s <= trace.time_s[-1]]
        if len(shown) < len(accepted):
            complain(f"{len(accepted) - len(shown)} of {rater} lie outside of the part that was analyzed: left out")
        events = [as_left(one, trace) for one in shown]
    return without_twins([Wanted(number.get(event.id, 0), event) for event in events])
