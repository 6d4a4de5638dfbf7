"""``fascidetect demo``: a made clip, analyzed and shown, for who has no clip at hand."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fascidetect.cli.progress import ProgressLine
from fascidetect.cli.say import tell
from fascidetect.files import RESULT
from fascidetect.notice import NOTICE

if TYPE_CHECKING:
    from fascidetect.truth import Truth

FOLDER = "fascidetect-demo"
CLIP = "demo.mp4"

_LOOK = """\
What to look at:
  report.html   the figures, the video by single frames, and four small pictures of each movement
  overlay.mp4   the clip with a box at each movement, and a running count
  events.csv    one row for each movement; rejected.csv: what was seen and not counted, and why
Next: fascidetect review "{results}" to decide about each movement, or fascidetect analyze with a clip of yours."""


@click.command("demo", epilog=NOTICE)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(FOLDER),
    metavar="DIR",
    help=f"Folder for the clip and its results.  [default: {FOLDER}]",
)
@click.option("--no-open", is_flag=True, help="Do not open the report in the browser.")
@click.option("--force", is_flag=True, help="Make and analyze the clip again, even if that was done before.")
def demo_command(*, output: Path, no_open: bool, force: bool) -> None:
    r"""Make a small clip of skin that twitches, analyze it, and open the report.

    The clip is drawn, not filmed: 10 s of a calf with 6 twitches at 3 places. What is true about it lies
    beside it, so that you also see how many of them were found. It takes about half a minute; the
    second time it opens what is there.

    \b
    Examples:
      fascidetect demo
      fascidetect demo -o somewhere/else
      fascidetect demo --no-open
    """
    from fascidetect.errors import OutputError
    from fascidetect.truth import truth_path

    clip, results = output / CLIP, output / f"{CLIP}.fascidetect"
    report = results / "report.html"
    if clip.exists() and not truth_path(clip).exists():
        raise OutputError(f"{clip} is not of this command's making: give another folder with -o")
    if (results / RESULT).exists() and not force:
        tell(f"Made before, and left as it is: {output} (--force makes it again)")
    else:
        _make(clip, results)
    tell(_LOOK.format(results=results))
    if no_open:
        tell(f"Open {report}")
    elif webbrowser.open(report.resolve().as_uri()):
        tell(f"Opened {report} in the browser.")
    else:
        tell(f"No browser could be opened: open {report} yourself.")


def _make(clip: Path, results: Path) -> None:
    """Draw, analyze, and say how many of the true movements were found."""
    from fascidetect.errors import OutputError
    from fascidetect.phantom.clip import make_clip
    from fascidetect.phantom.demo import DEMO
    from fascidetect.pipeline import analyze_to_folder
    from fascidetect.report.summary import summarize
    from fascidetect.settings import Settings

    try:
        clip.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {clip.parent}: {error.strerror or error}") from error
    with ProgressLine(sys.stderr, clip.name) as progress:
        truth = make_clip(DEMO, clip, progress=progress)
    places = len({event.focus for event in truth.events})
    tell(f"Made {clip}: {truth.duration_s:.0f} s of drawn skin, {len(truth.events)} twitches at {places} places.")
    with ProgressLine(sys.stderr, clip.name) as progress:
        result = analyze_to_folder(clip, results, Settings(), force=True, progress=progress)
    tell(f"{summarize(result)}\n{_compared(results, truth)}\nResults: {results}")


def _compared(results: Path, truth: Truth) -> str:
    from fascidetect.evaluate import load_result, score_clip

    tally = score_clip(load_result(results), truth)
    return (
        f"Of the {tally.n_true} twitches that are really there, {tally.n_hits} were found; {tally.n_false} of the "
        "counted movements are none of them. This clip is easy: with a real one, watch before you trust."
    )
