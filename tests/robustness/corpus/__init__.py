"""A corpus of broken and odd files, made by functions: each says what must come of it.

``files()`` makes none yet; `Case.make` writes one into a folder and gives its path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

RESULT = "result"
"""Analyzed: exit 0, result.json with the verdict ok or limited."""

UNJUDGED = "unjudged"
"""Read and not judged: exit 1, one line, result.json with the verdict cannot_analyze and no number."""

REFUSED = "refused"
"""Not read: exit 1, one line, nothing written."""

ANY = "any"
"""Damage whose effect depends on the decoder: one of the three above, whole and clean."""


@dataclass(frozen=True)
class Case:
    """One file: its name in the table, what must come of it, words that must be told, and how it is made."""

    name: str
    outcome: str
    words: str
    make: Callable[[Path], Path]
    quick: bool = False


CASES: list[Case] = []


def case(
    outcome: str, words: str = "", *, quick: bool = False
) -> Callable[[Callable[[Path], Path]], Callable[[Path], Path]]:
    """Enter a maker; its name, with spaces, is the name of the case, its `quick` says whether every test run has it."""

    def enter(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
        add(make.__name__.replace("_", " "), outcome, words, make, quick=quick)
        return make

    return enter


def add(name: str, outcome: str, words: str, make: Callable[[Path], Path], *, quick: bool = False) -> None:
    """Enter a maker under a name of its own."""
    CASES.append(Case(name, outcome, words, make, quick))


def files() -> list[Case]:
    """All cases."""
    from robustness.corpus import boxes, foreign, names, pictures

    del boxes, foreign, names, pictures  # being imported, they have entered their cases
    return list(CASES)
