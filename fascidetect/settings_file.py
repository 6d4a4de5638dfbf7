"""Settings as people write them: TOML files, areas, scales and times in words.

Everything here turns text into the values of `fascidetect.settings` and raises `SettingsError`
with one line that names the mistake and the nearest right answer.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from fascidetect.errors import SettingsError
from fascidetect.parse import json_tree, toml_tree
from fascidetect.settings import Roi, Settings

_MM = {"mm": 1.0, "cm": 10.0}
_SCALE = re.compile(
    r"^\s*(?P<x1>[^,\s]+)\s*,\s*(?P<y1>[^,\s]+)\s+(?P<x2>[^,\s]+)\s*,\s*(?P<y2>[^,\s=]+)\s*"
    r"=\s*(?P<length>[0-9.]+)\s*(?P<unit>[a-z]+)\s*$"
)


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as shown by ``fascidetect config``; ``name`` is ``table.key``."""

    name: str
    default: Any
    unit: str
    low: float
    high: float
    meaning: str

    @property
    def range(self) -> str:
        """The allowed values in words; empty where any value goes."""
        if math.isinf(self.low) and math.isinf(self.high):
            return ""
        if math.isinf(self.high):
            return f"{self.low:g} or more"
        return f"{self.low:g} to {self.high:g}"


def describe(settings: Settings | None = None) -> tuple[SettingRow, ...]:
    """List every setting with its value, unit, range and meaning, in the order of the tables."""
    settings = settings or Settings()
    return tuple(
        SettingRow(
            f"{table.name}.{item.name}",
            getattr(getattr(settings, table.name), item.name),
            item.metadata["unit"],
            item.metadata["low"],
            item.metadata["high"],
            item.metadata["meaning"],
        )
        for table in dataclasses.fields(settings)
        for item in dataclasses.fields(getattr(settings, table.name))
    )


def to_toml(settings: Settings | None = None) -> str:
    """Write settings as a commented TOML file that `load_settings` reads back to the same value."""
    lines: list[str] = []
    table = ""
    for row in describe(settings):
        head, key = row.name.split(".")
        if head != table:
            lines += ["", f"[{head}]"]
            table = head
        notes = "; ".join(part for part in (f"unit: {row.unit}" if row.unit else "", row.range) if part)
        lines.append(f"# {row.meaning}{f' ({notes})' if notes else ''}")
        lines.append(f"# {key} =" if row.default is None else f"{key} = {_toml_value(row.default)}")
    return "\n".join(lines).lstrip("\n") + "\n"


def _toml_value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml_value(item) for item in value)}]"
    if isinstance(value, Roi):
        corners = ", ".join(f"[{float(x)!r}, {float(y)!r}]" for x, y in value.points)
        return f"{{ name = {json.dumps(value.name, ensure_ascii=False)}, points = [{corners}] }}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


def load_settings(path: Path, base: Settings | None = None) -> Settings:
    """Read settings from a TOML file; what the file leaves out stays as in ``base``, or keeps its default.

    Raises
    ------
    SettingsError
        The file cannot be read, is no TOML, or holds an unknown key or a value that makes no sense.
    """
    try:
        tables = toml_tree(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"cannot read settings from {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise SettingsError(f"{path} is not a TOML file: {error}") from error
    try:
        return settings_from(tables, base)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error


def settings_from(tables: Mapping[str, Any], base: Settings | None = None) -> Settings:
    """Change settings, or the defaults, by the tables of a TOML file, ``{"detect": {"kappa": 7.0}}``."""
    base = base or Settings()
    known = {row.name for row in describe()}
    names = [item.name for item in dataclasses.fields(Settings)]
    parts: dict[str, Any] = {}
    for table, values in tables.items():
        if table not in names:
            raise SettingsError(_unknown(table, values, names, known))
        if not isinstance(values, Mapping):
            raise SettingsError(f"{table} must be a table: write [{table}] on a line of its own")
        parts[table] = _part(table, values, known, getattr(base, table))
    return dataclasses.replace(base, **parts)


def settings_from_json(tables: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Settings as result.json holds them; null stands for what has no value, and for no end."""
    return settings_from({name: {k: v for k, v in table.items() if v is not None} for name, table in tables.items()})


def _unknown(table: str, values: Any, names: list[str], known: set[str]) -> str:
    if isinstance(values, Mapping):
        return f"unknown table [{table}]{_did_you_mean(table, names)}"
    return f"unknown setting {table}{_did_you_mean(table, known)}"


def _part(table: str, values: Mapping[str, Any], known: set[str], base: Any) -> Any:
    hints = typing.get_type_hints(type(base))
    checked: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{table}.{key}"
        if name not in known:
            raise SettingsError(f"unknown setting {name}{_did_you_mean(name, known)}")
        checked[key] = _rois(value, name) if name == "clip.rois" else _checked(name, value, hints[key])
    try:
        return dataclasses.replace(base, **checked)
    except SettingsError as error:
        raise SettingsError(f"[{table}] {error}") from error


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    key = name.rsplit(".", 1)[-1]
    same_key = [other for other in known if other.rsplit(".", 1)[-1] == key]
    near_key = difflib.get_close_matches(key, [other.rsplit(".", 1)[-1] for other in known], n=1, cutoff=0.7)
    matches = (
        same_key
        or difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        or [other for other in known if near_key and other.rsplit(".", 1)[-1] == near_key[0]]
        or difflib.get_close_matches(name, known, n=1, cutoff=0.3)
    )
    return f"; did you mean {matches[0]}?" if matches else f"; one of {', '.join(known)}"


def _checked(name: str, value: Any, hint: Any) -> Any:
    """Return the value as the type a setting wants, or say what it should have been."""
    for kind in _kinds(hint):
        if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if kind is int and isinstance(value, int) and not isinstance(value, bool):
            return value
        if kind in (bool, str) and isinstance(value, kind):
            return value
        if kind is tuple and isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
    words = {float: "a number", int: "a whole number", bool: "true or false", str: "text", tuple: "a list of texts"}
    wanted = " or ".join(words[kind] for kind in _kinds(hint))
    raise SettingsError(f"{name} must be {wanted}, got {value!r}")


def _kinds(hint: Any) -> list[type]:
    """Plain types behind an annotation, without None."""
    origin = typing.get_origin(hint)
    if origin is Literal:
        return [str]
    if origin is tuple:
        return [tuple]
    if origin in (types.UnionType, typing.Union):
        return [kind for kind in typing.get_args(hint) if kind is not type(None)]
    return [hint]


def parse_roi(text: str) -> Roi:
    """Read one area written ``[NAME=]X,Y,W,H`` in px of the upright, full-size picture."""
    name, _, numbers = text.rpartition("=")
    try:
        x, y, w, h = (_finite(part) for part in numbers.split(","))
    except ValueError:
        raise SettingsError(
            f"cannot read the area {text!r}: write X,Y,WIDTH,HEIGHT in px, for example 120,60,400,250 "
            "or calf=120,60,400,250"
        ) from None
    return Roi.rectangle(x, y, w, h, name.strip())


def load_rois(path: Path) -> tuple[Roi, ...]:
    """Read areas from a JSON file: a list, or ``{"rois": [...]}``.

    Each area is ``{"name", "x", "y", "w", "h"}`` or ``{"name", "points": [[x, y], ...]}``, in px of
    the upright, full-size picture; the name may be left out.
    """
    try:
        document = json_tree(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"cannot read areas from {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise SettingsError(f"{path} is not a JSON file: {error}") from error
    entries = document.get("rois") if isinstance(document, dict) else document
    rois = _rois(entries, str(path))
    if not rois:
        raise SettingsError(f"{path} holds no area")
    return rois


def _rois(entries: Any, where: str) -> tuple[Roi, ...]:
    if not isinstance(entries, list):
        raise SettingsError(f"{where} must be a list of areas")
    return tuple(_roi(entry, f"{where}, area {number}") for number, entry in enumerate(entries, 1))


def _roi(entry: Any, where: str) -> Roi:
    if isinstance(entry, str):
        return parse_roi(entry)
    if not isinstance(entry, dict):
        raise SettingsError(f'{where}: write {{"name", "x", "y", "w", "h"}} or {{"name", "points"}}')
    unknown = sorted(set(entry) - {"name", "x", "y", "w", "h", "points"})
    if unknown:
        raise SettingsError(f"{where}: unknown key {unknown[0]!r}; known are name, x, y, w, h, points")
    try:
        return _roi_from(entry)
    except KeyError as error:
        raise SettingsError(f"{where}: {error.args[0]} is missing; it needs x, y, w, h or points") from None
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from None
    except (TypeError, ValueError):
        raise SettingsError(f"{where}: every coordinate must be a finite number") from None


def _roi_from(entry: dict[str, Any]) -> Roi:
    name = entry.get("name", "")
    if not isinstance(name, str):
        raise SettingsError(f"the name must be text, got {name!r}")
    if "points" in entry:
        return Roi(tuple((_finite(x), _finite(y)) for x, y in entry["points"]), name)
    x, y, w, h = (_finite(entry[key]) for key in "xywh")
    return Roi.rectangle(x, y, w, h, name)


def parse_scale(text: str) -> float:
    """Read a scale written ``X1,Y1 X2,Y2 = 20 mm`` and return millimeters per px.

    The two places are in px of the upright, full-size picture; the length may be in mm or cm.
    """
    wrong = (
        f"cannot read the scale {text!r}: write two places and their distance, for example '100,200 340,200 = 20 mm'"
    )
    match = _SCALE.match(text)
    if not match:
        raise SettingsError(wrong)
    try:
        x1, y1, x2, y2, length = (_finite(match[key]) for key in ("x1", "y1", "x2", "y2", "length"))
    except ValueError:
        raise SettingsError(wrong) from None
    if match["unit"].lower() not in _MM:
        raise SettingsError(f"the unit of a scale is mm or cm, got {match['unit']!r}")
    distance_px = math.hypot(x2 - x1, y2 - y1)
    if distance_px == 0 or length <= 0:
        raise SettingsError(f"the scale {text!r} needs two different places and a length above 0")
    return float(length * _MM[match["unit"].lower()] / distance_px)


def parse_floor(text: str) -> dict[str, float]:
    """Read a least size written ``0.5 px`` or ``0.1 mm`` and return the settings it stands for."""
    match = re.fullmatch(r"\s*(?P<size>[0-9.]+)\s*(?P<unit>px|mm)\s*", text, re.IGNORECASE)
    if not match:
        _no_floor(text)
    try:
        size = _finite(match["size"])
    except ValueError:
        _no_floor(text)
    return {"floor_px": 0.0, "floor_mm": 0.0, f"floor_{match['unit'].lower()}": size}


def _no_floor(text: str) -> NoReturn:
    raise SettingsError(f"cannot read the size {text!r}: write a number with its unit, 0.5px or 0.1mm")


def parse_time(text: str) -> float:
    """Read a time written as seconds (``75.5``), ``M:SS`` or ``H:MM:SS`` and return seconds."""
    *whole, last = text.strip().removesuffix("s").strip().split(":")
    try:
        if len(whole) > 2 or not all(part.isdecimal() and len(part) < 10 for part in whole):
            raise ValueError
        seconds = _finite(last)
        if seconds < 0 or (whole and seconds >= 60) or (len(whole) == 2 and int(whole[1]) >= 60):
            raise ValueError
    except ValueError:
        raise SettingsError(f"cannot read the time {text!r}: write seconds (75.5) or minutes (1:15.5)") from None
    return seconds + sum(60.0**power * int(part) for power, part in enumerate(reversed(whole), 1))


def _finite(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number
