"""Registering a gateway and looking after its secret, as people do it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opened
from tests.browser.quarter import Quarter

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def fits(page: "Page") -> None:
    """Nothing may stand out of the page to the right."""
    too_wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert too_wide <= 0


def picture(page: "Page", name: str) -> None:
    if folder := os.environ.get("ANJU_TEST_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_gateway_is_registered_and_handed_over_on_a_sheet(
    open_as: Opened, quarter: Quarter, size: str, language: str
) -> None:
    page = open_as("admin", "/gateways", size)
    page.context.add_cookies([{"name": "anju_language", "value": language, "url": quarter.url}])
    page.reload()
    fits(page)
    picture(page, f"gateways-{size}-{language}")
    page.locator("#register-gateway").click()
    page.locator("#gateway-id").fill("roof/7")
    page.locator("dialog [type=submit]").click()
    expect(page.locator("#gateway-id-fault")).to_be_visible()
    fault = page.locator("#gateway-id-fault").inner_text()
    page.spoken.clear()  # type: ignore[attr-defined] # the answer 422
    expect(page.locator("#gateway-id")).to_have_value("roof/7")
    picture(page, f"gateway-form-{size}-{language}")
    page.locator("#gateway-id").fill("g-1")
    page.locator("dialog [type=submit]").click()
    expect(page.locator("#gateway-id-fault")).not_to_have_text(fault)
    expect(page.locator("#gateway-id")).to_have_value("g-1")
    page.locator("#gateway-id").fill("roof-7")
    page.spoken.clear()  # type: ignore[attr-defined]
    page.locator("#gateway-name").fill("北楼屋面")
    page.locator("dialog [type=submit]").click()
    expect(page.locator("#secret")).to_contain_text("anjugw_")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".sheet-facts")).to_contain_text("anju/1/0/roof-7")
    code = page.locator(".sheet-code")
    assert code.evaluate("e => e.complete && e.naturalWidth > 0")
    fits(page)
    picture(page, f"sheet-{size}-{language}")
    secret = page.locator("#secret").inner_text()
    page.locator(".sheet-actions a").click()
    page.wait_for_url("**/gateways")
    assert secret not in page.content()
    held = quarter.records.credentials.credentials("roof-7")
    assert [secret.startswith(one.prefix) for one in held] == [True]


def test_a_secret_is_replaced_and_revoked_with_a_reason(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    page = open_as("admin", "/gateways", size)
    link = page.locator("#gateways tbody tr").first.locator(".row-link")
    name = page.locator("#gateways tbody tr").first.locator(".lead").get_attribute("title")
    assert name is not None
    link.click()
    page.locator("dialog .primary").click()
    first = page.locator("#secret").inner_text()
    page.locator(".sheet-actions a").click()

    page.locator("#gateways tbody tr").first.locator(".row-link").click()
    picture(page, f"secret-{size}")
    page.locator("#overlap").select_option("168")
    page.locator("dialog .primary").click()
    expect(page.locator("#secret")).not_to_have_text(first)
    picture(page, f"sheet-rotated-{size}")
    page.locator(".sheet-actions a").click()

    page.locator("#gateways tbody tr").first.locator(".row-link").click()
    expect(page.locator(".secrets li")).to_have_count(2)
    picture(page, f"secrets-{size}")
    fits(page)
    asked: list[str] = []
    page.once("dialog", lambda d: (asked.append(d.message), d.dismiss()))
    page.locator("#reason").fill("网关被盗")
    page.locator("dialog form").nth(1).locator("[type=submit]").click()
    assert asked
    held = quarter.records.credentials.credentials(name)
    assert not any(one.revoked_by for one in held)
    page.once("dialog", lambda d: d.accept())
    with page.expect_navigation():
        page.locator("dialog form").nth(1).locator("[type=submit]").click()
    row = page.locator("#gateways tbody tr").first
    expect(row.locator(".row-link")).to_contain_text("已吊销")
    held = quarter.records.credentials.credentials(name)
    assert {one.reason for one in held} == {"网关被盗"}
    row.locator(".row-link").click()
    picture(page, f"revoked-{size}")
    expect(page.locator("dialog")).to_contain_text("网关被盗")


def test_the_sheet_prints_without_the_page_around_it(open_as: Opened) -> None:
    page = open_as("admin", "/gateways")
    page.locator("#gateways tbody tr").first.locator(".row-link").click()
    page.locator("dialog .primary").click()
    expect(page.locator("#secret")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("header.top")).to_be_hidden()
    expect(page.locator(".sheet-actions")).to_be_hidden()
    expect(page.locator(".sheet-code")).to_be_visible()
    page.emulate_media(media="screen")
    page.evaluate("window.print = () => { window.printed = true }")
    page.locator("[data-print]").click()
    assert page.evaluate("window.printed") is True


def test_who_may_not_sees_no_secrets_and_is_refused(open_as: Opened) -> None:
    page = open_as("duty", "/gateways")
    expect(page.locator(".row-link")).to_have_count(0)
    expect(page.locator("#register-gateway")).to_have_count(0)
    operator = open_as("operator", "/gateways")
    expect(operator.locator(".row-link").first).to_be_visible()
    expect(operator.locator("#register-gateway")).to_have_count(0)
    for path in ("/gateways/new", "/gateways/g-1/credential"):
        assert page.request.get(page.url.rsplit("/", 1)[0] + path).status == 403
