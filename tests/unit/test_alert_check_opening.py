"""Who is sent for an alert: the plan and a duty officer open one check-up between them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from api.application import create_app
from domain.check_ports import CheckFilter
from domain.checkups import CheckState, CheckUp
from domain.ports import Page
from lifecycle.opening import alert_check_id, for_alert, given
from tests.api_city import NOW_NS, City, alert, make_city
from tests.check_samples import CYCLES, DAY, FORM, add_rules
from web.application import mount_pages


@pytest.fixture
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = make_city(tmp_path_factory.mktemp("city"))
    add_rules(made.records)
    yield made
    made.close()


def opened(id_: str, by: str = "check-plan", **told: str) -> CheckUp:
    return for_alert(
        id_, alert("near"), "倾斜", by, NOW_NS, CYCLES, [FORM], due_on=DAY + timedelta(3), **told
    )


def test_what_the_plan_opened_is_given_and_whoever_has_one_keeps_it() -> None:
    planned = opened("first")
    wanted = opened("other", "u-duty", inspector_id="u-inspector", note="带梯子")
    now = given(planned, wanted)
    assert now is not None
    assert (now.id, now.state, now.inspector_id, now.note, now.version, now.by) == (
        "first", CheckState.ASSIGNED, "u-inspector", "带梯子", 2, "check-plan",
    )  # fmt: skip
    assert given(now, wanted) == now, "asked for twice it changes nothing"
    assert given(now, replace(wanted, inspector_id="u-other")) is None
    for state in (CheckState.DONE, CheckState.CANCELLED):
        assert given(replace(planned, state=state), wanted) is None


@pytest.mark.parametrize("plan_first", [True, False])
def test_the_plan_and_an_officer_open_one_between_them(city: City, plan_first: bool) -> None:
    client = _browser(city)
    checks, about = city.records.checks, alert("near")
    form = {
        "check_up_id": "from-the-page",
        "due_on": "2026-11-25",
        "inspector_id": "u-inspector",
        "firm_id": "",
        "note": "",
    }
    plans = opened(alert_check_id(about.id))
    if plan_first:
        assert checks.add_check_ups([plans], "check-plan") == 1
    for _ in range(2):
        assert client.post(f"/alerts/{about.id}/inspect", data=form).status_code == 200
    if not plan_first:
        assert checks.add_check_ups([plans], "check-plan") == 0
    (one,) = checks.check_ups(CheckFilter(alert_id=about.id), Page())
    assert (one.state, one.inspector_id, str(one.due_on)) == (
        CheckState.ASSIGNED, "u-inspector", "2026-11-25",
    )  # fmt: skip
    client.post(f"/alerts/{about.id}/inspect", data=form | {"note": "再派一人"})
    assert checks.count_check_ups(CheckFilter(alert_id=about.id)) == 2


def _browser(city: City) -> TestClient:
    app = create_app(city.services)
    mount_pages(app)
    return replace(city, app=app).browser("duty_officer")
