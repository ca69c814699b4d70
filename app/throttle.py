"""Growing waits between failed tries, so that guessing passwords is slow."""

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass

from domain.clock import SECOND_NS, Clock
from domain.errors import TooManyAttempts


@dataclass(slots=True)
class _Tries:
    """Tries of one name or address that have not been taken back."""

    count: int = 0
    last_at_ns: int = 0


class Throttle:
    """Lets some tries through at once, then makes each wait twice as long as the one before.

    A try counts as failed until it is taken back. Tries that are refused do not count, so the
    wait ends for somebody who keeps knocking.

    Parameters
    ----------
    free
        Failed tries before the first wait.
    wait_s_max
        Longest wait, s.
    forget_s
        Failures are forgotten when this long, s, went by without a further one.
    names_max
        How many names or addresses are remembered; the oldest gives way.
    what
        What failed, in the text of the error.

    Examples
    --------
    >>> from domain.clock import VirtualClock
    >>> throttle = Throttle(VirtualClock(0), free=1, wait_s_max=60.0)
    >>> throttle.attempt("somebody")
    >>> throttle.attempt("somebody")
    Traceback (most recent call last):
    ...
    domain.errors.TooManyAttempts: too many failed log-ins; try again in 1 s

    """

    def __init__(
        self,
        clock: Clock,
        free: int,
        wait_s_max: float,
        forget_s: float = 3600.0,
        names_max: int = 20_000,
        what: str = "failed log-ins",
    ) -> None:
        self._clock = clock
        self._free = free
        self._wait_s_max = wait_s_max
        self._forget_ns = int(forget_s * SECOND_NS)
        self._names_max = names_max
        self._what = what
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def attempt(self, who: str) -> None:
        """Count a try.

        Raises
        ------
        TooManyAttempts
            When the wait after the last failure is not over.

        """
        with self._lock:
            now_ns = self._clock.now_ns()
            tries = self._tries.setdefault(who, _Tries())
            if now_ns - tries.last_at_ns >= self._forget_ns:
                tries.count = 0
            left_s = self._wait_s(tries.count) - (now_ns - tries.last_at_ns) / SECOND_NS
            if left_s > 0:
                seconds = math.ceil(left_s)
                raise TooManyAttempts(f"too many {self._what}; try again in {seconds} s", left_s)
            tries.count += 1
            tries.last_at_ns = now_ns
            self._tries.move_to_end(who)
            if len(self._tries) > self._names_max:
                self._tries.popitem(last=False)

    def succeeded(self, who: str) -> None:
        """Forget all failures: the right password was given."""
        with self._lock:
            self._tries.pop(who, None)

    def withdraw(self, who: str) -> None:
        """Take one try back, and keep the others' failures."""
        with self._lock:
            tries = self._tries.get(who)
            if tries is not None and tries.count > 0:
                tries.count -= 1

    def _wait_s(self, failures: int) -> float:
        """Tell the wait after so many failures, s."""
        if failures < self._free:
            return 0.0
        return min(self._wait_s_max, 2.0 ** min(failures - self._free, 60))
