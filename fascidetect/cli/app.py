"""The group of commands, and how errors become one line and an exit status."""

from __future__ import annotations

from typing import Any

import click

from fascidetect import __version__
from fascidetect.cli.analyze import analyze_command
from fascidetect.cli.config import config_command
from fascidetect.cli.evaluate import evaluate_command
from fascidetect.cli.info import info_command
from fascidetect.cli.inject import inject_command
from fascidetect.cli.phantom import phantom_command
from fascidetect.cli.retune import retune_command
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
      fascidetect retune calf.mp4.fascidetect --sensitivity high   the same, judged again in a second
      fascidetect info calf.mp4          what the file is, before you analyze it
      fascidetect config > my.toml       every setting, to read or to change

    \b
    How far to trust it:
      fascidetect inject calf.mp4 -o with.mp4            known twitches in your own clip
      fascidetect phantom recipe.toml -o made.mp4        a made clip whose truth is known
      fascidetect evaluate with --truth with.truth.json  a result against what is true

    Everything happens on this computer; nothing is sent anywhere.
    """


COMMANDS = (
    analyze_command,
    retune_command,
    info_command,
    config_command,
    inject_command,
    phantom_command,
    evaluate_command,
)


def _keep_lines(command: click.Command) -> None:
    """Turn the two letters of a raw docstring into the sign by which click knows paragraphs to leave alone."""
    command.help = (command.help or "").replace("\\b", "\b")


for _command in COMMANDS:
    main.add_command(_command)
for _command in (main, *COMMANDS):
    _keep_lines(_command)
