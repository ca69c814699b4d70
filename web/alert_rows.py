"""Alerts as the lists show them: with their sentence, building, notices and people's names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alerting.texts import sentence
from domain.access import Caller, may_on_installation
from domain.alerts import Alert, AlertState, Notice
from domain.buildings import Building
from domain.findings import Finding
from domain.limits import Level
from domain.ports import AlertStore, Page
from domain.services import Services
from web.estate import Estate

LIVE = (AlertState.OPEN, AlertState.ACKNOWLEDGED)
#: rows of one list; what is worst comes first, so the rest can wait behind a filter
ROWS = 100
#: alerts that are read to count and filter them
READ_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert, ready to be shown; one about Anju itself has no building."""

    alert: Alert
    building: Building | None
    sentence: str
    notices: tuple[Notice, ...]
    acknowledged_by: str
    close_proposed_by: str
    closed_by: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the filters of the desk say."""

    text: str = ""
    district: str = ""
    state: str = "open"
    level: str = ""

    @property
    def any(self) -> bool:
        """Tell whether something is filtered out."""
        return bool(self.text or self.district or self.level) or self.state != "open"


def read_alerts(
    services: Services, estate: Estate, caller: Caller, states: Sequence[AlertState]
) -> list[tuple[Alert, Building | None]]:
    """Read the alerts that a caller may see, worst first, each with its building if it has one."""
    ids = estate.visible_ids(caller, "alerts:read")
    alerts = services.alerts.alerts(
        Page(READ_LIMIT),
        building_ids=ids,
        states=tuple(states),
        installation=may_on_installation(caller, "alerts:read"),
    )
    found: list[tuple[Alert, Building | None]] = []
    for alert in alerts:
        building = None if alert.of_installation else estate.building(alert.building_id)
        if building is not None or alert.of_installation:
            found.append((alert, building))
    return found


def choose(
    pairs: Iterable[tuple[Alert, Building | None]], chosen: Chosen
) -> list[tuple[Alert, Building | None]]:
    """Keep the alerts that the filters let through; `text` is looked for as the register does."""
    text = chosen.text.strip().casefold()
    levels = [level for level in Level if level.word == chosen.level]
    return [
        (alert, building)
        for alert, building in pairs
        if (not chosen.district or (building and building.district == chosen.district))
        and (not levels or alert.level in levels)
        and (chosen.state != "unacknowledged" or alert.state is AlertState.OPEN)
        and (not text or any(text in part.casefold() for part in _names(building)))
    ]


def _names(building: Building | None) -> tuple[str, ...]:
    return (building.name, building.address, building.code) if building else ()


def rows_of(
    services: Services, pairs: Sequence[tuple[Alert, Building | None]], language: str
) -> list[AlertRow]:
    """Make the rows; what the sentences need is read in one go."""
    known = findings_of(services.alerts, [alert for alert, _ in pairs])
    names = Names(services)
    return [
        AlertRow(
            alert,
            building,
            sentence(alert, building, language, known),
            tuple(newest_notices(services.alerts.notices(alert.id))),
            names.of(alert.acknowledged_by),
            names.of(alert.close_proposed_by),
            names.of(alert.closed_by),
        )
        for alert, building in pairs
    ]


def findings_of(store: AlertStore, alerts: Sequence[Alert]) -> dict[str, Finding]:
    """Read the findings that hold alerts up, by id."""
    ids = sorted({c.finding_id for a in alerts for c in a.contributions if c.finding_id})
    if not ids:
        return {}
    return {f.id: f for f in store.findings(Page(len(ids)), ids=ids)}


def newest_notices(notices: Sequence[Notice]) -> list[Notice]:
    """Keep the newest notice to each recipient, those in trouble first."""
    by_recipient: dict[str, Notice] = {}
    for notice in sorted(notices, key=lambda n: (n.created_at_ns, n.id)):
        by_recipient[notice.recipient_id] = notice
    order = {"refused": 0, "pending": 1, "queued": 2, "accepted": 3, "read": 4}
    return sorted(by_recipient.values(), key=lambda n: (order[n.state.value], n.recipient_name))


class Names:
    """What people are called, by their user id; each is asked for once."""

    def __init__(self, services: Services) -> None:
        self._access = services.access
        self._known: dict[str, str] = {}

    def of(self, user_id: str) -> str:
        """Tell a user's name; what is no user (the system itself) is named as it is."""
        if not user_id:
            return ""
        if user_id not in self._known:
            user = self._access.user(user_id)
            self._known[user_id] = user.display_name or user.name if user else user_id
        return self._known[user_id]
