"""Forms and the counter over the API and on the pages: who may, and what is never changed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api_city import City, make_city
from web.application import mount_pages

COUNT = {
    "storeys_above": 1,
    "members": [
        {"storey": 0, "kind": "foundation", "total": 105, "dangerous": 0},
        {"storey": 1, "kind": "bearing_wall", "total": 172, "dangerous": 4},
        {"storey": 1, "kind": "slab", "total": 156},
    ],
}


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    mount_pages(made.app)
    yield made
    made.close()


def daily(city: City, user: str = "bureau") -> dict[str, Any]:
    answer = city.client(user).get("/api/v1/check-templates/daily-2026/1")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def test_counting_answers_with_what_is_no_grade(city: City) -> None:
    answer = city.client("inspector").post("/api/v1/jgj125", json=COUNT)
    told = answer.json()
    assert (answer.status_code, told["computed"], told["rule"]) == (200, "computed B", "few")
    assert told["rules"] == "jgj125-2016@1"
    wrong = COUNT | {"members": [{"storey": 1, "kind": "slab", "total": 1, "dangerous": 2}]}
    refused = city.client("inspector").post("/api/v1/jgj125", json=wrong)
    assert refused.status_code == 422
    assert "dangerous must be 0 to 1, got 2" in refused.text
    assert city.client("insurer").post("/api/v1/jgj125", json=COUNT).status_code == 403
    assert city.client().post("/api/v1/jgj125", json=COUNT).status_code == 401


def test_the_next_version_is_published_and_none_is_changed(city: City) -> None:
    bureau, form = city.client("bureau"), daily(city)
    form["zh"] = "日常检查表（新）"
    address = "/api/v1/check-templates/daily-2026/"
    assert bureau.put(f"{address}3", json=form).status_code == 422
    assert bureau.put(f"{address}1", json=form).status_code == 409
    assert bureau.put(f"{address}2", json=form).status_code == 201
    assert bureau.put(f"{address}2", json=form).status_code == 200
    versions = [(t["id"], t["version"]) for t in bureau.get("/api/v1/check-templates").json()]
    assert ("daily-2026", 2) in versions
    assert ("daily-2026", 1) in versions
    assert daily(city)["zh"] == "日常检查表"
    retired = bureau.post(f"{address}2/retire")
    assert (retired.status_code, retired.json()["retired"]) == (200, True)


def test_only_those_who_set_rules_may_publish(city: City) -> None:
    form = daily(city)
    for user in ("inspector", "duty_officer"):
        client = city.client(user)
        assert client.put("/api/v1/check-templates/daily-2026/2", json=form).status_code == 403
        assert client.post("/api/v1/check-templates/daily-2026/1/retire").status_code == 403
    assert city.client("insurer").get("/api/v1/check-templates").status_code == 403
    assert city.client("bureau").get("/api/v1/check-templates/none/1").status_code == 404


@pytest.mark.parametrize("body", [{}, {"parts": "x"}, {"parts": []}])
def test_what_is_no_form_is_refused(city: City, body: dict[str, Any]) -> None:
    answer = city.client("bureau").put("/api/v1/check-templates/daily-2026/2", json=body)
    assert answer.status_code == 422


def test_a_file_is_looked_at_before_it_is_published(city: City) -> None:
    browser = city.browser("bureau")
    sheet = browser.get("/checks/forms/daily-2026/1/form.xlsx").content
    shown = browser.post("/checks/forms/daily-2026/look", files={"file": ("f.xlsx", sheet)})
    assert shown.status_code == 200
    assert 'name="digest"' in shown.text
    assert city.records.check_plans.template("daily-2026", 2) is None
    form = daily(city) | {"en": "Daily look"}
    file = ("f.json", json.dumps(form).encode())
    shown = browser.post("/checks/forms/daily-2026/look", files={"file": file})
    digest = shown.text.split('name="digest" value="')[1].split('"')[0]
    text = json.dumps(form | {"version": 2})
    wrong = {"text": text.replace("Daily look", "Another"), "digest": digest}
    assert browser.post("/checks/forms/daily-2026/publish", data=wrong).status_code == 422
    right = browser.post("/checks/forms/daily-2026/publish", data={"text": text, "digest": digest})
    assert right.status_code == 204
    kept = city.records.check_plans.template("daily-2026", 2)
    assert kept is not None
    assert (kept.en, kept.by) == ("Daily look", "bureau")


@pytest.mark.parametrize(
    ("name", "content"),
    [("f.json", b"[" * 50_000), ("f.xlsx", b"PK\x03\x04nonsense"), ("f.csv", b"a,b\n1,2\n")],
)
def test_a_broken_file_is_told_and_nothing_is_written(
    city: City, name: str, content: bytes
) -> None:
    shown = city.browser("bureau").post(
        "/checks/forms/daily-2026/look", files={"file": (name, content)}
    )
    assert shown.status_code == 200
    assert "form-faults" in shown.text
    assert city.records.check_plans.template("daily-2026", 2) is None


def test_the_pages_are_for_those_who_read_check_ups(city: City) -> None:
    for path in ("/checks/forms", "/checks/forms/special-2026/1", "/checks/jgj125"):
        assert city.browser("inspector").get(path).status_code == 200
        assert city.browser("insurer").get(path).status_code == 403
