"""The inspector's app in trouble: nothing is lost, and it says what is wrong."""

from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from domain.submissions import Standing
from tests.browser.conftest import Built, Opened
from tests.browser.inspect_steps import (
    answer_all,
    finish,
    open_check,
    photo_files,
    take_along,
    unheard,
    wait_until_sent,
)
from tests.browser.quarter import Quarter
from tests.check_samples import submission

if TYPE_CHECKING:
    from playwright.sync_api import Page

WORDS = "墙角有水迹"
#: the browser answers as it does when the phone has no room left
FULL = """() => {
  IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
}"""


def begin(page: "Page", quarter: Quarter, part: int = 1) -> None:
    """Open a part of the form."""
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/{part}")
    page.locator(".item").first.wait_for()


def note(page: "Page", item: str, text: str) -> None:
    """Write a note at an item."""
    page.locator(f"[data-item={item}] summary").click()
    page.locator(f"[data-item={item}] textarea").press_sequentially(text)


def log_in(page: "Page", quarter: Quarter, token: str) -> None:
    """Be somebody else, or nobody."""
    page.context.clear_cookies()
    if token:
        page.context.add_cookies(
            [{"name": "anju_session", "value": token, "url": quarter.url, "httpOnly": True}]
        )


def ready_to_send(page: "Page", quarter: Quarter, folder: Path) -> None:
    """Fill the form in without a network and hand it in."""
    take_along(page)
    page.context.set_offline(True)
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/0")
    answer_all(page, photo_files(folder, 1)[0])
    finish(page)


def hear_nothing_of(page: "Page", *words: str) -> None:
    unheard(page)
    page.spoken[:] = [one for one in page.spoken if not any(w in one for w in words)]  # type: ignore[attr-defined]


def test_two_tabs_never_write_over_each_other(quarter: Quarter, open_as: Opened) -> None:
    open_check(quarter)
    first = open_as("inspector", "/inspect/", "phone")
    take_along(first)
    begin(first, quarter)
    note(first, "lean", WORDS)
    second = first.context.new_page()
    second.goto(f"{quarter.url}/inspect/#/visit/ck-1/1")
    second.locator("#other-tab").wait_for()
    second.get_by_role("button", name="改在这里填写").click()
    expect(second.locator("[data-item=lean] textarea")).to_have_value(WORDS)
    first.locator("#other-tab").wait_for()


def test_after_the_log_in_has_ended_it_goes_on_with_the_next_one_and_only_for_its_author(
    quarter: Quarter, open_as: Opened, built: Built, tmp_path: Path
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    ready_to_send(page, quarter, tmp_path)
    log_in(page, quarter, "")
    page.context.set_offline(False)
    expect(page.get_by_text("登录已过期").first).to_be_visible(timeout=15_000)
    assert page.locator("a[href^='/login?next=']").count() == 1

    log_in(page, quarter, built[2]["admin"])
    page.get_by_role("button", name="立即发送").click()
    expect(page.get_by_text("属于另一位检查员").first).to_be_visible()
    assert quarter.records.checks.submissions("ck-1") == []
    assert quarter.records.checks.attachments(check_up_id="ck-1") == []

    log_in(page, quarter, built[2]["inspector"])
    page.get_by_role("button", name="立即发送").click()
    wait_until_sent(page)
    (sent,) = quarter.records.checks.submissions("ck-1")
    assert sent.by_id == "u-inspector"
    hear_nothing_of(page, "401")


def test_a_full_phone_says_so_and_keeps_what_it_has(
    quarter: Quarter, open_as: Opened, tmp_path: Path
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    begin(page, quarter)
    note(page, "lean", WORDS)
    page.wait_for_timeout(500)
    page.evaluate(FULL)
    photo = photo_files(tmp_path, 1, 1200, 900)[0]
    page.locator("[data-item=overview] input[multiple]").last.set_input_files(photo)
    page.get_by_text("手机空间不足").wait_for()
    assert page.locator(".thumb").count() == 0
    page.reload()
    expect(page.locator("[data-item=lean] textarea")).to_have_value(WORDS)


def test_when_two_have_sent_a_check_up_in_both_are_kept_and_it_is_said(
    quarter: Quarter, open_as: Opened, built: Built, tmp_path: Path
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    ready_to_send(page, quarter, tmp_path)
    other = open_as("admin", "/inspect/")
    told = submission(2, template_id="daily-2026", answers=[])
    status = other.evaluate(
        """async (body) => {
          const { csrf } = await (await fetch("/api/v1/session")).json();
          const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
          const path = "/api/v1/check-ups/ck-1/submissions/s-other";
          return (await fetch(path, { method: "PUT", headers, body: JSON.stringify(body) })).status;
        }""",
        told,
    )
    assert status == 201
    page.context.set_offline(False)
    wait_until_sent(page)
    page.locator("details summary").first.click()
    expect(page.get_by_text("两份都已保留").first).to_be_visible()
    standings = {one.standing for one in quarter.records.checks.submissions("ck-1")}
    assert standings == {Standing.COUNTS, Standing.CONFLICT}
    unheard(page)


def test_a_correction_replaces_what_was_sent_and_keeps_it(
    quarter: Quarter, open_as: Opened, tmp_path: Path
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    ready_to_send(page, quarter, tmp_path)
    page.context.set_offline(False)
    wait_until_sent(page)
    page.locator("details summary").first.click()
    page.get_by_role("button", name="更正").click()
    page.locator(".option.result-2").click()
    page.get_by_role("button", name="提交", exact=True).click()
    page.get_by_role("heading", name="未发送").wait_for()
    page.get_by_text("服务器已收到 2 份").wait_for(timeout=30_000)
    found = {int(one.result): one for one in quarter.records.checks.submissions("ck-1")}
    assert found[2].supersedes == found[1].id
    assert (found[2].standing, found[1].standing) == (Standing.COUNTS, Standing.REPLACED)
    unheard(page)


def test_the_keyboard_stays_where_it_was_when_an_answer_is_chosen(
    quarter: Quarter, open_as: Opened
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    begin(page, quarter)
    page.locator('[data-item=lean] [role="radio"]').first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator('[data-item=lean] [role="radio"]').nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator('[data-item=lean] [role="radio"]').nth(2)).to_have_attribute(
        "aria-checked", "true"
    )
