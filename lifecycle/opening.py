"""Opens a special check-up for an alert: somebody is to go and look (派人核查)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from domain.alerts import Alert
from domain.check_cycles import CycleProfile, Due
from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp, Tier
from domain.ids import same_id
from domain.templates import Template, form_for
from lifecycle.results import due_after

#: what fits into the cause of a check-up
CAUSE_LENGTH_MAX = 500


def alert_check_id(alert_id: str) -> str:
    """Make the id of the first check-up for an alert: whoever opens it, there is one."""
    return same_id("check-up", "alert", alert_id)


def given(first: CheckUp, wanted: CheckUp) -> CheckUp | None:
    """Give the check-up that an alert has already to somebody.

    Parameters
    ----------
    first
        What the plan, or somebody else, has opened for the alert.
    wanted
        As somebody would open it now.

    Returns
    -------
    `first` as it is afterwards; as it is, where it says the same; `None` where it is somebody
    else's, or done: then `wanted` is one more.

    """
    same = ("due_on", "firm_id", "inspector_id", "note")
    if first.state.waits and all(getattr(first, n) == getattr(wanted, n) for n in same):
        return first
    if first.state is not CheckState.PLANNED or first.firm_id or first.inspector_id:
        return None
    return replace(
        first,
        due_on=wanted.due_on,
        firm_id=wanted.firm_id,
        inspector_id=wanted.inspector_id,
        tier=wanted.tier,
        note=wanted.note,
        state=wanted.state,
        version=first.version + 1,
    )


def for_alert(
    id_: str,
    alert: Alert,
    sentence: str,
    by: str,
    now_ns: int,
    profile: CycleProfile,
    templates: Iterable[Template],
    *,
    due_on: date | None = None,
    firm_id: str = "",
    inspector_id: str = "",
    tier: Tier = Tier.BODY,
    note: str = "",
) -> CheckUp:
    """Make the check-up that looks into an alert.

    Parameters
    ----------
    sentence
        What the alert says, for the inspector.
    due_on
        `None`: as the profile's trigger for alerts says.

    """
    cause, special = CheckCause.ALERT, CheckClass.SPECIAL
    form = form_for(templates, special, cause)
    return CheckUp(
        id=id_,
        building_id=alert.building_id,
        check_class=special,
        cause=cause,
        due_on=due_on or due_after(profile, special, cause, now_ns),
        opened_at_ns=now_ns,
        by=by,
        cause_ref=alert.id,
        cause_text=sentence[:CAUSE_LENGTH_MAX],
        state=CheckState.ASSIGNED if firm_id or inspector_id else CheckState.PLANNED,
        tier=tier,
        firm_id=firm_id,
        inspector_id=inspector_id,
        template_id=form.id if form else "",
        template_version=form.version if form else 0,
        alert_id=alert.id,
        note=note,
    )


def sent(check_up: CheckUp, firm_id: str, inspector_id: str) -> CheckUp:
    """Say who goes; nobody puts it back among those that are planned only."""
    state = CheckState.ASSIGNED if firm_id or inspector_id else CheckState.PLANNED
    return replace(check_up, firm_id=firm_id, inspector_id=inspector_id, state=state)


def for_due(
    row: Due,
    by: str,
    now_ns: int,
    templates: Iterable[Template],
    *,
    firm_id: str = "",
    inspector_id: str = "",
) -> CheckUp:
    """Make the check-up that a row of the due list asks for; the same row gives the same id."""
    form = form_for(templates, row.check_class, row.cause)
    return CheckUp(
        id=same_id("check-up", row.building_id, row.check_class, row.due_on, row.cause_ref),
        building_id=row.building_id,
        check_class=row.check_class,
        cause=row.cause,
        due_on=row.due_on,
        opened_at_ns=now_ns,
        by=by,
        cause_ref=row.cause_ref,
        state=CheckState.ASSIGNED if firm_id or inspector_id else CheckState.PLANNED,
        firm_id=firm_id,
        inspector_id=inspector_id,
        template_id=form.id if form else "",
        template_version=form.version if form else 0,
    )
