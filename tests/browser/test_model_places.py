"""Telling where sensors and defects are, and uploading models, in the real Chromium."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from domain.anchors import PickedBy
from domain.bim_models import BimRevision, RevisionState
from domain.defects import DefectStatus
from storage.files import FolderFiles
from tests.browser.conftest import Built, Opened
from tests.browser.model_steps import BARE, PAGE, PIXEL, SOUTH_1, fits, part, ready
from tests.browser.quarter import NOW_NS, Quarter, serve_copy
from tests.browser.toy_house import HOUSE, MODEL, REVISION, Toy, put_model, put_places, toy

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def house() -> Toy:
    return toy()


@pytest.fixture
def quarter(built: "Built", tmp_path: Path, house: Toy) -> Iterator[Quarter]:
    """The quarter, with a model of its first building, a red gauge and a defect placed on it."""
    file, readings, _ = built
    with serve_copy(file, tmp_path, readings) as served:
        put_model(served, FolderFiles(tmp_path / "files"), tmp_path, house)
        put_places(served, house)
        yield served


def placing(page: "Page", what: str, way: str) -> None:
    part(page, "side")
    page.locator("[data-side=place]").click()
    page.select_option("#pick-what", what)
    page.locator(f"[data-way='{way}']").click()


def save(page: "Page") -> None:
    page.locator("#model-picker [type=submit]").click()
    expect(page.locator("#pick-draft")).to_have_text("还没有指明位置。")
    expect(page.locator("#pick-fault")).to_be_empty()


def test_a_gauge_is_moved_in_the_model_and_back(
    open_as: Opened, quarter: Quarter, house: Toy
) -> None:
    page = ready(open_as("technician", PAGE))
    placing(page, "sensor:s-1-C-03", "3d")
    x, y = page.evaluate(PIXEL, SOUTH_1)["spot"]
    page.locator("#model-stage canvas").click(position={"x": x, "y": y})
    expect(page.locator("#pick-draft")).to_contain_text("墙 1 南")
    save(page)
    places = quarter.records.places
    old, new = sorted(places.monitors(HOUSE, sensor_id="s-1-C-03"), key=lambda t: t.valid_from_ns)
    assert old.valid_to_ns == new.valid_from_ns
    assert new.valid_to_ns is None
    anchor = places.anchor(new.anchor_id)
    assert anchor
    assert anchor.picked_by is PickedBy.MODEL
    assert anchor.element_id == house.element("墙 1 南")
    assert anchor.point == pytest.approx(SOUTH_1, abs=0.06)
    assert anchor.normal == pytest.approx((0, -1, 0), abs=0.01)
    assert anchor.revision_seen == REVISION
    expect(page.locator("#pick-history > li")).to_have_count(2)
    page.locator("#pick-undo").click()
    expect(page.locator("#pick-history")).to_contain_text("已撤销")
    (held,) = [t for t in places.monitors(HOUSE, sensor_id="s-1-C-03") if t.valid_to_ns is None]
    assert held.id == old.id


def test_a_sensor_is_placed_from_lists_on_the_plan_in_words_and_by_tag(
    open_as: Opened, quarter: Quarter, house: Toy, size: str
) -> None:
    page = ready(open_as("technician", PAGE, size))
    placing(page, "sensor:s-1-T-01", "list")
    page.select_option("#pick-floor", "S3")
    page.select_option("#pick-room", "space:客厅")
    page.select_option("#pick-element", house.element("墙 3 南"))
    save(page)
    placing(page, "sensor:s-1-S-02", "plan")
    page.select_option("#pick-plan-floor", "S1")
    part(page, "view")
    page.locator("svg.plan").click()
    part(page, "side")
    expect(page.locator("#pick-x")).not_to_be_empty()
    page.fill("#pick-x", "104.5")
    page.fill("#pick-y", "54,2")
    save(page)
    placing(page, "sensor:s-1-V-01", "text")
    for field, text in (
        ("storey", "1 层"),
        ("room-text", "楼梯间"),
        ("side", "东侧"),
        ("note", "地面"),
    ):
        page.fill(f"#pick-{field}", text)
    save(page)
    placing(page, "sensor:s-1-K-01", "qr")
    page.fill("#pick-qr", f"http://127.0.0.1/x?at=element%3A{house.element('墙 2 东')}")
    page.locator("#pick-qr").press("Tab")
    page.fill("#pick-from", "2026-11-01T08:00")
    page.locator("#model-picker summary").click()
    page.fill("#pick-yaw", "90")
    save(page)
    places = quarter.records.places
    told = {
        tie.sensor_id[4:]: (tie, places.anchor(tie.anchor_id)) for tie in places.monitors(HOUSE)
    }
    by_list, on_plan, words, tag = (told[code][1] for code in ("T-01", "S-02", "V-01", "K-01"))
    assert by_list
    assert (by_list.picked_by, by_list.element_id, by_list.room) == (
        PickedBy.LIST, house.element("墙 3 南"), "客厅",
    )  # fmt: skip
    assert on_plan
    assert on_plan.point == pytest.approx((104.5, 54.2, 1.0))
    assert on_plan.storey == "1 层"
    assert words
    assert (words.storey, words.room, words.side, words.note) == ("1 层", "楼梯间", "东侧", "地面")
    assert tag
    assert (tag.picked_by, tag.element_id) == (PickedBy.QR, house.element("墙 2 东"))
    tie = told["K-01"][0]
    assert tie.orientation == pytest.approx((0.7071, 0, 0, 0.7071), abs=0.001)
    assert tie.valid_from_ns < NOW_NS - 10**15
    assert fits(page)


def test_a_defect_is_added_changed_and_taken_back(
    open_as: Opened, quarter: Quarter, house: Toy
) -> None:
    page = ready(open_as("duty", PAGE))
    page.locator("[data-side=defects]").click()
    page.locator("[data-defect-new]").click()
    page.locator("[data-way=list]").click()
    page.select_option("#pick-floor", "S1")
    page.select_option("#pick-element", house.element("墙 1 西"))
    page.select_option("#defect-code", "leak")
    page.select_option("#defect-severity", "2")
    page.fill("#defect-title", "水渍")
    page.fill("#defect-value", "0,8")
    page.fill("#defect-unit", "m²")
    save(page)
    places = quarter.records.places
    (made,) = [d for d in places.defects(HOUSE) if d.id != "d-1"]
    assert (made.code, made.severity, made.title, made.value, made.unit) == (
        "leak", 2, "水渍", 0.8, "m²",
    )  # fmt: skip
    page.locator("[data-side=defects]").click()
    page.locator(f"[data-defect='{made.id}']").click()
    page.locator(f"[data-defect-edit='{made.id}']").click()
    page.select_option("#defect-status", "watched")
    page.locator("#model-picker [type=submit]").click()
    page.locator("[data-side=defects]").click()
    expect(page.locator(f"[data-defect='{made.id}']")).to_contain_text("观察中")
    changed = places.defect(made.id)
    assert changed
    assert (changed.status, changed.anchor_id) == (DefectStatus.WATCHED, made.anchor_id)


def test_a_house_without_a_model_has_rooms_as_places(
    open_as: Opened, quarter: Quarter, size: str
) -> None:
    page = ready(open_as("technician", BARE, size))
    assert fits(page)
    part(page, "tree")
    page.locator("[data-generate] > summary").click()
    page.fill("#gen-storeys", "2")
    page.fill("#gen-x", "3.6 2x4.2")
    page.fill("#gen-y", "4.5 0")
    page.get_by_role("button", name="生成", exact=True).click()
    expect(page.locator("#gen-fault")).to_contain_text("“0”不对")
    page.fill("#gen-y", "4.5 4.5")
    page.fill("#gen-rooms", "厨房 卧室 卫生间\n客厅 -")
    page.get_by_role("button", name="生成", exact=True).click()
    part(page, "view")
    expect(page.locator(".plan-room")).to_have_count(4)
    expect(page.locator(".plan-bubble")).to_have_count(7)
    part(page, "tree")
    page.locator("#rooms-save").click()
    expect(page.locator("#rooms-say")).to_have_text("已保存。")
    schema = quarter.records.places.schema("b-2")
    assert schema
    assert [s.name for s in schema.storeys] == ["1 层", "2 层"]
    assert [r.name for r in schema.rooms] == ["厨房", "卧室", "卫生间", "客厅"] * 2
    assert schema.axes[1] == ("2", "x", 3.6)
    placing(page, "sensor:s-2-C-03", "list")
    page.select_option("#pick-floor", schema.storeys[1].id)
    page.select_option("#pick-room", f"room:{schema.rooms[4].id}")
    save(page)
    part(page, "view")
    page.select_option("select[data-storey]", schema.storeys[1].id)
    mark = page.locator("[data-mark='sensor:s-2-C-03']")
    expect(mark).to_contain_text("C-03")
    expect(mark).to_contain_text("mm")
    (anchor,) = quarter.records.places.anchors("b-2")
    assert (anchor.storey, anchor.room, anchor.room_id) == ("2 层", "厨房", schema.rooms[4].id)
    assert fits(page)


def test_rooms_are_drawn_renamed_moved_and_undone(open_as: Opened, quarter: Quarter) -> None:
    page = ready(open_as("technician", BARE))
    page.locator("[data-draw] > summary").click()
    page.fill("#storey-name", "阁楼")
    page.locator("#storey-edit [type=submit]").click()
    page.locator("[data-draw-mode=add]").click()
    plan = page.locator("svg.plan")
    box = plan.bounding_box()
    assert box
    x, y = box["width"] * 0.4, box["height"] * 0.4
    plan.click(position={"x": x, "y": y})
    plan.click(position={"x": x + 180, "y": y + 160})
    expect(page.locator(".plan-room")).to_have_count(1)
    page.fill("#room-name", "储藏间")
    page.locator("#room-edit [type=submit]").click()
    expect(page.locator(".plan-room")).to_contain_text("储藏间")
    outline = page.input_value("#room-outline")
    page.locator("[data-draw-mode=move]").click()
    room = page.locator(".plan-room").bounding_box()
    assert room
    page.mouse.move(room["x"] + 40, room["y"] + 40)
    page.mouse.down()
    page.mouse.move(room["x"] + 120, room["y"] + 90, steps=4)
    page.mouse.up()
    assert page.input_value("#room-outline") != outline
    page.locator("#rooms-undo").click()
    page.locator("[data-draw-mode=look]").click()
    page.locator(".plan-room").click()
    assert page.input_value("#room-outline") == outline
    page.locator("#rooms-save").click()
    expect(page.locator("#rooms-say")).to_have_text("已保存。")
    schema = quarter.records.places.schema("b-2")
    assert schema
    assert [(r.name, len(r.outline)) for r in schema.rooms] == [("储藏间", 4)]


def test_an_upload_is_taken_and_a_refused_one_says_why(
    open_as: Opened, quarter: Quarter, tmp_path: Path
) -> None:
    page = ready(open_as("technician", PAGE))
    page.locator("[data-left=files]").click()
    file = tmp_path / "楼.ifc"
    file.write_bytes(b"ISO-10303-21;\nEND-ISO-10303-21;\n")
    page.set_input_files("#upload-file", file)
    page.locator("#model-upload [type=submit]").click()
    expect(page.locator("#upload-say")).to_contain_text("已收到")
    expect(page.locator(".revision-queued")).to_contain_text("楼.ifc")
    models = quarter.records.models
    queued = models.revisions(MODEL)[0]
    refused = replace(queued, state=RevisionState.REJECTED, reason_code="cut off", reason="no END")
    put_state(quarter, refused)
    expect(page.locator(".revision-rejected")).to_contain_text("文件不完整")
    expect(page.locator(".revision-rejected")).to_contain_text("仍使用第 1 版")
    other = models.revision(REVISION)
    assert other
    put_state(
        quarter, models.add_revision(replace(other, id="r-3", version=1, file_sha256="ef"), "t")
    )
    expect(page.locator("#model-say")).to_contain_text("有新的内容", timeout=10_000)
    empty = tmp_path / "empty.ifc"
    empty.write_bytes(b"")
    page.set_input_files("#upload-file", empty)
    page.locator("#model-upload [type=submit]").click()
    expect(page.locator("#upload-say.fault")).to_contain_text("文件是空的")
    page.spoken[:] = [m for m in page.spoken if "422" not in m]  # type: ignore[attr-defined]


def put_state(quarter: Quarter, revision: BimRevision) -> None:
    """Note how far a revision is, as the role that works on models does."""
    quarter.records.models.put_revision(replace(revision, version=revision.version + 1))


def test_a_tag_opens_the_picker_at_its_place(open_as: Opened, house: Toy) -> None:
    page = open_as("technician", f"{PAGE}/tags?storey=S2&kind=IfcWall")
    expect(page.locator(".tag-one")).to_have_count(4)
    expect(page.locator(".tag-one svg path").first).to_be_attached()
    page.goto(page.url.split("/tags", maxsplit=1)[0] + f"?at=element:{house.element('墙 2 西')}")
    ready(page)
    expect(page.locator("#pick-draft")).to_contain_text("墙 2 西")
    expect(page.locator("[data-way=qr]")).to_have_attribute("aria-pressed", "true")
