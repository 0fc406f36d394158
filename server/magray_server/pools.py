"""Worker threads, in bounded pools by what they wait for, so that slow work of one kind cannot starve another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import Enum
from typing import TypeVar

_Result = TypeVar("_Result")


class Pool(Enum):
    """The pools, each with its number of threads. Their queues are bounded by the number of pending requests."""

    QUICK = ("quick", 2)  # hover, menus, search: milliseconds on a warm index
    PLANNING = ("planning", 2)  # engines: seconds
    FILES = ("files", 1)  # the disk, in order: opening stores, writing, re-reading


class Workers:
    """The threads of one server; started when first used."""

    def __init__(self) -> None:
        self._executors: dict[Pool, ThreadPoolExecutor] = {}

    def submit(self, pool: Pool, work: Callable[[], _Result]) -> Future[_Result]:
        """Run the work on a thread of the pool."""
        executor = self._executors.get(pool)
        if executor is None:
            name, n_threads = pool.value
            executor = self._executors[pool] = ThreadPoolExecutor(n_threads, thread_name_prefix=f"magray-{name}")
        return executor.submit(work)

    def stop(self) -> None:
        """Start nothing more. What runs has been told to stop by its token; nobody waits for it."""
        for executor in self._executors.values():
            executor.shutdown(wait=False, cancel_futures=True)
