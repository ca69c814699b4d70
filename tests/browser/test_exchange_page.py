"""The page of exchange: hand a model over, see its fitness, topics of others in."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import ifcopenshell
import pytest
from playwright.sync_api import expect

from bim.bcf import Selected, TopicOut, camera, write_bcf
from bim.guids import same_uuid
from domain.anchors import Anchor, PickedBy
from domain.bim_models import BimRevision
from domain.clock import DAY_NS
from domain.defects import Defect
from domain.exchange import Topic
from domain.ports import Page as Rows
from simulators.ifc.house import HouseSpec
from storage.files import FolderFiles
from tests.browser.conftest import Opened
from tests.browser.quarter import NOW_NS, Quarter
from tests.made_model import take_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

OURS = same_uuid("topic", "d-1")
#: a file is read in a process of its own, which may have to wait for a core
PATIENT_MS = 60_000


@pytest.fixture
def modelled(quarter: Quarter, tmp_path: Path) -> tuple[str, BimRevision]:
    """A building of the quarter with a made model and a defect on one of its walls."""
    building_id = quarter.records.register.buildings(Rows(1))[0].id
    files = FolderFiles(tmp_path / "files")
    revision = take_in(
        quarter.records, files, quarter.clock, tmp_path, building_id, HouseSpec(seed=3)
    )
    wall = wall_of(quarter, revision)
    places = quarter.records.places
    places.put_anchor(
        Anchor("an", building_id, PickedBy.LIST, NOW_NS, "t", wall[0], revision.id), "t"
    )
    places.put_defect(Defect("d-1", building_id, "an", "crack", 2, NOW_NS - DAY_NS, "t"), "t")
    return building_id, revision


def wall_of(quarter: Quarter, revision: BimRevision) -> tuple[str, str]:
    """Give a wall's own id and its GlobalId."""
    versions = quarter.records.models.versions(revision.id)
    wall = next(each for each in versions if each.ifc_class.startswith("IfcWall"))
    return wall.element_id, wall.global_id


def shot(page: "Page", name: str, size: str) -> None:
    """Keep a picture where `ANJU_TEST_SHOTS` says so, for people to look at."""
    if folder := os.environ.get("ANJU_TEST_SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}-{size}.png"), full_page=True)


def fits(page: "Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_model_is_saved_and_its_fitness_is_seen(
    open_as: Opened, modelled: tuple[str, BimRevision], size: str, tmp_path: Path
) -> None:
    building_id, _ = modelled
    page = open_as("technician", f"/buildings/{building_id}/model", size)
    page.get_by_role("link", name="模型交换").click()
    expect(page).to_have_url(page.url.split("/buildings")[0] + f"/buildings/{building_id}/exchange")
    page.get_by_label("同时写入缺陷").check()
    with page.expect_download(timeout=PATIENT_MS) as saved:
        page.get_by_role("button", name="导出 IFC").click()
    assert saved.value.suggested_filename == "三号楼-anju.ifc"
    saved.value.save_as(tmp_path / "a.ifc")
    model = ifcopenshell.open(str(tmp_path / "a.ifc"))
    names = {each.Name for each in model.by_type("IfcPropertySet")}
    assert {"Anju_Safety", "Anju_Defects"} <= names
    page.get_by_role("button", name="检查", exact=True).click()
    row = page.get_by_role("row").filter(has_text="楼层").first
    expect(row).to_contain_text("通过", timeout=PATIENT_MS)
    expect(page.get_by_role("row").filter(has_text="地理位置")).to_contain_text("应有而没有")
    assert fits(page)
    shot(page, "exchange", size)
    page.get_by_text("用自己的 IDS 文件检查").click()
    page.locator("input[accept='.ids,.xml']").set_input_files(
        {"name": "own.ids", "mimeType": "text/xml", "buffer": b"<ids/>"}
    )
    page.get_by_role("button", name="按此文件检查").click()
    expect(page.get_by_role("alert")).to_contain_text("不是 IDS 1.0 文件", timeout=PATIENT_MS)


def test_topics_are_looked_at_before_they_become_defects(
    open_as: Opened, quarter: Quarter, modelled: tuple[str, BimRevision], size: str
) -> None:
    building_id, revision = modelled
    _, guid = wall_of(quarter, revision)
    eye, direction = camera((1.0, 0.0, 1.0), (0.0, -1.0, 0.0), None)
    strange = Topic(
        same_uuid("strange"), "外墙渗水 <b>", "渗漏", "Active", "High", author="外单位",
        created_at="2026-11-01T00:00:00Z",
    )  # fmt: skip
    known = Topic(OURS, "裂缝", status="Closed", created_at="2026-11-01T00:00:00Z")
    content = write_bcf(
        same_uuid("p"),
        "检测项目",
        [
            TopicOut(strange, (Selected(guid, "affected", ""),), eye, direction),
            TopicOut(known),
        ],
    )
    page = open_as("technician", f"/buildings/{building_id}/exchange", size)
    file = {"name": "a.bcf", "mimeType": "application/octet-stream", "buffer": content}
    page.locator("#bcf").set_input_files(file)
    page.get_by_role("button", name="预览").click()
    preview = page.locator("#topics")
    expect(preview.get_by_role("row").filter(has_text="外墙渗水 <b>")).to_contain_text(
        "渗漏 · 严重"
    )
    expect(preview.get_by_role("row").filter(has_text="已有，状态不同")).to_contain_text("不成立")
    assert len(quarter.records.places.defects(building_id)) == 1
    assert fits(page)
    shot(page, "topics", size)
    preview.get_by_label("同时更新").check()
    preview.get_by_role("button", name="写入 1 条新缺陷").click()
    expect(preview.get_by_role("heading")).to_have_text("导入完成", timeout=PATIENT_MS)
    expect(preview.get_by_role("button")).to_have_count(0)
    defects = {each.code: each for each in quarter.records.places.defects(building_id)}
    assert defects.keys() == {"leak", "crack"}
    assert defects["crack"].status.value == "dismissed"
    page.locator("#bcf").set_input_files(
        {"name": "b.bcf", "mimeType": "application/zip", "buffer": b"no zip"}
    )
    page.get_by_role("button", name="预览").click()
    expect(page.get_by_role("alert")).to_contain_text(
        "不是 BCF 2.1 或 3.0 文件", timeout=PATIENT_MS
    )


def test_without_a_model_defects_are_exchanged_all_the_same(
    open_as: Opened, quarter: Quarter, modelled: tuple[str, BimRevision]
) -> None:
    _, revision = modelled
    building_id = quarter.records.register.buildings(Rows(2))[1].id
    base = f"/buildings/{building_id}/exchange"
    page = open_as("technician", base)
    expect(page.get_by_text("还没有可用的模型")).to_be_visible()
    expect(page.locator("#bcf")).to_be_visible()
    assert page.get_by_role("button", name="导出 IFC").count() == 0
    # a revision of another house is not there, whoever asks
    for path in ("export", "fitness"):
        for asked in ("", f"?revision={revision.id}"):
            answer = page.request.get(f"{quarter.url}{base}/{path}{asked}")
            assert answer.status == 404, path


def test_who_may_not_see_models_is_told_so(open_as: Opened, quarter: Quarter) -> None:
    building_id = quarter.records.register.buildings(Rows(1))[0].id
    page = open_as("insurer", f"/buildings/{building_id}/exchange")
    expect(page.locator("h1, .empty-code").first).to_be_visible()
    assert page.locator("#bcf").count() == 0
    page.spoken[:] = [m for m in page.spoken if "403" not in m]  # type: ignore[attr-defined]
