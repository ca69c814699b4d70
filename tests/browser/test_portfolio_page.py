"""The insurer's portfolio: map, table, movers, as of a date; and where changes are told."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import fastexcel
import pytest
from playwright.sync_api import expect

from domain.access import Scope, ScopeKind
from domain.alerts import NoticeState
from domain.assessments import SuspectedGrade
from domain.clock import DAY_NS
from domain.ports import Page as Rows
from tests.browser.conftest import Opened
from tests.browser.quarter import NOW_NS, Quarter
from tests.browser.test_assessment_pages import no_wider_than_the_screen, said, shot

pytestmark = pytest.mark.browser

#: (score now, score forty days ago, suspected)
COURSES = [
    (84.0, 35.0, SuspectedGrade.D),
    (66.0, 58.0, SuspectedGrade.C),
    (41.0, 44.0, SuspectedGrade.NONE),
    (12.0, 40.0, SuspectedGrade.NONE),
    (20.0, 20.0, SuspectedGrade.CANNOT_JUDGE),
]


def fill(quarter: Quarter) -> list[str]:
    """Five buildings in every band; the others were never assessed."""
    buildings = [b.id for b in quarter.records.register.buildings(Rows(len(COURSES)))]
    rows = []
    for id_, (score, before, suspected) in zip(buildings, COURSES, strict=True):
        rows.append(said(quarter, id_, before, 40, suspected=SuspectedGrade.NONE))
        rows.append(said(quarter, id_, score, 0, suspected=suspected))
    # what was said was said on its day
    old_ns = NOW_NS - 40 * DAY_NS
    old = [id_ + "-40" for id_ in buildings]
    rows = [
        replace(
            row,
            assessment=replace(
                row.assessment, at_ns=old_ns if row.assessment.id in old else NOW_NS
            ),
            made_at_ns=old_ns if row.assessment.id in old else NOW_NS,
        )
        for row in rows
    ]
    quarter.records.assessments.put(rows)
    return buildings


def test_the_portfolio_shows_where_it_stands_on_map_and_table(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    first, second, _, _, blind = fill(quarter)
    page = open_as("insurer", "/portfolio", size)
    rows = page.locator("#buildings tbody tr")
    assert rows.nth(0).get_attribute("data-building") == first
    assert rows.nth(4).get_attribute("data-building") == blind
    expect(rows.nth(0)).to_contain_text("疑似 D")
    expect(rows.nth(4)).to_contain_text("无法判断")
    expect(rows.nth(4)).not_to_contain_text("20 (")
    expect(page.locator("#map[data-state='drawn']")).to_be_visible(timeout=30_000)
    drawn = page.evaluate(
        "document.getElementById('map').map.getSource('buildings').serialize().data.features"
        ".filter((f) => f.properties.level === 4).map((f) => f.properties.id)"
    )
    assert drawn == [first]
    expect(page.locator(".band-links a").nth(3)).to_contain_text("疑似 D 1")
    page.get_by_role("link", name="30 天").click()
    expect(page.locator(".movers li").first).to_contain_text("+49")
    expect(page.locator(".movers li").first).to_contain_text("关注 → 疑似 D")
    expect(page.locator(".movers")).to_contain_text("-28")
    assert no_wider_than_the_screen(page)
    expect(page.locator("#map[data-state='drawn']")).to_be_visible(timeout=30_000)
    shot(page, "portfolio", size)
    page.get_by_role("link", name="90 天").click()
    expect(page.locator(".movers")).to_have_count(0)
    page.get_by_role("link", name="7 天").click()
    if size == "phone":  # there the table is a list of cards, without headers
        page.goto(f"{quarter.url}/portfolio?sort=change")
    else:
        page.get_by_role("link", name="变化", exact=True).click()
        expect(page.locator("th[aria-sort='descending']")).to_contain_text("变化")
    assert rows.nth(0).get_attribute("data-building") == first
    page.goto(f"{quarter.url}/portfolio?sort=-change")
    expect(rows.nth(0)).to_contain_text("-28")
    page.fill("#portfolio-text", "no such house")
    page.get_by_role("button", name="查找").click()
    expect(page.locator("#buildings .empty")).to_contain_text("没有符合条件的房屋")
    page.get_by_role("link", name="清除条件").click()
    # its script is there once the map is
    expect(page.locator("#map[data-state='drawn']")).to_be_visible(timeout=30_000)
    page.select_option("#portfolio-band", "C-suspect")
    expect(rows).to_have_count(1)
    assert rows.nth(0).get_attribute("data-building") == second
    expect(page.locator("#map[data-state='drawn']")).to_be_visible(timeout=30_000)
    rows.nth(0).locator("a").first.focus()
    expect(rows.nth(0)).to_have_class("chosen")


def test_the_portfolio_shows_what_was_known_then(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    first, *_ = fill(quarter)
    page = open_as("insurer", "/portfolio", size)
    page.fill("#as-of", "2026-10-20T08:00")
    page.wait_for_url("**as_of=2026-10-20T08%3A00**")
    row = page.locator(f"tr[data-building='{first}']")
    expect(row).to_contain_text("35 (26–44)")
    expect(page.locator("main")).to_contain_text("以下为当时已经给出的结论")
    page.goto(f"{quarter.url}/portfolio?as_of=soon")
    expect(page.locator("#as-of-fault")).to_contain_text("soon")
    page.goto(f"{quarter.url}/portfolio?at=99999&sort=best&days=x&band=none&district=000000")
    expect(page.locator("#buildings .empty")).to_be_visible()


def test_what_is_saved_is_what_was_chosen(open_as: Opened, quarter: Quarter) -> None:
    fill(quarter)
    page = open_as("insurer", "/portfolio?band=D-suspect&days=30")
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV").click()
    text = Path(saved.value.path()).read_text("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["得分"], row["变化（分）"], row["此前分段"]) == ("84.0", "49.0", "关注")
    with page.expect_download() as saved:
        page.get_by_role("link", name="XLSX").click()
    book = fastexcel.read_excel(Path(saved.value.path()).read_bytes())
    sheet = book.load_sheet(0)
    assert sheet.height == 1


def test_an_insurer_without_buildings_is_told_what_to_do(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    user = quarter.records.access.user_named("insurer")
    assert user is not None
    nowhere = (Scope(ScopeKind.BUILDING, "no-such"),)
    quarter.records.access.put_user(replace(user, scopes=nowhere), "test")
    page = open_as("insurer", "/portfolio", size)
    expect(page.locator(".empty")).to_contain_text("请管理员核对账号的范围")
    assert no_wider_than_the_screen(page)
    shot(page, "portfolio-empty", size)


def test_a_receiver_is_registered_tried_and_deleted(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    page = open_as("insurer", "/webhooks", size)
    expect(page.locator("#webhook-list .empty")).to_be_visible()
    page.fill("#hook-name", "理赔系统")
    page.fill("#hook-url", "https://10.0.0.1/in")
    page.fill("#hook-secret", "s" * 24)
    page.get_by_role("button", name="登记").click()
    expect(page.locator(".problem")).to_contain_text("公网地址")
    page.spoken.clear()  # type: ignore[attr-defined] # the answer 422 to an address inside
    page.fill("#hook-url", "https://example.com/anju")
    page.fill("#hook-secret", "s" * 24)
    page.get_by_role("button", name="登记").click()
    expect(page.locator(".hook h3")).to_have_text("理赔系统")
    assert "s" * 24 not in page.content()
    page.get_by_role("button", name="发送测试").click()
    expect(page.locator(".hook tbody tr")).to_contain_text("测试")
    store = quarter.records.score_notices
    (webhook,) = store.webhooks()
    (notice,) = store.due(NOW_NS, 9)
    refused = replace(notice, state=NoticeState.REFUSED, attempts=1, next_at_ns=None,
                      answer="HTTP 404: no such policy")  # fmt: skip
    page.fill("#hook-name", "half a na")
    store.mark(refused)
    # the list follows by itself, and the form that is being filled in stays
    expect(page.locator(".hook tbody tr")).to_contain_text("HTTP 404: no such policy")
    assert page.input_value("#hook-name") == "half a na"
    assert no_wider_than_the_screen(page)
    shot(page, "webhooks", size)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="删除").click()
    expect(page.locator("#webhook-list .empty")).to_be_visible()
    assert store.webhook(webhook.id) is None


def test_the_page_of_receivers_is_not_for_everybody(open_as: Opened, quarter: Quarter) -> None:
    assert quarter.records.score_notices.webhooks() == []
    page = open_as("duty", "/portfolio")
    expect(page.locator("a[href='/webhooks']")).to_have_count(0)
    answer = page.request.get(f"{quarter.url}/webhooks")
    assert answer.status == 403
