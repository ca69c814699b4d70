"""What follows from each result class, at every edge."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.check_cycles import CycleProfile, TriggerRow
from domain.checkups import (
    AppraisalOrder,
    CheckCause,
    CheckClass,
    CheckState,
    CheckUp,
    OrderState,
    ResultClass,
    Tier,
)
from domain.clock import DAY_NS, to_ns
from domain.submissions import Submission
from lifecycle.results import Known, Led, conflicting, day_of, due_after, in_force, led_to
from tests.check_samples import CYCLES

NOW_NS = to_ns(datetime(2026, 11, 23, 6, tzinfo=UTC))
TODAY = date(2026, 11, 23)
SENT = Submission(
    "s-1", "ck-1", "b-1", "basic", 1, "inspector", "u-1", 1, NOW_NS - 2, NOW_NS - 1, NOW_NS,
    ResultClass.SOUND, "5" * 64, conclusion="东墙\n裂缝",
)  # fmt: skip
DONE = CheckUp(
    "ck-1", "b-1", CheckClass.BASIC, CheckCause.CYCLE, TODAY, 1, "plan", state=CheckState.DONE,
    tier=Tier.BODY, firm_id="f-1", submission_id="s-1", result=ResultClass.SOUND,
    done_at_ns=NOW_NS - 1,
)  # fmt: skip
OTHER = replace(
    DONE, id="ck-0", check_class=CheckClass.DAILY, tier=Tier.PROPERTY, submission_id="s-0",
    done_at_ns=NOW_NS - 10 * DAY_NS,
)  # fmt: skip


def led(result: int, *others: CheckUp, **changes: object) -> Led:
    sent = replace(SENT, result=ResultClass(result), **changes)  # type: ignore[arg-type]
    return led_to(sent, replace(DONE, result=sent.result), CYCLES, Known(others))


def causes(found: Led) -> list[CheckCause]:
    return [one.cause for one in found.opened]


def test_nothing_follows_when_nothing_was_found() -> None:
    assert led(1) == Led()


@pytest.mark.parametrize(
    ("told", "due_on"),
    [
        (None, TODAY + timedelta(days=180)),
        (date(2027, 3, 1), date(2027, 3, 1)),
        (TODAY + timedelta(days=1), TODAY + timedelta(days=1)),
        # a day that is over, or today, is a slip: the rules' own day counts
        (TODAY, TODAY + timedelta(days=180)),
        (date(2020, 1, 1), TODAY + timedelta(days=180)),
    ],
)
def test_class_2_is_looked_at_again_on_the_day_that_is_told(
    told: date | None, due_on: date
) -> None:
    found = led(2, recheck_on=told)
    (again,) = found.opened
    assert (again.cause, again.check_class, again.due_on) == (
        CheckCause.RECHECK,
        CheckClass.BASIC,
        due_on,
    )
    assert (again.firm_id, again.tier, again.cause_ref) == ("f-1", Tier.BODY, "ck-1")
    assert (found.recheck_on, found.orders, found.imminent) == (due_on, (), False)


def test_a_re_check_that_waits_already_is_not_opened_twice() -> None:
    waiting = replace(OTHER, id="ck-9", cause=CheckCause.RECHECK, state=CheckState.PLANNED)
    assert causes(led(2, waiting)) == []
    assert causes(led(2, replace(waiting, state=CheckState.CANCELLED))) == [CheckCause.RECHECK]


def test_class_3_orders_an_appraisal_and_a_special_check_up() -> None:
    found = led(3)
    (order,), (special,) = found.orders, found.opened
    assert order.due_on == TODAY + timedelta(days=30)
    assert (order.state, order.check_up_id, order.cause_text) == (
        OrderState.OPEN,
        "ck-1",
        "东墙 裂缝",
    )
    assert (special.cause, special.check_class, special.due_on) == (
        CheckCause.DANGER_FOUND,
        CheckClass.SPECIAL,
        TODAY + timedelta(days=15),
    )
    assert not found.imminent


def test_class_4_does_the_same_and_rings() -> None:
    found = led(4)
    assert (found.imminent, len(found.orders), causes(found)) == (
        True,
        1,
        [CheckCause.DANGER_FOUND],
    )


def test_an_appraisal_that_is_ordered_already_is_not_ordered_again() -> None:
    order = AppraisalOrder("o-1", "b-1", "ck-0", "", 1, TODAY, "rules")
    sent = replace(SENT, result=ResultClass.DANGER)
    assert led_to(sent, DONE, CYCLES, Known(orders=(order,))).orders == ()
    over = replace(order, state=OrderState.REPORTED)
    assert len(led_to(sent, DONE, CYCLES, Known(orders=(over,))).orders) == 1


def test_a_special_check_up_that_finds_danger_opens_no_other() -> None:
    sent = replace(SENT, result=ResultClass.DANGER)
    special = replace(DONE, check_class=CheckClass.SPECIAL, result=ResultClass.DANGER)
    found = led_to(sent, special, CYCLES, Known())
    assert (found.opened, len(found.orders)) == ((), 1)


def test_without_a_row_in_the_rules_no_special_check_up_is_opened() -> None:
    bare = replace(CYCLES, triggers=())
    found = led_to(replace(SENT, result=ResultClass.DANGER), DONE, bare, Known((OTHER,)))
    assert (found.opened, len(found.orders)) == ((), 1)


@pytest.mark.parametrize(
    ("before", "now", "differ"),
    [(1, 3, True), (2, 3, True), (2, 4, True), (4, 1, True), (1, 2, False), (3, 4, False)],
)
def test_tiers_differ_when_only_one_of_them_found_danger(
    before: int, now: int, differ: bool
) -> None:
    other = replace(OTHER, result=ResultClass(before))
    assert (CheckCause.CONFLICT in causes(led(now, other))) is differ


@pytest.mark.parametrize(("days", "near"), [(90, True), (91, False), (0, True)])
def test_tiers_differ_only_so_many_days_apart(days: int, near: bool) -> None:
    at_ns = (DONE.done_at_ns or 0) - days * DAY_NS
    other = replace(OTHER, done_at_ns=at_ns)
    assert (CheckCause.CONFLICT in causes(led(3, other))) is near


def test_the_newest_of_a_tier_counts_and_ones_own_does_not() -> None:
    newer = replace(OTHER, id="ck-5", result=ResultClass.DANGER, done_at_ns=NOW_NS - 2 * DAY_NS)
    assert CheckCause.CONFLICT not in causes(led(3, OTHER, newer))
    own = replace(OTHER, tier=Tier.BODY)
    assert CheckCause.CONFLICT not in causes(led(3, own))
    waiting = replace(OTHER, state=CheckState.ASSIGNED, done_at_ns=None)
    assert CheckCause.CONFLICT not in causes(led(3, waiting))


def test_a_conflict_is_settled_by_a_special_check_up_and_goes_no_round() -> None:
    settling = replace(
        OTHER, id="ck-7", check_class=CheckClass.SPECIAL, cause=CheckCause.CONFLICT,
        tier=Tier.DEPARTMENT,
    )  # fmt: skip
    for state in (CheckState.PLANNED, CheckState.DONE):
        one = replace(
            settling, state=state, done_at_ns=NOW_NS if state is CheckState.DONE else None
        )
        assert CheckCause.CONFLICT not in causes(led(3, OTHER, one))
    special = replace(DONE, check_class=CheckClass.SPECIAL)
    assert conflicting(SENT, special, [replace(OTHER, result=ResultClass.DANGER)], CYCLES) is None


def test_ids_follow_from_the_submission() -> None:
    assert led(4, OTHER) == led(4, OTHER)
    assert led(3).orders[0].id != led(3, id="s-2").orders[0].id


def test_a_day_is_one_of_china() -> None:
    late = to_ns(datetime(2026, 11, 23, 16, tzinfo=UTC))
    assert (day_of(late - 1), day_of(late)) == (TODAY, TODAY + timedelta(days=1))


def test_the_newest_profile_in_force_counts() -> None:
    later = replace(CYCLES, version=2, effective_on=TODAY + timedelta(days=1))
    assert in_force([later, CYCLES], TODAY) == CYCLES
    assert in_force([later, CYCLES], TODAY + timedelta(days=1)) == later
    assert in_force([], TODAY) == CycleProfile("none", 0, TODAY, ())


def test_an_event_is_due_as_its_row_says() -> None:
    special, alert = CheckClass.SPECIAL, CheckCause.ALERT
    assert due_after(CYCLES, special, alert, NOW_NS) == TODAY + timedelta(days=3)
    assert due_after(CYCLES, special, CheckCause.FIRE, NOW_NS) == TODAY
    rows = (TriggerRow(alert, CheckClass.DAILY, 5),)
    assert due_after(replace(CYCLES, triggers=rows), special, alert, NOW_NS) == TODAY
