"""``fascidetect review``: look at a result and decide, or start from a clip, in the browser."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import click

from fascidetect.cli.params import EXISTING_FILE
from fascidetect.cli.progress import ProgressLine
from fascidetect.cli.say import tell
from fascidetect.errors import FasciError, printable
from fascidetect.notice import NOTICE

HOME = "fascidetect"


@click.command("review", epilog=NOTICE)
@click.argument("folder", metavar="[RESULT_DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--rater",
    metavar="NAME",
    help="Whose decisions these are; others in the same folder stay apart.  [default: reviewer]",
)
@click.option("--blind", is_flag=True, help="Hide what the program found: mark movements without knowing of it.")
@click.option(
    "--clip", type=EXISTING_FILE, metavar="FILE", help="The clip, for --blind, if it does not lie beside DIR."
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=f'Where the start page puts results.  [default: "{HOME}" in your home folder]',
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to serve on.  [default: any free one]")
@click.option("--no-browser", is_flag=True, help="Print the address only.")
def review_command(  # noqa: PLR0913 - one argument for each option
    folder: Path | None,
    *,
    rater: str | None,
    blind: bool,
    clip: Path | None,
    results: Path | None,
    port: int,
    no_browser: bool,
) -> None:
    r"""Open RESULT_DIR (a folder written by analyze) in the browser, and decide about each movement.

    Without RESULT_DIR a start page opens: drop a clip on it, draw the area, watch the progress, and
    land on its report; nothing has to be typed after that.

    \b
    Keys: space plays, arrows step a frame, N and P next and previous, A accepts, R rejects, U undoes,
    M marks one that was missed (click where it moved), [ and ] set onset and offset, T writes a note.

    Every decision is on the disk before the page says so, in RESULT_DIR/review.jsonl. The counts of
    result.json and report.html then stand beside the automatic ones. The pages can be opened on this
    computer only, at the address that is printed; Ctrl-C ends it.

    \b
    Examples:
      fascidetect review
      fascidetect review calf.mp4.fascidetect
      fascidetect review calf.mp4.fascidetect --rater second-reader --blind
    """
    from fascidetect.review import DEFAULT_RATER
    from fascidetect.review.decisions import check_rater
    from fascidetect.review.site.results import Results
    from fascidetect.review.site.serve import serve

    if folder is None and (blind or clip):
        raise click.UsageError("--blind and --clip need a RESULT_DIR")
    if folder is not None and results is not None:
        raise click.UsageError("--results is for the start page: leave out RESULT_DIR")
    name = rater or DEFAULT_RATER
    try:
        check_rater(name)
    except FasciError as error:
        raise click.UsageError(str(error)) from error
    if folder is not None:
        _check(folder)
    with _plain_video(folder, clip) if folder and blind else contextlib.nullcontext() as plain:

        def ready(address: str) -> None:
            tell(f"Open {address}\nEverything stays on this computer. Ctrl-C ends it.")
            if not no_browser:
                webbrowser.open(address)

        with contextlib.suppress(KeyboardInterrupt):  # the usual way to end it
            shown = folder or results or Path.home() / HOME
            serve(Results(name, plain=plain, start_page=folder is None), shown, port=port, ready=ready)
    tell("Ended; every decision is kept.")


def _check(folder: Path) -> None:
    """Refuse a folder that cannot be shown before anything is opened."""
    from fascidetect.evaluate import load_result
    from fascidetect.report.html import REPORT, read_page

    load_result(folder)
    read_page(folder / REPORT)


@contextlib.contextmanager
def _plain_video(folder: Path, given: Path | None) -> Iterator[Path]:
    """The clip without boxes, for as long as it is looked at."""
    from fascidetect.evaluate import load_result
    from fascidetect.review.site.blind import write_plain
    from fascidetect.review.source import find_clip
    from fascidetect.settings import ClipSettings

    found = load_result(folder)
    path = find_clip(folder, found.clip, given)
    part = ClipSettings(from_s=found.from_s, to_s=found.to_s, capture_fps=found.clip.capture_fps)
    with tempfile.TemporaryDirectory(prefix="fascidetect-") as scratch:
        target = Path(scratch) / "plain.mp4"
        with ProgressLine(sys.stderr, printable(path.name)) as progress:
            write_plain(path, target, part, progress)
        yield target
