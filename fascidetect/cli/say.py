"""Lines for people, safe to show on any terminal."""

from __future__ import annotations

from pathlib import Path

import click

from fascidetect.errors import printable


def complain(message: object) -> None:
    """Say in one line on stderr what went wrong."""
    click.echo(f"fascidetect: {printable(str(message))}", err=True)


def tell(text: str) -> None:
    """Print lines on stdout."""
    click.echo("\n".join(printable(line) for line in text.split("\n")))


def compact(path: Path) -> str:
    """A JSON file as one line."""
    import msgspec

    text: bytes = msgspec.json.format(path.read_bytes(), indent=-1)
    return text.decode()
