"""Firms, cycle profiles and annual plans over HTTP: what they do, twice, and for whom not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from domain.check_cycles import Due
from domain.check_ports import CheckFilter, DueFilter
from domain.checkups import CheckCause, CheckClass, CheckState
from domain.errors import StoreUnavailable
from domain.ports import Page
from tests.api_city import City, make_city

NEAR, FAR = "360102", "360103"
ALL = Page(1_000)
PLAN = {"year": 2027, "district": NEAR}


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    yield made
    made.close()


def due(place: str, day: date = date(2027, 6, 30), **changes: Any) -> Due:
    """Make a building due for its basic check-up."""
    district = NEAR if place.startswith("near") else FAR
    row = Due(
        f"b-{place}",
        CheckClass.BASIC,
        day,
        CheckCause.CYCLE,
        "r",
        "p 1",
        1,
        district,
        "",
        "residential",
    )
    return replace(row, **changes)


def firm(client: TestClient, id_: str = "fi-1", **changes: Any) -> Any:
    """Keep a firm."""
    body = {"name": "演示机构", "districts": [NEAR], "member_ids": ["u-inspector"]} | changes
    return client.put(f"/api/v1/firms/{id_}", json=body)


def cycles(client: TestClient) -> dict[str, Any]:
    """Read the newest profile as it would be sent back."""
    told: dict[str, Any] = client.get("/api/v1/check-cycles").json()[0]
    return {name: told[name] for name in told if name not in {"in_force", "by"}}


def test_a_firm_is_kept_changed_and_told_when_it_is_stale(city: City) -> None:
    bureau = city.client("bureau")
    assert firm(bureau).status_code == 201
    assert firm(bureau).status_code == 200  # again: nothing changes
    assert firm(bureau, name="other").status_code == 409
    told = bureau.get("/api/v1/firms/fi-1")
    assert told.json()["member_ids"] == ["u-inspector"]
    body = {"name": "新名", "districts": [NEAR], "active": False}
    changed = bureau.put(
        "/api/v1/firms/fi-1", json=body, headers={"If-Match": told.headers["ETag"]}
    )
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    match = {"If-Match": told.headers["ETag"]}
    late = body | {"name": "late"}
    stale = bureau.put("/api/v1/firms/fi-1", json=late, headers=match)
    assert stale.status_code == 412


def test_a_firm_names_users_and_lies_within_the_callers_districts(city: City) -> None:
    bureau, near = city.client("bureau"), city.client("near_bureau")
    assert firm(bureau, member_ids=["nobody"]).status_code == 422
    assert firm(bureau, "fi-far", districts=[FAR]).status_code == 201
    assert firm(near, "fi-far", districts=[NEAR]).status_code == 404
    assert firm(near, "fi-2", districts=[NEAR, FAR]).status_code == 403
    assert firm(near, "fi-2", districts=[]).status_code == 403
    assert firm(near, "fi-2").status_code == 201
    assert [one["id"] for one in near.get("/api/v1/firms").json()] == ["fi-2"]
    for who in ("inspector", "insurer", "technician"):
        assert firm(city.client(who)).status_code == 403
    assert firm(city.client()).status_code == 401


def test_a_new_version_of_the_cycles_never_rewrites_an_old_one(city: City) -> None:
    bureau = city.client("bureau")
    shipped = cycles(bureau)
    assert bureau.put("/api/v1/check-cycles", json=shipped).status_code == 200
    changed = shipped | {"conflict_days": 33}
    assert bureau.put("/api/v1/check-cycles", json=changed).status_code == 409
    newer = changed | {"version": 2}
    assert bureau.put("/api/v1/check-cycles", json=newer).status_code == 201
    assert bureau.put("/api/v1/check-cycles", json=newer).status_code == 200
    told = bureau.get("/api/v1/check-cycles").json()
    assert [(one["version"], one["conflict_days"], one["in_force"]) for one in told] == [
        (2, 33, True), (1, shipped["conflict_days"], False),
    ]  # fmt: skip


def test_wrong_cycles_name_the_row_and_keep_nothing(city: City) -> None:
    bureau = city.client("bureau")
    body = cycles(bureau) | {"version": 2}
    for change in (
        {"cycles": [{"id": "a", "check_class": "basic"}, {"id": "a", "check_class": "basic"}]},
        {"cycles": [{"id": "a", "check_class": "basic", "age_from": 30, "age_to": 20}]},
        {"cycles": [{"id": "a", "check_class": "basic", "every_months": -1}]},
        {"cycles": [{"id": "a", "check_class": "basic", "grades": ["E"]}]},
        {"rollout": [{"year": 2027, "built_from": 1990, "built_to": 1980}]},
        {"design_life_years": 0},
    ):
        answer = bureau.put("/api/v1/check-cycles", json=body | change)
        assert answer.status_code == 422, change
    assert len(bureau.get("/api/v1/check-cycles").json()) == 1
    for who in ("near_bureau", "duty_officer", "inspector"):
        assert city.client(who).put("/api/v1/check-cycles", json=body).status_code == 403


def test_a_preview_counts_both_and_writes_nothing(city: City) -> None:
    bureau = city.client("bureau")
    body = cycles(bureau) | {"version": 2}
    daily = {"id": "d", "check_class": "daily", "every_months": 1}
    before = city.records.audit.audit(Page(1))
    told = bureau.post("/api/v1/check-cycles/preview", json=body | {"cycles": [daily]}).json()
    row = next(
        r for r in told if (r["year"], r["district"], r["check_class"]) == (2027, NEAR, "daily")
    )
    houses = sum(b.district == NEAR for b in city.records.register.buildings(ALL))
    assert row["after"] == 12 * houses
    assert any(r["check_class"] == "basic" and r["before"] > r["after"] == 0 for r in told)
    assert city.records.audit.audit(Page(1)) == before
    assert len(bureau.get("/api/v1/check-cycles").json()) == 1
    near = city.client("near_bureau").post("/api/v1/check-cycles/preview", json=body).json()
    assert {r["district"] for r in near} == {NEAR}


def test_a_plan_is_drafted_adopted_and_opens_each_check_up_once(city: City) -> None:
    bureau = city.client("bureau")
    city.records.check_plans.replace_due([due("near"), due("far")], 1)
    firm(bureau)
    drafted = bureau.put("/api/v1/check-plans/ap", json=PLAN)
    assert drafted.status_code == 201
    assert (drafted.json()["state"], drafted.json()["unassigned"]) == ("draft", 0)
    items = bureau.get("/api/v1/check-plans/ap/items").json()["items"]
    assert [
        (i["building_id"], i["month"], i["due_on"], i["firm_id"], i["inspector_id"]) for i in items
    ] == [("b-near", 1, "2027-01-31", "fi-1", "u-inspector")]
    assert city.records.checks.count_check_ups(CheckFilter()) == 0
    adopted = bureau.post("/api/v1/check-plans/ap/adopt").json()
    assert (adopted["state"], adopted["adopted_by"]) == ("adopted", "bureau")
    (one,) = city.records.checks.check_ups(CheckFilter(), ALL)
    assert (one.state, one.inspector_id, one.due_on) == (
        CheckState.ASSIGNED, "u-inspector", date(2027, 1, 31),
    )  # fmt: skip
    assert one.template_id
    assert bureau.post("/api/v1/check-plans/ap/adopt").json() == adopted
    assert bureau.put("/api/v1/check-plans/ap", json=PLAN).json() == adopted
    # a second plan of the same year opens nothing again
    bureau.put("/api/v1/check-plans/ap-2", json=PLAN)
    bureau.post("/api/v1/check-plans/ap-2/adopt")
    assert city.records.checks.count_check_ups(CheckFilter()) == 1


def test_buildings_of_a_plan_are_moved_and_given_to_others(city: City) -> None:
    bureau = city.client("bureau")
    city.records.check_plans.replace_due([due("near")], 1)
    firm(bureau)
    bureau.put("/api/v1/check-plans/ap", json=PLAN)
    items = [{"building_id": "b-near", "check_class": "basic"}]
    at = "/api/v1/check-plans/ap/change"
    moved = bureau.post(at, json={"items": items, "month": 4})
    assert (moved.status_code, moved.json()["version"]) == (200, 2)
    assert bureau.post(at, json={"items": items, "month": 4}).json() == moved.json()
    given = bureau.post(at, json={"items": items, "reassign": True, "firm_id": "fi-1"})
    assert given.status_code == 200
    (one,) = bureau.get("/api/v1/check-plans/ap/items").json()["items"]
    assert (one["month"], one["due_on"]) == (4, "2027-04-30")
    assert (one["firm_id"], one["inspector_id"]) == ("fi-1", "")
    for wrong in (
        {"items": [{"building_id": "b-far", "check_class": "basic"}]},
        {"items": items, "month": 13},
        {"items": items, "reassign": True, "inspector_id": "nobody"},
        {"items": []},
    ):
        assert bureau.post(at, json=wrong).status_code == 422, wrong
    told = {"items": items, "month": 5}
    assert city.client("inspector").post(at, json=told).status_code == 403
    bureau.put("/api/v1/check-plans/far", json=PLAN | {"district": FAR})
    foreign = "/api/v1/check-plans/far/change"
    assert city.client("near_bureau").post(foreign, json=told).status_code == 404


def test_an_adoption_that_was_cut_off_is_healed_by_the_next(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau = city.client("bureau")
    city.records.check_plans.replace_due([due("near")], 1)
    bureau.put("/api/v1/check-plans/ap", json=PLAN)

    def away(*_: object) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(type(city.records.check_plans), "put_plan", away)
        assert bureau.post("/api/v1/check-plans/ap/adopt").status_code == 503
    (left,) = city.records.checks.check_ups(CheckFilter(), ALL)
    assert bureau.get("/api/v1/check-plans/ap").json()["state"] == "draft"
    # the list of who is due may have been made anew in between
    city.records.check_plans.replace_due([due("near", check_up_id=left.id)], 2)
    assert bureau.post("/api/v1/check-plans/ap/adopt").json()["state"] == "adopted"
    (item,) = bureau.get("/api/v1/check-plans/ap/items").json()["items"]
    assert item["check_up_id"] == left.id
    assert city.records.checks.count_check_ups(CheckFilter()) == 1


def test_what_is_opened_or_not_due_any_more_is_left_out(city: City) -> None:
    bureau = city.client("bureau")
    city.records.check_plans.replace_due([due("near")], 1)
    bureau.put("/api/v1/check-plans/ap", json=PLAN)
    city.records.check_plans.replace_due([], 2)
    bureau.post("/api/v1/check-plans/ap/adopt")
    assert city.records.checks.count_check_ups(CheckFilter()) == 0
    assert city.records.check_plans.due(DueFilter(), ALL) == []


def test_plans_of_other_districts_and_years_gone_by(city: City) -> None:
    bureau, near = city.client("bureau"), city.client("near_bureau")
    assert bureau.put("/api/v1/check-plans/far", json=PLAN | {"district": FAR}).status_code == 201
    for path in ("", "/items"):
        assert near.get(f"/api/v1/check-plans/far{path}").status_code == 404
    assert near.post("/api/v1/check-plans/far/adopt").status_code == 404
    assert near.put("/api/v1/check-plans/far", json=PLAN).status_code == 404
    assert near.put("/api/v1/check-plans/x", json=PLAN | {"district": FAR}).status_code == 403
    assert near.get("/api/v1/check-plans").json() == []
    assert bureau.put("/api/v1/check-plans/far", json=PLAN).status_code == 409
    assert bureau.put("/api/v1/check-plans/old", json=PLAN | {"year": 2025}).status_code == 422
    for who in ("inspector", "insurer"):
        assert city.client(who).put("/api/v1/check-plans/x", json=PLAN).status_code == 403
