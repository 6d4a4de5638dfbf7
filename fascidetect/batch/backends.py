"""Where tasks are worked on: in processes of this machine, or on a Dask cluster.

Either takes tasks one by one, a few ahead of the work, and gives outcomes in the order in which they
are ready. Leaving the loop early gives up what is in flight.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any

from fascidetect.batch.task import Outcome, Task, Watch
from fascidetect.batch.worker import run_task
from fascidetect.errors import FasciError, SettingsError

_TOPIC = "fascidetect"
_EVERY_S = 5.0
"""How often a worker tells how far a clip is: a scheduler may have a thousand of them."""

_SCHEDULER_LOST = "the Dask scheduler was lost; what is done is kept: the same command goes on from there"


def run_here(tasks: Iterable[Task], jobs: int, watch: Watch) -> Generator[Outcome]:
    """Work on so many clips at once, each in a process of its own.

    Parameters
    ----------
    watch
        Told how far each clip is, from several threads.
    """
    stop, tasks = threading.Event(), iter(tasks)
    with ThreadPoolExecutor(jobs) as pool:
        try:
            at_work: set[Future[Outcome]] = {pool.submit(run_task, task, watch, stop) for task in islice(tasks, jobs)}
            while at_work:
                done, at_work = wait(at_work, return_when=FIRST_COMPLETED)
                at_work |= {pool.submit(run_task, task, watch, stop) for task in islice(tasks, len(done))}
                yield from (future.result() for future in done)
        finally:
            stop.set()


@contextlib.contextmanager
def dask_client(where: str) -> Iterator[Any]:
    """Connect to a Dask scheduler, or start workers on this machine for the while.

    Parameters
    ----------
    where
        ``tcp://host:port``, or ``local:N`` for N workers here.

    Raises
    ------
    SettingsError
        ``where`` is neither.
    FasciError
        Dask is not installed, or the scheduler does not answer.
    """
    kind, _, rest = where.partition(":")
    here = kind == "local" and rest.isdecimal() and int(rest) > 0
    if not here and not rest.startswith("//"):
        raise SettingsError(f"--dask is tcp://HOST:PORT of a scheduler, or local:N, got {where!r}")
    try:
        import distributed
    except ImportError:
        raise FasciError("--dask needs the package distributed: pip install 'fascidetect[dask]'") from None
    with contextlib.ExitStack() as stack:
        if here:
            own = distributed.LocalCluster(
                n_workers=int(rest),
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                silence_logs=logging.ERROR,
            )
            where = stack.enter_context(own).scheduler_address
        try:
            client = distributed.Client(where, timeout=10)
        except (OSError, ValueError) as error:
            raise FasciError(f"the Dask scheduler at {where} does not answer; is `dask scheduler` running?") from error
        yield stack.enter_context(client)


def run_dask(client: Any, tasks: Iterable[Task], watch: Watch, workers: Callable[[int], None]) -> Generator[Outcome]:
    """Send clips to the workers of a cluster, two for each thread at a time.

    A clip whose worker is lost is sent to another, up to the number of times that Dask is configured for.

    Parameters
    ----------
    workers
        Told the number of threads in the cluster, at first and when it changes.
    """
    import distributed

    threads, tasks = -1, iter(tasks)
    client.subscribe_topic(_TOPIC, lambda event: watch(*event[1]))
    done = distributed.as_completed(loop=client.loop, with_results=True, raise_errors=False)
    names: dict[str, str] = {}
    try:
        while True:
            if (now := sum(client.nthreads().values())) != threads:
                threads = now
                workers(threads)
            for task in islice(tasks, max(0, 2 * max(threads, 1) - len(names))):
                future = client.submit(_on_worker, task, pure=False)
                names[future.key] = task.clip
                done.add(future)
            if not names:
                break
            future, answer = next(done)
            yield _outcome(names.pop(future.key), future.status, answer)
        client.unsubscribe_topic(_TOPIC)
    except OSError as error:
        raise FasciError(_SCHEDULER_LOST) from error


def _outcome(clip: str, status: str, answer: Any) -> Outcome:
    if status == "finished":
        outcome: Outcome = answer
        return outcome
    if status != "error":
        raise FasciError(_SCHEDULER_LOST)
    return Outcome(clip, f"its workers were lost or could not run it: {' '.join(str(answer[1]).split())}")


def _on_worker(task: Task) -> Outcome:
    """Do a task on a worker, in a process of its own like anywhere else."""
    import distributed

    worker, key = distributed.get_worker(), distributed.worker.thread_state.key

    last_s = -math.inf

    def watch(*told: Any) -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= _EVERY_S:
            last_s = time.monotonic()
            worker.log_event(_TOPIC, told)

    return run_task(task, watch, _Forgotten(worker, key))


class _Forgotten(threading.Event):
    """Set when the scheduler no longer wants a task, because whoever asked is gone."""

    def __init__(self, worker: Any, key: Any) -> None:
        super().__init__()
        self._tasks, self._key = worker.state.tasks, key

    def is_set(self) -> bool:
        task = self._tasks.get(self._key)
        return task is None or task.state in ("cancelled", "released", "forgotten")
