"""Coverage of check-ups: the page, its tables, the API, and who may see them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from domain.check_cycles import Due
from domain.checkups import CheckCause, CheckClass, CheckState, ResultClass
from tests.api_city import NOW_NS, City, building, make_city
from tests.check_samples import add_rules, check_up
from web.application import mount_pages

SCREEN = "/checks/coverage"
API = "/api/v1/check-coverage"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """House near was checked this year, house far is overdue and was never checked."""
    made = make_city(tmp_path)
    mount_pages(made.app)
    add_rules(made.records)
    old = replace(building("far", "360103"), build_year=1975, structure="masonry", version=2)
    made.records.register.put_building(old, "test")
    done = check_up(
        state=CheckState.DONE, result=ResultClass.SOUND, done_at_ns=NOW_NS, due_on=date(2026, 12, 1)
    )
    made.records.checks.put_check_up(done, "test")
    due = Due(
        "b-far", CheckClass.BASIC, date(2026, 11, 1), CheckCause.CYCLE, "rule", "p 1", 1, "360103",
        "", "residential",
    )  # fmt: skip
    made.records.check_plans.replace_due([due], 1)
    yield made
    made.close()


def test_the_api_tells_each_group_and_all_of_them(city: City) -> None:
    told = city.client("bureau").get(API).json()
    assert [row["key"] for row in told["rows"]] == ["360102", "360103"]
    near, far = told["rows"]
    assert (near["done"], near["wanted"], near["percent"]) == (1, 1, 100.0)
    assert (far["missing"], far["overdue"], far["never"], far["percent"]) == (1, 1, 1, 0.0)
    assert told["total"]["percent"] == 50.0
    classes = city.client("bureau").get(API, params={"by": "class"}).json()
    assert [row["key"] for row in classes["rows"]] == ["daily", "basic", "special"]
    assert classes["total"] is None
    assert classes["rows"][0]["done"] == 1, "a basic check-up is a daily one as well"
    ages = city.client("bureau").get(API, params={"by": "age", "year": 2025}).json()
    assert {row["key"] for row in ages["rows"]} == {"-1980", "unknown"}
    assert ages["total"]["wanted"] == 0
    assert city.client("bureau").get(API, params={"year": 1999}).status_code == 422


def test_whoever_works_in_a_district_sees_that_district_only(city: City) -> None:
    told = city.client("near_bureau").get(API).json()
    assert [row["key"] for row in told["rows"]] == ["360102"]
    foreign = city.client("near_bureau").get(API, params={"district": "360103"}).json()
    assert foreign["rows"] == []
    page = city.browser("near_bureau").get(f"{SCREEN}?district=360103")
    assert "360103" not in re.findall(r'data-key="(\d+)"', page.text)
    assert "没有可统计的房屋" in page.text


@pytest.mark.parametrize("user", ["inspector", "insurer", "technician", "operator", "owner"])
def test_figures_are_for_those_who_plan_check_ups(city: City, user: str) -> None:
    assert city.client(user).get(API).status_code == 403
    for path in (SCREEN, f"{SCREEN}.csv", f"{SCREEN}.xlsx"):
        assert city.browser(user).get(path).status_code == 403
    if user == "inspector":
        assert SCREEN not in city.browser(user).get("/checks").text


def test_every_figure_leads_to_the_list_behind_it(city: City) -> None:
    browser = city.browser("bureau")
    page = browser.get(SCREEN).text
    assert "应检 2 幢，已检 1 幢，覆盖率 50 %" in page
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="(/[a-z-]+\?[^"]+)"', page)]
    of_far = [link for link in links if "360103" in link]
    assert {link.partition("?")[0] for link in of_far} == {"/buildings", "/check-ups", "/checks"}
    for link in of_far:
        answer = browser.get(link)
        assert answer.status_code == 200, link
        assert ("演示楼 far" in answer.text) == ("/check-ups" not in link), link
        assert "演示楼 near" not in answer.text, link
    ages = browser.get(f"{SCREEN}?by=age").text
    (old,) = re.findall(r'data-key="-1980">.*?</tr>', ages, re.DOTALL)
    assert "1980 年及以前" in old
    for link in re.findall(r'href="(/[^"]+)"', old):
        found = browser.get(link.replace("&amp;", "&")).text
        assert ("演示楼 far" in found) == ("/check-ups" not in link), link
        assert "演示楼 near" not in found, link
    done = browser.get("/check-ups?show=done&year=2026&kind=daily-or-basic").text
    assert "演示楼 near" in done
    assert "2026 年完成" in done
    assert "演示楼 near" not in browser.get("/check-ups?show=done&year=2025").text


def test_the_tables_have_the_figures_of_the_page(city: City) -> None:
    table = city.browser("bureau").get(f"{SCREEN}.csv?by=structure").text.splitlines()
    assert table[0].removeprefix("\ufeff").startswith("分组,房屋,应检（幢）,已检")
    assert table[1:] == ["砌体,1,1,0,0,0.0,0,1,1,1,1", "未知,1,1,1,1,100.0,0,0,0,0,0",
                         "合计,2,2,1,1,50.0,0,1,1,1,1"]  # fmt: skip
    book = city.browser("bureau").get(f"{SCREEN}.xlsx?by=class&kind=nonsense&year=x")
    assert book.content[:2] == b"PK"


def test_an_empty_city_says_what_will_be_here(tmp_path: Path) -> None:
    made = make_city(tmp_path)
    mount_pages(made.app)
    assert "应检" in made.browser("bureau").get(SCREEN).text
    assert "没有可统计的房屋" in made.browser("bureau").get(f"{SCREEN}?district=999999").text
    made.close()
