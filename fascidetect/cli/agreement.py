"""``fascidetect agreement``: how far raters agree with each other and with the program."""

from __future__ import annotations

from pathlib import Path

import click

from fascidetect.cli.say import complain, tell
from fascidetect.notice import NOTICE


@click.command("agreement", epilog=NOTICE)
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path, file_okay=False))
@click.option("--rater", "raters", multiple=True, metavar="NAME", help="Only this rater. May be repeated.")
@click.option("--tolerance-s", type=click.FloatRange(min=0), help="Largest difference of two peaks.  [default: 0.25]")
@click.option("--json", "as_json", is_flag=True, help="Print all numbers as JSON.")
def agreement_command(
    folders: tuple[Path, ...], *, raters: tuple[str, ...], tolerance_s: float | None, as_json: bool
) -> None:
    r"""Compare what raters saw in the clips of DIRs (folders written by analyze and reviewed since).

    An event of a rater is one that was accepted or marked. Events of two raters are matched one to
    one, by the time of their peak and, where both have one, by their place; F1 is 2 both / (first +
    second). Kappa is Cohen's, of seconds in which there was an event or none; with three raters or
    more, Fleiss' kappa of all of them is added. Only seconds of usable video count, the same for all.

    Several reviews may lie in one folder (review.jsonl of several raters, or review-2.jsonl beside
    it), or in several folders of the same clip, of which the first speaks for the program. Counts of
    all clips are summed first. Intervals cover 95 % and come from resampling clips; with fewer than 3,
    F1 has none and that of kappa comes from resampling seconds, which makes it too narrow.

    A rater who was shown what the program found agrees with it more than one who was not: use
    `fascidetect review --blind` for independent readings.

    \b
    Examples:
      fascidetect agreement calf.mp4.fascidetect
      fascidetect agreement first-visit/* second-visit/* --json
      fascidetect agreement left-room/calf.mp4.fascidetect right-room/calf.mp4.fascidetect
    """
    import msgspec

    from fascidetect.evaluate import TOLERANCES_S
    from fascidetect.review import load_reviews
    from fascidetect.review.agreement import agree, gather
    from fascidetect.review.table import agreement_table, agreement_tree

    read = [(folder, *load_reviews(folder)) for folder in folders]
    for folder, _, reviews in read:
        for review in reviews:
            if review.n_left and (not raters or review.rater in raters):
                complain(f"{review.rater} left {review.n_left} undecided in {folder}: they count as not seen")
    readings = gather(((found, reviews) for _, found, reviews in read), raters)
    agreement = agree(readings, TOLERANCES_S[0] if tolerance_s is None else tolerance_s)
    if as_json:
        click.echo(msgspec.json.encode(agreement_tree(agreement)).decode())
    else:
        tell(agreement_table(agreement))
