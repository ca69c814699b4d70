"""Tables to be taken away, and the outlines of the map."""

import csv
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from api.application import create_app
from domain.limits import Level
from tests.api_city import PASSWORD, City, building, make_city
from web.application import mount_pages
from web.districts import hull, outlines
from web.tables import cell, lines


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    yield made
    made.close()


def browser(city: City, user: str) -> TestClient:
    app = create_app(city.services)
    mount_pages(app)
    client = TestClient(app, base_url="https://testserver")
    answer = client.post(
        "/api/v1/session", json={"name": user.replace("_", "-"), "password": PASSWORD}
    )
    assert answer.status_code == 201
    return client


def table(client: TestClient, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="anju-')
    text = answer.content.decode("utf-8")
    assert text.startswith("\ufeff"), "a spreadsheet must know that it is UTF-8"
    return list(csv.DictReader(text.removeprefix("\ufeff").splitlines()))


# ------------------------------------------------------------------------------- tables


def test_the_alerts_are_given_as_a_table_with_the_filters(city: City) -> None:
    client = browser(city, "duty_officer")
    rows = table(client, "/desk/alerts.csv")
    assert [row["级别"] for row in rows] == ["红色预警", "红色预警", "黄色预警", "黄色预警"]
    assert "限值" in rows[0]["说明"]
    assert rows[0]["发出于"].endswith("+08:00")
    assert len(table(client, "/desk/alerts.csv?level=red")) == 2
    assert len(table(client, "/desk/alerts.csv?district=360102&level=red")) == 1
    assert table(client, "/desk/alerts.csv?state=closed") == []
    client.cookies.set("anju_language", "en")
    assert table(client, "/desk/alerts.csv")[0]["level"] == "Red alert"


def test_the_register_is_given_whole_and_without_pages(city: City) -> None:
    base = building("near", "360102")
    for number in range(60):
        city.records.register.put_building(
            replace(base, id=f"b-more-{number}", code=f"MORE-{number}", name=f"{number} 号"), "t"
        )
    client = browser(city, "administrator")
    rows = table(client, "/register/buildings.csv")
    assert len(rows) == len(city.records.register.building_codes())
    assert len(rows) > 60
    assert len(table(client, "/register/buildings.csv?text=MORE-7")) == 1
    by_code = {row["统一编码"]: row for row in rows}
    assert by_code["CODE-near"]["级别"] == "红色预警"
    assert by_code["MORE-1"]["鉴定等级"] == "未鉴定"


def test_nobody_takes_away_what_they_may_not_see(city: City) -> None:
    client = browser(city, "near_duty_officer")
    assert {row["统一编码"] for row in table(client, "/register/buildings.csv")} == {"CODE-near"}
    assert {row["统一编码"] for row in table(client, "/desk/alerts.csv")} == {"CODE-near"}
    operator = browser(city, "operator")
    for path in ("/desk/alerts.csv", "/register/buildings.csv"):
        assert operator.get(path).status_code == 403
    nobody = TestClient(operator.app, base_url="https://testserver")
    assert nobody.get("/desk/alerts.csv", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\n=1"])
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(text: str) -> None:
    assert cell(text) == f"'{text}"


def test_numbers_keep_their_sign_and_nothing_is_an_empty_cell() -> None:
    assert (cell(-1.5), cell(None), cell("a=b")) == (-1.5, "", "a=b")


def test_a_long_table_is_written_piece_by_piece() -> None:
    pieces = list(lines(["n"], ([n] for n in range(1000))))
    assert len(pieces) > 4
    assert len("".join(pieces).splitlines()) == 1001


# ------------------------------------------------------------------------------- outlines

COORDINATE = st.tuples(
    st.integers(-50, 50).map(lambda n: 115.9 + n / 1000),
    st.integers(-50, 50).map(lambda n: 28.6 + n / 1000),
)


@given(st.lists(COORDINATE, min_size=1, max_size=40))
def test_every_building_lies_inside_its_district_s_outline(
    places: list[tuple[float, float]],
) -> None:
    houses = [
        replace(building("near", "360102"), id=f"b{n}", longitude=x, latitude=y)
        for n, (x, y) in enumerate(places)
    ]
    (feature,) = outlines(houses, {}, {"360102": "东湖区"})
    (ring,) = feature["geometry"]["coordinates"]
    assert ring[0] == ring[-1]
    for (ax, ay), (bx, by) in pairwise(ring):
        for x, y in places:
            # counter-clockwise and convex: each building lies left of every edge
            assert (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0


@given(st.lists(COORDINATE, max_size=30))
def test_a_hull_is_made_of_the_points_themselves(places: list[tuple[float, float]]) -> None:
    assert set(hull(places)) <= set(places)
    assert hull(hull(places)) == hull(places)


def test_an_outline_counts_buildings_and_open_alerts() -> None:
    houses = [
        replace(building("near", "360102"), id="a"),
        replace(building("near", "360102"), id="b"),
        replace(building("far", "999999"), id="c"),
    ]
    levels = {"a": [Level.BLUE, Level.RED], "b": [Level.YELLOW]}
    near, far = (f["properties"] for f in outlines(houses, levels, {"360102": "东湖区"}))
    assert (near["name"], near["buildings"], near["alerts"], near["level"]) == ("东湖区", 2, 3, 4)
    assert (far["name"], far["alerts"], far["level"]) == ("999999", 0, 0)
    assert outlines([], {}, {}) == []


def test_one_house_has_a_circle_around_it() -> None:
    house = building("near", "360102")
    (feature,) = outlines([house], {}, {})
    (ring,) = feature["geometry"]["coordinates"]
    metres = [
        math.hypot(
            (x - house.longitude) * math.cos(math.radians(house.latitude)), y - house.latitude
        )
        * 111_320
        for x, y in ring
    ]
    assert max(metres) - min(metres) < 1
    assert min(metres) > 50


def test_the_map_shows_only_districts_with_buildings_one_may_see(city: City) -> None:
    found = browser(city, "near_duty_officer").get("/desk/map").json()
    assert [f["properties"]["code"] for f in found["districts"]["features"]] == ["360102"]
    assert found["districts"]["features"][0]["properties"]["alerts"] == 2
    both = browser(city, "duty_officer").get("/desk/map").json()
    assert len(both["districts"]["features"]) == 2
