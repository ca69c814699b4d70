"""Lets quarantined readings in after all, when somebody has decided so."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import msgspec
import structlog

from domain.accounts import Refusal, Released
from domain.arrivals import SAMPLE_BYTES_MAX, Arrivals, Committed
from domain.clock import DAY_NS, Clock
from domain.fleet_ports import QuarantineStore
from domain.topics import Topic
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings

log = structlog.get_logger()

RELEASED = "released"
_AT_ONCE = 50


class LettingSpool(Protocol):
    """The side of the spool that takes readings in after all."""

    def let_in(self, arrivals: Arrivals, released: Released) -> Committed | None:
        """Take them in, once; `None` when that was done before."""
        ...


class LettingIn:
    """Does what was decided about quarantined readings, one after another.

    The spool remembers what it let in, so a decision that was half done when the power went is
    done once. Readings come in at the time at which they were taken, flagged late where they are,
    and are judged as of then.

    Parameters
    ----------
    directory
        Gives the register's newest state.

    """

    def __init__(
        self,
        quarantine: QuarantineStore,
        spool: LettingSpool,
        directory: Callable[[], Directory],
        clock: Clock,
        settings: IngestSettings | None = None,
    ) -> None:
        self._quarantine, self._spool, self._directory = quarantine, spool, directory
        self._clock = clock
        self._intake = Intake(directory, settings or IngestSettings())

    def run_once(self) -> int:
        """Do what is due; tell how many decisions that were."""
        due = self._quarantine.due(_AT_ONCE)
        for refusal, release in due:
            stored, outcome = self._let_in(refusal)
            done = replace(release, done_at_ns=self._clock.now_ns(), stored=stored, outcome=outcome)
            self._quarantine.finish(done)
            log.info("quarantine", refusal=refusal.id, by=release.by, outcome=outcome)
        return len(due)

    def _let_in(self, refusal: Refusal) -> tuple[int, str]:
        if len(refusal.sample) >= SAMPLE_BYTES_MAX:
            return 0, "only the beginning was kept"
        try:
            messages = _messages(refusal, self._directory().shard)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            return 0, f"cannot be read: {error}"[:200]
        if not messages:
            return 0, "numbered readings: the gateway sends them again by itself"
        arrivals = self._intake.arrivals(messages)
        if arrivals.refused:
            return 0, f"still refused: {arrivals.refused[0].reason}"
        if not len(arrivals.batch):
            return 0, "there is no reading in it"
        day = refusal.received_at_ns // DAY_NS
        released = Released(refusal.id, refusal.gateway_id, day, refusal.reason, refusal.readings)
        done = self._spool.let_in(arrivals, released)
        return (refusal.readings if done is None else done.stored), RELEASED


def _messages(refusal: Refusal, shard: int) -> list[Message]:
    """Write what was kept of a refusal as messages without numbers; none when it has numbers."""
    parts = [msgspec.json.decode(line) for line in refusal.sample.split(b"\n") if line]
    if not parts or not all(isinstance(part, dict) for part in parts):
        raise ValueError("no readings in it")
    if all({"c", "t", "v"} <= part.keys() for part in parts):
        payloads = [("readings", {"readings": parts})]
    elif len(parts) == 1 and "readings" in parts[0]:
        if parts[0].get("seq") is not None:
            return []
        payloads = [("readings", parts[0])]
    else:
        payloads = [("dzt", part) for part in parts]
    return [
        Message(
            str(Topic(shard, refusal.gateway_id, what)),
            msgspec.json.encode(body),
            refusal.received_at_ns,
        )
        for what, body in payloads
    ]
