"""Pages that are made from the code: commands, settings, columns, recipes, licenses, validation."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import typing
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import columns
import filming
import licenses
import validation

from fascidetect.cli.app import main
from fascidetect.events import confidence, threshold
from fascidetect.phantom import recipe, twitch
from fascidetect.settings import Settings
from fascidetect.settings_file import to_toml

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
NAMED = (
    *(
        f"events.{name}"
        for name in ("confidence", "covered", "find", "foci", "limit", "recur", "reject", "score", "shape", "stretch")
    ),
    *("events.sustained", "events.voluntary", "motion.depth", "motion.fault", "quality.usable", "verify"),
)
"""Modules whose constants the method page names."""


def write_all(folder: Path) -> None:
    """Write every page that is made from something, where it has changed."""
    folder.mkdir(exist_ok=True)
    pages = {
        "cli.md": cli_page(),
        "settings.md": settings_page(),
        "files.md": columns.page(),
        "recipes.md": recipes_page(),
        "licenses.md": licenses.page(),
        "validation.md": validation.page(RESULTS / "report.json", folder),
        "filming.md": filming.part(RESULTS / "filming.json"),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
    }
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def constants() -> dict[str, str]:
    """Numbers of the code that the method page names, as text."""
    held: dict[str, str] = {}
    for name in NAMED:
        module = importlib.import_module(f"fascidetect.{name}")
        short = name.rpartition(".")[2]
        for constant, value in vars(module).items():
            if constant.isupper() and isinstance(value, int | float):
                held[f"{short}_{constant.lower()}"] = f"{value:g}"
    held["confidence_least"] = f"{confidence.LEAST[Settings().detect.sensitivity]:g}"
    held |= {f"sensitivity_{level}": f"{share:g}" for level, share in threshold.SENSITIVITY.items()}
    for table in dataclasses.fields(Settings):
        for item in dataclasses.fields(typing.cast("Any", table.default_factory)()):
            default = item.default
            if isinstance(default, int | float) and not isinstance(default, bool):
                held[f"{table.name}_{item.name}"] = f"{default:g}"
    return held


def cli_page() -> str:
    """Every command with its options, as its own help tells them."""
    return "\n".join(_cli_lines()) + "\n"


def commands() -> dict[str, click.Command]:
    """Every command by its name, in the order of the program's own list."""
    context = click.Context(main)
    return {name: command for name in main.list_commands(context) if (command := main.get_command(context, name))}


def _cli_lines() -> Iterator[str]:
    yield "# Commands\n"
    yield "Made from the program's own help. `fascidetect COMMAND --help` shows the same, and `python -m fascidetect`"
    yield "is the same program.\n"
    yield from _help(main, "fascidetect")
    for name, command in commands().items():
        yield f"## fascidetect {name}\n"
        yield from _help(command, f"fascidetect {name}")


def _help(command: click.Command, words: str) -> Iterator[str]:
    context = click.Context(command, info_name=words, help_option_names=["-h", "--help"])
    yield f"```text\n{' '.join(command.collect_usage_pieces(context)).join([words + ' ', ''])}\n```\n"
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b"):
            yield f"```text\n{paragraph.lstrip(chr(8)).strip(chr(10))}\n```\n"
        else:
            yield f"{_plain(paragraph)}\n"
    rows = [record for p in command.get_params(context) if (record := p.get_help_record(context))]
    yield from _table(("option", "meaning"), ((f"`{name}`", _plain(text)) for name, text in rows))
    yield ""


def _plain(text: str) -> str:
    """Text that Markdown leaves alone, on one line."""
    return re.sub(r"([*<>\[\]|])", r"\\\1", " ".join(text.split())).replace('"', "&quot;")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') if '`' in cell else cell for cell in row)} |"


def settings_page() -> str:
    """Every setting with unit, default, range and meaning."""
    lines = ["# Settings\n", "Every number that a user may change, made from `fascidetect/settings.py`.\n"]
    for table in dataclasses.fields(Settings):
        part: Any = typing.cast("Any", table.default_factory)()
        lines += [f"## \\[{table.name}\\]\n", f"{inspect.cleandoc(type(part).__doc__ or '')}\n"]
        rows = (
            (f"`{f.name}`", f"`{f.default!r}`", f.metadata["unit"], _range(f.metadata), _plain(f.metadata["meaning"]))
            for f in dataclasses.fields(part)
        )
        lines += [*_table(("setting", "default", "unit", "range", "meaning"), rows), ""]
    lines += ["## As a file\n", "`fascidetect config` prints this; what is left out keeps its default.\n"]
    lines += [f"```toml\n{to_toml(None).rstrip()}\n```\n"]
    return "\n".join(lines)


def _range(metadata: Any) -> str:
    low, high = metadata["low"], metadata["high"]
    if low == -float("inf") and high == float("inf"):
        return ""
    return f"{low:g} and more" if high == float("inf") else f"{low:g} to {high:g}"


def recipes_page() -> str:
    """Every key of a recipe for made clips."""
    lines = ["# Recipes of made clips\n"]
    lines += ["What `fascidetect phantom` reads, made from `fascidetect/phantom/recipe.py` and `twitch.py`.\n"]
    tables = {
        "the recipe itself": recipe.Recipe,
        "[scene]": recipe.Scene,
        "[camera]": recipe.Camera,
        "[habit]": twitch.Habit,
        "[[twitches]]": recipe.Twitch,
        "[[nuisances]]": recipe.Nuisance,
    }
    for title, cls in tables.items():
        doc = inspect.cleandoc(cls.__doc__ or "")
        lines += [f"## {_plain(title)}\n", f"{_plain(doc.split(chr(10) * 2)[0])}\n"]
        meanings = dict(parameters(doc))
        rows = (
            (", ".join(f"`{n.strip()}`" for n in names.split(",")), _default(cls, names), _plain(_code(meaning)))
            for names, meaning in meanings.items()
        )
        lines += [*_table(("key", "default", "meaning"), rows), ""]
    units = ", ".join(f"`{kind}` ({unit})" for kind, unit in recipe.NUISANCE_UNITS.items())
    lines += [f"Kinds of nuisances, and the unit of their strength: {units}.\n"]
    return "\n".join(lines)


def _code(text: str) -> str:
    return text.replace("``", "`")


def _default(cls: Any, names: str) -> str:
    held = {f.name: f.default for f in dataclasses.fields(cls)}
    told = [held.get(name.strip()) for name in names.split(",")]
    plain = [value for value in told if isinstance(value, int | float | str | tuple)]
    return ", ".join(f"`{value!r}`" for value in plain if value != ())


def parameters(doc: str) -> Iterator[tuple[str, str]]:
    """Names and meanings of a numpydoc section of parameters."""
    _, _, rest = doc.partition("Parameters\n----------\n")
    name, words = "", list[str]()
    for line in rest.splitlines():
        if line.startswith(" ") or not line.strip():
            words.append(line.strip())
            continue
        if name:
            yield name, " ".join(words).strip()
        name, words = line, []
    if name:
        yield name, " ".join(words).strip()
