"""A run made in parts: what an earlier one found is taken over, if it was the same detector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from jobs import OURS, Outcome


def outcomes_tree(ours: Sequence[Outcome], theirs: Mapping[str, Sequence[Outcome]]) -> dict[str, Any]:
    """All that a later run needs to go on from this one, by method."""
    return msgspec.to_builtins({OURS: list(ours), **{name: list(some) for name, some in theirs.items()}}, str_keys=True)


def earlier(path: Path) -> dict[str, list[Outcome]]:
    """Read what `outcomes_tree` gave from the file of a run."""
    held = msgspec.json.decode(path.read_bytes()).get("outcomes")
    if not held:
        raise SystemExit(f"{path} does not hold what --onto needs: it was written by an older version")
    return msgspec.convert(held, dict[str, list[Outcome]], strict=False)


def check_shared(before: Sequence[Outcome], names: Iterable[str]) -> None:
    """Refuse, before the work begins, to go on from a run that has no clip in common with this one."""
    if before and not {o.name for o in before} & set(names):
        raise SystemExit("the earlier run shares no clip with this one: so nobody would know whether they are alike")


def joined(before: Sequence[Outcome], now: Sequence[Outcome]) -> list[Outcome]:
    """Both together.

    Clips that both made must have come out alike: by them one knows that what decides is the same, whatever was
    changed in the code.
    """
    new = {o.name: o for o in now}
    shared = [o for o in before if o.name in new]
    other = [o.name for o in shared if _told(o) != _told(new[o.name])]
    if other:
        raise SystemExit(
            f"{len(other)} of {len(shared)} clips come out otherwise than in the earlier run: {other[0]} ..."
        )
    return sorted([*(o for o in before if o.name not in new), *now], key=lambda o: o.name)


def _told(outcome: Outcome) -> Outcome:
    """What an outcome says of a clip, without what it says of the run."""
    return replace(outcome, pixels="", stale=False, wall_s=0.0)
