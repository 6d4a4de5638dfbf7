"""The notebooks use public names only, are stored with small outputs, and run from top to bottom."""

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PUBLIC = ("fascidetect", "fascidetect.phantom", "fascidetect.evaluate", "fascidetect.review")

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path, kind):
    tree = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in tree["cells"] if cell["cell_type"] == kind]


def test_there_are_four_and_the_index_names_them():
    index = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    assert [path.name[0] for path in NOTEBOOKS] == ["1", "2", "3", "4"]
    assert all(f"]({path.name})" in index for path in NOTEBOOKS)


@each
def test_it_uses_public_names_only(path):
    for cell in cells(path, "code"):
        for node in ast.walk(ast.parse("".join(cell["source"]))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fascidetect"):
                assert node.module in PUBLIC
                public = importlib.import_module(node.module).__all__
                assert [alias.name for alias in node.names if alias.name not in public] == []
            elif isinstance(node, ast.Import):
                assert all(a.name == "fascidetect" for a in node.names if a.name.startswith("fascidetect"))


@each
def test_it_is_stored_with_small_outputs_that_tell_nothing_of_a_machine(path):
    assert path.stat().st_size < 1_000_000
    pictures = 0
    for number, cell in enumerate(cells(path, "code"), 1):
        assert cell["execution_count"] == number
        for output in cell["outputs"]:
            assert output["output_type"] in ("stream", "display_data")
            assert output.get("name") != "stderr"
            pictures += "image/png" in output.get("data", {})
            assert not re.search(r"/(home|root|tmp|Users|work|opt)/", "".join(output.get("text", [])))
    assert pictures >= 1


RUN = """
import sys, nbformat
from nbclient import NotebookClient
path, folder = sys.argv[1:]
NotebookClient(nbformat.read(path, 4), timeout=900, resources={"metadata": {"path": folder}}).execute()
"""


@pytest.mark.slow
@each
def test_it_runs_from_top_to_bottom(path, tmp_path):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    if shutil.which("fascidetect") is None:
        pytest.skip("the command is not installed")
    words = [sys.executable, "-c", RUN, str(path), str(path.parent)]
    done = subprocess.run(
        words,
        env={**os.environ, "IPYTHONDIR": str(tmp_path), "PYTHONPATH": str(ROOT), "MPLBACKEND": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
