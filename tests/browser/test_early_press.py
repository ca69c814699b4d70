"""A press on a slow line: the buttons are drawn before the scripts that answer them are there."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opened

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser

HTMX = re.compile(r"/lib/htmx\.min\.js")


class SlowLine:
    """A line on which the pages' library is still on its way until `let_go`."""

    def __init__(self) -> None:
        self.held: list[Route] = []

    def __call__(self, page: "Page") -> None:
        page.route(HTMX, self.hold)

    def hold(self, route: "Route") -> None:
        self.held.append(route)

    def let_go(self) -> None:
        assert self.held
        for route in self.held:
            route.continue_()


def test_a_press_before_the_scripts_are_there_is_done_when_they_are(open_as: Opened) -> None:
    page = open_as("admin", "/gateways", first=(line := SlowLine()))
    button = page.locator("#register-gateway")
    button.click()
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    expect(page.locator("dialog")).to_have_count(0)
    line.let_go()
    expect(page.locator("dialog #gateway-id")).to_be_visible()
    expect(page.locator("dialog")).to_have_count(1)
    expect(button).not_to_have_attribute("aria-busy", "true")


def test_an_early_form_is_sent_once_and_its_fields_do_not_land_in_the_address(
    open_as: Opened,
) -> None:
    page = open_as("duty", "/alerts/alert-1", first=(slow := SlowLine()))
    address = page.url
    page.locator("#note-text").fill("东侧裂缝可插入硬币")
    page.locator(".note-form [type=submit]").click()
    assert page.url == address
    slow.let_go()
    line = page.locator(".history-list li", has_text="东侧裂缝可插入硬币")
    expect(line).to_have_count(1)
    assert page.url == address


def test_a_link_needs_no_script(open_as: Opened) -> None:
    page = open_as("admin", "/gateways", first=(line := SlowLine()))
    page.locator('.links a[href="/gateways?days=all"]').click(no_wait_after=True)
    page.wait_for_url("**/gateways?days=all", wait_until="commit")
    line.let_go()


def test_a_link_within_a_part_that_is_fetched_anew_needs_none_either(open_as: Opened) -> None:
    page = open_as("duty", "/", first=(line := SlowLine()))
    link = page.locator("#queue .sentence a").first
    address = link.get_attribute("href")
    link.click(no_wait_after=True)
    page.wait_for_url(f"**{address}", wait_until="commit")
    line.let_go()
