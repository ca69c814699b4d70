"""Made-up buildings, findings, recipients and limits that the tests of alerting share."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from alerting.context import JoinContext
from domain.alerts import Alert, Notice, Recipient, Way
from domain.buildings import Building
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS
from domain.errors import NotFound
from domain.findings import Cause, Compensation, Finding
from domain.ids import same_id
from domain.limits import Level, LimitProfile

#: 2026-11-23 06:05 UTC, 14:05 in China
NOON = 1_795_413_900 * 1_000_000_000

PROFILE = LimitProfile(
    "test",
    "1",
    (),
    (
        ("alert.clear_hold_hours", 24.0),
        ("alert.reopen_days", 7.0),
        ("agreement.points", 2.0),
        ("agreement.raise", 1.0),
        ("agreement.shared_share", 0.3),
        ("escalation.minutes", 10.0),
    ),
)


def building(number: int = 3, district: str = "360102") -> Building:
    return Building(
        f"b{number}",
        f"code-{number}",
        f"{number} 号楼",
        f"示例路 {number} 号",
        district,
        "示例街道",
        "示例社区",
        115.9,
        28.68,
    )


BUILDING = building()


def recipient(name: str = "duty", **changes: Any) -> Recipient:
    made = Recipient(f"r-{name}", name, (Way("webhook", "main"), Way("sms", "13800000000")))
    return replace(made, **changes)


def context(
    recipients: Sequence[Recipient] = (recipient(),),
    buildings: int = 10,
    **changes: Any,
) -> JoinContext:
    houses = {f"b{n}": building(n) for n in range(1, buildings + 1)}
    return replace(
        JoinContext(houses, tuple(recipients), PROFILE, "https://anju.example"), **changes
    )


def finding(
    level: Level = Level.YELLOW,
    *,
    at: int = 0,
    subject: str = "s1",
    building_id: str = "b3",
    cause: Cause = Cause.CRACK,
    **changes: Any,
) -> Finding:
    """Make a finding `at` minutes after noon."""
    at_ns = NOON + at * MINUTE_NS
    rule = changes.pop("rule", "crack.growth")
    made = Finding(
        id=same_id(building_id, cause, rule, subject, level, at_ns),
        building_id=building_id,
        cause=cause,
        rule=rule,
        subject=subject,
        subject_name="C-03 东墙 2 层",
        channels=(f"{subject}.w",),
        level=level,
        at_ns=at_ns,
        value=0.31,
        limit=0.3,
        unit="mm",
        window_ns=12 * DAY_NS,
        started_ns=at_ns - 2 * HOUR_NS,
        source="project",
        certainty="project proposal",
        profile="test@1",
        compensation=Compensation.MATURE,
    )
    return replace(made, **changes)


def notice(number: int = 1, **changes: Any) -> Notice:
    made = Notice(
        id=same_id("test notice", number),
        alert_id="a1",
        event_id="e1",
        recipient_id="r-duty",
        recipient_name="duty",
        ways=(Way("first", "x"), Way("second", "y")),
        level=Level.RED,
        title="■ 红色预警 · 3 号楼 · 裂缝",
        text="3 号楼东墙 2 层裂缝 C-03 在扣除温度影响后 12 天内扩展 1.31 mm。",
        link="https://anju.example/alerts/a1",
        created_at_ns=NOON,
        next_at_ns=NOON,
        updated_at_ns=NOON,
    )
    return replace(made, **changes)


def by_key(alerts: Sequence[Alert]) -> dict[tuple[str, Cause], Alert]:
    return {(a.building_id, a.cause): a for a in alerts}


class MemoryOutbox:
    """An outbox in memory; `away` makes it unavailable."""

    def __init__(self, *notices: Notice) -> None:
        self.notices = {n.id: n for n in notices}
        self.marks: list[Notice] = []
        self.away: Exception | None = None

    def due(self, now_ns: int, limit: int) -> list[Notice]:
        waiting = [
            n
            for n in list(self.notices.values())
            if n.next_at_ns is not None and n.next_at_ns <= now_ns
        ]
        return sorted(waiting, key=lambda n: (-n.level, n.created_at_ns, n.id))[:limit]

    def mark(self, notice: Notice) -> None:
        if self.away is not None:
            raise self.away
        if notice.id not in self.notices:
            raise NotFound(f"no notice {notice.id!r}")
        self.notices[notice.id] = notice
        self.marks.append(notice)

    def unfinished(self) -> int:
        return sum(n.next_at_ns is not None for n in self.notices.values())
