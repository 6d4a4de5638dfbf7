"""Automatic and reviewed counts stand side by side, also in result.json."""

import json
from pathlib import Path

import jsonschema
import pytest
from helpers.build import example_event, example_quality, example_result, unfit_result, write_results

from fascidetect.errors import ClipError
from fascidetect.files import plain_cell, safe_cell
from fascidetect.model import Summary, Unmatched
from fascidetect.report.schema import SCHEMA_PATH
from fascidetect.review import load_counts, renew_result

FIVE, NINE, FAINT = "e0005000-12-8", "e0009000-12-8", "e0020000-12-8"


def document(folder: Path):
    return json.loads((folder / "result.json").read_bytes())


def test_without_a_review_nothing_is_added_and_nothing_written(folder):
    before = sorted(folder.iterdir())
    assert load_counts(folder) == renew_result(folder) == ()
    assert sorted(folder.iterdir()) == before


def test_counts_and_rate(folder, say):
    say("accept", FIVE)
    say("accept", FAINT)
    say("add", peak_s=30.0)
    say("add", peak_s=11.0)  # in the stretch that was left out
    (one,) = load_counts(folder)
    assert (one.n_accepted, one.n_rejected, one.n_undecided, one.n_added) == (1, 0, 1, 3)
    assert (one.n_events, one.n_unusable, one.last_seq) == (4, 1, 4)
    assert one.rate_per_min == pytest.approx(3 * 60 / 40)
    assert one.rate_low_per_min == pytest.approx(0.6187 * 1.5, abs=1e-3)  # Garwood's interval of 3
    assert one.rate_high_per_min == pytest.approx(8.7673 * 1.5, abs=1e-3)


def test_the_parts_add_up_to_the_automatic_count(folder, say):
    say("reject", FIVE)
    say("reject", FAINT)
    (one,) = load_counts(folder)
    assert one.n_accepted + one.n_rejected + one.n_undecided == 2
    assert (one.n_rejected, one.n_added, one.n_events, one.rate_per_min) == (1, 0, 0, 0.0)


def test_every_rater_is_counted_and_every_decision_renews_result_json(folder, say):
    before = document(folder)
    say("accept", FIVE)
    say("reject", FIVE, rater="second")
    after = document(folder)
    assert [(r["rater"], r["n_events"]) for r in after["summary"].pop("reviewed")] == [("first", 1), ("second", 0)]
    assert before["summary"].pop("reviewed") == []
    assert after == before
    jsonschema.validate(document(folder), json.loads(SCHEMA_PATH.read_bytes()))


@pytest.mark.parametrize("settings", [b'"\xff"', b"9" * 6000, None], ids=["letters", "number", "missing"])
def test_a_result_that_cannot_be_written_again_is_told(folder, say, settings):
    say("accept", FIVE)
    path = folder / "result.json"
    if settings is None:
        path.write_text(json.dumps({key: value for key, value in document(folder).items() if key != "summary"}))
    else:
        path.write_bytes(path.read_bytes().replace(b'"per_minute"', b'"more": ' + settings + b', "per_minute"', 1))
    before = path.read_bytes()
    with pytest.raises(ClipError, match=r"is no result\.json"):
        renew_result(folder)
    assert path.read_bytes() == before


def test_what_is_no_longer_found_is_listed(folder, say):
    say("accept", FIVE)
    write_results(folder, example_result(events=(example_event(30.0),)))
    (one,) = renew_result(folder)
    assert one.unmatched == (Unmatched(FIVE, 5.0, "accepted"),)
    assert (one.n_accepted, one.n_undecided, one.n_added) == (0, 1, 1)
    assert document(folder)["summary"]["reviewed"][0]["unmatched"][0]["id"] == FIVE


@pytest.mark.parametrize(
    "result",
    [
        unfit_result(),
        example_result(quality=example_quality(usable_s=12.0), summary=Summary(2, None, None, None, 1)),
    ],
    ids=["cannot be judged", "too short"],
)
def test_no_rate_where_the_program_gives_none(folder, say, result):
    write_results(folder, result)
    say("add", peak_s=3.0)
    (one,) = load_counts(folder)
    assert (one.n_events, one.rate_per_min) == (1, None)


def test_a_decision_stands_even_if_the_counts_cannot_be_written(folder, say, monkeypatch, caplog):
    def refuse(path, data):
        from fascidetect.errors import OutputError

        raise OutputError("cannot write")

    monkeypatch.setattr("fascidetect.review.counts.write_whole", refuse)
    say("accept", FIVE)
    assert "the decision is safe" in caplog.text
    assert load_counts(folder)[0].n_accepted == 1


@pytest.mark.parametrize("text", ["=1+1", "@x", "-3", "plain", "'quoted", ""])
def test_cells_come_back_as_they_were(text):
    assert not str(safe_cell(text)).startswith(("=", "+", "-", "@"))
    assert plain_cell(safe_cell(text)) == text
