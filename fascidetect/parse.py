"""Bytes of a document to plain values; whatever is wrong with them is a `ValueError` of one line."""

from __future__ import annotations

import json
import tomllib
from typing import Any

WIDEST_BITS = 64
"""Of a whole number: one of hundreds of digits is no float any more."""


def json_tree(data: bytes) -> Any:
    """Read JSON in UTF-8.

    Raises
    ------
    ValueError
        It is none, nested too deeply, or holds a whole number of more than 64 bits.
    """
    try:
        return _narrow(json.loads(data.decode("utf-8-sig")))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def toml_tree(data: bytes) -> dict[str, Any]:
    """Read TOML in UTF-8.

    Raises
    ------
    ValueError
        It is none, nested too deeply, or holds a whole number of more than 64 bits.
    """
    try:
        tables: dict[str, Any] = _narrow(tomllib.loads(data.decode("utf-8-sig")))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return tables


def _narrow(tree: Any) -> Any:
    """The tree as it is, if none of its whole numbers is too wide."""
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, int) and one.bit_length() > WIDEST_BITS:
            raise ValueError(f"it holds a whole number of {one.bit_length()} bits; {WIDEST_BITS} are read")
        if isinstance(one, dict | list):
            waiting.extend(one.values() if isinstance(one, dict) else one)
    return tree
