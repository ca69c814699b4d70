"""How often something failed lately, and since when it has failed every time."""

import threading
import time
from collections import deque
from collections.abc import Callable

#: seconds that a failure is remembered, and failures that are
WINDOW_S = 600.0
_REMEMBERED_MAX = 10_000


class Failures:
    """Counts failures by the machine's steady clock; safe to use from several threads.

    Examples
    --------
    >>> now = [0.0]
    >>> failures = Failures(lambda: now[0])
    >>> failures.failed()
    >>> now[0] = 7.0
    >>> failures.lately(), failures.lasting_s()
    (1, 7.0)
    >>> failures.succeeded()
    >>> failures.lately(), failures.lasting_s()
    (1, 0.0)

    """

    def __init__(self, steady_s: Callable[[], float] = time.monotonic) -> None:
        self._steady_s = steady_s
        self._lock = threading.Lock()
        self._at: deque[float] = deque(maxlen=_REMEMBERED_MAX)
        self._since: float | None = None

    def failed(self) -> None:
        """Note a failure."""
        with self._lock:
            now = self._steady_s()
            self._at.append(now)
            if self._since is None:
                self._since = now

    def succeeded(self) -> None:
        """Note that it went well again."""
        with self._lock:
            self._since = None

    def lately(self) -> int:
        """Count the failures of the last ten minutes."""
        with self._lock:
            oldest = self._steady_s() - WINDOW_S
            while self._at and self._at[0] < oldest:
                self._at.popleft()
            return len(self._at)

    def lasting_s(self) -> float:
        """Tell since when it has failed every time, s; 0 when it went well last."""
        with self._lock:
            return 0.0 if self._since is None else self._steady_s() - self._since
