"""Red alerts that nobody acknowledges in time."""

from alerting import acts
from alerting.escalation import escalate
from alerting.join import join
from domain.alerts import Alert, AlertEvent, EventKind
from domain.clock import HOUR_NS, MINUTE_NS
from domain.limits import Level
from tests.alert_samples import NOON, context, finding, recipient

PEOPLE = (recipient("duty"), recipient("head", escalation=True))
TEN = 10 * MINUTE_NS


def red() -> Alert:
    return join([finding(Level.RED)], (), context(PEOPLE), NOON).alerts[0]


def test_a_red_alert_is_told_to_the_next_people_after_ten_minutes_and_once() -> None:
    alert = red()
    early = escalate([alert], PEOPLE, context(PEOPLE), NOON + TEN - 1)
    assert early == acts.Settled()
    called = escalate([alert], PEOPLE, context(PEOPLE), NOON + TEN)
    (after,) = called.alerts
    assert (after.escalated_at_ns, after.version) == (NOON + TEN, 2)
    assert [e.kind for e in called.events] == [EventKind.ESCALATED]
    (told,) = called.notices
    assert told.recipient_name == "head"
    assert "超时无人确认" in told.title
    assert "立即确认" in told.text
    assert escalate([after], PEOPLE, context(PEOPLE), NOON + 9 * TEN) == acts.Settled()


def test_the_time_runs_from_when_it_became_red() -> None:
    yellow = join([finding(Level.YELLOW)], (), context(PEOPLE), NOON)
    later = NOON + 5 * HOUR_NS
    raised = join([finding(Level.RED, at=1)], yellow.alerts, context(PEOPLE), later)
    history: tuple[AlertEvent, ...] = (*yellow.events, *raised.events)

    def ask(now_ns: int) -> acts.Settled:
        return escalate(raised.alerts, PEOPLE, context(PEOPLE), now_ns, lambda _: history)

    assert ask(later + TEN - 1) == acts.Settled()
    assert len(ask(later + TEN).notices) == 1


def test_an_acknowledged_or_closed_or_milder_alert_is_left_alone() -> None:
    seen, _ = acts.acknowledge(red(), "u1", NOON)
    proposed, _ = acts.close(red(), "u1", NOON, "no")
    closed, _ = acts.close(proposed, "u2", NOON, "no")
    orange = join([finding(Level.ORANGE)], (), context(PEOPLE), NOON).alerts[0]
    left = [seen, closed, orange]
    assert escalate(left, PEOPLE, context(PEOPLE), NOON + HOUR_NS) == acts.Settled()


def test_where_nobody_is_to_be_called_the_history_says_so() -> None:
    nobody = (recipient("duty"), recipient("far", escalation=True, districts=("999999",)))
    called = escalate([red()], nobody, context(nobody), NOON + TEN)
    assert called.notices == ()
    assert "no recipient" in called.events[0].text
    assert called.alerts[0].escalated_at_ns == NOON + TEN
