"""Drawing on a photo on the phone: by finger and by keyboard; nothing of it dies with the tab."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from domain.photo_marks import read_marks
from tests.browser.conftest import Opened
from tests.browser.inspect_steps import open_check, photo_files, take_along
from tests.browser.quarter import Quarter

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def page(quarter: Quarter, open_as: Opened, tmp_path: Path) -> "Page":
    """The app with one photo, on which somebody begins to draw."""
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/1")
    page.locator(".photos input").last.set_input_files(photo_files(tmp_path, 1, 640, 480)[0])
    begin_drawing(page)
    return page


def begin_drawing(page: "Page") -> None:
    page.locator(".thumb").first.click()
    page.get_by_role("button", name="标注").click()
    page.locator("canvas.draw").wait_for()


def tool(page: "Page", name: str) -> None:
    page.get_by_role("radio", name=name).click()


def drag(page: "Page", begin: tuple[float, float], *on: tuple[float, float]) -> None:
    """Draw from one place to the next; places are shares of the picture."""
    box = page.locator("canvas.draw").bounding_box()
    assert box is not None
    x, y, width, height = box["x"], box["y"], box["width"], box["height"]
    page.mouse.move(x + begin[0] * width, y + begin[1] * height)
    page.mouse.down()
    for right, down in on:
        page.mouse.move(x + right * width, y + down * height)
    page.mouse.up()


def marks_at_server(quarter: Quarter, page: "Page", wanted: int) -> list[dict[str, Any]]:
    """Wait until the server has so many marks of the only photo."""
    for _ in range(100):
        found = quarter.records.checks.attachments(check_up_id="ck-1")
        kept = json.loads(found[0].marks) if found and found[0].marks else []
        if found and len(kept) == wanted:
            return list(kept)
        page.wait_for_timeout(100)
    raise AssertionError(f"the server has {kept}, not {wanted} marks")


def words(page: "Page", text: str) -> None:
    """Answer what a mark asks."""
    field = page.locator(".mark-asked input")
    expect(field).to_be_focused()
    field.fill(text)
    field.press("Enter")


def test_what_is_drawn_by_finger_outlives_the_tab_and_comes_to_the_server(
    quarter: Quarter, page: "Page"
) -> None:
    drag(page, (0.1, 0.1), (0.4, 0.4))
    tool(page, "文字")
    drag(page, (0.5, 0.2))
    words(page, "东墙斜裂缝")
    page.locator("dialog").get_by_label("照片说明").fill("一层东墙")
    page.wait_for_timeout(300)  # a stroke is kept in milliseconds; the tab dies after it
    other = page.context.new_page()
    page.close()
    page = other
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/1")
    begin_drawing(page)
    expect(page.locator("dialog").get_by_label("照片说明")).to_have_value("一层东墙")
    tool(page, "已知长度")
    drag(page, (0.2, 0.8), (0.7, 0.8))
    page.locator(".mark-asked input").fill("很长")
    page.locator(".mark-asked input").press("Enter")
    expect(page.locator(".mark-asked .fault")).not_to_be_empty()
    words(page, "320")
    expect(page.get_by_text("整幅照片宽约 640 mm")).to_be_visible()
    # a line drawn freely may have any number of points: the server takes 300
    tool(page, "线")
    drag(page, (0.0, 0.0), *((n / 700, (n % 40) / 40) for n in range(700)))
    page.locator("dialog").get_by_role("button", name="保存").click()
    kept = marks_at_server(quarter, page, 4)
    assert [one["kind"] for one in kept] == ["arrow", "text", "scale", "pen"]
    assert 100 < len(kept[3]["points"]) <= 300
    assert [one.text for one in read_marks(json.dumps(kept))] == ["", "东墙斜裂缝", "320 mm", ""]
    (photo,) = quarter.records.checks.attachments(check_up_id="ck-1")
    assert photo.caption == "一层东墙"
    assert photo.mm_per_px == pytest.approx(1.0, rel=0.02)


def test_everything_is_drawn_by_keyboard_and_leaving_takes_it_back(
    quarter: Quarter, page: "Page"
) -> None:
    keys = page.keyboard
    canvas = page.locator("canvas.draw")
    canvas.focus()
    for key in ("ArrowLeft", "Shift+ArrowLeft", "ArrowUp", "Enter", "Shift+ArrowRight"):
        keys.press(key)
    keys.press("Enter")
    keys.press("Enter")
    keys.press("Escape")  # the mark is given up, the dialog stays
    expect(canvas).to_be_visible()
    tool(page, "文字")
    canvas.focus()
    keys.press("Enter")
    words(page, "C-01")
    expect(canvas).to_be_focused()
    page.locator("dialog").get_by_role("button", name="保存").click()
    arrow, told = marks_at_server(quarter, page, 2)
    assert arrow["kind"] == "arrow"
    assert arrow["points"] == [pytest.approx([0.4, 0.48]), pytest.approx([0.5, 0.48])]
    assert (told["kind"], told["text"]) == ("text", "C-01")

    begin_drawing(page)
    page.locator("canvas.draw").focus()
    keys.press("Backspace")
    keys.press("Backspace")
    page.locator("dialog").get_by_role("button", name="放弃").click()
    expect(page.locator("dialog")).to_have_count(0)
    assert marks_at_server(quarter, page, 2) == [arrow, told]

    begin_drawing(page)
    page.locator("canvas.draw").focus()
    keys.press("Backspace")
    keys.press("Backspace")
    page.locator("dialog").get_by_role("button", name="保存").click()
    assert marks_at_server(quarter, page, 0) == []


def test_a_mark_that_waits_for_its_word_is_put_when_one_goes_on(
    quarter: Quarter, page: "Page"
) -> None:
    box = page.locator("dialog")
    tool(page, "文字")
    drag(page, (0.2, 0.2))
    page.locator(".mark-asked input").fill("第一处")
    drag(page, (0.6, 0.6))
    page.locator(".mark-asked input").fill("第二处")
    tool(page, "已知长度")
    drag(page, (0.2, 0.8), (0.7, 0.8))
    for wrong in ("很长", "0", "-3", "1e999"):
        page.locator(".mark-asked input").fill(wrong)
        box.get_by_role("button", name="保存").click()
        expect(page.locator(".mark-asked .fault")).not_to_be_empty()
    page.locator(".mark-asked input").fill("320,5")
    box.get_by_role("button", name="保存").click()
    expect(box).to_have_count(0)
    kept = marks_at_server(quarter, page, 3)
    assert [one["text"] for one in kept] == ["第一处", "第二处", "320.5 mm"]


def test_the_scale_is_that_of_the_newest_length_and_closing_by_escape_keeps_all(
    quarter: Quarter, page: "Page"
) -> None:
    tool(page, "已知长度")
    for length in ("320", "640"):
        drag(page, (0.2, 0.8), (0.7, 0.8))
        words(page, length)
    expect(page.get_by_text("整幅照片宽约 1280 mm")).to_be_visible()
    page.locator("dialog").get_by_role("button", name="撤销").click()
    expect(page.get_by_text("整幅照片宽约 640 mm")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    (kept,) = marks_at_server(quarter, page, 1)
    assert kept["text"] == "320 mm"
