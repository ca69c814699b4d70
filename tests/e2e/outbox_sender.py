"""A process that sends an outbox's notices, and may die by SIGKILL between send and mark."""

import os
import signal
import sys
import threading
from dataclasses import replace

from alerting.dispatch import Dispatcher
from alerting.notifiers import notifiers
from domain.alerts import Notice
from domain.clock import SystemClock
from storage.records import open_records


class DyingOutbox:
    """The real outbox, until so many marks were asked for: then the process is killed."""

    def __init__(self, outbox: object, marks: int) -> None:
        self._outbox, self._left = outbox, marks
        self._lock = threading.Lock()
        self.due = outbox.due  # type: ignore[attr-defined]
        self.unfinished = outbox.unfinished  # type: ignore[attr-defined]

    def mark(self, notice: Notice) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        self._outbox.mark(replace(notice))  # type: ignore[attr-defined]


def main(records_url: str, target_url: str, secret: str, marks: str) -> None:
    records = open_records(records_url)
    table = {"webhook": {"targets": {"main": {"url": target_url, "secret": secret}}}}
    outbox = DyingOutbox(records.outbox, int(marks))
    dispatcher = Dispatcher(outbox, notifiers(table), SystemClock())  # type: ignore[arg-type]
    while records.outbox.unfinished():
        dispatcher.run_once()
    dispatcher.close()
    records.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
