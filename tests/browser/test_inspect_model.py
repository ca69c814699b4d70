"""Telling a place in the building's model on the phone, with the network off."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from domain.anchors import PickedBy
from storage.files import FolderFiles
from tests.browser.conftest import Built, Opened
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
from tests.browser.quarter import Quarter, serve_copy
from tests.browser.toy_house import REVISION, Toy, put_model, toy

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

#: draws and tells where a place of the building (metres) is on the canvas
SPOT = """(stage, point) => {
  const { viewer } = stage;
  viewer.stage.draw();
  return viewer.spot(point);
}"""
#: numbers of the elements that are highlighted
CHOSEN = "stage => [...stage.viewer.chosen].map(f => stage.viewer.shapes.features[f][0])"
NO_WEBGL = """
const real = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind.startsWith("webgl") ? null : real.call(this, kind, ...more);
};
"""


@pytest.fixture
def house() -> Toy:
    return toy()


@pytest.fixture
def quarter(built: "Built", tmp_path: Path, house: Toy) -> Iterator[Quarter]:
    """The quarter, with a model of its first building."""
    file, readings, _ = built
    with serve_copy(file, tmp_path, readings) as served:
        put_model(served, FolderFiles(tmp_path / "files"), tmp_path, house)
        yield served


def to_the_place(page: "Page", id_: str = "ck-1") -> None:
    """Go from the list to the place of a new defect."""
    page.locator(f'[data-visit="{id_}"] .visit-link').click()
    page.locator(".visit-foot").wait_for()
    while not page.get_by_role("button", name="新缺陷").count():
        forward(page)
    page.get_by_role("button", name="新缺陷").click()
    page.get_by_role("button", name="选择位置").click()


def tap(page: "Page", point: tuple[float, float, float]) -> None:
    """Tap on a place of the building where it is on the canvas."""
    stage = page.locator(".pick-stage")
    stage.scroll_into_view_if_needed()
    x, y = stage.evaluate(SPOT, point)
    stage.locator("canvas").click(position={"x": x, "y": y})


def opened(page: "Page") -> None:
    """Choose the model as the way, and wait until it is drawn."""
    page.get_by_role("radio", name="三维").click()
    expect(page.locator(".pick-model [role=status]")).to_have_text("点选构件；拖动旋转，双指缩放。")


def test_a_place_is_told_in_the_model_without_signal_and_reaches_the_register(
    quarter: Quarter, open_as: Opened, house: Toy, tmp_path: Path
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    page.context.set_offline(True)
    page.reload()
    to_the_place(page)
    opened(page)
    here = page.get_by_role("button", name="这里")
    expect(here).to_be_disabled()
    tap(page, (108.0, 50.0, 4.5))
    expect(page.locator("dialog .place-line").last).to_contain_text("2 层 · 客厅 · 墙 2 南")
    assert page.locator(".pick-stage").evaluate(CHOSEN) == [house.step("墙 2 南")]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    here.click()
    expect(page.locator("dialog")).to_have_count(1)
    expect(page.locator("dialog .place-line")).to_contain_text("墙 2 南")
    page.get_by_role("dialog").get_by_role("button", name="保存").click()
    page.goto(f"{quarter.url}/inspect/#/visit/ck-1/0")
    page.get_by_role("heading", name="为什么检查").wait_for()
    answer_all(page, photo_files(tmp_path, 1)[0])
    finish(page)
    page.context.set_offline(False)
    wait_until_sent(page)
    unheard(page)
    (form,) = quarter.records.checks.submissions("ck-1")
    (defect,) = quarter.records.places.defects("b-1")
    assert [defect.id] == [id_ for one in form.answers for id_ in one.defect_ids]
    anchor = quarter.records.places.anchor(defect.anchor_id)
    assert anchor is not None
    assert (anchor.picked_by, anchor.revision_seen) == (PickedBy.MODEL, REVISION)
    assert anchor.element_id == house.element("墙 2 南")
    assert anchor.point == pytest.approx((108.0, 50.0, 4.5), abs=0.06)
    assert anchor.normal == pytest.approx((0, -1, 0), abs=0.01)
    assert anchor.local_uvw == pytest.approx((0.8, 0.0, 0.46), abs=0.02)
    assert (anchor.storey, anchor.elevation_m, anchor.room) == ("2 层", 3.0, "客厅")


def test_what_is_inside_is_reached_by_storey_and_by_hiding_what_stands_in_front(
    quarter: Quarter, open_as: Opened, house: Toy
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    to_the_place(page)
    opened(page)
    said = page.locator("dialog .place-line").last
    page.locator(".pick-tools select").select_option(label="2 层")
    # the slab of the second storey lies under its walls, and the third storey over them is gone
    tap(page, (105.0, 54.0, 3.2))
    expect(said).to_contain_text("板 2")
    page.locator(".pick-tools select").select_option(label="全部楼层")
    tap(page, (108.0, 50.0, 4.5))
    expect(said).to_contain_text("墙 2 南")
    page.get_by_role("button", name="隐藏选中的").click()
    expect(page.get_by_role("button", name="这里")).to_be_disabled()
    tap(page, (108.0, 50.0, 4.5))
    expect(said).not_to_be_empty()
    expect(said).not_to_contain_text("墙 2 南")
    page.get_by_role("button", name="全部显示").click()
    page.locator(".pick-stage canvas").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="这里")).to_be_enabled()
    page.get_by_role("radio", name="列表").click()
    assert page.locator(".pick-stage").count() == 0


def test_without_webgl_the_list_stays(quarter: Quarter, open_as: Opened, house: Toy) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page)
    page.add_init_script(NO_WEBGL)
    page.reload()
    to_the_place(page)
    page.get_by_role("radio", name="三维").click()
    expect(page.locator(".pick-model")).to_contain_text("不能显示三维")
    page.get_by_role("radio", name="列表").click()
    page.get_by_role("option", name="墙 3 北").click()
    page.get_by_role("dialog").last.get_by_role("button", name="保存").click()
    expect(page.locator("dialog")).to_have_count(1)
    expect(page.locator("dialog .place-line")).to_contain_text("墙 3 北")


def test_a_building_without_a_model_shows_no_such_way(quarter: Quarter, open_as: Opened) -> None:
    open_check(quarter, "ck-2", building_id="b-2")
    page = open_as("inspector", "/inspect/", "phone")
    take_along(page, "ck-2")
    to_the_place(page, "ck-2")
    page.get_by_label("楼层", exact=True).wait_for()
    assert page.get_by_role("radio", name="三维").count() == 0


def test_the_size_of_a_large_model_is_told_before_it_is_taken_along(
    quarter: Quarter, open_as: Opened
) -> None:
    open_check(quarter)
    page = open_as("inspector", "/inspect/", "phone")
    page.locator('[data-visit="ck-1"]').wait_for()

    def larger(route: "Route") -> None:
        answer = route.fetch()
        told = answer.json()
        route.fulfill(response=answer, json=told | {"glb_bytes": 12_300_000})

    page.route("**/package", larger)
    page.locator('[data-visit="ck-1"] .visit-state button').click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("12.3 MB")
    dialog.get_by_role("button", name="不带模型").click()
    visit = page.locator('[data-visit="ck-1"]')
    expect(visit).to_contain_text("未带模型 12.3 MB")
    to_the_place(page)
    page.get_by_role("radio", name="三维").click()
    expect(page.locator(".pick-model")).to_contain_text("模型（12.3 MB）没有带走")
    page.get_by_role("button", name="载入模型（12.3 MB）").click()
    expect(page.locator(".pick-stage canvas")).to_be_visible()
