"""Alerts about Anju itself in the API and on the pages: who sees them, who acts, what is shown."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.application import create_app
from domain.alerts import (
    INSTALLATION,
    Alert,
    AlertEvent,
    AlertState,
    Contribution,
    EventKind,
)
from domain.clock import SECOND_NS
from domain.errors import StoreUnavailable
from domain.findings import Cause
from domain.limits import Level
from domain.services import Health, RoleHealth
from tests.api_city import NOW_NS, City, make_city
from web.application import mount_pages

HELD = Contribution(
    "spool.percent", "spool 0", "spool 0", Level.ORANGE, "f-spool", NOW_NS, 83.0, 80.0, "%"
)
SPOOL = Alert(
    "l-spool", INSTALLATION, Cause.SPOOL_NEAR_LIMIT, Level.ORANGE, Level.RED, AlertState.OPEN,
    NOW_NS, NOW_NS, NOW_NS, (HELD,), version=1,
)  # fmt: skip
SEES = ["administrator", "near_administrator", "duty_officer", "near_duty_officer"]
SEES_NOT = ["inspector", "insurer", "bureau", "near_bureau"]


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    event = AlertEvent("e-spool", "l-spool", NOW_NS, EventKind.OPENED, Level.ORANGE, "system")
    made.records.alerts.save(SPOOL, [event])
    yield made
    made.close()


@pytest.mark.parametrize("user", SEES)
def test_who_runs_it_reads_acknowledges_and_closes_it_alone(city: City, user: str) -> None:
    client = city.client(user)
    listed = client.get("/api/v1/alerts", params={"limit": 1000}).json()["items"]
    (own,) = [row for row in listed if row["building_id"] == ""]
    assert (own["id"], own["cause"], own["level"]) == ("l-spool", "spool_near_limit", "orange")
    assert client.get("/api/v1/alerts/l-spool").status_code == 200
    assert len(client.get("/api/v1/alerts/l-spool/events").json()) == 1
    assert client.get("/api/v1/alerts/l-spool/notices").json() == []
    done = client.post("/api/v1/alerts/l-spool/acknowledge", json={"text": "mine"})
    assert done.json()["state"] == "acknowledged"
    done = client.post("/api/v1/alerts/l-spool/close", json={"reason": "store is back"})
    assert done.json()["state"] == "closed", "it was red, and is no house: one person closes it"


@pytest.mark.parametrize("user", SEES_NOT)
def test_nobody_else_sees_it_nor_that_it_is_there(city: City, user: str) -> None:
    client = city.client(user)
    rows = client.get("/api/v1/alerts", params={"limit": 1000}).json()["items"]
    assert "l-spool" not in {row["id"] for row in rows}
    there, nowhere = (client.get(f"/api/v1/alerts/{id_}") for id_ in ("l-spool", "l-none"))
    assert there.status_code == nowhere.status_code == 404
    assert there.json()["detail"].replace("l-spool", "l-none") == nowhere.json()["detail"]


def test_it_pages_among_the_others_worst_first(city: City) -> None:
    client = city.client("administrator")
    seen, after = [], ""
    while True:
        page = client.get("/api/v1/alerts", params={"limit": 1, "after": after}).json()
        seen += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    whole = client.get("/api/v1/alerts", params={"limit": 1000}).json()["items"]
    assert seen == [row["id"] for row in whole]
    assert "l-spool" in seen


def test_a_buildings_list_has_none_of_it(city: City) -> None:
    rows = city.client("administrator").get("/api/v1/alerts", params={"building_id": "b-near"})
    assert {row["building_id"] for row in rows.json()["items"]} == {"b-near"}


def test_a_recipient_says_what_it_cares_for(city: City) -> None:
    client = city.client("administrator")
    body = {"name": "operator", "ways": [{"notifier": "sms", "address": "1"}]}
    made = client.put("/api/v1/recipients/r-new", json=body)
    assert made.json()["concerns"] == ["buildings"]
    both = client.put(
        "/api/v1/recipients/r-both",
        json=body | {"concerns": ["installation", "buildings", "installation"][:2]},
    )
    assert both.json()["concerns"] == ["buildings", "installation"]
    for wrong in ([], ["roof"], ["buildings"] * 3):
        answer = client.put("/api/v1/recipients/r-bad", json=body | {"concerns": wrong})
        assert answer.status_code == 422


ROLES = [
    RoleHealth("ingest", 3, "host-a", 71, NOW_NS, NOW_NS, 1.5, "ok", (Health("spool", "ok", ""),)),
    RoleHealth("analyse", 3, "host-b", 72, NOW_NS, NOW_NS, 95.0, "down",
               (Health("analyse", "down", "no heart-beat for 95 s (host host-b)"),)),
]  # fmt: skip


def with_roles(city: City) -> City:
    services = replace(city.services, roles=lambda: ROLES)
    app = create_app(services)
    mount_pages(app)
    return replace(city, app=app, services=services)


def test_health_shows_every_role_with_the_age_of_its_beat(city: City) -> None:
    shown = with_roles(city).client("operator").get("/api/v1/health").json()
    assert shown["state"] == "down"
    found = {row["role"]: row for row in shown["roles"]}
    assert found["analyse"]["age_s"] == 95.0
    assert found["analyse"]["state"] == "down"
    assert (found["ingest"]["host"], found["ingest"]["shard"]) == ("host-a", 3)
    assert found["ingest"]["beat_at"].startswith("2026-11-23T06:00:00")


def test_health_is_503_while_the_records_are_away(city: City) -> None:
    def away() -> list[RoleHealth]:
        raise StoreUnavailable("records are away")

    app = create_app(replace(city.services, roles=away))
    answer = replace(city, app=app).client("operator").get("/api/v1/health")
    assert answer.status_code == 503


def test_the_desk_and_its_page_show_it_to_the_duty_officer(city: City) -> None:
    browser = with_roles(city).browser("near_duty_officer")
    desk = browser.get("/").text
    assert "alert-l-spool" in desk
    assert "暂存队列将满" in desk
    page = browser.get("/alerts/l-spool")
    assert page.status_code == 200
    assert "暂存队列 0 已用去上限的 83 %" in page.text
    assert browser.get("/desk/map").status_code == 200


def test_the_desk_shows_it_to_nobody_else(city: City) -> None:
    browser = with_roles(city).browser("inspector")
    assert "l-spool" not in browser.get("/").text
    assert browser.get("/alerts/l-spool").status_code == 404


def test_the_operators_page_has_roles_and_open_alerts(city: City) -> None:
    page = with_roles(city).browser("operator").get("/health").text
    assert "暂存队列 0 已用去上限的 83 %" in page
    assert "/alerts/l-spool" not in page, "an operator has no alert pages"
    for word in ("host-a", "host-b", "72", "95 秒前"):
        assert word in page
    assert page.index("host-b") < page.index("host-a"), "the worst first"


def test_it_can_be_closed_on_the_page_by_one(city: City) -> None:
    browser = with_roles(city).browser("duty_officer")
    done = browser.post("/alerts/l-spool/close", data={"reason": "done", "version": "1"})
    assert done.status_code == 200
    kept = city.records.alerts.alert("l-spool")
    assert kept is not None
    assert kept.state is AlertState.CLOSED
    assert kept.updated_at_ns >= NOW_NS - SECOND_NS
