"""``fascidetect phantom``: a clip whose truth is known, from a recipe."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fascidetect.cli.progress import ProgressLine
from fascidetect.cli.say import tell


@click.command("phantom")
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="CLIP.mp4",
    help="The clip to write; CLIP.truth.json appears beside it.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), help="Another seed than the recipe's: another skin, hand and noise."
)
@click.option("--force", is_flag=True, help="Replace a clip that is already there.")
def phantom_command(recipe: Path, *, output: Path, seed: int | None, force: bool) -> None:
    r"""Make a clip of skin whose every movement is known, from RECIPE, a TOML file.

    A recipe has the tables [scene], [camera] and [habit] (twitches drawn at random) and any number of
    [[twitches]] and [[nuisances]]; all may be left out. samples/recipes/ holds an example that
    explains the keys. A second of video takes some seconds to make.

    \b
    Examples:
      fascidetect phantom samples/recipes/hand-held-calf.toml -o calf.mp4
      fascidetect phantom my.toml -o other.mp4 --seed 8
      fascidetect analyze calf.mp4 -o calf && fascidetect evaluate calf --truth calf.truth.json
    """
    from fascidetect.errors import OutputError, printable
    from fascidetect.phantom.clip import make_clip
    from fascidetect.phantom.recipe_file import load_recipe

    if output.exists() and not force:
        raise OutputError(f"{output} exists already: give another name, or --force to replace it")
    what = load_recipe(recipe, seed=seed)
    with ProgressLine(sys.stderr, printable(output.name)) as progress:
        truth = make_clip(what, output, progress=progress)
    tell(f"{output}: {truth.duration_s:.1f} s, {len(truth.events)} twitches; their truth: {output.stem}.truth.json")
