"""No screen of the inspector's app has a serious fault of access, by axe: each step and dialog."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.axe import faults_on
from tests.browser.conftest import Opened
from tests.browser.inspect_steps import (
    answer_part,
    forward,
    open_check,
    photo_files,
    take_along,
)
from tests.browser.quarter import Quarter

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


class Looks:
    """What the checker found on each screen."""

    def __init__(self, page: "Page", script: str) -> None:
        self._page, self._script = page, script
        self.found: dict[str, list[str]] = {}
        self.seen: set[str] = set()

    def __call__(self, screen: str) -> None:
        if screen in self.seen:
            return
        self.seen.add(screen)
        if not self._page.evaluate("'axe' in window"):
            self._page.evaluate(self._script)
        if faults := faults_on(self._page):
            self.found[screen] = faults


def look_at_dialogs(page: "Page", look: Looks, photo: Path) -> None:
    """Open what a defect and a photo open, one over the other."""
    page.get_by_role("button", name="新缺陷").click()
    look("defect")
    page.get_by_role("dialog").get_by_role("button", name="选择位置").click()
    look("place")
    page.get_by_role("dialog").last.get_by_role("button", name="放弃").click()
    page.get_by_role("dialog").get_by_role("button", name="放弃").click()
    page.locator(".photos input").last.set_input_files(photo)
    page.locator(".thumb").first.click()
    look("photo")
    page.get_by_role("button", name="标注").click()
    page.locator("canvas.draw").wait_for()
    look("drawing")
    page.get_by_role("dialog").get_by_role("button", name="放弃").click()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_screen_of_the_app_has_a_serious_fault(
    quarter: Quarter, open_as: Opened, tmp_path: Path, axe: str, theme: str
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/login", "phone")
    page.context.add_cookies([{"name": "anju_theme", "value": theme, "url": quarter.url}])
    page.goto(f"{quarter.url}/inspect/")
    look = Looks(page, axe)
    take_along(page)
    look("visits")
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/0")
    page.locator(".visit-foot").wait_for()
    (photo,) = photo_files(tmp_path, 1)
    while page.locator(".visit-foot .primary").count():
        look(page.locator(".step[aria-current]").inner_text())
        forward(page)
        if page.get_by_role("button", name="提交", exact=True).count():
            break
        if page.get_by_role("button", name="新缺陷").count() and "defect" not in look.seen:
            look_at_dialogs(page, look, photo)
        answer_part(page, photo)
    look("conclusion")
    page.locator('[data-role="inspector"]').get_by_role("button", name="签名").click()
    look("signature")
    page.get_by_role("dialog").get_by_role("button", name="放弃").click()
    page.goto(f"{quarter.url}/inspect/#/unsent")
    page.get_by_role("heading", name="未发送").wait_for()
    look("unsent")
    assert {"defect", "place", "drawing", "signature", "unsent"} <= look.seen
    assert look.found == {}, "\n".join(
        f"{name}\n  " + "\n  ".join(faults) for name, faults in look.found.items()
    )
