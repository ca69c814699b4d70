"""One box on every page that finds everything, by keyboard, on a phone and on a desk."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opened
from tests.browser.test_fleet_pages import no_wider_than_the_screen, shot

pytestmark = pytest.mark.browser


def test_the_box_in_the_bar_finds_and_the_keyboard_opens(open_as: Opened) -> None:
    page = open_as("duty", "/contexts")
    page.keyboard.press("/")
    expect(page.locator("#search-all")).to_be_focused()
    page.keyboard.type("小区1号楼")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    expect(page.locator("#search-here")).to_have_value("小区1号楼")
    hits = page.locator("[data-hit]")
    expect(hits.first).to_have_text("演示小区 1 号楼")
    page.keyboard.press("/")
    expect(page.locator("#search-here")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(hits.first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/buildings/b-1")


def test_what_is_found_stands_by_kind(open_as: Opened, size: str) -> None:
    page = open_as("admin", "/search", size)
    expect(page.locator(".empty")).to_contain_text("输入要找的内容")
    page.fill("#search-here", "小区 1号楼")
    page.keyboard.press("Enter")
    expect(page.locator("#found-building")).to_have_text("房屋")
    expect(page.locator("section[aria-labelledby=found-alert]")).to_contain_text("红色预警")
    expect(page.locator("section[aria-labelledby=found-appraisal]")).to_contain_text("鉴定 D 级")
    expect(page.locator("section[aria-labelledby=found-sensor]")).to_contain_text("C-03")
    assert no_wider_than_the_screen(page)
    shot(page, "search", size)
    page.get_by_role("link", name="人员", exact=True).click()
    expect(page.locator(".empty")).to_contain_text("没有找到")
    shot(page, "search-empty", size)
    page.get_by_role("link", name="在全部范围内查找").click()
    expect(page.locator("#found-building")).to_be_visible()


def test_an_insurer_finds_neither_people_nor_check_ups(open_as: Opened) -> None:
    page = open_as("insurer", "/search?q=值班")
    expect(page.locator(".empty")).to_contain_text("没有找到")
    kinds = page.locator(".search-kinds")
    expect(kinds).to_contain_text("房屋")
    for word in ("人员", "体检", "单位", "缺陷"):
        expect(kinds).not_to_contain_text(word)


def test_the_phone_has_a_link_to_it(open_as: Opened) -> None:
    page = open_as("near", "/contexts", "phone")
    page.locator(".search-link").click()
    page.wait_for_url("**/search")
    page.fill("#search-here", "小区20号楼")
    page.keyboard.press("Enter")
    expect(page.locator(".empty")).to_contain_text("没有找到")  # another district's
