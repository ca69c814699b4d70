"""What the models think of a building: the part of the building page."""

from typing import Any

from fastapi import APIRouter, Request, Response

from domain.access import may
from domain.buildings import Building
from domain.jobs import JobRun, RunState
from web.assessment import HISTORY, Shown, chart_of, shown
from web.guard import PageRoute, building_for, caller_of, services_of
from web.own_frequencies import own_frequencies
from web.render import page, words_of

router = APIRouter(route_class=PageRoute)

JOB = "assess"


@router.get("/buildings/{building_id}/assessment")
def building_assessment(request: Request, building_id: str) -> Response:
    """Show what the models think of one building, by itself."""
    building = building_for(request, building_id, "assessments:read")
    return page(request, "_assessment.html", **assessment_of(request, building))


@router.post("/buildings/{building_id}/assessment")
def ask_for_assessment(request: Request, building_id: str) -> Response:
    """Have a building assessed now."""
    building = building_for(request, building_id, "alerts:act")
    services = services_of(request)
    now_ns = services.clock.now_ns()
    services.jobs.ask(JobRun(JOB, now_ns, RunState.ASKED, caller_of(request).name, building.id))
    return page(request, "_assessment.html", **assessment_of(request, building, asked=True))


def assessment_of(request: Request, building: Building, *, asked: bool = False) -> dict[str, Any]:
    """Put together what the building page says of the newest assessment."""
    services, words = services_of(request), words_of(request)
    seen = may(caller_of(request), "assessments:read", building)
    history = services.assessments.history(building.id, limit=HISTORY) if seen else []
    newest: Shown | None = None
    if history:
        whole = services.assessments.assessment(history[0].assessment.id)
        newest = shown(services, building, whole or history[0], words)
    return {
        "building": building,
        "assessment": newest,
        "assessment_seen": seen,
        "assessment_chart": chart_of(history),
        "assessment_asked": asked,
        "own_frequencies": own_frequencies(
            services, building, newest.row.assessment.verdicts if newest else (), words
        )
        if seen
        else [],
    }
