"""The icons that the inspector's app names exist, are as large as told, and show the logo."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from tests.api_city import City, make_city
from web.app_icon import drawn
from web.application import mount_pages

GROUND, WHITE = (15, 94, 94, 255), (255, 255, 255, 255)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    mount_pages(made.app)
    yield made
    made.records.close()


@pytest.fixture
def client(city: City) -> TestClient:
    return city.client()


def image_at(client: TestClient, address: str) -> Image.Image:
    answer = client.get(address)
    assert answer.status_code == 200, address
    assert answer.headers["Content-Type"] == "image/png"
    return Image.open(io.BytesIO(answer.content))


def test_the_manifest_names_icons_that_are_there_in_the_sizes_told(client: TestClient) -> None:
    told = client.get("/inspect/manifest.webmanifest").json()["icons"]
    found = {(one["sizes"], one["purpose"]) for one in told}
    assert found == {(s, p) for s in ("192x192", "512x512") for p in ("any", "maskable")}
    for one in told:
        image = image_at(client, one["src"])
        assert f"{image.width}x{image.height}" == one["sizes"]
        corner = image.convert("RGBA").getpixel((0, 0))
        assert corner == (GROUND if one["purpose"] == "maskable" else (0, 0, 0, 0))


def test_the_page_names_an_icon_for_iphones(client: TestClient) -> None:
    page = client.get("/inspect/").text
    (address,) = re.findall(r'rel="apple-touch-icon" href="([^"]+)"', page)
    image = image_at(client, address)
    assert image.size == (180, 180)
    assert image.convert("RGBA").getpixel((0, 0)) == GROUND


def test_what_is_drawn_is_the_logo() -> None:
    image = Image.open(io.BytesIO(drawn(320))).convert("RGBA")
    assert image.getpixel((160, 70)) == WHITE, "the ridge of the roof"
    assert image.getpixel((100, 210)) == (143, 227, 212, 255), "the line of readings"
    assert image.getpixel((160, 290)) == GROUND


def test_an_icon_that_nobody_names_is_not_drawn(client: TestClient) -> None:
    assert client.get("/inspect/icons/9999999.png").status_code == 404
