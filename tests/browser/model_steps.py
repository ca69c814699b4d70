"""Steps that the tests of a building's model page share."""

from typing import TYPE_CHECKING

from tests.browser.toy_house import HOUSE

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGE = f"/buildings/{HOUSE}/model"
#: a house whose sensors are there and that has no model
BARE = "/buildings/b-2/model"
#: draws, and reads one pixel where a place of the building (metres) is on the picture
PIXEL = """point => {
  const viewer = document.getElementById('model').viewer, { stage } = viewer;
  stage.draw();
  const local = point.map((v, k) => v - viewer.origin[k]), [x, y] = stage.spot(local);
  const gl = stage.renderer.getContext(), ratio = stage.renderer.getPixelRatio();
  const { clientWidth: wide, clientHeight: high } = stage.place, pixel = new Uint8Array(4);
  const at = [x * ratio, (high - y) * ratio].map(Math.round);
  gl.readPixels(...at, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  const inside = x > 0 && y > 0 && x < wide && y < high;
  return { spot: [x, y], inside, rgb: [...pixel].slice(0, 3) };
}"""
#: middles of faces that are seen from where the picture begins
SOUTH_1, SOUTH_2, SOUTH_3 = (108.0, 50.0, 1.5), (108.0, 50.0, 4.5), (108.0, 50.0, 7.5)
WEST_2 = (100.0, 56.0, 4.5)


def ready(page: "Page") -> "Page":
    page.wait_for_selector("#model[data-ready=yes]")
    return page


def pixel(page: "Page", point: tuple[float, float, float]) -> list[int]:
    found = page.evaluate(PIXEL, point)
    assert found["inside"], found
    return list(found["rgb"])


def fits(page: "Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def part(page: "Page", name: str) -> None:
    """Go to a part of the page; on a phone they are shown one at a time."""
    button = page.locator(f"[data-part={name}]")
    if button.is_visible():
        button.click()
