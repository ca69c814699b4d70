"""Exchange through the API: hand-over, fitness, topics out and in again, pictures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.util.element
import pytest
from bcf.bcfxml import load

from bim.exchange_tasks import SHIPPED_IDS
from bim.facts import storey_at
from bim.png import SIGNATURE
from bim.sketch import plan_sketch
from bim.topics_out import topic_guid
from domain.anchors import Anchor, MonitorRole, PickedBy, SensorMonitors
from domain.bim_models import BimModel, BimRevision
from domain.checkups import CheckState
from domain.clock import DAY_NS, HOUR_NS
from domain.defects import Defect, DefectStatus
from domain.elements import ElementVersion, Storey
from domain.errors import TooManyAttempts
from simulators.ifc.house import HouseSpec
from storage.files import FolderFiles
from tests.api_city import NOW_NS, City, exchange_desk, make_city
from tests.check_samples import check_up
from tests.made_model import take_in

API = "/api/v1"


@dataclass
class Site:
    """A city with a made model on `b-near`: a sensor on a wall, and two defects in a row."""

    city: City
    revision: BimRevision
    wall: ElementVersion
    folder: Path

    def get(self, path: str, user: str = "near_technician", **more: Any) -> Any:
        return self.city.client(user).get(API + path, **more)

    def send(self, method: str, path: str, content: bytes, user: str = "near_technician") -> Any:
        files = {"file": ("a", content, "application/octet-stream")}
        return self.city.client(user).request(method, API + path, files=files)


def read_model(city: City, folder: Path, building_id: str) -> BimRevision:
    spec = HouseSpec(seed=3)
    files, clock = city.services.files, city.clock
    return take_in(city.records, files, clock, folder, building_id, spec)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    city = make_city(folder)
    revision = read_model(city, folder, "b-near")
    walls = [
        v
        for v in city.records.models.versions(revision.id)
        if v.ifc_class.startswith("IfcWall") and v.box and v.storey_name == "二层"
    ]
    wall, places = walls[0], city.records.places
    assert wall.box is not None
    x, y, z, far_x, far_y, far_z = wall.box
    middle = ((x + far_x) / 2, (y + far_y) / 2, (z + far_z) / 2)
    places.put_anchor(
        Anchor(
            "an-1", "b-near", PickedBy.MODEL, NOW_NS, "test", wall.element_id, revision.id,
            middle, (0.0, -1.0, 0.0), storey="二层", side="南侧",
        ),
        "test",
    )  # fmt: skip
    since_ns = NOW_NS - 9 * DAY_NS
    places.put_monitors(
        [
            SensorMonitors("t-1", "s-near", "an-1", MonitorRole.MOUNTED, since_ns),
            SensorMonitors("t-2", "s-near", "an-1", MonitorRole.MONITORS, since_ns),
            SensorMonitors("t-0", "s-near", "an-1", MonitorRole.REFERENCE, since_ns, NOW_NS - 1),
        ],
        "test",
    )
    old = Defect(
        "d-old", "b-near", "an-1", "crack", 1, NOW_NS - 30 * DAY_NS, "inspector", value=0.2,
        unit="mm", status=DefectStatus.WATCHED,
    )  # fmt: skip
    new = replace(
        old, id="d-new", severity=3, found_at_ns=NOW_NS - HOUR_NS, value=0.6, continues="d-old",
        status=DefectStatus.OPEN, note="东侧也有细纹", sensor_ids=("s-near",),
    )  # fmt: skip
    for each in (old, new):
        places.put_defect(each, "test")
    yield Site(city, revision, wall, folder)
    city.close()


def opened(content: bytes, path: Path) -> Any:
    path.write_bytes(content)
    return ifcopenshell.open(str(path))


def test_a_revision_is_handed_over_with_what_anju_knows(site: Site, tmp_path: Path) -> None:
    answer = site.get(f"/revisions/{site.revision.id}/export.ifc?defects=yes")
    assert answer.status_code == 200, answer.text
    name = "%E4%B8%89%E5%8F%B7%E6%A5%BC-anju.ifc"
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"
    model = opened(answer.content, tmp_path / "a.ifc")
    sets = ifcopenshell.util.element.get_psets(model.by_type("IfcBuilding")[0])
    safety = sets["Anju_Safety"]
    assert (safety["AppraisedGrade"], safety["AppraisalReportNumber"]) == ("C", "R-near")
    assert safety["OpenAlerts"] == 2
    assert safety["Link"] == "https://anju.example.org/buildings/b-near"
    assert safety["LastInspectedOn"] == "2026-11-23"
    assert sets["Anju_Suspicion"]["SuspectedGrade"] == "suspected C"
    (sensor,) = [e for e in model.by_type("IfcSensor") if e.Tag == "s-near"]
    ties = {(r.Name, r.RelatingProduct.GlobalId) for r in sensor.HasAssignments}
    assert ties == {("mounted on", site.wall.global_id), ("monitors", site.wall.global_id)}
    assert ifcopenshell.util.element.get_container(sensor).Name == "二层"
    on = ifcopenshell.util.element.get_psets(model.by_guid(site.wall.global_id))
    assert on["Anju_Defects"]["Defect1"] == "裂缝 0.6 mm（严重）"
    assert on["Anju_Alerts"]["Alert1"].startswith("https://anju.example.org/alerts/l-near")
    # a hand-measured series is no instrument
    assert not [e for e in model.by_type("IfcSensor") if e.Tag == "h-near"]


def test_an_export_is_kept_until_a_fact_changes(site: Site) -> None:
    path = f"/revisions/{site.revision.id}/export.ifc"
    first, again = site.get(path), site.get(path)
    assert first.content == again.content
    tag = first.headers["ETag"]
    unchanged = site.get(path, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    anchor = site.city.records.places.anchor("an-1")
    assert anchor is not None
    moved = replace(anchor, side="南墙", version=anchor.version + 1)
    site.city.records.places.put_anchor(moved, "test")
    later = site.get(path, headers={"If-None-Match": tag})
    assert later.status_code == 200
    assert later.headers["ETag"] != tag


def test_the_upload_stays_as_it_came(site: Site) -> None:
    before = (site.folder / "b-near.ifc").read_bytes()
    assert site.get(f"/revisions/{site.revision.id}/export.ifc").status_code == 200
    assert site.get(f"/revisions/{site.revision.id}/file").content == before


def test_fitness_is_told_in_states_and_examples(site: Site) -> None:
    found = site.get(f"/revisions/{site.revision.id}/fitness").json()
    states = {each["key"]: each["state"] for each in found["checks"]}
    assert states["storeys"] == states["unique guids"] == "passed"
    assert states["georeference"] == "failed"
    assert found["state"] == "failed"
    own = site.send(
        "POST", f"/revisions/{site.revision.id}/fitness", SHIPPED_IDS.read_bytes()
    ).json()
    assert own["title"].startswith("安居")
    assert {each["key"] for each in own["checks"]} == {""}
    refused = site.send("POST", f"/revisions/{site.revision.id}/fitness", b"<ids/>")
    assert (refused.status_code, refused.json()["code"]) == (422, "ids")


def test_defects_go_out_and_come_back_as_what_they_are(site: Site, tmp_path: Path) -> None:
    sent = site.get("/buildings/b-near/bcf")
    path = tmp_path / "out.bcf"
    path.write_bytes(sent.content)
    with load(path) as file:
        assert set(file.topics) == {topic_guid("d-old"), topic_guid("d-new")}
        new = file.topics[topic_guid("d-new")]
        assert new.topic.title == "演示楼 near 裂缝 0.6 mm（严重）"
        assert new.topic.priority == "High"
        assert [r.guid for r in new.topic.related_topics.related_topic] == [topic_guid("d-old")]
        (view,) = new.viewpoints.values()
        chosen = view.visualization_info.components.selection.component
        assert chosen[0].ifc_guid == site.wall.global_id
        assert {each.authoring_tool_id.split(":")[0] for each in chosen} == {"affected", "sensor"}
        assert view.snapshot.startswith(SIGNATURE)
        new.topic.topic_status = "Resolved"
        file.save(tmp_path / "back.bcf")
    back = (tmp_path / "back.bcf").read_bytes()
    seen = site.send("POST", "/buildings/b-near/bcf/preview", back).json()
    assert (seen["new"], seen["known"], seen["changed"]) == (0, 1, 1)
    kept = site.send("POST", "/buildings/b-near/bcf", back)
    assert kept.status_code == 201
    places = site.city.records.places
    assert places.defect("d-new").status is DefectStatus.OPEN  # type: ignore[union-attr]
    taken = site.send("POST", "/buildings/b-near/bcf?statuses=take over", back)
    assert taken.status_code == 201, taken.text
    assert places.defect("d-new").status is DefectStatus.MENDED  # type: ignore[union-attr]
    assert len(places.defects("b-near")) == 2


def test_topics_of_others_become_defects_once_at_their_element(site: Site, tmp_path: Path) -> None:
    # what the far building sends is foreign to the near one; the element is in both models
    far = read_model(site.city, tmp_path, "b-far")
    places = site.city.records.places
    version = next(
        v for v in site.city.records.models.versions(far.id) if v.global_id == site.wall.global_id
    )
    places.put_anchor(
        Anchor(
            "an-far-1", "b-far", PickedBy.MODEL, NOW_NS, "t", version.element_id, far.id,
            (version.box[0] + 0.5, version.box[1], version.box[2] + 1.0) if version.box else None,
            (0.0, -1.0, 0.0),
        ),
        "t",
    )  # fmt: skip
    first = Defect("d-f1", "b-far", "an-far-1", "leak", 2, NOW_NS - 2 * DAY_NS, "外单位")
    second = replace(first, id="d-f2", code="crack", found_at_ns=NOW_NS - DAY_NS, continues="d-f1")
    for each in (first, second):
        places.put_defect(each, "t")
    content = site.get("/buildings/b-far/bcf", "technician").content
    before = len(places.defects("b-near"))
    seen = site.send("POST", "/buildings/b-near/bcf/preview", content).json()
    assert (seen["new"], seen["known"]) == (2, 0)
    assert len(places.defects("b-near")) == before, "a preview writes nothing"
    made = site.send("POST", "/buildings/b-near/bcf", content).json()
    assert {row["elements"][0] for row in made["topics"]} == {site.wall.name}
    assert all(row["placed"] and not row["unknown_guids"] for row in made["topics"])
    again = site.send("POST", "/buildings/b-near/bcf", content).json()
    assert (again["new"], again["known"]) == (0, 2)
    leak, crack = (places.defect(row["defect_id"]) for row in made["topics"])
    assert leak is not None
    assert crack is not None
    assert (leak.code, crack.code) == ("leak", "crack")
    assert crack.continues == leak.id
    assert crack.by == "near-technician"
    assert "外单位" in crack.note
    anchor = places.anchor(crack.anchor_id)
    assert anchor is not None
    assert anchor.element_id == site.wall.element_id
    assert anchor.point == pytest.approx(
        (version.box[0] + 0.5, version.box[1], version.box[2] + 1.0),  # type: ignore[index]
        abs=0.05,
    )
    # and it leaves under the same GUID as it came
    path = tmp_path / "third.bcf"
    path.write_bytes(site.get("/buildings/b-near/bcf").content)
    with load(path) as file:
        assert {topic_guid("d-f1"), topic_guid("d-f2")} <= set(file.topics)


def test_what_is_no_topic_file_is_refused_with_its_reason(site: Site) -> None:
    for path in ("/buildings/b-near/bcf/preview", "/buildings/b-near/bcf"):
        refused = site.send("POST", path, b"no zip")
        assert (refused.status_code, refused.json()["code"]) == (422, "not bcf")


def test_a_picture_of_a_viewer_takes_the_place_of_the_sketch(site: Site) -> None:
    sketch = site.get("/defects/d-new/snapshot")
    assert sketch.headers["Content-Type"] == "image/png"
    picture = plan_sketch([], (1.0, 1.0, 1.0))
    assert site.send("PUT", "/defects/d-new/snapshot", picture).status_code == 204
    assert site.send("PUT", "/defects/d-new/snapshot", picture).status_code == 204
    assert site.get("/defects/d-new/snapshot").content == picture != sketch.content
    other = plan_sketch([], (2.0, 5.0, 1.0), [((0, 0), (1, 0), (1, 1))])
    assert site.send("PUT", "/defects/d-new/snapshot", other).status_code == 204
    assert site.get("/defects/d-new/snapshot").content == other
    refused = site.send("PUT", "/defects/d-new/snapshot", b"GIF89a")
    assert refused.status_code == 422
    assert site.get("/defects/d-new/snapshot").content == other


def test_a_model_that_cannot_be_read_again_says_why(site: Site) -> None:
    files, models = site.city.services.files, site.city.records.models
    models.put_model(BimModel("m-bad", "b-near", "坏", by="t"), "t")
    content = b"ISO-10303-21; cut"
    kept = files.put("bim/bad/a.ifc", content)
    new = models.add_revision(
        BimRevision(
            "r-bad", "m-bad", 1, "bim/bad/a.ifc", kept.sha256, len(content), "a.ifc", NOW_NS, "t"
        ),
        "t",
    )
    for path in (f"/revisions/{new.id}/export.ifc", f"/revisions/{new.id}/fitness"):
        answer = site.get(path)
        assert (answer.status_code, answer.json()["code"]) == (422, "cut off"), answer.text
    site.city.services.files.delete("bim/bad/a.ifc")
    assert site.get(f"/revisions/{new.id}/export.ifc").status_code == 404


def test_a_place_is_in_the_storey_whose_floor_lies_next_below() -> None:
    storeys = [Storey("a", "地下", -3.0), Storey("b", "一层", 0.0), Storey("c", "二层", 3.0)]
    for z, guid in ((-9.0, "a"), (-0.01, "b"), (-0.06, "a"), (2.9, "b"), (2.96, "c"), (99.0, "c")):
        found = storey_at(storeys, (0.0, 0.0, z))
        assert found is not None
        assert found.global_id == guid, z
    assert storey_at(storeys, None) is None
    assert storey_at([], (0.0, 0.0, 0.0)) is None


class Busy(FolderFiles):
    """Files whose reader asks for another check meanwhile."""

    ask: Callable[[], object] = staticmethod(lambda: None)

    def pieces(self, key: str) -> Iterator[bytes]:
        self.ask()
        return super().pieces(key)


def test_who_comes_while_another_model_is_worked_on_is_asked_to_come_again(
    site: Site, tmp_path: Path
) -> None:
    files = Busy(site.folder / "files")
    records, clock = site.city.records, site.city.clock
    desk = exchange_desk(records, files, clock, tmp_path / "exports", wait_s=0.01)
    files.ask = lambda: desk.fitness(site.revision)
    with pytest.raises(TooManyAttempts, match="try again"):
        desk.fitness(site.revision)
    files.ask = lambda: None
    assert desk.fitness(site.revision).checks, "the turn was given back"


# last: it changes what all the others look at
def test_a_check_up_is_when_a_building_was_last_inspected(site: Site, tmp_path: Path) -> None:
    done = check_up(state=CheckState.DONE, done_at_ns=NOW_NS + 40 * 24 * HOUR_NS)
    site.city.records.checks.put_check_up(done, "test")
    site.city.records.checks.put_check_up(check_up("ck-2"), "test")
    answer = site.get(f"/revisions/{site.revision.id}/export.ifc")
    model = opened(answer.content, tmp_path / "a.ifc")
    sets = ifcopenshell.util.element.get_psets(model.by_type("IfcBuilding")[0])
    assert sets["Anju_Safety"]["LastInspectedOn"] == "2027-01-02"
