"""Who is told of an alert's event, and in which words."""

from collections.abc import Iterable, Mapping

from alerting.context import JoinContext
from alerting.texts import notice_text, title
from domain.alerts import Alert, AlertEvent, Concern, EventKind, Notice, NoticeState, Recipient
from domain.buildings import Building
from domain.findings import Finding
from domain.ids import same_id

#: the events that people are told of; getting better is seen on the pages and wakes nobody
TELLING = frozenset({EventKind.OPENED, EventKind.RAISED, EventKind.REOPENED, EventKind.ESCALATED})


def told(
    recipients: Iterable[Recipient], alert: Alert, building: Building | None, kind: EventKind
) -> list[Recipient]:
    """Pick the recipients of one event, by concern, district, level and duty.

    A building that is not registered has no district: only those who answer for the whole city
    are told of it. The installation is in no district and in all.
    """
    escalated = kind is EventKind.ESCALATED
    concern = Concern.INSTALLATION if alert.of_installation else Concern.BUILDINGS
    return [
        person
        for person in recipients
        if person.active
        and concern in person.concerns
        and person.escalation == escalated
        and alert.level >= person.level_min
        and (
            alert.of_installation
            or not person.districts
            or (building and building.district in person.districts)
        )
    ]


def notices_for(
    alert: Alert,
    event: AlertEvent,
    context: JoinContext,
    now_ns: int,
    findings: Mapping[str, Finding] | None = None,
) -> list[Notice]:
    """Write the notices of one event; the same event and recipient always get the same id.

    A recipient without any way of being told gets a notice that is refused from the start:
    it has to be seen that somebody who should know does not.
    """
    building = context.buildings.get(alert.building_id)
    notices = []
    for person in told(context.recipients, alert, building, event.kind):
        reachable = bool(person.ways)
        notices.append(
            Notice(
                id=same_id("notice", event.id, person.id),
                alert_id=alert.id,
                event_id=event.id,
                recipient_id=person.id,
                recipient_name=person.name,
                ways=person.ways,
                level=alert.level,
                title=title(alert, building, person.language, event.kind),
                text=notice_text(alert, building, person.language, findings, event.kind),
                link=f"{context.base_url}/alerts/{alert.id}",
                created_at_ns=now_ns,
                state=NoticeState.PENDING if reachable else NoticeState.REFUSED,
                next_at_ns=now_ns if reachable else None,
                answer="" if reachable else "no way of telling this recipient is set up",
                updated_at_ns=now_ns,
            )
        )
    return notices
