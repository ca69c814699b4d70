"""Models, elements, places and defects over the API."""

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from domain.ports import Page
from tests.api_city import City, make_city
from tests.model_city import GLB, add_models

API = "/api/v1"
FILE = {"file": ("../模型 1.ifc", b"ISO-10303-21; one", "application/x-step")}
MESH = f"{API}/revisions/br-near/mesh"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = make_city(tmp_path_factory.mktemp("city"))
    add_models(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def bureau(city: City) -> TestClient:
    return city.client("near_bureau")


@pytest.fixture(scope="module")
def officer(city: City) -> TestClient:
    return city.client("near_duty_officer")


def test_a_model_is_made_once_and_its_files_are_queued_once(city: City, bureau: TestClient) -> None:
    path = f"{API}/buildings/b-near/models"
    made = bureau.post(path, json={"name": "结构", "discipline": "structure"})
    assert made.status_code == 201
    model = made.json()
    assert (model["live_revision"], model["newest_revision"]) == (None, None)
    assert made.headers["Location"] == f"{API}/models/{model['id']}"
    again = bureau.post(path, json={"name": "结构", "discipline": "structure"})
    assert (again.status_code, again.json()) == (200, model)
    own = {"id": "mine-1", "name": "设备", "discipline": "services"}
    assert bureau.post(path, json=own).status_code == 201
    assert bureau.post(path, json=own).status_code == 200
    assert bureau.post(path, json=own | {"name": "x"}).status_code == 409
    assert bureau.post(path, json=own | {"id": "bm-far"}).status_code == 404

    uploads = f"{API}/models/{model['id']}/revisions"
    sent = bureau.post(uploads, files=FILE)
    assert sent.status_code == 202
    revision = sent.json()
    assert (revision["number"], revision["state"], revision["file_name"], revision["by"]) == (
        1, "queued", "模型 1.ifc", "near-bureau",
    )  # fmt: skip
    assert sent.headers["Location"] == f"{API}/revisions/{revision['id']}"
    assert bureau.get(sent.headers["Location"]).json() == revision
    assert bureau.get(f"{API}/revisions/{revision['id']}").headers["ETag"] == '"1"'
    twice = bureau.post(uploads, files=FILE)
    assert (twice.status_code, twice.json()) == (200, revision)
    assert [one["id"] for one in bureau.get(uploads).json()] == [revision["id"]]
    assert bureau.get(made.headers["Location"]).json()["newest_revision"] == revision["id"]
    assert [r.id for r in city.records.models.unfinished_revisions()] == [revision["id"]]
    assert bureau.get(f"{API}/revisions/{revision['id']}/mesh").status_code == 404
    kept = bureau.get(f"{API}/revisions/{revision['id']}/file")
    assert kept.content == FILE["file"][1]
    assert kept.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''%E6%A8%A1%E5%9E%8B%201.ifc"
    )
    lines = city.records.audit.audit(Page(), object_id=revision["id"])
    assert [(line[1], line[2]) for line in lines] == [("near-bureau", "revision added")]


def test_an_upload_that_is_empty_or_too_large_says_so_and_is_not_kept(
    city: City, bureau: TestClient
) -> None:
    path = f"{API}/models/bm-near/revisions"
    empty = bureau.post(path, files={"file": ("a.ifc", b"", "")})
    assert (empty.status_code, empty.json()["code"]) == (422, "empty")
    large = bureau.post(path, files={"file": ("a.ifc", b"x" * 100_001, "")})
    assert (large.status_code, large.json()["code"]) == (413, "too large")
    # what is far too large is not even read
    huge = bureau.post(path, files={"file": ("a.ifc", b"x" * 300_000, "")})
    assert (huge.status_code, huge.json()["detail"]) == (413, "a body may have 200,000 bytes")
    assert len(city.records.models.revisions("bm-near")) == 1
    assert bureau.post(path, json={}).status_code == 422


def test_shapes_come_whole_packed_or_in_parts_and_not_again(officer: TestClient) -> None:
    plain = {"Accept-Encoding": "identity"}
    whole = officer.get(MESH, headers=plain)
    assert (whole.status_code, whole.content) == (200, GLB)
    assert whole.headers["Content-Type"] == "model/gltf-binary"
    assert whole.headers["Content-Length"] == str(len(GLB))
    assert whole.headers["Cache-Control"] == "private, no-cache"
    tag = whole.headers["ETag"]
    with officer.stream("GET", MESH, headers={"Accept-Encoding": "br, gzip;q=0.5"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(b"".join(packed.iter_raw())) == GLB
        packed_tag = packed.headers["ETag"]
    assert packed_tag != tag
    assert officer.get(MESH, headers={"Accept-Encoding": "gzip;q=0"}).headers["ETag"] == tag
    for known in (tag, packed_tag, f'"x", W/{tag}', "*"):
        same = officer.get(MESH, headers={"If-None-Match": known})
        assert (same.status_code, same.content) == (304, b"")
    assert officer.get(MESH, headers={"If-None-Match": '"x"'}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-3", GLB[:4]), ("bytes=4-", GLB[4:]), ("bytes=-5", GLB[-5:]),
        ("bytes=10-9999999", GLB[10:]), ("bytes=-9999999", GLB),
    ],
)  # fmt: skip
def test_a_part_of_the_shapes_is_answered_as_asked(
    officer: TestClient, asked: str, part: bytes
) -> None:
    answer = officer.get(MESH, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, part)
    first = len(GLB) - len(part) if part != GLB[:4] else 0
    told = f"bytes {first}-{first + len(part) - 1}/{len(GLB)}"
    assert answer.headers["Content-Range"] == told


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Range": f"bytes={len(GLB)}-"}, 416), ({"Range": "bytes=-0"}, 416),
        ({"Range": "bytes=5-4"}, 200), ({"Range": "bytes=0-1,4-5"}, 200),
        ({"Range": "lines=0-1"}, 200), ({"Range": "bytes=-"}, 200),
        ({"Range": "bytes=0-1", "If-Range": '"other"'}, 200),
    ],
)  # fmt: skip
def test_what_cannot_be_a_part_is_refused_or_answered_whole(
    officer: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = officer.get(MESH, headers=headers)
    assert answer.status_code == status
    if status == 416:
        assert answer.headers["Content-Range"] == f"bytes */{len(GLB)}"
        assert answer.headers["Content-Type"] == "application/problem+json"
    else:
        assert answer.content == GLB


def test_elements_are_searched_paged_and_read_with_their_properties(officer: TestClient) -> None:
    path = f"{API}/revisions/br-near/elements"
    first = officer.get(path, params={"limit": 1}).json()
    assert ([one["step_id"] for one in first["items"]], first["next"]) == ([10], "10")
    second = officer.get(path, params={"limit": 1, "after": "10"}).json()
    assert ([one["step_id"] for one in second["items"]], second["next"]) == ([20], None)
    for asked, steps in (
        ({"text": "东墙 IFCWALL"}, [10]),
        ({"storey": "1st"}, [10]),
        ({"storey": ""}, [20]),
        ({"ifc_class": "IfcDoor"}, [20]),
        ({"text": "门"}, []),
    ):
        found = officer.get(path, params=asked).json()["items"]
        assert [one["step_id"] for one in found] == steps, asked
    assert officer.get(path, params={"after": "wall"}).status_code == 422
    (storey,) = officer.get(f"{API}/revisions/br-near/storeys").json()
    assert storey == {"global_id": "1st", "name": "一层", "elevation_m": 0.0}
    element = officer.get(f"{API}/elements/el-near").json()
    assert (element["building_id"], element["retired_revision"]) == ("b-near", None)
    assert element["seen"]["properties"] == [
        {"set": "Pset_WallCommon", "name": "FireRating", "value": "2", "unit": "h"}
    ]
    assert element["seen"]["box"] == [0.0, 0.0, 0.0, 4.0, 0.2, 3.0]


def place(**more: Any) -> dict[str, Any]:
    """Make a place told in words."""
    return {"building_id": "b-near", "picked_by": "text", "storey": "2 层", "side": "东侧"} | more


def test_a_place_is_told_corrected_and_taken_back(city: City, officer: TestClient) -> None:
    path = f"{API}/anchors/words-1"
    made = officer.put(path, json=place())
    assert (made.status_code, made.json()["hold"], made.json()["by"]) == (
        201, "spatial only", "near-duty-officer",
    )  # fmt: skip
    assert officer.put(path, json=place()).status_code == 200
    assert officer.put(path, json=place(room="厨房")).status_code == 409
    tag = officer.get(path).headers["ETag"]
    on_wall = place(element_id="el-near", revision_seen="br-near", point=[1.0, 0.0, 1.5])
    moved = officer.put(path, json=on_wall, headers={"If-Match": tag})
    assert (moved.status_code, moved.json()["hold"], moved.json()["version"]) == (200, "linked", 2)
    assert moved.json()["made_at"] == made.json()["made_at"]
    assert officer.put(path, json=place(), headers={"If-Match": tag}).status_code == 412
    listed = f"{API}/buildings/b-near/anchors"
    assert "words-1" in {one["id"] for one in officer.get(listed).json()}
    assert officer.delete(path).status_code == 204
    assert officer.delete(path).status_code == 204
    assert "words-1" not in {one["id"] for one in officer.get(listed).json()}
    back = {one["id"]: one for one in officer.get(listed, params={"withdrawn": True}).json()}
    assert back["words-1"]["withdrawn_at"] is not None
    assert officer.get(path).status_code == 200
    # one that a sensor is tied to stays
    assert officer.delete(f"{API}/anchors/an-near").status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"building_id": "b-near", "picked_by": "text"},
        place(picked_by="guess"),
        place(element_id="el-far"),
        place(element_id="el-none"),
        place(revision_seen="br-far"),
        place(point=[1.0, 2.0]),
        place(point=[1e9, 0.0, 0.0]),
        place(local_uvw=[0.5, 0.5, 0.5]),
        place(local_uvw=[0.5, 0.5, 1.5]),
        place(wgs84=[28.6, 115.8]),
        place(hold="linked"),
        place(point=["1", 2, 3]),
    ],
)
def test_a_place_that_cannot_be_is_not_taken(officer: TestClient, wrong: dict[str, Any]) -> None:
    answer = officer.put(f"{API}/anchors/wrong-1", json=wrong)
    assert answer.status_code == 422, answer.text
    assert officer.get(f"{API}/anchors/wrong-1").status_code == 404


def test_a_sensor_is_tied_moved_and_asked_for_by_time(officer: TestClient) -> None:
    officer.put(f"{API}/anchors/tie-place", json=place())
    tie = {"sensor_id": "s-near", "anchor_id": "tie-place", "role": "monitors",
           "valid_from": "2026-11-01T00:00:00Z"}  # fmt: skip
    path = f"{API}/monitors/tie-1"
    assert officer.put(path, json=tie).status_code == 201
    ended = tie | {"valid_to": "2026-11-10T00:00:00Z", "orientation": [1, 0, 0, 0]}
    assert officer.put(path, json=ended).status_code == 409
    done = officer.put(path, json=ended, headers={"If-Match": '"1"'})
    assert (done.status_code, done.json()["orientation"]) == (200, [1.0, 0.0, 0.0, 0.0])
    listed = f"{API}/buildings/b-near/monitors"

    def ids(**asked: str) -> set[str]:
        return {one["id"] for one in officer.get(listed, params=asked).json()}

    assert ids() == {"mo-near", "tie-1"}
    assert ids(at="2026-11-05T00:00:00Z") == {"tie-1"}
    assert ids(at="2026-11-10T00:00:00Z") == set()
    assert ids(sensor_id="s-near") == {"mo-near", "tie-1"}
    for wrong in (
        tie | {"valid_to": tie["valid_from"]},
        tie | {"orientation": [0.5, 0, 0, 0]},
        tie | {"role": "near"},
    ):
        assert officer.put(f"{API}/monitors/tie-2", json=wrong).status_code == 422
    assert officer.put(f"{API}/monitors/t", json=tie | {"sensor_id": "s-none"}).status_code == 404


def test_a_defect_is_told_twice_kept_once_and_followed(officer: TestClient) -> None:
    crack = {"building_id": "b-near", "anchor_id": "an-near", "code": "crack", "severity": 2,
             "title": "窗角斜裂缝", "value": 0.4, "unit": "mm",
             "sensor_ids": ["s-near"]}  # fmt: skip
    path = f"{API}/defects/crack-1"
    made = officer.put(path, json=crack)
    assert made.status_code == 201
    assert officer.put(path, json=crack).json() == made.json()
    watched = officer.put(path, json=crack | {"status": "watched"}, headers={"If-Match": '"1"'})
    assert (watched.json()["status"], watched.json()["found_at"]) == (
        "watched", made.json()["found_at"],
    )  # fmt: skip
    wider = crack | {"value": 0.6, "continues": "crack-1", "found_at": "2026-11-23T07:00:00Z"}
    assert officer.put(f"{API}/defects/crack-2", json=wider).status_code == 201
    listed = officer.get(f"{API}/buildings/b-near/defects").json()
    assert [one["id"] for one in listed][:1] == ["crack-2"]
    assert officer.get(path).headers["ETag"] == '"2"'
    for wrong in ({"code": "ghost"}, {"severity": 4}, {"severity": 1.5}, {"continues": "de-far"},
                  {"sensor_ids": ["s-far"]}, {"anchor_id": "an-far"}):  # fmt: skip
        assert officer.put(f"{API}/defects/d-9", json=crack | wrong).status_code == 422, wrong


def test_the_rooms_of_a_house_are_told_and_changed(officer: TestClient, city: City) -> None:
    path = f"{API}/buildings/b-near/rooms"
    kept = officer.get(path)
    assert [one["name"] for one in kept.json()["rooms"]] == ["厨房 near"]
    body = {name: kept.json()[name] for name in ("storeys", "rooms", "axes")}
    assert officer.put(path, json=body).status_code == 200
    more = body | {"axes": [["1", "x", 0.0], ["Ａ", "y", 3.6]]}
    assert officer.put(path, json=more).status_code == 409
    done = officer.put(path, json=more, headers={"If-Match": kept.headers["ETag"]})
    assert (done.status_code, done.json()["version"]) == (200, 2)
    assert done.json()["axes"] == [["1", "x", 0.0], ["Ａ", "y", 3.6]]
    lost = body | {"storeys": []}
    assert officer.put(path, json=lost, headers={"If-Match": "*"}).status_code == 422
    inspector = city.client("inspector")
    assert inspector.get(f"{API}/buildings/b-far/rooms").json()["by"] == ""
    assert city.client("near_insurer").get(path).status_code == 403


def test_a_building_without_rooms_says_so(city: City) -> None:
    administrator = city.client("administrator")
    building = administrator.get(f"{API}/buildings/b-near").json()
    names = ("name", "address", "district", "street", "community", "longitude", "latitude")
    wanted = {name: building[name] for name in names}
    assert administrator.put(f"{API}/buildings/b-new", json=wanted | {"code": "N"}).is_success
    assert administrator.get(f"{API}/buildings/b-new/rooms").status_code == 404
    assert administrator.get(f"{API}/buildings/b-new/models").json() == []
    assert administrator.put(f"{API}/buildings/b-new/rooms", json={}).status_code == 201
