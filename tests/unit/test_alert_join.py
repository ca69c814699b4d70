"""Findings become alerts; and what must hold however findings come."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting import acts
from alerting.join import JoinContext, Joined, join
from domain.alerts import Alert, AlertState, EventKind
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS
from domain.findings import Cause, Compensation, Finding
from domain.limits import Level
from tests.alert_samples import NOON, PROFILE, building, by_key, context, finding, recipient

YELLOW, ORANGE, RED, NONE, BLUE = Level.YELLOW, Level.ORANGE, Level.RED, Level.NONE, Level.BLUE


def only(joined: Joined) -> Alert:
    (alert,) = joined.alerts
    return alert


def kinds(joined: Joined) -> list[EventKind]:
    return [event.kind for event in joined.events]


def opened(*findings: Finding, where: JoinContext | None = None) -> Alert:
    return only(join(findings, (), where or context(), NOON))


def test_a_first_finding_opens_an_alert_and_tells_its_recipients() -> None:
    joined = join([finding()], (), context(), NOON)
    alert = only(joined)
    assert (alert.level, alert.level_max, alert.state) == (YELLOW, YELLOW, AlertState.OPEN)
    assert (alert.version, alert.opened_at_ns) == (1, NOON)
    assert alert.event_started_at_ns == NOON - 2 * HOUR_NS
    assert kinds(joined) == [EventKind.OPENED]
    (told,) = joined.notices
    assert told.link == f"https://anju.example/alerts/{alert.id}"
    assert told.next_at_ns == NOON
    assert told.event_id == joined.events[0].id


def test_an_end_without_a_beginning_opens_nothing() -> None:
    assert join([finding(NONE)], (), context(), NOON) == Joined((), (), ())


def test_the_same_finding_again_changes_nothing() -> None:
    alert = opened(finding())
    assert join([finding()], [alert], context(), NOON + 1) == Joined((), (), ())


def test_judging_a_stretch_again_writes_the_same_rows() -> None:
    stretch = [finding(YELLOW), finding(ORANGE, at=5), finding(YELLOW, subject="s2", at=7)]
    assert join(stretch, (), context(), NOON) == join(stretch, (), context(), NOON)


def test_two_causes_of_one_building_are_two_alerts() -> None:
    joined = join([finding(), finding(cause=Cause.TILT)], (), context(), NOON)
    assert {a.cause for a in joined.alerts} == {Cause.CRACK, Cause.TILT}


def test_a_worse_rule_raises_the_alert_and_tells_again() -> None:
    alert = opened(finding())
    joined = join([finding(ORANGE, at=1, rule="crack.rate")], [alert], context(), NOON + 1)
    assert only(joined).id == alert.id
    assert (only(joined).level, only(joined).version) == (ORANGE, 2)
    assert kinds(joined) == [EventKind.RAISED]
    assert [n.level for n in joined.notices] == [ORANGE]


def test_getting_better_is_written_down_and_wakes_nobody() -> None:
    alert = opened(finding(ORANGE))
    lowered = join([finding(YELLOW, at=1)], [alert], context(), NOON + 1)
    assert (kinds(lowered), lowered.notices) == ([EventKind.LOWERED], ())
    assert (only(lowered).level, only(lowered).level_max) == (YELLOW, ORANGE)
    cleared = join([finding(NONE, at=2)], lowered.alerts, context(), NOON + 2)
    assert (kinds(cleared), cleared.notices) == ([EventKind.CLEARED], ())
    assert (only(cleared).level, only(cleared).cleared_at_ns) == (NONE, NOON + 2)


def test_a_level_that_was_told_before_is_not_told_again() -> None:
    alert = opened(finding(ORANGE))
    for step, level in enumerate([YELLOW, ORANGE, NONE, ORANGE], 1):
        joined = join([finding(level, at=step)], [alert], context(), NOON + step)
        assert joined.notices == ()
        alert = only(joined)
    assert alert.level == ORANGE
    assert alert.cleared_at_ns is None


def test_one_stretch_tells_the_worst_level_once() -> None:
    stretch = [finding(YELLOW), finding(ORANGE, at=1), finding(RED, at=2), finding(NONE, at=3)]
    joined = join(stretch, (), context(), NOON)
    assert kinds(joined) == [
        EventKind.OPENED,
        EventKind.RAISED,
        EventKind.RAISED,
        EventKind.CLEARED,
    ]
    assert [n.level for n in joined.notices] == [RED]


def test_red_stays_red_until_people_close_it() -> None:
    alert = opened(finding(RED))
    joined = join([finding(NONE, at=1)], [alert], context(), NOON + 1)
    assert only(joined).level == RED
    assert only(joined).contributions[0].level == NONE
    assert only(joined).cleared_at_ns == NOON + 1
    assert kinds(joined) == [EventKind.CLEARED]


def test_two_points_that_agree_raise_the_level_by_one() -> None:
    alert = opened(finding(subject="s1"), finding(subject="s2"))
    assert alert.level == ORANGE
    assert opened(finding(ORANGE, subject="s1"), finding(subject="s2")).level == RED


def test_two_rules_at_one_point_are_no_agreement() -> None:
    assert opened(finding(), finding(rule="crack.rate")).level == YELLOW


def test_a_blue_point_agrees_with_nobody() -> None:
    assert opened(finding(), finding(BLUE, subject="s2")).level == YELLOW


def test_two_yellow_points_never_make_red() -> None:
    eager = replace(
        PROFILE, numbers=(*[n for n in PROFILE.numbers if n[0] != "agreement.raise"],
                          ("agreement.raise", 2.0)),
    )  # fmt: skip
    where = context(profile=eager)
    assert opened(finding(), finding(subject="s2"), where=where).level == ORANGE


def test_the_building_as_a_whole_is_no_second_witness() -> None:
    assert opened(finding(), finding(subject="b3", rule="crack.sum")).level == YELLOW


@pytest.mark.parametrize("state", [Compensation.IMMATURE, Compensation.ABSENT])
def test_points_without_mature_compensation_are_no_ground_for_more_than_yellow(
    state: Compensation,
) -> None:
    young = [finding(subject=s, compensation=state) for s in ("s1", "s2", "s3")]
    assert opened(*young).level == YELLOW
    capped = [finding(subject=s, capped=True) for s in ("s1", "s2")]
    assert opened(*capped).level == YELLOW
    assert opened(*young, finding(subject="s4")).level == ORANGE


def test_a_cause_that_many_buildings_show_is_shared_and_raises_nobody() -> None:
    night = [
        finding(building_id=f"b{n}", subject=f"b{n}-s{s}", cause=Cause.TILT)
        for n in range(1, 6)
        for s in (1, 2)
    ]
    assert {a.level for a in join(night, (), context(), NOON).alerts} == {YELLOW}
    assert {a.level for a in join(night[:4], (), context(), NOON).alerts} == {ORANGE}


def test_a_shared_cause_is_seen_in_alerts_that_are_already_open() -> None:
    others = [opened(finding(building_id=f"b{n}")) for n in range(4, 8)]
    mine = [finding(subject="s1"), finding(subject="s2")]
    assert only(join(mine, others, context(), NOON)).level == YELLOW
    over = [replace(a, state=AlertState.CLOSED, closed_at_ns=NOON) for a in others]
    assert only(join(mine, over, context(), NOON)).level == ORANGE


def test_three_buildings_at_least_share_a_cause() -> None:
    pair = [finding(building_id=f"b{n}", subject=f"{n}-{s}") for n in (1, 2) for s in (1, 2)]
    assert {a.level for a in join(pair, (), context(buildings=2), NOON).alerts} == {ORANGE}


def test_silence_of_points_on_one_gateway_is_one_fault() -> None:
    lost = [finding(subject=f"s{n}", cause=Cause.WATCH, rule="device.silent") for n in range(4)]
    one = {f"s{n}": "g1" for n in range(4)}
    assert opened(*lost, where=context(gateway_of=one)).level == YELLOW
    assert opened(*lost, where=context(gateway_of=one | {"s3": "g2"})).level == ORANGE


def test_silence_is_never_red() -> None:
    lost = [
        finding(ORANGE, subject=f"s{n}", cause=Cause.WATCH, rule="device.silent") for n in range(3)
    ]
    assert opened(*lost).level == ORANGE
    assert opened(finding(RED, cause=Cause.WATCH)).level == ORANGE


def test_a_restart_waits_at_its_own_level_for_a_person() -> None:
    back = [finding(subject=f"s{n}", cause=Cause.RESTART, rule="restart.jump") for n in range(3)]
    assert opened(*back).level == YELLOW


def test_what_people_closed_opens_as_a_new_alert() -> None:
    alert = opened(finding())
    closed, _ = acts.close(alert, "u1", NOON + 1, "checked on site")
    joined = join([finding(ORANGE, at=1)], [closed], context(), NOON + 2)
    assert only(joined).id != alert.id
    assert (only(joined).version, kinds(joined)) == (1, [EventKind.OPENED])


def test_the_end_of_what_people_closed_changes_nothing() -> None:
    closed, _ = acts.close(opened(finding()), "u1", NOON + 1, "checked on site")
    assert join([finding(NONE, at=1)], [closed], context(), NOON + 2) == Joined((), (), ())
    assert join([finding()], [closed], context(), NOON + 2) == Joined((), (), ())


def settled(alert: Alert) -> tuple[Alert, int]:
    over = only(join([finding(NONE, at=1)], [alert], context(), NOON + MINUTE_NS))
    at_ns = NOON + MINUTE_NS + DAY_NS
    (closed,) = acts.settle([over], PROFILE, at_ns).alerts
    return closed, at_ns


def test_what_time_closed_goes_on_when_it_comes_back_soon() -> None:
    closed, at_ns = settled(opened(finding(ORANGE)))
    again = finding(YELLOW, at=3000)
    joined = join([again], [closed], context(), at_ns + 7 * DAY_NS)
    assert only(joined).id == closed.id
    assert only(joined).version == closed.version + 1
    assert (only(joined).state, only(joined).closed_by) == (AlertState.OPEN, "")
    assert kinds(joined) == [EventKind.REOPENED]
    assert [n.level for n in joined.notices] == [YELLOW]
    # the levels of this time are told anew
    worse = join([finding(ORANGE, at=3001)], joined.alerts, context(), at_ns + 7 * DAY_NS + 1)
    assert [n.level for n in worse.notices] == [ORANGE]
    assert {n.id for n in worse.notices}.isdisjoint(n.id for n in joined.notices)


def test_what_time_closed_long_ago_opens_as_a_new_alert() -> None:
    closed, at_ns = settled(opened(finding()))
    joined = join([finding(at=3000)], [closed], context(), at_ns + 7 * DAY_NS + 1)
    assert only(joined).id != closed.id
    assert kinds(joined) == [EventKind.OPENED]


def test_of_an_open_and_a_closed_alert_the_open_one_goes_on() -> None:
    closed, _ = acts.close(opened(finding()), "u1", NOON + DAY_NS, "checked")
    now = only(join([finding(at=5)], [closed], context(), NOON + 2))
    for order in ([closed, now], [now, closed]):
        assert only(join([finding(ORANGE, at=6)], order, context(), NOON + 3)).id == now.id


def test_a_worse_level_has_to_be_acknowledged_anew() -> None:
    seen, _ = acts.acknowledge(opened(finding()), "u1", NOON + 1)
    same = only(join([finding(BLUE, at=1)], [seen], context(), NOON + 2))
    assert (same.state, same.acknowledged_by) == (AlertState.ACKNOWLEDGED, "u1")
    worse = only(join([finding(ORANGE, at=2)], [same], context(), NOON + 3))
    assert (worse.state, worse.acknowledged_by) == (AlertState.OPEN, "")


def test_a_proposal_to_close_is_forgotten_when_a_point_gets_worse() -> None:
    proposed, _ = acts.close(opened(finding(RED)), "u1", NOON + 1, "false alarm")
    calm = only(join([finding(NONE, at=1)], [proposed], context(), NOON + 2))
    assert calm.close_proposed_by == "u1"
    worse = only(join([finding(YELLOW, subject="s2", at=2)], [calm], context(), NOON + 3))
    assert (worse.close_proposed_by, worse.close_reason) == ("", "")


def test_an_older_finding_of_a_point_does_not_undo_a_newer_one() -> None:
    alert = opened(finding(YELLOW, at=9), finding(ORANGE, subject="s2", at=9))
    assert join([finding(NONE, at=3)], [alert], context(), NOON + 1) == Joined((), (), ())


def test_a_level_never_seen_before_is_taken_in_whatever_its_clock_says() -> None:
    alert = opened(finding(YELLOW, at=9))
    assert only(join([finding(RED, at=3)], [alert], context(), NOON + 1)).level == RED


def test_findings_are_taken_in_the_order_of_their_own_time() -> None:
    joined = join([finding(NONE, at=5), finding(ORANGE, at=1)], (), context(), NOON)
    assert kinds(joined) == [EventKind.OPENED, EventKind.CLEARED]
    assert only(joined).level == NONE


def test_recipients_are_told_by_district_and_level() -> None:
    people = [
        recipient("city"),
        recipient("here", districts=("360102",)),
        recipient("elsewhere", districts=("360103",)),
        recipient("orange only", level_min=ORANGE),
        recipient("left", active=False),
        recipient("escalation", escalation=True),
    ]
    joined = join([finding()], (), context(people), NOON)
    assert {n.recipient_name for n in joined.notices} == {"city", "here"}


def test_a_building_that_is_not_registered_is_told_to_the_whole_citys_recipients() -> None:
    people = [recipient("city"), recipient("here", districts=("360102",))]
    joined = join([finding(building_id="gone")], (), context(people), NOON)
    assert [n.recipient_name for n in joined.notices] == ["city"]
    assert "gone" in joined.notices[0].text


def test_a_recipient_without_a_way_shows_as_refused() -> None:
    joined = join([finding()], (), context([recipient("mute", ways=())]), NOON)
    (told,) = joined.notices
    assert (told.state.value, told.next_at_ns) == ("refused", None)
    assert "no way" in told.answer


levels = st.sampled_from([NONE, BLUE, YELLOW, ORANGE, RED])
subjects = st.sampled_from(["s1", "s2", "s3"])
rules = st.sampled_from(["crack.growth", "crack.rate"])
causes = st.sampled_from([Cause.CRACK, Cause.TILT, Cause.WATCH])


@st.composite
def histories(draw: st.DrawFn) -> list[Finding]:
    """Findings of one or two buildings as detectors make them: rising in time."""
    steps = draw(
        st.lists(
            st.tuples(
                levels, subjects, rules, causes, st.sampled_from(["b3", "b4"]), st.booleans()
            ),
            max_size=25,
        )
    )
    return [
        finding(
            level, at=n, subject=s, rule=r, cause=c, building_id=b, capped=k and level == YELLOW
        )
        for n, (level, s, r, c, b, k) in enumerate(steps)
    ]


def play(
    history: list[Finding], cuts: list[int]
) -> tuple[dict[tuple[str, Cause], Alert], set[str]]:
    """Join a history in pieces, as the pipeline does; gives the alerts and the event ids."""
    kept: dict[str, Alert] = {}
    events: set[str] = set()
    edges = [0, *sorted(cuts), len(history)]
    for start, end in pairwise(edges):
        joined = join(history[start:end], list(kept.values()), context(), NOON)
        for alert in joined.alerts:
            assert alert.version == (kept[alert.id].version + 1 if alert.id in kept else 1)
            kept[alert.id] = alert
        for event in joined.events:
            assert event.id not in events
            events.add(event.id)
    return by_key(list(kept.values())), events


@given(histories(), st.lists(st.integers(0, 25), max_size=6))
@settings(max_examples=150, deadline=None)
def test_cutting_a_history_into_other_batches_gives_the_same_alerts(
    history: list[Finding], cuts: list[int]
) -> None:
    whole, events_of_whole = play(history, [])
    parts, events_of_parts = play(history, [c for c in cuts if c <= len(history)])
    assert {k: replace(a, version=0) for k, a in whole.items()} == {
        k: replace(a, version=0) for k, a in parts.items()
    }
    assert events_of_whole == events_of_parts


@given(histories())
@settings(max_examples=150, deadline=None)
def test_however_findings_come_the_invariants_hold(history: list[Finding]) -> None:
    kept: dict[str, Alert] = {}
    for one in history:
        before = by_key(list(kept.values())).get((one.building_id, one.cause))
        joined = join([one], list(kept.values()), context(), NOON)
        kept |= {a.id: a for a in joined.alerts}
        still_open = [
            (a.building_id, a.cause) for a in kept.values() if a.state is not AlertState.CLOSED
        ]
        assert len(still_open) == len(set(still_open))
        after = by_key(list(kept.values())).get((one.building_id, one.cause))
        if after is None:
            continue
        worst = max(c.level for c in after.contributions)
        assert after.level >= min(worst, ORANGE if after.cause is Cause.WATCH else RED)
        assert after.level_max >= after.level
        assert (after.cleared_at_ns is not None) == (worst == NONE)
        if before is not None:
            assert after.level_max >= before.level_max
            if before.level == RED:
                assert after.level == RED
        again = join([one], list(kept.values()), context(), NOON + 1)
        assert again == Joined((), (), ())
        for told in joined.notices:
            assert told.level == after.level > (before.level_max if before else NONE)


def test_a_silence_that_was_capped_and_is_over_is_not_taken_in_again() -> None:
    history = [
        finding(RED, cause=Cause.WATCH, at=0),
        finding(NONE, cause=Cause.WATCH, at=1),
    ]
    first = join(history, (), context(), NOON)
    assert first.alerts[0].level_max == ORANGE
    assert join(history, first.alerts, context(), NOON + 1) == Joined((), (), ())


@given(histories())
@settings(max_examples=100, deadline=None)
def test_a_whole_history_joined_twice_changes_nothing(history: list[Finding]) -> None:
    first = join(history, (), context(), NOON)
    again = join(history, first.alerts, context(), NOON + 1)
    assert again.notices == ()
    assert {a.id: replace(a, version=0, updated_at_ns=0) for a in again.alerts}.items() <= {
        a.id: replace(a, version=0, updated_at_ns=0) for a in first.alerts
    }.items()


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_the_level_does_not_hang_on_the_order_in_which_points_report(data: st.DataObject) -> None:
    keys = data.draw(st.lists(st.tuples(subjects, rules), unique=True, min_size=1, max_size=6))
    made = [
        finding(data.draw(levels), at=n, subject=s, rule=r, capped=False)
        for n, (s, r) in enumerate(keys)
    ]
    shuffled = data.draw(st.permutations(made))
    one, other = play(made, [])[0], play(shuffled, list(range(len(made))))[0]
    assert {k: (a.level, a.contributions) for k, a in one.items() if a.level} == {
        k: (a.level, a.contributions) for k, a in other.items() if a.level
    }


def test_a_join_for_a_city_costs_little() -> None:
    """Not timed: it must end at all with ten thousand findings of a thousand buildings."""
    houses = {f"b{n}": building(n) for n in range(1000)}
    where = replace(context(), buildings=houses)
    night = [
        finding(building_id=f"b{n % 1000}", subject=f"s{n}", at=n // 1000) for n in range(10_000)
    ]
    joined = join(night, (), where, NOON)
    assert len(joined.alerts) == 1000
    assert {a.level for a in joined.alerts} == {YELLOW}


KEY = (finding().building_id, finding().cause)


def test_a_quiet_finding_changes_the_alert_and_calls_nobody() -> None:
    quiet = join([finding()], (), context(), NOON, quiet={finding().id})
    loud = join([finding()], (), context(), NOON)
    assert (quiet.alerts, quiet.events, quiet.notices) == (loud.alerts, loud.events, ())


def test_when_the_buffer_has_ended_people_are_told_of_what_holds() -> None:
    alert = opened(finding())
    joined = join([], [alert], context(), NOON + HOUR_NS, due=[KEY])
    (told,) = joined.notices
    assert (told.alert_id, told.level, told.event_id) == (alert.id, YELLOW, joined.events[0].id)
    assert only(joined).version == 2
    # judged again after a kill: the same rows
    assert join([], [alert], context(), NOON + HOUR_NS, due=[KEY]) == joined


def test_what_began_and_ended_in_the_buffer_calls_nobody() -> None:
    stretch = [finding(RED), finding(NONE, at=2)]
    joined = join(stretch, (), context(), NOON, quiet={f.id for f in stretch}, due=[KEY])
    assert joined.notices == ()
    assert (only(joined).level, only(joined).cleared_at_ns) == (RED, NOON)


def test_of_a_buffer_nobody_is_told_twice_or_after_having_acknowledged() -> None:
    joined = join([finding()], (), context(), NOON, due=[KEY])  # told by itself
    assert len(joined.notices) == 1
    known = replace(only(joined), state=AlertState.ACKNOWLEDGED)
    assert join([], [known], context(), NOON, due=[KEY]) == Joined((), (), ())
    assert join([], (), context(), NOON, due=[KEY]) == Joined((), (), ())
