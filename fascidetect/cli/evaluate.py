"""``fascidetect evaluate``: results against the truth or against what people saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fascidetect.cli.say import complain, tell
from fascidetect.errors import ClipError

if TYPE_CHECKING:
    from fascidetect.evaluate import Found, Scores
    from fascidetect.truth import Truth


class _ManyAfter(click.Command):
    """Lets ``--truth`` take all words up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each of its words."""
        return super().parse_args(ctx, list(_repeated(args)))


def _repeated(args: Sequence[str]) -> Iterator[str]:
    follows, given = False, False
    for word in args:
        if word.startswith("-"):
            follows, given = word == "--truth", False
        elif follows and given:
            yield "--truth"
        given = given or (follows and not word.startswith("-"))
        yield word


@click.command("evaluate", cls=_ManyAfter)
@click.argument("results", nargs=-1, required=True, metavar="RESULT...", type=click.Path(path_type=Path))
@click.option(
    "--truth",
    "truths",
    multiple=True,
    required=True,
    metavar="TRUTH...",
    type=click.Path(path_type=Path),
    help="What is true: .truth.json, CSV, BORIS (project or table), ELAN (.eaf), or a result folder (or its "
    "review.jsonl) that a person has reviewed. All words up to the next option.",
)
@click.option("--rater", metavar="NAME", help="Whose review is true, where there are several.")
@click.option(
    "--tolerance-s",
    type=click.FloatRange(min=0),
    help="Largest difference of two peaks.  [default: 0.25, and 0.1 and 0.5 beside it]",
)
@click.option("--json", "as_json", is_flag=True, help="Print all numbers as JSON.")
def evaluate_command(
    results: tuple[Path, ...], *, truths: tuple[Path, ...], rater: str | None, tolerance_s: float | None, as_json: bool
) -> None:
    r"""Compare RESULTs (folders written by analyze, or their result.json) with what is true.

    Results and truths belong together by the name of the clip, or else in the order given. Each event
    is matched at most once, to one whose peak is near in time and, where both have a place, at the
    same place. False events are per minute of clip, whatever part of it was usable.

    \b
    A CSV of truths has the columns peak_s, or onset_s and offset_s (its middle is taken for the peak);
    x_px, y_px and radius_px if the place is to count. In BORIS and ELAN every behavior or tier
    counts, but one named "ignore" marks stretches in which nothing is judged. Of a review, what was
    accepted or marked is true.

    \b
    Examples:
      fascidetect evaluate calf.mp4.fascidetect --truth calf.truth.json
      fascidetect evaluate results/*/ --truth truths/*.truth.json
      fascidetect evaluate calf.mp4.fascidetect --truth rater.eaf --tolerance-s 0.5
      fascidetect evaluate results/*/ --truth project.boris --json
      fascidetect evaluate retuned/* --truth reviewed/* --rater second-reader
    """
    from fascidetect.evaluate import TOLERANCES_S, load_result, score_clip, summarize

    found = [load_result(path) for path in results]
    true = [truth for path in truths for truth in _truths(path, rater)]
    pairs = paired(found, true)
    tolerances = TOLERANCES_S if tolerance_s is None else (tolerance_s,)
    scores = {t: summarize(score_clip(f, truth, t) for f, truth in pairs) for t in tolerances}
    for one, truth in pairs:
        if truth.sha256 and truth.sha256 != one.clip.sha256:
            complain(f"the truth of {truth.clip} was made for another file than {one.clip.name}")
    _show(scores, pairs, as_json=as_json)


def _truths(path: Path, rater: str | None) -> tuple[Truth, ...]:
    """Every clip of a file of annotations, or the one that was reviewed."""
    from fascidetect.evaluate import load_annotations
    from fascidetect.review import choose, load_reviews, review_truth

    if not path.is_dir() and path.suffix != ".jsonl":
        return load_annotations(path)
    found, reviews = load_reviews(path)
    review = choose(reviews, rater, path)
    if review.n_left:
        complain(f"{review.rater} left {review.n_left} undecided in {path}: they count as not true")
    return (review_truth(review, found),)


def paired(found: Sequence[Found], true: Sequence[Truth]) -> list[tuple[Found, Truth]]:
    """Find the truth of each result: by the name of the clip, or else by order.

    Raises
    ------
    ClipError
        They cannot be told to belong together.
    """
    by_name = {truth.clip: truth for truth in true}
    names = [one.clip.name for one in found]
    if len(by_name) == len(true) and len(set(names)) == len(names) and all(name in by_name for name in names):
        return [(one, by_name[one.clip.name]) for one in found]
    if len(found) == len(true):
        return list(zip(found, true, strict=True))
    missing = next((name for name in names if name not in by_name), names[0])
    raise ClipError(
        f"{len(found)} results and {len(true)} annotated clips, and none of the latter is only for {missing}: "
        "give one truth for each result, in the same order"
    )


def _show(scores: dict[float, Scores], pairs: Sequence[tuple[Found, Truth]], *, as_json: bool) -> None:
    import msgspec

    from fascidetect.evaluate import scores_table, scores_tree

    if as_json:
        tree = {
            "clips": [found.clip.name for found, _ in pairs],
            "tolerances": {f"{tolerance:g}": scores_tree(one) for tolerance, one in scores.items()},
        }
        click.echo(msgspec.json.encode(tree).decode())
        return
    tell(scores_table(scores))
    if any(truth.injected_after_codec for _, truth in pairs):
        tell("Twitches were put in after the phone's codec: real ones of the same size are harder to find.")
