"""What follows from a check-up's result: re-check, special check-up, appraisal (房屋体检结果)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from domain.check_cycles import CycleProfile, TriggerRow
from domain.checkups import (
    AppraisalOrder,
    CheckCause,
    CheckClass,
    CheckState,
    CheckUp,
    OrderState,
    ResultClass,
)
from domain.clock import DAY_NS, to_datetime
from domain.ids import same_id
from domain.labels import CHINA
from domain.submissions import Submission

#: who opened what follows by itself
BY = "lifecycle.results"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a building when a result comes in.

    Parameters
    ----------
    check_ups
        Its check-ups, done and waiting, the one that the result is of among them or not.
    orders
        Its ordered appraisals.

    """

    check_ups: tuple[CheckUp, ...] = ()
    orders: tuple[AppraisalOrder, ...] = ()


@dataclass(frozen=True, slots=True)
class Led:
    """What a result leads to.

    Parameters
    ----------
    imminent
        A red alert is due at once.
    recheck_on
        Day of the re-check; `None`: none is due.

    """

    opened: tuple[CheckUp, ...] = ()
    orders: tuple[AppraisalOrder, ...] = ()
    imminent: bool = False
    recheck_on: date | None = None


def led_to(submission: Submission, check_up: CheckUp, profile: CycleProfile, known: Known) -> Led:
    """Tell what a submission that counts leads to; ids follow from it, so twice is once.

    - minor (2): a re-check on the day that the inspector names, else after
      `recheck_within_days`;
    - danger (3) and imminent (4): an appraisal within `appraise_within_days`, unless one is
      ordered already, and a special check-up where the profile has a trigger for `danger found`;
    - imminent: a red alert;
    - any: a special check-up where another tier found otherwise within `conflict_days`.

    Parameters
    ----------
    check_up
        As it is with this result.

    """
    today = day_of(submission.received_at_ns)
    opened: list[CheckUp] = []
    orders: list[AppraisalOrder] = []
    recheck_on = None
    others = [one for one in known.check_ups if one.id != check_up.id]
    if submission.result is ResultClass.MINOR:
        recheck_on = _recheck_day(submission, profile, today)
        if not _waiting(others, CheckCause.RECHECK):
            opened.append(_recheck(submission, check_up, profile, recheck_on))
    if found_danger(submission.result):
        if not any(order.state is OrderState.OPEN for order in known.orders):
            orders.append(_order(submission, profile, today))
        row = _trigger(profile, CheckCause.DANGER_FOUND)
        special = check_up.check_class is CheckClass.SPECIAL
        if row is not None and not special and not _waiting(others, CheckCause.DANGER_FOUND):
            opened.append(_special(submission, row, today, _said(submission)))
    opposite = conflicting(submission, check_up, others, profile)
    row = _trigger(profile, CheckCause.CONFLICT)
    if opposite is not None and row is not None:
        text = f"{_tier(check_up)} {int(submission.result)} 类 ≠ {_tier(opposite)} "
        text += f"{int(opposite.result or 0)} 类（{day_of(opposite.done_at_ns or 0)}）"
        opened.append(_special(submission, row, today, text))
    return Led(tuple(opened), tuple(orders), submission.result is ResultClass.IMMINENT, recheck_on)


def conflicting(
    submission: Submission, check_up: CheckUp, others: Sequence[CheckUp], profile: CycleProfile
) -> CheckUp | None:
    """Find the newest check-up of another tier that found danger where this did not, or not.

    A special check-up is how such a conflict ends: it opens none itself, and while one for a
    conflict waits, or was done within `conflict_days`, there is no further one.
    """
    at_ns = check_up.done_at_ns or submission.received_at_ns
    near_ns = profile.conflict_days * DAY_NS
    recent = [
        one
        for one in others
        if one.done_at_ns is not None and abs(at_ns - one.done_at_ns) <= near_ns
    ]
    settled = any(one.cause is CheckCause.CONFLICT for one in recent)
    if settled or check_up.check_class is CheckClass.SPECIAL:
        return None
    if _waiting(others, CheckCause.CONFLICT):
        return None
    newest: dict[str, CheckUp] = {}
    for one in sorted(recent, key=lambda each: each.done_at_ns or 0):
        if one.state is CheckState.DONE and one.result is not None and one.tier != check_up.tier:
            newest[one.tier] = one
    danger = found_danger(submission.result)
    against = [one for one in newest.values() if found_danger(one.result) != danger]
    return max(against, key=lambda one: one.done_at_ns or 0, default=None)


def found_danger(result: ResultClass | None) -> bool:
    """Tell whether a result is one that leads to an appraisal."""
    return result is not None and result >= ResultClass.DANGER


def day_of(at_ns: int) -> date:
    """Tell the day of a moment in China's calendar."""
    return to_datetime(at_ns).astimezone(CHINA).date()


def due_after(
    profile: CycleProfile, check_class: CheckClass, cause: CheckCause, at_ns: int
) -> date:
    """Tell by when a check-up for an event should be done; the day of the event without a row."""
    row = _trigger(profile, cause)
    days = row.within_days if row and row.check_class is check_class else 0
    return day_of(at_ns) + timedelta(days=days)


def in_force(profiles: Iterable[CycleProfile], day: date) -> CycleProfile:
    """Find the newest profile that is in force; one without rules where there is none.

    Parameters
    ----------
    profiles
        The newest first.

    """
    found = (one for one in profiles if one.effective_on <= day)
    return next(found, CycleProfile("none", 0, day, ()))


def _recheck_day(submission: Submission, profile: CycleProfile, today: date) -> date:
    wanted = submission.recheck_on
    if wanted is not None and wanted > today:
        return wanted
    return today + timedelta(days=profile.recheck_within_days)


def _recheck(
    submission: Submission, check_up: CheckUp, profile: CycleProfile, due_on: date
) -> CheckUp:
    row = _trigger(profile, CheckCause.RECHECK)
    return CheckUp(
        same_id("re-check", submission.id),
        submission.building_id,
        row.check_class if row else check_up.check_class,
        CheckCause.RECHECK,
        due_on,
        submission.received_at_ns,
        BY,
        check_up.id,
        _said(submission),
        tier=check_up.tier,
        firm_id=check_up.firm_id,
    )


def _special(submission: Submission, row: TriggerRow, today: date, text: str) -> CheckUp:
    return CheckUp(
        same_id("special", submission.id, row.cause),
        submission.building_id,
        row.check_class,
        row.cause,
        today + timedelta(days=row.within_days),
        submission.received_at_ns,
        BY,
        submission.check_up_id,
        text,
    )


def _order(submission: Submission, profile: CycleProfile, today: date) -> AppraisalOrder:
    return AppraisalOrder(
        same_id("appraisal order", submission.id),
        submission.building_id,
        submission.check_up_id,
        _said(submission),
        submission.received_at_ns,
        today + timedelta(days=profile.appraise_within_days),
        BY,
    )


def _trigger(profile: CycleProfile | None, cause: CheckCause) -> TriggerRow | None:
    rows: Iterable[TriggerRow] = profile.triggers if profile else ()
    return next((row for row in rows if row.cause is cause), None)


def _waiting(check_ups: Sequence[CheckUp], cause: CheckCause) -> bool:
    return any(one.cause is cause and one.state.waits for one in check_ups)


def _said(submission: Submission) -> str:
    """Cut a conclusion to what fits a line of a list."""
    text = " ".join(submission.conclusion.split())
    return text if len(text) <= 200 else text[:199] + "…"


def _tier(check_up: CheckUp) -> str:
    return {"property": "物业", "community": "社区", "department": "部门", "body": "体检机构"}[
        check_up.tier
    ]
