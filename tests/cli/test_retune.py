"""The words of `fascidetect retune` become one call, and what it says afterwards."""

import json
import sys
import types
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.build import example_result, unfit_result, write_results

from fascidetect.errors import FasciError
from fascidetect.retune import Retuned
from fascidetect.settings import DECIDED, SOUGHT, ClipSettings, DetectSettings, Settings


class FakeRetune:
    """Remembers what it was asked; a folder named in ``raises`` cannot be judged."""

    def __init__(self):
        self.answer = Retuned(example_result(), 5, outdated=False)
        self.raises = {}
        self.calls = []

    def retune(self, folder, change, *, full=False, clip=None, isolate=False, progress=None):
        self.calls.append((folder, change, full, clip))
        if folder.name in self.raises:
            raise self.raises[folder.name]
        folder.mkdir(exist_ok=True)
        write_results(folder, self.answer.result)
        return self.answer


@pytest.fixture
def fake(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    fake = FakeRetune()
    module = types.ModuleType("fascidetect.retune")
    module.retune = fake.retune
    monkeypatch.setitem(sys.modules, "fascidetect.retune", module)
    return fake


def changed(fake, before=None):
    return fake.calls[0][1](before or Settings())


def test_it_tells_what_is_counted_now_and_was_before(run, fake):
    done = run("retune", "out")
    assert done.exit_code == 0, done.output
    assert "2 movements counted in 40 s of usable video" in done.stdout
    assert done.stdout.endswith("Before: 5 counted.\nResults: out\n")
    ((folder, _, full, clip),) = fake.calls
    assert (folder, full, clip) == (Path("out"), False, None)
    assert changed(fake) == Settings()


def test_what_shows_an_earlier_decision_is_named(run, fake):
    fake.answer = replace(fake.answer, outdated=True)
    assert "overlay.mp4 shows an earlier decision (--clip CLIP draws it again)" in run("retune", "out").stdout


def test_options_change_settings_and_leave_the_others(run, fake):
    Path("my.toml").write_text("[detect]\nkappa = 7", encoding="utf-8")
    words = ("--sensitivity", "high", "--keep", "rhythmic", "--keep", "edge", "--mm-per-px", "0.2")
    done = run("retune", "out", *words, "--config", "my.toml", "--full", "--clip", "a.mp4")
    assert done.exit_code == 0, done.output
    before = Settings(clip=ClipSettings(to_s=9.0), detect=DetectSettings(tau_s=0.07, keep=("step",)))
    assert changed(fake, before) == Settings(
        clip=ClipSettings(to_s=9.0, mm_per_px=0.2),
        detect=DetectSettings(tau_s=0.07, kappa=7.0, sensitivity="high", keep=("rhythmic", "edge")),
    )
    assert fake.calls[0][2:] == (True, Path("a.mp4"))


def test_what_was_kept_can_be_given_up_again(run, fake):
    run("retune", "out", "--keep", "none")
    assert changed(fake, Settings(detect=DetectSettings(keep=("step",)))) == Settings()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing argument 'DIR...'"),
        (["out", "--keep", "boredom"], "'boredom' is not one of"),
        (["out", "--mm-per-px", "1", "--scale", "0,0 10,0 = 5 mm"], "give --mm-per-px or --scale, not both"),
        (["out", "--mm-per-px", "-1"], "mm_per_px must lie between"),
        (["out", "-q", "--json"], "-q cannot be combined with --json"),
        (["out", "other", "--clip", "a.mp4"], "give one DIR"),
    ],
)
def test_wrong_usage_is_explained_before_anything_is_done(run, fake, words, message):
    done = run("retune", *words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert fake.calls == []


def test_one_bad_folder_is_one_line_and_does_not_stop_the_rest(run, fake):
    fake.raises["bad"] = FasciError("bad holds nothing")
    done = run("retune", "one", "bad", "two")
    assert done.exit_code == 1
    assert done.stderr == "fascidetect: bad holds nothing\n"
    assert [folder.name for folder, *_ in fake.calls] == ["one", "bad", "two"]


def test_what_cannot_be_judged_fails(run, fake):
    fake.answer = Retuned(unfit_result(), None, outdated=False)
    done = run("retune", "out")
    assert done.exit_code == 1
    assert "Before: it could not be judged." in done.stdout
    assert "fascidetect: out cannot be judged: only 3.2 s" in done.stderr


def test_json_and_quiet(run, fake):
    lines = run("retune", "one", "two", "--json").stdout.splitlines()
    assert [json.loads(line)["summary"]["n_events"] for line in lines] == [2, 2]
    assert run("retune", "one", "-q").output == ""


def test_the_help_says_what_may_change(run):
    text = " ".join(run("retune", "--help").stdout.split())
    assert all(name in text for name in (*DECIDED, *SOUGHT))
    assert "fascidetect retune calf.mp4.fascidetect --sensitivity high" in text
