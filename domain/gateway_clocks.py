"""Whether a gateway's clock is right, told from when its readings were taken and when they came.

Nothing arrives before it was taken: a reading ahead of its own arrival comes from a wrong clock,
and so does one from before the year 2000. A clock that is behind looks like an old buffer being
sent; the two part in that a wrong clock goes back, or begins, and then keeps a steady distance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.clock import MINUTE_NS, SECOND_NS

#: 2000-01-01: a reading from before comes from a clock that was never set
EARLIEST_NS = 946_684_800 * SECOND_NS


@dataclass(frozen=True, slots=True)
class ClockRules:
    """When a clock counts as wrong and when its error as known.

    Parameters
    ----------
    tolerance_ns
        A reading at most so far from its arrival has the right time.
    spread_ns
        Distances that differ by no more are the same one.
    ahead_messages, ahead_ns
        Arrivals, and the time they span, after which the error of a clock that cannot be right
        is known.
    behind_messages, behind_ns
        The same for one that is behind.
    late_ns
        A reading that arrives later than this is flagged late.

    """

    tolerance_ns: int = 5 * MINUTE_NS
    spread_ns: int = MINUTE_NS
    ahead_messages: int = 3
    ahead_ns: int = MINUTE_NS
    behind_messages: int = 10
    behind_ns: int = 10 * MINUTE_NS
    late_ns: int = 60 * MINUTE_NS

    def is_zone(self, behind_ns: int) -> bool:
        """Tell whether a clock this far behind looks like local time taken for UTC.

        Whole hours from 2 to 12: the zones west of Greenwich, and those east of it in a clock
        that was set the other way.
        """
        hours, rest_ns = divmod(behind_ns + self.spread_ns, 60 * MINUTE_NS)
        return 2 <= hours <= 12 and rest_ns <= 2 * self.spread_ns


@dataclass(frozen=True, slots=True)
class ClockNote:
    """What is known of a gateway's clock, for people.

    Parameters
    ----------
    skew_ns
        How far it is ahead of ours (behind: below 0); 0 when it is right.
    known
        Whether readings are corrected by it; before that, those that cannot be true wait.
    since_ns
        When this began, our time.
    waiting
        Readings of the gateway that wait in quarantine for their time.

    """

    gateway_id: str
    skew_ns: int
    known: bool
    since_ns: int
    waiting: int = 0


@dataclass(slots=True)
class GatewayClock:
    """One boot's clock, as its arrivals show it.

    Parameters
    ----------
    skew_ns
        Its error, ns ahead of ours, once known; 0 while right or unknown.
    since_ns
        When the error became known, our time.
    heard
        (received_at, ns ahead) of the arrivals that agree on an error not yet known.

    Examples
    --------
    >>> clock, hour = GatewayClock(), 3600 * SECOND_NS
    >>> for minute in range(3):
    ...     clock.hear(EARLIEST_NS + minute * MINUTE_NS, 8 * hour - SECOND_NS, ClockRules())
    >>> clock.skew_ns == 8 * hour - SECOND_NS
    True

    """

    skew_ns: int = 0
    since_ns: int = 0
    heard: list[list[int]] = field(default_factory=list)

    @property
    def suspected(self) -> bool:
        """Tell whether its error is not 0, known or not."""
        return bool(self.skew_ns or self.heard)

    def hear(
        self,
        received_ns: int,
        ahead_ns: int,
        rules: ClockRules,
        *,
        went_back: bool = False,
        first: bool = False,
    ) -> None:
        """Take in one arrival.

        Parameters
        ----------
        ahead_ns
            The largest `taken_at - received_at` in it.
        went_back
            Whether its newest reading is older than one that came before it.
        first
            Whether none came before it. What is steadily behind from the first contact on may
            well be an hour's mean with the hour's beginning; only a time zone's error counts.

        """
        if abs(ahead_ns) <= rules.tolerance_ns:
            self.skew_ns, self.since_ns, self.heard = 0, 0, []
            return
        if self.skew_ns:
            off_ns = ahead_ns - self.skew_ns
            if abs(off_ns) <= rules.spread_ns:
                # the least delayed arrival is the nearest to the truth; a drift is followed
                self.skew_ns += off_ns if off_ns > 0 else off_ns // 8
                return
            if off_ns < 0 and not went_back:
                return  # older readings out of its buffer
            self.skew_ns, self.since_ns = 0, 0
        never = self._never_right(received_ns, ahead_ns, rules)
        if self.heard and abs(ahead_ns - self.heard[-1][1]) > rules.spread_ns:
            self.heard = []
        starts = never or went_back or (first and rules.is_zone(-ahead_ns))
        if not self.heard and not starts:
            return
        self.heard.append([received_ns, ahead_ns])
        needed = rules.ahead_messages if never else rules.behind_messages
        span_ns = rules.ahead_ns if never else rules.behind_ns
        self.heard = [self.heard[0], *self.heard[1:][-needed:]]
        if len(self.heard) >= needed and received_ns - self.heard[0][0] >= span_ns:
            self.skew_ns = max(ahead for _, ahead in self.heard)
            self.since_ns, self.heard = received_ns, []

    @staticmethod
    def _never_right(received_ns: int, ahead_ns: int, rules: ClockRules) -> bool:
        return ahead_ns > rules.tolerance_ns or received_ns + ahead_ns < EARLIEST_NS

    def note(self, gateway_id: str, waiting: int) -> ClockNote:
        """Tell people about it."""
        if self.heard and not self.skew_ns:
            return ClockNote(gateway_id, self.heard[-1][1], False, self.heard[0][0], waiting)
        return ClockNote(gateway_id, self.skew_ns, bool(self.skew_ns), self.since_ns, waiting)

    def numbers(self) -> list[int]:
        """Write it down as numbers."""
        return [self.skew_ns, self.since_ns, *(n for pair in self.heard for n in pair)]

    @classmethod
    def of(cls, numbers: Sequence[int]) -> "GatewayClock":
        """Read what `numbers` wrote."""
        rest = list(numbers[2:])
        pairs = [rest[at : at + 2] for at in range(0, len(rest), 2)]
        return cls(numbers[0], numbers[1], pairs)

    def copy(self) -> "GatewayClock":
        """Make a copy that may be changed without changing this one."""
        return GatewayClock(self.skew_ns, self.since_ns, [list(pair) for pair in self.heard])
