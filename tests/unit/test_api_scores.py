"""Scores through the API: one, a batch, a portfolio, a history; as known at any moment."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from domain.access import Role, Scope, ScopeKind, User
from domain.assessed import Band
from domain.assessments import Health, SuspectedGrade
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, to_datetime
from tests.api_city import DISTRICTS, NOW_NS, City, assessed, building, make_city

API = "/api/v1/scores"
#: what no answer may name: those who live there, own it or can be rung up
RESIDENT = (
    *("household", "resident", "owner", "tenant", "phone", "mobile", "telephone", "email"),
    *("contact", "address", "person", "party", "secret", "password", "id_card"),
)


@pytest.fixture
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = make_city(tmp_path_factory.mktemp("city"))
    for name, ids in (("holder", ("b-near", "b-new")), ("empty", ())):
        scopes = tuple(Scope(ScopeKind.BUILDING, id_) for id_ in ids)
        made.records.access.put_user(User(f"u-{name}", name, name, Role.INSURER, scopes), "t")
    made.records.register.put_building(
        replace(building("new", DISTRICTS["far"]), households=24, ownership="private"), "t"
    )
    yield made
    made.close()


def moment(at_ns: int) -> str:
    return to_datetime(at_ns).isoformat().replace("+00:00", "Z")


def keep(city: City, id_: str, place: str = "near", **changes: Any) -> None:
    """Keep an assessment; `made_at_ns`, `data_at_ns` and `band` are of the row."""
    row = assessed(place)
    of_row = {n: changes.pop(n) for n in ("made_at_ns", "data_at_ns", "band") if n in changes}
    made = replace(row.assessment, id=id_, **changes)
    city.records.assessments.put([replace(row, assessment=made, **of_row)])


def keys_of(value: Any) -> Iterator[str]:
    """Walk every key of an answer."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def test_one_building_tells_score_reasons_age_and_grade_apart(city: City) -> None:
    answer = city.client("holder").get(f"{API}/b-near").json()
    assert (answer["score"], answer["low"], answer["high"]) == (72.0, 60.0, 83.0)
    assert (answer["band"], answer["suspected"]) == ("C-suspect", "suspected C")
    assert (answer["confidence_percent"], answer["data_age_h"]) == (88.0, pytest.approx(1.0))
    assert answer["coverage"] == {"channels": 1, "told": 1, "share": 1.0}
    assert (answer["model"], answer["cannot_judge"]) == ("model-test v1", None)
    (reason,) = answer["reasons"]
    assert "T1" in reason["text_zh"]
    assert "T1" in reason["text_en"]
    assert reason["text_zh"] != reason["text_en"]
    appraised = answer["appraised"]
    assert (appraised["grade"], appraised["report_number"]) == ("C", "R-near")
    assert (appraised["appraised_on"], appraised["scheme"]) == ("2025-01-02", "JGJ 125-2016")
    assert "grade" not in answer
    assert "grade" not in reason


def test_a_score_as_known_then_never_changes_whatever_is_said_later(city: City) -> None:
    then_ns = NOW_NS - 30 * DAY_NS
    keep(city, "old", at_ns=then_ns, made_at_ns=then_ns, data_at_ns=then_ns - HOUR_NS, score=20.0,
         suspected=SuspectedGrade.NONE)  # fmt: skip
    client = city.client("holder")
    as_of = {"as_of": moment(then_ns + HOUR_NS)}
    before = client.get(f"{API}/b-near", params=as_of)
    assert (before.json()["score"], before.json()["data_age_h"]) == (20.0, pytest.approx(2.0))
    # the same past, assessed again today with another model
    keep(city, "again", at_ns=then_ns, made_at_ns=NOW_NS, score=95.0, model="model-test v2")
    after = client.get(f"{API}/b-near", params=as_of)
    assert after.json() == before.json()
    assert after.headers["ETag"] == before.headers["ETag"]
    early = client.get(f"{API}/b-near", params={"as_of": moment(then_ns - 1000)}).json()
    assert (early["score"], early["band"]) == (None, "cannot judge")
    assert early["cannot_judge"]["reason"] == "never assessed"
    year = client.get(f"{API}/b-near", params={"as_of": "2024-01-01T00:00:00Z"}).json()
    assert year["appraised"] is None, "no report was made by then"


def test_a_blind_building_cannot_be_judged_and_says_why(city: City) -> None:
    row = assessed("near", at_ns=NOW_NS)
    mute = replace(row.assessment.verdicts[0], health=Health.BLIND)
    keep(city, "blind", at_ns=NOW_NS, suspected=SuspectedGrade.CANNOT_JUDGE, score=50.0,
         verdicts=(mute,), quality_percent=0.0, band=Band.CANNOT_JUDGE)  # fmt: skip
    answer = city.client("holder").get(f"{API}/b-near").json()
    assert [answer[name] for name in ("score", "low", "high")] == [None] * 3
    assert (answer["band"], answer["suspected"]) == ("cannot judge", "cannot judge")
    assert answer["coverage"] == {"channels": 1, "told": 0, "share": 0.0}
    why = answer["cannot_judge"]
    assert why["reason"] == "no data"
    assert "无法判断" in why["text_zh"]
    assert "nothing can be said" in why["text_en"]
    assert answer["appraised"]["grade"] == "C", "what was appraised does not go away"


def test_an_etag_answers_304_until_something_is_said(city: City) -> None:
    client = city.client("holder")
    first = client.get(f"{API}/b-near")
    known = {"If-None-Match": f'"x", {first.headers["ETag"]}'}
    city.clock.advance_to(NOW_NS + HOUR_NS)
    again = client.get(f"{API}/b-near", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    later = client.get(f"{API}/b-near", params={"as_of": "2100-01-01T00:00:00Z"}, headers=known)
    assert later.status_code == 304, "what is known later is what is known now"
    keep(city, "next", at_ns=NOW_NS, made_at_ns=NOW_NS + 1)
    assert client.get(f"{API}/b-near", headers=known).status_code == 200


def test_a_batch_takes_ids_and_codes_and_hides_what_is_foreign(city: City) -> None:
    body = {"ids": ["b-near", "b-far", "no-such", "b-near"], "codes": ["CODE-new", "CODE-far", "?"]}
    answer = city.client("holder").post(f"{API}/batch", json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [row["building_id"] for row in found["items"]] == ["b-near", "b-new"]
    assert found["items"][1]["cannot_judge"]["reason"] == "never assessed"
    assert found["not_found"] == {"ids": ["b-far", "no-such"], "codes": ["?", "CODE-far"]}
    many = {"ids": [f"b-{n}" for n in range(600)], "codes": [f"c-{n}" for n in range(401)]}
    assert city.client("holder").post(f"{API}/batch", json=many).status_code == 422
    none = city.client("empty").post(f"{API}/batch", json=body).json()
    assert none["items"] == []


def fill(city: City, count: int = 9) -> None:
    """Buildings whose scores fall by ten from one to the next; the last is blind."""
    for number in range(count):
        city.records.register.put_building(
            replace(building("near", DISTRICTS["near"]), id=f"b-{number}", code=f"N-{number}"), "t"
        )
        row = assessed("near", 90.0 - 10 * number)
        blind = number == count - 1
        changes = {"suspected": SuspectedGrade.CANNOT_JUDGE if blind else SuspectedGrade.NONE}
        made = replace(row.assessment, id=f"as-{number}", building_id=f"b-{number}", **changes)
        week = replace(made, id=f"then-{number}", at_ns=NOW_NS - 8 * DAY_NS, score=50.0)
        then = replace(row, assessment=week, made_at_ns=NOW_NS - 8 * DAY_NS)
        city.records.assessments.put([replace(row, assessment=made), then])


def test_a_portfolio_is_paged_sorted_and_filtered(city: City) -> None:
    fill(city)
    client = city.client("near_insurer")
    seen: list[str] = []
    after = ""
    while after is not None:
        page = client.get(API, params={"limit": 4, "after": after}).json()
        seen += [row["building_id"] for row in page["items"]]
        assert page["total"] == 10
        after = page["next"]
        # what is said between two pages does not move the list
        city.clock.advance_to(city.clock.now_ns() + MINUTE_NS)
        keep(city, f"late-{len(seen)}", at_ns=NOW_NS, made_at_ns=city.clock.now_ns(), score=1.0)
    assert seen == ["b-0", "b-1", "b-near", *(f"b-{n}" for n in range(2, 9))]

    def ids(**params: Any) -> list[str]:
        answer = client.get(API, params=params)
        assert answer.status_code == 200, answer.text
        return [row["building_id"] for row in answer.json()["items"]]

    assert ids(sort="-score")[1:3] == ["b-7", "b-6"]
    assert ids(sort="change")[:2] == ["b-0", "b-1"]
    assert ids(sort="-change")[:2] == ["b-7", "b-6"]
    assert ids(sort="change", days=365)[-1] in {"b-near", "b-8", "b-0"}
    assert ids(band="cannot judge") == ["b-8"]
    assert ids(suspected=["suspected D", "cannot judge"]) == ["b-8"]
    assert ids(district=DISTRICTS["far"]) == []
    assert ids(text="n-3") == ["b-3"]
    assert client.get(API, params={"sort": "worst"}).status_code == 422
    assert client.get(API, params={"after": f"{NOW_NS}.b-far"}).status_code == 404
    row = client.get(API, params={"text": "n-3"}).json()["items"][0]
    assert row["change"] == {"days": 7, "score_before": 50.0, "band_before": "calm", "points": 10.0}


def test_the_table_is_the_same_list_by_address_or_by_accept(city: City) -> None:
    fill(city)
    client = city.client("near_insurer")
    saved = client.get("/api/v1/scores.csv", params={"sort": "code"})
    asked = client.get(API, params={"sort": "code", "limit": 2}, headers={"Accept": "text/csv"})
    assert asked.headers["Content-Type"].startswith("text/csv")
    assert asked.text == saved.text
    rows = list(csv.DictReader(io.StringIO(saved.text.removeprefix("\ufeff"))))
    assert len(rows) == 10
    near = next(row for row in rows if row["building_id"] == "b-near")
    assert (near["score"], near["suspected"], near["channels_told"]) == ("72.0", "suspected C", "1")
    assert (near["appraised_grade"], near["report_number"]) == ("C", "R-near")
    assert "T1" in near["reason_1_zh"]
    blind = next(row for row in rows if row["building_id"] == "b-8")
    assert (blind["score"], blind["cannot_judge"]) == ("", "too little")


def test_a_history_is_paged_and_keeps_every_word(city: City) -> None:
    for day in range(1, 6):
        keep(city, f"d{day}", at_ns=NOW_NS - day * DAY_NS, made_at_ns=NOW_NS - day * DAY_NS,
             score=50.0 + day)  # fmt: skip
    client = city.client("holder")
    seen, after = [], ""
    while after is not None:
        page = client.get(f"{API}/b-near/history", params={"limit": 2, "after": after}).json()
        seen += [row["assessment_id"] for row in page["items"]]
        after = page["next"]
    assert seen == ["as-near", "d1", "d2", "d3", "d4", "d5"]
    by = {"as_of": moment(NOW_NS - 4 * DAY_NS), "start": moment(NOW_NS - 5 * DAY_NS)}
    rows = client.get(f"{API}/b-near/history", params=by).json()["items"]
    assert [(row["assessment_id"], row["score"], row["band"]) for row in rows] == [
        ("d4", 54.0, "C-suspect"),
        ("d5", 55.0, "C-suspect"),
    ]
    assert client.get(f"{API}/b-near/history", params={"after": "as-far"}).status_code == 404


def test_no_answer_names_anybody_who_lives_there_or_owns_it(city: City) -> None:
    fill(city)
    client = city.client("insurer")
    answers = [
        client.get(f"{API}/b-near").json(),
        client.get(API).json(),
        client.get(f"{API}/b-near/history").json(),
        client.post(f"{API}/batch", json={"ids": ["b-near", "b-new"]}).json(),
    ]
    named = {key.lower() for answer in answers for key in keys_of(answer)}
    named |= set(client.get("/api/v1/scores.csv").text.splitlines()[0].lower().split(","))
    assert "score" in named
    assert not [key for key in named if any(word in key for word in RESIDENT)]
    everything = "".join(map(repr, answers))
    assert "演示路 1 号" not in everything
    assert "private" not in everything
