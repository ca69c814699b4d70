"""The calendar of check-ups: which day holds what, for whom, and the links to it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from domain.check_cycles import Due
from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp, ResultClass
from domain.clock import HOUR_NS, to_ns
from lifecycle.month_days import Wanted, days_of
from tests.api_city import DISTRICTS, NOW_NS, City, make_city
from web.application import mount_pages

NEAR, FAR = DISTRICTS["near"], DISTRICTS["far"]
BASIC, DAILY = CheckClass.BASIC, CheckClass.DAILY
NOVEMBER = date(2026, 11, 1)


def check_up(id_: str, place: str, day: date, **changes: object) -> CheckUp:
    one = CheckUp(
        id_, f"b-{place}", BASIC, CheckCause.CYCLE, day, NOW_NS, "plan",
        state=CheckState.ASSIGNED, inspector_id="u-inspector",
    )  # fmt: skip
    return replace(one, **changes)  # type: ignore[arg-type]


def at(day: int, hour: int) -> int:
    return to_ns(datetime(2026, 11, day, hour, tzinfo=UTC))


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    mount_pages(made.app)
    rows = [
        Due(
            f"b-{place}", kind, day, CheckCause.CYCLE, "rule", "default-2026 1", 1, district, "",
            "residential", check_up_id=opened,
        )
        for place, district in (("near", NEAR), ("far", FAR))
        for kind, day, opened in (
            (DAILY, date(2026, 11, 1), ""), (BASIC, date(2026, 11, 30), f"c-{place}"),
        )
    ]  # fmt: skip
    made.records.check_plans.replace_due(rows, 1)
    done = {
        "state": CheckState.DONE, "result": ResultClass.SOUND, "inspector_id": "u-near_inspector",
    }  # fmt: skip
    for one in (
        check_up("c-near", "near", date(2026, 11, 30)),
        check_up("c-far", "far", date(2026, 11, 30)),
        # 17:00 UTC on the 9th is 1 o'clock on the 10th in China
        check_up("c-done", "near", date(2026, 10, 31), done_at_ns=at(9, 17), **done),
        check_up("c-before", "near", date(2026, 11, 5), done_at_ns=at(1, 0) - 9 * HOUR_NS, **done),
        check_up("c-off", "near", date(2026, 11, 6), state=CheckState.CANCELLED),
    ):  # fmt: skip
        made.records.checks.put_check_up(one, "test")
    yield made
    made.close()


def counted(city: City, wanted: Wanted) -> dict[int, tuple[int, int, int]]:
    days = days_of(city.services, NOVEMBER, wanted)
    assert len(days) == 30
    return {one.day.day: (one.due, one.waiting, one.done) for one in days if one.any}


def test_each_counts_once_on_its_day_of_chinas_calendar(city: City) -> None:
    assert counted(city, Wanted()) == {1: (2, 0, 0), 10: (0, 0, 1), 30: (0, 2, 0)}
    assert counted(city, Wanted(district=NEAR)) == {1: (1, 0, 0), 10: (0, 0, 1), 30: (0, 1, 0)}
    assert counted(city, Wanted(classes=(DAILY,))) == {1: (2, 0, 0)}
    assert counted(city, Wanted(inspector_id="u-near_inspector")) == {10: (0, 0, 1)}
    assert counted(city, Wanted(building_ids=())) == {}


def cell(page: str, day: int) -> str:
    found = re.search(rf'day=2026-11-{day:02}#day">(.*?)</a>', page, re.DOTALL)
    assert found is not None, day
    return re.sub(r"<[^>]+>|\s+", " ", found[1])


def test_the_page_shows_the_month_and_a_day_with_its_links(city: City) -> None:
    browser = city.browser("bureau")
    page = browser.get("/checks/calendar?month=2026-11").text
    assert "逾期未安排 2" in cell(page, 1)
    assert "安排 2" in cell(page, 30)
    assert "完成 1" in cell(page, 10)
    assert 'href="/checks/calendar?month=2026-10"' in page
    assert 'href="/checks/calendar?month=2026-12"' in page
    day = browser.get("/checks/calendar?month=2026-11&day=2026-11-30").text
    assert 'href="/check-ups/c-near"' in day
    assert 'href="/check-ups/c-done"' not in day
    assert 'href="/buildings/b-near"' in browser.get("/checks/calendar?day=2026-11-01").text
    # what cannot be read counts as not given: this month
    assert "2026 年 11 月" in browser.get("/checks/calendar?month=2026-13&day=x").text
    assert "没有检查" in browser.get("/checks/calendar?month=2031-02").text


def test_everybody_sees_their_own_part(city: City) -> None:
    near = city.browser("near_bureau")
    assert "安排 1" in cell(near.get("/checks/calendar?month=2026-11").text, 30)
    day = near.get(f"/checks/calendar?day=2026-11-30&district={FAR}").text
    assert "c-far" not in day
    inspector = city.browser("inspector").get("/checks/calendar?month=2026-11").text
    assert 'value="u-inspector"' in inspector
    assert 'value="u-near_inspector"' not in inspector
    for user in ("insurer", "technician", "operator"):
        assert city.browser(user).get("/checks/calendar").status_code == 403
