"""A technician's acts, certificates and readings by hand through the API."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from domain.clock import HOUR_NS, MINUTE_NS
from domain.ids import same_id
from domain.readings import ReadingBatch
from domain.sensors import Segment, SegmentReason
from tests.api_city import NOW_NS, City, make_city

SENSOR = "/api/v1/buildings/b-near/sensors/s-near"
HAND = "/api/v1/buildings/b-near/by-hand"
CARD = same_id("by hand", "h-near", "")


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    judged = Segment("z-near", "c-near-x", NOW_NS - HOUR_NS, SegmentReason.INSTALL, offset=1.0)
    made.records.register.put_segment(judged, "pipeline")
    yield made
    made.close()


@pytest.fixture
def technician(city: City) -> TestClient:
    return city.client("near_technician")


def put(client: TestClient, act_id: str, **body: Any) -> Any:
    return client.put(f"{SENSOR}/acts/{act_id}", json={"reason": "支架被碰", **body})


def test_a_preview_says_where_the_series_goes_on_and_writes_nothing(
    city: City, technician: TestClient
) -> None:
    revision = city.records.register.revision()
    body = {"kind": "re-zero", "reason": "支架被碰"}
    lines = technician.post(f"{SENSOR}/acts/preview", json=body).json()["lines"]
    # the last readings were 5 to 9, the offset is 1
    assert [(line["axis"], line["before"], line["start"]) for line in lines] == [
        ("x", 8.0, 8.0),
        ("y", None, None),
    ]
    assert city.records.register.revision() == revision


def test_an_act_is_done_once_and_undone_by_another(city: City, technician: TestClient) -> None:
    first = put(technician, "act-1", kind="re-zero")
    again = put(technician, "act-1", kind="re-zero")
    assert (first.status_code, again.status_code) == (201, 200)
    assert put(technician, "act-1", kind="swap", facts={"serial": "2"}).status_code == 409
    opened = first.json()["act"]["segments"]
    assert put(technician, "act-2", kind="undo", undoes="act-1").json()["withdrawn"] == sorted(
        opened
    )
    book = technician.get(f"{SENSOR}/acts").json()
    assert [(act["id"], act["undone"]) for act in book[:2]] == [("act-2", False), ("act-1", True)]
    segments = technician.get("/api/v1/buildings/b-near/segments").json()
    gone = {s["id"] for s in segments if s["withdrawn_at"]}
    assert gone == set(opened)


def test_raw_and_adjusted_readings_both_stay_readable(city: City, technician: TestClient) -> None:
    done = put(
        technician, "act-1", kind="calibration", scales={"c-near-x": 2.0},
        at="2026-11-23T05:30:00Z",
    )  # fmt: skip
    assert done.status_code == 201
    city.readings.append(ReadingBatch.of(["c-near-x"], [NOW_NS - MINUTE_NS], [9.0]))
    window = {"start": "2026-11-22T00:00:00Z", "end": "2026-11-24T00:00:00Z", "adjusted": "true"}
    rows = technician.get("/api/v1/channels/c-near-x/readings", params=window).json()["items"]
    assert [(row["value"], row["adjusted"]["series_value"]) for row in rows[-2:]] == [
        (9.0, 10.0),
        (9.0, 12.0),
    ]


@pytest.mark.parametrize("role", ["inspector", "bureau", "duty_officer", "insurer", "operator"])
def test_others_may_not(city: City, role: str) -> None:
    body = {"kind": "re-zero", "reason": "x"}
    assert city.client(role).put(f"{SENSOR}/acts/act-1", json=body).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "re-zero", "reason": " "}, 422),
        ({"kind": "re-zero", "at": "2026-11-23T06:00:01Z"}, 422),
        ({"kind": "survey"}, 422),
        ({"kind": "survey", "surveys": {"c-far-x": 1.0}}, 422),
        ({"kind": "calibration", "scales": {"c-near-x": 0.0}}, 422),
        ({"kind": "certificate", "facts": {"certificate_until": "2026-02-30"}}, 422),
        ({"kind": "undo", "undoes": "act-far"}, 422),
    ],
)
def test_what_cannot_be_is_refused(technician: TestClient, body: Any, status: int) -> None:
    answer = put(technician, "act-9", **body)
    assert answer.status_code == status, answer.text
    assert [act["id"] for act in technician.get(f"{SENSOR}/acts").json()] == ["act-near"]


def test_a_push_is_read_off_the_newest_readings(city: City, technician: TestClient) -> None:
    at = NOW_NS - np.arange(9, -1, -1, dtype=np.int64) * (MINUTE_NS // 2)
    values = np.where(np.arange(10) < 6, 0.0, -2.0)
    for axis, moved in (("x", values), ("y", 0 * values)):
        city.readings.append(ReadingBatch.of([f"c-near-{axis}"] * 10, at, moved))
    params = {"pushed_deg": 90, "began": "2026-11-23T05:58:00Z"}
    told = technician.get(f"{SENSOR}/push-test", params=params).json()
    assert (told["axis"], told["sign"], told["x_azimuth_deg"]) == ("x", -1, 270.0)


def test_certificates_that_end_are_listed_within_one_s_part_of_the_city(
    city: City, technician: TestClient
) -> None:
    for place, until in (("near", "2026-11-22"), ("far", "2026-11-22")):
        sensor = next(
            s for s in city.records.register.site(f"b-{place}").sensors if s.id == f"s-{place}"
        )
        city.records.register.put_sensor(
            replace(sensor, version=2, certificate_until=until), "test"
        )
    (one,) = technician.get("/api/v1/certificates").json()
    assert (one["sensor_id"], one["days"], one["validity"]) == ("s-near", -1, "ended")
    renewed = put(
        technician, "act-1", kind="certificate", facts={"certificate_until": "2026-12-03"}
    )
    assert renewed.status_code == 201
    listed = [technician.get(f"/api/v1/certificates?days={days}").json() for days in (9, 10)]
    assert [len(found) for found in listed] == [0, 1]


def test_a_series_by_hand_is_begun_once(technician: TestClient) -> None:
    body = {"code": "S-01", "method": "total station", "place": "北墙"}
    first = technician.put(f"{HAND}/series/h-new", json=body)
    assert (first.status_code, len(first.json()["channels"])) == (201, 2)
    assert technician.put(f"{HAND}/series/h-new", json=body).status_code == 200
    assert technician.put(f"{HAND}/series/h-other", json=body).status_code == 409
    known = technician.get(f"{HAND}/series").json()
    assert [s["code"] for s in known] == ["C-01", "S-01"]


def test_readings_by_hand_are_entered_all_or_none(city: City, technician: TestClient) -> None:
    good = {
        "channel_id": CARD, "taken_at": "2026-11-20T01:00:00Z", "value": 0.4, "measured_by": "李"
    }  # fmt: skip
    path = f"{HAND}/sheets/sheet-1"
    for wrong in (
        {"value": -0.1},
        {"taken_at": "2026-11-24T01:00:00Z"},
        {"channel_id": "c-near-x"},
        {"channel_id": same_id("by hand", "h-far", "")},
    ):
        answer = technician.put(path, json={"readings": [good, good | wrong]})
        assert answer.status_code in {404, 422}, wrong
    assert len(technician.get(f"{HAND}/readings").json()) == 1
    done = technician.put(path, json={"readings": [good]})
    assert (done.status_code, done.json()["done_at"]) == (201, None)
    assert technician.put(path, json={"readings": [good]}).status_code == 200
    assert technician.put(path, json={"readings": [good | {"value": 9}]}).status_code == 409
    listed = technician.get(f"{HAND}/readings").json()
    assert [(r["value"], r["sheet"]["id"]) for r in listed] == [
        (0.3, "sheet-near"),
        (0.4, "sheet-1"),
    ]


def test_a_table_is_looked_through_before_anything_is_taken_in(technician: TestClient) -> None:
    def table(value: str) -> dict[str, Any]:
        text = f"测点,测量时间,数值,测量人\nC-01,2026-11-20 09:00,{value},李\n"
        return {"file": ("a.csv", text.encode(), "text/csv")}

    wrong = technician.post(f"{HAND}/import/preview", files=table("宽")).json()
    assert (wrong["ok"], wrong["problems"][0]["row"]) == (False, 2)
    assert technician.post(f"{HAND}/import", files=table("宽")).status_code == 422
    assert len(technician.get(f"{HAND}/readings").json()) == 1
    assert technician.post(f"{HAND}/import", files=table("0.4")).status_code == 201
    assert len(technician.get(f"{HAND}/readings").json()) == 2
    template = technician.get(f"{HAND}/template.csv")
    assert template.text.startswith("\ufeff测点")
