"""``fascidetect config``: every setting, in a form that can be changed and given back."""

from __future__ import annotations

from pathlib import Path

import click

from fascidetect.cli.params import EXISTING_FILE


@click.command("config")
@click.option(
    "--config", "config_path", type=EXISTING_FILE, help="Show the values of this file instead of the defaults."
)
def config_command(config_path: Path | None) -> None:
    r"""Print every setting with its unit, default, range and meaning.

    The output is a TOML file: keep it, change it, and give it back with --config. What you leave
    out of the file keeps its default.

    \b
    Examples:
      fascidetect config
      fascidetect config > my.toml
      fascidetect analyze calf.mp4 --config my.toml
    """
    from fascidetect.settings_file import load_settings, to_toml

    click.echo(to_toml(load_settings(config_path) if config_path else None), nl=False)
