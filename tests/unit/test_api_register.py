"""The register through the API: repeatable puts, paging, import, users."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.api_city import PASSWORD, City, building, make_city

FACTS = {
    "code": "NEW",
    "name": "新楼",
    "address": "",
    "district": "360102",
    "street": "",
    "community": "",
    "longitude": 115.9,
    "latitude": 28.7,
}
TITLES = "code,name,address,district,longitude,latitude,structure,storeys_above,height_m\n"


@pytest.fixture
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = make_city(tmp_path_factory.mktemp("city"))
    yield made
    made.close()


def test_a_put_can_be_repeated_and_counts_once(city: City) -> None:
    bureau = city.client("bureau")
    first = bureau.put("/api/v1/buildings/b-new", json=FACTS)
    again = bureau.put("/api/v1/buildings/b-new", json=FACTS)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert again.headers["ETag"] == '"1"'
    assert again.json()["grade"] is None


def test_a_change_needs_the_etag_that_was_read(city: City) -> None:
    bureau = city.client("bureau")
    path = "/api/v1/buildings/b-near"
    etag = bureau.get(path).headers["ETag"]
    changed = FACTS | {"code": "CODE-near", "households": 12}
    assert bureau.put(path, json=changed).status_code == 409
    assert bureau.put(path, json=changed, headers={"If-Match": '"9"'}).status_code == 412
    done = bureau.put(path, json=changed, headers={"If-Match": etag})
    assert (done.status_code, done.json()["version"]) == (200, 2)
    late = bureau.put(path, json=changed | {"name": "x"}, headers={"If-Match": etag})
    assert late.status_code == 412
    # the answer was lost and the same request comes again: it is done already
    assert bureau.put(path, json=changed, headers={"If-Match": etag}).status_code == 200


def test_an_object_that_is_not_there_is_at_no_etag(city: City) -> None:
    answer = city.client("bureau").put(
        "/api/v1/buildings/b-new", json=FACTS, headers={"If-Match": "*"}
    )
    assert answer.status_code == 412


@pytest.mark.parametrize(
    "change",
    [
        {"longitude": 181},
        {"longitude": "115.9"},
        {"longitude": True},
        {"height_m": 0},
        {"storeys_above": True},
        {"storeys_above": 1.5},
        {"substandard": 1},
        {"district": "36010"},
        {"grade": "A"},
        {"version": 1},
        {"heritage": "world"},
        {"name": " "},
    ],
)
def test_facts_that_cannot_be_are_refused_with_their_field(
    city: City, change: dict[str, Any]
) -> None:
    answer = city.client("bureau").put("/api/v1/buildings/b-new", json=FACTS | change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == f"body.{next(iter(change))}"


def test_a_taken_code_is_a_conflict(city: City) -> None:
    answer = city.client("bureau").put("/api/v1/buildings/b-new", json=FACTS | {"code": "CODE-far"})
    assert answer.status_code == 409


def test_pages_follow_each_other_without_gap_or_repeat(city: City) -> None:
    for number in range(7):
        one = building("near", "360102" if number % 2 else "360103")
        one = replace(one, id=f"b-{number}", code=f"{number}", street="s" if number < 3 else "t")
        city.records.register.put_building(one, "test")
    for user, expected in (("inspector", 9), ("near_inspector", 4)):
        client = city.client(user)
        ids: list[str] = []
        after = ""
        while True:
            page = client.get(f"/api/v1/buildings?limit=2&after={after}").json()
            ids += [item["id"] for item in page["items"]]
            assert len(page["items"]) <= 2
            if page["next"] is None:
                break
            after = page["next"]
        assert ids == sorted(set(ids))
        assert len(ids) == expected


def test_buildings_are_found_by_text_and_district(city: City) -> None:
    client = city.client("inspector")
    found = client.get("/api/v1/buildings?text=CODE-far").json()["items"]
    assert [(item["id"], item["grade"]) for item in found] == [("b-far", "C")]
    found = client.get("/api/v1/buildings?district=360102").json()["items"]
    assert [item["id"] for item in found] == ["b-near"]
    near = city.client("near_inspector")
    assert near.get("/api/v1/buildings?district=360103").json() == {"items": [], "next": None}


def test_scopes_of_street_and_building_show_just_those(city: City) -> None:
    admin = city.client("administrator")
    for scope in (
        {"kind": "street", "value": "street-far"},
        {"kind": "building", "value": "b-far"},
    ):
        body = {
            "name": "inspector",
            "display_name": "x",
            "role": "inspector",
            "scopes": [scope],
        }
        answer = admin.put("/api/v1/users/u-inspector", json=body, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        client = city.client("inspector")
        assert [b["id"] for b in client.get("/api/v1/buildings").json()["items"]] == ["b-far"]
        assert {a["building_id"] for a in client.get("/api/v1/alerts").json()["items"]} == {"b-far"}
        assert client.get("/api/v1/buildings/b-near").status_code == 404


def test_a_building_that_is_put_into_a_scope_is_seen_from_then_on(city: City) -> None:
    near = city.client("near_inspector")
    assert len(near.get("/api/v1/alerts").json()["items"]) == 2
    kept = city.records.register.building("b-far")
    assert kept is not None
    city.records.register.put_building(replace(kept, district="360102", version=2), "test")
    assert len(near.get("/api/v1/alerts").json()["items"]) == 4


def test_a_segment_is_the_same_after_its_first_reading_fixed_the_offset(city: City) -> None:
    bureau = city.client("bureau")
    path = "/api/v1/buildings/b-near/segments/z-new"
    body = {"channel_id": "c-near-x", "opened_at": "2026-11-23T05:00:00Z", "reason": "re-zero"}
    assert bureau.put(path, json=body).status_code == 201
    kept = next(s for s in city.records.register.site("b-near").segments if s.id == "z-new")
    city.records.register.put_segment(replace(kept, offset=0.25, absolute=True), "pipeline")
    again = bureau.put(path, json=body)
    assert (again.status_code, again.json()["offset"]) == (200, 0.25)
    assert bureau.put(path, json=body | {"survey": 1.5}).status_code == 409
    etag = again.headers["ETag"]
    done = bureau.put(path, json=body | {"survey": 1.5}, headers={"If-Match": etag})
    # what counts is never written over: a survey is a segment of its own
    assert done.status_code == 409
    done = bureau.put(f"{path}-2", json=body | {"survey": 1.5})
    assert (done.json()["absolute"], done.json()["offset"]) == (True, None)


def test_a_channel_takes_its_sensors_gateway(city: City) -> None:
    bureau = city.client("bureau")
    body = {"sensor_id": "s-near", "address": "T1.t", "kind": "temperature", "unit": "°C"}
    answer = bureau.put("/api/v1/buildings/b-near/channels/c-new", json=body)
    assert (answer.status_code, answer.json()["gateway_id"]) == (201, "g-near")


def test_a_sensor_keeps_its_gateway_while_it_has_channels(city: City) -> None:
    body = {"gateway_id": "g-far", "code": "T1", "kind": "tilt"}
    answer = city.client("bureau").put(
        "/api/v1/buildings/b-near/sensors/s-near", json=body, headers={"If-Match": "*"}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body.gateway_id"


def test_a_gateways_secret_is_neither_shown_nor_lost(city: City) -> None:
    bureau = city.client("bureau")
    answer = bureau.put(
        "/api/v1/gateways/g-near", json={"name": "renamed"}, headers={"If-Match": '"1"'}
    )
    assert answer.json()["version"] == 2
    assert "5555" not in answer.text
    kept = city.records.register.gateway("g-near")
    assert kept is not None
    assert kept.secret_sha256 == "5" * 64


def test_a_table_is_imported_whole_or_not_at_all(city: City) -> None:
    bureau = city.client("bureau")
    good = TITLES + "I-1,楼一,路,360102,115.9,28.7,砖混,6,18.6\n"
    bad = good + "I-2,楼二,路,360102,999,28.7,砖混,6,18.6\n"
    url = "/api/v1/buildings/import"

    def file(text: str) -> dict[str, Any]:
        return {"file": ("buildings.csv", text.encode(), "text/csv")}

    preview = bureau.post(f"{url}/preview", files=file(bad)).json()
    assert (preview["ok"], preview["rows"], preview["buildings"]) == (False, 2, 1)
    assert [(p["row"], p["column"]) for p in preview["problems"]] == [(3, "longitude")]
    assert bureau.post(url, files=file(bad)).status_code == 422
    assert "I-1" not in city.records.register.building_codes()
    assert bureau.post(f"{url}/preview", files=file(good)).json()["ok"]
    done = bureau.post(url, files=file(good))
    assert done.status_code == 201
    assert bureau.get(f"/api/v1/buildings/{done.json()['ids'][0]}").json()["code"] == "I-1"
    again = bureau.post(f"{url}/preview", files=file(good)).json()
    assert again["existing"] == ["I-1"]


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"PK\x03\x04 no zip", b"a,b\n1,2\n"])
def test_what_is_no_table_of_buildings_is_refused(city: City, content: bytes) -> None:
    answer = city.client("bureau").post(
        "/api/v1/buildings/import/preview", files={"file": ("x.xlsx", content)}
    )
    assert answer.status_code == 422


def test_an_upload_may_be_larger_than_json_but_not_without_end(city: City) -> None:
    bureau = city.client("bureau")
    for size, status in ((2_000_000, 422), (20_000_001, 413)):
        answer = bureau.post(
            "/api/v1/buildings/import/preview", files={"file": ("x.csv", b"\x01" * size)}
        )
        assert answer.status_code == status, answer.text


def test_a_new_user_logs_in_once_a_password_is_set(city: City) -> None:
    admin = city.client("administrator")
    body = {
        "name": "new-officer",
        "display_name": "新值班员",
        "role": "duty officer",
        "scopes": [{"kind": "district", "value": "360102"}],
    }
    assert admin.put("/api/v1/users/u-new", json=body).status_code == 201
    log_in = {"name": "new-officer", "password": PASSWORD}
    nobody = city.client()
    assert nobody.post("/api/v1/session", json=log_in).status_code == 403
    short = {"password": "short"}
    assert admin.put("/api/v1/users/u-new/password", json=short).status_code == 422
    good = {"password": PASSWORD}
    assert admin.put("/api/v1/users/u-new/password", json=good).status_code == 204
    assert nobody.post("/api/v1/session", json=log_in).status_code == 201
    assert admin.put("/api/v1/users/u-new", json=body).status_code == 200
    assert nobody.post("/api/v1/session", json=log_in).status_code == 201
    assert "argon2" not in admin.get("/api/v1/users").text


def test_rights_that_are_taken_away_are_gone_in_the_next_request(city: City) -> None:
    browser = city.browser("duty_officer")
    body = {
        "name": "duty-officer",
        "display_name": "x",
        "role": "insurer",
        "scopes": [{"kind": "district", "value": "360102"}],
    }
    note = {"text": "x"}
    assert browser.post("/api/v1/alerts/l-far-tilt/notes", json=note).status_code == 200
    admin = city.client("administrator")
    path = "/api/v1/users/u-duty_officer"
    assert admin.put(path, json=body, headers={"If-Match": "*"}).status_code == 200
    assert browser.post("/api/v1/alerts/l-near-tilt/notes", json=note).status_code == 403
    assert browser.get("/api/v1/alerts/l-far-tilt").status_code == 404
    off = body | {"active": False}
    assert admin.put(path, json=off, headers={"If-Match": "*"}).status_code == 200
    assert browser.get("/api/v1/session").status_code == 401


def test_an_administrator_cannot_lock_themselves_out(city: City) -> None:
    admin = city.client("administrator")
    body = {
        "name": "administrator",
        "display_name": "x",
        "role": "administrator",
        "scopes": [{"kind": "city"}],
    }
    path = "/api/v1/users/u-administrator"
    for change in ({"role": "insurer"}, {"active": False}, {"scopes": []}):
        answer = admin.put(path, json=body | change, headers={"If-Match": "*"})
        assert answer.status_code == 409
    assert admin.put(path, json=body, headers={"If-Match": "*"}).status_code == 200


def test_the_audit_names_who_changed_what_and_goes_on_page_by_page(city: City) -> None:
    admin = city.client("administrator")
    city.client("bureau").put("/api/v1/buildings/b-new", json=FACTS)
    lines = admin.get("/api/v1/audit?object_id=b-new").json()["items"]
    assert [(line["by"], line["action"]) for line in lines] == [("bureau", "building added")]
    whole = admin.get("/api/v1/audit?limit=1000").json()["items"]
    pages: list[Any] = []
    after = ""
    while after is not None:
        page = admin.get(f"/api/v1/audit?limit=7&after={after}").json()
        pages += page["items"]
        after = page["next"]
    assert pages == whole
