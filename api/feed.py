"""What all streams of events share: one look for news at a time, and a count of streams."""

import time
from collections import Counter

from starlette.concurrency import run_in_threadpool

from domain.errors import TooManyAttempts
from domain.ports import AlertStore

#: how often the change log is looked at while somebody follows it
POLL_S = 0.5
STREAMS_A_CALLER = 6
STREAMS_RETRY_S = 15.0


class Feed:
    """Tells how far the change log has come; many streams that ask make one query."""

    def __init__(self, alerts: AlertStore) -> None:
        self._alerts = alerts
        self._newest = 0
        self._asked_at_s = float("-inf")

    async def newest(self) -> int:
        """Tell the newest change's number, at most `POLL_S` old.

        Raises
        ------
        StoreUnavailable
            When the records cannot be read.

        """
        now_s = time.monotonic()
        if now_s - self._asked_at_s >= POLL_S:
            # set before the wait: whoever asks meanwhile is content with the older number
            self._asked_at_s = now_s
            newest = await run_in_threadpool(self._alerts.last_change)
            self._newest = max(self._newest, newest)
        return self._newest


class Streams:
    """Counts the open streams of each caller."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def check(self, user_id: str) -> None:
        """Refuse one stream too many.

        Raises
        ------
        TooManyAttempts
            When the caller has as many as are allowed.

        """
        if self._open[user_id] >= STREAMS_A_CALLER:
            raise TooManyAttempts(
                f"a caller may have {STREAMS_A_CALLER} streams of events open", STREAMS_RETRY_S
            )

    def enter(self, user_id: str) -> None:
        """Count one more."""
        self._open[user_id] += 1

    def leave(self, user_id: str) -> None:
        """Count one less."""
        self._open[user_id] -= 1
        if self._open[user_id] <= 0:
            del self._open[user_id]
