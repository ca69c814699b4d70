"""No page has a serious fault of access, by axe; and the keyboard is enough everywhere."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from storage.waves import FolderWaves
from tests.browser.axe import faults_on
from tests.browser.conftest import SIZES, Built
from tests.browser.every_page import PARTS, VISITS, Visit, fill, page_routes
from tests.browser.quarter import Quarter, serve_copy
from tests.browser.test_wave_page import BLAST_NS, blocks, keep

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

#: language, theme and width of the two rounds: what differs between them is all that can
ROUNDS = (("zh", "light", "desk"), ("en", "dark", "phone"))


@pytest.fixture(scope="module")
def quarter(built: "Built", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quarter]:
    """The quarter with something on every page; here it is only looked at."""
    file, readings, _ = built
    folder = tmp_path_factory.mktemp("axe-quarter")
    waves = FolderWaves(folder / "waves", days=365, bytes_max=10**9)
    keep(waves, BLAST_NS, blocks(BLAST_NS, 3))
    with serve_copy(file, folder, readings, waves) as served:
        fill(served, folder)
        yield served


def test_every_page_of_the_router_has_a_visit() -> None:
    known = set(VISITS) | PARTS
    assert page_routes() - known == set(), "a page without a visit: say in every_page.py how"
    assert known - page_routes() == set(), "no such page any more"


@pytest.mark.parametrize(("language", "theme", "size"), ROUNDS)
def test_no_page_has_a_serious_fault(
    chromium: "Browser",
    quarter: Quarter,
    built: "Built",
    axe: str,
    language: str,
    theme: str,
    size: str,
) -> None:
    found: dict[str, Any] = {}
    for user in sorted({v.user or "" for visits in VISITS.values() for v in visits}):
        context = entered(chromium, quarter, built, user, size, language, theme)
        context.add_init_script(axe)
        page = context.new_page()
        for visits in VISITS.values():
            for visit in visits:
                if (visit.user or "") == user and (faults := looked_at(page, quarter, visit)):
                    found[visit.path] = faults
        context.close()
    assert found == {}, "\n".join(f"{path}\n  " + "\n  ".join(f) for path, f in found.items())


def entered(
    chromium: "Browser",
    quarter: Quarter,
    built: "Built",
    user: str,
    size: str,
    language: str = "zh",
    theme: str = "light",
) -> "BrowserContext":
    """Open a browser in which somebody is logged in."""
    context = chromium.new_context(
        viewport=SIZES[size],  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    context.set_default_timeout(30_000)
    cookies = {"anju_language": language, "anju_theme": theme}
    cookies |= {"anju_session": built[2][user]} if user else {}
    context.add_cookies(
        [{"name": name, "value": value, "url": quarter.url} for name, value in cookies.items()]
    )
    return context


def looked_at(page: "Page", quarter: Quarter, visit: Visit) -> list[str]:
    """Go to a page and say what is wrong there."""
    answer = page.goto(quarter.url + visit.path)
    if answer is None or answer.status != 200:
        return [f"answered {answer and answer.status}"]
    page.wait_for_selector(visit.until, state="attached")
    page.wait_for_selector(".htmx-request", state="detached")
    return faults_on(page)


#: button that opens a dialog -> where it stands and who may press it
DIALOGS = {
    "#close-alert-0, [hx-get='/alerts/alert-0/close']": ("/alerts/alert-0", "duty"),
    "#inspect-here": ("/alerts/alert-0", "duty"),
    "[hx-get='/gateways/new']": ("/gateways", "admin"),
    "#secret-1": ("/gateways", "admin"),
    "[hx-get*='/sensors/s-1-T-01/act']": ("/buildings/b-1/sensors/s-1-T-01", "technician"),
}
#: what has the focus, whether it can be seen there, and whether it shows that it has it
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect(), look = getComputedStyle(one);
  const ring = [one, ...one.children].map((each) => getComputedStyle(each))
    .some((each) => each.outlineStyle !== 'none' && parseFloat(each.outlineWidth) >= 2);
  const named = one.id || one.getAttribute('aria-label') || one.textContent.trim().slice(0, 30);
  return {
    key: (one.dataset.axeKey ??= String(window.axeKeys = (window.axeKeys ?? 0) + 1)),
    what: `${one.tagName} ${named}`,
    seen: (box.width > 0 && box.height > 0) && (ring || look.boxShadow !== 'none' ||
      one.matches('canvas, iframe, .maplibregl-canvas')),
  };
}"""
#: all that a mouse could act on and the keyboard cannot reach
UNREACHED = """() => {
  const can = 'a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]';
  const acts = '[hx-get], [hx-post], [hx-delete], [onclick], [role=button]';
  return [...document.querySelectorAll(acts)]
    .filter((one) => one.offsetParent && !one.matches(can) && !one.matches('form') &&
      (one.getAttribute('hx-trigger') ?? 'click').includes('click'))
    .map((one) => one.outerHTML.slice(0, 160));
}"""
#: what can have the focus and never had it
LEFT = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.disabled &&
    one.tabIndex >= 0 && !['hidden', 'radio'].includes(one.type) &&
    !one.dataset.axeKey && !one.closest('[inert]'))
  .map((one) => one.outerHTML.slice(0, 120))"""
KEYBOARD = ("/", "/buildings/b-1", "/buildings/b-1/model", "/gateways", "/contexts")
STEPS_MAX = 250


def test_tab_goes_through_every_page_and_is_seen(
    chromium: "Browser", quarter: Quarter, built: "Built"
) -> None:
    context = entered(chromium, quarter, built, "admin", "desk")
    page = context.new_page()
    faults: list[str] = []
    for path in KEYBOARD:
        page.goto(quarter.url + path)
        page.wait_for_load_state("networkidle")
        faults += [f"{path}: not by keyboard: {one}" for one in page.evaluate(UNREACHED)]
        went: list[str] = []
        for _ in range(STEPS_MAX):
            page.keyboard.press("Tab")
            at = page.evaluate(FOCUS)
            if at is None or at["key"] in went:
                break  # once round
            went.append(at["key"])
            if not at["seen"]:
                faults.append(f"{path}: the focus is not seen on {at['what']}")
        else:
            faults.append(f"{path}: {STEPS_MAX} steps were not enough")
        # a trap would end the round early: whatever can be reached was reached
        left = page.evaluate(LEFT)
        faults += [f"{path}: never reached {one}" for one in left[:3]]
    context.close()
    assert faults == [], "\n".join(faults)


def test_dialogs_take_the_focus_keep_it_and_give_it_back(
    chromium: "Browser", quarter: Quarter, built: "Built", axe: str
) -> None:
    faults: list[str] = []
    for user in ("duty", "admin", "technician"):
        context = entered(chromium, quarter, built, user, "phone", "en", "dark")
        context.add_init_script(axe)
        page = context.new_page()
        for opener, (path, who) in DIALOGS.items():
            if who != user:
                continue
            page.goto(quarter.url + path)
            page.wait_for_load_state("networkidle")
            button = page.locator(opener).first
            button.focus()
            key = page.evaluate(FOCUS)["key"]
            page.keyboard.press("Enter")
            page.wait_for_selector("dialog[open]")
            inside = "document.activeElement.closest('dialog[open]') !== null"
            if not page.evaluate(inside):
                faults.append(f"{opener}: the focus is not in the dialog")
            for _ in range(3):
                page.keyboard.press("Tab")
            faults += [f"{opener}: {one}" for one in faults_on(page)]
            page.keyboard.press("Escape")
            page.wait_for_selector("dialog[open]", state="detached")
            if (at := page.evaluate(FOCUS)) is None or at["key"] != key:
                faults.append(f"{opener}: the focus did not come back, it is on {at}")
        context.close()
    assert faults == [], "\n".join(faults)
