import json
import subprocess
import sys
from pathlib import Path

import pytest

import fascidetect
from fascidetect.notice import NOTICE
from fascidetect.settings import Settings
from fascidetect.settings_file import describe, load_settings


def test_version(run):
    assert run("--version").stdout == f"fascidetect, version {fascidetect.__version__}\n"


def test_the_help_lists_commands_and_the_notice(run):
    text = run("--help").stdout
    assert all(f"  {name} " in text for name in ("analyze", "config", "info"))
    assert NOTICE in " ".join(text.split())


def test_it_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "fascidetect", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("fascidetect, version")


@pytest.mark.parametrize("words", [["nothing"], ["analyze", "--nothing"]])
def test_wrong_usage_is_status_2(run, words):
    assert run(*words).exit_code == 2


def test_a_slip_of_the_pen_is_told_what_may_be_meant(run):
    assert "Did you mean 'analyze'?" in run("analyse", "calf.mp4").stderr
    assert "Did you mean" not in run("xyz").stderr


def test_printed_settings_are_a_settings_file(run, tmp_path):
    text = run("config").stdout
    path = tmp_path / "my.toml"
    path.write_text(text, encoding="utf-8")
    assert load_settings(path) == Settings()
    assert run("config", "--config", path).stdout == text
    assert all(row.meaning in text for row in describe())


def test_a_bad_settings_file_is_one_line(run, tmp_path):
    path = tmp_path / "my.toml"
    path.write_text("[detect]\nkapa = 1\n")
    done = run("config", "--config", path)
    assert done.exit_code == 2
    assert done.stderr == f"fascidetect: {path}: unknown setting detect.kapa; did you mean detect.kappa?\n"


def test_info_is_a_table(run, clips, reader):
    done = run("info", "a.mp4")
    assert done.exit_code == 0, done.output
    assert "picture      1920 x 1080 px, turned by 90 degrees" in done.stdout
    assert "length       42.50 s, 1275 frames" in done.stdout
    assert "Warning: the frame rate varies" in done.stdout


def test_info_as_json(run, clips, reader):
    facts = json.loads(run("info", "a.mp4", "--json").stdout)
    assert (facts["width_px"], facts["warnings"]) == (1920, ["the frame rate varies"])


def test_info_of_nothing_is_one_line(run, clips, reader):
    done = run("info", Path("none.mp4"))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "fascidetect: no such file: none.mp4\n"
