"""Every page of the product, with addresses that show it filled and empty."""

from dataclasses import dataclass
from pathlib import Path

from fastapi.routing import APIRoute

from domain.sensors import Sensor
from storage.files import FolderFiles
from tests.browser import (
    test_assessment_pages,
    test_check_up_pages,
    test_fleet_pages,
    test_plan_pages,
)
from tests.browser.quarter import Quarter
from tests.browser.test_wave_page import BLAST_NS, WAVE
from tests.browser.toy_house import put_model, put_places, toy
from tests.model_story import MODEL, SECOND, tell
from web.application import routers

#: ends of addresses whose answers are files or data
FILES = (".csv", ".xlsx", ".json", ".bcf", ".pdf", ".js", ".webmanifest", ".png", ".svg")


@dataclass(frozen=True, slots=True)
class Visit:
    """An address of a page, and who looks at it.

    Parameters
    ----------
    until
        What is there once the page is whole.

    """

    path: str
    user: str | None = "admin"
    until: str = "main h1"


#: address of a route -> what shows it, the filled page first
VISITS: dict[str, tuple[Visit, ...]] = {
    "/": (Visit("/", "duty"), Visit("/", "operator")),
    "/accounts": (Visit("/accounts"),),
    "/alerts/{alert_id}": (Visit("/alerts/alert-0", "duty"), Visit("/alerts/alert-2", "duty")),
    "/buildings": (Visit("/buildings"), Visit("/buildings?text=nothing-like-it", "bureau")),
    "/buildings/{building_id}": (
        Visit("/buildings/b-1", "duty", "article.chart"),
        Visit("/buildings/b-9"),
    ),
    "/buildings/{building_id}/by-hand": (Visit("/buildings/b-1/by-hand", "technician"),),
    "/buildings/{building_id}/exchange": (Visit("/buildings/b-1/exchange", "technician"),),
    "/buildings/{building_id}/model": (
        Visit("/buildings/b-1/model", "duty", "#model[data-ready=yes]"),
        Visit("/buildings/b-2/model", "technician"),
    ),
    "/buildings/{building_id}/model/tags": (Visit("/buildings/b-1/model/tags"),),
    "/buildings/{building_id}/sensors/{sensor_id}": (
        Visit("/buildings/b-1/sensors/s-1-T-01", "technician"),
    ),
    "/buildings/{building_id}/defects": (Visit("/buildings/b-1/defects", "duty"),),
    "/check-ups": (Visit("/check-ups", "duty"),),
    "/check-ups/conflicts": (Visit("/check-ups/conflicts", "duty"),),
    "/check-ups/{check_up_id}": (Visit("/check-ups/c-1", "duty"),),
    "/checks": (Visit("/checks", "bureau"),),
    "/checks/calendar": (
        Visit("/checks/calendar?month=2026-12&day=2026-12-31", "bureau", "#day"),
        Visit("/checks/calendar?month=2031-02", "inspector"),
    ),
    "/checks/cycles": (Visit("/checks/cycles", "bureau"),),
    "/checks/cycles/{profile_id}/{version}": (Visit("/checks/cycles/default-2026/1", "inspector"),),
    "/checks/cycles/{profile_id}/{version}/edit": (
        Visit("/checks/cycles/default-2026/1/edit", "bureau"),
    ),
    "/checks/firms": (
        Visit("/checks/firms", "bureau", "#firms"),
        Visit("/checks/firms?text=nothing-like-it", "inspector"),
    ),
    "/checks/firms/new": (Visit("/checks/firms/new", "bureau"),),
    "/checks/firms/{firm_id}": (
        Visit("/checks/firms/fi-1", "bureau"),
        Visit("/checks/firms/fi-2", "near"),
    ),
    "/checks/compare": (
        Visit("/checks/compare", "bureau"),
        Visit("/checks/compare?by=inspector&district=nowhere", "bureau"),
    ),
    "/checks/coverage": (
        Visit("/checks/coverage", "bureau"),
        Visit("/checks/coverage?by=age&district=nowhere", "bureau"),
    ),
    "/checks/forms": (Visit("/checks/forms", "bureau"),),
    "/checks/forms/{template_id}/{version}": (Visit("/checks/forms/special-2026/1", "bureau"),),
    "/checks/plan": (
        Visit("/checks/plan?year=2027", "bureau"),
        Visit("/checks/plan?year=2027&district=360102", "bureau", "#plan-items"),
        Visit("/checks/plan?year=2029&district=360103", "duty"),
    ),
    "/checks/jgj125": (Visit("/checks/jgj125", "bureau"),),
    "/checks/tier-conflicts": (
        Visit("/checks/tier-conflicts", "bureau"),
        Visit("/checks/tier-conflicts?district=nowhere", "bureau"),
    ),
    "/contexts": (Visit("/contexts", "bureau"),),
    "/fleet": (Visit("/fleet"),),
    "/fleet/{gateway_id}": (Visit("/fleet/g-1"),),
    "/gateways": (Visit("/gateways"),),
    "/health": (Visit("/health", "operator"),),
    "/inspect": (Visit("/inspect", "inspector", "main"),),
    "/login": (Visit("/login", None),),
    "/models": (Visit("/models"),),
    "/models/{model_id}/review": (Visit(f"/models/{MODEL}/review", "technician", "#pair-title"),),
    "/portfolio": (Visit("/portfolio", "insurer"),),
    "/quarantine": (Visit("/quarantine"),),
    "/register/import": (Visit("/register/import"),),
    "/revisions/{revision_id}/changes": (Visit(f"/revisions/{SECOND}/changes", "technician"),),
    "/search": (
        Visit("/search?q=演示小区+1"),
        Visit("/search?q=nothing-like-it", "insurer"),
        Visit("/search", "duty"),
    ),
    "/users": (Visit("/users"),),
    "/verify": (Visit("/verify", None),),
    "/verify/{code}": (Visit("/verify/AAAA-BBBB-CCCC", None),),
    "/waves/{channel_id}/{event_id}": (
        Visit(f"/waves/{WAVE.id}/{BLAST_NS}", "duty", "#wave[data-state='drawn']"),
    ),
    "/webhooks": (Visit("/webhooks", "insurer"),),
}
#: answers that are parts of pages, or no HTML: they are seen on the pages that ask for them
PARTS = {
    "/alerts/{alert_id}/close",
    "/alerts/{alert_id}/inspect",
    "/alerts/{alert_id}/now",
    "/buildings/{building_id}/appraisals/{appraisal_id}/report",
    "/buildings/{building_id}/assessment",
    "/buildings/{building_id}/by-hand/series",
    "/buildings/{building_id}/checks-part",
    "/buildings/{building_id}/exchange/export",
    "/buildings/{building_id}/exchange/fitness",
    "/buildings/{building_id}/model/card",
    "/buildings/{building_id}/model/states",
    "/buildings/{building_id}/model/trend",
    "/buildings/{building_id}/sensors",
    "/buildings/{building_id}/sensors/{sensor_id}/act",
    "/buildings/{building_id}/sensors/{sensor_id}/push",
    "/buildings/{building_id}/sensors/{sensor_id}/push/live",
    "/buildings/{building_id}/series",
    "/buildings/{building_id}/state",
    "/buildings/{building_id}/waves",
    "/buildings/{building_id}/defects/{chain_id}/growth",
    "/checks/cycles/row/{kind}/{number}",
    "/desk/map",
    "/desk/queue",
    "/gateways/new",
    "/gateways/{gateway_id}/credential",
    "/health/now",
    "/inspect/",
    "/models/{model_id}/review/entities",
    "/portfolio/map",
    "/register/list",
    "/webhooks/list",
}


def page_routes() -> set[str]:
    """Find the addresses of all routes that answer people with something to look at."""
    return {
        route.path
        for router in routers()
        for route in router.routes
        if isinstance(route, APIRoute)
        and route.methods
        and "GET" in route.methods
        and not route.path.endswith(FILES)
    }


def fill(quarter: Quarter, folder: Path) -> None:
    """Put something to see on every page."""
    test_fleet_pages.fill(quarter)
    test_assessment_pages.fill(quarter)
    sensor = Sensor("s-wave", "b-1", "g-1", "V2", "vibration", "西墙 基础", 1)
    quarter.records.register.put_sensor(sensor, "test")
    quarter.records.register.put_channel(WAVE, "test")
    put_model(quarter, FolderFiles(folder / "files"), folder, house := toy())
    put_places(quarter, house, "d-toy")
    tell(quarter.records, "b-3")
    test_check_up_pages.fill(quarter, folder)
    test_check_up_pages.put_conflict(quarter)
    test_plan_pages.fill(quarter)
    test_plan_pages.plan(quarter, 2027)
