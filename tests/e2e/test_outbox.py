"""Alerts and notices through the real records: nothing told is lost, whatever is killed."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerting import acts
from alerting.dispatch import Dispatcher
from alerting.escalation import escalate
from alerting.join import Joined, join
from alerting.notifiers import notifiers
from domain.alerts import Alert, AlertState, EventKind, NoticeState, Recipient, Way
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, VirtualClock
from domain.errors import Conflict
from domain.findings import Finding
from domain.limits import Level
from domain.ports import Judgement
from storage.records import Records, open_records
from tests.alert_samples import NOON, PROFILE, context, finding
from tests.servers.channel import Answer, Channel, running_channel

ROOT = Path(__file__).parents[2]
SECRET = "a-secret-of-the-test-only"
NOTICES = 40


@pytest.fixture
def records_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/records.db"


@pytest.fixture
def records(records_url: str) -> Iterator[Records]:
    opened = open_records(records_url)
    yield opened
    opened.close()


@pytest.fixture
def channel() -> Iterator[Channel]:
    with running_channel() as server:
        yield server


def judge(
    records: Records, cursor: int, now_ns: int, *findings: Finding, people: tuple[Recipient, ...]
) -> Joined:
    """Do what the pipeline does with findings, against the real records."""
    known = records.judgement.open_alerts({f.building_id for f in findings})
    joined = join(findings, known, context(people, buildings=200), now_ns)
    records.judgement.commit(
        Judgement(
            shard=0,
            cursor=cursor,
            findings=findings,
            alerts=joined.alerts,
            events=joined.events,
            notices=joined.notices,
        )
    )
    return joined


def person(*ways: str, name: str = "duty", escalation: bool = False) -> Recipient:
    return Recipient(
        f"r-{name}", name, tuple(Way(way, "main") for way in ways), escalation=escalation
    )


def webhook(url: str) -> dict[str, object]:
    return {"kind": "webhook", "targets": {"main": {"url": url, "secret": SECRET}}, "timeout_s": 5}


def many_notices(records: Records) -> set[str]:
    night = [finding(Level.ORANGE, building_id=f"b{n}") for n in range(NOTICES)]
    joined = judge(records, 1, NOON, *night, people=(person("webhook"),))
    assert len(joined.notices) == NOTICES
    return {n.id for n in joined.notices}


def start_sender(records_url: str, channel: Channel, die_at: int) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-m", "tests.e2e.outbox_sender"]
    return subprocess.Popen(
        [*program, records_url, f"{channel.url}/in", SECRET, str(die_at)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_kill_between_send_and_mark_repeats_with_the_same_id_and_misses_none(
    records: Records, records_url: str, channel: Channel
) -> None:
    ids = many_notices(records)
    deaths = 0
    for die_at in (1, 7, 9, 0):
        sender = start_sender(records_url, channel, die_at)
        deaths += sender.wait(60) == -9
    assert deaths == 3
    sent = Counter(json.loads(asked.body)["id"] for asked in channel.asked)
    assert set(sent) == ids
    # at each death one was sent and not marked; a second thread may have had another under way
    assert 3 <= sum(sent.values()) - NOTICES <= 6
    bodies = {(json.loads(a.body)["id"], a.body) for a in channel.asked}
    assert len(bodies) == NOTICES
    assert records.outbox.unfinished() == 0
    for alert in records.judgement.open_alerts([f"b{n}" for n in range(NOTICES)]):
        assert [n.state for n in records.alerts.notices(alert.id)] == [NoticeState.ACCEPTED]


def test_kills_at_random_moments_miss_none(
    records: Records, records_url: str, channel: Channel
) -> None:
    ids = many_notices(records)
    moments = random.Random(20261123)
    for _ in range(3):
        before = len(channel.asked)
        sender = start_sender(records_url, channel, 0)
        deadline = time.monotonic() + 60
        while len(channel.asked) == before and sender.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(moments.uniform(0.0, 0.02))
        sender.kill()
        sender.wait()
    assert start_sender(records_url, channel, 0).wait(60) == 0
    assert {json.loads(asked.body)["id"] for asked in channel.asked} == ids
    assert records.outbox.unfinished() == 0


def test_a_channel_that_refuses_with_a_good_status_falls_to_the_next_way(
    records: Records, channel: Channel
) -> None:
    channel.answer = Answer.json({"errcode": 40001, "errmsg": "no such desk"})
    with running_channel() as second:
        second.answer = Answer("reply", 204)
        table = {"first": webhook(channel.url), "second": webhook(second.url)}
        people = (person("first", "second"),)
        alert = judge(records, 1, NOON, finding(Level.RED), people=people).alerts[0]
        clock = VirtualClock(NOON)
        dispatcher = Dispatcher(records.outbox, notifiers(table), clock, patience_s=10)
        dispatcher.run_once()
        (halfway,) = records.alerts.notices(alert.id)
        assert (halfway.state, halfway.way) == (NoticeState.PENDING, 1)
        assert halfway.answer == "errcode 40001: no such desk"
        dispatcher.run_once()
        (done,) = records.alerts.notices(alert.id)
        assert (done.state, done.way, done.answer) == (NoticeState.ACCEPTED, 1, "HTTP 204")
        assert len(channel.asked) == len(second.asked) == 1
        assert json.loads(second.asked[0].body)["id"] == done.id
        dispatcher.close()


def test_a_channel_that_comes_back_gets_what_it_missed(records: Records, channel: Channel) -> None:
    channel.answer = Answer("drop")
    people = (person("only"),)
    alert = judge(records, 1, NOON, finding(Level.RED), people=people).alerts[0]
    clock = VirtualClock(NOON)
    dispatcher = Dispatcher(
        records.outbox, notifiers({"only": webhook(channel.url)}), clock, patience_s=10
    )
    for _ in range(120):
        dispatcher.run_once()
        clock.advance_to(clock.now_ns() + SECOND_NS)
    assert records.alerts.notices(alert.id)[0].state is NoticeState.REFUSED
    channel.answer = Answer("reply", 204)
    for _ in range(400):
        dispatcher.run_once()
        clock.advance_to(clock.now_ns() + SECOND_NS)
    assert records.alerts.notices(alert.id)[0].state is NoticeState.ACCEPTED
    assert len({json.loads(asked.body)["id"] for asked in channel.asked}) == 1
    dispatcher.close()


def only(records: Records) -> Alert:
    return max(
        records.judgement.open_alerts(["b3"]), key=lambda a: (a.state is not AlertState.CLOSED,)
    )


def test_the_life_of_a_red_alert_in_the_records(records: Records) -> None:
    people = (person("webhook"), person("webhook", name="head", escalation=True))
    judge(records, 1, NOON, finding(Level.YELLOW), people=people)
    red_ns = NOON + HOUR_NS
    judge(records, 2, red_ns, finding(Level.RED, at=1), people=people)
    late_ns = red_ns + 10 * MINUTE_NS
    overdue = records.alerts.overdue(Level.RED, late_ns - 10 * MINUTE_NS)
    assert len(overdue) == 1
    where = context(people)
    early = escalate(overdue, people, where, late_ns - 1, records.alerts.events)
    assert early.alerts == ()
    called = escalate(overdue, people, where, late_ns, records.alerts.events)
    records.alerts.save(called.alerts[0], called.events, called.notices)
    assert records.alerts.overdue(Level.RED, late_ns) == []

    seen, events = acts.acknowledge(only(records), "u1", late_ns + 1)
    records.alerts.save(seen, events)
    stale, events = acts.close(called.alerts[0], "u2", late_ns + 2, "too late")
    with pytest.raises(Conflict):
        records.alerts.save(stale, events)
    judge(records, 3, late_ns + 3, finding(Level.NONE, at=2), people=people)
    assert only(records).level == Level.RED
    assert acts.settle([only(records)], PROFILE, late_ns + 9 * DAY_NS).alerts == ()
    for who in ("u1", "u2"):
        closed, events = acts.close(only(records), who, late_ns + 4, "propped and safe")
        records.alerts.save(closed, events)
    done = only(records)
    assert (done.state, done.closed_by, done.version) == (AlertState.CLOSED, "u2", 7)
    assert [e.kind for e in records.alerts.events(done.id)] == [
        EventKind.OPENED,
        EventKind.RAISED,
        EventKind.ESCALATED,
        EventKind.ACKNOWLEDGED,
        EventKind.CLEARED,
        EventKind.CLOSE_PROPOSED,
        EventKind.CLOSED,
    ]
    assert [(n.recipient_name, n.level) for n in records.alerts.notices(done.id)] == [
        ("duty", Level.YELLOW),
        ("duty", Level.RED),
        ("head", Level.RED),
    ]


def test_what_time_closed_is_reopened_in_the_records(records: Records) -> None:
    people = (person("webhook"),)
    judge(records, 1, NOON, finding(), people=people)
    judge(records, 2, NOON + 1, finding(Level.NONE, at=1), people=people)
    over_ns = NOON + 1 + 24 * HOUR_NS
    settled = acts.settle(records.judgement.open_alerts(["b3"]), PROFILE, over_ns)
    records.alerts.save(settled.alerts[0], settled.events)
    judge(records, 3, over_ns + DAY_NS, finding(at=2000), people=people)
    alert = only(records)
    assert (alert.state, alert.version) == (AlertState.OPEN, 4)
    kinds = [e.kind for e in records.alerts.events(alert.id)]
    assert kinds[-2:] == [EventKind.CLOSED, EventKind.REOPENED]
    assert len(records.alerts.notices(alert.id)) == 2
