"""``fascidetect check``: whether a clip can be judged, from its first seconds."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fascidetect.cli.params import (
    config_option,
    isolate_option,
    mm_per_px_option,
    override,
    parsed,
    roi_option,
)
from fascidetect.cli.progress import ProgressLine
from fascidetect.cli.say import complain, tell
from fascidetect.errors import FasciError, printable
from fascidetect.notice import NOTICE
from fascidetect.settings import Roi, Settings
from fascidetect.settings_file import load_settings, parse_time

if TYPE_CHECKING:
    from fascidetect.model import Result

_VERDICT = {
    "ok": "good to analyze",
    "limited": "can be analyzed, but",
    "cannot_analyze": "film again, for it cannot be analyzed:",
}


@click.command("check", epilog=NOTICE)
@click.argument("clips", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--from",
    "from_s",
    callback=parsed(parse_time),
    metavar="TIME",
    help="Look at the seconds from here on, not at the first.",
)
@roi_option
@mm_per_px_option
@config_option
@isolate_option
@click.option("--json", "as_json", is_flag=True, help="Print verdict, reasons and limits as JSON, a line a clip.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing: the exit status tells.")
def check_command(  # noqa: PLR0913 - one argument for each option
    clips: tuple[Path, ...],
    *,
    from_s: float | None,
    rois: tuple[Roi, ...],
    mm_per_px: float | None,
    config_path: Path | None,
    isolate: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    r"""Say whether CLIPS can be judged and what would make them better, from a few of their seconds.

    Use it right after filming, while the phone still lies there. It does not count: movements may come later,
    and so may a jolt that spoils the clip.

    \b
    Examples:
      fascidetect check calf.mp4
      fascidetect check clips/*.mp4
      fascidetect check calf.mp4 --roi 120,60,400,250 --mm-per-px 0.15

    Exit status: 0 can be analyzed, 1 a clip cannot, 2 wrong usage, 130 interrupted.
    """
    if quiet and as_json:
        raise click.UsageError("-q cannot be combined with --json")
    settings = load_settings(config_path) if config_path else Settings()
    given = {"from_s": from_s, "rois": rois, "mm_per_px": mm_per_px}
    settings = dataclasses.replace(settings, clip=override(settings.clip, given))
    all_fit = True
    for clip in clips:
        result = _checked(clip, settings, isolate=isolate, quiet=quiet)
        all_fit &= result is not None and result.quality.verdict != "cannot_analyze"
        if result is None or quiet:
            continue
        if as_json:
            click.echo(_json(result))
        else:
            tell("\n".join(_lines(result)))
    if not all_fit:
        raise click.exceptions.Exit(1)


def _checked(clip: Path, settings: Settings, *, isolate: bool, quiet: bool) -> Result | None:
    """The result of the clip's start; None, after a line on stderr, where there is none."""
    from fascidetect.pipeline import check

    try:
        with ProgressLine(sys.stderr, printable(clip.name), quiet=quiet) as progress:
            return check(clip, settings, progress=progress, isolate=isolate)
    except FasciError as error:
        complain(error)
        return None


def _lines(result: Result) -> Iterator[str]:
    from fascidetect.report.summary import area_words, limit_words, part_words, sentence, warnings_of

    quality, clip = result.quality, result.clip
    yield f"{printable(clip.name)}{part_words(result)}: {_VERDICT[quality.verdict]}"
    yield from (f"  - {reason}" for reason in quality.reasons)
    if quality.verdict != "cannot_analyze":
        yield f"  {area_words(result)}"
        yield f"  {sentence(limit_words(result))}"
    yield from (f"  Warning: {text}" for text in warnings_of(result))


def _json(result: Result) -> str:
    import msgspec

    quality = result.quality
    tree = {
        "name": result.clip.name,
        "verdict": quality.verdict,
        "reasons": quality.reasons,
        "limit50_px": quality.limit50_px,
        "limit90_px": quality.limit90_px,
        "usable_s": quality.usable_s,
        "analyzed_share": quality.analyzed_share,
        "warnings": quality.warnings,
    }
    return msgspec.json.encode(tree).decode()
