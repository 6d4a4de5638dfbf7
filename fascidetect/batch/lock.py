"""One run at a time over the same results; shards beside each other, each once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fascidetect.batch.recordings import Shard
from fascidetect.errors import OutputError

if TYPE_CHECKING:
    from filelock import FileLock

_WHOLE = ".batch.lock"
_PATIENCE_S = 2.0
"""Shards that start together meet at the lock of the whole for a moment."""


@contextlib.contextmanager
def only_run(results: Path, shard: Shard | None = None, *, wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Keep the results for this run; the lock goes with the process, however it ends.

    Parameters
    ----------
    results
        Made if need be.
    shard
        Shards only keep out a run over the whole, and the same shard.
    wait
        Called once before waiting for another run to end; None = do not wait.

    Raises
    ------
    OutputError
        Another run is at work on the results and is not to be waited for, or a lock cannot be made.
    """
    from filelock import Timeout

    with contextlib.ExitStack() as held:
        try:
            results.mkdir(parents=True, exist_ok=True)
            _take_all(held, results, shard, wait)
        except Timeout:
            raise OutputError(f"another run is at work on {results}; let it end, or use --wait or another -o") from None
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise OutputError(f"cannot write results to {results}: {reason}; choose another folder with -o") from error
        yield


def _take_all(held: contextlib.ExitStack, results: Path, shard: Shard | None, wait: Callable[[], None] | None) -> None:
    whole = results / _WHOLE
    if shard is None:
        for path in (whole, *sorted(results.glob(".shard-*-of-*.lock"))):
            held.callback(_take(path, wait).release)
    else:
        held.callback(_take(results / f".shard-{shard.i}-of-{shard.n}.lock", wait).release)
        _take(whole, wait).release()  # nobody works on the whole, and none can from here on


def _take(path: Path, wait: Callable[[], None] | None) -> FileLock:
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=_PATIENCE_S)
    except Timeout:
        if wait is None:
            raise
        wait()
        lock.acquire(poll_interval=0.5)
    return lock
