"""``fascidetect retune``: results judged again, without the video."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fascidetect.cli.analyze import Say
from fascidetect.cli.params import (
    EXISTING_FILE,
    LEVELS,
    floor_option,
    isolate_option,
    mm_per_px_option,
    override,
    scale_option,
)
from fascidetect.cli.progress import ProgressLine
from fascidetect.cli.say import compact, complain, tell
from fascidetect.errors import FasciError, printable
from fascidetect.files import RESULT
from fascidetect.model import Reviewed
from fascidetect.notice import NOTICE
from fascidetect.settings import DECIDED, REASONS, SOUGHT, Settings
from fascidetect.settings_file import load_settings

if TYPE_CHECKING:
    from fascidetect.retune import Retuned

_NONE = "none"

_HELP = f"""Judge the results in DIR (folders written by analyze) again under other settings, without the video.

In a few seconds each, events.csv, rejected.csv, per_minute.csv, foci.csv, result.json, timeline.png and report.html
are made anew from candidates.npz, which holds all that may have been a movement. What is not given stays as it was.
Decisions of a review stay, and are matched again to the new events. overlay.mp4 still shows the decision before, and
movements that were not counted before have no pictures in the report, unless --clip gives the video to draw from.

\b
Examples:
  fascidetect retune calf.mp4.fascidetect --sensitivity high
  fascidetect retune results/*/ --sensitivity normal --keep none
  fascidetect retune calf.mp4.fascidetect --keep rhythmic --clip calf.mp4
  fascidetect retune results/*/ --amplitude-floor 0.6px
  fascidetect retune calf.mp4.fascidetect --scale "120,300 520,300 = 50 mm"
  fascidetect retune calf.mp4.fascidetect --full --config my.toml

Settings (see `fascidetect config`) that may change: {", ".join(DECIDED)}. With --full also: {", ".join(SOUGHT)}.
All others act on the video itself: analyze the clip again.

Exit status: 0 done, 1 a result could not be judged again, 2 wrong usage, 130 interrupted.
"""


@dataclass(frozen=True, slots=True)
class _Change:
    """What was asked for: None and () leave a setting as it was."""

    sensitivity: str | None
    keep: tuple[str, ...]
    mm_per_px: float | None
    floor: dict[str, float] | None
    config: Path | None

    def __call__(self, settings: Settings) -> Settings:
        if self.config:
            settings = load_settings(self.config, settings)
        detect = replace(override(settings.detect, {"sensitivity": self.sensitivity}), **(self.floor or {}))
        if self.keep:
            detect = replace(detect, keep=tuple(reason for reason in self.keep if reason != _NONE))
        return replace(settings, clip=override(settings.clip, {"mm_per_px": self.mm_per_px}), detect=detect)


@click.command("retune", epilog=NOTICE, help=_HELP)
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--sensitivity", type=click.Choice(LEVELS), help="high finds fainter movements, and more false ones.")
@click.option(
    "--keep",
    type=click.Choice((*REASONS, _NONE)),
    multiple=True,
    metavar="REASON",
    help=f"Count movements that this reason would reject, and of no other. May be repeated; {_NONE} rejects all again.",
)
@mm_per_px_option
@scale_option
@floor_option
@click.option("--config", type=EXISTING_FILE, metavar="FILE.toml", help="Settings; those it leaves out stay.")
@click.option("--full", is_flag=True, help="Seek the candidates in trace.npz again, which takes longer.")
@click.option("--clip", type=click.Path(path_type=Path), metavar="CLIP", help="Draw overlay.mp4 again from the video.")
@isolate_option
@click.option("--json", "as_json", is_flag=True, help="Print result.json, one line for each result, instead of words.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def retune_command(  # noqa: PLR0913 - one argument for each option
    folders: tuple[Path, ...],
    *,
    sensitivity: str | None,
    keep: tuple[str, ...],
    mm_per_px: float | None,
    scale: float | None,
    floor: dict[str, float] | None,
    config: Path | None,
    full: bool,
    clip: Path | None,
    isolate: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Judge results again."""
    if mm_per_px is not None and scale is not None:
        raise click.UsageError("give --mm-per-px or --scale, not both")
    if quiet and as_json:
        raise click.UsageError("-q cannot be combined with --json")
    if clip is not None and len(folders) > 1:
        raise click.UsageError("--clip is the video of one result: give one DIR")
    change = _Change(sensitivity, keep, scale if mm_per_px is None else mm_per_px, floor, config)
    change(Settings())  # what makes no sense for any result is wrong usage
    say = Say(json=as_json, quiet=quiet, verbose=False)
    all_done = True
    for number, folder in enumerate(folders):
        if number and say.words:
            click.echo()
        all_done &= _one(folder, change, full=full, clip=clip, isolate=isolate, say=say)
    if not all_done:
        raise click.exceptions.Exit(1)


def _one(folder: Path, change: _Change, *, full: bool, clip: Path | None, isolate: bool, say: Say) -> bool:
    """Judge one result again; False, after a line on stderr, where it cannot be."""
    from fascidetect.retune import retune
    from fascidetect.review import renew_report, renew_result

    try:
        with ProgressLine(sys.stderr, printable(folder.name), quiet=say.quiet) as progress:
            done = retune(folder, change, full=full, clip=clip, isolate=isolate, progress=progress)
        reviewed = renew_result(folder)
        renew_report(folder)
    except FasciError as error:
        complain(error)
        return False
    if say.json:
        click.echo(compact(folder / RESULT))
    elif say.words:
        _report(done, reviewed, folder)
    if done.result.quality.verdict == "cannot_analyze":
        complain(f"{folder} cannot be judged: {'; '.join(done.result.quality.reasons) or 'no usable part'}")
        return False
    return True


def _report(done: Retuned, reviewed: tuple[Reviewed, ...], folder: Path) -> None:
    from fascidetect.report.summary import summarize

    result = replace(done.result, summary=replace(done.result.summary, reviewed=reviewed))

    before = "it could not be judged" if done.n_before is None else f"{done.n_before} counted"
    tell(f"{summarize(result)}\nBefore: {before}.\nResults: {folder}")
    if done.outdated:
        tell("overlay.mp4 shows an earlier decision (--clip CLIP draws it again)")
