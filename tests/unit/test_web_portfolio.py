"""The portfolio's pages and files through their own routes: who sees what, and odd requests."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import fastexcel
import pytest
from fastapi.testclient import TestClient

from api.application import create_app
from domain.alerts import NoticeState
from tests.api_city import NOW_NS, PASSWORD, City, assessed, make_city
from web.application import mount_pages


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = make_city(tmp_path_factory.mktemp("city"))
    yield made
    made.close()


def browser(city: City, user: str) -> TestClient:
    app = create_app(city.services)
    mount_pages(app)
    client = TestClient(app, base_url="https://testserver")
    body = {"name": user.replace("_", "-"), "password": PASSWORD}
    client.headers["X-CSRF-Token"] = client.post("/api/v1/session", json=body).json()["csrf"]
    return client


def test_nothing_foreign_is_on_page_map_or_file(city: City) -> None:
    client = browser(city, "near_insurer")
    for path in ("/portfolio", "/portfolio/map", "/portfolio.csv", "/webhooks"):
        text = client.get(path).text
        assert "b-far" not in text, path
        assert "演示楼 far" not in text, path
        assert "example.com/far" not in text, path
    (feature,) = client.get("/portfolio/map").json()["features"]
    assert (feature["properties"]["id"], feature["properties"]["level"]) == ("b-near", 3)
    (row,) = csv.DictReader(io.StringIO(client.get("/portfolio.csv").text.removeprefix("\ufeff")))
    assert (row["得分"], row["鉴定等级"], row["鉴定报告编号"]) == ("72.0", "C", "R-near")
    book = fastexcel.read_excel(client.get("/portfolio.xlsx").content)
    sheet = book.load_sheet(0)
    assert (sheet.name, sheet.height) == ("风险一览", 1)


@pytest.mark.parametrize(
    "query",
    [
        "as_of=0000-00-00&band=E&sort=up&days=-1&at=-5",
        "as_of=1900-01-01&days=90",
        "as_of=2199-12-31 23:59&sort=age",
        "at=99999999999999999999&text=%00&district=' OR 1=1",
        "days=³&at=²",
        "text=" + "x" * 5_000,
    ],
)
def test_an_odd_request_is_answered(city: City, query: str) -> None:
    client = browser(city, "insurer")
    for path in ("/portfolio", "/portfolio/map", "/portfolio.csv", "/portfolio.xlsx"):
        assert client.get(f"{path}?{query}").status_code == 200, path


def test_a_foreign_webhook_can_be_neither_tried_nor_deleted_on_the_page(city: City) -> None:
    client = browser(city, "near_insurer")
    for act in ("test", "delete"):
        for id_ in ("wh-far", "no-such"):
            assert client.post(f"/webhooks/{id_}/{act}").status_code == 404
    assert city.records.score_notices.webhook("wh-far") is not None
    assert city.records.score_notices.due(NOW_NS, 9) == []
    assert client.post("/webhooks/wh-near/test").status_code == 200
    again = client.post("/webhooks/wh-near/test")
    assert "上一条测试还在发送" in again.text
    (notice,) = city.records.score_notices.notices("wh-near")
    assert notice.state is NoticeState.PENDING
    assert browser(city, "duty_officer").get("/webhooks").status_code == 403


def test_a_name_that_looks_like_a_formula_stays_text(city: City) -> None:
    house = city.records.register.building("b-near")
    assert house is not None
    named = replace(house, name="=1+1", version=house.version + 1)
    city.records.register.put_building(named, "test")
    row = assessed("near")
    made = replace(row.assessment, id="later", at_ns=NOW_NS)
    city.records.assessments.put([replace(row, assessment=made, made_at_ns=NOW_NS)])
    client = browser(city, "near_insurer")
    assert "'=1+1" in client.get("/portfolio.csv").text
    sheet = fastexcel.read_excel(client.get("/portfolio.xlsx").content).load_sheet(0)
    assert "=1+1" in str(sheet.to_arrow().to_pydict())


def test_an_insurers_page_of_a_building_says_nothing_of_those_who_live_there(city: City) -> None:
    house = city.records.register.building("b-far")
    assert house is not None
    lived_in = replace(house, households=24, version=house.version + 1)
    city.records.register.put_building(lived_in, "test")
    assert "户数" in browser(city, "duty_officer").get("/buildings/b-far").text
    page = browser(city, "insurer").get("/buildings/b-far")
    assert (page.status_code, "户数" in page.text) == (200, False)
    assert "有数据的通道" in page.text


def test_nothing_an_insurer_can_ask_for_tells_how_many_live_there_or_who_owns_it(
    city: City,
) -> None:
    house = city.records.register.building("b-far")
    assert house is not None
    lived_in = replace(house, households=247, ownership="private", version=house.version + 1)
    city.records.register.put_building(lived_in, "test")
    for name, told in (("duty_officer", True), ("insurer", False)):
        table = browser(city, name).get("/register/buildings.csv")
        assert (table.status_code, "247" in table.text) == (200, told)
        one = city.client(name).get("/api/v1/buildings/b-far").json()
        listed = city.client(name).get("/api/v1/buildings").json()["items"]
        for shown in (one, next(row for row in listed if row["id"] == "b-far")):
            assert (shown["households"] == 247, shown["ownership"] == "private") == (told, told)
