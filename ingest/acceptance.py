"""What both doors share: messages in, batches committed, counts kept, receipts held ready."""

import time
from collections import deque
from collections.abc import Callable, Iterator

from domain.arrivals import Committed, Receipt
from domain.ports import SpoolWriter
from domain.services import Health
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.receipts import Receipts
from ingest.settings import IngestSettings
from ingest.writer import Writer

#: what every door counts
FIGURES = (
    "messages", "bytes", "redelivered", "acknowledged", "acks of lost connections",
    "stored", "duplicate", "rejected", "quarantined", "batches", "receipts", "connections",
)  # fmt: skip


class Acceptance:
    """Stands between a door and the spool.

    The door puts messages in and, when it is woken, acknowledges those that `finished` gives.

    Parameters
    ----------
    directory
        Gives the register's newest state; asked once a batch.
    wake
        Called from the writer's thread when `finished` has something.

    Attributes
    ----------
    figures
        Counts since the start; the door adds its own.

    """

    def __init__(
        self,
        directory: Callable[[], Directory],
        spool: SpoolWriter,
        settings: IngestSettings,
        wake: Callable[[], None],
    ) -> None:
        self._intake = Intake(directory, settings)
        self._wake = wake
        self._done: deque[tuple[list[Message], Committed]] = deque()
        self.writer = Writer(self._intake, spool, settings, self._committed)
        self.receipts = Receipts(settings.receipt_every_s)
        self.figures = dict.fromkeys(FIGURES, 0)

    def _committed(self, messages: list[Message], committed: Committed) -> None:
        self._done.append((messages, committed))
        self._wake()

    def finished(self) -> Iterator[list[Message]]:
        """Give the messages that are on disk now, a batch at a time."""
        figures = self.figures
        while self._done:
            messages, committed = self._done.popleft()
            figures["batches"] += 1
            figures["stored"] += committed.stored
            figures["duplicate"] += committed.duplicate
            figures["rejected"] += committed.rejected
            figures["quarantined"] += committed.quarantined
            for receipt in committed.receipts:
                self.receipts.add(receipt)
            yield messages

    def due_receipts(self, limit: int) -> list[Receipt]:
        """Take out the receipts whose time has come."""
        due = self.receipts.due(time.monotonic(), limit) if len(self.receipts) else []
        self.figures["receipts"] += len(due)
        return due

    def stats(self) -> dict[str, int]:
        """Count since the start what came and what became of it."""
        return {
            **self.figures,
            "queued": len(self.writer),
            "receipts waiting": len(self.receipts),
            "breakages": self.writer.breakages,
            **self._intake.ignored,
        }

    def health(self, *, thread_alive: bool, trouble: str, well: str) -> Health:
        """Tell whether readings come in and are kept.

        Parameters
        ----------
        trouble
            What keeps the door itself from working; empty while all is well.
        well
            What to say then.

        """
        figures = tuple((name, float(n)) for name, n in self.stats().items())
        if not self.writer.alive or not thread_alive:
            return Health("ingest", "down", "a thread of ingest has ended", figures)
        if self.writer.trouble:
            return Health("ingest", "degraded", self.writer.trouble, figures)
        if trouble:
            return Health("ingest", "degraded", trouble, figures)
        return Health("ingest", "ok", well, figures)
