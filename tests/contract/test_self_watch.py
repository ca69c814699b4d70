"""Heart-beats and the alerts made of them, on both databases: durable, once, and in time."""

import threading
from collections.abc import Callable, Sequence

import pytest

from analytics.limits import load_profile
from app.self_watch import SelfWatch
from app.settings import WatchSettings
from app.vitals import OutboxWatch, Vitals
from domain.alerts import Alert, AlertState, Concern, NoticeState, Recipient, Way
from domain.clock import SECOND_NS, VirtualClock
from domain.findings import Cause
from domain.installation import Heartbeat, Sign
from domain.limits import Level
from domain.ports import Page
from domain.services import Health
from storage.records import Records
from tests.contract.conftest import NOON_NS

PROFILE = load_profile()
CHAIN = ("analyse", "ingest", "notify")
OPERATOR = Recipient(
    "r-op", "operator", (Way("webhook", "desk"),), concerns=(Concern.INSTALLATION,)
)


class Process:
    """One process that watches, with clocks of its own to be moved by hand."""

    def __init__(self, records: Records, *roles: str, host: str = "one") -> None:
        self.vitals = [Vitals(role, (Health(role, "ok", ""),)) for role in roles]
        self.steady_s = 0.0
        self.clock, self.wall = VirtualClock(NOON_NS), VirtualClock(NOON_NS)
        self.watch = SelfWatch(
            beats=records.heartbeats,
            alerts=records.alerts,
            judgements=records.judgement,
            measure=lambda: self.vitals,
            settings=WatchSettings(),
            profile=PROFILE,
            clock=self.clock,
            wall_clock=self.wall,
            host=host,
            base_url="https://anju.example",
            steady_s=lambda: self.steady_s,
        )

    def shows(self, role: str, *signs: Sign, state: str = "ok") -> None:
        self.vitals = [v for v in self.vitals if v.role != role]
        self.vitals.append(Vitals(role, (Health(role, state, "because"),), signs))

    def look(self, after_s: float = 5.0) -> None:
        self.steady_s += after_s
        for clock in (self.clock, self.wall):
            clock.advance_to(clock.now_ns() + int(after_s * SECOND_NS))
        self.watch.look(self.vitals)


def open_alerts(records: Records) -> dict[Cause, Alert]:
    rows = records.alerts.alerts(
        Page(), building_ids=[], installation=True, states=(AlertState.OPEN,)
    )
    assert len({row.cause for row in rows}) == len(rows)
    return {row.cause: row for row in rows}


def full(percent: float) -> Sign:
    return Sign(Cause.SPOOL_NEAR_LIMIT, "spool.percent", "spool 0", percent)


def test_a_heart_beat_is_read_as_it_was_written_and_the_newest_counts(records: Records) -> None:
    beat = Heartbeat(
        "ingest", 3, "主机", 77, NOON_NS, NOON_NS + 5, "degraded",
        (Health("spool", "degraded", "磁盘已满 \x00", (("rows waiting", 3.0),)),), (full(12.5),),
    )  # fmt: skip
    records.heartbeats.put([beat])
    (kept,) = records.heartbeats.all()
    assert kept.parts[0].text == "磁盘已满 \ufffd"
    assert kept.signs == beat.signs
    later = Heartbeat("ingest", 3, "主机", 78, NOON_NS, NOON_NS + 9, "ok")
    records.heartbeats.put([later, Heartbeat("ingest", 4, "主机", 78, NOON_NS, NOON_NS + 9, "ok")])
    assert records.heartbeats.all()[0] == later
    assert [row.shard for row in records.heartbeats.all()] == [3, 4]
    records.heartbeats.forget_before(NOON_NS + 9)
    assert len(records.heartbeats.all()) == 2
    records.heartbeats.forget_before(NOON_NS + 10)
    assert records.heartbeats.all() == []


def test_a_sign_becomes_an_alert_with_its_notice_in_the_outbox_and_its_evidence(
    records: Records,
) -> None:
    records.alerts.put_recipient(OPERATOR, "test")
    process = Process(records, *CHAIN)
    process.shows("ingest", full(85.0))
    process.look()
    (alert,) = open_alerts(records).values()
    assert (alert.cause, alert.level) == (Cause.SPOOL_NEAR_LIMIT, Level.ORANGE)
    (notice,) = records.outbox.due(process.clock.now_ns(), 10)
    assert (notice.alert_id, notice.recipient_name) == (alert.id, "operator")
    held = alert.contributions[0]
    (evidence,) = records.alerts.findings(Page(), ids=[held.finding_id])
    assert evidence.source == "setting watch.spool_percent"
    assert [e.kind for e in records.alerts.events(alert.id)] == ["opened"]
    assert records.alerts.changes(0)[-1].object_id == alert.id


def test_nobody_finds_it_among_the_alerts_of_buildings(records: Records) -> None:
    process = Process(records, *CHAIN)
    process.shows("ingest", full(100.0))
    process.look()
    assert records.alerts.alerts(Page()) == []
    assert records.alerts.findings(Page()) == []
    assert records.alerts.overdue(Level.RED, 2 * NOON_NS) == []
    assert len(records.alerts.overdue(Level.RED, 2 * NOON_NS, installation=True)) == 1


def test_it_is_lowered_cleared_and_closed_by_time(records: Records) -> None:
    process = Process(records, *CHAIN)
    process.shows("ingest", full(100.0))
    process.look()
    process.shows("ingest", full(70.0))
    process.look()
    alert = open_alerts(records)[Cause.SPOOL_NEAR_LIMIT]
    assert alert.level is Level.ORANGE
    process.shows("ingest", full(1.0))
    process.look()
    for _ in range(2):
        process.look(16 * 60.0)
    closed = records.alerts.alert(alert.id)
    assert closed is not None
    assert (closed.state, closed.closed_by) == (AlertState.CLOSED, "system")
    kinds = [e.kind.value for e in records.alerts.events(alert.id)]
    assert kinds == ["opened", "lowered", "cleared", "closed"]


def test_a_silent_role_is_raised_in_thirty_seconds_and_over_when_it_beats(
    records: Records,
) -> None:
    records.alerts.put_recipient(OPERATOR, "test")
    serve, ingest = Process(records, "serve"), Process(records, "ingest", host="two")
    ingest.look()
    for _ in range(6):
        serve.look()
    assert open_alerts(records) == {}, "24.9 s are not 30"
    serve.look()
    alert = open_alerts(records)[Cause.ROLE_SILENT]
    assert alert.level is Level.RED
    assert [c.subject for c in alert.contributions] == ["ingest 0"]
    states = {(r.role, r.host): r.state for r in serve.watch.roles()}
    assert states == {("ingest", "two"): "down", ("serve", "one"): "ok"}
    ingest.look(35.0)
    serve.look(0.0)
    assert open_alerts(records)[Cause.ROLE_SILENT].cleared_at_ns is not None
    assert {r.state for r in serve.watch.roles()} == {"ok"}


def test_a_role_that_another_host_took_over_is_not_silent(records: Records) -> None:
    old, new = Process(records, "ingest", host="old"), Process(records, "ingest", host="new")
    old.look()
    for _ in range(12):
        new.look()
    assert open_alerts(records) == {}
    assert {r.host: r.state for r in new.watch.roles()} == {"old": "down", "new": "ok"}


def test_who_starts_anew_gives_the_others_time_to_come_back(records: Records) -> None:
    Process(records, "ingest", host="two").look()
    late = Process(records, "serve")
    late.look(3600.0)  # the whole machine was away for an hour
    assert open_alerts(records) == {}
    for _ in range(6):
        late.look()
    assert Cause.ROLE_SILENT in open_alerts(records)


def test_who_stood_still_blames_nobody(records: Records) -> None:
    frozen, other = Process(records, "serve"), Process(records, "ingest", host="two")
    for _ in range(20):
        frozen.look()
        other.look()
    frozen.look(300.0)  # a stopped process, a suspended machine
    assert open_alerts(records) == {}


def test_signs_of_a_silent_role_stay_as_they_were(records: Records) -> None:
    serve, ingest = Process(records, "serve"), Process(records, "ingest", host="two")
    ingest.shows("ingest", full(85.0))
    ingest.look()
    for _ in range(10):
        serve.look()
    found = open_alerts(records)
    assert found[Cause.SPOOL_NEAR_LIMIT].level is Level.ORANGE
    assert found[Cause.SPOOL_NEAR_LIMIT].cleared_at_ns is None


def test_a_restart_raises_nothing_twice(
    records: Records, open_again: Callable[[], Records]
) -> None:
    records.alerts.put_recipient(OPERATOR, "test")
    for _ in range(3):
        process = Process(open_again(), *CHAIN)
        process.shows("ingest", full(85.0))
        process.look()
    assert len(records.outbox.due(2 * NOON_NS, 10)) == 1
    assert open_alerts(records)[Cause.SPOOL_NEAR_LIMIT].version == 1


def test_many_that_judge_at_once_raise_one_alert_and_tell_once(
    records: Records, open_again: Callable[[], Records]
) -> None:
    records.alerts.put_recipient(OPERATOR, "test")
    processes = [Process(open_again(), role, host=f"h{n}") for n, role in enumerate(CHAIN * 2)]
    for process in processes:
        process.shows(process.vitals[0].role, full(85.0))
    gate, failures = threading.Barrier(len(processes)), list[BaseException]()

    def judge(process: Process) -> None:
        gate.wait()
        try:
            for _ in range(3):
                process.look()
        except BaseException as error:  # noqa: BLE001 - every failure is one
            failures.append(error)

    threads = [threading.Thread(target=judge, args=(p,)) for p in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(open_alerts(records)) == 1
    assert len(records.outbox.due(2 * NOON_NS, 10)) == 1


def test_a_red_one_is_escalated_by_the_watch_itself(records: Records) -> None:
    chief = Recipient(
        "r-chief", "chief", (Way("sms", "1"),), escalation=True, concerns=(Concern.INSTALLATION,)
    )
    records.alerts.put_recipient(chief, "test")
    process = Process(records, *CHAIN)
    process.shows("ingest", full(100.0))
    process.look()
    assert records.outbox.due(2 * NOON_NS, 10) == []
    process.look(PROFILE.number("escalation.minutes") * 60 + 1)
    (notice,) = records.outbox.due(2 * NOON_NS, 10)
    assert notice.recipient_name == "chief"
    process.look(3600.0)
    assert len(records.outbox.due(2 * NOON_NS, 10)) == 1


@pytest.mark.parametrize(
    ("change", "well"),
    [
        ([], True),
        ([("ingest", (), "degraded")], False),
        ([("notify", (), "down")], False),
        ([("ingest", (full(50.0),), "ok")], True),
        ([("ingest", (full(80.0),), "ok")], False),
    ],
)
def test_the_chain_is_well_only_when_every_part_of_it_is(
    records: Records, change: Sequence[tuple[str, tuple[Sign, ...], str]], well: bool
) -> None:
    process = Process(records, *CHAIN)
    said = []
    process.watch._dead_man = type(  # what it is told, without a thread or a network
        "Heard", (), {"seen": lambda self, *, healthy: said.append(healthy)}
    )()
    for role, signs, state in change:
        process.shows(role, *signs, state=state)
    process.look()
    assert said == [well]


def test_the_chain_is_not_well_while_a_role_of_it_was_never_seen(records: Records) -> None:
    process = Process(records, "ingest", "notify")
    said = []
    process.watch._dead_man = type(
        "Heard", (), {"seen": lambda self, *, healthy: said.append(healthy)}
    )()
    process.look()
    assert said == [False]


def test_a_notice_that_gets_no_turn_and_one_that_every_way_refuses_are_measured(
    records: Records,
) -> None:
    records.alerts.put_recipient(OPERATOR, "test")
    process = Process(records, *CHAIN)
    steady = [0.0]
    outbox = OutboxWatch(records.outbox, process.clock, lambda: steady[0])
    assert [s.value for s in outbox.measure()] == [0.0, 0.0]
    process.shows("ingest", full(85.0))
    process.look()
    assert [s.value for s in outbox.measure()] == [0.0, 0.0]
    steady[0] = 120.0
    process.shows("notify", *outbox.measure())
    process.look()
    alert = open_alerts(records)[Cause.NOTICES_STUCK]
    assert alert.level is Level.ORANGE
    first = records.outbox.due(process.clock.now_ns(), 1)[0]
    from dataclasses import replace

    for notice in records.outbox.due(process.clock.now_ns(), 10):
        records.outbox.mark(
            replace(
                notice,
                state=NoticeState.REFUSED,
                next_at_ns=process.clock.now_ns() + 60 * SECOND_NS,
            )
        )
    waiting, refused = outbox.measure()
    assert waiting.value == 0.0
    assert refused.value == pytest.approx((process.clock.now_ns() - first.created_at_ns) / 1e9)
    process.clock.advance_to(first.created_at_ns + 600 * SECOND_NS)
    process.shows("notify", *outbox.measure())
    process.look()
    assert open_alerts(records)[Cause.NOTICES_STUCK].level is Level.RED
