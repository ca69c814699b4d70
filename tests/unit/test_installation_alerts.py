"""Alerts about Anju itself: signs against bounds, joined, eased, escalated, told, closed."""

from dataclasses import replace
from itertools import pairwise

import pytest

from alerting import acts, installation
from alerting.escalation import escalate
from alerting.join import Joined, join
from alerting.texts import sentence, title
from app.settings import Settings, WatchSettings
from app.vitals import DoorWatch, bounds
from domain.access import ACTIONS, Caller, Role, Scope, ScopeKind, may_on_installation
from domain.alerts import INSTALLATION, Alert, AlertState, Concern, EventKind
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS
from domain.errors import Conflict
from domain.findings import Cause
from domain.installation import Sign
from domain.limits import Level
from domain.services import Health
from tests.alert_samples import NOON, context, recipient

BOUNDS = bounds(WatchSettings())
OPERATOR = recipient("operator", concerns=(Concern.INSTALLATION,), districts=("360102",))
HOUSES = recipient("houses")
CONTEXT = context((OPERATOR, HOUSES, recipient("chief", concerns=tuple(Concern), escalation=True)))


def spool(percent: float, shard: int = 0) -> Sign:
    return Sign(Cause.SPOOL_NEAR_LIMIT, "spool.percent", f"spool {shard}", percent)


class Desk:
    """Keeps alerts as the records do, and judges signs as a process does."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}
        self.now_ns = NOON

    def look(self, *signs: Sign, minutes: int = 1) -> Joined:
        self.now_ns += minutes * MINUTE_NS
        held = list(self.alerts.values())
        known = [(s.rule, s.subject) for s in signs]
        found = installation.judge(signs, held, BOUNDS, 0.8, self.now_ns, known=known)
        joined = join(found, held, CONTEXT, self.now_ns)
        self.keep(*joined.alerts)
        return joined

    def keep(self, *alerts: Alert) -> None:
        for alert in alerts:
            before = self.alerts.get(alert.id)
            assert alert.version == (before.version if before else 0) + 1
            self.alerts[alert.id] = alert

    @property
    def only(self) -> Alert:
        (alert,) = self.alerts.values()
        return alert


def kinds(joined: Joined) -> list[EventKind]:
    return [event.kind for event in joined.events]


def test_the_levels_begin_at_their_bounds_and_one_alert_is_open_for_each_cause() -> None:
    desk = Desk()
    assert kinds(desk.look(spool(49.9))) == []
    assert kinds(desk.look(spool(50.0))) == [EventKind.OPENED]
    assert desk.only.level is Level.YELLOW
    assert desk.only.building_id == INSTALLATION
    assert kinds(desk.look(spool(79.9))) == []
    assert kinds(desk.look(spool(80.0))) == [EventKind.RAISED]
    assert desk.only.level is Level.ORANGE
    assert kinds(desk.look(spool(99.9))) == []
    assert kinds(desk.look(spool(100.0))) == [EventKind.RAISED]
    assert desk.only.level is Level.RED


def test_a_level_is_left_only_when_its_bound_is_clearly_undercut_and_red_too() -> None:
    desk = Desk()
    desk.look(spool(100.0))
    assert kinds(desk.look(spool(80.1))) == []
    assert desk.only.level is Level.RED
    assert kinds(desk.look(spool(79.9))) == [EventKind.LOWERED]
    assert desk.only.level is Level.ORANGE, "a machine's own fault goes down by itself"
    assert kinds(desk.look(spool(64.1))) == []
    assert kinds(desk.look(spool(41.0))) == [EventKind.LOWERED]
    assert kinds(desk.look(spool(39.9))) == [EventKind.CLEARED]
    assert desk.only.state is AlertState.OPEN
    assert desk.only.cleared_at_ns == desk.now_ns


def test_free_room_is_worse_the_less_there_is() -> None:
    desk = Desk()

    def disk(megabytes: float) -> Sign:
        return Sign(Cause.DISK_LOW, "disk.free_mb", "host:/var", megabytes)

    assert kinds(desk.look(disk(4000.1))) == []
    desk.look(disk(4000.0))
    assert desk.only.level is Level.YELLOW
    desk.look(disk(200.0))
    assert desk.only.level is Level.RED
    desk.look(disk(249.0))
    assert desk.only.level is Level.RED
    desk.look(disk(251.0))
    assert desk.only.level is Level.ORANGE
    assert kinds(desk.look(disk(5001.0))) == [EventKind.CLEARED]


def test_two_parts_share_the_alert_of_their_cause_and_do_not_raise_each_other() -> None:
    desk = Desk()
    desk.look(spool(85.0, 0), spool(85.0, 1), spool(85.0, 2))
    assert desk.only.level is Level.ORANGE
    assert len(desk.only.contributions) == 3
    assert kinds(desk.look(spool(10.0, 0), spool(85.0, 1), spool(10.0, 2))) == []
    assert kinds(desk.look(spool(10.0, 0), spool(10.0, 1), spool(10.0, 2))) == [EventKind.CLEARED]


def test_what_cannot_be_measured_stays_and_what_is_gone_is_over() -> None:
    desk = Desk()
    desk.look(spool(85.0))
    held = list(desk.alerts.values())
    known = [("spool.percent", "spool 0")]
    assert installation.judge([], held, BOUNDS, 0.8, desk.now_ns, known=known) == []
    (gone,) = installation.judge([], held, BOUNDS, 0.8, desk.now_ns)
    assert gone.level is Level.NONE


def test_the_same_sign_twice_says_nothing_new_after_any_restart() -> None:
    desk = Desk()
    assert len(desk.look(spool(85.0)).notices) == 1
    for _ in range(5):  # all that is remembered stands in the alerts
        again = desk.look(spool(85.0))
        assert (again.alerts, again.events, again.notices) == ((), (), ())


def test_a_clock_that_is_behind_does_not_hide_the_end() -> None:
    desk = Desk()
    desk.look(spool(85.0))
    assert kinds(desk.look(spool(10.0), minutes=-30)) == [EventKind.CLEARED]


def test_those_who_care_for_the_installation_are_told_whatever_their_district() -> None:
    told = Desk().look(spool(85.0)).notices
    assert [n.recipient_id for n in told] == ["r-operator"]
    assert told[0].link.startswith("https://anju.example/alerts/")


def test_those_who_care_for_it_only_are_not_told_of_houses() -> None:
    from tests.alert_samples import finding

    told = join([finding(Level.ORANGE)], [], CONTEXT, NOON).notices
    assert [n.recipient_id for n in told] == ["r-houses"]


def test_a_red_one_that_nobody_acknowledges_is_escalated_once() -> None:
    desk = Desk()
    desk.look(spool(100.0))
    late_ns = desk.now_ns + 10 * MINUTE_NS
    done = escalate([desk.only], CONTEXT.recipients, CONTEXT, late_ns)
    assert [n.recipient_id for n in done.notices] == ["r-chief"]
    assert escalate(done.alerts, CONTEXT.recipients, CONTEXT, late_ns + HOUR_NS).alerts == ()


def test_one_person_closes_it_even_when_it_was_red() -> None:
    desk = Desk()
    desk.look(spool(100.0))
    taken, _ = acts.acknowledge(desk.only, "duty", desk.now_ns)
    closed, events = acts.close(taken, "duty", desk.now_ns, "store is back")
    assert closed.state is AlertState.CLOSED
    assert [e.kind for e in events] == [EventKind.CLOSED]
    with pytest.raises(Conflict):
        acts.close(closed, "duty", desk.now_ns, "again")


def test_closed_while_it_lasts_it_is_quiet_until_it_gets_worse_or_comes_back() -> None:
    desk = Desk()
    desk.look(spool(85.0))
    desk.keep(acts.close(desk.only, "duty", desk.now_ns, "we know")[0])
    assert desk.look(spool(86.0)).alerts == ()
    worse = desk.look(spool(100.0))
    assert kinds(worse) == [EventKind.OPENED]
    assert len(worse.notices) == 1
    (opened,) = worse.alerts
    desk.keep(acts.close(opened, "duty", desk.now_ns, "we know that, too")[0])
    eased = desk.look(spool(10.0))
    assert (kinds(eased), len(eased.notices)) == ([], 0)
    assert eased.alerts[0].state is AlertState.CLOSED
    assert kinds(desk.look(spool(85.0))) == [EventKind.OPENED]


def test_time_closes_what_has_been_over_for_long_and_reopens_it_when_it_comes_back() -> None:
    desk = Desk()
    desk.look(spool(100.0))
    desk.look(spool(1.0))
    hold_ns = 30 * MINUTE_NS
    early = acts.settle([desk.only], CONTEXT.profile, desk.now_ns + hold_ns - 1, hold_ns)
    assert early.alerts == ()
    done = acts.settle([desk.only], CONTEXT.profile, desk.now_ns + hold_ns, hold_ns)
    desk.keep(*done.alerts)
    assert desk.only.state is AlertState.CLOSED
    back = desk.look(spool(100.0), minutes=60)
    assert kinds(back) == [EventKind.REOPENED]
    assert len(back.notices) == 1, "who was told of the first time is told again"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("rule", sorted(BOUNDS))
def test_every_cause_is_said_in_both_languages_when_it_holds_and_when_it_is_over(
    rule: str, language: str
) -> None:
    row = BOUNDS[rule]
    desk = Desk()
    worst = row.levels[-1][1]
    desk.look(Sign(row.cause, rule, "spool 7", worst))
    held = sentence(desk.only, None, language)
    desk.look(Sign(row.cause, rule, "spool 7", 10.0**9 if row.falling else 0.0))
    over = sentence(desk.only, None, language)
    assert held != over
    assert "None" not in held + over
    assert title(desk.only, None, language).count(" · ") == 2
    name = {"zh": "安居系统", "en": "Anju itself"}[language]
    assert name in title(desk.only, None, language)
    chinese = any("\u4e00" <= letter <= "\u9fff" for letter in held)
    assert chinese == (language == "zh")


def test_every_bound_rises_from_level_to_level() -> None:
    for row in BOUNDS.values():
        for (mild, first), (bad, second) in pairwise(row.levels):
            assert mild < bad
            assert first > second if row.falling else first < second


def test_only_who_runs_it_sees_it_whatever_their_scope() -> None:
    district = (Scope(ScopeKind.DISTRICT, "360102"),)
    seen = {
        role
        for role in Role
        if may_on_installation(Caller("u", "n", role, district), "alerts:read")
    }
    assert seen == {Role.ADMINISTRATOR, Role.DUTY_OFFICER}
    assert all("alerts:act" in ACTIONS[role] for role in seen)


def test_a_buildings_red_alert_still_stays_red_and_takes_two() -> None:
    from tests.alert_samples import finding

    joined = join([finding(Level.RED)], [], CONTEXT, NOON)
    over = join([finding(Level.NONE, at=1)], joined.alerts, CONTEXT, NOON + DAY_NS)
    assert over.alerts[0].level is Level.RED
    assert acts.needs_second(over.alerts[0])
    assert not acts.needs_second(replace(over.alerts[0], building_id=INSTALLATION))


def test_the_defaults_are_in_the_settings() -> None:
    assert Settings().watch.spool_percent == {"yellow": 50, "orange": 80, "red": 100}


def test_a_door_without_a_broker_is_counted_and_one_that_waits_for_the_spool_is_not() -> None:
    now = [0.0]
    watch = DoorWatch(lambda: now[0])
    well, ill = Health("x", "ok", ""), Health("x", "degraded", "broker cannot be reached")
    assert watch.measure(well, well, "ingest 0").value == 0.0
    assert watch.measure(ill, well, "ingest 0").value == 0.0
    now[0] = 61.0
    assert watch.measure(ill, None, "ingest 0").value == 61.0
    assert watch.measure(ill, ill, "ingest 0").value == 0.0
    now[0] = 70.0
    assert watch.measure(ill, well, "ingest 0").value == 0.0
