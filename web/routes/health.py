"""The operator's page: is everything alive."""

from typing import Any

from fastapi import APIRouter, Request, Response

from web.guard import PageRoute, allowed, services_of
from web.render import page

router = APIRouter(prefix="/health", route_class=PageRoute)

ORDER = ("ok", "degraded", "down")


@router.get("")
def health(request: Request) -> Response:
    """Show the state of every part, the worst first."""
    return page(request, "health.html", active="health", **_parts(request))


@router.get("/now")
def health_now(request: Request) -> Response:
    """Show the parts again, by themselves."""
    return page(request, "_health.html", **_parts(request))


def _parts(request: Request) -> dict[str, Any]:
    allowed(request, "operations:read")
    parts = services_of(request).health()
    worst = max((p.state for p in parts), key=ORDER.index, default="ok")
    return {
        "parts": sorted(parts, key=lambda p: (-ORDER.index(p.state), p.part)),
        "worst": worst,
    }
