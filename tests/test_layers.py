"""Who may know whom: the layers of the package, held by walking its imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "fascidetect"

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "notice", "parse"}),
    frozenset({"settings", "files"}),
    frozenset({"settings_file"}),
    frozenset({"model"}),
    frozenset({"truth", "statistics", "arrays"}),
    frozenset({"video", "motion", "events", "quality", "report", "evaluate"}),
    frozenset({"result"}),
    frozenset({"phantom", "pipeline"}),
    frozenset({"inject", "review", "retune"}),
    frozenset({"batch", "verify"}),
    frozenset({"cli"}),
)
"""From the bottom up; a part imports from lower layers and from itself, never from its own layer."""

FACADE = frozenset({"__init__", "__main__"})
PIXEL_LIBRARIES = frozenset({"cv2", "av"})
DRAWING = ("closeup", "overlay", "pen", "still", "strips")
PIXEL_PARTS = ("video/", "motion/", "phantom/", *(f"report/{name}.py" for name in DRAWING))
LAZY_LIBRARIES = frozenset({"scipy", "skimage", "matplotlib"})

SOURCES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """First name below the package: ``video`` for video/reader.py, ``errors`` for errors.py."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def level_of(part: str) -> int:
    return next(level for level, parts in enumerate(LAYERS) if part in parts)


def imports(tree: ast.AST, *, top_level: bool = False) -> Iterator[tuple[str, int]]:
    """Full names of what is imported at run time, with their lines; ``top_level`` leaves out functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        elif not (top_level and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            yield from imports(node, top_level=top_level)


def violations(path: Path, tree: ast.AST) -> Iterator[str]:
    part = part_of(path)
    place = path.relative_to(PACKAGE).as_posix()
    for name, line in imports(tree):
        library, _, rest = name.partition(".")
        if library == "fascidetect" and part not in FACADE:
            other = rest.split(".")[0]
            known = any(other in parts for parts in LAYERS)
            if known and other != part and level_of(other) >= level_of(part):
                yield f"{place}:{line} {part} may not import {other}"
        if library in PIXEL_LIBRARIES and not place.startswith(PIXEL_PARTS):
            yield f"{place}:{line} {library} stays in {', '.join(PIXEL_PARTS)}"
    for name, line in imports(tree, top_level=True):
        if name.split(".")[0] in LAZY_LIBRARIES:
            yield f"{place}:{line} import {name} inside the function that needs it"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_respect_the_layers(path):
    assert list(violations(path, ast.parse(path.read_text(encoding="utf-8")))) == []


def test_every_part_has_a_layer():
    parts = {part_of(path) for path in SOURCES} - FACADE
    assert parts <= frozenset().union(*LAYERS)


@pytest.mark.parametrize(
    ("place", "code", "expected"),
    [
        ("video/reader.py", "from fascidetect.model import Frame", 0),
        ("video/reader.py", "from fascidetect.motion.flow import x", 1),
        ("video/reader.py", "def f():\n    from fascidetect import pipeline", 1),
        ("model.py", "from fascidetect.video import reader", 1),
        ("model.py", "if TYPE_CHECKING:\n    from fascidetect.video import reader", 0),
        ("report/export.py", "import cv2", 1),
        ("report/overlay.py", "import cv2", 0),
        ("events/score.py", "import scipy.ndimage", 1),
        ("events/score.py", "def f():\n    import scipy.ndimage", 0),
        ("events/score.py", "try:\n    import matplotlib\nexcept ImportError:\n    pass", 1),
        ("cli/analyze.py", "from fascidetect.pipeline import analyze", 0),
        ("pipeline.py", "from fascidetect.phantom import make", 1),
        ("inject.py", "from fascidetect.pipeline import measure\nfrom fascidetect.phantom import twitch", 0),
        ("truth.py", "from fascidetect.phantom import make", 1),
        ("evaluate/match.py", "from fascidetect.quality import rate", 1),
        ("evaluate/match.py", "from fascidetect.statistics import poisson_interval", 0),
    ],
)
def test_the_walk_sees_what_it_should(place, code, expected):
    assert len(list(violations(PACKAGE / place, ast.parse(code)))) == expected


def loaded_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after running some code."""
    script = f"import sys\n{code}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import fascidetect",
        "import fascidetect; fascidetect.Settings(); fascidetect.Event",
        "import fascidetect.cli",
        "import fascidetect.retune",
    ],
)
def test_importing_loads_no_heavy_library(code):
    assert loaded_after(code) & (LAZY_LIBRARIES | PIXEL_LIBRARIES | {"jinja2", "sqlite3"}) == set()


def test_importing_the_package_says_nothing_and_touches_no_log_handler():
    code = "import logging, fascidetect; print(len(logging.getLogger().handlers))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("0\n", "")
