"""The group of commands, and how errors become one line and an exit status."""

from __future__ import annotations

from typing import Any

import click

from fascidetect import __version__
from fascidetect.cli.analyze import analyze_command
from fascidetect.cli.config import config_command
from fascidetect.cli.info import info_command
from fascidetect.cli.say import complain
from fascidetect.errors import FasciError, SettingsError
from fascidetect.model import NOTICE

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class OneLineErrors(click.Group):
    """Turns the errors that are raised on purpose into one line; a bug keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            complain(error)
            ctx.exit(EXIT_USAGE)
        except FasciError as error:
            complain(error)
            ctx.exit(EXIT_FAILED)
        except KeyboardInterrupt:
            complain("interrupted; nothing was half-written")
            ctx.exit(EXIT_INTERRUPTED)


@click.group(cls=OneLineErrors, epilog=NOTICE, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fascidetect")
def main() -> None:
    r"""Count brief, local movements (muscle twitches) in ordinary video of skin.

    \b
    Start here:
      fascidetect analyze calf.mp4       times, places and counts into calf.mp4.fascidetect/
      fascidetect info calf.mp4          what the file is, before you analyze it
      fascidetect config > my.toml       every setting, to read or to change

    Everything happens on this computer; nothing is sent anywhere.
    """


main.add_command(analyze_command)
main.add_command(config_command)
main.add_command(info_command)
