"""Options that understand areas, times and scales, say what is wrong with them, and change settings."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fascidetect.errors import SettingsError
from fascidetect.settings import Sensitivity
from fascidetect.settings_file import parse_floor, parse_roi, parse_scale

isolate_option = click.option(
    "--isolate/--no-isolate",
    default=True,
    envvar="FASCIDETECT_ISOLATE",
    help="Decode in a process of its own, so that a damaged file can neither crash nor hang the program.  "
    "[default: isolate]",
)

EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
LEVELS = typing.get_args(Sensitivity)


def parsed(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Callback that turns the text of an option into a value; what cannot be read is a usage error."""

    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        try:
            if isinstance(value, tuple):
                return tuple(parse(text) for text in value)
            return None if value is None else parse(value)
        except SettingsError as error:
            raise click.BadParameter(str(error), ctx=ctx, param=param) from error

    return callback


config_option = click.option(
    "--config", "config_path", type=EXISTING_FILE, metavar="FILE.toml", help="Settings; see `fascidetect config`."
)

mm_per_px_option = click.option(
    "--mm-per-px", type=float, metavar="NUMBER", help="Scale: millimeters on the skin per px of the full-size picture."
)

scale_option = click.option(
    "--scale",
    callback=parsed(parse_scale),
    metavar='"X1,Y1 X2,Y2 = 20 mm"',
    help="Scale measured between two places in the picture, such as two marks of a ruler.",
)

roi_option = click.option(
    "--roi",
    "rois",
    callback=parsed(parse_roi),
    multiple=True,
    metavar="[NAME=]X,Y,W,H",
    help="Analyze this area only: left, top, width and height in px of the upright picture. May be repeated.",
)

floor_option = click.option(
    "--amplitude-floor",
    "floor",
    callback=parsed(parse_floor),
    metavar="SIZE",
    help="Count only movements of at least this size (0.5px of the full-size picture, or 0.1mm with a scale): what "
    "every clip that is compared could have shown. See `limit90_px` in result.json.",
)


def override(part: Any, given: dict[str, Any]) -> Any:
    """Replace the fields of one table of settings for which an option was given."""
    return dataclasses.replace(part, **{name: value for name, value in given.items() if value not in (None, ())})
