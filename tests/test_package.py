"""What is in the wheel and in the source distribution, built here without the network."""

import email
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

hatchling_wheel = pytest.importorskip("hatchling.builders.wheel")
hatchling_sdist = pytest.importorskip("hatchling.builders.sdist")

ROOT = Path(__file__).parent.parent


def built(builder, folder):
    (path,) = builder(str(ROOT)).build(directory=str(folder))
    return Path(path)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    with zipfile.ZipFile(built(hatchling_wheel.WheelBuilder, tmp_path_factory.mktemp("wheel"))) as file:
        yield file


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    package = ROOT / "fascidetect"
    held = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == held
    assert "fascidetect/py.typed" in names
    assert "fascidetect/schema/result.schema.json" in names
    assert {name.rsplit(".", 1)[1] for name in names} >= {"py", "j2", "css", "js", "json", "typed"}


def test_the_wheel_says_what_it_needs(wheel):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    told = email.message_from_bytes(wheel.read(name))
    assert told["Requires-Python"] == project["requires-python"] == ">=3.11"
    assert told["License-Expression"] == "MIT"
    assert set(told.get_all("Provides-Extra")) == set(project["optional-dependencies"])
    assert len([r for r in told.get_all("Requires-Dist") if "extra ==" not in r]) == len(project["dependencies"])
    (entry,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "fascidetect = fascidetect.cli:main" in wheel.read(entry).decode()
    assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())


def test_the_sources_can_be_built_and_tested_from(tmp_path):
    with tarfile.open(built(hatchling_sdist.SdistBuilder, tmp_path)) as file:
        names = {name.split("/", 1)[1] for name in file.getnames()}
    for needed in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "fascidetect/py.typed"):
        assert needed in names
    for folder in ("tests/", "samples/recipes/", "docs/", "seeds/", "notebooks/", "benchmarks/"):
        assert any(name.startswith(folder) for name in names)
    stray = ("docs/_build", "docs/generated", "__pycache__", ".partial", ".fascidetect/")
    assert [name for name in names if any(part in name for part in stray)] == []
