"""The thread that turns queued messages into committed batches, one after another."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import structlog

from domain.accounts import Fate
from domain.arrivals import SAMPLE_BYTES_MAX, Arrivals, Committed, Refused
from domain.clock import DAY_NS
from domain.errors import InvalidInput, StoreUnavailable
from domain.ports import SpoolWriter
from domain.topics import Topic
from ingest.columns import plain
from ingest.intake import Intake
from ingest.messages import PASSED, Message
from ingest.settings import IngestSettings

log = structlog.get_logger()

_NOTHING = Committed(0, 0, 0, 0, 0, ())
_RETRY_FIRST_S, _RETRY_LAST_S = 0.1, 5.0
#: some 4 MB of waveforms are committed at once
_WAVE_SHARE = 16


class Writer:
    """Takes messages from a bounded queue, commits them in batches and says so.

    Parameters
    ----------
    done
        Called from the writer's thread after each commit, with the messages in it and what
        became of them. What is not handed to it was not committed and will come again.

    """

    def __init__(
        self,
        intake: Intake,
        spool: SpoolWriter,
        settings: IngestSettings,
        done: Callable[[list[Message], Committed], None],
    ) -> None:
        self._intake = intake
        self._spool = spool
        self._settings = settings
        self._done = done
        self._queue: deque[Message] = deque()
        self._bytes_in = self._bytes_out = 0  # each is changed by one thread only
        self._enough = min(settings.batch_readings_max, settings.batch_messages)
        self._idle = False
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="anju-ingest-writer", daemon=True)
        #: why nothing can be committed now; empty while all is well
        self.trouble = ""
        self.committed_messages = 0
        self.breakages = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what is still queued was not acknowledged and will come again."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Tell whether the thread runs."""
        return self._thread.is_alive()

    def put(self, message: Message) -> None:
        """Queue a message; `wake` must follow. To be called from one thread."""
        self._bytes_in += len(message.payload)
        self._queue.append(message)

    def put_all(self, messages: list[Message], size: int) -> None:
        """Queue messages of one read; `size` is the sum of their payloads, bytes."""
        self._bytes_in += size
        self._queue.extend(messages)

    def wake(self) -> None:
        """Tell the thread that there is something to do.

        While it gathers a batch it is left alone until there is enough: each needless waking
        costs the door's thread its turn.
        """
        if len(self._queue) >= self._enough or (self._idle and self._queue):
            self._wake.set()

    @property
    def full(self) -> bool:
        """Tell that nothing more should be put for now."""
        return (
            len(self._queue) >= self._settings.queue_messages_max
            or self._bytes_in - self._bytes_out >= self._settings.queue_bytes_max
        )

    @property
    def room(self) -> int:
        """Count the messages that may still be put before it is full."""
        return max(0, self._settings.queue_messages_max - len(self._queue))

    @property
    def has_room(self) -> bool:
        """Tell that half of what may be queued is free: time to read again."""
        return (
            len(self._queue) <= self._settings.queue_messages_max // 2
            and self._bytes_in - self._bytes_out <= self._settings.queue_bytes_max // 2
        )

    def __len__(self) -> int:
        """Count the messages that are queued."""
        return len(self._queue)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._idle = True
            if not self._queue:  # what is put from here on wakes
                self._wake.wait()
            self._idle = False
            self._wake.clear()
            while self._queue and not self._stopping.is_set():
                self._gather()
                messages = self._next_batch()
                committed = self._commit(messages)
                if committed is None:
                    return
                self.committed_messages += len(messages)
                self._done(messages, committed)

    def _gather(self) -> None:
        """Wait a little for a batch worth its sync; at low rates that saves most syncs."""
        until = time.monotonic() + self._settings.batch_wait_s
        while len(self._queue) < self._enough and not self._stopping.is_set():
            left = until - time.monotonic()
            if left <= 0:
                return
            self._wake.wait(left)
            self._wake.clear()

    def _next_batch(self) -> list[Message]:
        # how many readings a message holds is known when it is decoded; its size tells
        # about how many: few are shorter than 50 bytes
        messages: list[Message] = []
        queue, most = self._queue, self._settings.batch_readings_max
        day = queue[0].received_at_ns // DAY_NS
        size, size_max, taken = 0, most * 50, 0
        while queue and len(messages) < most:
            following = queue[0]
            length = len(following.payload)
            # a waveform counts for a part of its size: it is one reading only
            size += length // _WAVE_SHARE if following.topic.endswith("/wave") else length
            # a batch stands in the account of one day
            if messages and (size > size_max or following.received_at_ns // DAY_NS != day):
                break
            messages.append(queue.popleft())
            taken += length
        self._bytes_out += taken
        return messages

    def _commit(self, messages: list[Message]) -> Committed | None:
        """Commit until it succeeds; `None` when told to stop first."""
        messages = [message for message in messages if message.refused is not PASSED]
        if not messages:
            return _NOTHING
        arrivals: Arrivals | None = None
        wait_s = _RETRY_FIRST_S
        while not self._stopping.is_set():
            try:
                arrivals = arrivals or self._decode(messages)
                committed = self._spool.write(arrivals)
            except StoreUnavailable as error:
                if self.trouble != str(error):
                    log.error("spool refuses", reason=str(error), messages=len(messages))
                self.trouble = str(error)
            except Exception as error:
                self.breakages += 1
                self.trouble = f"commit failed: {error!r}"
                log.exception("commit failed", messages=len(messages))
            else:
                if self.trouble:
                    log.info("spool takes readings again")
                self.trouble = ""
                return committed
            self._stopping.wait(wait_s)
            wait_s = min(2 * wait_s, _RETRY_LAST_S)
        return None

    def _decode(self, messages: list[Message]) -> Arrivals:
        try:
            return self._intake.arrivals(messages)
        except Exception:
            self.breakages += 1
            log.exception("decoding failed", messages=len(messages))
        good: list[Message] = []
        broken: list[Refused] = []
        for message in messages:
            try:
                self._intake.arrivals([message])
            except Exception as error:  # noqa: BLE001 - as above; it is kept with its reason
                broken.append(_broken(message, error))
            else:
                good.append(message)
        arrivals = self._intake.arrivals(good)
        return replace(
            arrivals,
            refused=(*arrivals.refused, *broken),
            received_at_ns=messages[-1].received_at_ns,
        )


def _broken(message: Message, error: Exception) -> Refused:
    try:
        gateway_id = plain(Topic.parse(message.topic).gateway_id)
    except InvalidInput:
        gateway_id = ""
    return Refused(
        gateway_id=gateway_id,
        received_at_ns=message.received_at_ns,
        fate=Fate.REJECTED,
        reason="internal error",
        detail=plain(f"{type(error).__name__}: {error}"),
        readings=0,
        sample=bytes(message.payload[:SAMPLE_BYTES_MAX]),
    )
