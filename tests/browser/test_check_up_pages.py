"""Check-ups, their conflicts, defects over the years, and the verification of reports."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from domain.anchors import Anchor, PickedBy
from domain.attachments import AttachmentState
from domain.check_ports import Consequences
from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp, ResultClass
from domain.clock import DAY_NS
from domain.defects import Defect
from domain.submissions import Answer, Standing
from storage.files import FolderFiles
from tests.api_city import report_desk
from tests.browser.conftest import Opened
from tests.browser.quarter import NOW_NS, Quarter
from tests.browser.test_pages import CONTRAST
from tests.report_samples import (
    BEFORE,
    CHECK_UP,
    CRACK,
    FIRM,
    FORM,
    MARKS,
    SENT,
    photo,
    picture,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
HOUSE = "b-1"


def fits(page: "Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def looks_right(page: "Page") -> None:
    assert fits(page)
    assert page.evaluate(CONTRAST) == []


@pytest.fixture
def filled(quarter: Quarter, tmp_path: Path) -> Quarter:
    """The quarter with the sample check-up."""
    return fill(quarter, tmp_path)


def fill(quarter: Quarter, folder: Path) -> Quarter:
    """Put in the sample check-up of house 1, one of before, and photos of both."""
    records, files = quarter.records, FolderFiles(folder / "files")
    records.check_plans.put_template(FORM, "test")
    records.checks.put_firm(FIRM, "test")
    early = CheckUp(
        "c-0", HOUSE, CheckClass.BASIC, CheckCause.CYCLE, CHECK_UP.due_on.replace(year=2025),
        NOW_NS - 400 * DAY_NS, "plan", state=CheckState.DONE, done_at_ns=NOW_NS - 365 * DAY_NS,
        result=ResultClass.MINOR,
    )  # fmt: skip
    late = replace(
        early, id="c-late", state=CheckState.ASSIGNED, result=None, done_at_ns=None, firm_id="f-1",
        due_on=CHECK_UP.due_on.replace(day=1), cause=CheckCause.RECHECK,
    )  # fmt: skip
    opened = replace(
        CHECK_UP, state=CheckState.ASSIGNED, submission_id="", result=None, done_at_ns=None,
        version=1, inspector_id="",
    )  # fmt: skip
    for one in (early, late, opened):
        records.checks.put_check_up(one, "test")
    for number in (1, 2):
        place = Anchor(f"an-{number}", HOUSE, PickedBy.TEXT, 1, "test", storey=f"{number} 层")
        records.places.put_anchor(replace(place, room="东侧卧室"), "test")
    sensor = records.register.site(HOUSE).sensors[0].id
    records.places.put_defect(replace(BEFORE, sensor_ids=(sensor,)), "test")
    crack = replace(CRACK, sensor_ids=(sensor,))
    leak = Defect("d-2", HOUSE, "an-2", "leak", 1, CRACK.found_at_ns, "演示员甲")
    done = replace(CHECK_UP, version=2, inspector_id="")
    sent = replace(SENT, received_at_ns=NOW_NS)
    records.checks.take(Consequences((sent,), done, (), (crack, leak)), "test")
    pictures = (
        picture("p-0", check_up_id="c-0", defect_id="d-0", taken_at_ns=BEFORE.found_at_ns),
        picture("p-1", item_id="wall", defect_id="d-1", caption="东墙", marks=MARKS),
        picture("p-2", item_id="front", state=AttachmentState.REFUSED, public_key="", thumb_key=""),
    )
    for number, one in enumerate(pictures):
        records.checks.put_attachment(one)
        if one.public_key:
            files.put(one.public_key, photo(number, (800, 600)))
            files.put(one.thumb_key, photo(number, (400, 300)))
    return quarter


def put_conflict(quarter: Quarter) -> None:
    others = (answer for answer in SENT.answers if answer.item_id != "wall")
    answers = (*others, Answer("wall", "slight"))
    other = replace(
        SENT, id="s-2", by="演示员乙", answers=answers, result=ResultClass.MINOR, sha256="ef" * 32,
        standing=Standing.CONFLICT, conclusion="裂缝轻微，维修即可。", attachment_ids=(),
        signatures=(),
    )  # fmt: skip
    quarter.records.checks.take(Consequences((other,)), "test")


def test_the_list_is_searched_filtered_and_saved(
    open_as: Opened, filled: Quarter, size: str
) -> None:
    page = open_as("duty", "/check-ups", size)
    expect(page.locator("#check-ups tbody tr")).to_have_count(3)
    expect(page.locator(".check-shows")).to_contain_text("逾期 1")
    looks_right(page)
    page.screenshot(path=f"/tmp/shots/list-{size}.png", full_page=True)
    page.locator(".check-shows a", has_text="逾期").click()
    expect(page.locator("#check-ups tbody tr")).to_have_count(1)
    expect(page.locator("#check-ups")).to_contain_text("逾期 22 天")
    page.goto(f"{filled.url}/check-ups?result=3&text=没有这栋楼")
    expect(page.locator(".empty")).to_contain_text("没有符合条件的体检")
    answer = page.request.get(f"{filled.url}/check-ups.csv?show=done")
    assert answer.text().count("\r\n") == 3
    assert page.request.get(f"{filled.url}/check-ups.xlsx").body()[:2] == b"PK"


def test_a_check_up_shows_all_that_was_found_and_its_photos_at_full_size(
    open_as: Opened, filled: Quarter, size: str
) -> None:
    page = open_as("duty", "/check-ups/c-1", size)
    for said in ("存在隐患，须鉴定", "7.4 ‰", "垂球法，东南角", "达到关注值 7 ‰", "比上次 +0.3 mm"):
        expect(page.locator("main")).to_contain_text(said)
    # the front is refused, and the picture of the signature was never declared
    expect(page.locator(".note")).to_contain_text("2 张图片没有收到或未被接受")
    looks_right(page)
    thumb = page.locator(".shot img").first
    thumb.scroll_into_view_if_needed()
    expect(thumb).to_have_js_property("naturalWidth", 400)
    page.screenshot(path=f"/tmp/shots/one-{size}.png", full_page=True)
    page.locator("[data-shot]").first.click()
    box = page.locator("#lightbox[open]")
    expect(box.locator("svg.photo-marks")).to_have_count(1)
    page.screenshot(path=f"/tmp/shots/box-{size}.png")
    box.locator("[data-marks]").uncheck()
    expect(box.locator("svg.photo-marks")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#lightbox[open]")).to_have_count(0)
    expect(page.locator("[data-shot]").first).to_be_focused()


def test_two_submissions_that_differ_are_compared_and_settled(
    open_as: Opened, filled: Quarter, size: str
) -> None:
    put_conflict(filled)
    page = open_as("duty", "/check-ups/c-1", size)
    expect(page.get_by_role("alert")).to_contain_text("不一致的提交")
    page.get_by_role("link", name="并排比较并裁定").click()
    table = page.locator(".differing")
    expect(table).to_contain_text("裂缝轻微，维修即可。")
    expect(table).to_contain_text("承重墙裂缝")
    expect(table).not_to_contain_text("燃气管道")
    looks_right(page)
    page.screenshot(path=f"/tmp/shots/conflict-{size}.png", full_page=True)
    page.locator("input[name=submission_id][value=s-2]").check()
    page.locator("textarea[name=note]").fill("乙带了裂缝规，读数可靠")
    page.locator(".settle button").click()
    expect(page.locator(".empty")).to_contain_text("没有待裁定的提交")
    counts = filled.records.checks.submission("s-2")
    assert counts is not None
    assert counts.standing is Standing.COUNTS
    page.goto(f"{filled.url}/check-ups/c-1?submission=s-1")
    expect(page.locator(".note").first).to_contain_text("未采纳")


def test_a_crack_is_followed_over_the_years_and_its_status_changed_and_put_back(
    open_as: Opened, filled: Quarter, size: str
) -> None:
    page = open_as("duty", f"/buildings/{HOUSE}/defects", size)
    expect(page.locator("#defects tbody tr")).to_have_count(2)
    looks_right(page)
    page.locator("#defects a", has_text="C-03").click()
    card = page.locator("#chosen")
    expect(card).to_contain_text("+0.3 mm")
    expect(card).to_contain_text("每年 +0.3 mm")
    expect(card).to_have_attribute("data-state", "drawn")
    expect(card.locator(".uplot")).to_have_count(2)
    range_ = card.locator("#wipe-range")
    range_.focus()
    page.keyboard.press("ArrowRight")
    expect(range_).to_have_value("51")
    assert card.locator(".wipe-pictures").evaluate("e => e.style.getPropertyValue('--at')") == "51%"
    expect(card.locator("[data-date=left]")).to_have_text("2025-11-23")
    looks_right(page)
    for picture_of in card.locator(".wipe img").all():
        expect(picture_of).to_have_js_property("naturalWidth", 800)
    page.screenshot(path=f"/tmp/shots/defect-{size}.png", full_page=True)
    card.locator("input[name=status][value=dismissed]").check()
    card.locator(".status-form button").click()
    expect(page.locator("#toasts")).to_contain_text("写明理由")
    page.spoken.clear()  # type: ignore[attr-defined]  # the browser tells every 422
    card.locator("#reason").fill("抹灰层裂缝")
    card.locator(".status-form button").click()
    expect(page.locator("#chosen h2")).to_contain_text("不成立")
    expect(page.locator("#finds")).to_contain_text("未处理 → 不成立：抹灰层裂缝")
    page.locator("input[name=status][value=open]").check()
    page.locator(".status-form button").click()
    expect(page.locator("#chosen h2")).to_contain_text("未处理")


def test_somebody_elses_change_of_status_is_not_written_over(
    open_as: Opened, filled: Quarter
) -> None:
    page = open_as("duty", f"/buildings/{HOUSE}/defects?chain=d-0")
    kept = filled.records.places.defect("d-1")
    assert kept is not None
    filled.records.places.put_defect(replace(kept, severity=3, version=kept.version + 1), "other")
    page.locator("input[name=status][value=watched]").check()
    page.locator(".status-form button").click()
    expect(page.locator("#toasts")).to_contain_text("别人刚刚改过")
    page.spoken.clear()  # type: ignore[attr-defined]  # the browser tells every 409


@pytest.mark.parametrize(
    "path", ["/check-ups", "/check-ups/c-1", "/check-ups/conflicts", f"/buildings/{HOUSE}/defects"]
)
def test_an_insurer_sees_none_of_it(open_as: Opened, filled: Quarter, path: str) -> None:
    page = open_as("insurer", path)
    expect(page.locator("main")).to_contain_text("不能打开这个页面")
    assert "演示员甲" not in page.content()
    page.spoken.clear()  # type: ignore[attr-defined]  # the browser tells the 403


def test_somebody_of_another_district_does_not_find_it(open_as: Opened, filled: Quarter) -> None:
    house = filled.records.register.building(HOUSE)
    assert house is not None
    moved = replace(house, district="360104", version=house.version + 1)
    filled.records.register.put_building(moved, "test")
    page = open_as("near", "/check-ups/c-1")
    expect(page.locator("main")).to_contain_text("没有这个页面")
    page.spoken.clear()  # type: ignore[attr-defined]  # the browser tells the 404


def test_anybody_verifies_a_report_and_learns_nothing_else(
    open_as: Opened, filled: Quarter, size: str, tmp_path: Path
) -> None:
    desk = report_desk(filled.records, tmp_path / "files", filled.clock)
    check_up = filled.records.checks.check_up("c-1")
    sent = filled.records.checks.submission("s-1")
    assert check_up is not None
    assert sent is not None
    seal = desk.pdf(check_up, sent)
    file = tmp_path / "report.pdf"
    file.write_bytes(FolderFiles(tmp_path / "files").get(seal.file_key))
    page = open_as(None, "/verify", size)
    page.locator("#verify-code").fill(seal.code.lower())
    page.get_by_role("button", name="核验").click()
    expect(page.locator("#verify-status")).to_contain_text("有效")
    expect(page.locator("#verify-hash")).to_have_text(seal.sha256)
    page.locator("#verify-file").set_input_files(file)
    expect(page.locator("#verify-result")).to_contain_text("一致：")
    looks_right(page)
    page.screenshot(path=f"/tmp/shots/verify-{size}.png", full_page=True)
    other = tmp_path / "other.pdf"
    other.write_bytes(file.read_bytes() + b"\n")
    page.locator("#verify-file").set_input_files(other)
    expect(page.locator("#verify-result")).to_contain_text("不一致")
    expect(page.locator("#verify-result")).to_contain_text(
        hashlib.sha256(other.read_bytes()).hexdigest()
    )
    content = page.content()
    for secret in ("3 号楼", "演示路", "演示员甲", "演示体检机构", "c-1", "s-1", HOUSE):
        assert not re.search(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", content), secret
    page.goto(f"{filled.url}/verify/{'0' * 20}")
    expect(page.locator("#verify-status")).to_contain_text("查无此码")


def test_who_guesses_codes_is_told_to_wait(open_as: Opened, filled: Quarter) -> None:
    page = open_as(None, "/verify")
    answers = [page.request.get(f"{filled.url}/verify/{n:020}") for n in range(21)]
    assert [answer.status for answer in answers] == [200] * 20 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
