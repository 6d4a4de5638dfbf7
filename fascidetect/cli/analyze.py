"""``fascidetect analyze``: clips in; times, places and counts out."""

from __future__ import annotations

import dataclasses
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fascidetect.cli.params import (
    EXISTING_FILE,
    LEVELS,
    config_option,
    floor_option,
    isolate_option,
    mm_per_px_option,
    override,
    parsed,
    roi_option,
    scale_option,
)
from fascidetect.cli.progress import ProgressLine
from fascidetect.cli.say import compact, complain, tell
from fascidetect.errors import FasciError, printable
from fascidetect.files import RESULT
from fascidetect.model import Result
from fascidetect.notice import NOTICE
from fascidetect.settings import REASONS, Roi, Settings
from fascidetect.settings_file import load_rois, load_settings, parse_time

if TYPE_CHECKING:
    from fascidetect.pipeline import Verify

_DEFAULT = Settings()


@dataclass(frozen=True)
class Say:
    """What is printed besides errors."""

    json: bool
    quiet: bool
    verbose: bool

    @property
    def words(self) -> bool:
        """Whether results are told in sentences."""
        return not (self.json or self.quiet)


@dataclass(frozen=True)
class How:
    """Options of a run that are no settings."""

    force: bool
    verify: bool
    isolate: bool


@click.command("analyze", epilog=NOTICE)
@click.argument("clips", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder for the results; with several clips, DIR/<file name>/ for each.  [default: <file name>.fascidetect/ "
    "beside the clip]",
)
@click.option("--force", is_flag=True, help="Replace results that are already there.")
@roi_option
@click.option("--roi-file", type=EXISTING_FILE, metavar="FILE.json", help="Areas from a file: rectangles or outlines.")
@click.option(
    "--from", "from_s", callback=parsed(parse_time), metavar="TIME", help="Start at this time: seconds, or 1:15."
)
@click.option("--to", "to_s", callback=parsed(parse_time), metavar="TIME", help="End at this time.")
@click.option(
    "--sensitivity",
    type=click.Choice(LEVELS),
    help=f"high finds fainter movements, and more false ones; low fewer.  [default: {_DEFAULT.detect.sensitivity}]",
)
@click.option(
    "--keep",
    type=click.Choice(REASONS),
    multiple=True,
    metavar="REASON",
    help=f"Count movements that this reason would reject. May be repeated. One of: {', '.join(REASONS)}.",
)
@click.option("--label", metavar="TEXT", help="Name to show in the results instead of the file's.")
@mm_per_px_option
@scale_option
@click.option(
    "--capture-fps",
    type=float,
    metavar="NUMBER",
    help="Frames per second at which a slow-motion clip was recorded, where its time was stretched.",
)
@floor_option
@isolate_option
@click.option(
    "--verify-limit",
    is_flag=True,
    help="Put 50 twitches of known size into the clip's own pictures and see which are found. Measures the clip again "
    "for every 25 s of it that are missing to two minutes.",
)
@click.option("--no-overlay", is_flag=True, help="Do not write overlay.mp4.")
@click.option("--standalone", is_flag=True, help="Put the overlay into report.html, if that stays below 25 MB.")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print result.json, one line for each clip, instead of words.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Also print which files were written, and what is being done.")
def analyze_command(  # noqa: PLR0913 - one argument for each option
    clips: tuple[Path, ...],
    *,
    output: Path | None,
    force: bool,
    rois: tuple[Roi, ...],
    roi_file: Path | None,
    from_s: float | None,
    to_s: float | None,
    sensitivity: str | None,
    keep: tuple[str, ...],
    label: str | None,
    mm_per_px: float | None,
    scale: float | None,
    capture_fps: float | None,
    floor: dict[str, float] | None,
    isolate: bool,
    verify_limit: bool,
    no_overlay: bool,
    standalone: bool,
    config_path: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    r"""Count brief, local movements in CLIPS and write what was found.

    The result folder holds events.csv (when and where), rejected.csv (what was seen and not counted,
    and why), per_minute.csv, foci.csv (places where movements recur), limit.csv (with --verify-limit),
    result.json (everything), trace.npz (the measured motion), candidates.npz (for retune), timeline.png,
    overlay.mp4, in which each movement is boxed: watch it before you trust the count, and report.html, the
    page that shows all of it and plays the overlay.

    \b
    Examples:
      fascidetect analyze calf.mp4
      fascidetect analyze calf.mp4 --from 0:05 --to 1:05 -o results
      fascidetect analyze calf.mp4 --roi calf=120,60,400,250
      fascidetect analyze calf.mp4 --scale "120,300 520,300 = 50 mm"
      fascidetect analyze slow.mov --capture-fps 240
      fascidetect analyze *.mp4 -o results --no-overlay

    Exit status: 0 done, 1 a clip could not be analyzed, 2 wrong usage, 130 interrupted.
    """
    if mm_per_px is not None and scale is not None:
        raise click.UsageError("give --mm-per-px or --scale, not both")
    if quiet and (verbose or as_json):
        raise click.UsageError("-q cannot be combined with -v or --json")
    settings = load_settings(config_path) if config_path else _DEFAULT
    given_clip = {
        "rois": (*rois, *(load_rois(roi_file) if roi_file else ())),
        "from_s": from_s,
        "to_s": to_s,
        "capture_fps": capture_fps,
        "mm_per_px": scale if mm_per_px is None else mm_per_px,
    }
    settings = dataclasses.replace(
        settings,
        clip=override(settings.clip, given_clip),
        detect=override(settings.detect, {"sensitivity": sensitivity, "keep": keep, **(floor or {})}),
        report=override(
            settings.report,
            {"label": label, "overlay": False if no_overlay else None, "standalone": standalone or None},
        ),
    )
    _ = settings.amplitude_floor_px  # in mm without a scale it is wrong usage: say so before the clip is read
    say = Say(json=as_json, quiet=quiet, verbose=verbose)
    if verbose:
        _log_to_stderr()
    how, folders = How(force, verify_limit, isolate), result_folders(clips, output)
    all_done = True
    for number, (clip, folder) in enumerate(zip(clips, folders, strict=True)):
        if number and say.words:
            click.echo()
        all_done &= _one(clip, folder, settings, how, say)
    if not all_done:
        raise click.exceptions.Exit(1)


def result_folders(clips: tuple[Path, ...], output: Path | None) -> list[Path]:
    """Choose one result folder for each clip.

    Raises
    ------
    click.UsageError
        Two clips would write into the same folder.
    """
    if output is None:
        folders = [clip.parent / f"{clip.name}.fascidetect" for clip in clips]
    elif len(clips) == 1:
        folders = [output]
    else:
        folders = [output / clip.name for clip in clips]
    taken: dict[Path, Path] = {}
    for clip, folder in zip(clips, folders, strict=True):
        place = folder.resolve()
        if place in taken:
            raise click.UsageError(f"{taken[place]} and {clip} would both write to {folder}; analyze them one by one")
        taken[place] = clip
    return folders


def _log_to_stderr() -> None:
    """Show what the library logs while this command runs."""
    logger, handler = logging.getLogger("fascidetect"), logging.StreamHandler()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)

    def stop() -> None:
        logger.removeHandler(handler)
        logger.setLevel(before)

    click.get_current_context().call_on_close(stop)


def _one(clip: Path, folder: Path, settings: Settings, how: How, say: Say) -> bool:
    """Analyze one clip; False, after a line on stderr, where it cannot be."""
    from fascidetect.pipeline import analyze_to_folder
    from fascidetect.review import renew_report, renew_result

    try:
        with ProgressLine(sys.stderr, printable(clip.name), quiet=say.quiet) as progress:
            result = analyze_to_folder(
                clip,
                folder,
                settings,
                force=how.force,
                verify=_verifier() if how.verify else None,
                progress=progress,
                isolate=how.isolate,
            )
        reviewed = renew_result(folder)
        renew_report(folder)
    except FasciError as error:
        complain(error)
        return False
    result = dataclasses.replace(result, summary=dataclasses.replace(result.summary, reviewed=reviewed))
    if say.json:
        click.echo(compact(folder / RESULT))
    elif say.words:
        _report(result, folder, verbose=say.verbose)
    if result.quality.verdict == "cannot_analyze":
        complain(f"{clip.name} cannot be analyzed: {'; '.join(result.quality.reasons) or 'no usable part'}")
        return False
    return True


def _verifier() -> Verify:
    from fascidetect.verify import verify_limit

    return verify_limit


def _report(result: Result, folder: Path, *, verbose: bool) -> None:
    from fascidetect.report.summary import summarize

    counted = result.quality.verdict != "cannot_analyze" and (folder / "overlay.mp4").exists()
    look = " (watch overlay.mp4 before you trust the count)" if counted else ""
    tell(f"{summarize(result)}\nResults: {folder}{look}")
    if verbose:
        tell("\n".join(f"  {path.name}  {path.stat().st_size} bytes" for path in sorted(folder.iterdir())))
