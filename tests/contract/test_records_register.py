"""What the register promises, on SQLite and on PostgreSQL."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from domain.buildings import Appraisal, Building, Grade, HeritageClass
from domain.clock import VirtualClock
from domain.errors import Conflict, InvalidInput
from domain.ports import Page, RegisterStore
from domain.sensors import Channel, Gateway, Mount, Segment, SegmentReason, Sensor, Site
from storage.records import Records

FULL = Building(
    "b-1", "360102001001", "三号楼", "东湖区八一大道 1 号", "360102", "墩子塘街道", "社区甲",
    115.89, 28.68, "EPSG:4490", "public", "私有", 1985, 50, "masonry", 6, 1, 18.6, 2400.5, 36,
    HeritageClass.COUNTY, True, True, 1,
)  # fmt: skip
GATEWAY = Gateway("g-1", "网关一", 0, "ab" * 32, False, True, 1)
SENSOR = Sensor(
    "s-1", "b-1", "g-1", "C-03", "crack", "东墙 2 层", 2, "LF-10", "0042", "CERT-7",
    "2027-05-01", 0.01, False, True, 1,
)  # fmt: skip
CHANNEL = Channel("c-1", "s-1", "g-1", "SK01.L1_LF_1.VALUE", "crack", "mm", "", 600, -5.0, 45.5)
MOUNT = Mount("m-1", "s-1", 1_700_000_000_000_000_001, 271.5, 6.25, 115.8901, 28.6801, "东墙")
SEGMENT = Segment(
    "seg-1",
    "c-1",
    1_700_000_000_123_456_789,
    SegmentReason.SURVEY,
    -0.125,
    0.3,
    True,
    "初测",
    "u-1",
)
APPRAISAL = Appraisal(
    "a-1", "b-1", "JGJ 125-2016", Grade.C, "鉴 2026-001", "某鉴定机构（示例）",
    date(2026, 3, 1), date(2031, 3, 1), "appraisals/a-1/report.pdf",
)  # fmt: skip


@pytest.fixture
def register(records: Records) -> RegisterStore:
    return records.register


@pytest.fixture
def mounted(register: RegisterStore) -> RegisterStore:
    register.put_building(FULL, "u-1")
    register.put_gateway(GATEWAY, "u-1")
    register.put_sensor(SENSOR, "u-1")
    register.put_channel(CHANNEL, "u-1")
    register.put_mount(MOUNT, "u-1")
    register.put_segment(SEGMENT, "u-1")
    register.put_appraisal(APPRAISAL, "u-1")
    return register


def building(number: int, **changes: object) -> Building:
    plain = Building(
        f"b-{number:03}", f"CODE-{number:03}", f"{number} 号楼", "示例路", "360102", "街道", "社区",
        115.9, 28.7,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_every_record_comes_back_as_it_was_put(
    mounted: RegisterStore, open_again: Callable[[], Records]
) -> None:
    again = open_again().register
    assert again.building("b-1") == FULL
    assert again.gateway("g-1") == GATEWAY
    assert again.gateways() == [GATEWAY]
    assert again.channel("c-1") == (CHANNEL, SENSOR, FULL)
    assert again.site("b-1") == Site("b-1", (SENSOR,), (CHANNEL,), (SEGMENT,), (MOUNT,))
    assert again.appraisals("b-1") == [APPRAISAL]
    assert again.sites(0) == [(FULL, Grade.C, again.site("b-1"))]


def test_optional_values_may_be_absent(register: RegisterStore) -> None:
    plain = building(1)
    register.put_building(plain, "u")
    register.put_gateway(Gateway("g", "g"), "u")
    register.put_sensor(Sensor("s", plain.id, "g", "T1", "tilt"), "u")
    register.put_channel(Channel("c", "s", "g", "T1.x", "tilt", "mm/m", "x"), "u")
    register.put_segment(Segment("seg", "c", 0, SegmentReason.INSTALL), "u")
    register.put_mount(Mount("m", "s", 0), "u")
    site = register.site(plain.id)
    assert register.building(plain.id) == plain
    assert (site.segments[0].offset, site.segments[0].survey) == (None, None)
    assert site.mounts[0].x_azimuth_deg is None


def test_what_is_not_there_is_none_or_empty(register: RegisterStore) -> None:
    assert register.building("x") is None
    assert register.gateway("x") is None
    assert register.channel("x") is None
    assert register.building_of("x") is None
    assert register.site("x") == Site("x")
    assert register.sites(3) == []
    assert register.buildings(Page()) == []
    assert register.grades(["x"], date(2026, 1, 1)) == {}


def test_an_object_leads_to_its_building(mounted: RegisterStore) -> None:
    ids = ["s-1", "c-1", "seg-1", "m-1", "a-1"]
    assert [mounted.building_of(i) for i in ids] == ["b-1"] * 5


def test_a_list_goes_on_where_its_page_ended(register: RegisterStore) -> None:
    register.put_buildings([building(n) for n in range(25)], "u")
    seen: list[str] = []
    page = register.buildings(Page(10))
    while page:
        seen += [b.id for b in page]
        page = register.buildings(Page(10, seen[-1]))
    assert seen == [f"b-{n:03}" for n in range(25)]


def test_ids_are_sorted_by_code_point_on_both_databases(register: RegisterStore) -> None:
    ids = ["a", "B", "Z", "_", "b-1", "b1", "甲"]
    register.put_buildings([building(n, id=i) for n, i in enumerate(ids)], "u")
    assert [b.id for b in register.buildings(Page())] == sorted(ids)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("向阳", ["b-001"]),
        ("  向阳小区 ", ["b-001"]),
        ("洪都", ["b-002"]),
        ("code-003", ["b-003"]),
        ("号楼", ["b-002", "b-003"]),
        ("100%", ["b-003"]),
        ("_", []),
        ("没有", []),
    ],
)
def test_text_is_found_in_code_name_and_address(
    register: RegisterStore, text: str, found: list[str]
) -> None:
    register.put_buildings(
        [
            building(1, name="向阳小区甲栋"),
            building(2, address="洪都大道 8 号"),
            building(3, address="100%路"),
        ],
        "u",
    )
    assert [b.id for b in register.buildings(Page(), text=text)] == found


def test_districts_narrow_a_list_and_none_of_them_leaves_nothing(register: RegisterStore) -> None:
    register.put_buildings([building(1), building(2, district="360103")], "u")
    assert [b.id for b in register.buildings(Page(), districts=["360103"])] == ["b-002"]
    assert len(register.buildings(Page(), districts=["360103", "360102"])) == 2
    assert register.buildings(Page(), districts=[]) == []


def test_thousands_of_ids_may_be_asked_for_at_once(mounted: RegisterStore) -> None:
    ids = [f"x-{n}" for n in range(70_000)] + ["b-1"]
    assert mounted.grades(ids, date(2026, 12, 1)) == {"b-1": Grade.C}


def test_a_change_needs_the_next_version(register: RegisterStore) -> None:
    register.put_building(building(1), "u")
    with pytest.raises(Conflict, match="version 2, got 3"):
        register.put_building(building(1, name="新名", version=3), "u")
    with pytest.raises(Conflict, match="somebody has changed it"):
        register.put_building(building(1, name="新名"), "u")
    register.put_building(building(1, name="新名", version=2), "u")
    assert register.building("b-001") == building(1, name="新名", version=2)


def test_a_new_record_must_have_version_one(register: RegisterStore) -> None:
    with pytest.raises(Conflict, match="not there yet"):
        register.put_gateway(Gateway("g", "g", version=2), "u")


def test_putting_the_same_again_changes_nothing(mounted: RegisterStore, records: Records) -> None:
    before = (mounted.revision(), records.audit.audit(Page()))
    mounted.put_building(FULL, "someone")
    mounted.put_sensor(SENSOR, "someone")
    mounted.put_appraisal(APPRAISAL, "someone")
    assert (mounted.revision(), records.audit.audit(Page())) == before


def test_a_code_belongs_to_one_building(register: RegisterStore) -> None:
    register.put_building(building(1), "u")
    with pytest.raises(Conflict, match="'CODE-001' is taken by the building 'b-001'"):
        register.put_building(building(2, code="CODE-001"), "u")
    assert register.building_codes() == {"CODE-001": "b-001"}


@pytest.mark.parametrize(
    "bad",
    [
        building(9, code="CODE-003"),
        building(9, code="OLD"),
        building(9, latitude=91.0),
        building(9, version=7),
        building(3, code="OTHER"),
    ],
    ids=["code twice", "code taken", "impossible", "version", "id twice"],
)
def test_an_import_is_kept_whole_or_not_at_all(
    register: RegisterStore, records: Records, bad: Building
) -> None:
    register.put_building(building(0, code="OLD"), "u")
    before = (register.revision(), len(records.audit.audit(Page())))
    with pytest.raises((Conflict, InvalidInput)):
        register.put_buildings([building(n) for n in range(1, 8)] + [bad], "u")
    assert register.building_codes() == {"OLD": "b-000"}
    assert (register.revision(), len(records.audit.audit(Page()))) == before


def test_an_import_may_change_and_add(register: RegisterStore) -> None:
    register.put_building(building(1), "u")
    register.put_buildings([building(1, name="改名", version=2), building(2)], "u")
    assert [b.name for b in register.buildings(Page())] == ["改名", "2 号楼"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("longitude", 28.7),
        ("latitude", 115.9),
        ("longitude", float("nan")),
        ("crs", "EPSG:3857"),
        ("height_m", 0.0),
        ("height_m", float("inf")),
        ("storeys_above", -1),
        ("storeys_below", 21),
        ("build_year", 2999),
        ("build_year", 19),
        ("structure", "brick"),
        ("use", "castle"),
        ("district", "3601"),
        ("area_m2", -1.0),
        ("households", -1),
        ("code", " "),
        ("name", ""),
        ("name", "a\x00b"),
        ("name", "a\ud800b"),
        ("address", "长" * 501),
        ("id", ""),
        ("id", "x" * 101),
    ],
)
def test_a_building_that_cannot_be_is_refused(
    register: RegisterStore, field: str, value: object
) -> None:
    with pytest.raises(InvalidInput) as refused:
        register.put_building(building(1, **{field: value}), "u")
    assert refused.value.field == field
    assert register.buildings(Page()) == []


def test_edges_of_what_can_be_are_kept(register: RegisterStore) -> None:
    edge = building(
        1, longitude=136.0, latitude=3.0, height_m=0.5, storeys_above=0, storeys_below=20,
        build_year=2026, area_m2=0.0,
    )  # fmt: skip
    register.put_building(edge, "u")
    assert register.building(edge.id) == edge


def test_broken_references_are_refused(mounted: RegisterStore) -> None:
    with pytest.raises(InvalidInput, match="building_id must name a building") as refused:
        mounted.put_sensor(replace(SENSOR, id="s-2", code="X", building_id="b-9"), "u")
    assert refused.value.field == "building_id"
    with pytest.raises(InvalidInput, match="gateway_id must name a gateway"):
        mounted.put_sensor(replace(SENSOR, id="s-2", code="X", gateway_id="g-9"), "u")
    with pytest.raises(InvalidInput, match="sensor_id must name a sensor"):
        mounted.put_channel(replace(CHANNEL, id="c-2", address="y", sensor_id="s-9"), "u")
    with pytest.raises(InvalidInput, match="sensor_id must name a sensor"):
        mounted.put_mount(replace(MOUNT, id="m-2", sensor_id="s-9"), "u")
    with pytest.raises(InvalidInput, match="channel_id must name a channel"):
        mounted.put_segment(replace(SEGMENT, id="seg-2", channel_id="c-9"), "u")
    with pytest.raises(InvalidInput, match="building_id must name a building"):
        mounted.put_appraisal(replace(APPRAISAL, id="a-2", building_id="b-9"), "u")


def test_a_channel_hangs_on_its_sensors_gateway(mounted: RegisterStore) -> None:
    mounted.put_gateway(Gateway("g-2", "二"), "u")
    with pytest.raises(InvalidInput, match="must be the sensor's, 'g-1', got 'g-2'"):
        mounted.put_channel(replace(CHANNEL, id="c-2", gateway_id="g-2"), "u")


def test_an_address_is_taken_once_in_a_gateway(mounted: RegisterStore) -> None:
    with pytest.raises(Conflict, match=r"'SK01.L1_LF_1.VALUE' of gateway 'g-1' is taken"):
        mounted.put_channel(replace(CHANNEL, id="c-2"), "u")


def test_a_sensors_code_is_free_again_when_it_is_retired(mounted: RegisterStore) -> None:
    new = replace(SENSOR, id="s-2", serial="0043")
    with pytest.raises(Conflict, match="'C-03' is taken in this building by 's-1'"):
        mounted.put_sensor(new, "u")
    mounted.put_sensor(replace(SENSOR, active=False, version=2), "u")
    mounted.put_sensor(new, "u")
    assert [s.id for s in mounted.site("b-1").sensors] == ["s-1", "s-2"]


@pytest.mark.parametrize("bad", ["a/b", "a b", "#", "+", ""])
def test_a_gateways_id_must_fit_a_topic(register: RegisterStore, bad: str) -> None:
    with pytest.raises(InvalidInput):
        register.put_gateway(Gateway(bad, "g"), "u")


def test_an_appraisal_needs_report_and_appraiser(mounted: RegisterStore) -> None:
    for field in ("report_number", "appraiser", "scheme"):
        with pytest.raises(InvalidInput, match=field):
            mounted.put_appraisal(replace(APPRAISAL, id="a-2", **{field: " "}), "u")
    with pytest.raises(InvalidInput, match="valid_until"):
        mounted.put_appraisal(replace(APPRAISAL, id="a-2", valid_until=date(2026, 2, 28)), "u")


def test_the_grade_is_the_newest_appraisals_of_that_day(mounted: RegisterStore) -> None:
    mounted.put_appraisal(
        replace(APPRAISAL, id="a-0", grade=Grade.D, appraised_on=date(2026, 9, 1)), "u"
    )
    assert mounted.grades(["b-1"], date(2026, 2, 28)) == {}
    assert mounted.grades(["b-1"], date(2026, 3, 1)) == {"b-1": Grade.C}
    assert mounted.grades(["b-1"], date(2026, 9, 1)) == {"b-1": Grade.D}
    assert [a.id for a in mounted.appraisals("b-1")] == ["a-1", "a-0"]
    assert mounted.sites(0)[0][1] == Grade.D
    assert mounted.appraised(["b-1", "no-such"], date(2026, 8, 1)) == {"b-1": APPRAISAL}
    assert mounted.appraised(["b-1"], date(2026, 2, 28)) == {}


def test_many_buildings_are_read_at_once_by_id_and_code(mounted: RegisterStore) -> None:
    mounted.put_building(building(2), "u")
    known = mounted.buildings_known(["b-1", "no-such"], ["CODE-002", "nobody's", FULL.code])
    assert [one.id for one in known] == ["b-002", "b-1"]
    assert mounted.buildings_known([]) == []
    assert mounted.sites_of(["b-1", "b-002", "no-such"]) == {"b-1": mounted.site("b-1")}
    assert mounted.site("b-002") == Site("b-002")


def test_a_shard_sees_its_gateways_only(mounted: RegisterStore) -> None:
    mounted.put_gateway(Gateway("g-2", "二", shard=1), "u")
    mounted.put_building(building(2), "u")
    mounted.put_sensor(Sensor("s-2", "b-002", "g-2", "T1", "tilt"), "u")
    mounted.put_channel(Channel("c-2", "s-2", "g-2", "T1.x", "tilt", "mm/m", "x"), "u")
    assert [b.id for b, _, _ in mounted.sites(0)] == ["b-1"]
    assert [b.id for b, _, _ in mounted.sites(1)] == ["b-002"]
    assert [(g.id, c.id) for g, c in mounted.channels_of_gateways(1)] == [("g-2", "c-2")]
    assert mounted.channels_of_gateways(0) == [(GATEWAY, CHANNEL)]


def test_ingest_is_not_told_of_inactive_gateways_and_channels(mounted: RegisterStore) -> None:
    mounted.put_channel(replace(CHANNEL, active=False), "u")
    assert mounted.channels_of_gateways(0) == []
    mounted.put_channel(CHANNEL, "u")
    mounted.put_gateway(replace(GATEWAY, active=False, version=2), "u")
    assert mounted.channels_of_gateways(0) == []


def test_segments_and_mounts_are_told_oldest_first(mounted: RegisterStore) -> None:
    mounted.put_segment(replace(SEGMENT, id="seg-0", opened_at_ns=5), "u")
    mounted.put_mount(replace(MOUNT, id="m-0", mounted_at_ns=5), "u")
    site = mounted.site("b-1")
    assert [s.id for s in site.segments] == ["seg-0", "seg-1"]
    assert [m.id for m in site.mounts] == ["m-0", "m-1"]


def test_the_revision_rises_with_every_change(register: RegisterStore) -> None:
    seen = [register.revision()]
    for put in (
        lambda: register.put_building(FULL, "u"),
        lambda: register.put_gateway(GATEWAY, "u"),
        lambda: register.put_sensor(SENSOR, "u"),
        lambda: register.put_channel(CHANNEL, "u"),
        lambda: register.put_mount(MOUNT, "u"),
        lambda: register.put_segment(SEGMENT, "u"),
        lambda: register.put_appraisal(APPRAISAL, "u"),
    ):
        put()
        seen.append(register.revision())
    assert seen == sorted(set(seen))


def test_every_put_is_audited_with_what_it_changed(
    mounted: RegisterStore, records: Records, records_clock: VirtualClock
) -> None:
    records_clock.advance_to(records_clock.now_ns() + 60_000_000_000)
    mounted.put_building(replace(FULL, name="四号楼", build_year=None, version=2), "u-2")
    mounted.put_gateway(replace(GATEWAY, secret_sha256="cd" * 32, version=2), "u-2")
    lines = records.audit.audit(Page())
    assert [line[2] for line in lines] == [
        "gateway changed", "building changed", "appraisal added", "segment added", "mount added",
        "channel added", "sensor added", "gateway added", "building added",
    ]  # fmt: skip
    at_ns, by, _, object_id, detail = lines[1]
    assert (at_ns, by, object_id) == (records_clock.now_ns(), "u-2", "b-1")
    assert json.loads(detail) == {
        "name": ["三号楼", "四号楼"],
        "build_year": [1985, None],
        "version": [1, 2],
    }
    assert "cdcd" not in lines[0][4]
    assert "abab" not in "".join(line[4] for line in lines)


def test_two_writers_of_one_building_are_told_apart(
    register: RegisterStore, open_again: Callable[[], Records]
) -> None:
    register.put_building(building(1), "u")
    stores = [open_again().register for _ in range(2)]
    gate = threading.Barrier(2)
    outcomes: list[str] = []

    def change(number: int) -> None:
        gate.wait()
        try:
            stores[number].put_building(building(1, name=f"写者{number}", version=2), "u")
            outcomes.append("kept")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=change, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "kept"]
    found = register.building("b-001")
    assert found is not None
    assert found.version == 2
