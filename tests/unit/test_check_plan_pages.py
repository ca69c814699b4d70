"""The annual plan's pages: made, given to people, moved, taken back, adopted; and for whom not."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from domain.buildings import Building
from domain.check_cycles import Due, PlanItem
from domain.check_ports import CheckFilter
from domain.checkups import CheckCause, CheckClass, CheckState, Firm, Tier
from domain.ids import same_id
from domain.ports import Page
from lifecycle.annual_sums import Rollout, Step, loads, rollout_of, step_of, sums
from lifecycle.cycles import shipped_profiles
from tests.api_city import DISTRICTS, City, building, make_city
from web.application import mount_pages

NEAR, FAR = DISTRICTS["near"], DISTRICTS["far"]
BASIC, SPECIAL = CheckClass.BASIC, CheckClass.SPECIAL
PLAN = same_id("plan", 2027, NEAR)
AT = f"/checks/plan?year=2027&district={NEAR}"
TODAY = date(2026, 11, 23)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    mount_pages(made.app)
    for number in range(1, 4):
        house = building("near", NEAR)
        made.records.register.put_building(
            Building(
                f"b-{number}", f"C-{number}", f"演示 {number} 号楼", house.address, NEAR,
                house.street, "", house.longitude, house.latitude, build_year=1988,
            ),
            "test",
        )  # fmt: skip
    rows = [due(f"b-{number}") for number in range(1, 4)]
    made.records.check_plans.replace_due([*rows, due("b-far", FAR)], 1)
    for id_, member in (("fi-1", "u-inspector"), ("fi-2", "u-near_inspector")):
        firm = Firm(id_, f"演示机构 {id_}", Tier.BODY, (NEAR,), (member,))
        made.records.checks.put_firm(firm, "test")
    far = Firm("fi-far", "演示机构 远", Tier.BODY, (FAR,))
    made.records.checks.put_firm(far, "test")
    yield made
    made.close()


def due(building_id: str, district: str = NEAR) -> Due:
    """Make a building due at the end of 2027."""
    return Due(
        building_id, BASIC, date(2027, 12, 31), CheckCause.CYCLE, "r", "default-2026 1", 1,
        district, "", "residential",
    )  # fmt: skip


def items(city: City) -> dict[str, PlanItem]:
    return {one.building_id: one for one in city.records.check_plans.plan_items(PLAN)}


def made(city: City, user: str = "bureau") -> Any:
    browser = city.browser(user)
    answer = browser.post("/checks/plan/make", data={"year": "2027", "district": NEAR})
    assert answer.status_code == 200, answer.text
    return browser


def back(answer: Any) -> dict[str, str]:
    """Find what the page offers to take back."""
    before = re.search(r'<textarea name="before" hidden>(.*?)</textarea>', answer.text, re.DOTALL)
    version = re.search(r'name="version" value="(\d+)"', answer.text)
    assert before is not None
    assert version is not None
    return {"before": unescape(before[1]), "version": version[1]}


def test_an_empty_year_offers_to_make_its_plan(city: City) -> None:
    page = city.browser("bureau").get(AT).text
    assert "编制 2027 年计划" in page
    assert "有 3 项体检到期" in page
    assert "编制 2025 年计划" not in city.browser("bureau").get(AT.replace("2027", "2025")).text
    assert "编制 2027 年计划" not in city.browser("inspector").get(AT).text
    answer = made(city).get(AT)
    assert answer.text.count('name="rows"') == 3
    assert {one.firm_id for one in items(city).values()} == {"fi-1", "fi-2"}
    # without a district all of them are listed, with and without a plan
    overview = city.browser("bureau").get("/checks/plan?year=2027").text
    assert "草案" in overview
    assert "未编制" in overview


def test_ticked_buildings_are_given_to_others_and_that_is_taken_back(city: City) -> None:
    browser = made(city)
    before = items(city)
    told = {"rows": ["b-1 basic", "b-3 basic", "b-far basic"], "go": "fi-2 u-near_inspector"}
    answer = browser.post(f"/checks/plan/{PLAN}/assign", data=told)
    assert answer.status_code == 200
    now = items(city)
    for one in ("b-1", "b-3"):
        assert (now[one].firm_id, now[one].inspector_id) == ("fi-2", "u-near_inspector")
    (line, *_) = city.records.audit.audit(Page(1))
    assert (line[1], line[2], line[3]) == ("bureau", "plan items changed", PLAN)
    assert "> 1 fi-2/u-near_inspector" in line[4]
    undone = browser.post(f"/checks/plan/{PLAN}/undo", data=back(answer))
    assert "已撤销" in undone.text
    assert items(city) == before
    # a second time, or after somebody else's change, it is told that it cannot be
    assert browser.post(f"/checks/plan/{PLAN}/undo", data=back(answer)).status_code == 409


def test_all_that_the_filter_leaves_are_moved(city: City) -> None:
    browser = made(city)
    before = items(city)
    others = {id_: one for id_, one in before.items() if one.month != before["b-1"].month}
    query = f"year=2027&district={NEAR}&month={before['b-1'].month}"
    told = {"every": "yes", "to_month": "11"}
    assert browser.post(f"/checks/plan/{PLAN}/move?{query}", data=told).status_code == 200
    now = items(city)
    assert (now["b-1"].month, now["b-1"].due_on) == (11, date(2027, 11, 30))
    assert {id_: now[id_] for id_ in others} == others
    assert (
        browser.post(f"/checks/plan/{PLAN}/move", data=told | {"to_month": "13"}).status_code == 422
    )
    assert "没有改动" in browser.post(f"/checks/plan/{PLAN}/move", data={"to_month": "5"}).text


def test_who_cannot_be_sent_is_refused(city: City) -> None:
    browser = made(city)
    before = items(city)
    for go in ("fi-far ", "no-firm ", "fi-1 u-near_inspector", " u-bureau", " nobody"):
        told = {"rows": ["b-1 basic"], "go": go}
        assert browser.post(f"/checks/plan/{PLAN}/assign", data=told).status_code == 422, go
    assert items(city) == before
    forged = {"before": '[{"plan_id":"x"}]', "version": "1"}
    assert browser.post(f"/checks/plan/{PLAN}/undo", data=forged).status_code == 422


def test_after_adoption_the_check_ups_go_along_until_they_are_done(city: City) -> None:
    browser = made(city)
    answer = browser.post(f"/checks/plan/{PLAN}/adopt")
    assert "已通过" in answer.text
    opened = {one.building_id: one for one in city.records.checks.check_ups(CheckFilter(), Page())}
    assert set(opened) == {"b-1", "b-2", "b-3"}
    done = opened["b-2"]
    city.records.checks.put_check_up(
        replace(done, state=CheckState.CANCELLED, note="x", version=2), "test"
    )
    told = {"every": "yes", "go": " u-inspector"}
    browser.post(f"/checks/plan/{PLAN}/assign", data=told)
    moved = browser.post(
        f"/checks/plan/{PLAN}/move", data={"rows": ["b-1 basic"], "to_month": "12"}
    )
    now = {one.building_id: one for one in city.records.checks.check_ups(CheckFilter(), Page())}
    assert (now["b-1"].firm_id, now["b-1"].inspector_id) == ("", "u-inspector")
    assert now["b-1"].due_on == date(2027, 12, 31)
    assert now["b-2"].inspector_id == opened["b-2"].inspector_id
    browser.post(f"/checks/plan/{PLAN}/undo", data=back(moved))
    after = city.records.checks.check_up(opened["b-1"].id)
    assert after is not None
    assert after.due_on == opened["b-1"].due_on
    nobody = {"rows": ["b-3 basic"], "go": " "}
    browser.post(f"/checks/plan/{PLAN}/assign", data=nobody)
    left = city.records.checks.check_up(opened["b-3"].id)
    assert left is not None
    assert left.state is CheckState.PLANNED
    # making it anew changes nothing any more
    before = items(city)
    browser.post("/checks/plan/make", data={"year": "2027", "district": NEAR})
    assert items(city) == before


def test_the_table_holds_what_the_page_shows(city: City) -> None:
    browser = made(city)
    table = browser.get(f"/checks/plan/plan.csv?year=2027&district={NEAR}").text
    assert table.count("\r\n") == 4
    cut = browser.get(f"/checks/plan/plan.csv?year=2027&district={NEAR}&text=演示 2 号").text
    assert cut.count("\r\n") == 2
    book = browser.get(f"/checks/plan/plan.xlsx?year=2027&district={NEAR}")
    assert book.content[:2] == b"PK"
    assert browser.get(f"/checks/plan/plan.csv?year=2029&district={NEAR}").status_code == 404


def test_a_plan_is_for_those_of_its_district(city: City) -> None:
    made(city)
    near = city.browser("near_bureau")
    assert near.get("/checks/plan?year=2027").text.count('name="rows"') == 3
    assert near.get(f"/checks/plan?year=2027&district={FAR}").status_code == 404
    assert near.get(f"/checks/plan/plan.csv?year=2027&district={FAR}").status_code == 404
    foreign = {"year": "2027", "district": FAR}
    assert near.post("/checks/plan/make", data=foreign).status_code == 403
    city.browser("bureau").post("/checks/plan/make", data=foreign)
    far = same_id("plan", 2027, FAR)
    ticked = {"rows": ["b-far basic"], "go": " ", "to_month": "3", "before": "[]", "version": "1"}
    for act in ("assign", "move", "undo", "adopt"):
        assert near.post(f"/checks/plan/{far}/{act}", data=ticked).status_code == 404, act
        inspector = city.browser("inspector").post(f"/checks/plan/{PLAN}/{act}", data=ticked)
        assert inspector.status_code == 403, act
    assert city.browser("inspector").get(AT).status_code == 200
    assert 'name="rows"' not in city.browser("inspector").get(AT).text
    for user in ("insurer", "technician"):
        assert city.browser(user).get(AT).status_code == 403
        assert city.browser(user).post("/checks/plan/make", data=foreign).status_code == 403


def test_a_draft_keeps_to_what_firms_can_do_and_counts_other_districts(city: City) -> None:
    checks, plans = city.records.checks, city.records.check_plans
    for firm in checks.firms():
        alone = firm.id == "fi-1"
        districts = (NEAR, FAR) if alone else firm.districts
        checks.put_firm(
            replace(firm, districts=districts, active=alone, monthly_max_each=1, version=2), "test"
        )
    rows = [due(f"b-{number}") for number in range(1, 4)]
    january = [replace(row, due_on=date(2027, 1, 31)) for row in rows]
    plans.replace_due([*january, replace(due("b-far", FAR), due_on=date(2027, 1, 31))], 2)
    browser = city.browser("bureau")
    browser.post("/checks/plan/make", data={"year": "2027", "district": FAR})
    page = made(city).get(AT).text
    # the one inspector has his check-up of January in the other district
    assert {one.inspector_id for one in items(city).values()} == {""}
    assert page.count("未指派") > 3
    told = {"every": "yes", "go": "fi-1 u-inspector"}
    answer = browser.post(f"/checks/plan/{PLAN}/assign", data=told).text
    # by hand it may be too much, and that is shown
    assert "超过上限" in answer


def item(number: int, month: int, firm: str = "", inspector: str = "") -> PlanItem:
    return PlanItem("p", f"b-{number}", BASIC, month, date(2026, month, 28), firm, inspector)


def test_sums_count_each_building_once() -> None:
    late, coming, free = item(1, 10, "f"), item(2, 12, "f", "u"), item(3, 12)
    assert [step_of(one, None, TODAY) for one in (late, coming, free)] == [
        Step.OVERDUE, Step.PLANNED, Step.PLANNED,
    ]  # fmt: skip
    told = sums([late, coming, free], {}, TODAY)
    assert (told.planned, told.opened, told.done, told.overdue, told.unassigned) == (3, 0, 0, 1, 1)
    counted = loads([late, coming, free])
    assert counted == {("firm", "f"): (*[0] * 9, 1, 0, 1), ("inspector", "u"): (*[0] * 11, 1)}


def test_rollout_counts_by_build_year_and_leaves_out_who_is_not_due() -> None:
    (profile,) = shipped_profiles()
    houses = {
        f"b-{year}": Building(f"b-{year}", "c", "n", "a", NEAR, "", "", 1.0, 1.0, build_year=year)
        for year in (1980, 1988, 1989, 1999)
    }
    rows = [due("b-1980"), due("b-1988"), due("b-1989"), due("b-1999"), due("b-gone")]
    seen = replace(rows[0], last_on=date(2026, 5, 1))
    assert rollout_of([seen, *rows[1:]], houses, profile) == [
        Rollout(2026, 1, 1),
        Rollout(2027, 2, 0),
    ]
