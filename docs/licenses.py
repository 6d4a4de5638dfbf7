"""Licenses of what fascidetect needs, from the metadata of the installed packages: ``python docs/licenses.py``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata

_SPELLED = {
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
}
_NOTES = {
    "av": "The wheel holds FFmpeg, which calls itself LGPL 3 or later, and codecs under licenses of their own, among them x264 and x265 (GPL 2 or later).",
    "opencv-python-headless": "The wheel holds libraries of its own under further licenses, listed within it.",
}


def names_needed(extra: str = "") -> list[str]:
    """Names of all packages that an installation without or with an extra brings along."""
    seen: dict[str, None] = {}
    todo = list(_requires("fascidetect", extra))
    while todo:
        name = todo.pop()
        if name not in seen and _known(name):
            seen[name] = None
            todo += _requires(name, "")
    return sorted(seen)


def _known(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _requires(name: str, extra: str) -> Iterator[str]:
    for line in metadata.requires(name) or ():
        spec, _, condition = line.partition(";")
        if "extra" not in condition or (extra and re.search(rf"extra == ['\"]{extra}['\"]", condition)):
            found = re.match(r"[A-Za-z0-9._-]+", spec)
            if found:
                yield re.sub(r"[-_.]+", "-", found[0]).lower()


def license_of(name: str) -> str:
    """The license as the package declares it: its expression, its classifier, or its field."""
    held = metadata.metadata(name)
    if expression := held.get("License-Expression"):
        return str(expression)
    classified = [line.rsplit(" :: ", 1)[1] for line in held.get_all("Classifier", []) if line.startswith("License ::")]
    if classified:
        return ", ".join(_SPELLED.get(one, one) for one in classified if one != "OSI Approved")
    first = (held.get("License") or "not declared").strip().splitlines()[0]
    return _SPELLED.get(first, first)


def page() -> str:
    """The page as Markdown."""
    lines = ["# Licenses\n", "fascidetect is under the MIT license. An installation brings along what is listed here,"]
    lines += ["as the packages themselves declare it. Made by `python docs/licenses.py`, from what was installed.\n"]
    lines += ["| package | license | note |", "|---|---|---|"]
    lines += [_row(name) for name in names_needed()]
    dask = [name for name in names_needed("dask") if name not in names_needed()]
    if dask:
        lines += ["", "With the extra `dask` also:\n", "| package | license | note |", "|---|---|---|"]
        lines += [_row(name) for name in dask]
    return "\n".join(lines) + "\n"


def _row(name: str) -> str:
    return f"| {name} | {license_of(name).replace('|', ' ')} | {_NOTES.get(name, '')} |"


if __name__ == "__main__":
    sys.stdout.write(page())
