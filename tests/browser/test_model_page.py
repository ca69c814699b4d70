"""The page of a building's model in the real Chromium: what is drawn, chosen, placed, and said."""

import itertools
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
from tests.browser.quarter import NOW_NS, Quarter, serve_copy
from tests.browser.toy_house import HOUSE, MODEL, REVISION, Toy, put_model, put_places, toy

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

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


def ready(page: "Page") -> "Page":
    page.wait_for_selector("#model[data-ready=yes]")
    return page


def pixel(page: "Page", point: tuple[float, float, float]) -> list[int]:
    found = page.evaluate(PIXEL, point)
    assert found["inside"], found
    return list(found["rgb"])


def grey(rgb: list[int]) -> bool:
    return max(rgb) - min(rgb) < 30


def fits(page: "Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def part(page: "Page", name: str) -> None:
    """Go to a part of the page; on a phone they are shown one at a time."""
    button = page.locator(f"[data-part={name}]")
    if button.is_visible():
        button.click()


def placing(page: "Page", what: str, way: str) -> None:
    part(page, "side")
    page.locator("[data-side=place]").click()
    page.select_option("#pick-what", what)
    page.locator(f"[data-way='{way}']").click()


def save(page: "Page") -> None:
    page.locator("#model-picker [type=submit]").click()
    expect(page.locator("#pick-draft")).to_have_text("还没有指明位置。")
    expect(page.locator("#pick-fault")).to_be_empty()


def test_elements_stand_by_storey_and_lead_to_their_card(open_as: Opened, size: str) -> None:
    page = ready(open_as("duty", PAGE, size))
    assert fits(page)
    part(page, "tree")
    storeys = page.locator(".tree-storey > summary .tree-name")
    expect(storeys).to_have_text(["3 层", "2 层", "1 层"])
    page.locator("details[data-storey=S2] > summary").click()
    page.locator(".tree-class > summary", has_text="墙").first.click()
    page.get_by_role("button", name="墙 2 北").click()
    part(page, "side")
    card = page.locator("#model-card")
    expect(card.get_by_role("heading", name="墙 2 北")).to_be_visible()
    expect(card).to_contain_text("烧结普通砖")
    expect(card).to_contain_text("10.00 × 0.30 × 2.80 m")
    expect(card).to_contain_text("Pset_WallCommon")
    expect(card).to_contain_text("Qto_WallBaseQuantities")
    assert fits(page)


def test_a_search_finds_in_both_languages(open_as: Opened) -> None:
    page = ready(open_as("duty", PAGE))
    for text, count in (("wall", 12), ("窗", 3), ("墙 2 西", 1), ("烧结", 18), ("zzz", 0)):
        page.fill("#model-search", text)
        expect(page.locator("[data-found]")).to_have_text(f"找到 {count} 个")
    page.fill("#model-search", "墙 2 西")
    page.get_by_role("button", name="墙 2 西").click()
    expect(page.locator("#model-card")).to_contain_text("墙 2 西")


def test_levels_are_seen_and_what_is_asked_for_comes_into_view(open_as: Opened, house: Toy) -> None:
    page = ready(open_as("duty", PAGE))
    red, other = pixel(page, SOUTH_2), pixel(page, SOUTH_3)
    assert red[0] > 2 * max(red[1:]), red
    assert grey(other), other
    expect(page.locator("#model-legend")).to_contain_text("■红色预警1")
    page.select_option("select[data-colour]", "source")
    clay = pixel(page, SOUTH_3)
    assert clay[0] > clay[1] > clay[2], clay
    page.select_option("select[data-colour]", "level")
    # the north side lies behind the house: one has to go round for it
    north = (105.0, 58.0, 4.5)
    page.fill("#model-search", "墙 2 北")
    page.get_by_role("button", name="墙 2 北").click()
    expect(page.locator("#model-card")).to_contain_text("墙 2 北")
    chosen = pixel(page, north)
    assert chosen[1] > chosen[0] + 20, chosen
    hit = page.evaluate(
        "() => { const v = document.getElementById('model').viewer;"
        " return v.pickAt(v.stage.place.clientWidth / 2, v.stage.place.clientHeight / 2).step }"
    )
    assert hit == house.step("墙 2 北")


def test_a_storey_alone_leaves_the_others_a_hint_or_nothing(open_as: Opened) -> None:
    page = ready(open_as("duty", PAGE))
    ground = page.evaluate(
        "() => { const s = document.getElementById('model').viewer.stage; s.draw();"
        " return [...s.finish()].slice(0, 3) }"
    )
    before = pixel(page, SOUTH_1)
    page.select_option("select[data-storey]", "S2")
    hint = pixel(page, SOUTH_1)
    assert pixel(page, SOUTH_2)[0] > 100
    assert hint not in (before, ground)
    page.locator("[data-ghost]").click()
    assert pixel(page, SOUTH_1) == ground
    page.locator("[data-reset]").click()
    assert pixel(page, SOUTH_1) == before


def test_a_section_takes_away_what_lies_beyond_it(open_as: Opened) -> None:
    page = ready(open_as("duty", PAGE))
    before, below = pixel(page, SOUTH_3), pixel(page, SOUTH_1)
    page.select_option("[data-section]", "z")
    page.locator("[data-section-at]").fill("0.5")
    assert pixel(page, SOUTH_3) != before
    assert pixel(page, SOUTH_1) == below
    page.locator("[data-section-turn]").click()
    assert pixel(page, SOUTH_3) == before
    assert pixel(page, SOUTH_1) != below


def test_marks_stand_at_their_places_and_open_the_trend(open_as: Opened, size: str) -> None:
    page = ready(open_as("duty", PAGE, size))
    mark = page.locator("[data-marker='sensor:s-1-C-03']")
    expect(mark).to_contain_text("C-03")
    expect(mark).to_have_attribute("aria-label", "C-03, 裂缝宽度, 红色预警, 1.75 mm, 30 分钟前")
    expect(mark.locator(".marker-shape")).to_have_text("■")
    spot = page.evaluate(PIXEL, (102.0, 50.0, 4.5))["spot"]
    box, stage = mark.locator(".marker-shape").bounding_box(), page.locator("#model-stage")
    edge = stage.bounding_box()
    assert box
    assert edge
    assert abs(box["x"] + 12 - edge["x"] - spot[0]) < 3
    assert abs(box["y"] + 12 - edge["y"] - spot[1]) < 3
    mark.click()
    page.wait_for_selector("#model-trend .chart[data-state=drawn]")
    expect(page.locator("#model-trend")).to_contain_text("红色预警")
    part(page, "view")
    page.locator("[data-marker='defect:d-1']").click()
    expect(page.locator("#model-defects")).to_contain_text("自下而上")
    expect(page.locator("#model-defects")).to_contain_text("C-03")
    assert fits(page)
    part(page, "view")
    page.locator("[data-marks]").click()
    expect(mark).to_be_hidden()


def test_a_click_tells_the_element_under_it(open_as: Opened, house: Toy) -> None:
    page = ready(open_as("duty", PAGE))
    x, y = page.evaluate(PIXEL, WEST_2)["spot"]
    page.locator("#model-stage canvas").click(position={"x": x, "y": y})
    expect(page.locator("#model-card")).to_contain_text("墙 2 西")
    picked = page.evaluate(f"() => document.getElementById('model').viewer.pickAt({x}, {y})")
    assert picked["step"] == house.step("墙 2 西")
    assert picked["point"] == pytest.approx(WEST_2, abs=0.05)
    assert picked["normal"] == pytest.approx([-1, 0, 0], abs=0.01)


def test_the_keys_do_all_of_it(open_as: Opened) -> None:
    page = ready(open_as("duty", PAGE))
    camera = "() => document.getElementById('model').viewer.stage.camera.position.toArray()"
    page.locator("#model-stage canvas").focus()
    seen = [page.evaluate(camera)]
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "+", "-", "f"):
        page.keyboard.press(key)
        seen.append(page.evaluate(camera))
    assert all(a != b for a, b in itertools.pairwise(seen))
    page.keyboard.press("Enter")
    expect(page.locator("#model-card h3")).to_be_visible()
    name = page.locator("#model-card h3").inner_text()
    page.keyboard.press("h")
    page.keyboard.press("Enter")
    expect(page.locator("#model-card h3")).not_to_have_text(name)
    page.keyboard.press("Escape")
    assert page.evaluate("() => document.getElementById('model').viewer.chosen.size") == 0
    page.keyboard.press("l")
    expect(page.locator("#model-search")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".tree-class > summary").first).to_be_focused()


def test_it_draws_little_and_only_when_something_changes(open_as: Opened) -> None:
    page = ready(open_as("duty", PAGE))
    told = page.evaluate(
        """async () => {
          const { stage } = document.getElementById('model').viewer;
          stage.draw();
          const before = stage.pictures;
          for (let n = 0; n < 20; n++) await new Promise(requestAnimationFrame);
          return { calls: stage.renderer.info.render.calls, more: stage.pictures - before };
        }"""
    )
    assert told["calls"] <= 100
    assert told["more"] == 0


def test_without_webgl_the_list_and_the_plan_work(open_as: Opened) -> None:
    page = open_as("duty", PAGE)
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        " return kind.startsWith('webgl') ? null : get.call(this, kind, ...more); }"
    )
    page.reload()
    ready(page)
    expect(page.locator("#model-say")).to_contain_text("不能显示三维图")
    page.fill("#model-search", "窗 1")
    page.get_by_role("button", name="窗 1").click()
    expect(page.locator("#model-card")).to_contain_text("IfcWindow")
    page.locator("[data-centre=plan]").click()
    expect(page.locator("svg.plan")).to_be_visible()


def test_a_snapshot_is_a_picture(open_as: Opened, tmp_path: Path) -> None:
    page = ready(open_as("duty", PAGE))
    with page.expect_download() as waiting:
        page.locator("[data-snapshot]").click()
    target = tmp_path / "model.png"
    waiting.value.save_as(target)
    assert target.read_bytes().startswith(b"\x89PNG")
    assert target.stat().st_size > 10_000


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
    put_state(quarter, queued, RevisionState.REJECTED)
    expect(page.locator(".revision-rejected")).to_contain_text("文件不完整")
    expect(page.locator(".revision-rejected")).to_contain_text("仍使用第 1 版")
    empty = tmp_path / "empty.ifc"
    empty.write_bytes(b"")
    page.set_input_files("#upload-file", empty)
    page.locator("#model-upload [type=submit]").click()
    expect(page.locator("#upload-say.fault")).to_be_visible()
    page.spoken[:] = [m for m in page.spoken if "422" not in m]  # type: ignore[attr-defined]


def put_state(quarter: Quarter, revision: BimRevision, state: RevisionState) -> None:
    quarter.records.models.put_revision(
        replace(
            revision, state=state, reason_code="cut off", reason="no END-ISO-10303-21",
            version=revision.version + 1,
        )
    )  # fmt: skip


def test_a_tag_opens_the_picker_at_its_place(open_as: Opened, house: Toy) -> None:
    page = open_as("technician", f"{PAGE}/tags?storey=S2&kind=IfcWall")
    expect(page.locator(".tag-one")).to_have_count(4)
    expect(page.locator(".tag-one svg path").first).to_be_attached()
    page.goto(page.url.split("/tags", maxsplit=1)[0] + f"?at=element:{house.element('墙 2 西')}")
    ready(page)
    expect(page.locator("#pick-draft")).to_contain_text("墙 2 西")
    expect(page.locator("[data-way=qr]")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(("theme", "language"), [("dark", "en"), ("light", "zh")])
def test_every_control_has_a_name_in_both_languages(
    open_as: Opened, size: str, theme: str, language: str
) -> None:
    page = open_as("technician", PAGE, size)
    url = page.url
    page.context.add_cookies(
        [
            {"name": "anju_theme", "value": theme, "url": url},
            {"name": "anju_language", "value": language, "url": url},
        ]
    )
    page.reload()
    ready(page)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, select, input, textarea, #model a')]
          .filter((one) => !one.textContent.trim() && !one.ariaLabel && !one.labels?.length)
          .map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    assert page.evaluate("[...document.querySelectorAll('[id]')].length") == page.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map((one) => one.id)).size"
    )
    heading = "Model and places" if language == "en" else "模型与位置"
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    assert fits(page)


def test_who_may_not_see_models_is_told_so_and_a_foreign_house_is_not_there(
    open_as: Opened,
) -> None:
    page = open_as("insurer", PAGE)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("#model")).to_have_count(0)
    page = open_as("near", "/buildings/b-20/model")
    expect(page.locator("#model")).to_have_count(0)
    page.spoken[:] = [m for m in page.spoken if "40" not in m]  # type: ignore[attr-defined]
