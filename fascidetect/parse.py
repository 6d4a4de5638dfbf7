"""Bytes of a document to plain values; whatever is wrong with them is a `ValueError` of one line."""

from __future__ import annotations

import json
import tomllib
from typing import Any


def json_tree(data: bytes) -> Any:
    """Read JSON in UTF-8.

    Raises
    ------
    ValueError
        It is none, or nested too deeply.
    """
    try:
        return json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def toml_tree(data: bytes) -> dict[str, Any]:
    """Read TOML in UTF-8.

    Raises
    ------
    ValueError
        It is none, or nested too deeply.
    """
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
