"""`fascidetect review` from the command line: what is refused before anything is opened."""

import pytest
from click.testing import CliRunner

from fascidetect.cli import main


@pytest.fixture
def opened(monkeypatch):
    """Addresses that would have been opened, and what would have been served."""
    seen = []

    def serve(results, shown, *, port, ready):
        seen.append((results.rater, results.start_page, shown))
        ready("http://127.0.0.1:1/token/")

    monkeypatch.setattr("fascidetect.review.site.serve.serve", serve)
    monkeypatch.setattr("webbrowser.open", seen.append)
    return seen


def run(*words):
    return CliRunner().invoke(main, ["review", *map(str, words)])


def test_a_result_is_opened_in_the_browser(shown, opened):
    done = run(shown, "--rater", "second-reader")
    assert done.exit_code == 0, done.output
    assert opened == [("second-reader", False, shown), "http://127.0.0.1:1/token/"]
    assert "Open http://127.0.0.1:1/token/" in done.output


def test_without_a_result_the_start_page_is_opened(tmp_path, opened):
    done = run("--results", tmp_path, "--no-browser")
    assert done.exit_code == 0
    assert opened == [("reviewer", True, tmp_path)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--blind"], "need a RESULT_DIR"),
        (["--rater", "program"], "stands for the program itself"),
        (["--rater", " "], "visible letters"),
        (["--port", "70000"], "70000"),
    ],
)
def test_wrong_usage_is_told(words, said, opened):
    done = run(*words)
    assert done.exit_code == 2
    assert said in done.output
    assert opened == []


def test_a_folder_without_a_result_is_refused_in_one_line(tmp_path, opened):
    done = run(tmp_path)
    assert done.exit_code == 1
    assert "no such result" in done.output
    assert opened == []


def test_a_result_without_a_report_says_what_to_do(shown, opened):
    (shown / "report.html").unlink()
    done = run(shown)
    assert done.exit_code == 1
    assert "run fascidetect analyze again" in done.output


def test_a_blind_review_needs_the_clip(shown, opened):
    (shown.parent / "clip.mp4").unlink()
    done = run(shown, "--blind")
    assert done.exit_code == 1
    assert "--clip FILE" in done.output
    assert opened == []
