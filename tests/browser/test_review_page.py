"""The review of claims in the real Chromium, on a phone and on a desk."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from bim.glb import write
from bim.shapes import Shape
from domain.anchors import MonitorRole, SensorMonitors
from domain.bim_models import BimModel, MeshState
from storage.files import FolderFiles
from tests.browser.conftest import Built, Opened
from tests.browser.quarter import NOW_NS, Quarter, serve_copy
from tests.browser.toy_house import FACES
from tests.model_story import FIRST, MODEL, NEW, OLD, SECOND, Story, at, put, tell, wall

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
PATH = f"/models/{MODEL}/review"
#: the pixel in the middle of one side's picture
MIDDLE = """side => {
  const { stage } = document.querySelector(`[data-side=${side}]`).viewer;
  stage.draw();
  const gl = stage.renderer.getContext(), pixel = new Uint8Array(4);
  const [x, y] = [gl.drawingBufferWidth, gl.drawingBufferHeight].map((n) => Math.round(n / 2));
  gl.readPixels(x, y, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  return [...pixel].slice(0, 3);
}"""
SAME_WAY = """() => {
  const [a, b] = ["old", "new"].map((side) =>
    document.querySelector(`[data-side=${side}]`).viewer.stage.way());
  return Math.abs(a[0] + 0.62) > 0.2 && a.every((value, k) => Math.abs(value - b[k]) < 1e-4);
}"""


@pytest.fixture
def quarter(built: "Built", tmp_path: Path) -> Iterator[Quarter]:
    """The quarter, with a model of two revisions at its first building."""
    file, readings, _ = built
    with serve_copy(file, tmp_path, readings) as served:
        yield served


@pytest.fixture
def story(quarter: Quarter) -> Story:
    told = tell(quarter.records, "b-1")
    sensor = next(s for s in quarter.records.register.site("b-1").sensors if s.code == "C-03")
    tie = SensorMonitors("tie-1", sensor.id, "place-cut", MonitorRole.MONITORS, 0)
    quarter.records.places.put_monitors([tie], "u-1")
    return told


def row(page: "Page", name: str) -> None:
    """Open an element of the queue."""
    page.locator(".review-row", has_text=name).click()
    expect(page.locator("#pair-title")).to_have_text(name)


def fits(page: "Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_what_waits_is_compared_confirmed_and_taken_back(
    open_as: Opened, quarter: Quarter, story: Story, size: str
) -> None:
    page = open_as("technician", PATH, size)
    expect(page.locator("#queue-title")).to_have_text("待核对 5 个构件")
    assert fits(page)
    row(page, "西墙")
    pair = page.locator("#pair")
    expect(pair).to_contain_text("中心移动 0.10 m")
    expect(pair.locator(".box-sketch")).to_have_count(4)  # both sides from above and from the side
    expect(pair.locator(".review-sketches figure").nth(1).locator(".box-old")).to_have_count(2)
    expect(pair.locator(".review-sketches figure").nth(1).locator(".box-new")).to_have_count(2)
    page.get_by_role("button", name="是同一构件").click()
    expect(page.locator("#queue-title")).to_have_text("待核对 4 个构件")
    linked = story.version(SECOND, "remade")
    assert linked is not None
    assert linked.step_id == 21
    page.get_by_role("button", name="撤销").click()
    expect(page.locator("#queue-title")).to_have_text("待核对 5 个构件")
    expect(page.locator("#pair-title")).to_have_text("西墙")
    assert story.version(SECOND, "remade") is None
    assert fits(page)


def test_the_keyboard_does_it_all(open_as: Opened, story: Story) -> None:
    page = open_as("technician", PATH)
    first = page.locator("#pair-title").inner_text()
    page.keyboard.press("j")
    expect(page.locator("#pair-title")).not_to_have_text(first)
    page.keyboard.press("k")
    expect(page.locator("#pair-title")).to_have_text(first)
    page.keyboard.press("Enter")
    expect(page.locator("#review-undo")).to_be_visible()
    page.keyboard.press("u")
    expect(page.locator("#pair-title")).to_have_text(first)
    expect(page.locator("#queue-title")).to_have_text("待核对 5 个构件")
    page.keyboard.press("/")
    page.keyboard.type("隔墙")
    page.keyboard.press("Enter")
    expect(page.locator(".review-row")).to_have_count(1)
    expect(page.locator("#pair-title")).to_have_text("隔墙")


def test_what_sensors_hang_on_comes_first_and_is_named(open_as: Opened, story: Story) -> None:
    page = open_as("technician", f"{PATH}?element={story.elements['cut']}")
    expect(page.locator("#pair")).to_contain_text("挂在此构件上")
    expect(page.locator(".review-hung")).to_contain_text("C-03")
    expect(page.locator(".review-candidates > li")).to_have_count(2)
    page.get_by_role("button", name="确认拆分为这些部分").click()
    expect(page.locator("#queue-title")).to_have_text("待核对 4 个构件")
    hung = story.records.places.anchor("place-cut")
    assert hung is not None
    part = story.records.models.version_of(SECOND, hung.element_id)
    assert part is not None
    assert part.step_id == 41


def test_what_hung_on_something_gone_is_led_to_another_place(open_as: Opened, story: Story) -> None:
    page = open_as("technician", f"{PATH}?element={story.elements['cut']}")
    page.get_by_role("button", name="已不存在").click()
    page.get_by_text("1 个位置的构件已不存在").click()
    link = page.locator(".review-loose a")
    expect(link).to_have_text("C-03")
    assert "at=sensor" in (link.get_attribute("href") or "")


def test_another_entity_is_found_by_its_name(open_as: Opened, story: Story) -> None:
    page = open_as("technician", f"{PATH}?element={story.elements['lost']}")
    page.get_by_text("另选新版中的构件…").click()
    page.get_by_label("在新版中查找").fill("新墙")
    page.locator(".review-entities input").check()
    page.get_by_role("button", name="作为同一构件").click()
    expect(page.locator("#queue-title")).to_have_text("待核对 4 个构件")
    linked = story.version(SECOND, "lost")
    assert linked is not None
    assert linked.step_id == 81


def test_a_link_made_by_itself_may_be_rejected(open_as: Opened, story: Story) -> None:
    page = open_as("technician", PATH)
    page.get_by_role("link", name="自动对应").click()
    expect(page.locator(".review-row")).to_have_count(2)
    row(page, "东墙")
    page.keyboard.press("x")
    expect(page.locator("#queue-title")).to_have_text("待核对 6 个构件")
    assert story.version(SECOND, "stays") is None


def test_many_alike_are_confirmed_at_once(open_as: Opened, quarter: Quarter) -> None:
    rows = [
        wall("", 500 + number, f"other-{number}", at(10.0 * number + 0.3), f"墙 {number} 新")
        for number in range(2)
    ]
    story = tell(quarter.records, "b-1", [*rows, *NEW[3:]])
    page = open_as("technician", f"{PATH}?kind=same")
    page.locator("input[name=pick]").first.check()
    page.get_by_role("button", name="选中同类").click()
    page.on("dialog", lambda dialog: dialog.accept())
    before = page.locator("#queue-title").inner_text()
    page.get_by_role("button", name="确认首选").click()
    expect(page.locator("#queue-title")).not_to_have_text(before)
    assert story.version(SECOND, "stays") is not None


def test_somebody_who_may_only_look_sees_no_buttons(open_as: Opened, story: Story) -> None:
    page = open_as("duty", PATH)
    expect(page.locator("#queue-title")).to_have_text("待核对 5 个构件")
    expect(page.locator("#review-acts, input[name=pick], .review-another")).to_have_count(0)
    expect(page.locator("#pair")).to_contain_text("您可以查看，但不能决定")


def test_an_answer_to_what_somebody_else_decided_says_so(open_as: Opened, story: Story) -> None:
    page = open_as("technician", f"{PATH}?element={story.elements['remade']}")
    other = open_as("admin", f"{PATH}?element={story.elements['remade']}")
    other.get_by_role("button", name="不是").click()
    expect(other.locator("#review-undo")).to_be_visible()
    page.get_by_role("button", name="是同一构件").click()
    expect(page.locator(".problem")).to_contain_text("somebody has changed it since")
    page.spoken.clear()  # type: ignore[attr-defined]  # Chromium itself tells of every 409


def test_the_report_names_what_changed(open_as: Opened, story: Story, size: str) -> None:
    page = open_as("duty", f"/revisions/{SECOND}/changes", size)
    expect(page.locator("#changes tbody tr")).to_have_count(10)
    expect(page.locator(".changes-kinds")).to_contain_text("未变")
    page.locator(".changes-kinds a", has_text="未变").click()
    expect(page.locator("#changes tbody tr")).to_have_count(2)
    assert fits(page)


def test_both_revisions_stand_side_by_side_in_3d(
    open_as: Opened, quarter: Quarter, story: Story, tmp_path: Path
) -> None:
    for revision_id in (FIRST, SECOND):
        put_shapes(quarter, FolderFiles(tmp_path / "files"), tmp_path, revision_id)
    page = open_as("technician", f"{PATH}?element={story.elements['cut']}")
    page.get_by_role("button", name="显示三维").click()
    views = page.locator("#views")
    expect(views).to_have_attribute("data-drawn", "40|41 42")
    for side in ("old", "new"):
        red, green, blue = page.evaluate(MIDDLE, side)
        assert max(red, green, blue) - min(red, green, blue) > 40, side  # marked, not plain
    row(page, "西墙")
    expect(views).to_have_attribute("data-drawn", "20|21")
    # turned on one side, the other follows
    page.evaluate("document.querySelector('[data-side=old]').viewer.stage.turn(40, 0)")
    page.wait_for_function(SAME_WAY)
    row(page, "隔墙")  # nothing alike: the new side shows the whole
    expect(views).to_have_attribute("data-drawn", "30|")


def put_shapes(quarter: Quarter, files: FolderFiles, scratch: Path, revision_id: str) -> None:
    """Keep a revision's boxes as its shapes."""
    models = quarter.records.models
    shapes = []
    for version in models.versions(revision_id):
        box = version.box
        assert box is not None
        corners = [[box[3 * ((n >> k) & 1) + k] for k in range(3)] for n in range(8)]
        shapes.append(
            Shape(
                version.step_id, version.global_id, version.ifc_class, (0.5, 0.5, 0.5, 1.0),
                np.array(corners), FACES,
            )
        )  # fmt: skip
    write(scratch / "boxes.glb", shapes, (0.0, 0.0, 0.0))
    key = f"bim/b-1/{revision_id}.1.glb"
    files.put(key, (scratch / "boxes.glb").read_bytes())
    revision = models.revision(revision_id)
    assert revision is not None
    shaped = replace(
        revision, mesh=MeshState.READY, glb_key=key, glb_sha256=files.sha256(key),
        version=revision.version + 1,
    )  # fmt: skip
    models.put_revision(shaped)


def test_a_first_revision_leaves_nothing_to_review(open_as: Opened, quarter: Quarter) -> None:
    quarter.records.models.put_model(BimModel(MODEL, "b-1", "建筑", made_at_ns=NOW_NS), "u-1")
    put(quarter.records, FIRST, OLD, NOW_NS)
    page = open_as("duty", PATH)
    expect(page.locator("main")).to_contain_text("还没有可核对的版本")
