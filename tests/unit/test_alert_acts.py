"""What people do about alerts, and what time does."""

from dataclasses import replace

import pytest

from alerting import acts
from alerting.join import join
from domain.alerts import Alert, AlertEvent, AlertState, EventKind
from domain.clock import HOUR_NS
from domain.errors import Conflict, InvalidInput
from domain.limits import Level
from tests.alert_samples import NOON, PROFILE, context, finding


def alert(level: Level = Level.ORANGE) -> Alert:
    return join([finding(level)], (), context(), NOON).alerts[0]


def cleared(level: Level = Level.ORANGE) -> Alert:
    return join([finding(Level.NONE, at=1)], [alert(level)], context(), NOON).alerts[0]


def one(events: tuple[AlertEvent, ...]) -> AlertEvent:
    (event,) = events
    return event


def test_acknowledging_says_who_and_when() -> None:
    after, events = acts.acknowledge(alert(), "u1", NOON + 5, "on my way")
    assert (after.state, after.acknowledged_by) == (AlertState.ACKNOWLEDGED, "u1")
    assert (after.acknowledged_at_ns, after.version) == (NOON + 5, 2)
    event = one(events)
    assert (event.kind, event.by, event.at_ns) == (EventKind.ACKNOWLEDGED, "u1", NOON + 5)
    assert event.text == "on my way"


@pytest.mark.parametrize("who", ["u1", "u2"])
def test_an_alert_is_acknowledged_once(who: str) -> None:
    seen, _ = acts.acknowledge(alert(), "u1", NOON + 5)
    with pytest.raises(Conflict, match="'u1' has done it"):
        acts.acknowledge(seen, who, NOON + 6)


def test_up_to_orange_one_person_closes() -> None:
    after, events = acts.close(alert(), "u1", NOON + 5, "  loose bracket, refixed ")
    assert (after.state, after.closed_by, after.closed_at_ns) == (
        AlertState.CLOSED,
        "u1",
        NOON + 5,
    )
    assert after.close_reason == "loose bracket, refixed"
    assert one(events).kind is EventKind.CLOSED


def test_red_is_closed_by_a_second_person() -> None:
    proposed, events = acts.close(alert(Level.RED), "u1", NOON + 5, "false alarm")
    assert (proposed.state, proposed.close_proposed_by) == (AlertState.OPEN, "u1")
    assert one(events).kind is EventKind.CLOSE_PROPOSED
    with pytest.raises(Conflict, match="closed by two people: 'u1' has proposed it"):
        acts.close(proposed, "u1", NOON + 6, "really")
    closed, events = acts.close(proposed, "u2", NOON + 7, "seen on site")
    assert (closed.state, closed.closed_by, closed.version) == (AlertState.CLOSED, "u2", 3)
    assert (one(events).kind, one(events).text) == (EventKind.CLOSED, "seen on site")


def test_what_was_red_once_takes_two_people_though_it_shows_less() -> None:
    was_red = replace(alert(), level_max=Level.RED)
    assert acts.close(was_red, "u1", NOON, "over")[0].state is AlertState.OPEN


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 2001])
def test_closing_wants_a_reason_of_fitting_length(reason: str) -> None:
    with pytest.raises(InvalidInput, match="reason must"):
        acts.close(alert(), "u1", NOON, reason)


@pytest.mark.parametrize("who", ["", acts.SYSTEM])
def test_nobody_closes_in_the_systems_name(who: str) -> None:
    with pytest.raises(InvalidInput, match="closed by a person"):
        acts.close(alert(), who, NOON, "why not")


def test_a_closed_alert_takes_notes_but_no_acts() -> None:
    closed, _ = acts.close(alert(), "u1", NOON, "done")
    with pytest.raises(Conflict, match="closed by 'u1'"):
        acts.close(closed, "u2", NOON, "again")
    with pytest.raises(Conflict, match="closed by 'u1'"):
        acts.acknowledge(closed, "u2", NOON)
    noted, events = acts.note(closed, "u2", NOON + 1, "the report came by post")
    assert (noted.state, noted.version) == (AlertState.CLOSED, 3)
    assert one(events).text == "the report came by post"
    with pytest.raises(InvalidInput, match="text must say"):
        acts.note(closed, "u2", NOON, " ")


def test_each_act_has_an_event_of_its_own() -> None:
    ids = set()
    now = alert()
    for n in range(3):
        now, events = acts.note(now, "u1", NOON, f"note {n}")
        ids.add(one(events).id)
    assert len(ids) == 3


def test_time_closes_what_has_been_over_for_the_hold() -> None:
    over = cleared()
    just_before = acts.settle([over], PROFILE, NOON + 24 * HOUR_NS - 1)
    assert just_before == acts.Settled()
    settled = acts.settle([over, alert()], PROFILE, NOON + 24 * HOUR_NS)
    (closed,) = settled.alerts
    assert (closed.state, closed.closed_by) == (AlertState.CLOSED, acts.SYSTEM)
    assert closed.version == over.version + 1
    assert [e.kind for e in settled.events] == [EventKind.CLOSED]
    assert acts.settle(settled.alerts, PROFILE, NOON + 48 * HOUR_NS) == acts.Settled()


def test_time_closes_what_was_acknowledged_too() -> None:
    seen, _ = acts.acknowledge(cleared(), "u1", NOON)
    assert len(acts.settle([seen], PROFILE, NOON + 24 * HOUR_NS).alerts) == 1


def test_time_never_closes_red() -> None:
    assert acts.settle([cleared(Level.RED)], PROFILE, NOON + 999 * HOUR_NS) == acts.Settled()
