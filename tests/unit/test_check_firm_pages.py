"""The firms' pages: kept, changed, retired; whose they are to change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.checkups import Firm, Tier
from domain.ports import Page
from tests.api_city import DISTRICTS, City, make_city
from web.application import mount_pages

NEAR, FAR = DISTRICTS["near"], DISTRICTS["far"]
FORM = {
    "name": "演示体检所", "tier": "body", "districts": [NEAR], "member_ids": ["u-inspector"],
    "qualification": "演示资质 7", "monthly_max": "20", "monthly_max_each": "6",
}  # fmt: skip


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    mount_pages(made.app)
    yield made
    made.close()


def only(city: City) -> Firm:
    (firm,) = city.records.checks.firms()
    return firm


def test_a_firm_is_added_changed_retired_and_taken_up_again(city: City) -> None:
    browser = city.browser("near_bureau")
    assert "还没有机构" in browser.get("/checks/firms").text
    added = browser.post("/checks/firms/save", data=FORM)
    assert added.status_code == 204, added.text
    firm = only(city)
    assert firm.districts == (NEAR,)
    assert (firm.name, firm.tier, firm.member_ids) == ("演示体检所", Tier.BODY, ("u-inspector",))
    assert (firm.monthly_max, firm.monthly_max_each, firm.version) == (20, 6, 1)
    assert "演示资质 7" in browser.get("/checks/firms?text=资质 7").text
    assert "演示体检所" not in browser.get("/checks/firms?text=没有").text
    changed = FORM | {"firm_id": firm.id, "version": "1", "name": "演示二所", "member_ids": []}
    assert browser.post("/checks/firms/save", data=changed).status_code == 204
    assert (only(city).name, only(city).member_ids, only(city).version) == ("演示二所", (), 2)
    # somebody who still looks at the first version
    late = browser.post("/checks/firms/save", data=changed | {"name": "晚了"})
    assert late.status_code == 409
    assert browser.post(f"/checks/firms/{firm.id}/retire").status_code == 204
    assert not only(city).active
    assert "演示二所" not in browser.get("/checks/firms").text
    assert "演示二所" in browser.get("/checks/firms?show=retired").text
    assert browser.post(f"/checks/firms/{firm.id}/retire").status_code == 204
    assert only(city).active
    actions = [line[1:3] for line in city.records.audit.audit(Page(4), object_id=firm.id)]
    assert actions == [("near-bureau", "firm changed")] * 3 + [("near-bureau", "firm added")]


def test_what_is_wrong_is_refused(city: City) -> None:
    browser = city.browser("bureau")
    for change in (
        {"name": "  "}, {"tier": "none"}, {"member_ids": ["nobody"]}, {"monthly_max": "-1"},
        {"monthly_max_each": "x"},
    ):  # fmt: skip
        assert browser.post("/checks/firms/save", data=FORM | change).status_code == 422, change
    missing = browser.post("/checks/firms/save", data=FORM | {"firm_id": "no-such"})
    assert missing.status_code == 404
    assert city.records.checks.firms() == []


def test_a_firm_is_changed_by_those_who_have_all_its_districts(city: City) -> None:
    near = city.browser("near_bureau")
    for districts in ([], [FAR], [NEAR, FAR]):
        told = FORM | {"districts": districts}
        assert near.post("/checks/firms/save", data=told).status_code == 403, districts
    for id_, districts in (("fi-far", (FAR,)), ("fi-both", (NEAR, FAR))):
        firm = Firm(id_, f"演示机构 {id_}", Tier.BODY, districts)
        city.records.checks.put_firm(firm, "test")
    assert "fi-far" not in near.get("/checks/firms").text
    assert near.get("/checks/firms/fi-far").status_code == 404
    assert near.post("/checks/firms/fi-far/retire").status_code == 404
    # it is seen, and not theirs
    page = near.get("/checks/firms/fi-both").text
    assert '<fieldset class="plan-form" disabled>' in page
    assert near.post("/checks/firms/fi-both/retire").status_code == 403
    grabbed = FORM | {"firm_id": "fi-both", "version": "1"}
    assert near.post("/checks/firms/save", data=grabbed).status_code == 403
    for user in ("inspector", "insurer", "technician"):
        browser = city.browser(user)
        assert browser.post("/checks/firms/save", data=FORM).status_code == 403
        assert browser.post("/checks/firms/fi-both/retire").status_code == 403
        assert browser.get("/checks/firms/new").status_code == 403
    assert city.browser("inspector").get("/checks/firms").status_code == 200
    assert city.browser("insurer").get("/checks/firms").status_code == 403
    assert {firm.version for firm in city.records.checks.firms()} == {1}
