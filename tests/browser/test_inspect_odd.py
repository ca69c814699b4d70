"""What is odd on a phone: older forms, bad pictures, no mouse, a wrong clock, a very long note."""

import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from domain.attachments import AttachmentState
from domain.submissions import Standing
from tests.browser.conftest import Opened
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

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

YEAR_MS = 365 * 86_400_000
#: the phone's clock goes, but a year behind
BEHIND = f"""(() => {{
  const Real = Date;
  globalThis.Date = class extends Real {{
    constructor(...given) {{
      if (given.length) super(...given);
      else super(Real.now() - {YEAR_MS});
    }}
    static now() {{ return Real.now() - {YEAR_MS}; }}
  }};
}})();"""


def start(page: "Page", quarter: Quarter) -> None:
    """Open the first page of the visit."""
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/0")
    page.get_by_role("heading", name="为什么检查").wait_for()


def bomb(path: Path, side: int = 20_000) -> Path:
    """Write a small PNG that unpacks to 400 million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    rows = zlib.compress(bytes(side * (side // 8 + 1)), 9)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )
    return path


def test_a_draft_on_an_older_form_is_handed_in_and_kept_as_that(
    quarter: Quarter, open_as: Opened, tmp_path: Path
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/1")
    page.locator("[data-item=lean] summary").click()
    page.locator("[data-item=lean] textarea").fill("墙角有水迹")
    page.locator(".kept-mark[data-kept=yes]").wait_for()

    plans, checks = quarter.records.check_plans, quarter.records.checks
    now = plans.template("daily-2026", 1)
    check_up = checks.check_up("ck-1")
    assert now
    assert check_up
    # the question that was answered is no longer asked
    parts = tuple(
        replace(part, items=tuple(one for one in part.items if one.id != "lean"))
        for part in now.parts
    )
    plans.put_template(replace(now, version=2, parts=parts), "test")
    checks.put_check_up(replace(check_up, template_version=2, version=check_up.version + 1), "test")
    page.goto(f"{quarter.url}/inspect/#/")
    page.reload()  # what was said of the first taking along must not pass for the second
    page.locator("html[data-ready=yes]").wait_for(state="attached")
    page.get_by_role("button", name="更新").click()
    page.get_by_text("已带走 1 项").wait_for()
    page.context.set_offline(True)

    start(page, quarter)
    expect(page.locator("#older-form")).to_contain_text("第 1 版填写，现在有第 2 版")
    answer_all(page, photo_files(tmp_path, 1)[0])
    finish(page)
    page.context.set_offline(False)
    wait_until_sent(page)
    unheard(page)
    page.locator("details summary").first.click()
    expect(page.locator("#inspect details")).to_contain_text("按表单 daily-2026 第 1 版填写")
    (sent,) = checks.submissions("ck-1")
    assert (sent.template_version, sent.standing) == (1, Standing.COUNTS)
    assert [one.note for one in sent.answers if one.item_id == "lean"] == ["墙角有水迹"]


@pytest.mark.parametrize(
    ("bad", "why"), [("bomb", "照片像素太多"), ("text", "不是照片"), ("half", "损坏")]
)
def test_a_refused_picture_is_shown_and_replaced_and_the_rest_goes_through(
    quarter: Quarter, open_as: Opened, tmp_path: Path, bad: str, why: str
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    good, better = photo_files(tmp_path, 2, 600, 400)
    wrong = tmp_path / "wrong.jpg"
    if bad == "bomb":
        wrong = bomb(tmp_path / "wrong.png")
    else:
        wrong.write_bytes(good.read_bytes()[:4000] if bad == "half" else b"no picture at all" * 99)
    start(page, quarter)
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/1")
    album = page.locator("[data-item=overview] input[multiple]").last
    album.set_input_files([good, wrong])
    page.locator(".thumb").nth(1).wait_for()
    start(page, quarter)
    answer_all(page, good)
    finish(page)
    row = page.locator(".unsent-row.refused")
    expect(row).to_contain_text(why, timeout=30_000)
    page.get_by_text("服务器已收到 1 份").wait_for()
    (first,) = quarter.records.checks.submissions("ck-1")
    states = {
        one.state.value: one.id for one in quarter.records.checks.attachments(check_up_id="ck-1")
    }
    assert set(states) == {"ready", "refused"}

    row.get_by_role("button", name="重拍").click()
    album = page.locator("[data-item=overview] input[multiple]").last
    expect(page.locator("[data-item=overview] .thumb")).to_have_count(1)
    album.set_input_files(better)
    expect(page.locator("[data-item=overview] .thumb")).to_have_count(2)
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/99")
    page.get_by_role("button", name="提交", exact=True).click()
    page.get_by_text("服务器已收到 2 份").wait_for(timeout=30_000)
    wait_until_sent(page)
    found = {one.id: one for one in quarter.records.checks.submissions("ck-1")}
    (second,) = (one for one in found.values() if one.id != first.id)
    assert (second.supersedes, second.standing) == (first.id, Standing.COUNTS)
    pictures = {one.id: one for one in quarter.records.checks.attachments(check_up_id="ck-1")}
    assert states["refused"] not in second.attachment_ids
    assert {pictures[i].state for i in second.attachment_ids} == {AttachmentState.READY}
    page.spoken[:] = [one for one in page.spoken if "404" not in one]  # type: ignore[attr-defined]


def tab_to(page: "Page", wanted: "Locator") -> None:
    """Press Tab until something has the focus, as one does without a mouse."""
    for _ in range(150):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not come to {wanted}")


def press(page: "Page", wanted: "Locator", key: str = "Enter") -> None:
    """Go to something by the keyboard and press it."""
    tab_to(page, wanted)
    page.keyboard.press(key)


def test_the_whole_form_is_filled_in_without_a_mouse(
    quarter: Quarter, open_as: Opened, tmp_path: Path
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    (photo,) = photo_files(tmp_path, 1)
    page.on("filechooser", lambda chooser: chooser.set_files(photo))
    press(page, page.locator('[data-visit="ck-1"] .visit-link'))
    page.get_by_role("heading", name="为什么检查").wait_for()
    defect = False
    while page.locator(".visit-foot .primary").count():
        title = page.locator(".step[aria-current]").inner_text()
        press(page, page.locator(".visit-foot .primary"))
        expect(page.locator(".step[aria-current]")).not_to_have_text(title)
        # an answer may bring more questions: one group after the other, as long as there are any
        open_ = page.locator(".item [role=radiogroup]:not(:has([aria-checked=true]))")
        while open_.count():
            # the first of a group has the focus; space takes it
            item = open_.first.evaluate("one => one.closest('[data-item]').dataset.item")
            press(page, open_.first.locator("[role=radio]").first, "Space")
            chosen = page.locator(f"[data-item={item}] [aria-checked=true]").first
            expect(chosen).to_be_focused()
        page.wait_for_timeout(300)  # the step is drawn anew after an answer; nobody is quicker
        while page.locator(".photos.short").count():
            before = page.locator(".thumb").count()
            tab_to(page, page.locator(".photos.short input").last)
            page.keyboard.press("Space")
            page.locator(".thumb").nth(before).wait_for()
        if not defect and page.get_by_role("button", name="新缺陷").count():
            defect = True
            press(page, page.get_by_role("button", name="新缺陷"))
            box = page.get_by_role("dialog")
            press(page, box.get_by_role("button", name="选择位置"))
            tab_to(page, page.get_by_label("具体位置"))
            page.keyboard.type("东墙二层")
            press(page, page.get_by_role("dialog").last.get_by_role("button", name="保存"))
            expect(page.locator("dialog")).to_have_count(1)
            press(page, box.get_by_role("button", name="0.3", exact=True))
            expect(box.get_by_role("button", name="0.3", exact=True)).to_be_focused()
            press(page, box.get_by_role("button", name="保存"))
            expect(page.locator("dialog")).to_have_count(0)
            expect(page.locator(".defect")).to_contain_text("东墙二层")
            assert page.evaluate("document.activeElement !== document.body"), "the focus is lost"
        for switch in page.get_by_role("switch", name="无缺陷").all():
            if switch.is_enabled() and switch.get_attribute("aria-checked") == "false":
                press(page, switch, "Space")
                expect(switch).to_have_attribute("aria-checked", "true")
        notes = page.locator(".item details summary")
        if notes.count() and title == "概况":
            press(page, notes.first)
            tab_to(page, page.locator(".item details textarea").first)
            page.keyboard.type("按键盘填写")
    assert defect
    press(page, page.locator(".option.result-1"), "Space")
    expect(page.locator(".option.result-1")).to_be_focused()
    press(page, page.locator('[data-role="inspector"]').get_by_role("button", name="签名"))
    press(page, page.get_by_role("dialog").get_by_role("button", name="打字代替"))
    press(page, page.get_by_role("dialog").get_by_role("button", name="保存"))
    page.locator('[data-role="inspector"]').get_by_text("已签名").wait_for()
    assert page.locator(".faults li").all_inner_texts() == []
    press(page, page.get_by_role("button", name="提交", exact=True))
    page.get_by_role("heading", name="未发送").wait_for()
    wait_until_sent(page)
    (sent,) = quarter.records.checks.submissions("ck-1")
    assert [one.role for one in sent.signatures] == ["inspector"]
    assert "按键盘填写" in {one.note for one in sent.answers}
    (found,) = quarter.records.places.defects("b-1")
    assert found.value == 0.3


def test_a_phone_whose_clock_is_a_year_behind_says_so_and_its_times_are_put_right(
    quarter: Quarter, open_as: Opened, tmp_path: Path
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/login", "phone")
    page.add_init_script(BEHIND)
    page.goto(f"{quarter.url}/inspect/")
    page.locator('[data-visit="ck-1"]').wait_for()
    page.get_by_role("button", name="重新读取").click()
    expect(page.locator("#clock-wrong")).to_contain_text("手机时钟不准：手机 2025-")
    take_along(page)
    page.context.set_offline(True)
    start(page, quarter)
    answer_all(page, photo_files(tmp_path, 1)[0])
    finish(page)
    page.context.set_offline(False)
    wait_until_sent(page)
    unheard(page)
    (sent,) = quarter.records.checks.submissions("ck-1")
    assert sent.clock_ahead_ms is not None
    # the quarter's clock stands still; the phone's is some days beyond it, and a year behind
    assert -YEAR_MS - 60_000 < sent.clock_ahead_ms < -YEAR_MS + 40 * 86_400_000
    assert abs(
        sent.ended_at_ns // 10**6 - sent.clock_ahead_ms - quarter.clock.now_ns() // 10**6
    ) < (600_000)


def test_a_note_of_ten_thousand_characters_arrives_whole(
    quarter: Quarter, open_as: Opened, tmp_path: Path
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    text = "".join(chr(0x4E00 + n % 5000) for n in range(9_999)) + "𠮷"
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/1")
    page.locator("[data-item=lean] summary").click()
    page.locator("[data-item=lean] textarea").fill(text)
    page.keyboard.press("End")
    page.locator(".kept-mark[data-kept=yes]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.reload()
    expect(page.locator("[data-item=lean] textarea")).to_have_value(text)
    start(page, quarter)
    answer_all(page, photo_files(tmp_path, 1)[0])
    finish(page)
    wait_until_sent(page)
    (sent,) = quarter.records.checks.submissions("ck-1")
    (note,) = (one.note for one in sent.answers if one.item_id == "lean")
    assert len(note) == 10_000
    assert note == text
