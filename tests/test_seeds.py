"""Every note on a source is in the table, leads to code or a test, and copies nothing."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
NOTES = sorted(SEEDS.glob("[0-9]-*.md"))
SOURCES = Path(os.environ.get("FASCIDETECT_SEEDS", ROOT.parent / "shared" / "seeds"))


def rows(document: Path) -> list[list[str]]:
    """Cells of the tables of a Markdown document, without heads and rules."""
    lines = document.read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    rules = [k for k, line in enumerate(table) if set(line) <= set("|-")]
    heads = {k - 1 for k in rules}
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for k, line in enumerate(table)
        if k not in heads and k not in rules
    ]


def test_there_is_a_note_for_each_source_and_the_table_names_each():
    assert [path.name[0] for path in NOTES] == ["0", "1", "2", "3", "4"]
    index = (SEEDS / "README.md").read_text(encoding="utf-8")
    assert all(f"]({path.name})" in index for path in NOTES)


@pytest.mark.parametrize("note", NOTES, ids=lambda path: path.stem)
def test_a_note_leads_to_code_and_to_tests(note):
    text = note.read_text(encoding="utf-8")
    assert "](../fascidetect/" in text
    assert "](../tests/" in text
    assert all(len(row) == 2 for row in rows(note))


def test_the_table_leads_from_every_statement_to_code_or_test():
    table = [row for row in rows(SEEDS / "README.md") if len(row) == 4]
    assert len(table) >= 10
    no_link = [row[0] for row in table if "](../" not in row[3]]
    assert no_link == ["treatment, diet, supplements"]


@pytest.mark.parametrize("note", [*NOTES, SEEDS / "README.md"], ids=lambda path: path.stem)
def test_no_sentence_is_copied(note):
    """No eight words in a row are those of a source."""
    sources = sorted(SOURCES.glob("*.txt"))
    if not sources:
        pytest.skip("the sources are not beside this checkout")
    held = set()
    for source in sources:
        held |= eights(source.read_text(encoding="utf-8", errors="replace"))
    assert eights(note.read_text(encoding="utf-8")) & held == set()


def eights(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z]+", text.lower())
    return {tuple(words[k : k + 8]) for k in range(len(words) - 7)}
