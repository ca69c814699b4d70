"""Processes for heavy computing: few tasks under way at a time, so that memory stays bounded."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from domain.errors import StoreUnavailable

Given = TypeVar("Given")
Made = TypeVar("Made")

#: a worker's parent is looked for so often
_PARENT_S = 2.0
#: processes that had nothing to do for so long are ended
IDLE_S = 120.0


class Compute:
    """Runs one function over tasks in processes of its own.

    A task is read only when a process is about to be free for it: at most `workers` + 1 are held.

    Parameters
    ----------
    workers
        Processes; 0 computes in the caller's thread.

    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._used_at = time.monotonic()

    def map(
        self, work: Callable[[Given], Made], tasks: Iterable[Given]
    ) -> Iterator[tuple[Given, Made]]:
        """Give each task with what came of it, in order.

        Raises
        ------
        StoreUnavailable
            When a process was ended from outside, as by the kernel for want of memory; the same
            call may be made again.

        """
        if not self._workers:
            for task in tasks:
                yield task, work(task)
            return
        under_way: deque[tuple[Given, Future[Made]]] = deque()
        try:
            for task in tasks:
                under_way.append((task, self._open().submit(work, task)))
                if len(under_way) > self._workers:
                    yield self._first(under_way)
            while under_way:
                yield self._first(under_way)
        except BrokenProcessPool as error:
            self.close()
            raise StoreUnavailable(f"a computing process ended by itself: {error}") from error
        finally:
            for _, future in under_way:
                future.cancel()
            self._used_at = time.monotonic()

    def rest(self) -> None:
        """End the processes when they had nothing to do for long."""
        if self._pool is not None and time.monotonic() - self._used_at > IDLE_S:
            self.close()

    def close(self) -> None:
        """End the processes; the next task starts new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def _open(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    self._workers,
                    # a fork of a process with threads may hold their locks for ever
                    mp_context=multiprocessing.get_context("spawn"),
                    initializer=_begin,
                    initargs=(os.getpid(),),
                )
            return self._pool

    def _first(self, under_way: "deque[tuple[Given, Future[Made]]]") -> tuple[Given, Made]:
        task, future = under_way.popleft()
        return task, future.result()


def _begin(parent: int) -> None:
    """Make a worker step back before the live parts, and end with its parent."""
    # Ctrl-C reaches all of a terminal's processes: the parent ends the workers in good order
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        os.nice(10)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    # the pipe of tasks does not close when the parent is killed: its other workers hold it too
    while os.getppid() == parent:
        time.sleep(_PARENT_S)
    os._exit(1)
