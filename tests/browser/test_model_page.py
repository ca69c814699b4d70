"""The page of a building's model in the real Chromium: what is drawn, chosen, placed, and said."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from storage.files import FolderFiles
from tests.browser.conftest import Built, Opened
from tests.browser.model_steps import (
    PAGE,
    PIXEL,
    SOUTH_1,
    SOUTH_2,
    SOUTH_3,
    WEST_2,
    fits,
    part,
    pixel,
    ready,
)
from tests.browser.quarter import Quarter, serve_copy
from tests.browser.toy_house import Toy, put_model, put_places, toy

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house() -> Toy:
    return toy()


@pytest.fixture(scope="module")
def quarter(
    built: "Built", tmp_path_factory: pytest.TempPathFactory, house: Toy
) -> Iterator[Quarter]:
    """The quarter with a model, a red gauge and a defect on it; here it is only looked at."""
    file, readings, _ = built
    folder = tmp_path_factory.mktemp("model")
    with serve_copy(file, folder, readings) as served:
        put_model(served, FolderFiles(folder / "files"), folder, house)
        put_places(served, house)
        yield served


def grey(rgb: list[int]) -> bool:
    return max(rgb) - min(rgb) < 30


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
    expect(mark).to_have_accessible_name("C-03, 裂缝宽度, 红色预警, 1.75 mm, 30 分钟前")
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


def test_a_view_is_kept_as_the_picture_of_a_defect(open_as: Opened, quarter: Quarter) -> None:
    page = ready(open_as("technician", PAGE))
    page.locator("[data-side=defects]").click()
    row = page.locator("[data-defect]").first
    defect_id = row.get_attribute("data-defect")
    row.click()
    button = page.locator("[data-defect-picture]")
    button.click()
    expect(button).to_have_text("已存为缺陷的图")
    kept = page.request.get(f"{quarter.url}/api/v1/defects/{defect_id}/snapshot").body()
    assert kept.startswith(b"\x89PNG")
    assert len(kept) > 10_000, "no sketch is so large"


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
