"""Tiers that contradict each other: the page, its tables, the API, and who may see them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.buildings import Appraisal, Grade
from domain.checkups import CheckState, ResultClass
from tests.api_city import NOW_NS, City, make_city
from tests.check_samples import DAY, add_rules, check_up
from web.application import mount_pages

SCREEN = "/checks/tier-conflicts"
API = "/api/v1/tier-conflicts"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """Both houses are appraised C, and inspectors found nothing."""
    made = make_city(tmp_path)
    mount_pages(made.app)
    add_rules(made.records)
    for place in ("near", "far"):
        one = check_up(
            f"ck-{place}", place, state=CheckState.DONE, result=ResultClass.SOUND,
            done_at_ns=NOW_NS, inspector_id="u-inspector",
        )  # fmt: skip
        made.records.checks.put_check_up(one, "test")
    yield made
    made.close()


def appraisal_conflicts(city: City, user: str = "bureau", **params: str) -> list[dict[str, object]]:
    answer = city.client(user).get(API, params={"rule": "sound-appraisal", **params})
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, object]] = answer.json()["items"]
    return rows


def test_the_api_tells_each_side_in_the_field_of_its_own_type(city: City) -> None:
    near = next(row for row in appraisal_conflicts(city) if row["building_id"] == "b-near")
    sound, appraised = near["sides"]  # type: ignore[misc]
    assert (sound["kind"], sound["result"], sound["grade"], sound["level"]) == (
        "check-up", 1, None, None,
    )  # fmt: skip
    assert (appraised["kind"], appraised["grade"], appraised["result"]) == ("appraisal", "C", None)
    assert appraised["suspected"] is None
    assert near["settler"] == "bureau"
    assert near["looked"] is None
    alerts = city.client("bureau").get(API, params={"rule": "sound-alert"}).json()["items"]
    assert {row["sides"][1]["level"] for row in alerts} <= {"orange", "red"}
    assert alerts


def test_pages_of_the_list_hold_each_contradiction_once(city: City) -> None:
    client, ids, cursor = city.client("bureau"), [], ""
    while True:
        told = client.get(API, params={"limit": 1, "cursor": cursor}).json()
        ids += [row["id"] for row in told["items"]]
        if told["next"] is None:
            break
        cursor = told["next"]
    assert len(ids) == len(set(ids)) == len(client.get(API).json()["items"]) >= 4
    gone = client.get(API, params={"cursor": "a-contradiction-of-yesterday"})
    assert (gone.status_code, "gone" in gone.text) == (409, True), "it never begins anew by itself"


def test_a_look_is_kept_with_its_reason_and_comes_back_when_a_side_changes(city: City) -> None:
    near = next(row for row in appraisal_conflicts(city) if row["building_id"] == "b-near")
    client, path = city.client("bureau"), f"{API}/{near['id']}/look"
    assert client.post(path, json={"reason": " "}).status_code == 422
    looked = client.post(path, json={"reason": "已加固，待重新鉴定"}).json()["looked"]
    assert (looked["by"], looked["reason"]) == ("bureau", "已加固，待重新鉴定")
    waiting = appraisal_conflicts(city, looked="false")
    assert [row["building_id"] for row in waiting] == ["b-far"]
    assert [row["id"] for row in appraisal_conflicts(city, looked="true")] == [near["id"]]
    client.post(path, json={"reason": "再看", "looked": False})
    assert len(appraisal_conflicts(city, looked="false")) == 2
    client.post(path, json={"reason": "已看"})
    report = Appraisal("a-new", "b-near", "JGJ 125-2016", Grade.D, "R-9", "演示", DAY)
    city.records.register.put_appraisal(report, "test")
    again = next(row for row in appraisal_conflicts(city) if row["building_id"] == "b-near")
    assert again["looked"] is None
    assert client.post(path, json={"reason": "旧的"}).status_code == 404
    fine = replace(report, id="a-zero", grade=Grade.A)
    city.records.register.put_appraisal(fine, "test")
    assert [row["building_id"] for row in appraisal_conflicts(city)] == ["b-far"]


def test_whoever_works_in_a_district_sees_and_marks_that_district_only(city: City) -> None:
    assert {row["building_id"] for row in appraisal_conflicts(city, "near_bureau")} == {"b-near"}
    assert appraisal_conflicts(city, "near_bureau", district="360103") == []
    far = next(row for row in appraisal_conflicts(city) if row["building_id"] == "b-far")
    mine = {"reason": "mine now"}
    assert city.client("near_bureau").post(f"{API}/{far['id']}/look", json=mine).status_code == 404
    browser = city.browser("near_bureau")
    assert browser.post(f"{SCREEN}/{far['id']}/look", data=mine).status_code == 404
    assert "演示楼 far" not in browser.get(SCREEN).text
    assert "far" not in browser.get(f"{SCREEN}.csv?district=360103").text
    assert city.records.tiers.looks([str(far["id"])]) == {}


@pytest.mark.parametrize("user", ["inspector", "insurer", "technician", "operator", "owner"])
def test_contradictions_are_for_those_who_plan_check_ups(city: City, user: str) -> None:
    assert city.client(user).get(API).status_code == 403
    assert city.client(user).post(f"{API}/x/look", json={"reason": "r"}).status_code == 403
    browser = city.browser(user)
    for path in (SCREEN, f"{SCREEN}.csv", f"{SCREEN}.xlsx"):
        assert browser.get(path).status_code == 403
    assert browser.post(f"{SCREEN}/x/look", data={"reason": "r"}).status_code == 403


def test_the_page_draws_grade_and_result_apart_and_takes_a_look(city: City) -> None:
    browser = city.browser("duty_officer")
    page = browser.get(f"{SCREEN}?rule=sound-appraisal").text
    assert page.count('data-rule="sound-appraisal"') == 2
    assert '<span class="grade-word">' in page
    assert 'class="result result-1"' in page
    assert "由住建局处理" in page
    (first, _) = re.findall(rf"{SCREEN}/([0-9a-f-]+)/look", page)
    assert browser.post(f"{SCREEN}/{first}/look", data={"reason": ""}).status_code == 422
    answer = browser.post(f"{SCREEN}/{first}/look", data={"reason": "看过"})
    assert answer.headers["HX-Refresh"] == "true"
    assert browser.get(f"{SCREEN}?rule=sound-appraisal").text.count("data-rule=") == 1
    kept = browser.get(f"{SCREEN}?show=looked").text
    assert "看过" in kept
    again = browser.post(f"{SCREEN}/{first}/look", data={"reason": "再看", "looked": "no"})
    assert again.status_code == 204
    assert "没有查看过" not in browser.get(SCREEN).text
    assert "还没有查看过的矛盾" in browser.get(f"{SCREEN}?show=looked").text
    table = browser.get(f"{SCREEN}.csv").text
    assert "鉴定 鉴定 C 级 R-near" in table
    assert browser.get(f"{SCREEN}.xlsx").content[:2] == b"PK"
