"""Alerts (预警): list, read with their history, and what people do about them."""

from collections.abc import Callable
from dataclasses import fields
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Query
from pydantic import Field, StringConstraints

from alerting import acts
from alerting.labelling import label_of
from api.fields import TEXT_PATTERN, VISIBLE_PATTERN, At, Id, In, LevelOut, LevelWord, Out, PathId
from api.paging import After, Limit, PageOf, one_more
from api.permission import Given, Seen, may
from api.problem import problems
from api.visibility import building_for
from domain.access import Caller, may_on_installation
from domain.access import may as may_do
from domain.alerts import Alert, AlertEvent, AlertState, EventKind, Notice, NoticeState
from domain.errors import Conflict, NotFound
from domain.findings import Cause
from domain.labels import Label, Outcome
from domain.limits import Level
from domain.services import Services

router = APIRouter(prefix="/alerts", tags=["alerts"])
log = structlog.get_logger()

ACT_PROBLEMS = problems(400, 401, 403, 404, 409, 413, 422, 503)


class ContributionOut(Out):
    """One rule at one subject that holds, or held, the alert up."""

    rule: str
    subject: str
    subject_name: str
    level: LevelOut = Field(description="`none` when the condition is over")
    finding_id: str
    at: At = Field(validation_alias="at_ns")
    value: float
    limit: float
    unit: str
    capped: bool = Field(description="the level would be higher, but the compensation is immature")


class AlertOut(Out):
    """One alert: one building, or Anju itself, and one cause."""

    id: str
    building_id: str = Field(description="empty: it is about Anju itself, about no building")
    cause: Cause
    level: LevelOut
    level_max: LevelOut
    state: AlertState
    opened_at: At = Field(validation_alias="opened_at_ns")
    updated_at: At = Field(validation_alias="updated_at_ns")
    event_started_at: At = Field(validation_alias="event_started_at_ns")
    acknowledged_by: str
    acknowledged_at: At | None = Field(validation_alias="acknowledged_at_ns")
    escalated_at: At | None = Field(validation_alias="escalated_at_ns")
    cleared_at: At | None = Field(validation_alias="cleared_at_ns")
    close_proposed_by: str
    close_reason: str
    closed_by: str
    closed_at: At | None = Field(validation_alias="closed_at_ns")
    version: int
    contributions: list[ContributionOut]


class EventOut(Out):
    """One line of an alert's history."""

    id: str
    at: At = Field(validation_alias="at_ns")
    kind: EventKind
    level: LevelOut
    by: str
    text: str
    finding_id: str


class NoticeOut(Out):
    """Who was told, by which way, and what the channel answered; addresses are left out."""

    id: str
    event_id: str
    recipient_name: str
    notifier: str
    level: LevelOut
    title: str
    state: NoticeState
    attempts: int
    answer: str
    created_at: At = Field(validation_alias="created_at_ns")
    updated_at: At = Field(validation_alias="updated_at_ns")

    @classmethod
    def of(cls, notice: Notice) -> "NoticeOut":
        """Show a notice."""
        way = notice.ways[notice.way].notifier if notice.way < len(notice.ways) else ""
        known = {f.name: getattr(notice, f.name) for f in fields(notice)}
        # 0 is a notice that nothing was done with yet
        known["updated_at_ns"] = notice.updated_at_ns or notice.created_at_ns
        return cls.model_validate({**known, "notifier": way})


class Reason(In):
    """Why somebody does something; it stands in the alert's history."""

    reason: Annotated[str, StringConstraints(pattern=VISIBLE_PATTERN)] = Field(
        max_length=acts.REASON_CHARACTERS_MAX
    )


class Closing(Reason):
    """Why an alert is closed, and what it turned out to be."""

    outcome: Outcome | None = Field(
        default=None, description="kept as a label: how good the judgement is follows from them"
    )


class Labelling(In):
    """What an alert turned out to be."""

    outcome: Outcome
    note: Annotated[str, StringConstraints(pattern=TEXT_PATTERN)] = Field(
        default="", max_length=acts.REASON_CHARACTERS_MAX
    )


class LabelOut(Out):
    """What somebody found out about an alert."""

    id: str
    alert_id: str
    building_id: str
    outcome: Outcome
    at: At = Field(validation_alias="at_ns")
    by: str
    note: str
    score: float | None = Field(description="of the building when the alert was opened")
    assessment_id: str
    model: str


class Remark(In):
    """What somebody wants to be known about an alert."""

    text: Annotated[str, StringConstraints(pattern=VISIBLE_PATTERN)] = Field(
        max_length=acts.REASON_CHARACTERS_MAX
    )


class Acknowledgement(In):
    """What somebody says who takes an alert over."""

    text: Annotated[str, StringConstraints(pattern=TEXT_PATTERN)] = Field(
        default="", max_length=acts.REASON_CHARACTERS_MAX
    )


def alert_for(services: Services, caller: Caller, action: str, alert_id: str) -> Alert:
    """Find an alert, on a building or about Anju, that a caller may do something with.

    Raises
    ------
    NotFound
        When there is none, or it is foreign.

    """
    alert = services.alerts.alert(alert_id)
    if alert is not None and alert.of_installation and may_on_installation(caller, action):
        return alert
    building = services.register.building(alert.building_id) if alert else None
    if alert is None or building is None or not may_do(caller, action, building):
        raise NotFound(f"no alert {alert_id!r}")
    return alert


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_alerts(
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("alerts:read"))],
    building_id: Annotated[Id | None, Query()] = None,
    state: Annotated[list[AlertState] | None, Query(max_length=3)] = None,
    level_min: LevelWord = "none",
    limit: Limit = 100,
    after: After = "",
) -> PageOf[AlertOut]:
    """List alerts, worst level first, then newest opened first.

    Those about Anju itself are among them for who runs it, unless a building is asked for.
    """
    if building_id is not None:
        building_for(services, who, "alerts:read", building_id)
        within: list[str] | None = [building_id]
    else:
        seen = sight.buildings(who)
        within = None if seen is None else sorted(seen)
    if after:
        # a foreign alert must not even say where it would stand in the list
        alert_for(services, who, "alerts:read", after)
    rows = services.alerts.alerts(
        one_more(limit, after),
        building_ids=within,
        states=state or (),
        level_min=Level.named(level_min),
        installation=building_id is None and may_on_installation(who, "alerts:read"),
    )
    page = rows[:limit]
    return PageOf(
        items=[AlertOut.model_validate(row) for row in page],
        next=page[-1].id if len(rows) > limit else None,
    )


@router.get("/{alert_id}", responses=problems(401, 403, 404, 422, 503))
def read_alert(
    alert_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("alerts:read"))],
) -> AlertOut:
    """Read one alert with what holds it up."""
    return AlertOut.model_validate(alert_for(services, who, "alerts:read", alert_id))


@router.get("/{alert_id}/events", responses=problems(401, 403, 404, 422, 503))
def read_events(
    alert_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("alerts:read"))],
) -> list[EventOut]:
    """Read what happened to an alert, oldest first."""
    alert = alert_for(services, who, "alerts:read", alert_id)
    return [EventOut.model_validate(event) for event in services.alerts.events(alert.id)]


@router.get("/{alert_id}/notices", responses=problems(401, 403, 404, 422, 503))
def read_notices(
    alert_id: PathId,
    services: Given,
    who: Annotated[Caller, Depends(may("notices:read"))],
) -> list[NoticeOut]:
    """Read who was told about an alert, by which way, and what became of it."""
    alert = alert_for(services, who, "notices:read", alert_id)
    return [NoticeOut.of(notice) for notice in services.alerts.notices(alert.id)]


@router.post("/{alert_id}/acknowledge", responses=ACT_PROBLEMS)
def acknowledge_alert(
    alert_id: PathId,
    body: Acknowledgement,
    services: Given,
    who: Annotated[Caller, Depends(may("alerts:act"))],
) -> AlertOut:
    """Take an alert over; doing it again changes nothing."""

    def act(alert: Alert, at_ns: int) -> tuple[Alert, tuple[AlertEvent, ...]]:
        if alert.state is AlertState.ACKNOWLEDGED and alert.acknowledged_by == who.name:
            # the answer was lost and the request came again
            return alert, ()
        return acts.acknowledge(alert, who.name, at_ns, body.text)

    return _act(services, who, alert_id, act)


@router.post("/{alert_id}/close", responses=ACT_PROBLEMS)
def close_alert(
    alert_id: PathId,
    body: Closing,
    services: Given,
    who: Annotated[Caller, Depends(may("alerts:act"))],
) -> AlertOut:
    """Close an alert; one that is or was red is closed when a second person asks for it."""
    alert = alert_for(services, who, "alerts:act", alert_id)
    label = None
    if body.outcome is not None:
        label = _label(services, who, alert, body.outcome, body.reason)
    closed = _act(services, who, alert_id, lambda a, ns: acts.close(a, who.name, ns, body.reason))
    if label is not None:
        services.labels.put(label)
    return closed


@router.post("/{alert_id}/label", status_code=201, responses=ACT_PROBLEMS)
def label_alert(
    alert_id: PathId,
    body: Labelling,
    services: Given,
    who: Annotated[Caller, Depends(may("alerts:act"))],
) -> LabelOut:
    """Write down what an alert turned out to be, closed or not; the newest label counts."""
    alert = alert_for(services, who, "alerts:act", alert_id)
    label = _label(services, who, alert, body.outcome, body.note)
    services.labels.put(label)
    return LabelOut.model_validate(label)


@router.post("/{alert_id}/notes", responses=ACT_PROBLEMS)
def write_note(
    alert_id: PathId,
    body: Remark,
    services: Given,
    who: Annotated[Caller, Depends(may("alerts:act"))],
) -> AlertOut:
    """Write something down in an alert's history."""
    return _act(services, who, alert_id, lambda a, ns: acts.note(a, who.name, ns, body.text))


def _label(services: Services, caller: Caller, alert: Alert, outcome: Outcome, note: str) -> Label:
    now_ns = services.clock.now_ns()
    return label_of(alert, outcome, note, caller.name, now_ns, services.assessments)


def _act(
    services: Services,
    caller: Caller,
    alert_id: str,
    act: Callable[[Alert, int], tuple[Alert, tuple[AlertEvent, ...]]],
) -> AlertOut:
    """Do something to an alert; when the judgement was faster, once more on what it left."""
    last_try = False
    while True:
        alert = alert_for(services, caller, "alerts:act", alert_id)
        changed, events = act(alert, services.clock.now_ns())
        if not events:
            return AlertOut.model_validate(alert)
        try:
            services.alerts.save(changed, events)
        except Conflict:
            if last_try:
                raise
            last_try = True
            continue
        log.info(
            "alert acted on",
            alert=alert.id,
            building=alert.building_id,
            act=events[0].kind.value,
            by=caller.user_id,
        )
        return AlertOut.model_validate(changed)
