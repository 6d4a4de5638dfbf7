"""Recipes as people write them: TOML files, read with errors that name the nearest right key."""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from fascidetect.errors import SettingsError
from fascidetect.parse import toml_tree
from fascidetect.phantom.recipe import Camera, Nuisance, Recipe, Scene, Twitch
from fascidetect.phantom.twitch import Habit, scatter

_TABLES = ("scene", "camera", "habit")
_LISTS = {"twitches": Twitch, "nuisances": Nuisance}
_CLASSES = {"scene": Scene, "camera": Camera, "habit": Habit}

T = TypeVar("T")


def load_recipe(path: Path, *, seed: int | None = None) -> Recipe:
    """Read a recipe; twitches of its ``[habit]`` are drawn with the habit's or the recipe's seed and added to its own.

    Parameters
    ----------
    path
        A TOML file.
    seed
        Instead of the recipe's own, and of its habit's.

    Raises
    ------
    SettingsError
        The file cannot be read, is no TOML, or holds an unknown key or a value that makes no sense.
    """
    try:
        tables = toml_tree(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"cannot read the recipe {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise SettingsError(f"{path} is not a TOML file: {error}") from error
    try:
        return recipe_from(tables if seed is None else _reseeded(tables, seed))
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error


def _reseeded(tables: Mapping[str, Any], seed: int) -> dict[str, Any]:
    habit = tables.get("habit")
    return {**tables, "seed": seed, **({"habit": {**habit, "seed": seed}} if isinstance(habit, Mapping) else {})}


def recipe_from(tables: Mapping[str, Any]) -> Recipe:
    """Build a recipe from the tables of a TOML file."""
    plain = {key: value for key, value in tables.items() if key not in (*_TABLES, *_LISTS)}
    parts: dict[str, Any] = {
        name: _built(_CLASSES[name], tables[name], f"[{name}]") for name in _TABLES if name in tables
    }
    for name, cls in _LISTS.items():
        parts[name] = tuple(_each(cls, tables.get(name, []), name))
    habit = parts.pop("habit", None)
    known = [f.name for f in dataclasses.fields(Recipe)] + ["habit"]
    recipe = _built(Recipe, plain, "the recipe", known=known, ready=parts)
    if habit is None:
        return recipe
    drawn = scatter(np.random.default_rng(recipe.seed if habit.seed is None else habit.seed), recipe, habit)
    return replace(recipe, twitches=(*recipe.twitches, *drawn))


def _each(cls: type[T], entries: Any, name: str) -> Iterable[T]:
    if not isinstance(entries, list):
        raise SettingsError(f"{name} must be a list: write [[{name}]] before each")
    for number, entry in enumerate(entries, 1):
        yield _built(cls, entry, f"[[{name}]] {number}")


def _built(
    cls: type[T], values: Any, where: str, *, known: list[str] | None = None, ready: Mapping[str, Any] | None = None
) -> T:
    """One value from one table; `ready` are fields that were built before."""
    if not isinstance(values, Mapping):
        raise SettingsError(f"{where} must be a table of its own")
    hints = typing.get_type_hints(cls)
    known = known or list(hints)
    for key in values:
        if key not in known:
            raise SettingsError(f"{where}: unknown key {key!r}{_nearest(key, known)}")
    checked = {key: _checked(f"{where} {key}", value, hints[key]) for key, value in values.items()}
    try:
        return cls(**checked, **(ready or {}))
    except TypeError as error:
        missing = ", ".join(name for name in _required(cls) if name not in checked)
        raise SettingsError(f"{where}: {missing or error} must be given") from error
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from error


def _required(cls: Any) -> list[str]:
    none = dataclasses.MISSING
    return [f.name for f in dataclasses.fields(cls) if f.default is none and f.default_factory is none]


def _nearest(key: str, known: Iterable[str]) -> str:
    known = sorted(known)
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    return f"; did you mean {near[0]}?" if near else f"; one of {', '.join(known)}"


def _checked(name: str, value: Any, hint: Any) -> Any:
    """Return the value as its field wants it, or say what it should have been."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return _chosen(name, value, inner)
    if origin is tuple:
        return _listed(name, value, inner)
    if origin in (types.UnionType, typing.Union):
        return _checked(name, value, next(kind for kind in inner if kind is not type(None)))
    return _plain(name, value, hint)


def _chosen(name: str, value: Any, words: tuple[Any, ...]) -> Any:
    if value not in words:
        near = _nearest(str(value), [str(word) for word in words])
        raise SettingsError(f"{name} must be one of {', '.join(map(str, words))}, got {value!r}{near}")
    return value


def _listed(name: str, value: Any, inner: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise SettingsError(f"{name} must be a list, got {value!r}")
    kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
    if len(kinds) != len(value):
        raise SettingsError(f"{name} must have {len(kinds)} entries, got {len(value)}")
    return tuple(_checked(name, one, kind) for one, kind in zip(value, kinds, strict=True))


def _plain(name: str, value: Any, hint: type) -> Any:
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value):
        return float(value)
    if type(value) is hint:
        return value
    words = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}
    raise SettingsError(f"{name} must be {words.get(hint, str(hint))}, got {value!r}")
