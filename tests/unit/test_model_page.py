"""What the page of a building's model tells its scripts, and whom."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from domain.alerts import AlertState
from domain.anchors import Hold
from domain.bim_models import RevisionState
from domain.clock import HOUR_NS
from domain.limits import Level
from domain.ports import Page
from tests.api_city import NOW_NS, PASSWORD, City, make_city
from tests.model_city import add_models
from web.application import mount_pages
from web.model_scene import classes_named, sensor_levels
from web.render import tree_mark
from web.words import Words

PAGE = "/buildings/b-near/model"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city that is only read."""
    made = make_city(tmp_path_factory.mktemp("city"))
    add_models(made)
    mount_pages(made.app)
    yield made
    made.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[City]:
    """A city of one's own, to be changed."""
    made = make_city(tmp_path)
    add_models(made)
    mount_pages(made.app)
    yield made
    made.close()


def browser(city: City, user: str = "duty_officer") -> TestClient:
    client = TestClient(city.app, base_url="https://testserver")
    name = user.replace("_", "-")
    assert client.post("/api/v1/session", json={"name": name, "password": PASSWORD}).is_success
    return client


def told(client: TestClient, path: str) -> Any:
    answer = client.get(PAGE + path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def test_the_scene_names_elements_sensors_with_their_level_and_defects(city: City) -> None:
    scene = told(browser(city), "/scene.json")
    assert scene["revision"] == "br-near"
    assert scene["glb"] == "/api/v1/revisions/br-near/mesh"
    assert scene["storeys"] == [{"id": "1st", "name": "一层", "elevation": 0.0}]
    wall = scene["elements"][0]
    assert wall[:3] == ["el-near", 10, "东墙 near"]
    assert scene["classes"][wall[3]] == "IfcWall"
    (sensor,) = [s for s in scene["sensors"] if s["id"] == "s-near"]
    assert sensor["elements"] == ["el-near"]
    assert sensor["hold"] == "linked"
    # told by element alone: the middle of its box, 4 by 0.2 by 3 m
    assert sensor["point"] == [2.0, 0.1, 1.5]
    assert sensor["age_s"] >= 0
    assert wall[5] == sensor["level"]
    (defect,) = scene["defects"]
    assert (defect["id"], defect["code_word"], defect["element"]) == ("de-near", "裂缝", "el-near")
    assert [r["name"] for r in scene["schema"]["rooms"]] == ["厨房 near"]
    live = told(browser(city), "/live.json")
    assert live == {name: scene[name] for name in ("now", "sensors", "defects", "schema")}


def test_a_building_without_a_model_has_its_rooms_alone(own: City) -> None:
    register = own.records.register
    near = register.building("b-near")
    assert near
    register.put_building(replace(near, id="b-bare", code="BARE", version=1), "test")
    client = browser(own)
    answer = client.get("/buildings/b-bare/model")
    assert answer.status_code == 200
    assert 'data-glb=""' in answer.text
    assert "three.module.js" not in answer.text
    scene = client.get("/buildings/b-bare/model/scene.json").json()
    assert (scene["revision"], scene["elements"], scene["schema"]) == ("", [], None)


def test_levels_come_from_open_alerts_alone_and_a_red_one_stays(own: City) -> None:
    near = own.records.register.building("b-near")
    assert near
    site = own.records.register.site("b-near")
    level = sensor_levels(own.services, near, site).get("s-near", Level.NONE)
    assert level is Level.RED
    sensors = {s["id"]: s for s in told(browser(own), "/scene.json")["sensors"]}
    assert sensors["s-near"]["level"] == int(Level.RED)
    for alert in own.records.alerts.alerts(Page(50), building_ids=["b-near"]):
        calm = tuple(replace(c, level=Level.NONE) for c in alert.contributions)
        changed = replace(alert, contributions=calm, version=alert.version + 1)
        own.records.alerts.save(changed, ())
    # nothing holds it up any more, but people have not closed it
    assert sensor_levels(own.services, near, site)["s-near"] is Level.RED
    for alert in own.records.alerts.alerts(Page(50), building_ids=["b-near"]):
        closed = replace(alert, state=AlertState.CLOSED, version=alert.version + 1)
        own.records.alerts.save(closed, ())
    assert sensor_levels(own.services, near, site).get("s-near", Level.NONE) is Level.NONE


def test_a_tie_that_is_over_marks_nothing(own: City) -> None:
    places = own.records.places
    (tie,) = places.monitors("b-near")
    ended = replace(tie, valid_to_ns=NOW_NS - HOUR_NS // 2, version=tie.version + 1)
    places.put_monitors([ended], "test")
    (sensor,) = [s for s in told(browser(own), "/live.json")["sensors"] if s["id"] == "s-near"]
    assert (sensor["elements"], sensor["point"], sensor["anchor"]) == ([], None, "")


def test_a_place_whose_element_is_gone_waits_for_review(own: City) -> None:
    places = own.records.places
    anchor = places.anchor("an-near")
    assert anchor
    places.put_anchor(
        replace(anchor, element_id="", point=(1.0, 2.0, 3.0), version=anchor.version + 1), "test"
    )
    (sensor,) = [s for s in told(browser(own), "/live.json")["sensors"] if s["id"] == "s-near"]
    assert sensor["point"] == [1.0, 2.0, 3.0]
    assert sensor["hold"] == Hold.SPATIAL.value


def test_a_search_knows_the_classes_in_both_languages(city: City) -> None:
    client = browser(city)
    for text, steps in {
        "东墙": [10], "wall": [10], "墙": [10], "门": [20], "M-1": [20], "一层": [10], "?": [],
    }.items():  # fmt: skip
        found = client.get(f"{PAGE}/search.json", params={"text": text}).json()
        assert found == {"steps": steps}, text


def test_a_class_is_named_by_its_word_or_its_entity() -> None:
    languages = [Words("zh"), Words("en")]
    assert classes_named("窗", ["IfcWindow", "IfcWall"], languages) == ["IfcWindow"]
    assert classes_named(" Curtain ", ["IfcCurtainWall", "IfcWall"], languages) == [
        "IfcCurtainWall"
    ]
    assert classes_named("", ["IfcWall"], languages) == []


def test_a_card_says_what_an_element_is_and_a_missing_one_is_not_there(city: City) -> None:
    client = browser(city)
    card = client.get(f"{PAGE}/card?step=10")
    for part in (
        "东墙 near",
        "墙 · IfcWall",
        "4.00 × 0.20 × 3.00 m",
        "Pset_WallCommon",
        "FireRating",
    ):
        assert part in card.text
    for step in (9, 11, 21):
        assert client.get(f"{PAGE}/card?step={step}").status_code == 404


def test_a_refused_revision_says_why_and_the_one_before_is_still_shown(own: City) -> None:
    models = own.records.models
    before = models.revision("br-near")
    assert before
    added = models.add_revision(replace(before, id="br-2", file_sha256="ef", version=1), "test")
    models.put_revision(
        replace(
            added, state=RevisionState.REJECTED, reason_code="cut off", reason="no END", version=2,
            glb_key="", glb_sha256="",
        )
    )  # fmt: skip
    client = browser(own)
    states = client.get(f"{PAGE}/states").text
    for part in ("第 2 版", "文件不完整", "no END", "仍使用第 1 版"):
        assert part in states
    assert 'data-revision="br-near"' in client.get(PAGE).text


def test_tags_bear_the_address_of_their_place(city: City) -> None:
    client = browser(city)
    sheet = client.get(f"{PAGE}/tags").text
    assert sheet.count("<path") >= 2
    for part in ("element:el-near", "room:k", "东墙 near", "厨房 near"):
        assert part in sheet
    assert "room:k" not in client.get(f"{PAGE}/tags?kind=IfcWall").text
    assert "没有可以打印的标签" in client.get(f"{PAGE}/tags?storey=nowhere").text


def test_only_who_may_read_models_of_this_building_sees_any_of_it(city: City) -> None:
    near, insurer = browser(city, "near_duty_officer"), browser(city, "insurer")
    paths = (
        "/scene.json",
        "/live.json",
        "/search.json?text=x",
        "/card?step=10",
        "/states",
        "/tags",
    )
    for path in ("", *paths):
        assert near.get(PAGE + path).status_code == 200
        assert near.get(PAGE.replace("near", "far") + path).status_code == 404
        assert insurer.get(PAGE + path).status_code == 403


def test_a_revision_of_another_building_is_not_shown(city: City) -> None:
    scene = told(browser(city), "/scene.json?model=bm-far&revision=br-far")
    assert scene["revision"] == "br-near"
    assert client_text(city, "?revision=br-far").count("br-far") == 0


def client_text(city: City, query: str) -> str:
    return browser(city).get(PAGE + query).text


def test_modules_under_the_mark_of_all_may_be_kept_and_others_not(city: City) -> None:
    client = browser(city)
    kept = client.get(f"/static/{tree_mark()}/js/viewer/page.js")
    assert kept.status_code == 200
    assert "immutable" in kept.headers["cache-control"]
    assert client.get("/static/js/viewer/page.js").headers["cache-control"] == "no-cache"
    assert client.get("/static/m-0000000000/js/viewer/page.js").status_code == 404
