"""The commands that make clips: phantom and inject."""

import json

import pytest

from fascidetect.cli.app import COMMANDS
from fascidetect.cli.inject import parse_range
from fascidetect.errors import SettingsError

RECIPE = """
seed = 1
width_px = 160
height_px = 120
duration_s = 0.5
[scene]
limb_share = 0.9
[camera]
fps = 20
[[twitches]]
start_s = 0.1
x_px = 80
y_px = 60
"""


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "r.toml"
    path.write_text(RECIPE)
    return path


def test_phantom_makes_a_clip_and_its_truth_and_replaces_nothing(run, recipe):
    done = run("phantom", recipe, "-o", "made.mp4")
    assert done.exit_code == 0, done.output
    assert done.stdout == "made.mp4: 0.5 s, 1 twitches; their truth: made.truth.json\n"
    assert json.loads((recipe.parent / "made.truth.json").read_bytes())["seed"] == 1
    again = run("phantom", recipe, "-o", "made.mp4")
    assert (again.exit_code, "exists already" in again.stderr) == (1, True)
    assert run("phantom", recipe, "-o", "made.mp4", "--force", "--seed", "9").exit_code == 0
    assert json.loads((recipe.parent / "made.truth.json").read_bytes())["seed"] == 9


def test_a_wrong_recipe_is_one_line(run, recipe):
    recipe.write_text("duration = 3")
    done = run("phantom", recipe, "-o", "made.mp4")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.endswith("unknown key 'duration'; did you mean duration_s?\n")


def test_inject_hands_on_what_was_asked(run, recipe, monkeypatch):
    import fascidetect.inject as module

    asked = []

    def inject(source, target, injection, settings, *, progress=None):
        from fascidetect.truth import Truth

        asked.append((source.name, target.name, injection))
        return Truth("1.0", target.name, "", 2, "", 2, 2, 1.0, None, ())

    monkeypatch.setattr(module, "inject", inject)
    done = run(
        "inject", "calf.mp4", "-o", "w.mp4", "--rate", "30", "--amplitude", "0.3,1.5", "--rise", "0.1", "--seed", "2"
    )
    assert done.exit_code == 0, done.output
    assert asked == [
        (
            "calf.mp4",
            "w.mp4",
            module.Injection(seed=2, rate_per_min=30.0, amplitude_720px=(0.3, 1.5), rise_s=(0.1, 0.1)),
        )
    ]
    assert run("inject", "calf.mp4", "-o", "w.mp4", "--amplitude", "3,1").exit_code == 2


def test_inject_into_nothing_is_one_line(run, recipe):
    done = run("inject", "none.mp4", "-o", "w.mp4")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no such file" in done.stderr


@pytest.mark.parametrize("text", ["", "a,b", "1,2,3"])
def test_a_range_that_is_none(text):
    with pytest.raises(SettingsError, match="write LOW,HIGH"):
        parse_range(text)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_examples_of_each_command_stand_on_lines_of_their_own(run, name):
    lines = run(name, "--help").stdout.splitlines()
    assert "  Examples:" in lines
    assert lines[lines.index("  Examples:") + 1].startswith(f"    fascidetect {name}")
