"""Every file of the corpus gives a right result or one clear line, in bounded time and memory, and touches nothing."""

import sys

import pytest
from click.testing import CliRunner

from fascidetect.cli import main
from robustness.bait import BAIT
from robustness.corpus import REFUSED, Case, files
from robustness.run import try_case

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bounds memory and forks in the way of Linux")

FILES = files()


def ids(case: Case) -> str:
    return case.name


def test_there_are_many_and_each_has_its_name():
    assert len({case.name for case in FILES}) == len(FILES) >= 60


@pytest.mark.parametrize("case", [case for case in FILES if case.quick], ids=ids)
def test_some_of_them_are_told_or_refused_by_info(case, tmp_path):
    visits = BAIT.visits
    done = CliRunner().invoke(main, ["info", "--", str(case.make(tmp_path))])
    assert done.exit_code == 1 if case.outcome == REFUSED else done.exit_code in (0, 1)
    assert not isinstance(done.exception, Exception)
    if done.exit_code:
        assert done.stderr.startswith("fascidetect: ")
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""
    assert BAIT.visits == visits


@pytest.mark.slow
@pytest.mark.parametrize("case", FILES, ids=ids)
def test_a_file_decoded_in_a_process_of_its_own(case, tmp_path):
    _, wrong, _ = try_case(case, tmp_path, isolate=True)
    assert wrong == []
