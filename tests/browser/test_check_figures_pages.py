"""Figures of check-ups as a planner sees them, on a phone and at a desk."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from domain.check_cycles import Due
from domain.checkups import (
    CheckCause,
    CheckClass,
    CheckState,
    CheckUp,
    Firm,
    ResultClass,
    Tier,
)
from domain.clock import DAY_NS
from lifecycle.results import day_of
from tests.browser.conftest import Opened
from tests.browser.quarter import NOW_NS, Quarter
from tests.browser.test_check_up_pages import looks_right

pytestmark = pytest.mark.browser
TODAY = day_of(NOW_NS)
TIERS = "/checks/tier-conflicts"


def fill(quarter: Quarter) -> None:
    """Let every second house be checked this year, and the others be due, some long since."""
    numbers = range(1, 25)
    houses = {n: quarter.records.register.building(f"b-{n}") for n in numbers}
    check_ups = [
        CheckUp(
            f"f-{n}", f"b-{n}", CheckClass.BASIC, CheckCause.CYCLE, TODAY, NOW_NS - n, "plan",
            state=CheckState.DONE, result=ResultClass(1 + n % 4), done_at_ns=NOW_NS - n,
        )
        for n in numbers if n % 2
    ]  # fmt: skip
    quarter.records.checks.add_check_ups(check_ups, "test")
    due = [
        Due(
            f"b-{n}", CheckClass.BASIC, TODAY.replace(month=1 + n % 12), CheckCause.CYCLE, "rule",
            "default-2026 1", 1, house.district, "", "residential",
        )
        for n, house in houses.items() if house and not n % 2
    ]  # fmt: skip
    quarter.records.check_plans.replace_due(due, 1)


def test_coverage_leads_from_a_figure_to_the_houses_behind_it(
    quarter: Quarter, open_as: Opened, size: str
) -> None:
    fill(quarter)
    page = open_as("bureau", "/checks", size)
    page.get_by_role("link", name="体检覆盖情况").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("体检覆盖情况")
    expect(page.locator(".page-head")).to_contain_text("应检 24 幢，已检 12 幢，覆盖率 50 %")
    assert page.locator("#coverage .cover-done").first.get_attribute("width") not in {None, "0.0"}
    looks_right(page)
    total = page.locator("#coverage tfoot")
    overdue = total.get_by_role("link").nth(3)
    number = int(overdue.inner_text())
    assert number > 0
    overdue.click()
    expect(page.locator(".list-cut")).to_contain_text("及以前到期")
    expect(page.locator("#due tbody tr")).to_have_count(number)
    looks_right(page)
    page.get_by_role("link", name="取消这些条件").click()
    expect(page.locator("#due tbody tr")).to_have_count(12)


def test_coverage_is_cut_by_group_class_and_year_with_the_keyboard(
    quarter: Quarter, open_as: Opened
) -> None:
    fill(quarter)
    page = open_as("bureau", "/checks/coverage", color_scheme="dark")
    page.get_by_role("link", name="按结构").press("Enter")
    expect(page.locator("#coverage tbody th").first).to_be_visible()
    page.get_by_label("年度").select_option(str(TODAY.year - 1))
    page.get_by_role("button", name="筛选").press("Enter")
    expect(page.locator("#coverage tfoot .covered")).to_contain_text("—")
    looks_right(page)
    page.get_by_role("link", name="按体检类别").press("Enter")
    expect(page.locator("#coverage tbody tr")).to_have_count(3)
    expect(page.locator("#coverage tfoot")).to_have_count(0)


def disagree(quarter: Quarter) -> None:
    """Let an inspector find nothing at houses 1 to 3, which are appraised and ring."""
    check_ups = [
        CheckUp(
            f"t-{n}", f"b-{n}", CheckClass.BASIC, CheckCause.CYCLE, TODAY, NOW_NS - n, "plan",
            state=CheckState.DONE, result=ResultClass.SOUND, done_at_ns=NOW_NS - n,
            inspector_id="u-inspector",
        )
        for n in (1, 2, 3)
    ]  # fmt: skip
    quarter.records.checks.add_check_ups(check_ups, "test")


def test_a_contradiction_is_looked_at_with_a_reason_and_listed_again(
    quarter: Quarter, open_as: Opened, size: str
) -> None:
    disagree(quarter)
    page = open_as("bureau", "/checks", size)
    page.get_by_role("link", name="层级矛盾").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("层级矛盾")
    graded = page.locator(".tier[data-rule='sound-appraisal']")
    expect(graded).to_have_count(3)
    looks_right(page)
    one = graded.first
    expect(one.locator(".grade")).to_be_visible()
    one.locator("summary").click()
    one.get_by_label("理由").fill("已治理，等待鉴定")
    looks_right(page)
    one.get_by_role("button", name="已查看，说明理由").click()
    expect(graded).to_have_count(2)
    page.get_by_role("link", name="已查看").click()
    expect(graded).to_have_count(1)
    expect(graded).to_contain_text("已治理，等待鉴定")
    looks_right(page)
    graded.locator("summary").press("Enter")
    graded.get_by_label("理由").fill("再看一次")
    graded.get_by_role("button", name="重新列入").click()
    expect(page.locator(".empty h2")).to_have_text("还没有查看过的矛盾")


def test_each_side_leads_to_the_page_on_which_it_stands(quarter: Quarter, open_as: Opened) -> None:
    disagree(quarter)
    page = open_as("duty", TIERS, color_scheme="dark")
    ring = page.locator(".tier[data-rule='sound-alert']").first
    looks_right(page)
    ring.get_by_role("link", name="打开 监测预警").click()
    expect(page).to_have_url(re.compile("/alerts/"))
    page.go_back()
    ring.get_by_role("link", name="打开 体检").click()
    expect(page).to_have_url(re.compile("/check-ups/t-"))


def work(quarter: Quarter) -> None:
    """Let a large firm be on time, another never, and a small one be late once."""
    done = []
    for name, count, late in (("甲", 40, 0), ("乙", 40, 40), ("丙", 1, 1)):
        firm = Firm(f"fi-{name}", f"演示机构{name}", Tier.BODY)
        quarter.records.checks.put_firm(firm, "test")
        done += [
            CheckUp(
                f"w-{count}-{late}-{n}", f"b-{1 + n % 24}", CheckClass.BASIC, CheckCause.CYCLE,
                TODAY - timedelta(days=int(n < late)), NOW_NS - 3 * DAY_NS, "plan",
                state=CheckState.DONE, result=ResultClass(1 + n % 4), done_at_ns=NOW_NS,
                firm_id=firm.id, inspector_id="u-inspector",
            )
            for n in range(count)
        ]  # fmt: skip
    quarter.records.checks.add_check_ups(done, "test")


def test_the_work_of_firms_is_compared_with_intervals_and_leads_to_their_check_ups(
    quarter: Quarter, open_as: Opened, size: str
) -> None:
    work(quarter)
    page = open_as("bureau", "/checks", size)
    page.get_by_role("link", name="机构与人员工作对照").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("机构与人员工作对照")
    rows = page.locator("#compare tbody tr")
    expect(rows).to_have_count(3)
    on_time = page.locator("[data-share='on_time']")
    expect(page.locator("[data-key='fi-甲'] [data-share='on_time']")).to_contain_text("偏高")
    expect(page.locator("[data-key='fi-乙'] [data-share='on_time']")).to_contain_text("偏低")
    small = page.locator("[data-key='fi-丙'] [data-share='on_time']")
    expect(small).to_contain_text("区间 0—79 %")
    expect(small.locator(".share-mark")).to_have_count(0)
    expect(on_time.last.locator(".share-mark")).to_have_count(0)
    looks_right(page)
    page.locator("[data-key='fi-丙']").get_by_role("link").first.click()
    expect(page.locator(".list-cut")).to_contain_text("机构 演示机构丙")
    expect(page.locator("#check-ups tbody tr")).to_have_count(1)
    looks_right(page)


def test_the_work_of_inspectors_is_compared_with_the_keyboard(
    quarter: Quarter, open_as: Opened
) -> None:
    work(quarter)
    page = open_as("bureau", "/checks/compare", color_scheme="dark")
    page.get_by_role("link", name="检查员").press("Enter")
    expect(page.locator("#compare tbody tr")).to_have_count(1)
    expect(page.locator("#compare tbody th")).to_have_text("检查甲")
    looks_right(page)
