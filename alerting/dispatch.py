"""Notices leave through here: at least once each, worst first, by the next way when one refuses."""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import structlog

from alerting.lane import Lane
from alerting.pace import Pace
from domain.alerts import Delivery, Notice, NoticeState
from domain.clock import SECOND_NS, Clock
from domain.errors import NotFound, StoreUnavailable
from domain.ports import Notifier, Waiting

log = structlog.get_logger()

#: notices that wait in one lane at most; further ones stand back in the outbox, so that a
#: channel that hangs fills neither the memory nor the list of what is due
LANE_LIMIT = 64
#: seconds (of the injected clock) that a notice stands back when its lane is full
STAND_BACK_S = 5.0


class Dispatcher:
    """Sends what is due in the outbox.

    A notice is marked after it was sent: a crash between the two sends it again, with the same
    id. When the mark cannot be written it is kept here and written before anything else, so that
    a database that is away does not turn one notice into many.

    Parameters
    ----------
    notifiers
        By the name that a recipient's ways use.
    clock
        Decides what is due; it may stand still.
    threads
        Notices that one notifier sends at once.
    patience_s
        Real seconds that one `run_once` waits for channels; what takes longer goes on behind.

    """

    def __init__(
        self,
        outbox: Waiting,
        notifiers: Mapping[str, Notifier],
        clock: Clock,
        *,
        pace: Pace | None = None,
        threads: int = 2,
        patience_s: float = 0.25,
    ) -> None:
        self._outbox, self._notifiers, self._clock = outbox, notifiers, clock
        self._pace = pace or Pace()
        self._threads, self._patience_s = threads, patience_s
        self._lanes: dict[str, Lane] = {}
        self._changed = threading.Condition()
        self._under_way: dict[str, str] = {}
        self._unmarked: dict[str, Notice] = {}
        self._finished = 0
        self._counts: Counter[str] = Counter()

    def run_once(self) -> int:
        """Send what is due and tell how many tries ended, those begun earlier included.

        Returns when all tries have ended, or after `patience_s`; never sends one notice twice at
        the same time. For one thread only.

        Raises
        ------
        StoreUnavailable
            When the outbox cannot be read or written; call again.

        """
        self._mark_left()
        now_ns = self._clock.now_ns()
        with self._changed:
            busy = self._under_way.keys() | self._unmarked.keys()
        for notice in self._outbox.due(now_ns, LANE_LIMIT + len(busy)):
            if notice.id not in busy:
                self._begin(notice, now_ns)
        until = time.monotonic() + self._patience_s
        with self._changed:
            while self._under_way and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            ended, self._finished = self._finished, 0
        return ended

    def run(self, stop: threading.Event, every_s: float = 0.5) -> None:
        """Send until told to stop; an outbox that is away is asked again."""
        while not stop.is_set():
            rest_s = every_s
            try:
                if self.run_once():
                    rest_s = 0.0
            except StoreUnavailable as error:
                self._count("outbox away")
                log.warning("outbox is away", error=str(error))
                rest_s = max(every_s, 1.0)
            stop.wait(rest_s)
        self.close()

    def close(self, wait_s: float = 5.0) -> None:
        """Let what is on its way end, and begin nothing more."""
        for lane in self._lanes.values():
            lane.close(wait_s)
        try:
            self._mark_left()
        except StoreUnavailable as error:
            log.warning("outbox is away; sent notices will be sent again", error=str(error))

    def figures(self) -> tuple[tuple[str, float], ...]:
        """Count tries by what came of them since the start, and those under way."""
        with self._changed:
            counts = dict(self._counts)
            counts["under way"] = len(self._under_way)
            counts["unmarked"] = len(self._unmarked)
        return tuple((name, float(count)) for name, count in sorted(counts.items()))

    def _begin(self, notice: Notice, now_ns: int) -> None:
        name = notice.ways[notice.way].notifier if notice.way < len(notice.ways) else ""
        if name not in self._notifiers:
            wanted = f"no notifier {name!r} is set up" if name else "no way is left"
            self._end(notice, Delivery(NoticeState.REFUSED, wanted))
            return
        with self._changed:
            waiting = sum(1 for lane in self._under_way.values() if lane == name)
            full = waiting >= LANE_LIMIT
            if not full:
                self._under_way[notice.id] = name
        if full:
            self._stand_back(notice, now_ns)
            return
        if name not in self._lanes:
            self._lanes[name] = Lane(name, self._send, self._threads)
        self._lanes[name].put(notice)

    def _stand_back(self, notice: Notice, now_ns: int) -> None:
        """Leave a notice in the outbox for a while, or give it to a way that stands free."""
        older_s = (now_ns - notice.created_at_ns) / SECOND_NS
        if older_s > self._pace.patience_s and notice.way + 1 < len(notice.ways):
            moved = replace(notice, way=notice.way + 1, attempts=0, next_at_ns=now_ns)
        else:
            moved = replace(notice, next_at_ns=now_ns + round(STAND_BACK_S * SECOND_NS))
        answer = notice.answer or "waits: the channel has a queue"
        self._outbox.mark(replace(moved, answer=answer, updated_at_ns=now_ns))

    def _send(self, notice: Notice) -> None:
        """Try one notice on its way; runs in a lane's thread."""
        way = notice.ways[notice.way]
        try:
            delivery = self._notifiers[way.notifier].send(notice, way)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: a fault in one notifier
            # must cost neither the notice nor the thread; its text could hold a secret
            self._count("faults")
            log.error(
                "notifier failed", notice=notice.id, notifier=way.notifier, fault=repr(type(error))
            )
            delivery = Delivery(
                NoticeState.REFUSED, f"the notifier failed: {type(error).__name__}", retry=True
            )
        try:
            self._end(notice, delivery)
        except Exception as error:  # noqa: BLE001 - the edge of a thread; see above
            self._count("faults")
            log.error("notice could not be marked", notice=notice.id, error=str(error))
        finally:
            with self._changed:
                self._under_way.pop(notice.id, None)
                self._changed.notify_all()

    def _end(self, notice: Notice, delivery: Delivery) -> None:
        """Write what became of a try."""
        after = self._pace.after(notice, delivery, self._clock.now_ns())
        way = notice.ways[notice.way] if notice.way < len(notice.ways) else None
        with self._changed:
            self._counts[delivery.state.value] += 1
            self._finished += 1
            self._unmarked[notice.id] = after
        log.info(
            "notice " + delivery.state.value,
            notice=notice.id,
            alert=notice.alert_id,
            notifier=way.notifier if way else "",
            answer=after.answer,
            attempts=notice.attempts + 1,
        )
        try:
            self._mark(after)
        except StoreUnavailable as error:
            log.warning("outbox is away; the mark waits", notice=notice.id, error=str(error))

    def _mark(self, notice: Notice) -> None:
        try:
            self._outbox.mark(notice)
        except NotFound:
            log.warning("a sent notice is no longer in the outbox", notice=notice.id)
        with self._changed:
            self._unmarked.pop(notice.id, None)

    def _mark_left(self) -> None:
        """Write the marks that could not be written when their notices were sent."""
        with self._changed:
            left = [n for n in self._unmarked.values() if n.id not in self._under_way]
        for notice in left:
            self._mark(notice)

    def _count(self, name: str) -> None:
        with self._changed:
            self._counts[name] += 1
