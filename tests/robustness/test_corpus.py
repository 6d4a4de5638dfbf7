"""Every file of the corpus gives a right result or one clear line, in bounded time and memory, and touches nothing."""

import sys

import pytest

from robustness.corpus import Case, files
from robustness.run import try_case

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bounds memory and forks in the way of Linux")

FILES = files()


def ids(case: Case) -> str:
    return case.name


def test_there_are_many_and_each_has_its_name():
    assert len({case.name for case in FILES}) == len(FILES) >= 60


@pytest.mark.parametrize("case", [case for case in FILES if case.quick], ids=ids)
def test_a_file_decoded_in_the_same_process(case, tmp_path):
    _, wrong, _ = try_case(case, tmp_path, isolate=False)
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("case", FILES, ids=ids)
def test_a_file_decoded_in_a_process_of_its_own(case, tmp_path):
    _, wrong, _ = try_case(case, tmp_path, isolate=True)
    assert wrong == []
