"""Search over everything: by role and scope, whatever is typed."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from domain.access import Caller, Role, Scope, ScopeKind
from domain.anchors import Anchor, PickedBy
from domain.buildings import Appraisal, Grade
from domain.checkups import Firm, Tier
from domain.defects import Defect
from domain.ports import Page
from domain.search import NEEDS, SearchKind, kinds_for, reach_of, terms_of
from tests.api_city import DISTRICTS, ROLES, City, make_city
from tests.check_samples import add_checks


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city with something of every kind in each district."""
    made = make_city(tmp_path_factory.mktemp("search"))
    add_checks(made)
    made.records.checks.put_firm(
        Firm("f-1", "演示体检机构", Tier.BODY, qualification="near-77"), "t"
    )
    for number, place in enumerate(DISTRICTS):
        made.records.register.put_appraisal(
            Appraisal(
                f"ap-{place}", f"b-{place}", "JGJ 125-2016", Grade.C, f"鉴 {place} 0{number}",
                "演示鉴定机构", date(2026, 1, 2), date(2031, 1, 2),
            ),
            "test",
        )  # fmt: skip
    yield made
    made.close()


def found(city: City, user: str, q: str, **more: Any) -> dict[str, list[dict[str, Any]]]:
    answer = city.client(user).get("/api/v1/search", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return {group["kind"]: group["items"] for group in answer.json()["groups"]}


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_finds_what_it_may_read_and_nothing_else(city: City, role: str) -> None:
    caller = Caller("u", "u", ROLES[role], (Scope(ScopeKind.CITY),))
    for q in ("near", "演示", "g-", role):
        assert set(found(city, role, q)) <= set(kinds_for(caller))
    assert (SearchKind.PERSON in kinds_for(caller)) == (role == "administrator")


@pytest.mark.parametrize("role", sorted(ROLES))
def test_nothing_foreign_is_found(city: City, role: str) -> None:
    for q in ("far", "b-far", "DEMO", "楼", "1"):
        for kind, items in found(city, f"near_{role}", q).items():
            for item in items:
                assert item["building_id"] in {"", "b-near"}, (kind, item)
                if kind == "gateway":
                    assert "far" not in item["id"], item


def test_insurers_find_no_check_ups_defects_people_or_firms() -> None:
    insurer = Caller("u", "u", Role.INSURER, (Scope(ScopeKind.CITY),))
    assert set(kinds_for(insurer)) == {
        SearchKind.BUILDING, SearchKind.ALERT, SearchKind.APPRAISAL, SearchKind.SENSOR,
    }  # fmt: skip
    assert kinds_for(insurer, [SearchKind.PERSON]) == ()


def test_each_kind_is_found_by_its_own_words(city: City) -> None:
    assert found(city, "administrator", "ck-near")["check-up"][0]["building_id"] == "b-near"
    assert found(city, "administrator", "鉴near00")["appraisal"][0]["id"] == "ap-near"
    assert found(city, "administrator", "体检机构")["firm"][0]["word"] == "body"
    assert found(city, "administrator", "NEAR77")["firm"][0]["id"] == "f-1"
    assert found(city, "administrator", "near-insurer")["person"][0]["word"] == "insurer"
    code = city.records.register.buildings(Page(9))[0].code
    assert found(city, "bureau", code.lower())["building"][0]["detail"].startswith(code)
    assert found(city, "bureau", code, kind="alert").keys() <= {"alert"}


def test_what_is_called_just_so_comes_first_and_the_limit_is_told(city: City) -> None:
    answer = city.client("administrator").get(
        "/api/v1/search", params={"q": "near", "limit": 1, "kind": "person"}
    )
    (group,) = answer.json()["groups"]
    assert len(group["items"]) == 1
    assert group["more"]
    assert found(city, "administrator", "bureau", kind="person")["person"][0]["detail"] == "bureau"


@pytest.mark.parametrize(
    "q", ["", "   ", "-", "%", "__", "\\", "'; DROP TABLE users", "\x00", "a" * 100, "👍"]
)
def test_odd_texts_find_nothing_and_break_nothing(city: City, q: str) -> None:
    assert found(city, "administrator", q) == {}


def test_bad_questions_are_refused(city: City) -> None:
    client = city.client("bureau")
    for params in ({"q": "a" * 101}, {"q": "a", "kind": "ghost"}, {"q": "a", "limit": "0"}):
        assert client.get("/api/v1/search", params=params).status_code == 422
    assert city.client().get("/api/v1/search?q=a").status_code == 401


def test_words_are_plain_few_and_without_hyphens() -> None:
    assert terms_of("ＤＥＭＯ－１ demo-1") == ("demo1",)
    assert len(terms_of("a b c d e f g h")) == 6
    assert set(NEEDS) == set(SearchKind)


def test_the_reach_is_asked_for_buildings_only_when_districts_do_not_tell() -> None:
    def never() -> list[str]:
        raise AssertionError("asked for buildings")

    def caller(*scopes: Scope) -> Caller:
        return Caller("u", "u", Role.INSURER, scopes)

    assert reach_of(caller(Scope(ScopeKind.CITY)), never).whole
    near = reach_of(caller(Scope(ScopeKind.DISTRICT, "360102")), never)
    assert near.districts == ("360102",)
    assert not near.idle_gateways
    assert reach_of(caller(Scope(ScopeKind.STREET, "s")), lambda: ["b"]).building_ids == ("b",)
    assert reach_of(caller(), list).building_ids == ()


def test_a_defect_is_found_by_its_note(city: City) -> None:
    places = city.records.places
    places.put_anchor(Anchor("an-s", "b-far", PickedBy.TEXT, 1, "t", storey="2 层"), "t")
    places.put_defect(Defect("d-s", "b-far", "an-s", "crack", 2, 1, "t", note="窗角斜裂"), "t")
    assert found(city, "bureau", "斜裂")["defect"][0]["building_id"] == "b-far"
    assert "defect" not in found(city, "near_bureau", "斜裂")
