"""The list of who is due: who sees it, opening many at once, and taking that back."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from domain.check_cycles import Due
from domain.check_ports import CheckFilter
from domain.checkups import CheckCause, CheckClass, CheckState
from domain.jobs import RunState
from domain.ports import Page
from tests.api_city import City, make_city
from web.application import mount_pages


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    mount_pages(made.app)
    rows = [
        Due(
            f"b-{place}", kind, day, CheckCause.CYCLE, "rule", "default-2026 1", 1, district, "",
            "residential",
        )
        for place, district in (("near", "360102"), ("far", "360103"))
        for kind, day in (
            (CheckClass.DAILY, date(2026, 11, 1)), (CheckClass.BASIC, date(2026, 12, 31)),
        )
    ]  # fmt: skip
    made.records.check_plans.replace_due(rows, 1)
    yield made
    made.close()


def test_the_api_lists_and_counts_what_one_may_see(city: City) -> None:
    everything = city.client("bureau").get("/api/v1/check-due", params={"limit": 3}).json()
    assert [row["due_on"] for row in everything["items"]] == [
        "2026-11-01", "2026-11-01", "2026-12-31",
    ]  # fmt: skip
    more = {"cursor": everything["next"]}
    rest = city.client("bureau").get("/api/v1/check-due", params=more).json()
    assert len(rest["items"]) == 1
    near = city.client("near_bureau").get("/api/v1/check-due").json()["items"]
    assert {row["building_id"] for row in near} == {"b-near"}
    foreign = {"district": "360103"}
    assert city.client("near_bureau").get("/api/v1/check-due", params=foreign).json()["items"] == []
    told = city.client("bureau").get("/api/v1/check-due/summary").json()
    assert told == {"overdue": 2, "soon": 0, "later": 2, "opened": 0}
    assert city.client("insurer").get("/api/v1/check-due").status_code == 403


def test_ticked_rows_are_opened_once_and_taken_back(city: City) -> None:
    browser = city.browser("near_bureau")
    ticked = {"rows": ["b-near~daily", "b-far~daily", "b-near~nonsense"]}
    for _ in range(2):
        answer = browser.post("/checks/assign", data=ticked | {"inspector_id": "u-inspector"})
        assert answer.status_code == 200, answer.text
    (opened,) = [
        one
        for one in city.records.checks.check_ups(CheckFilter(building_ids=("b-near",)), Page())
        if one.check_class is CheckClass.DAILY
    ]
    assert city.records.checks.check_ups(CheckFilter(building_ids=("b-far",)), Page()) == []
    assert (opened.state, opened.inspector_id) == (CheckState.ASSIGNED, "u-inspector")
    assert opened.template_id == "daily-2026"
    (run, *_) = city.records.jobs.runs("check-plan")
    assert run.state is RunState.ASKED
    assert browser.post("/checks/undo", data={"ids": [opened.id, "x"]}).status_code == 200
    kept = city.records.checks.check_up(opened.id)
    assert kept is not None
    assert kept.state is CheckState.CANCELLED


def test_the_page_and_its_tables_are_for_those_who_may(city: City) -> None:
    page = city.browser("bureau").get("/checks?show=overdue")
    assert page.status_code == 200
    assert "2026-11-01" in page.text
    assert "2026-12-31" not in page.text
    found = city.browser("bureau").get("/checks?text=no-such-house").text
    assert "2026-11-01" not in found
    table = city.browser("near_bureau").get("/checks/due.csv").text
    assert table.count("2026-") == 2
    assert city.browser("bureau").get("/checks/due.xlsx").content[:2] == b"PK"
    inspector = city.browser("inspector")
    assert inspector.get("/checks").status_code == 200
    assert inspector.post("/checks/assign", data={"rows": ["b-near~daily"]}).status_code == 403
    assert city.browser("insurer").get("/checks").status_code == 403
