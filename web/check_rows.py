"""Check-ups as pages show them: with people's names, results in words, and ordered appraisals."""

from dataclasses import dataclass

from domain.access import Caller, may
from domain.alerts import Alert
from domain.buildings import Building
from domain.check_ports import CheckFilter
from domain.checkups import AppraisalOrder, CheckState, CheckUp, OrderState
from domain.labels import Outcome
from domain.ports import Page
from domain.services import Services
from web.alert_rows import Names

#: done check-ups that a building's page shows
LAST = 5
_READ = 1_000


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check-up, ready to be shown.

    Parameters
    ----------
    who
        Who goes or went; a firm where nobody in it is named yet; empty: nobody.
    outcome
        What the alert that it looked into turned out to be.

    """

    check_up: CheckUp
    who: str
    outcome: Outcome | None = None
    conclusion: str = ""


@dataclass(frozen=True, slots=True)
class Checks:
    """The check-ups of a building, or of an alert."""

    waiting: tuple[CheckRow, ...] = ()
    done: tuple[CheckRow, ...] = ()
    orders: tuple[AppraisalOrder, ...] = ()


def checks_of_building(services: Services, caller: Caller, building: Building) -> Checks | None:
    """Tell what waits and what was done last; `None` for whom may not know."""
    if not may(caller, "checks:read", building):
        return None
    waiting = _read(
        services,
        CheckFilter(building_ids=(building.id,), states=(CheckState.PLANNED, CheckState.ASSIGNED)),
    )
    done = _read(services, CheckFilter(building_ids=(building.id,), states=(CheckState.DONE,)))
    newest = sorted(done, key=lambda one: one.done_at_ns or 0, reverse=True)[:LAST]
    names, orders = Names(services), services.checks.orders([building.id], (OrderState.OPEN,))
    return Checks(
        tuple(_row(services, names, one) for one in waiting),
        tuple(_row(services, names, one) for one in newest),
        tuple(orders),
    )


def checks_of_alert(services: Services, caller: Caller, alert: Alert) -> Checks | None:
    """Tell who was sent for an alert, and what they found."""
    building = None if alert.of_installation else services.register.building(alert.building_id)
    if building is None or not may(caller, "checks:read", building):
        return None
    rows = _read(services, CheckFilter(building_ids=(building.id,), alert_id=alert.id))
    names = Names(services)
    return Checks(
        tuple(_row(services, names, one) for one in rows if one.state.waits),
        tuple(_row(services, names, one) for one in rows if one.state is CheckState.DONE),
    )


def _read(services: Services, wanted: CheckFilter) -> list[CheckUp]:
    return services.checks.check_ups(wanted, Page(_READ))


def _row(services: Services, names: Names, check_up: CheckUp) -> CheckRow:
    who = names.of(check_up.inspector_id)
    if not who and check_up.firm_id:
        firm = services.checks.firm(check_up.firm_id)
        who = firm.name if firm else check_up.firm_id
    counts = services.checks.submission(check_up.submission_id) if check_up.submission_id else None
    if counts is None:
        return CheckRow(check_up, who)
    return CheckRow(check_up, names.of(counts.by_id), counts.outcome, counts.conclusion)
