"""What the README tells people to type must work as typed."""

import re
import shlex
from pathlib import Path

import click
import pytest

from fascidetect.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[list[str]]:
    """Arguments of every fascidetect command in the README."""
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    typed = [re.split(r"(?:^|/)fascidetect ", line)[-1] for line in lines if re.search(r"(?:^|/)fascidetect ", line)]
    return [shlex.split(line.split(" > ")[0], comments=True) for line in typed]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_commands_are_understood(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("my.toml", "sessions.csv"):
        Path(name).write_text("", encoding="utf-8")
    command = main.get_command(click.Context(main), words[0])
    assert command
    with command.make_context(words[0], words[1:]) as context:
        assert isinstance(context, click.Context)


def test_the_first_two_commands_install_and_use_what_is_shipped():
    first, second = blocks("bash")[:2]
    (sample,) = re.findall(r"samples/\S+", first)
    assert (ROOT / sample).is_file()
    assert ".venv/bin/pip install ." in first
    assert "pytest" in second


@pytest.mark.slow
def test_the_library_example_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    assert "per minute of usable video" in capsys.readouterr().out
