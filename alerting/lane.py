"""One notifier's own threads, so that a channel that hangs delays no other."""

import itertools
import queue
import threading
from collections.abc import Callable

from domain.alerts import Notice

#: what stands in the queue to end a thread, behind everything else
_LAST = (1 << 62, 0, 0)


class Lane:
    """Sends the notices of one notifier, worst level first, oldest first.

    Parameters
    ----------
    work
        Handles one notice; never raises.
    threads
        How many are sent at once; started when the first notice comes.

    """

    def __init__(self, name: str, work: Callable[[Notice], None], threads: int) -> None:
        self._name, self._work, self._limit = name, work, threads
        self._queue: queue.PriorityQueue[tuple[tuple[int, int, int], Notice | None]] = (
            queue.PriorityQueue()
        )
        self._number = itertools.count()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def put(self, notice: Notice) -> None:
        """Take a notice in; its turn comes by level and age."""
        key = -notice.level, notice.created_at_ns, next(self._number)
        self._queue.put((key, notice))
        if len(self._threads) < self._limit:
            thread = threading.Thread(
                target=self._run, name=f"notify-{self._name}-{len(self._threads)}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def close(self, wait_s: float) -> None:
        """Send nothing more; what is on its way may end within the wait."""
        self._closed = True
        for _ in self._threads:
            self._queue.put((_LAST, None))
        for thread in self._threads:
            thread.join(wait_s)

    def _run(self) -> None:
        while True:
            _, notice = self._queue.get()
            if notice is None or self._closed:
                return
            self._work(notice)
