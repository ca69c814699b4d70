"""An alert, somebody who is sent, and what they found: back on the alert and on the building."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from domain.access import Caller, Role, Scope, ScopeKind
from domain.check_ports import CheckFilter
from domain.checkups import ResultClass
from domain.findings import Cause
from domain.labels import Outcome
from domain.ports import Page as Rows
from domain.submissions import Sent, Submission
from tests.api_city import check_desk
from tests.browser.conftest import Opened
from tests.browser.quarter import NOW_NS, Quarter
from tests.browser.test_pages import CONTRAST
from tests.check_samples import add_rules

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
INSPECTOR = Caller("u-inspector", "inspector", Role.INSPECTOR, (Scope(ScopeKind.CITY),))


def send_in(quarter: Quarter, result: ResultClass, outcome: Outcome | None, said: str) -> None:
    """Send in what the inspector found."""
    (check_up,) = quarter.records.checks.check_ups(CheckFilter(alert_id="alert-0"), Rows())
    sent = Submission(
        "s-1", check_up.id, check_up.building_id, "", 0, "", "", 1, NOW_NS - 2, NOW_NS - 1,
        NOW_NS, result, "5" * 64, 0, conclusion=said, outcome=outcome,
    )  # fmt: skip
    check_desk(quarter.records, quarter.clock).submit(Sent(sent), INSPECTOR)


def fits(page: "Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_somebody_is_sent_for_an_alert_and_what_they_find_comes_back(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    add_rules(quarter.records)
    page = open_as("duty", "/alerts/alert-0", size)
    page.locator("#inspect-here").click()
    dialog = page.locator("dialog[open]")
    expect(dialog.locator("#due-on")).to_have_value("2026-11-26")
    dialog.locator("#inspector").select_option(label="检查甲")
    dialog.locator("#due-on").fill("2026-11-20")
    dialog.locator("button.primary").click()
    expect(page.locator("#due-fault")).to_contain_text("日期已过")
    page.spoken.clear()  # type: ignore[attr-defined]  # the browser tells every 422
    page.locator("dialog[open] #due-on").fill("2026-11-25")
    assert fits(page)
    page.locator("dialog[open] button.primary").click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    card = page.locator("section[aria-labelledby=on-site]")
    expect(card).to_contain_text("检查甲")
    expect(card).to_contain_text("2026-11-25 前完成")
    send_in(quarter, ResultClass.DANGER, Outcome.CONFIRMED, "裂缝两侧错台，须鉴定。")
    expect(card).to_contain_text("3 类", timeout=20_000)
    expect(card).to_contain_text("确有变化")
    expect(page.locator(".history-list")).to_contain_text("现场核查完成")
    assert fits(page)
    assert page.evaluate(CONTRAST) == []
    building = open_as("duty", "/buildings/b-1", size)
    part = building.locator("#building-checks")
    expect(part).to_contain_text("已要求鉴定")
    expect(part).to_contain_text("裂缝两侧错台")
    assert fits(building)
    assert building.evaluate(CONTRAST) == []


def test_imminent_danger_shows_red_on_the_desk_with_what_was_said(
    open_as: Opened, quarter: Quarter
) -> None:
    add_rules(quarter.records)
    page = open_as("duty")
    page.locator("#inspect-alert-0").click()
    page.locator("dialog[open] button.primary").click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    send_in(quarter, ResultClass.IMMINENT, None, "承重墙外鼓，随时可能倒塌")
    row = page.locator(".alert-red", has_text="现场体检")
    expect(row).to_contain_text("险情紧迫", timeout=20_000)
    expect(row).to_contain_text("承重墙外鼓")
    alerts = quarter.records.alerts.alerts(Rows(100), building_ids=["b-1"])
    assert [one.cause for one in alerts].count(Cause.CHECK_UP) == 1


def test_who_may_not_see_check_ups_sees_none_of_it(open_as: Opened, quarter: Quarter) -> None:
    page = open_as("insurer", "/buildings/b-1")
    expect(page.locator("#facts")).to_be_visible()
    expect(page.locator("#building-checks")).to_have_count(0)
    page = open_as("insurer", "/alerts/alert-0")
    expect(page.locator("#history")).to_be_visible()
    expect(page.locator("#inspect-here, #on-site")).to_have_count(0)
