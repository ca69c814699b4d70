"""When a notice is tried again, and by which of its ways."""

import hashlib
from dataclasses import dataclass, replace

from domain.alerts import Delivery, Notice, NoticeState
from domain.clock import SECOND_NS
from domain.limits import Level

ANSWER_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True)
class Pace:
    """How patiently a notice is tried.

    Parameters
    ----------
    tries
        Tries on one way before the next is taken, when its refusals may pass.
    first_wait_s, wait_s_max
        Wait after the first refusal; it doubles with each further one up to the longest.
    patience_s
        A way that asks for more than this is left for the next one, where there is one: nobody
        waits a minute for a choked channel while another stands free.
    slow_wait_s
        Longest wait between rounds once every way has refused.
    give_up_s, give_up_mild_s
        A notice older than this is given up: red and orange, and all milder ones.
    jitter
        Waits are stretched by up to this share, by the notice's id, so that a crowd parts.

    """

    tries: int = 3
    first_wait_s: float = 5.0
    wait_s_max: float = 300.0
    patience_s: float = 30.0
    slow_wait_s: float = 300.0
    give_up_s: float = 86_400.0
    give_up_mild_s: float = 14_400.0
    jitter: float = 0.2

    def after(self, notice: Notice, delivery: Delivery, now_ns: int) -> Notice:
        """Tell what becomes of a notice by what its channel answered.

        Accepted and queued notices are done. A refusal that may pass is tried again on the same
        way, any other goes to the next way at once. When all ways have refused, the notice shows
        as refused and goes on from the first way at a slow pace while that can still help: red
        and orange always, milder ones when the last refusal was a passing one.
        """
        answer = delivery.answer[:ANSWER_CHARACTERS_MAX]
        tried = replace(notice, attempts=notice.attempts + 1, answer=answer, updated_at_ns=now_ns)
        if delivery.state in {NoticeState.ACCEPTED, NoticeState.QUEUED, NoticeState.READ}:
            return replace(tried, state=delivery.state, next_at_ns=None)
        last = notice.way + 1 >= len(notice.ways)
        wait_s = self._wait_s(tried, delivery)
        slow = notice.state is NoticeState.REFUSED
        again = delivery.retry and not slow and tried.attempts < self.tries
        if again and (last or wait_s <= self.patience_s):
            return replace(tried, next_at_ns=now_ns + round(wait_s * SECOND_NS))
        if not last:
            return replace(tried, way=notice.way + 1, attempts=0, next_at_ns=now_ns)
        refused = replace(tried, state=NoticeState.REFUSED)
        urgent = notice.level >= Level.ORANGE
        limit_s = self.give_up_s if urgent else self.give_up_mild_s
        # as long again as it has been tried already: the rounds grow further apart
        age_s = (now_ns - notice.created_at_ns) / SECOND_NS
        rest_s = min(max(age_s, self.patience_s), self.slow_wait_s) * self._stretch(tried)
        rest_s = max(rest_s, delivery.retry_after_s or 0.0)
        next_ns = now_ns + round(rest_s * SECOND_NS)
        if not (urgent or delivery.retry) or (
            next_ns - notice.created_at_ns > round(limit_s * SECOND_NS)
        ):
            return replace(refused, next_at_ns=None)
        return replace(refused, way=0, attempts=0, next_at_ns=next_ns)

    def _wait_s(self, notice: Notice, delivery: Delivery) -> float:
        doubled = self.first_wait_s * 2.0 ** (notice.attempts - 1)
        own = min(doubled, self.wait_s_max) * self._stretch(notice)
        return max(own, delivery.retry_after_s or 0.0)

    def _stretch(self, notice: Notice) -> float:
        digest = hashlib.sha256(f"{notice.id}/{notice.way}/{notice.attempts}".encode()).digest()
        return 1.0 + self.jitter * int.from_bytes(digest[:4], "big") / 2**32
