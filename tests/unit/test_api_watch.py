"""Alerts, findings, readings and accounts through the API."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.application import create_app
from domain.alerts import Alert
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, to_datetime
from domain.readings import QualityFlag
from domain.sensors import Segment, SegmentReason
from storage.records.alerts import RecordsAlerts
from tests.api_city import NOW_NS, City, batch, make_city

RED = "/api/v1/alerts/l-near-tilt"
YELLOW = "/api/v1/alerts/l-near-crack"
ALL = {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}


@pytest.fixture
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = make_city(tmp_path_factory.mktemp("city"))
    yield made
    made.close()


def test_alerts_come_worst_first_and_are_filtered(city: City) -> None:
    client = city.client("duty_officer")
    items = client.get("/api/v1/alerts").json()["items"]
    assert [item["level"] for item in items] == ["red", "red", "yellow", "yellow"]
    reds = client.get("/api/v1/alerts?level_min=orange").json()["items"]
    assert {item["cause"] for item in reds} == {"tilt"}
    one = client.get("/api/v1/alerts?building_id=b-near&state=open&state=acknowledged").json()
    assert len(one["items"]) == 2
    assert client.get("/api/v1/alerts?state=closed").json()["items"] == []
    ids: list[str] = []
    after = ""
    while after is not None:
        page = client.get(f"/api/v1/alerts?limit=1&after={after}").json()
        ids += [item["id"] for item in page["items"]]
        after = page["next"]
    assert ids == [item["id"] for item in items]


def test_an_alert_shows_what_holds_it_up_and_who_was_told(city: City) -> None:
    client = city.client("duty_officer")
    alert = client.get(RED).json()
    held = alert["contributions"][0]
    assert (held["rule"], held["value"], held["level"]) == ("tilt.total.h24", 11.0, "red")
    assert alert["opened_at"] == "2026-11-23T05:00:00Z"
    notices = client.get(f"{RED}/notices")
    assert [n["state"] for n in notices.json()] == ["pending"]
    assert "13800000000" not in notices.text
    assert "example.org" not in notices.text
    assert city.client("insurer").get(f"{RED}/notices").status_code == 403


def test_an_alert_is_taken_over_once(city: City) -> None:
    duty, admin = city.client("duty_officer"), city.client("administrator")
    done = duty.post(f"{RED}/acknowledge", json={"text": "on my way"})
    assert (done.status_code, done.json()["acknowledged_by"]) == (200, "duty-officer")
    assert duty.post(f"{RED}/acknowledge", json={}).json()["version"] == done.json()["version"]
    assert admin.post(f"{RED}/acknowledge", json={}).status_code == 409
    events = duty.get(f"{RED}/events").json()
    assert [(e["kind"], e["by"]) for e in events] == [
        ("opened", "system"),
        ("acknowledged", "duty-officer"),
    ]


def test_a_red_alert_is_closed_by_a_second_person_only(city: City) -> None:
    duty, admin = city.client("duty_officer"), city.client("administrator")
    reason = {"reason": "inspected on site"}
    assert duty.post(f"{RED}/close", json=reason).json()["state"] == "open"
    assert duty.post(f"{RED}/close", json=reason).status_code == 409
    closed = admin.post(f"{RED}/close", json=reason).json()
    assert (closed["state"], closed["closed_by"]) == ("closed", "administrator")
    assert admin.post(f"{RED}/close", json=reason).status_code == 409
    assert duty.post(f"{YELLOW}/close", json=reason).json()["state"] == "closed"


class Racing(RecordsAlerts):
    """The judgement changes the alert just before somebody's act is saved, so many times."""

    def __init__(self, city: City, times: int) -> None:
        super().__init__(city.records.database)
        self.times = times

    def save(self, alert: Alert, events: Any, notices: Any = ()) -> None:
        if self.times:
            self.times -= 1
            kept = self.alert(alert.id)
            assert kept is not None
            super().save(replace(kept, version=kept.version + 1), ())
        super().save(alert, events, notices)


@pytest.mark.parametrize(("times", "status"), [(0, 200), (1, 200), (2, 409)])
def test_an_act_that_meets_the_judgement_is_tried_once_more(
    city: City, times: int, status: int
) -> None:
    app = create_app(replace(city.services, alerts=Racing(city, times)))
    client = TestClient(app, headers=city.client("duty_officer").headers)
    assert client.post(f"{RED}/notes", json={"text": "seen"}).status_code == status
    notes = [e for e in city.records.alerts.events("l-near-tilt") if e.kind == "note"]
    assert len(notes) == (1 if status == 200 else 0)


def test_a_finding_carries_its_evidence(city: City) -> None:
    found = city.client("insurer").get("/api/v1/findings/f-near-1").json()
    assert found["details"] == {"x": 7.0, "note": "both axes"}
    assert (found["source"], found["limit"], found["unit"]) == ("JGJ 125-2016", 10.0, "‰")
    page = city.client("insurer").get("/api/v1/findings?building_id=b-near&limit=2").json()
    assert [item["id"] for item in page["items"]] == ["f-near-2", "f-near-1"]
    rest = city.client("insurer").get(
        f"/api/v1/findings?building_id=b-near&limit=2&after={page['next']}"
    )
    assert [item["id"] for item in rest.json()["items"]] == ["f-near-0"]


def test_readings_come_oldest_first_between_two_instants(city: City) -> None:
    client = city.client("insurer")
    path = "/api/v1/channels/c-near-x/readings"
    items = client.get(path, params=ALL).json()["items"]
    assert [item["value"] for item in items] == [float(i) for i in range(10)]
    first, last = items[2]["taken_at"], items[5]["taken_at"]
    some = client.get(path, params={"start": first, "end": last}).json()["items"]
    assert [item["value"] for item in some] == [2.0, 3.0, 4.0]
    backwards = client.get(path, params={"start": last, "end": first}).json()
    assert backwards == {"items": [], "next": None}
    local = {"start": "2026-11-23T04:02:00+08:00", "end": "2026-11-23T04:03:00+08:00"}
    assert [item["value"] for item in client.get(path, params=local).json()["items"]] == [2.0]


def test_adjusted_values_stand_beside_the_readings_when_asked_for(city: City) -> None:
    path = "/api/v1/channels/c-near-x/readings"
    client = city.client("near_duty_officer")
    city.records.register.put_segment(
        Segment("z-new", "c-near-x", NOW_NS - 10 * HOUR_NS + 5 * MINUTE_NS, SegmentReason.REZERO,
                2.5), "test",
    )  # fmt: skip
    plain = client.get(path, params=ALL).json()["items"]
    assert {item["adjusted"] for item in plain} == {None}
    page = client.get(path, params=ALL | {"adjusted": "true", "limit": 7}).json()
    series = [item["adjusted"]["series_value"] for item in page["items"]]
    # nobody has judged this channel: its datum is put right, the weather is still in it
    assert series[5:] == [item["value"] + 2.5 for item in page["items"][5:]]
    assert [item["adjusted"]["value"] for item in page["items"]] == series
    assert {item["adjusted"]["compensation"] for item in page["items"]} == {"absent"}
    rest = client.get(path, params=ALL | {"adjusted": "true", "after": page["next"]}).json()
    assert len(rest["items"]) == 3
    empty = {"start": "2001-01-01T00:00:00Z", "end": "2001-01-02T00:00:00Z", "adjusted": "true"}
    assert client.get(path, params=empty).json()["items"] == []
    assert client.get(path, params=ALL | {"adjusted": "yes"}).status_code == 422


def test_adjusted_values_of_a_foreign_channel_are_not_found(city: City) -> None:
    client = city.client("near_duty_officer")
    answer = client.get("/api/v1/channels/c-far-x/readings", params=ALL | {"adjusted": "true"})
    assert answer.status_code == 404


def test_readings_of_one_microsecond_are_paged_without_loss(city: City) -> None:
    count = 5
    taken_at = NOW_NS + np.arange(count, dtype=np.int64)
    fine = replace(
        batch("c-near-y", [float(i) for i in range(count)]),
        taken_at=taken_at,
        flag=np.full(count, QualityFlag.LATE | QualityFlag.SAME_INSTANT, np.uint16),
    )
    city.readings.append(fine)
    client = city.client("insurer")
    values: list[float] = []
    after = ""
    while after is not None:
        page = client.get(
            "/api/v1/channels/c-near-y/readings", params=ALL | {"limit": 2, "after": after}
        ).json()
        values += [item["value"] for item in page["items"]]
        after = page["next"]
    assert values == [0.0, 1.0, 2.0, 3.0, 4.0]
    latest = client.get("/api/v1/channels/c-near-y/readings/latest").json()
    assert latest["flags"] == ["late", "same_instant"]
    assert latest["taken_at"] == to_datetime(NOW_NS).isoformat().replace("+00:00", "Z")
    assert latest["age_s"] == pytest.approx((city.clock.now_ns() - NOW_NS) / 1e9, abs=1e-6)


def test_the_first_page_of_a_long_range_reads_little_of_it(city: City) -> None:
    asked: list[int] = []
    inner = city.readings

    class Watched:
        """Notes how wide the ranges are that are read."""

        def between(self, channel_id: str, start_ns: int, end_ns: int) -> Any:
            asked.append(end_ns - start_ns)
            return inner.between(channel_id, start_ns, end_ns)

    store: Any = Watched()
    app = create_app(replace(city.services, readings=store))
    client = TestClient(app, headers=city.client("insurer").headers)
    long = {"start": "1900-01-01T00:00:00Z", "end": "2199-01-01T00:00:00Z"}
    items = client.get("/api/v1/channels/c-near-x/readings", params=long).json()["items"]
    assert len(items) == 10
    assert len(asked) < 20
    asked.clear()
    soon = ALL | {"start": "2026-11-22T19:00:00Z", "limit": 1}
    client.get("/api/v1/channels/c-near-x/readings", params=soon)
    assert sum(asked) < DAY_NS


def test_a_range_is_downsampled_to_so_many_points(city: City) -> None:
    path = "/api/v1/channels/c-near-x/readings/downsampled"
    window = {"start": "2026-11-22T20:00:00Z", "end": "2026-11-22T20:10:00Z", "points": 2}
    spans = city.client("insurer").get(path, params=window).json()
    assert [(s["count"], s["low"], s["mean"], s["high"]) for s in spans] == [
        (5, 0.0, 2.0, 4.0),
        (5, 5.0, 7.0, 9.0),
    ]


def test_a_channel_without_readings_has_no_latest(city: City) -> None:
    client = city.client("insurer")
    assert client.get("/api/v1/channels/c-near-y/readings/latest").status_code == 404
    assert client.get("/api/v1/channels/c-near-y/readings", params=ALL).json()["items"] == []
    latest = client.get("/api/v1/buildings/b-near/readings/latest").json()
    assert [(each["channel_id"], each["value"]) for each in latest] == [("c-near-x", 9.0)]


@pytest.mark.parametrize(
    "start", ["2026-11-23", "1700000000", "2026-11-23T06:00:00", "2026-11-23 06:00:00Z", "x"]
)
def test_an_instant_is_rfc_3339_with_its_offset(city: City, start: str) -> None:
    path = "/api/v1/channels/c-near-x/readings"
    answer = city.client("insurer").get(path, params={"start": start, "end": ALL["end"]})
    assert answer.status_code == 422


def test_the_account_adds_up(city: City) -> None:
    client = city.client("operator")
    account = client.get("/api/v1/accounts?gateway_id=g-near").json()
    for row in (account["total"], account["items"][0]):
        assert row["sent"] == (
            row["stored"] + row["rejected"] + row["quarantined"] + row["missing"]
        )
    none = client.get("/api/v1/accounts?last=2026-11-22").json()
    assert (none["items"], none["total"]["sent"]) == ([], 0)


def test_refusals_are_shown_with_reason_and_sample(city: City) -> None:
    client = city.client("operator")
    items = client.get("/api/v1/refusals").json()["items"]
    assert {item["id"] for item in items} == {"q-near", "q-far", "q-unknown"}
    assert items[0]["sample"] == "\\xff{}"
    near = city.client("near_operator").get("/api/v1/refusals?limit=1").json()
    assert ([item["id"] for item in near["items"]], near["next"]) == (["q-near"], None)
    counts = client.get("/api/v1/refusals/counts").json()
    assert {count["gateway_id"] for count in counts} == {"g-near", "g-far", "g-unknown"}
