"""The plan of check-ups in the browser: cycle table, annual plan, firms, calendar."""

import re
from datetime import date
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from domain.check_cycles import AnnualPlan
from domain.check_ports import DueFilter
from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp, Firm, Tier
from domain.ports import Page
from lifecycle.annual import drafted, workers_of
from lifecycle.cycles import shipped_profiles
from lifecycle.due import due_rows
from lifecycle.projection import plain_facts
from tests.browser.conftest import Opened
from tests.browser.quarter import FAR, NEAR, NOW_NS, Quarter
from tests.browser.test_pages import CONTRAST

if TYPE_CHECKING:
    from playwright.sync_api import Page as Tab

pytestmark = pytest.mark.browser


def fill(quarter: Quarter) -> None:
    """Make the list of who is due, two firms, and a plan of one district."""
    records, clock = quarter.records, quarter.clock
    houses, facts = plain_facts(records.register, records.checks, clock.now_ns(), None)
    (profile,) = shipped_profiles()
    records.check_plans.replace_due(due_rows(houses, profile, facts), clock.now_ns())
    for firm in (
        Firm("fi-1", "演示检测一所", Tier.BODY, (NEAR,), ("u-inspector",), "演示资质 001"),
        Firm("fi-2", "演示检测二所", Tier.BODY, (NEAR, FAR)),
    ):
        records.checks.put_firm(firm, "test")


def plan(quarter: Quarter, year: int) -> AnnualPlan:
    """Draft a plan of one district."""
    houses = quarter.records.register.buildings(Page(1_000))
    firms = quarter.records.checks.firms()
    wanted = DueFilter(districts=(NEAR,), due_until=date(year, 12, 31))
    rows = quarter.records.check_plans.due(wanted, Page(len(houses) * 3))
    workers = workers_of(firms, NEAR, frozenset({"u-inspector"}))
    items = drafted("plan-1", year, rows, workers)
    made = AnnualPlan("plan-1", year, NEAR, "default-2026 1", NOW_NS, "住建局甲")
    quarter.records.check_plans.put_plan(made, items, "test")
    return made


@pytest.fixture
def due(quarter: Quarter) -> Quarter:
    """The quarter with its list of who is due."""
    fill(quarter)
    return quarter


def looks_right(page: "Tab") -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(CONTRAST) == []


def test_a_cycle_is_changed_looked_at_published_and_taken_back(
    quarter: Quarter, open_as: Opened, size: str
) -> None:
    page = open_as("bureau", "/checks", size)
    page.get_by_role("link", name="检查周期表", exact=True).click()
    expect(page.locator("#rules")).to_contain_text("已核原文")
    looks_right(page)
    page.get_by_role("link", name="修改周期").click()
    rule = page.locator(".plan-rule", has_text="daily.law")
    rule.locator("summary").click()
    rule.get_by_label("每几个月").fill("x")
    page.get_by_role("button", name="看看会怎样").click()
    expect(page.get_by_role("alert")).to_contain_text("填的是“x”")
    page.spoken.clear()  # type: ignore[attr-defined]  # the browser tells every 422
    rule.get_by_label("每几个月").fill("6")
    page.get_by_role("button", name="添加规则").click()
    blank = page.locator(".plan-rule", has_text="新规则")
    blank.get_by_label("规则编号").fill("basic.every_year")
    blank.get_by_label("类别").select_option("basic")
    blank.get_by_label("每几个月").fill("12")
    page.get_by_role("button", name="看看会怎样").click()
    shown = page.locator("#what-if-shown")
    expect(shown).to_contain_text("改动 2 处")
    shown.locator(".plan-changes summary").click()
    expect(shown).to_contain_text("daily.law：每几个月 12 → 6")
    expect(shown).to_contain_text("新增 basic.every_year")
    basic = page.locator("#sums tbody tr", has_text="基础体检")
    # 24 buildings, each once a year
    expect(basic.locator("td").nth(2)).to_contain_text("24")
    expect(page.locator(".bars svg")).not_to_have_count(0)
    page.locator(".bars summary").first.click()
    looks_right(page)
    # what was looked at is what is published: a change takes the offer away
    rule.get_by_label("每几个月").fill("3")
    expect(page.locator("#publish")).to_have_count(0)
    expect(page.locator("#cycle-stale")).to_contain_text("请重新查看")
    rule.get_by_label("每几个月").fill("6")
    page.get_by_role("button", name="看看会怎样").click()
    page.get_by_label("理由").fill("演示：按演示文件 1 号")
    page.get_by_role("button", name="发布", exact=True).click()
    expect(page).to_have_url(f"{quarter.url}/checks/cycles/default-2026/2")
    expect(page.locator("h1")).to_contain_text("第 2 版")
    expect(page.locator("#versions tbody tr")).to_have_count(2)
    expect(page.locator("#versions tbody tr").first).to_contain_text("演示：按演示文件 1 号")
    page.goto(f"{quarter.url}/checks/cycles/default-2026/1")
    page.get_by_role("button", name="恢复到第 1 版").click()
    expect(page).to_have_url(f"{quarter.url}/checks/cycles/default-2026/3")
    assert [one.version for one in quarter.records.check_plans.profiles()] == [3, 2, 1]


def test_a_firm_is_added_and_its_limits_are_kept_to(
    due: Quarter, open_as: Opened, size: str
) -> None:
    page = open_as("bureau", "/checks", size)
    page.get_by_role("link", name="机构", exact=True).click()
    expect(page.locator("#firms tbody tr")).to_have_count(2)
    looks_right(page)
    page.get_by_role("link", name="新增机构").click()
    page.get_by_label("名称").fill("演示检测三所")
    page.get_by_label("东湖区").check()
    page.get_by_label("检查甲").check()
    page.get_by_label("每月最多检查（机构）").fill("1")
    looks_right(page)
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#firms tbody tr")).to_have_count(3)
    page.on("dialog", lambda dialog: dialog.accept())
    for name in ("演示检测一所", "演示检测二所"):
        page.get_by_role("link", name=name).click()
        page.get_by_role("button", name="停用").click()
        expect(page).to_have_url(f"{due.url}/checks/firms")
        expect(page.get_by_role("link", name=name)).to_have_count(0)
    page.goto(f"{due.url}/checks/plan?year=2026&district={NEAR}")
    page.get_by_role("button", name="编制 2026 年计划").click()
    # in November and December one each: the rest finds nobody
    sums = page.locator("#sums dd")
    expect(sums.first).to_be_visible()
    assert int(sums.nth(4).inner_text()) == int(sums.first.inner_text()) - 2
    page.locator("details.card", has_text="机构与检查员的工作量").locator("summary").click()
    expect(page.locator("#loads tbody tr").first).to_contain_text("演示检测三所")
    expect(page.locator(".plan-over")).to_have_count(0)


def test_a_planner_may_look_but_not_publish(open_as: Opened) -> None:
    page = open_as("near", "/checks/cycles/default-2026/1/edit")
    page.get_by_role("button", name="看看会怎样").click()
    expect(page.locator("#what-if")).to_contain_text("只计您管辖范围内的房屋")
    expect(page.locator("#publish")).to_have_count(0)


def test_a_year_is_planned_given_to_people_moved_and_adopted(
    due: Quarter, open_as: Opened, size: str
) -> None:
    page = open_as("bureau", "/checks", size)
    page.get_by_role("link", name="年度计划", exact=True).click()
    # in November people think of the year to come
    expect(page.locator("h1")).to_contain_text("2027")
    looks_right(page)
    page.locator("#districts a").first.click()
    looks_right(page)
    page.get_by_role("button", name="编制 2027 年计划").click()
    sums = page.locator("#sums")
    expect(sums).to_be_visible()
    planned = int(sums.locator("dd").first.inner_text())
    assert planned > 2
    looks_right(page)
    # all to one inspector of one firm, at once; then back
    page.get_by_label("全部").check()
    page.get_by_label("指派给").select_option(label="检查甲")
    page.get_by_role("button", name="指派", exact=True).click()
    said = page.get_by_role("status").filter(has_text="已改动")
    expect(said).to_be_visible()
    expect(page.locator("#plan-items tbody")).not_to_contain_text("演示检测二所")
    said.get_by_role("button", name="撤销").click()
    expect(page.get_by_role("status").filter(has_text="已撤销")).to_be_visible()
    expect(page.locator("#plan-items tbody")).to_contain_text("演示检测二所")
    # one building into November
    row = page.locator("#plan-items tbody tr").first
    name = row.locator("a").first.inner_text()
    row.get_by_role("checkbox").check()
    page.get_by_label("改到").select_option("11")
    page.get_by_role("button", name="改月份").click()
    expect(page.get_by_role("status").filter(has_text="已改动 1 项")).to_be_visible()
    page.get_by_label("月份").select_option("11")
    page.get_by_role("button", name="筛选").click()
    expect(page.locator("#plan-items tbody")).to_contain_text(name)
    page.locator("details.card", has_text="机构与检查员的工作量").locator("summary").click()
    expect(page.locator("#loads")).to_contain_text("检查甲")
    looks_right(page)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="通过计划").click()
    expect(page.locator(".page-head")).to_contain_text("已通过")
    expect(sums.locator("dd").nth(1)).to_have_text(str(planned))
    link = page.locator("#plan-items tbody tr").first.get_by_role("link", name="已打开")
    link.click()
    expect(page).to_have_url(re.compile("/check-ups/"))


def test_the_calendar_leads_from_a_month_to_a_day_and_its_check_ups(
    due: Quarter, open_as: Opened, size: str
) -> None:
    one = CheckUp(
        "c-cal", "b-1", CheckClass.BASIC, CheckCause.CYCLE, date(2026, 12, 9), NOW_NS, "plan",
        state=CheckState.ASSIGNED, inspector_id="u-inspector",
    )  # fmt: skip
    due.records.checks.put_check_up(one, "test")
    page = open_as("bureau", "/checks", size)
    page.get_by_role("link", name="日历", exact=True).click()
    expect(page.locator("h1")).to_contain_text("2026 年 11 月")
    looks_right(page)
    page.get_by_role("link", name="下月").click()
    expect(page.locator("h1")).to_contain_text("2026 年 12 月")
    page.get_by_label("检查员").select_option(label="检查甲")
    page.get_by_role("button", name="筛选").click()
    days = page.locator("#calendar td a")
    expect(days).to_have_count(1)
    expect(days).to_contain_text("安排 1")
    looks_right(page)
    days.click()
    expect(page.locator("#day-check-ups")).to_contain_text("检查甲")
    looks_right(page)
    page.locator("#day-check-ups a").click()
    expect(page).to_have_url(f"{due.url}/check-ups/c-cal")
