"""The operator's page: is everything alive, wherever it runs."""

from typing import Any

from fastapi import APIRouter, Request, Response

from alerting.texts import sentence
from domain.access import may_on_installation
from domain.ports import Page
from web.alert_rows import LIVE, findings_of
from web.guard import PageRoute, allowed, services_of
from web.render import page, words_of

router = APIRouter(prefix="/health", route_class=PageRoute)

ORDER = ("ok", "stopped", "degraded", "down")
#: one cause has one open alert, and there are few causes
_ALERTS_MAX = 50


@router.get("")
def health(request: Request) -> Response:
    """Show the state of every part, the worst first."""
    return page(request, "health.html", active="health", **_parts(request))


@router.get("/now")
def health_now(request: Request) -> Response:
    """Show the parts again, by themselves."""
    return page(request, "_health.html", **_parts(request))


def _parts(request: Request) -> dict[str, Any]:
    caller = allowed(request, "operations:read")
    services = services_of(request)
    parts, roles = services.health(), services.roles()
    states = [part.state for part in parts] + [role.state for role in roles]
    worst = max(states, key=ORDER.index, default="ok")
    # an operator has no alerts about buildings, but these are the operator's own
    alerts = services.alerts.alerts(
        Page(_ALERTS_MAX), building_ids=[], states=LIVE, installation=True
    )
    known = findings_of(services.alerts, alerts)
    language = words_of(request).language
    return {
        "parts": sorted(parts, key=lambda p: (-ORDER.index(p.state), p.part)),
        "roles": sorted(roles, key=lambda r: (-ORDER.index(r.state), r.role, r.shard, r.host)),
        "alerts": [(alert, sentence(alert, None, language, known)) for alert in alerts],
        "may_open": may_on_installation(caller, "alerts:read"),
        "worst": "degraded" if worst == "stopped" else worst,
    }
