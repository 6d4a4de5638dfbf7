"""Fine clips with names that others stumble over."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from robustness.corpus import RESULT, add
from robustness.corpus.base import fine

NAMES = {
    "spaces": "my calf  2.mp4",
    "newline": "calf\n2.mp4",
    "escape sequence": "calf\x1b[31m\x07.mp4",
    "Unicode": "Wäde-\u0301筋肉-🦵.mp4",
    "right to left": "calf\u202e4pm.mp4",
    "no UTF-8": "calf-\udcff\udcfe.mp4",
    "leading dash": "-rf.mp4",
    "script": "<script>alert(1)<&script>.mp4",
    "formula": "=cmd('|').mp4",
    "quotes": "\"calf' `id` $(id).mp4",
    "format": "%s%n{0}%Y.mp4",
    "protocol": "http:__127.0.0.1.mp4",
    "list": "concat:a|b.mp4",
    "pattern": "calf%03d*.mp4",
    "no suffix": "calf",
    "two dots": "...mp4",
    "longest": "x" * 230 + ".mp4",
}


def _named(name: str, folder: Path) -> Path:
    path = folder / name
    path.write_bytes(fine())
    return path


for _what, _name in NAMES.items():
    add(f"name with {_what}" if _what != "longest" else "name of 234 letters", RESULT, "", partial(_named, _name))
