"""One alert with its evidence, and what people do about it."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from alerting import acts
from alerting.labelling import label_of
from alerting.texts import sentence
from alerting.words import number, unit_word
from domain.access import may
from domain.alerts import Alert, AlertEvent, Contribution
from domain.buildings import Building
from domain.errors import Conflict, InvalidInput
from domain.findings import Finding
from domain.labels import Outcome
from domain.limits import Level
from web.alert_rows import AlertRow, Names, findings_of, rows_of
from web.check_rows import checks_of_alert
from web.guard import PageRoute, alert_for, caller_of, services_of
from web.render import page, words_of

router = APIRouter(prefix="/alerts", route_class=PageRoute)

#: lets every open page know that the alerts are others now
CHANGED = {"HX-Trigger": "alerts-changed"}


#: details that are not shown among the figures
_APART = ("reason_", "coincides:")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A contribution with its finding, its numbers written for people."""

    contribution: Contribution
    finding: Finding | None
    value: str
    limit: str
    over: bool
    reasons: tuple[str, ...] = ()
    details: tuple[tuple[str, float | str], ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A line of an alert's history; `who` is a person's name."""

    at_ns: int
    kind: Any
    level: Level
    text: str
    who: str


@router.get("/{alert_id}")
def alert_page(request: Request, alert_id: str) -> Response:
    """Show one alert: what was seen, who was told, what was done."""
    return page(request, "alert.html", active="desk", **_alert(request, alert_id))


@router.get("/{alert_id}/now")
def alert_now(request: Request, alert_id: str) -> Response:
    """Show the alert's part of its page again."""
    return page(request, "_alert.html", **_alert(request, alert_id))


@router.post("/{alert_id}/acknowledge")
def acknowledge(request: Request, alert_id: str) -> Response:
    """Take an alert over."""
    alert, _ = alert_for(request, alert_id, "alerts:act")
    services = services_of(request)
    changed, events = acts.acknowledge(alert, caller_of(request).user_id, services.clock.now_ns())
    if events:
        services.alerts.save(changed, events)
    return Response(status_code=204, headers=CHANGED)


@router.post("/{alert_id}/note")
def note(
    request: Request, alert_id: str, text: Annotated[str, Form(max_length=1000)] = ""
) -> Response:
    """Write something down in an alert's history."""
    alert, _ = alert_for(request, alert_id, "alerts:act")
    services = services_of(request)
    changed, events = acts.note(alert, caller_of(request).user_id, services.clock.now_ns(), text)
    services.alerts.save(changed, events)
    return Response(status_code=204, headers=CHANGED)


@router.get("/{alert_id}/close")
def close_dialog(request: Request, alert_id: str) -> Response:
    """Ask for the reason before an alert is closed."""
    alert, building = alert_for(request, alert_id, "alerts:act")
    return _dialog(request, alert, building)


@router.post("/{alert_id}/close")
def close(
    request: Request,
    alert_id: str,
    reason: Annotated[str, Form(max_length=1000)] = "",
    version: Annotated[int, Form()] = -1,
    outcome: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Close an alert, or propose it where two people are needed."""
    alert, building = alert_for(request, alert_id, "alerts:act")
    services, words = services_of(request), words_of(request)
    if not reason.strip():
        return _dialog(
            request,
            alert,
            building,
            fault=words("close.reason_missing"),
            outcome=outcome,
            status=422,
        )
    if version != alert.version:
        # what the dialog showed is not what would be closed: show it again, nothing is lost
        return _dialog(
            request,
            alert,
            building,
            reason=reason,
            outcome=outcome,
            problem=words("close.changed"),
            status=409,
        )
    try:
        changed, events = acts.close(
            alert, caller_of(request).user_id, services.clock.now_ns(), reason
        )
        services.alerts.save(changed, events)
        if outcome in tuple(Outcome) and not alert.of_installation:
            now_ns, by = services.clock.now_ns(), caller_of(request).user_id
            found = Outcome(outcome)
            services.labels.put(label_of(alert, found, reason, by, now_ns, services.assessments))
    except Conflict:
        again, building = alert_for(request, alert_id, "alerts:act")
        own = again.close_proposed_by == caller_of(request).user_id
        problem = words("close.own_proposal") if own else words("close.changed")
        return _dialog(
            request, again, building, reason=reason, outcome=outcome, problem=problem, status=409
        )
    except InvalidInput as error:
        return _dialog(
            request, alert, building, reason=reason, outcome=outcome, fault=str(error), status=422
        )
    return Response(content="", status_code=200, headers=CHANGED)


def _dialog(
    request: Request,
    alert: Alert,
    building: Building | None,
    *,
    reason: str = "",
    outcome: str = "",
    fault: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    services, words = services_of(request), words_of(request)
    proposed_by = alert.close_proposed_by
    return page(
        request,
        "_close_dialog.html",
        status=status,
        alert=alert,
        sentence=sentence(alert, building, words.language, findings_of(services.alerts, [alert])),
        needs_two=acts.needs_second(alert),
        second=bool(proposed_by) and proposed_by != caller_of(request).user_id,
        proposed_by=Names(services).of(proposed_by),
        reason=reason,
        outcome=outcome,
        outcomes=list(Outcome),
        fault=fault,
        problem=problem,
    )


def _alert(request: Request, alert_id: str) -> dict[str, Any]:
    alert, building = alert_for(request, alert_id)
    services, words = services_of(request), words_of(request)
    findings = findings_of(services.alerts, [alert])
    names = Names(services)
    row: AlertRow = rows_of(services, [(alert, building)], words.language)[0]
    return {
        "row": row,
        "charted": {s.id for s in services.register.site(building.id).sensors if s.active}
        if building and may(caller_of(request), "readings:read", building)
        else set(),
        "evidence": [
            _evidence(c, findings.get(c.finding_id), words.language)
            for c in sorted(alert.contributions, key=lambda c: (-c.level, -c.at_ns))
        ],
        "checks": checks_of_alert(services, caller_of(request), alert),
        "events": [_line(e, names) for e in services.alerts.events(alert.id)],
        "notices": sorted(services.alerts.notices(alert.id), key=lambda n: n.created_at_ns),
    }


def _line(event: AlertEvent, names: Names) -> HistoryLine:
    who = "" if event.by == acts.SYSTEM else names.of(event.by)
    return HistoryLine(event.at_ns, event.kind, event.level, event.text, who)


def _evidence(contribution: Contribution, finding: Finding | None, language: str) -> Evidence:
    unit = unit_word(contribution.unit, language)
    details = finding.details if finding else ()
    return Evidence(
        contribution,
        finding,
        f"{number(contribution.value, contribution.unit, contribution.limit)} {unit}",
        f"{number(contribution.limit, contribution.unit, contribution.limit)} {unit}",
        contribution.level is Level.NONE,
        tuple(str(v) for n, v in details if n.startswith("reason_") and n.endswith(language)),
        tuple((n, v) for n, v in details if n != "assessment" and not n.startswith(_APART)),
    )
