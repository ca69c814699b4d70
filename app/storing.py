"""How readings get into the readings store: in batches, each once, held while it is away."""

import time
from collections.abc import Sequence

import structlog

from app.flagging import Flagging
from app.watch import WatchList
from app.waves import WaveDesk
from domain.errors import StoreUnavailable
from domain.ports import ReadingStore, Spool, SpoolEntry
from domain.readings import QualityFlag, ReadingBatch

log = structlog.get_logger()

#: more than this at once would only take memory, of which a store behind a network takes more a
#: reading
_AT_ONCE = 15_000
_RETRY_S = 1.0
#: a write costs much the same for one reading and for a thousand, so they are gathered a little;
#: more often, and at 5,000 readings a second storing takes from judging what it needs
_EVERY_S = 0.08
#: a write that takes longer is followed by a rest, for as long but not longer than this, while more
#: readings than this come a second
_REST_S, _BUSY_PER_S = 0.25, 15_000
_NOTHING: tuple[int, int, ReadingBatch] = (0, 0, ReadingBatch.empty())


class Storing:
    """Stores what the spool holds, up to a cursor of its own.

    It goes on beside judging, on another thread, and waits while the readings store is slow or
    away.

    Parameters
    ----------
    watch
        A list of its own, not the one that judging goes by.

    """

    def __init__(
        self,
        spool: Spool,
        readings: ReadingStore,
        watch: WatchList,
        flagging: Flagging,
        waves: WaveDesk,
    ) -> None:
        self._spool, self._readings, self._watch = spool, readings, watch
        self._flagging, self._waves = flagging, waves
        self._unstored = _NOTHING
        #: why the store does not take readings; empty while it does
        self.down = ""
        self._retry_at = self._down_since = self._next_at = 0.0
        self._full = False
        self._stored = 0
        self._pace = _Pace()

    def once(self) -> int:
        """Store what is due and tell how many spool rows were; for a thread of its own.

        A write that takes long gathers for longer, where much comes in.
        """
        began = time.monotonic()
        if began < self._next_at:
            return 0
        done = self.store()
        ended = time.monotonic()
        took_s, rest_s = ended - began, 0.0
        if self._pace.busy(self._stored, ended) and not self._full:
            rest_s = min(took_s, _REST_S)
        self._next_at = began + max(_EVERY_S, took_s + rest_s)
        return done

    def store(self) -> int:
        """Write what is not yet in the readings store; hold it when the store is away."""
        self._stored = 0
        if self.down and time.monotonic() < self._retry_at:
            return 0
        offset, count, batch = self._unstored
        try:
            if not count:
                entries = self._spool.after(self._spool.cursor("stored"), _AT_ONCE)
                if not entries:
                    self._flagging.prepare()
                    return 0
                batch = self._joined(entries)
                # what waits in quarantine is judged, and stored once its time is known
                batch = self._flagging.flag(batch.take((batch.flag & QualityFlag.HELD) == 0))
                # kept until it is stored: a reading is flagged only once
                offset, count = entries[-1].offset, len(entries)
                self._full = len(batch) > _AT_ONCE // 2
                self._unstored = offset, count, batch
            self._readings.append(batch)
        except StoreUnavailable as error:
            if not self.down:
                log.warning("readings store is away; the spool holds", error=str(error))
                self._down_since = time.monotonic()
            self.down, self._retry_at = str(error), time.monotonic() + _RETRY_S
            return 0
        if self.down:
            log.info("readings store is back")
        self.down = ""
        self._unstored = _NOTHING
        self._stored = len(batch)
        self._spool.advance("stored", offset)
        return count

    def away_s(self) -> float:
        """Tell for how long the readings store has not taken readings, s; 0 when it does."""
        return time.monotonic() - self._down_since if self.down else 0.0

    def _joined(self, entries: Sequence[SpoolEntry]) -> ReadingBatch:
        """Join the readings of rows with those that waveforms in them come to."""
        watch = self._watch
        if any(entry.waves for entry in entries):
            try:
                watch.refresh()
            except StoreUnavailable:
                if not watch.buildings:
                    raise
        return self._waves.batch(entries, watch)


class _Pace:
    """Tells whether much comes in, by what was handled since the last time."""

    def __init__(self) -> None:
        self._at_s = time.monotonic()

    def busy(self, readings: int, now_s: float) -> bool:
        """Tell whether so many readings until now are many."""
        past_s = now_s - self._at_s
        if readings:
            self._at_s = now_s
        return readings > _BUSY_PER_S * past_s
