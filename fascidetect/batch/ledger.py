"""The ledger: what became of each recording, for which content, settings and version.

An index for speed and for failures, opened by the coordinator alone. It may be deleted: results are
recognized again by their result.json, and only what failed is tried once more.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from fascidetect.batch.recordings import Shard
from fascidetect.errors import OutputError

if TYPE_CHECKING:
    import sqlite3

State = Literal["done", "failed"]

FORMAT = 1
"""Of the ledger's table; a later one is refused."""

_KINDS = "nfs nfs4 cifs smb3 smbfs 9p afs ceph lustre gpfs beegfs glusterfs davfs sshfs"
NETWORK_FILE_SYSTEMS = frozenset(_KINDS.split())
"""As the system calls them, without ``fuse.`` before."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one recording.

    Attributes
    ----------
    clip
        Path relative to the folder of recordings.
    size_bytes, modified_ns
        Of the file when it was analyzed: while they stay, its content is taken to stay too.
    sha256
        Of its content.
    settings
        `task.settings_key`.
    """

    clip: str
    size_bytes: int
    modified_ns: int
    sha256: str
    settings: str
    version: str
    state: State
    error: str = ""
    wall_s: float = 0.0


_FIELDS = tuple(item.name for item in dataclasses.fields(Row))
_MAKE = f"""
CREATE TABLE IF NOT EXISTS recordings (
    {", ".join(f"{name} NOT NULL" for name in _FIELDS)}, PRIMARY KEY (clip)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS source (id INTEGER PRIMARY KEY, folder NOT NULL);
"""


class Ledger:
    """An open ledger; made by `open_ledger`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def find(self, clip: str) -> Row | None:
        """Look up a recording; one whose row is damaged is not known."""
        columns = ", ".join(_FIELDS)
        found = self._database.execute(f"SELECT {columns} FROM recordings WHERE clip = ?", (as_text(clip),)).fetchone()
        if found is None:
            return None
        try:
            return msgspec.convert(dict(zip(_FIELDS, found, strict=True)) | {"clip": clip}, Row)
        except msgspec.ValidationError:
            return None

    def source(self) -> str:
        """Folder of recordings, relative to that of the results; empty when not known yet."""
        found = self._database.execute("SELECT folder FROM source").fetchone()
        readable = found is not None and isinstance(found[0], bytes) and b"\0" not in found[0]
        return os.fsdecode(found[0]) if readable else ""

    def write_source(self, folder: str) -> None:
        """Remember the folder of recordings."""
        with self._database:
            self._database.execute("INSERT OR REPLACE INTO source VALUES (1, ?)", [os.fsencode(folder)])

    def write(self, row: Row) -> None:
        """Keep what became of a recording; it is on the disk when this returns."""
        values = [getattr(row, name) for name in _FIELDS]
        marks = ", ".join("?" * len(values))
        with self._database:
            self._database.execute(
                f"INSERT OR REPLACE INTO recordings VALUES ({marks})",
                [as_text(value) if isinstance(value, str) else value for value in values],
            )


def as_text(value: str) -> str:
    """Make names that are no UTF-8 fit for a database, a table and a link."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@contextlib.contextmanager
def open_ledger(path: Path, *, keep: bool = True) -> Iterator[Ledger]:
    """Open the ledger, or begin one.

    Parameters
    ----------
    keep
        Where there is none, make one on the disk; else one that nobody will see.

    Raises
    ------
    OutputError
        It cannot be written, is damaged, or was made by a later version of this program.
    """
    import sqlite3

    place = path if keep or path.exists() else ":memory:"
    try:
        if keep:
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error
    try:
        with contextlib.closing(sqlite3.connect(place)) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version > FORMAT:
                raise OutputError(f"{path} was written by a later version of fascidetect; use that, or another -o")
            if version < FORMAT:  # else a look need not write
                with database:
                    database.executescript(_MAKE)
                    database.execute(f"PRAGMA user_version = {FORMAT}")
            yield Ledger(database)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise OutputError(
            f"cannot use the ledger {path} ({' '.join(str(error).split())}); if it is damaged, delete it: "
            "results are recognized again by their folders"
        ) from error


def ledger_path(results: Path, shard: Shard | None) -> Path:
    """Choose a place on a local disk: beside the results, unless those lie on a network drive."""
    name = f"ledger-{shard.i}-of-{shard.n}.sqlite" if shard else "ledger.sqlite"
    if not on_network(results):
        return results / name
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    of_results = hashlib.sha256(os.fsencode(results.resolve())).hexdigest()[:16]
    return state / "fascidetect" / of_results / name


def on_network(path: Path, mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Whether a path lies on a file system of another machine, as far as this system tells."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    path = path.resolve()
    kinds: dict[Path, str] = {}
    for line in lines:
        _, place, kind, *_ = line.split(" ")
        place = place.encode().decode("unicode_escape")
        if path.is_relative_to(place):
            kinds[Path(place)] = kind
    nearest = max(kinds, key=lambda place: len(place.parts), default=None)
    return nearest is not None and kinds[nearest].removeprefix("fuse.") in NETWORK_FILE_SYSTEMS
