"""The API of check-ups: opening, sending in, conflicts, orders; who may and who may not."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from domain.checkups import Firm, Tier
from domain.clock import to_ns
from domain.findings import Cause
from domain.limits import Level
from domain.ports import Page
from tests.api_city import City, make_city
from tests.check_samples import (
    FORM,
    SENT_AT,
    add_rules,
    check_up,
    jpeg,
    send,
    submission,
    upload,
)
from tests.model_city import GLB, add_models

PLACED: dict[str, Any] = {
    "anchors": [{"id": "an-1", "picked_by": "text", "storey": "2 层", "room": "厨房"}],
    "defects": [
        {
            "id": "d-1", "anchor_id": "an-1", "code": "crack", "severity": 2, "value": 0.4,
            "unit": "mm", "length_mm": 850, "direction": "diagonal", "dangerous": True,
        }
    ],
}  # fmt: skip

OPEN = {
    "building_id": "b-near",
    "check_class": "special",
    "cause": "alert",
    "alert_id": "l-near-tilt",
}


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    add_rules(made.records)
    made.records.checks.put_check_up(check_up(), "test")
    made.records.checks.put_check_up(check_up("ck-far", "far"), "test")
    yield made
    made.close()


def test_a_result_of_class_1_ends_a_check_up(city: City) -> None:
    inspector = city.client("inspector")
    answer = send(inspector, "ck-1", "s-1", submission())
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert (receipt["standing"], receipt["consequences"], receipt["clock_ahead_ms"]) == (
        "counts",
        [],
        0,
    )
    again = send(inspector, "ck-1", "s-1", submission(sent_at="2026-11-23T07:00:00Z"))
    assert (again.status_code, again.json()) == (200, receipt)
    kept = inspector.get("/api/v1/check-ups/ck-1").json()
    assert (kept["state"], kept["result"], kept["submission_id"]) == ("done", 1, "s-1")
    assert kept["done_at"] == "2026-11-23T05:40:00Z"


def test_class_4_raises_a_red_alert_and_orders_an_appraisal_once(city: City) -> None:
    inspector = city.client("inspector")
    told = submission(4, conclusion="承重墙即将倒塌")
    receipt = send(inspector, "ck-1", "s-1", told).json()
    assert {one["kind"] for one in receipt["consequences"]} == {"special", "appraisal", "alert"}
    assert send(inspector, "ck-1", "s-1", told).json() == receipt
    every = city.records.alerts.alerts(Page(100), building_ids=["b-near"])
    (alert,) = [one for one in every if one.cause is Cause.CHECK_UP]
    assert alert.level is Level.RED
    assert len(city.records.alerts.notices(alert.id)) == 1
    orders = city.client("bureau").get("/api/v1/appraisal-orders").json()
    assert [(one["building_id"], one["due_on"]) for one in orders] == [("b-near", "2026-12-23")]


def test_a_check_opened_by_an_alert_tells_what_it_was(city: City) -> None:
    duty, inspector = city.client("duty_officer"), city.client("inspector")
    opened = duty.put("/api/v1/check-ups/ck-a", json=OPEN)
    assert opened.status_code == 201, opened.text
    assert "T1" in opened.json()["cause_text"]
    package = inspector.get("/api/v1/check-ups/ck-a/package")
    assert package.status_code == 200, package.text
    assert package.json()["alert"]["values"][0]["value"] == 11.0
    tag = package.headers["ETag"]
    same = inspector.get("/api/v1/check-ups/ck-a/package", headers={"If-None-Match": tag})
    assert same.status_code == 304
    receipt = send(inspector, "ck-a", "s-a", submission(1, outcome="sensor fault")).json()
    assert [one["kind"] for one in receipt["consequences"]] == ["label"]
    (label,) = city.records.labels.labels(building_ids=["b-near"])
    assert (label.alert_id, label.outcome, label.score) == ("l-near-tilt", "sensor fault", 72.0)
    lines = duty.get("/api/v1/alerts/l-near-tilt/events").json()
    assert "仪器故障" in lines[-1]["text"]


def test_the_second_of_two_people_waits_until_it_is_settled(city: City) -> None:
    one, two = city.client("inspector"), city.client("near_inspector")
    bureau = city.client("bureau")
    assert send(one, "ck-1", "s-1", submission()).status_code == 201
    second = send(two, "ck-1", "s-2", submission(2))
    assert (second.status_code, second.json()["standing"]) == (201, "conflict")
    waiting = bureau.get("/api/v1/check-up-conflicts").json()["items"]
    assert [row["id"] for row in waiting] == ["s-2"]
    settle = "/api/v1/check-ups/ck-1/settle"
    done = bureau.post(settle, json={"submission_id": "s-2", "note": "二号看得全"})
    assert done.status_code == 200, done.text
    assert done.json()["check_up"]["result"] == 2
    assert [row["kind"] for row in done.json()["receipt"]["consequences"]] == ["recheck"]
    back = bureau.post(settle, json={"submission_id": "s-1", "note": "改回"}).json()
    assert (back["check_up"]["result"], back["check_up"]["note"]) == (1, "改回")
    standings = [row["standing"] for row in one.get("/api/v1/check-ups/ck-1/submissions").json()]
    assert standings == ["counts", "set aside"]
    assert bureau.get("/api/v1/check-up-conflicts").json()["items"] == []


def test_another_body_under_the_same_id_is_refused_with_both_hashes(city: City) -> None:
    inspector = city.client("inspector")
    first = send(inspector, "ck-1", "s-1", submission()).json()
    other = send(inspector, "ck-1", "s-1", submission(conclusion="别的"))
    assert other.status_code == 409
    assert first["sha256"] in other.json()["detail"]
    assert other.json()["detail"].count("SHA-256") == 1
    (kept,) = inspector.get("/api/v1/check-ups/ck-1/submissions").json()
    assert (kept["sha256"], kept["conclusion"]) == (first["sha256"], "")


def test_a_correction_replaces_what_it_names_and_nothing_else(city: City) -> None:
    inspector = city.client("inspector")
    send(inspector, "ck-1", "s-1", submission())
    right = send(inspector, "ck-1", "s-2", submission(3, supersedes="s-1")).json()
    assert right["standing"] == "counts"
    late = send(inspector, "ck-1", "s-3", submission(2, supersedes="s-1")).json()
    assert late["standing"] == "conflict"
    rows = inspector.get("/api/v1/check-ups/ck-1/submissions").json()
    assert [row["standing"] for row in rows] == ["replaced", "counts", "conflict"]
    assert inspector.get("/api/v1/check-ups/ck-1").json()["result"] == 3


def test_imminent_danger_rings_even_where_the_submission_waits(city: City) -> None:
    inspector, other = city.client("inspector"), city.client("near_inspector")
    send(inspector, "ck-1", "s-1", submission())
    receipt = send(other, "ck-1", "s-2", submission(4, conclusion="外鼓")).json()
    assert receipt["standing"] == "conflict"
    assert [one["kind"] for one in receipt["consequences"]] == ["alert"]
    causes = [a.cause for a in city.records.alerts.alerts(Page(99), building_ids=["b-near"])]
    assert causes.count(Cause.CHECK_UP) == 1


def test_the_same_sent_by_many_at_once_is_kept_once(city: City) -> None:
    clients = [city.client("inspector") for _ in range(6)]
    told = submission(4, conclusion="外鼓", **PLACED)
    ready, answers = threading.Barrier(len(clients)), []

    def phone(client: TestClient) -> None:
        ready.wait()
        answers.append(send(client, "ck-1", "s-1", told))

    phones = [threading.Thread(target=phone, args=(client,)) for client in clients]
    for one in phones:
        one.start()
    for one in phones:
        one.join()
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert len(city.records.checks.submissions("ck-1")) == 1
    assert len(city.records.checks.orders(["b-near"])) == 1
    assert len(city.records.places.defects("b-near")) == 1
    alerts = city.records.alerts.alerts(Page(99), building_ids=["b-near"])
    (red,) = [one for one in alerts if one.cause is Cause.CHECK_UP]
    assert len(city.records.alerts.events(red.id)) == 1


@pytest.mark.parametrize("days", [366, -366])
def test_a_clock_that_is_a_year_wrong_is_told_and_its_times_put_right(
    city: City, days: int
) -> None:
    off = timedelta(days=days)

    def phone(hour: int, minute: int) -> str:
        return (datetime(2026, 11, 23, hour, minute, tzinfo=UTC) + off).isoformat()

    told = submission(
        2, begun_at=phone(5, 0), ended_at=phone(5, 40), sent_at=phone(6, 0),
        anchors=PLACED["anchors"], defects=[PLACED["defects"][0] | {"found_at": phone(5, 10)}],
    )  # fmt: skip
    inspector = city.client("inspector")
    answer = send(inspector, "ck-1", "s-1", told)
    assert answer.status_code == 201, answer.text
    assert answer.json()["clock_ahead_ms"] == days * 86_400_000
    assert inspector.get("/api/v1/check-ups/ck-1").json()["done_at"] == "2026-11-23T05:40:00Z"
    (row,) = inspector.get("/api/v1/check-ups/ck-1/submissions").json()
    assert (row["begun_at"], row["ended_at"]) == ("2026-11-23T05:00:00Z", "2026-11-23T05:40:00Z")
    assert inspector.get("/api/v1/defects/d-1").json()["found_at"] == "2026-11-23T05:10:00Z"
    kept = city.records.checks.submission("s-1")
    assert kept is not None
    assert kept.begun_at_ns == to_ns(datetime(2026, 11, 23, 5, tzinfo=UTC) + off)


def test_long_notes_are_kept_whole_and_too_long_ones_named(city: City) -> None:
    inspector, long = city.client("inspector"), "裂" * 10_000
    answers = [{"item_id": "cracks", "value": "none", "note": long}]
    defects = [PLACED["defects"][0] | {"note": long}]
    told = submission(answers=answers, conclusion=long, anchors=PLACED["anchors"], defects=defects)
    assert send(inspector, "ck-1", "s-1", told).status_code == 201
    (row,) = inspector.get("/api/v1/check-ups/ck-1/submissions").json()
    assert row["answers"][0]["note"] == row["conclusion"] == long
    assert inspector.get("/api/v1/defects/d-1").json()["note"] == long
    answers = [{"item_id": "cracks", "note": "裂" * 20_001}]
    refused = send(inspector, "ck-1", "s-2", submission(answers=answers, supersedes="s-1"))
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {
            "field": "body.answers.0.note",
            "message": "answers.0.note must have at most 20,000 characters, got 20,001",
        }
    ]


def test_forms_of_other_versions_are_taken_and_said(city: City) -> None:
    newer = replace(FORM, version=2, zh="新版")
    city.records.check_plans.put_template(newer, "test")
    city.records.checks.put_check_up(check_up("ck-2"), "test")
    city.records.checks.put_check_up(check_up("ck-3"), "test")
    inspector = city.client("inspector")
    own = send(inspector, "ck-1", "s-1", submission()).json()
    assert own["notes"] == []
    other = send(inspector, "ck-2", "s-2", submission(template_version=2)).json()
    assert "basic-test 第 2 版" in other["notes"][0]
    unknown = send(inspector, "ck-3", "s-3", submission(template_id="lost", template_version=9))
    assert unknown.status_code == 201
    assert "没有表单 lost" in unknown.json()["notes"][0]


def test_what_the_form_misses_is_said_and_kept_all_the_same(city: City) -> None:
    receipt = send(city.client("inspector"), "ck-1", "s-1", submission()).json()
    assert {(one["item_id"], one["code"]) for one in receipt["faults"]} == {
        ("width", "missing"),
        ("signature:inspector", "signature missing"),
    }


def test_a_broken_chain_of_defects_loses_no_work(city: City) -> None:
    inspector = city.client("inspector")
    defects = [PLACED["defects"][0] | {"continues": "d-gone"}]
    told = submission(anchors=PLACED["anchors"], defects=defects)
    receipt = send(inspector, "ck-1", "s-1", told).json()
    assert "d-gone" in receipt["notes"][0]
    assert send(inspector, "ck-1", "s-1", told).json() == receipt
    kept = inspector.get("/api/v1/defects/d-1").json()
    assert (kept["continues"], kept["check_up_id"], kept["length_mm"]) == ("", "ck-1", 850.0)


def test_pictures_that_have_not_come_are_named(city: City) -> None:
    inspector, content = city.client("inspector"), jpeg()
    upload(inspector, "p-1", content)
    upload(inspector, "p-2", b"no picture")
    signed = [{"role": "inspector", "signed_at": SENT_AT, "attachment_id": "p-4"}]
    told = submission(attachments=["p-1", "p-2", "p-3"], signatures=signed)
    receipt = send(inspector, "ck-1", "s-1", told).json()
    assert receipt["missing"] == ["p-3", "p-4"]
    assert receipt["refused"] == [{"id": "p-2", "reason": "type"}]


def test_work_is_taken_whoever_was_assigned_and_whatever_became_of_the_check_up(
    city: City,
) -> None:
    duty, inspector = city.client("bureau"), city.client("inspector")
    etag = inspector.get("/api/v1/check-ups/ck-1").headers["ETag"]
    body = {
        "building_id": "b-near", "check_class": "basic", "cause": "cycle",
        "inspector_id": "u-near_inspector",
    }  # fmt: skip
    path = "/api/v1/check-ups/ck-1"
    assigned = duty.put(path, json=body, headers={"If-Match": etag})
    assert (assigned.status_code, assigned.json()["state"]) == (200, "assigned")
    gone = duty.put(
        path,
        json=body | {"cancelled": True, "note": "已拆除"},
        headers={"If-Match": assigned.headers["ETag"]},
    )
    assert gone.json()["state"] == "cancelled"
    receipt = send(inspector, "ck-1", "s-1", submission()).json()
    assert receipt["standing"] == "counts"
    assert inspector.get(path).json()["state"] == "done"


def test_lists_are_mine_or_as_asked_and_page(city: City) -> None:
    checks, inspector = city.records.checks, city.client("inspector")
    checks.put_firm(Firm("f-1", "演示检测", Tier.BODY, (), ("u-inspector",)), "test")
    checks.put_firm(Firm("f-2", "别家", Tier.BODY), "test")
    wanted = {
        "mine": {"inspector_id": "u-inspector"},
        "firm": {"firm_id": "f-1"},
        "other": {"firm_id": "f-1", "inspector_id": "u-near_inspector"},
        "foreign": {"firm_id": "f-2"},
    }
    for name, told in wanted.items():
        checks.put_check_up(check_up(f"ck-{name}", **told), "test")

    def ids(query: str) -> set[str]:
        answer = inspector.get(f"/api/v1/check-ups?{query}")
        assert answer.status_code == 200, answer.text
        return {row["id"] for row in answer.json()["items"]}

    assert ids("mine=true") == {"ck-mine", "ck-firm"}
    assert ids("building_id=b-far") == {"ck-far"}
    assert ids("district=360103") == {"ck-far"}
    assert ids("firm_id=f-1&inspector_id=u-near_inspector") == {"ck-other"}
    assert ids("state=done") == set()
    assert ids("due_until=2026-11-29") == set()
    assert len(ids("due_until=2026-11-30&class=basic&cause=cycle")) == 6
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = inspector.get("/api/v1/check-ups", params={"limit": 2, "cursor": cursor}).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 6
    near = city.client("near_inspector").get("/api/v1/check-ups").json()["items"]
    assert {row["building"]["id"] for row in near} == {"b-near"}
    assert inspector.get("/api/v1/check-ups?cursor=x").status_code == 422


def test_an_insurer_requests_and_sees_no_more(city: City) -> None:
    insurer, path = city.client("insurer"), "/api/v1/check-ups/ck-i"
    wanted = {"building_id": "b-near", "check_class": "special", "cause": "insurer"}
    asked = insurer.put(path, json=wanted)
    assert (asked.status_code, asked.json()["due_on"]) == (201, "2026-12-23")
    assert insurer.put(path, json=wanted).status_code == 200
    for change in (
        {"check_class": "basic"},
        {"cause": "fire"},
        {"firm_id": "f-1"},
        {"inspector_id": "u-inspector"},
    ):
        answer = insurer.put("/api/v1/check-ups/ck-j", json=wanted | change)
        assert answer.status_code == 403, change
    etag = asked.headers["ETag"]
    moved = insurer.put(path, json=wanted | {"due_on": "2026-11-24"}, headers={"If-Match": etag})
    assert moved.status_code == 403
    upload(city.client("inspector"), "p-1", jpeg())
    for hidden in (
        "check-ups", "check-ups/ck-1", "check-ups/ck-1/package", "check-ups/ck-1/submissions",
        "attachments/p-1", "attachments/p-1/image", "attachments/p-1/image?size=thumb",
        "appraisal-orders", "check-up-conflicts",
    ):  # fmt: skip
        assert insurer.get(f"/api/v1/{hidden}").status_code == 403, hidden


def test_a_report_closes_the_order_that_it_answers(city: City) -> None:
    inspector, bureau = city.client("inspector"), city.client("bureau")
    send(inspector, "ck-1", "s-1", submission(3, conclusion="裂缝"))
    report = {
        "grade": "C",
        "report_number": "R-9",
        "appraiser": "演示鉴定机构",
        "appraised_on": "2026-11-22",
    }
    path = "/api/v1/buildings/b-near/appraisals/{}"
    old = bureau.put(path.format("a-old"), json=report)
    assert old.status_code == 201, old.text
    (order,) = bureau.get("/api/v1/appraisal-orders?state=open").json()
    new = report | {"appraised_on": "2026-11-23", "report_number": "R-10"}
    assert bureau.put(path.format("a-new"), json=new).status_code == 201
    (closed,) = bureau.get("/api/v1/appraisal-orders").json()
    assert (closed["id"], closed["state"], closed["appraisal_id"]) == (
        order["id"],
        "reported",
        "a-new",
    )
    assert bureau.put(path.format("a-new"), json=new).status_code == 200
    assert bureau.get("/api/v1/appraisal-orders?state=open").json() == []


def test_an_order_is_cancelled_with_a_reason_only(city: City) -> None:
    send(city.client("inspector"), "ck-1", "s-1", submission(3))
    bureau = city.client("bureau")
    (order,) = bureau.get("/api/v1/appraisal-orders").json()
    path = f"/api/v1/appraisal-orders/{order['id']}"
    match = {"If-Match": '"1"'}
    assert bureau.put(path, json={"state": "cancelled"}, headers=match).status_code == 422
    foreign = {"state": "reported", "appraisal_id": "a-far"}
    assert bureau.put(path, json=foreign, headers=match).status_code == 422
    told = {"state": "cancelled", "note": "重复"}
    assert bureau.put(path, json=told).status_code == 409
    assert bureau.put(path, json=told, headers={"If-Match": '"7"'}).status_code == 412
    done = bureau.put(path, json=told, headers=match)
    assert (done.status_code, done.json()["closed_at"]) == (200, "2026-11-23T06:00:00Z")
    assert city.client("inspector").put(path, json=told).status_code == 403


def test_what_a_check_up_is_about_stays(city: City) -> None:
    bureau, path = city.client("bureau"), "/api/v1/check-ups/ck-1"
    told = {"building_id": "b-near", "check_class": "basic", "cause": "cycle"}
    match = {"If-Match": '"1"'}
    for change, status in (
        ({"check_class": "daily"}, 422),
        ({"cause": "fire"}, 422),
        ({"building_id": "b-far"}, 404),
        ({"inspector_id": "u-nobody"}, 422),
        ({"firm_id": "f-nobody"}, 422),
        ({"cancelled": True}, 422),
    ):
        answer = bureau.put(path, json=told | change, headers=match)
        assert answer.status_code == status, (change, answer.text)
    foreign = {"building_id": "b-near", "check_class": "special", "cause": "alert"}
    for alert_id in ("l-far-tilt", "none", ""):
        answer = bureau.put("/api/v1/check-ups/ck-x", json=foreign | {"alert_id": alert_id})
        assert answer.status_code == 422, alert_id


def test_the_package_holds_what_a_stairwell_without_signal_needs(city: City) -> None:
    add_models(city)
    inspector = city.client("inspector")
    upload(inspector, "p-1", jpeg(), defect_id="de-near")
    answer = inspector.get("/api/v1/check-ups/ck-1/package")
    told = answer.json()
    assert (told["template"]["id"], told["glb"]) == (FORM.id, "/api/v1/revisions/br-near/mesh")
    assert told["revision"] == "br-near"
    assert told["glb_bytes"] == len(GLB)
    assert [one["class"] for one in told["elements"]]
    assert told["rooms"]["rooms"][0]["name"] == "厨房 near"
    (defect,) = told["defects"]
    assert defect["thumbs"] == ["/api/v1/attachments/p-1/image?size=thumb"]
    assert defect["anchor"]["element_id"] == "el-near"
    assert told["assessment"]["score"] == 72.0
    assert told["jgj"]["weights"][0]["tenths"] > 0
    assert {one["name"] for one in told["sensors"]} == {"C-01", "T1"}
    # only what it says counts for the tag, not the time
    city.clock.advance_to(city.clock.now_ns() + 60 * 10**9)
    later = inspector.get("/api/v1/check-ups/ck-1/package")
    assert later.headers["ETag"] == answer.headers["ETag"]
    assert later.json()["clock"] != told["clock"]
    send(inspector, "ck-1", "s-1", submission())
    changed = inspector.get("/api/v1/check-ups/ck-1/package")
    assert changed.headers["ETag"] != answer.headers["ETag"]
    assert [one["id"] for one in changed.json()["last_check_ups"]] == ["ck-1"]


def test_check_ups_are_told_live_to_those_who_may_know(city: City) -> None:
    send(city.client("inspector"), "ck-1", "s-1", submission())
    kinds = [change.kind for change in city.records.alerts.changes(0)]
    assert "check-up" in kinds


@pytest.mark.parametrize("name", ["anchors", "defects", "answers"])
def test_an_id_that_stands_for_two_things_is_refused_before_one_is_lost(
    city: City, name: str
) -> None:
    told = submission(**PLACED)
    told[name] = [told[name][0]] * 2
    refused = send(city.client("inspector"), "ck-1", "s-1", told)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, f"body.{name}")
    assert city.records.places.defects("b-near") == []
