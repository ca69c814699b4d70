"""The call to the outside that stops when Anju is not well (死人开关)."""

import json
import threading
import time
from collections.abc import Callable

import structlog

from alerting.notifiers.webhook import signature
from alerting.posting import Poster
from domain.alerts import Delivery
from domain.clock import SECOND_NS, Clock, to_datetime

log = structlog.get_logger()

_TIMEOUT_S = 10.0


class DeadMan:
    """Calls an address at intervals as long as somebody keeps telling it that all is well.

    A service elsewhere expects the call and raises its own alarm when it stays away: the one fault
    that no system can tell of itself is that all of it has stopped.

    Parameters
    ----------
    secret
        With it the call is a POST signed as the webhook's are; without it a plain GET.
    max_age_s
        Seconds after which an "all is well" counts no more: whoever says it may hang.

    """

    def __init__(
        self,
        url: str,
        secret: str,
        every_s: float,
        wall_clock: Clock,
        *,
        max_age_s: float,
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url, self._secret, self._every_s = url, secret, every_s
        self._wall_clock, self._max_age_s, self._steady_s = wall_clock, max_age_s, steady_s
        self._poster = Poster(_TIMEOUT_S)
        self._well_at: float | None = None
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dead-man", daemon=True)
        self._calls = self._failures = 0
        self._answer = ""

    def start(self) -> None:
        """Begin; the first call goes out when all is well for the first time."""
        self._thread.start()

    def stop(self) -> None:
        """End without a further call."""
        self._stopping.set()
        self._news.set()
        if self._thread.ident is not None:
            self._thread.join(_TIMEOUT_S + 1)
        self._poster.close()

    def seen(self, *, healthy: bool) -> None:
        """Say whether the whole chain is well now."""
        self._well_at = self._steady_s() if healthy else None
        self._news.set()

    def figures(self) -> tuple[tuple[str, float], ...]:
        """Count the calls and those that were not answered well."""
        return ("dead-man calls", float(self._calls)), ("dead-man failures", float(self._failures))

    def call(self) -> str:
        """Call once and tell what went wrong; empty when the other side took it."""
        if not self._secret:
            reply = self._poster.get(self._url)
        else:
            now_ns = self._wall_clock.now_ns()
            at = to_datetime(now_ns).isoformat().replace("+00:00", "Z")
            body = json.dumps({"state": "well", "at": at}).encode()
            stamp = str(now_ns // SECOND_NS)
            headers = {
                "Content-Type": "application/json",
                "X-Anju-Timestamp": stamp,
                "X-Anju-Signature": signature(self._secret, stamp, body),
            }
            reply = self._poster.post(self._url, body, headers, (self._secret,))
        return reply.answer if isinstance(reply, Delivery) else ""

    def _run(self) -> None:
        next_at = 0.0
        while not self._stopping.is_set():
            now = self._steady_s()
            well = self._well_at is not None and now - self._well_at <= self._max_age_s
            if well and now >= next_at:
                next_at = now + self._every_s
                answer = self.call()
                self._calls += 1
                if answer:
                    self._failures += 1
                    # a call that got lost is made again soon: the other side counts the seconds
                    next_at = min(next_at, self._steady_s() + min(self._every_s, 5.0))
                if answer != self._answer:
                    log.warning("dead-man call", answer=answer or "taken again")
                self._answer = answer
            self._news.wait(1.0)
            self._news.clear()
