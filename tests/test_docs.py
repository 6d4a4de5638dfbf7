"""The pages of the documentation that are made from the code say what the code says."""

import json
import re
import sys
from pathlib import Path

import pytest

from fascidetect.evaluate import TOLERANCES_S, Tally, scores_tree, summarize
from fascidetect.evaluate.tally import Known, Misfit
from fascidetect.settings import REASONS

DOCS = Path(__file__).parent.parent / "docs"
NAMES = ("generate", "columns", "filming", "licenses", "pictures", "validation")


@pytest.fixture(scope="module")
def docs():
    """The scripts of the documentation, which is a folder and no package."""
    import importlib

    sys.path.insert(0, str(DOCS))
    try:
        yield {name: importlib.import_module(name) for name in NAMES}
    finally:
        sys.path.remove(str(DOCS))
        for name in NAMES:
            sys.modules.pop(name, None)


def test_every_column_has_a_meaning_and_no_meaning_is_left_over(docs):
    columns = docs["columns"]
    used = set(columns.SHEET)
    for files in (columns.TABLES, columns.DOCUMENT, columns.OTHERS, columns.BATCH):
        for cls in files.values():
            used |= set(columns.names(cls))
    assert set(columns.MEANINGS) == used
    assert "`displacement_px`" in columns.page()


def test_every_command_option_and_example_is_told(docs):
    page = docs["generate"].cli_page()
    for name, command in docs["generate"].commands().items():
        assert f"\n## fascidetect {name}\n" in page
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else ():
                assert option in page
    assert "\b" not in page


def test_every_setting_and_recipe_key_is_told(docs):
    generate = docs["generate"]
    assert all(f"`{name}`" in generate.settings_page() for name in ("q_min", "from_s", "overlay_width_px"))
    recipes = generate.recipes_page()
    assert all(f"`{name}`" in recipes for name in ("limb_share", "keyframe_s", "passive", "train_gap_s", "rate_hz"))


def test_numbers_of_the_method_are_those_of_the_code(docs):
    asked = set(re.findall(r"\{\{ (\w+) \}\}", (DOCS / "method.md").read_text(encoding="utf-8")))
    held = docs["generate"].constants()
    assert len(asked) > 20
    assert asked <= set(held)
    assert held["detect_tau_s"] == "0.05"


def test_every_reason_is_told_on_the_page_of_the_method():
    text = (DOCS / "method.md").read_text(encoding="utf-8")
    assert [name for name in REASONS if f"| `{name}` |" not in text] == []


def test_every_dependency_declares_a_license(docs):
    licenses = docs["licenses"]
    names = licenses.names_needed()
    assert {"numpy", "av", "opencv-python-headless", "contourpy"} <= set(names)
    assert "pytest" not in names
    assert [name for name in names if licenses.license_of(name) in ("", "not declared", "UNKNOWN")] == []


def test_without_results_the_validation_page_says_so(docs, tmp_path):
    page = docs["validation"].page(tmp_path / "none.json", tmp_path)
    assert "No results are committed yet" in page
    assert list(tmp_path.iterdir()) == []


def tally(hits, true, false=0):
    known = tuple(Known(1.5, 12.0, hit=k < hits) for k in range(true))
    misfits = (Misfit(0.01, 0.005, 0.03, 0.8),) * hits
    return Tally(1, true, hits + false, hits, 0, 0, 60.0, 55.0, 0.1, known, misfits, ((true, hits + false),))


@pytest.fixture
def results(tmp_path):
    """What a run of the benchmark writes, with five clips."""
    clips = {
        "still-1": tally(4, 5),
        "still-2": tally(5, 5, 1),
        "still-3": tally(3, 3),
        "quiet": tally(0, 0, 1),
        "dark": tally(0, 2),
    }
    groups = {"still": list(clips.values())[:4], "dark": [clips["dark"]], "all": list(clips.values())}
    sums = ("n_clips", "n_true", "n_found", "n_hits", "n_true_unusable", "n_hits_unusable", "clip_s", "usable_s")
    told = {
        name: {
            "group": "dark" if name == "dark" else "still",
            "sha256": "",
            "verdict": "cannot_analyze" if name == "dark" else "ok",
            **{key: getattr(one, key) for key in sums},
        }
        for name, one in clips.items()
    }
    tree = {
        "side": "report",
        "choice": "(quick)",
        "command": "python benchmarks/accuracy --side report --quick",
        "groups": {n: {f"{t:g}": scores_tree(summarize(ts)) for t in TOLERANCES_S} for n, ts in groups.items()},
        "calibration": [{"n": 40, "confidence": 0.1, "true": 0.05}, {"n": 9, "confidence": 0.9, "true": 0.89}],
        "clips": told,
        "baselines": {"lk-top5": told},
    }
    path = tmp_path / "report.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    return path


def test_results_become_tables_and_pictures(docs, results, tmp_path):
    page = docs["validation"].page(results, tmp_path)
    assert "Side: **report** (quick); 5 clips, 5 minutes," in page
    assert "| still | 13 | 12 | 2 | 0.89" in page
    assert "confidence" in (tmp_path / "validation-confidence.svg").read_text(encoding="utf-8")
    assert "1.0 min, 1 |" in page
    assert "| ok | 4 | 12 of 13 | 2 in 4.0 min | 0.89 |" in page
    assert "Not judged at all, which is an answer, too: dark." in page
    assert "| 1 to 2 | 15 | 12 |" in page
    assert "| lk-top5 | 12 of 15 | 2 |" in page
    for name in ("validation-size.svg", "validation-groups.svg"):
        assert f"]({name})" in page
        assert (tmp_path / name).read_text(encoding="utf-8").startswith("<?xml")


def test_results_become_the_same_pictures_again(docs, results, tmp_path):
    pictures = []
    for _ in range(2):
        docs["validation"].page(results, tmp_path)
        pictures.append((tmp_path / "validation-size.svg").read_bytes())
    assert pictures[0] == pictures[1]


def test_a_run_without_hits_is_told_too(docs, results, tmp_path):
    tree = json.loads(results.read_text(encoding="utf-8"))
    nothing = {f"{t:g}": scores_tree(summarize([tally(0, 1)])) for t in TOLERANCES_S}
    tree["groups"] = {"dark": nothing, "all": nothing}
    tree["clips"] = {"dark": tree["clips"]["dark"]}
    del tree["baselines"]
    results.write_text(json.dumps(tree), encoding="utf-8")
    assert "| dark | 1 | 0 | 0 |" in docs["validation"].page(results, tmp_path)


def limit(name, predicted, true, verdict="ok"):
    return {
        "name": name,
        "verdict": verdict,
        "n_true": 50,
        "n_found": 20,
        "predicted50": predicted,
        "true50": true,
        "true50_low": true and 0.8 * true,
        "true50_high": true and 1.2 * true,
    }


def test_limits_are_told_beside_true_ones(docs, results, tmp_path):
    assert "detection limit" not in docs["validation"].page(results, tmp_path)
    told = [
        limit("report-tone-1-limit", 0.5, 0.4),
        limit("report-dark-limit", 4.0, 2.0),
        limit("report-x-limit", 1, None),
    ]
    (tmp_path / "limits.json").write_text(json.dumps({"side": "report", "limits": told}), encoding="utf-8")
    page = docs["validation"].page(results, tmp_path)
    assert "off by\n62 % in the median, within a factor of 1.6 in 1 of 2 clips\n(1 more have no limit" in page
    assert "| tone-1 | 20 of 50 | 0.50 | 0.40 (0.32 to 0.48) |" in page
    assert (tmp_path / "validation-limits.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_it_is_told_why_twitches_are_missed(docs, results, tmp_path):
    whys = {"found": {"1 to 2": 3, "all": 3}, "too small": {"1 to 2": 4, "all": 4}}
    tree = {"side": "report", "whys": whys, "worst": [{"clip": "dark", "n_found": 0, "n_true": 4}]}
    (tmp_path / "why.json").write_text(json.dumps(tree), encoding="utf-8")
    page = docs["validation"].page(results, tmp_path)
    assert "| | 1 to 2 | all |\n|---|---|---|\n| found | 3 | 3 |\n| too small | 4 | 4 |" in page
    assert "Least is found in dark (0 of 4)." in page


def test_ways_of_filming_become_a_table(docs, tmp_path):
    path = tmp_path / "filming.json"
    assert docs["filming"].part(path) == ""
    way = {
        "condition": "usual",
        "name": "held",
        "verdict": "ok",
        "usable": 0.9,
        "n_true": 80,
        "n_found": 40,
        "n_false": 1,
    }
    sure = {"limit50_mm": 0.25, "low_mm": 0.2, "high_mm": 0.31}
    dim = {
        **way,
        "condition": "light",
        "verdict": "cannot_analyze",
        "limit50_mm": None,
        "low_mm": None,
        "high_mm": None,
    }
    path.write_text(json.dumps({"side": "report", "filming": [{**way, **sure}, dim]}), encoding="utf-8")
    part = docs["filming"].part(path)
    assert "| usual | held | 40 of 80 | 1 | 90 % | 0.25 mm (0.20 to 0.31) |" in part
    assert "| light | held | 40 of 80 | 1 | 90 % | not judged |" in part
