"""Assessments, labels, budget and context events through the API."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from domain.assessments import SuspectedGrade
from domain.clock import DAY_NS, HOUR_NS, to_datetime
from domain.jobs import RunState
from tests.api_city import NOW_NS, City, assessed, make_city

API = "/api/v1"


@pytest.fixture
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = make_city(tmp_path_factory.mktemp("city"))
    yield made
    made.close()


def moment(at_ns: int) -> str:
    return to_datetime(at_ns).isoformat().replace("+00:00", "Z")


def keep(city: City, id_: str, **changes: Any) -> None:
    row = assessed("near")
    made_at_ns = changes.pop("made_at_ns", NOW_NS)
    made = replace(row.assessment, id=id_, **changes)
    city.records.assessments.put([replace(row, assessment=made, made_at_ns=made_at_ns)])


def test_what_was_said_then_stays_when_the_past_is_assessed_again(city: City) -> None:
    yesterday = NOW_NS - DAY_NS
    keep(city, "old", at_ns=yesterday, made_at_ns=yesterday, score=20.0)
    keep(city, "again", at_ns=yesterday, made_at_ns=NOW_NS, score=90.0, model="model-test v2")
    client = city.client("insurer")
    listed = client.get(f"{API}/buildings/b-near/assessments").json()
    assert [row["id"] for row in listed] == ["as-near", "again", "old"]
    then = client.get(
        f"{API}/buildings/b-near/assessments", params={"as_of": moment(yesterday + HOUR_NS)}
    ).json()
    assert [(row["id"], row["score"]) for row in then] == [("old", 20.0)]
    rows = client.get(f"{API}/scores", params={"as_of": moment(yesterday)}).json()["items"]
    assert {r["building_id"]: r["score"] for r in rows} == {"b-near": 20.0, "b-far": None}


def test_an_assessment_shows_its_verdicts_and_its_reasons_in_both_languages(city: City) -> None:
    one = city.client("insurer").get(f"{API}/assessments/as-near").json()
    assert (one["score"], one["band"], one["suspected"]) == (72.0, "C-suspect", "suspected C")
    assert one["verdicts"][0]["weather_share"] == 0.7
    (reason,) = one["reasons"]
    assert "T1" in reason["text_zh"]
    assert "T1" in reason["text_en"]
    assert reason["text_zh"] != reason["text_en"]
    assert "grade" not in one


def test_a_building_that_cannot_be_judged_has_no_score(city: City) -> None:
    keep(city, "blind", at_ns=NOW_NS, suspected=SuspectedGrade.CANNOT_JUDGE, score=50.0)
    (first, *_) = city.client("insurer").get(f"{API}/buildings/b-near/assessments").json()
    assert (first["id"], first["score"], first["band"]) == ("blind", None, "cannot judge")
    rows = city.client("insurer").get(f"{API}/scores").json()["items"]
    assert [row["building_id"] for row in rows] == ["b-far", "b-near"], "the blind one comes last"


def test_asking_for_an_assessment_puts_a_run_up_once(city: City) -> None:
    client = city.client("duty_officer")
    for _ in range(2):
        assert client.post(f"{API}/buildings/b-near/assessments").status_code == 202
    (run,) = city.records.jobs.waiting()
    assert (run.job, run.detail, run.state) == ("assess", "b-near", RunState.ASKED)
    assert city.client("insurer").post(f"{API}/buildings/b-near/assessments").status_code == 403


def test_closing_with_an_outcome_makes_a_label_with_the_score_of_that_time(city: City) -> None:
    keep(city, "then", at_ns=NOW_NS - 2 * HOUR_NS, made_at_ns=NOW_NS - 2 * HOUR_NS, score=66.0)
    client = city.client("duty_officer")
    body = {"reason": "seen on site", "outcome": "confirmed"}
    assert client.post(f"{API}/alerts/l-near-crack/close", json=body).status_code == 200
    answer = client.post(f"{API}/alerts/l-far-crack/label", json={"outcome": "sensor fault"})
    assert answer.status_code == 201
    labels = city.records.labels.labels()
    assert {(one.alert_id, one.outcome.value) for one in labels} == {
        ("l-near-crack", "confirmed"),
        ("l-far-crack", "sensor fault"),
    }
    near = next(one for one in labels if one.building_id == "b-near")
    assert near.score == 72.0, "both were made by the time the alert was opened; the newer holds"
    report = client.get(f"{API}/quality/report").json()
    assert (report["quarter"], report["confirmed"], report["faults"]) == ("2026Q4", 1, 1)
    assert report["false_alarms"] == 1
    assert report["false_low"] < report["false_rate"] < report["false_high"]
    scoped = city.client("near_insurer").get(f"{API}/quality/report").json()
    assert (scoped["labels"], scoped["false_alarms"]) == (1, 0)
    text = client.get(f"{API}/quality/report.csv").text
    assert "false_rate" in text
    empty = client.get(f"{API}/quality/report", params={"quarter": "2025Q1"}).json()
    assert (empty["labels"], empty["brier"]) == (0, None)
    assert client.get(f"{API}/quality/report?quarter=2025Q5").status_code == 422


def test_a_wrong_outcome_is_refused_and_nothing_is_closed(city: City) -> None:
    body = {"reason": "seen", "outcome": "maybe"}
    client = city.client("duty_officer")
    assert client.post(f"{API}/alerts/l-near-crack/close", json=body).status_code == 422
    alert = city.records.alerts.alert("l-near-crack")
    assert alert is not None
    assert alert.version == 1


def test_the_budget_says_not_measured_until_the_benchmark_has_measured(city: City) -> None:
    client = city.client("bureau")
    assert client.get(f"{API}/budget").json()["pages_a_month"] is None
    answer = client.put(f"{API}/budget", json={"pages_a_month": 2.0}).json()
    assert (answer["measured"], answer["threshold"]) == (False, None)
    assert answer["sensors"] >= 2
    assert answer["false_alarms"] == pytest.approx(12 * 2.0 / answer["sensors"])
    for wrong in (0, -1, "3", True):
        assert client.put(f"{API}/budget", json={"pages_a_month": wrong}).status_code == 422
    assert city.client("duty_officer").put(
        f"{API}/budget", json={"pages_a_month": 1.0}
    ).status_code == 403  # fmt: skip
    models = client.get(f"{API}/models").json()
    assert (models["measured"], models["versions"][0]["model"]) == (False, "model-test v1")


EVENTS = """类别,名称,开始时间,结束时间,经度,纬度,影响半径（米）,气温（°C）
施工,基坑,2026-11-01 08:00,2026-12-01 18:00,115.9,28.7,300,
weather,,2026-11-01T00:00:00Z,2026-11-01T01:00:00Z,,,,12.5
"""


def test_context_events_are_imported_once_after_a_look_row_by_row(city: City) -> None:
    client = city.client("duty_officer")

    def send(path: str, text: str) -> Any:
        return client.post(
            f"{API}/contexts/{path}", files={"file": ("c.csv", text.encode(), "text/csv")}
        )

    assert send("import/preview", EVENTS).json()["ok"]
    assert send("import", EVENTS).json() == {"imported": 2, "known": 0}
    assert send("import", EVENTS).json() == {"imported": 0, "known": 2}
    rows = client.get(f"{API}/contexts?kind=weather").json()["items"]
    assert [row["figures"] for row in rows] == [{"temperature_c": 12.5}]
    wrong = EVENTS.replace("施工", "施公").replace("12.5", "warm")
    found = send("import/preview", wrong).json()
    assert [p["row"] for p in found["problems"]] == [2, 3]
    assert send("import", wrong).status_code == 422
    backwards = EVENTS.replace("2026-12-01 18:00", "2026-10-01")
    (problem,) = send("import/preview", backwards).json()["problems"]
    assert problem["column"] == "结束时间"


def test_a_context_event_is_put_and_corrected(city: City) -> None:
    client = city.client("bureau")
    body = {"kind": "blast", "name": "quarry", "started_at": moment(NOW_NS)}
    made = client.put(f"{API}/contexts/x-1", json=body)
    assert (made.status_code, made.json()["ended_at"]) == (201, moment(NOW_NS))
    assert client.put(f"{API}/contexts/x-1", json=body | {"name": "pit"}).status_code == 409
    changed = client.put(
        f"{API}/contexts/x-1", json=body | {"name": "pit"}, headers={"If-Match": '"1"'}
    )
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    for wrong in ({"longitude": 115.9}, {"ended_at": moment(NOW_NS - DAY_NS)}):
        assert client.put(f"{API}/contexts/x-2", json=body | wrong).status_code == 422
    assert city.client("insurer").put(f"{API}/contexts/x-2", json=body).status_code == 403
