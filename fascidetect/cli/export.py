"""``fascidetect export``: events for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fascidetect.cli.say import complain
from fascidetect.errors import OutputError
from fascidetect.notice import NOTICE

if TYPE_CHECKING:
    from fascidetect.evaluate.annotations import Form
    from fascidetect.truth import Truth

_FORMS = ("csv", "boris", "elan", "vtt")


@click.command("export", epilog=NOTICE)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--to", "form", type=click.Choice(_FORMS), required=True, help="Form of the file.")
@click.option("--rater", metavar="NAME", help="What this rater accepted or marked.  [default: what the program counts]")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File to write.  [default: print]",
)
@click.option("--force", is_flag=True, help="Replace a file that is already there.")
def export_command(folder: Path, *, form: Form, rater: str | None, output: Path | None, force: bool) -> None:
    r"""Write the events of DIR (a folder written by analyze) in a form that other programs read.

    \b
    csv    a table: times in s, places in px of the upright picture, notes
    boris  a project of BORIS, one point event at each peak
    elan   a document of ELAN (.eaf), one annotation from onset to offset
    vtt    cues that a player shows beside the clip

    Stretches in which nothing was judged go along under the name "ignore". In a table, text that a
    spreadsheet would run as a formula begins with an apostrophe. All but vtt can be read again by
    `fascidetect evaluate --truth`.

    \b
    Examples:
      fascidetect export calf.mp4.fascidetect --to csv
      fascidetect export calf.mp4.fascidetect --to elan -o calf.eaf
      fascidetect export calf.mp4.fascidetect --to boris --rater second-reader -o calf.boris
    """
    from fascidetect.evaluate import annotations_text, save_annotations

    if output and output.exists() and not force:
        raise OutputError(f"{output} exists already: give another name, or --force to replace it")
    truth = _truth(folder, rater)
    if output:
        save_annotations(truth, output, form)
    else:
        click.echo(annotations_text(truth, form), nl=False)


def _truth(folder: Path, rater: str | None) -> Truth:
    from fascidetect.evaluate import load_result
    from fascidetect.review import choose, load_reviews, program_truth, review_truth

    if rater is None:
        return program_truth(load_result(folder))
    found, reviews = load_reviews(folder)
    review = choose(reviews, rater, folder)
    if review.n_left:
        complain(f"{review.rater} left {review.n_left} undecided in {folder}: they are not exported")
    return review_truth(review, found)
