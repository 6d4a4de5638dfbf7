"""The group of commands, and how errors become one line and an exit status."""

from __future__ import annotations

import contextlib
import importlib
import signal
import threading
from collections.abc import Iterator
from typing import Any, NoReturn

import click

from fascidetect import __version__
from fascidetect.cli.say import complain
from fascidetect.errors import FasciError, SettingsError, lacks_memory
from fascidetect.notice import NOTICE

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """The system, a scheduler or `kill` asks to end: as Ctrl-C does, so that everything is put away."""


@contextlib.contextmanager
def _orderly_end() -> Iterator[None]:
    """Turn the signals that ask a program to end into `Terminated`; once, for cleaning up must not be disturbed."""
    names = ("SIGTERM", "SIGHUP")
    asked = [getattr(signal, name) for name in names if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> NoReturn:
        for number in asked:
            signal.signal(number, signal.SIG_IGN)
        raise Terminated

    before = {number: signal.getsignal(number) for number in asked}
    try:
        for number, handler in before.items():
            if handler is signal.SIG_DFL:  # nohup stays nohup
                signal.signal(number, end)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


COMMANDS = {
    "demo": "Try it without a clip: make one, analyze it, show the report.",
    "analyze": "Count movements in clips and write what was found.",
    "retune": "Judge results again under other settings.",
    "batch": "Analyze a folder of recordings.",
    "check": "Say in seconds whether a clip can be judged.",
    "info": "Print what a video file is.",
    "config": "Print every setting, to read or to change.",
    "inject": "Put known twitches into a real clip.",
    "phantom": "Make a clip whose every movement is known.",
    "evaluate": "Compare results with what is true.",
    "trend": "Put the sessions of a batch side by side.",
    "review": "Look at a result and decide, in the browser.",
    "clips": "Cut movements out of the clip, slowed and enlarged.",
    "agreement": "How far raters agree, and the program with them.",
    "export": "Write events for other programs.",
}
"""What each command is for, in the order of the list; ``analyze_command`` in ``fascidetect.cli.analyze`` and so on."""


class Commands(click.Group):
    """Loads a command when it is asked for: the list of them needs no video or science library.

    Turns the errors that are raised on purpose into one line; a bug keeps its traceback.
    """

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may be meant."""
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            import difflib

            for near in difflib.get_close_matches(args[0], COMMANDS, n=1):
                ctx.fail(f"No such command {args[0]!r}. Did you mean {near!r}?")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which one needs them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module = importlib.import_module(f"fascidetect.cli.{cmd_name}")
        command = _keep_lines(getattr(module, f"{cmd_name}_command"))
        command.short_help = COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command."""
        try:
            with _orderly_end():
                return super().invoke(ctx)
        except SettingsError as error:
            complain(error)
            ctx.exit(EXIT_USAGE)
        except FasciError as error:
            complain(error)
            ctx.exit(EXIT_FAILED)
        except Terminated:
            complain("ended from outside; nothing was half-written")
            ctx.exit(EXIT_TERMINATED)
        except KeyboardInterrupt:
            complain("interrupted; nothing was half-written")
            ctx.exit(EXIT_INTERRUPTED)
        except Exception as error:
            if not lacks_memory(error):
                raise
            complain("not enough memory; close other programs, or analyze a part with --from and --to")
            ctx.exit(EXIT_FAILED)


def _keep_lines(command: click.Command) -> click.Command:
    """Turn the two letters of a raw docstring into the sign by which click knows paragraphs to leave alone."""
    command.help = (command.help or "").replace("\\b", "\b")
    return command


@click.group(cls=Commands, epilog=NOTICE, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fascidetect")
def main() -> None:
    r"""Count brief, local movements (muscle twitches) in ordinary video of skin.

    \b
    Start here:
      fascidetect demo                   no clip needed: makes one, analyzes it, opens the report
      fascidetect analyze calf.mp4       times, places and counts into calf.mp4.fascidetect/
      fascidetect retune calf.mp4.fascidetect --sensitivity high   the same, judged again in seconds
      fascidetect check calf.mp4         in seconds: can it be judged, or film again?
      fascidetect info calf.mp4          what the file is, before you analyze it
      fascidetect config > my.toml       every setting, to read or to change

    \b
    Many clips:
      fascidetect batch clips -o results all recordings in a folder: tables, and a page of them all
      fascidetect trend results          their rates over sessions, muscle by muscle

    \b
    How far to trust it:
      fascidetect inject calf.mp4 -o with.mp4            known twitches in your own clip
      fascidetect phantom recipe.toml -o made.mp4        a made clip whose truth is known
      fascidetect evaluate with --truth with.truth.json  a result against what is true

    \b
    What people saw:
      fascidetect review                                 in the browser, from the clip on; no terminal
      fascidetect review calf.mp4.fascidetect            decide about each movement
      fascidetect clips calf.mp4.fascidetect             movements cut out, slowed, to show some of them
      fascidetect agreement calf.mp4.fascidetect         raters beside each other and the program
      fascidetect export calf.mp4.fascidetect --to elan  events for other programs

    Everything happens on this computer; nothing is sent anywhere.
    """


_keep_lines(main)
