"""The account as people read it: what was sent, or by plan was to be sent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from domain.accounts import DayAccount
from domain.clock import DAY_NS
from domain.sampling import SamplingPlan, expected_readings
from domain.sensors import Channel, Gateway

#: days of a silent sender that are filled in at most
_DAYS_FILLED_MAX = 400


@dataclass(frozen=True, slots=True)
class Line:
    """One gateway's readings on one day.

    Parameters
    ----------
    sent
        By its own numbers; `None` for a sender without numbers and for an unknown one.
    expected
        By plan, for a sender without numbers, up to now; `None` for the others.

    """

    gateway_id: str
    day: str
    sent: int | None
    expected: int | None
    stored: int = 0
    rejected: int = 0
    quarantined: int = 0
    missing: int = 0
    duplicate: int = 0
    reasons: tuple[tuple[str, str, int], ...] = ()

    @property
    def short(self) -> int | None:
        """How many readings came less than were expected; `None` where nothing was."""
        if self.expected is None:
            return None
        return max(0, self.expected - self.stored - self.rejected - self.quarantined)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Gateways with their channels and plans, as far as the account needs them."""

    gateways: Mapping[str, Gateway]
    channels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    plans: Mapping[str, Sequence[SamplingPlan]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        gateways: Iterable[Gateway],
        pairs: Iterable[tuple[Gateway, Channel]],
        plans: Iterable[SamplingPlan],
    ) -> "Fleet":
        """Put together what the register and the plans say."""
        channels: dict[str, dict[str, int]] = {}
        for gateway, channel in pairs:
            channels.setdefault(gateway.id, {})[channel.address] = channel.interval_s
        by_gateway: dict[str, list[SamplingPlan]] = {}
        for plan in plans:
            by_gateway.setdefault(plan.gateway_id, []).append(plan)
        return cls({g.id: g for g in gateways}, channels, by_gateway)

    def expected(self, gateway_id: str, start_ns: int, end_ns: int) -> int:
        """Count the readings that a gateway was to take by plan between two moments."""
        channels, plans = self.channels.get(gateway_id, {}), self.plans.get(gateway_id, ())
        return expected_readings(channels, plans, start_ns, end_ns)


def day_start_ns(day: str) -> int:
    """Tell the first moment of a day (UTC)."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


def lines(
    accounts: Iterable[DayAccount], fleet: Fleet, now_ns: int, first: str = "", last: str = ""
) -> list[Line]:
    """Write the account, by gateway and day, between two days, both included.

    Days on which a sender without numbers was silent are there too, from the first day on which
    it was heard: nothing else would show them.
    """
    by_gateway: dict[str, dict[str, DayAccount]] = {}
    for account in accounts:
        by_gateway.setdefault(account.gateway_id, {})[account.day] = account
    found = []
    today = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC).date()
    for gateway_id, days in sorted(by_gateway.items()):
        gateway = fleet.gateways.get(gateway_id)
        unnumbered = gateway is not None and not (gateway.numbered or gateway.by_hand)
        wanted = set(days)
        if unnumbered and fleet.channels.get(gateway_id):
            wanted |= set(_days_between(min(days), today))
        for day in sorted(wanted):
            if (first and day < first) or (last and day > last):
                continue
            account = days.get(day) or DayAccount(gateway_id, day)
            found.append(_line(account, gateway, fleet, now_ns))
    return found


def _line(account: DayAccount, gateway: Gateway | None, fleet: Fleet, now_ns: int) -> Line:
    sent = account.sent if gateway is not None and gateway.numbered else None
    expected = None
    if gateway is not None and not (gateway.numbered or gateway.by_hand):
        start_ns = day_start_ns(account.day)
        expected = fleet.expected(gateway.id, start_ns, min(start_ns + DAY_NS, now_ns))
    return Line(
        account.gateway_id,
        account.day,
        sent,
        expected,
        account.stored,
        account.rejected,
        account.quarantined,
        account.missing,
        account.duplicate,
        account.reasons,
    )


def _days_between(first: str, last: date) -> list[str]:
    start = max(date.fromisoformat(first), last - timedelta(days=_DAYS_FILLED_MAX))
    return [(start + timedelta(days=n)).isoformat() for n in range((last - start).days + 1)]
