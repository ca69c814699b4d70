"""Forms of check-ups and the counter of JGJ 125 on their pages."""

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Opened
from tests.browser.quarter import Quarter

if TYPE_CHECKING:
    from playwright.sync_api import Page


def fits(page: "Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_the_preview_shows_a_part_when_its_answer_is_chosen(
    quarter: Quarter, open_as: Opened, size: str
) -> None:
    page = open_as("bureau", "/checks/forms/special-2026/1", size)
    fire = page.get_by_role("heading", name="火灾后", exact=True)
    assert not fire.is_visible()
    page.get_by_label("火灾后", exact=True).check()
    fire.wait_for()
    assert fits(page)


def test_the_counter_counts_while_one_types(quarter: Quarter, open_as: Opened, size: str) -> None:
    page = open_as("bureau", "/checks/jgj125", size)
    page.get_by_role("button", name="添加一行").click()
    page.get_by_label("总数").fill("43")
    page.get_by_label("危险", exact=True).fill("1")
    page.get_by_text("R = 2.33 %").wait_for()
    page.get_by_text("推算 B").wait_for()
    assert fits(page)


@pytest.mark.parametrize("path", ["/checks/forms", "/checks/forms/basic-2026/1"])
def test_the_pages_fit(quarter: Quarter, open_as: Opened, size: str, path: str) -> None:
    page = open_as("bureau", path, size)
    page.get_by_role("heading", level=1).wait_for()
    assert fits(page)
