"""A phone that several inspectors use, and what stays on it and what goes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from domain.checkups import CheckState
from tests.browser.conftest import Built, Opened
from tests.browser.inspect_steps import (
    answer_all,
    finish,
    forward,
    open_check,
    photo_files,
    take_along,
    unheard,
    wait_until_sent,
)
from tests.browser.quarter import Quarter

if TYPE_CHECKING:
    from playwright.sync_api import Page

WORDS, OTHERS = "墙角有水迹", "门框变形"
#: a phone as version 1 of the app left it: one draft for a check-up
OLDER = """async () => {
  await new Promise((done, failed) => {
    const asked = indexedDB.open("anju-inspect", 1);
    asked.onerror = () => failed(asked.error);
    asked.onupgradeneeded = () => {
      const db = asked.result;
      for (const name of ["visits", "packages", "outbox"]) {
        db.createObjectStore(name, { keyPath: "id" });
      }
      const photos = db.createObjectStore("photos", { keyPath: "id" });
      photos.createIndex("check_up_id", "check_up_id");
      const drafts = db.createObjectStore("drafts", { keyPath: "check_up_id" });
      db.createObjectStore("meta");
      drafts.put({
        check_up_id: "ck-1", user_id: "u-inspector", submission_id: "s-older", supersedes: "",
        template_id: "daily-2026", template_version: 1, base_version: 1,
        begun_at: "2026-11-23T05:00:00Z", answers: { lean: { value: null, note: "墙角有水迹" } },
        defects: [], members: [], soil_dangerous: false, result: 0, conclusion: "", measures: "",
        recheck_on: "", outcome: "", signatures: {}, step: 0, changed_at: 1,
      });
    };
    asked.onsuccess = () => { asked.result.close(); done(); };
  });
}"""
ROWS = """async (store) => {
  const { openDB } = await import("/static/lib/idb.mjs");
  const db = await openDB("anju-inspect");
  const rows = await db.getAll(store);
  db.close();
  return rows.map(({ blob, ...one }) => one);
}"""
CACHED = """async () => (await (await caches.open("anju-along")).keys()).map((one) => one.url)"""
#: what was kept now is as if it had been kept so many days ago
AGED = """async (days) => {
  const { openDB } = await import("/static/lib/idb.mjs");
  const db = await openDB("anju-inspect");
  for (const [store, field] of [["packages", "at"], ["outbox", "received_at"]]) {
    for (const row of await db.getAll(store)) {
      await db.put(store, { ...row, [field]: row[field] - days * 86400000 });
    }
  }
  db.close();
}"""


def rows(page: "Page", store: str) -> list[dict[str, Any]]:
    return list(page.evaluate(ROWS, store))


def be(page: "Page", quarter: Quarter, token: str) -> None:
    page.goto("about:blank")
    page.context.clear_cookies()
    page.context.add_cookies(
        [{"name": "anju_session", "value": token, "url": quarter.url, "httpOnly": True}]
    )
    page.goto(f"{quarter.url}/inspect/")
    page.locator("html[data-ready=yes]").wait_for(state="attached")


def note(page: "Page", quarter: Quarter, text: str) -> None:
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/1")
    page.locator("[data-item=lean] summary").click()
    page.locator("[data-item=lean] textarea").fill(text)
    page.locator(".kept-mark[data-kept=yes]").wait_for()


def begin(page: "Page", quarter: Quarter) -> None:
    """Go to the list of defects and begin a new one."""
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/0")
    page.locator(".visit-foot").wait_for()
    while not page.get_by_role("button", name="新缺陷").count():
        forward(page)
    page.get_by_role("button", name="新缺陷").click()


def test_two_inspectors_fill_the_same_check_up_in_on_one_phone_each_their_own(
    quarter: Quarter, open_as: Opened, built: Built, tmp_path: Path
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    note(page, quarter, WORDS)
    first, second = photo_files(tmp_path, 2)
    page.locator("[data-item=overview] input[multiple]").last.set_input_files(first)
    page.locator(".thumb").wait_for()

    be(page, quarter, built[2]["admin"])
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/0")
    expect(page.locator("#others-draft")).to_contain_text("inspector")
    page.get_by_role("button", name="我另填一份").click()
    note(page, quarter, OTHERS)
    assert page.locator(".thumb").count() == 0, "the other's pictures are the other's"
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/0")
    page.get_by_role("heading", name="为什么检查").wait_for()
    answer_all(page, second)
    finish(page)
    page.get_by_text("服务器已收到 1 份").wait_for(timeout=30_000)
    (sent,) = quarter.records.checks.submissions("ck-1")
    assert sent.by_id == "u-admin"
    assert [one.note for one in sent.answers if one.item_id == "lean"] == [OTHERS]

    be(page, quarter, built[2]["inspector"])
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/1")
    expect(page.locator("[data-item=lean] textarea")).to_have_value(WORDS)
    expect(page.locator(".thumb")).to_have_count(1)
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/0")
    page.get_by_role("heading", name="为什么检查").wait_for()
    answer_all(page, first)
    finish(page)
    wait_until_sent(page)
    both = {one.by_id: one for one in quarter.records.checks.submissions("ck-1")}
    assert set(both) == {"u-admin", "u-inspector"}
    (mine,) = [one.note for one in both["u-inspector"].answers if one.item_id == "lean"]
    assert mine == WORDS
    assert not set(both["u-admin"].attachment_ids) & set(both["u-inspector"].attachment_ids)


def test_a_draft_of_an_older_version_of_the_app_is_still_there(
    quarter: Quarter, open_as: Opened
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/buildings", "phone")
    page.evaluate(OLDER)
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/1")
    expect(page.locator("[data-item=lean] textarea")).to_have_value(WORDS)
    assert [one["submission_id"] for one in rows(page, "drafts")] == ["s-older"]


def test_a_half_told_defect_outlives_its_tab(
    quarter: Quarter, open_as: Opened, tmp_path: Path
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    begin(page, quarter)
    box = page.get_by_role("dialog")
    box.get_by_role("radio", name="倾斜").click()
    box.get_by_label("吊线高度").fill("2.8")
    box.get_by_label("名称").fill("东墙外倾")
    page.wait_for_timeout(300)
    page.reload()
    half = page.locator("[data-half]")
    expect(half).to_contain_text("东墙外倾")
    half.get_by_role("button", name="继续填写").click()
    expect(box.get_by_label("吊线高度")).to_have_value("2.8")
    box.get_by_label("偏移").fill("14")
    expect(box).to_contain_text("5 ‰")
    # closed without its button it is still a half, and the last page says so
    page.keyboard.press("Escape")
    expect(page.locator("[data-half]")).to_have_count(1)
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/99")
    page.get_by_role("link", name="有一处缺陷没有填完").click()
    page.locator("[data-half]").get_by_role("button", name="继续填写").click()
    box.get_by_role("button", name="选择位置").click()
    page.get_by_label("具体位置").fill("东墙二层")
    page.get_by_role("dialog").last.get_by_role("button", name="保存").click()
    expect(page.locator("dialog")).to_have_count(1)
    box.get_by_role("button", name="保存").click()
    expect(page.locator("[data-half]")).to_have_count(0)
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/0")
    page.get_by_role("heading", name="为什么检查").wait_for()
    answer_all(page, photo_files(tmp_path, 1)[0])
    finish(page)
    wait_until_sent(page)
    (defect,) = quarter.records.places.defects("b-1")
    assert (defect.code, defect.title, defect.value, defect.unit) == ("lean", "东墙外倾", 5.0, "‰")


def test_what_was_taken_along_is_cleared_by_hand_but_never_unsent_work(
    quarter: Quarter, open_as: Opened
) -> None:
    open_check(quarter)
    open_check(quarter, "ck-2", building_id="b-2")
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    take_along(page, "ck-2")
    note(page, quarter, WORDS)
    page.goto(f"{quarter.url}/inspect/#/unsent")
    expect(page.locator("#room")).to_contain_text("还可用")
    page.get_by_role("button", name="清除已带走的资料").click()
    page.get_by_role("dialog").get_by_role("button", name="清除已带走的资料").click()
    page.get_by_text("已清除 1 次检查的资料").wait_for()
    assert [one["id"] for one in rows(page, "packages")] == ["ck-1"]
    page.context.set_offline(True)
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/1")
    expect(page.locator("[data-item=lean] textarea")).to_have_value(WORDS)
    unheard(page)


def test_what_is_over_leaves_the_phone_by_itself_after_a_week(
    quarter: Quarter, open_as: Opened, tmp_path: Path
) -> None:
    open_check(quarter)
    open_check(quarter, "ck-2", building_id="b-2")
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    take_along(page, "ck-2")
    page.locator('[data-visit="ck-1"] .visit-link').click()
    answer_all(page, photo_files(tmp_path, 1)[0])
    finish(page)
    wait_until_sent(page)
    done = quarter.records.checks.check_up("ck-1")
    assert done is not None
    assert done.state is CheckState.DONE
    page.evaluate(AGED, 6)
    page.reload()
    page.locator("html[data-ready=yes]").wait_for(state="attached")
    page.wait_for_timeout(500)
    assert {one["id"] for one in rows(page, "packages")} == {"ck-1", "ck-2"}
    page.evaluate(AGED, 2)
    page.reload()
    page.locator("html[data-ready=yes]").wait_for(state="attached")
    page.wait_for_timeout(500)
    assert [one["id"] for one in rows(page, "packages")] == ["ck-2"], (
        "what is still to be done stays"
    )
