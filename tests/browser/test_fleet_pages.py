"""The fleet, the account and the quarantine as people see them."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from domain.access import Role, Scope, ScopeKind
from domain.accounts import DayAccount, GapChange, NumberGap
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, to_datetime
from domain.ports import GatewayStatus, Judgement
from domain.sampling import PlannedChannel, SamplingPlan
from tests.browser.conftest import Opened
from tests.browser.quarter import NOW_NS, Quarter

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def day(back: int) -> str:
    return to_datetime(NOW_NS - back * DAY_NS).date().isoformat()


def fill(quarter: Quarter) -> None:
    """Thirty days of the two gateways, a gap, plans, and a sender without numbers."""
    records = quarter.records
    expected = 24 * len(records.register.channels_of_gateways(0)) // 2
    accounts = [
        DayAccount(
            "g-1", day(back), expected - 7 * (back % 5), back % 2, 0, 3 if back == 4 else 0, back
        )
        for back in range(1, 31)
    ]
    accounts += [DayAccount("g-2", day(back), expected // (1 + back % 3)) for back in range(3, 31)]
    reasons = (("rejected", "wrong type", 2), ("quarantined", "unknown channel", 5))
    accounts[0] = replace(accounts[0], rejected=2, quarantined=5, reasons=reasons)
    before = NOW_NS - 4 * DAY_NS
    gap = NumberGap("g-1", 3, 0, 1690, 1692, day(4), before, before + 10 * MINUTE_NS)
    judged = records.judgement.judged(0)
    statuses = (
        GatewayStatus("g-1", NOW_NS - 9 * DAY_NS, True, 3, 88.0, -71.0, "1.4", 1),
        GatewayStatus("g-2", NOW_NS - 20 * DAY_NS, True, 3, 40.0, -90.0, "1.2"),
    )
    records.judgement.commit(
        Judgement(
            0,
            judged + 1,
            accounts=tuple(accounts),
            gaps=(GapChange("g-1", 3, 0, (gap,)),),
            statuses=statuses,
        )
    )
    channels = (
        PlannedChannel("T1.x", 600, report_s=1800),
        PlannedChannel("V1.p", 300, trigger=True),
    )
    plan = SamplingPlan("g-1", 1, 0, NOW_NS - 20 * DAY_NS, "C", channels[:1])
    faster = SamplingPlan("g-1", 2, 0, NOW_NS - HOUR_NS, "alert C", channels)
    records.fleet.put_plans([plan, faster])
    records.fleet.plan_acknowledged("g-1", 1, NOW_NS - 19 * DAY_NS)
    records.fleet.plans_sent([("g-1", 2)], NOW_NS - 30 * MINUTE_NS)
    plain = records.register.gateway("g-2")
    assert plain is not None
    records.register.put_gateway(replace(plain, numbered=False, version=plain.version + 1), "test")


def shot(page: "Page", name: str, size: str) -> None:
    """Keep a picture where `ANJU_TEST_SHOTS` says so, for people to look at."""
    if folder := os.environ.get("ANJU_TEST_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}-{size}.png"), full_page=True)


def no_wider_than_the_screen(page: "Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_what_needs_a_visit_comes_first_with_its_reasons(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    fill(quarter)
    page = open_as("duty", "/fleet", size)
    rows = page.locator("#fleet tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("电量")
    expect(rows.first.locator(".day-bars rect")).to_have_count(30)
    assert no_wider_than_the_screen(page)
    shot(page, "fleet", size)
    page.get_by_label("排序").select_option("name")
    page.get_by_label("只看").select_option("offline")
    page.get_by_role("button", name="显示").click()
    expect(page.locator("#fleet tbody tr")).to_have_count(1)
    page.get_by_label("查找").fill("no such thing")
    page.get_by_role("button", name="显示").click()
    expect(page.get_by_text("没有符合的网关")).to_be_visible()


def test_a_gateway_shows_its_plan_its_sensors_and_what_is_missing(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    fill(quarter)
    page = open_as("duty", "/fleet/g-1", size)
    expect(page.locator("section[aria-labelledby=plan]")).to_contain_text("已发送，网关未确认")
    expect(page.locator("section[aria-labelledby=plan]")).to_contain_text("网关已执行")
    expect(page.locator("section[aria-labelledby=plan]")).to_contain_text("上报一次")
    expect(page.locator("section[aria-labelledby=gaps]")).to_contain_text("1690 – 1692")
    assert no_wider_than_the_screen(page)
    shot(page, "gateway", size)


def test_the_account_says_sent_or_by_plan_with_reasons_and_gaps(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    fill(quarter)
    page = open_as("duty", "/accounts?days=30", size)
    account = page.locator("#account")
    expect(account).to_contain_text("类型不对")
    expect(account.get_by_text("计划", exact=True).first).to_be_visible()
    expect(page.locator(".gaps")).to_contain_text("1690 – 1692")
    assert no_wider_than_the_screen(page)
    shot(page, "account", size)
    with page.expect_download() as kept:
        page.get_by_role("link", name="下载台账 CSV").click()
    text = kept.value.path().read_text("utf-8-sig")
    assert text.startswith("gateway_id,name,day,sent,expected,stored")


def test_quarantined_readings_are_found_and_let_in(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    page = open_as("admin", "/quarantine?fate=quarantined", size)
    page.on("dialog", lambda dialog: dialog.accept())
    rows = page.locator("#quarantine tbody tr")
    expect(rows).to_have_count(1)
    shot(page, "quarantine", size)
    rows.first.get_by_role("button", name="放行").click()
    expect(page.get_by_text("等待放行")).to_be_visible()
    ((refusal, release),) = quarter.records.quarantine.due(10)
    assert (refusal.id, release.done_at_ns) == ("r-1", None)
    assert no_wider_than_the_screen(page)


def test_an_owner_sees_the_own_gateway_and_nothing_else(open_as: Opened, quarter: Quarter) -> None:
    user = quarter.records.access.user_named("duty")
    assert user is not None
    scopes = (Scope(ScopeKind.GATEWAY, "g-1"),)
    quarter.records.access.put_user(replace(user, role=Role.OWNER, scopes=scopes), "test")
    page = open_as("duty", "/fleet")
    expect(page.locator("#fleet tbody tr")).to_have_count(1)
    page.goto(f"{quarter.url}/accounts")
    expect(page.locator("#account-gateway option")).to_have_count(2)
    for path in ("/fleet/g-2", "/accounts?gateway=g-2"):
        assert page.request.get(quarter.url + path).status == 404
    assert page.request.get(f"{quarter.url}/buildings").status == 403
