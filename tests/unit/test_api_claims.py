"""The API of claims: the queue in pages, decisions with versions, what moved."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api_city import City, make_city
from tests.model_story import FIRST, MODEL, SECOND, Story, tell

PREFIX = "/api/v1"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    yield made
    made.close()


@pytest.fixture
def story(city: City) -> Story:
    return tell(city.records, "b-near")


def claims(city: City, **params: Any) -> list[dict[str, Any]]:
    answer = city.client("near_technician").get(f"{PREFIX}/models/{MODEL}/claims", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def of(city: City, story: Story, name: str, status: str = "proposed") -> dict[str, Any]:
    wanted = story.elements[name]
    found = claims(city, status=status)
    return next(one for one in found if one["element_id"] == wanted)


def decided(city: City, claim: dict[str, Any], **body: Any) -> Any:
    path = f"{PREFIX}/claims/{claim['id']}/decision"
    return city.client("near_technician").post(path, json={"version": claim["version"]} | body)


def test_the_queue_comes_in_pages_best_first(city: City, story: Story) -> None:
    everything = claims(city, status="proposed")
    scores = [one["score"] for one in everything]
    assert scores == sorted(scores, reverse=True)
    client = city.client("near_duty_officer")
    seen, after = [], ""
    while True:
        params = {"status": "proposed", "limit": 2, "after": after}
        answer = client.get(f"{PREFIX}/models/{MODEL}/claims", params=params).json()
        seen += answer["items"]
        after = answer["next"]
        if after is None:
            break
    assert seen == everything
    assert {"name": "why", "value": "split"} in of(city, story, "cut")["evidence"]
    assert claims(city, revision=FIRST) == []


def test_a_decision_with_a_stale_version_changes_nothing(city: City, story: Story) -> None:
    claim = of(city, story, "remade")
    answer = decided(city, claim, decision="confirm", note="看过现场")
    assert answer.status_code == 200, answer.text
    changed = {one["id"]: one for one in answer.json()}
    assert changed[claim["id"]]["status"] == "confirmed"
    assert changed[claim["id"]]["note"] == "看过现场"
    again = decided(city, claim, decision="reject")
    assert again.status_code == 409
    assert again.headers["Content-Type"] == "application/problem+json"
    assert story.version(SECOND, "remade") is not None
    path = f"{PREFIX}/claims/{claim['id']}/undo"
    client = city.client("near_technician")
    assert client.post(path, json={"version": 1}).status_code == 409
    assert client.post(path, json={"version": 2}).status_code == 200
    assert story.version(SECOND, "remade") is None
    assert client.post(path, json={"version": 3}).status_code == 409


def test_many_claims_are_decided_alike_or_none(city: City, story: Story) -> None:
    path = f"{PREFIX}/models/{MODEL}/claims/decisions"
    client = city.client("near_bureau")
    one, other = of(city, story, "remade"), of(city, story, "lost")
    seen = [{"id": one["id"], "version": 1}, {"id": other["id"], "version": 9}]
    body = {"decision": "confirm", "claims": seen}
    assert client.post(path, json=body).status_code == 409
    assert story.version(SECOND, "remade") is None
    seen[1]["version"] = 1
    assert client.post(path, json=body).status_code == 200
    assert story.version(SECOND, "remade") is not None
    assert client.post(path, json=body | {"decision": "another"}).status_code == 422
    nobody = {"decision": "confirm", "claims": [{"id": "nobody", "version": 1}]}
    assert client.post(path, json=nobody).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"decision": "another", "entities": []}, 422),
        ({"decision": "another", "entities": [999]}, 422),
        ({"decision": "another", "entities": [11]}, 409),
        ({"decision": "another", "entities": [81]}, 200),
        ({"decision": "part of", "entities": [41, 81]}, 200),
        ({"decision": "gone"}, 200),
        ({"decision": "perhaps"}, 422),
        ({"decision": "gone", "version": 1.5}, 422),
        ({"decision": "gone", "version": "1"}, 422),
        ({"decision": "gone", "more": 1}, 422),
    ],
)
def test_a_wish_must_fit_its_claim(
    city: City, story: Story, body: dict[str, Any], status: int
) -> None:
    answer = decided(city, of(city, story, "lost"), **body)
    assert answer.status_code == status, answer.text


def test_who_may_look_may_not_decide(city: City, story: Story) -> None:
    claim = of(city, story, "lost")
    path = f"{PREFIX}/claims/{claim['id']}/decision"
    body = {"decision": "gone", "version": 1}
    assert city.client("near_duty_officer").post(path, json=body).status_code == 403
    assert city.client("near_insurer").get(f"{PREFIX}/models/{MODEL}/claims").status_code == 403


def test_the_report_comes_in_pages_and_as_a_table(city: City, story: Story) -> None:
    client = city.client("near_inspector")
    path = f"{PREFIX}/revisions/{SECOND}/changes"
    first = client.get(path, params={"limit": 8}).json()
    assert first["before"] == FIRST
    assert first["shift_m"] == [0, 0, 0]
    rest = client.get(path, params={"limit": 8, "after": first["next"]}).json()
    assert rest["next"] is None
    assert len(first["items"]) + len(rest["items"]) == sum(first["counts"].values()) == 12
    only = client.get(path, params={"kind": "unchanged"}).json()["items"]
    assert {one["name"] for one in only} == {"东墙", "南墙"}
    assert client.get(path, params={"after": "nobody"}).status_code == 422
    table = client.get(f"{path}.csv")
    assert table.text.count("\r\n") == 13
    assert table.headers["Content-Type"].startswith("text/csv")
    assert client.get(f"{PREFIX}/revisions/{FIRST}/changes").json()["before"] is None
