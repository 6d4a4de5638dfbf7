"""The public face, and the texts that must agree with the code."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import fascidetect
from fascidetect.notice import NOTICE

ROOT = Path(__file__).parent.parent


def test_public_names_are_sorted_and_exist():
    assert fascidetect.__all__ == sorted(fascidetect.__all__)
    for name in fascidetect.__all__:
        assert getattr(fascidetect, name) is not None
        assert name in dir(fascidetect)


def test_every_error_is_public():
    from fascidetect import errors

    names = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert names <= set(fascidetect.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="analyse"):
        fascidetect.analyse  # noqa: B018


@pytest.mark.parametrize("name", ["ClipNotFound", "OutputError"])
def test_errors_print_their_sentence(name):
    assert str(getattr(fascidetect, name)("no such file: x")) == "no such file: x"


def test_the_list_of_commands_loads_no_science_library():
    asked = "import sys; from fascidetect.cli import main; main(['--help'], standalone_mode=False)"
    loaded = "print({'numpy', 'cv2', 'av', 'fascidetect.cli.analyze'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", f"{asked}; {loaded}"], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")


def test_the_readme_shows_the_notice():
    readme = re.sub(r"\s+", " ", (ROOT / "README.md").read_text(encoding="utf-8").replace("\n> ", " "))
    assert NOTICE in readme


def test_versions_agree():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {fascidetect.__version__}\n" in citation


def test_opencv_and_pyav_have_upper_bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert all("<" in requirement for requirement in project["dependencies"])


@pytest.mark.parametrize("folder", ["samples", "notebooks", "seeds", "tests"])
def test_every_folder_says_what_belongs_there(folder):
    assert (ROOT / folder / "README.md").is_file()


def links(document: Path) -> list[str]:
    """Targets of the relative links of a Markdown document."""
    found = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    return [link for link in found if "://" not in link]


@pytest.mark.parametrize(
    "document",
    [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("seeds/[0-9]*.md")],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_links_between_documents_resolve(document):
    assert [link for link in links(document) if not (document.parent / link).exists()] == []
