"""The log-in page shows accounts in the demo and never on real data."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.application import create_app
from app.house import House
from app.settings import Settings
from domain.services import Services
from tests.api_city import make_city
from web.application import mount_pages

LOG_INS = (("duty officer", "duty", "demo-pass-word"),)


def log_in_page(services: Services) -> str:
    app = create_app(services)
    mount_pages(app)
    return TestClient(app, base_url="https://testserver").get("/login").text


@pytest.mark.parametrize(("simulated", "shown"), [("模拟演示", True), ("", False)])
def test_accounts_are_shown_only_over_simulated_data(
    tmp_path: Path, simulated: str, shown: bool
) -> None:
    city = make_city(tmp_path)
    page = log_in_page(replace(city.services, simulated=simulated, log_ins=LOG_INS))
    city.close()
    assert ("demo-pass-word" in page) is shown
    assert ("demo-logins" in page) is shown


def test_a_house_that_is_not_the_demo_s_knows_no_passwords(tmp_path: Path) -> None:
    house = House(Settings(folder=tmp_path))
    assert house.services.log_ins == ()
    house.stop()
