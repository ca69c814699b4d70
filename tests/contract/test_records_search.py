"""Search in both records databases."""

from dataclasses import replace

import pytest

from domain.search import Reach, SearchKind, terms_of
from domain.sensors import Gateway, Sensor
from storage.records.records import Records
from tests.browser.quarter import building

ALL = tuple(SearchKind)


@pytest.fixture
def filled(records: Records) -> Records:
    """Twenty-four houses of two districts, and a gateway in each."""
    for number in range(1, 25):
        records.register.put_building(building(number), "t")
    for number in (1, 20):
        records.register.put_gateway(Gateway(f"gw-{number}", f"网关 {number}"), "t")
        records.register.put_sensor(
            Sensor(f"s-{number}", f"b-{number}", f"gw-{number}", f"T-0{number}", "tilt", "东墙"),
            "t",
        )
    records.register.put_gateway(Gateway("gw-idle", "网关 备用"), "t")
    return records


def ids(store: Records, text: str, kind: SearchKind, reach: Reach | None = None) -> list[str]:
    groups = store.search.search(terms_of(text), (kind,), reach or Reach(), 50)
    return [hit.id for group in groups for hit in group.hits]


def test_fragments_of_code_name_and_address_are_found_whatever_case(filled: Records) -> None:
    store = filled
    assert ids(store, "demo36010007", SearchKind.BUILDING) == ["b-7"]
    assert ids(store, "小区3号楼", SearchKind.BUILDING) == ["b-3"]
    assert set(ids(store, "演示路 12号", SearchKind.BUILDING)) == {"b-2", "b-12"}
    assert ids(store, "小区 0024", SearchKind.BUILDING) == ["b-24"]


def test_what_belongs_to_a_house_is_found_by_its_name(filled: Records) -> None:
    assert ids(filled, "小区20号楼", SearchKind.SENSOR) == ["s-20"]
    assert ids(filled, "东墙", SearchKind.SENSOR) == ["s-1", "s-20"]


def test_a_scope_leaves_the_rest_out(filled: Records) -> None:
    far = Reach(("360103",), idle_gateways=False)
    assert ids(filled, "东墙", SearchKind.SENSOR, far) == ["s-20"]
    assert ids(filled, "网关", SearchKind.GATEWAY, far) == ["gw-20"]
    assert ids(filled, "网关", SearchKind.GATEWAY, replace(far, idle_gateways=True)) == [
        "gw-20", "gw-idle",
    ]  # fmt: skip
    own = Reach(building_ids=(), gateway_ids=("gw-1",), idle_gateways=False)
    assert ids(filled, "网关", SearchKind.GATEWAY, own) == ["gw-1"]
    assert ids(filled, "小区", SearchKind.BUILDING, own) == []
    only = Reach(building_ids=("b-5", "b-20"))
    assert ids(filled, "小区", SearchKind.BUILDING, only) == ["b-5", "b-20"]
    assert ids(filled, "东墙", SearchKind.SENSOR, only) == ["s-20"]


def test_signs_of_patterns_stand_for_themselves(filled: Records) -> None:
    assert filled.search.search(terms_of("100%"), ALL, Reach(), 5) == []
    assert filled.search.search(terms_of("b_1"), ALL, Reach(), 5) == []
    assert filled.search.search((), ALL, Reach(), 5) == []
