"""Steps in the inspector's app: fill a form by what it asks, as a person does."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp
from tests.browser.quarter import NOW_NS, Quarter
from tests.check_samples import jpeg

if TYPE_CHECKING:
    from playwright.sync_api import Page

FORMS = {
    CheckClass.DAILY: "daily-2026",
    CheckClass.BASIC: "basic-2026",
    CheckClass.SPECIAL: "special-2026",
}


def open_check(
    quarter: Quarter,
    id_: str = "ck-1",
    check_class: CheckClass = CheckClass.DAILY,
    cause: CheckCause = CheckCause.CYCLE,
    building_id: str = "b-1",
    **more: str,
) -> CheckUp:
    """Open a check-up and assign it to the inspector."""
    check_up = CheckUp(
        id_, building_id, check_class, cause, date(2026, 11, 30), NOW_NS, "test",
        state=CheckState.ASSIGNED, inspector_id="u-inspector", template_id=FORMS[check_class],
        template_version=1, cause_text="演示：到期检查", **more,
    )  # fmt: skip
    quarter.records.checks.put_check_up(check_up, "test")
    return check_up


def photo_files(folder: Path, count: int, width: int = 64, height: int = 48) -> list[Path]:
    """Write photos that differ."""
    made = []
    for number in range(count):
        path = folder / f"photo-{number:03}.jpg"
        path.write_bytes(jpeg(width, height))
        made.append(path)
    return made


def take_along(page: "Page", id_: str = "ck-1") -> None:
    """Take a visit along and wait until the app itself is kept, too."""
    page.locator(f'[data-visit="{id_}"] .visit-state button').click()
    page.locator(f'[data-visit="{id_}"]').get_by_text("已带走").first.wait_for()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    for _ in range(100):
        if page.evaluate("navigator.serviceWorker.controller !== null"):
            return
        page.wait_for_timeout(100)
    raise AssertionError("no service worker watches over the app")


def answer_all(page: "Page", photo: Path) -> None:
    """Go through the steps of the visit that is open, and answer whatever is asked, well."""
    page.locator(".visit-foot").wait_for()
    while page.locator(".visit-foot .primary").count():
        forward(page)
        if not page.get_by_role("button", name="提交", exact=True).count():
            answer_part(page, photo)


def forward(page: "Page") -> None:
    """Go to the next step."""
    title = page.locator(".step[aria-current]").inner_text()
    page.locator(".visit-foot .primary").click()
    expect(page.locator(".step[aria-current]")).not_to_have_text(title)
    page.locator(".visit-body h2").first.wait_for()


def answer_part(page: "Page", photo: Path) -> None:
    """Answer what is still open on this step."""
    for _ in range(60):
        item = (
            page.locator(".item")
            .filter(has=page.locator('[role="radiogroup"]'))
            .filter(has_not=page.locator('.options [aria-checked="true"]'))
        )
        if not item.count():
            break
        item.first.locator('[role="radio"]').first.click()
    for switch in page.get_by_role("switch", name="无缺陷").all():
        if switch.is_enabled() and switch.get_attribute("aria-checked") == "false":
            switch.click()
    for _ in range(20):
        short = page.locator(".photos.short input").last
        if not page.locator(".photos.short").count():
            break
        before = page.locator(".thumb").count()
        short.set_input_files(photo)
        page.locator(".thumb").nth(before).wait_for()


def sign(page: "Page", role: str = "inspector") -> None:
    """Sign with the finger."""
    page.locator(f'[data-role="{role}"]').get_by_role("button", name="签名").first.click()
    pad = page.locator(".sign-pad")
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    for step in range(1, 12):
        page.mouse.move(box["x"] + 30 + 12 * step, box["y"] + 40 + (step % 3) * 15)
    page.mouse.up()
    page.get_by_role("dialog").get_by_role("button", name="保存").click()
    page.locator(f'[data-role="{role}"]').get_by_text("已签名").wait_for()


def finish(page: "Page", result: int = 1) -> None:
    """Choose the result, sign, and hand in."""
    page.locator(f".option.result-{result}").click()
    sign(page)
    page.get_by_role("button", name="提交", exact=True).click()
    page.get_by_role("heading", name="未发送").wait_for()


def wait_until_sent(page: "Page", limit_s: float = 60) -> None:
    """Wait until the server has everything; the list of what is unsent knows first."""
    page.locator("#inspect .well").wait_for(timeout=limit_s * 1000)
    page.get_by_role("link", name="全部已发送").wait_for()


def unheard(page: "Page") -> None:
    """Forget what the browser says of requests that the cut network broke."""
    cut = ("ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION", "ERR_NETWORK", "ERR_FAILED")
    page.spoken[:] = [  # type: ignore[attr-defined]
        one
        for one in page.spoken  # type: ignore[attr-defined]
        if not any(word in one for word in cut)
    ]
