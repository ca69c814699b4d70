"""The inspector's app in a real browser: from the list to the receipt, without signal."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from domain.attachments import AttachmentState
from domain.checkups import CheckState, ResultClass
from domain.submissions import Standing
from tests.browser.conftest import Opened
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


def fits(page: "Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_check_up_is_filled_in_without_signal_and_sent_when_there_is_one(
    quarter: Quarter, open_as: Opened, tmp_path: Path
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    page.context.set_offline(True)
    page.reload()
    page.locator('[data-visit="ck-1"] .visit-link').click()
    (photo,) = photo_files(tmp_path, 1)
    answer_all(page, photo)
    finish(page)
    assert page.locator(".unsent-badge").inner_text().startswith("未发送")
    assert quarter.records.checks.submissions("ck-1") == []
    page.context.set_offline(False)
    wait_until_sent(page)
    unheard(page)
    (sent,) = quarter.records.checks.submissions("ck-1")
    assert (sent.standing, sent.result) == (Standing.COUNTS, ResultClass.SOUND)
    check_up = quarter.records.checks.check_up("ck-1")
    assert check_up is not None
    assert check_up.state is CheckState.DONE
    pictures = quarter.records.checks.attachments(check_up_id="ck-1")
    assert {one.state for one in pictures} == {AttachmentState.READY}
    assert len(pictures) == 2, "the photo and the signature"


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_every_screen_fits(quarter: Quarter, open_as: Opened, size: str) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", size)
    page.locator('[data-visit="ck-1"]').wait_for()
    assert fits(page)
    # the map is told by the list, too: no reader and no keyboard comes into it
    page.locator(".visit-map .visit-mark").first.wait_for()
    assert page.locator(".visit-map [tabindex]:not([tabindex='-1'])").count() == 0
    page.locator('[data-visit="ck-1"] .visit-link').click()
    page.get_by_role("heading", name="为什么检查").wait_for()
    assert fits(page)
    while page.locator(".visit-foot .primary").count():
        forward(page)
        assert fits(page)
    page.goto(f"{quarter.url}/inspect/#/unsent")
    page.get_by_role("heading", name="未发送").wait_for()
    assert fits(page)
