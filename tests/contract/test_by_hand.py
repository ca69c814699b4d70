"""Readings by hand go the way of all readings: once, judged, accounted for, flagged."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.house import House, Role
from domain.buildings import Building
from domain.clock import DAY_NS, HOUR_NS
from domain.errors import Conflict
from domain.hand_desk import HandDesk
from domain.hand_readings import HandReading, HandSeries, HandSheet, make_sheet
from domain.readings import QualityFlag
from domain.sensors import Channel, Gateway, Method, SegmentReason, Sensor
from ingest.by_hand import ByHand
from ingest.directory import Directory
from ingest.intake import Intake
from ingest.messages import Message
from ingest.settings import IngestSettings
from tests.e2e.house_runs import settings_for, short_story

SPANS = {"crack": (-50.0, 200.0), "settlement": (-1000.0, 5000.0), "tilt": (-600.0, 600.0)}
MANUAL = int(QualityFlag.MANUAL)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """One house with one crack gauge; nothing runs by itself."""
    roles = frozenset({Role.INGEST, Role.ANALYSE})
    made = House(settings_for(tmp_path, 1, short_story(2)), roles)
    register = made.records.register
    house = Building("b", "CODE", "演示楼", "", "360102", "", "", 115.9, 28.7, structure="masonry")
    register.put_building(house, "test")
    register.put_gateway(Gateway("g", "gateway"), "test")
    register.put_sensor(Sensor("s", "b", "g", "C1", "crack"), "test")
    register.put_channel(Channel("c", "s", "g", "C1", "crack", "mm"), "test")
    yield made
    made.stop()


def begin(house: House, method: Method = Method.CRACK_CARD) -> HandSeries:
    building = house.records.register.sites(0)[0][0]
    desk = HandDesk(house.services, building.id, SPANS)
    return desk.begin(f"h-{method.name}", f"H-{method.name}", method, "li", building.name)[0]


def measured(
    house: House, series: HandSeries, values: list[float], sheet_id: str = "sheet-1"
) -> HandSheet:
    """One value every 30 days, the newest a day ago."""
    now_ns = house.clock.now_ns()
    readings = [
        HandReading(c.id, now_ns - DAY_NS * (30 * back + 1), value, "surveyor", "card", "")
        for c in series.channels
        for back, value in enumerate(reversed(values))
    ]
    sheet = make_sheet(sheet_id, series.sensor.building_id, series.gateway, readings, "li", now_ns)
    house.records.hand.put_sheet(sheet)
    return sheet


def by_hand(house: House, spool: object = None) -> ByHand:
    shard = 0
    directory = Directory(house.records.register.channels_of_gateways(shard), shard)
    return ByHand(
        house.records.hand,
        spool or house.spool_writer,  # type: ignore[arg-type]
        lambda: directory,
        house.clock,
    )


def run_pipeline(house: House) -> None:
    while house.pipeline.storing.store():
        pass
    while house.pipeline.judge():
        pass


def stored(house: House, series: HandSeries) -> list[tuple[float, int]]:
    rows = house.readings.between(series.channels[0].id, 0, house.clock.now_ns())
    return list(zip(rows.value.tolist(), rows.flag.tolist(), strict=True))


def test_a_sheet_is_stored_judged_flagged_and_accounted_for(house: House) -> None:
    series = begin(house)
    # a card says the same for months: that is no instrument that is stuck
    sheet = measured(house, series, [0.3] * 10 + [1.4, 1.4, 1.5])
    assert by_hand(house).run_once() == 1
    run_pipeline(house)
    rows = stored(house, series)
    assert [value for value, _ in rows] == [0.3] * 10 + [1.4, 1.4, 1.5]
    assert {flag for _, flag in rows} == {MANUAL | QualityFlag.LATE}
    kept = house.records.hand.sheet("sheet-1")
    assert kept is not None
    assert (kept.stored, kept.outcome, kept.readings) == (13, "stored", sheet.readings)
    (account,) = house.records.accounts.accounts([series.gateway.id])
    assert (account.stored, account.duplicate, account.missing) == (13, 0, 0)
    # wider than 1 mm and grown since the first cards: a finding like any sensor's
    alerts = house.records.judgement.open_alerts([series.sensor.building_id])
    assert any(
        part.subject == series.sensor.id and part.rule.startswith("crack.width")
        for alert in alerts
        for part in alert.contributions
    )


def test_what_was_half_done_when_the_power_went_is_done_once(house: House) -> None:
    series = begin(house)
    measured(house, series, [0.3, 0.4])

    class Dies:
        def let_in(self, *what: object) -> None:
            house.spool_writer.let_in(*what)  # type: ignore[arg-type]
            raise OSError("power")

    with pytest.raises(OSError, match="power"):
        by_hand(house, Dies()).run_once()
    assert by_hand(house).run_once() == 1
    assert by_hand(house).run_once() == 0
    run_pipeline(house)
    assert [value for value, _ in stored(house, series)] == [0.3, 0.4]
    (account,) = house.records.accounts.accounts([series.gateway.id])
    assert (account.stored, account.duplicate) == (2, 0)


def test_a_moment_has_one_value_and_a_second_sheet_may_not_change_it(house: House) -> None:
    series = begin(house)
    sheet = measured(house, series, [0.3, 0.4])
    changed = replace(sheet.readings[0], value=9.9)
    again = replace(sheet, id="sheet-2", readings=(changed,))
    with pytest.raises(Conflict, match="already"):
        house.records.hand.put_sheet(again)
    assert house.records.hand.sheet("sheet-2") is None


def test_a_sheet_waits_for_its_channel_and_holds_up_no_other(house: House) -> None:
    early = by_hand(house)
    measured(house, begin(house), [0.3])
    # this directory was read before the series was begun
    assert early.run_once() == 0
    assert by_hand(house).run_once() == 1


def test_sheets_of_a_point_that_was_switched_off_hold_up_nothing_for_ever(house: House) -> None:
    series = begin(house)
    measured(house, series, [0.3])
    channel = replace(series.channels[0], active=False)
    house.records.register.put_channel(channel, "test")
    assert by_hand(house).run_once() == 0
    house.clock.advance_to(house.clock.now_ns() + 2 * HOUR_NS)  # type: ignore[attr-defined]
    assert by_hand(house).run_once() == 1
    kept = house.records.hand.sheet("sheet-1")
    assert kept is not None
    assert (kept.stored, kept.outcome) == (0, "channel out of use")


def test_a_total_station_tells_both_axes_and_a_levelling_counts_from_zero(house: House) -> None:
    leaning, levelled = begin(house, Method.TOTAL_STATION), begin(house, Method.LEVELLING)
    assert leaning.gateway.id == levelled.gateway.id
    measured(house, leaning, [4.0, 4.1])
    measured(house, levelled, [12.0, 13.5], "sheet-2")
    assert by_hand(house).run_once() == 2
    run_pipeline(house)
    now_ns = house.clock.now_ns()
    adjuster = house.services.adjuster
    x = adjuster.channel(leaning.channels[0].id, 0, now_ns)
    assert [round(v, 6) for v in x.series.tolist()] == [4.0, 4.1]
    down = adjuster.channel(levelled.channels[0].id, 0, now_ns)
    assert [round(v, 6) for v in down.series.tolist()] == [0.0, 1.5]


def test_points_by_hand_are_no_gateway_that_falls_silent_or_gets_a_plan(house: House) -> None:
    series = begin(house)
    house._make_planner().run_once()
    assert house.records.fleet.plans([series.gateway.id]) == []
    assert house.records.fleet.plans() != []
    house.clock.advance_to(house.clock.now_ns() + 100 * DAY_NS)  # type: ignore[attr-defined]
    house.pipeline.judge()
    house.pipeline.tick()
    alerts = house.records.judgement.open_alerts([series.sensor.building_id])
    subjects = {part.subject for alert in alerts for part in alert.contributions}
    assert subjects.isdisjoint({series.sensor.id, series.gateway.id})


def send(house: House, what: str, body: object, received_ns: int, gateway_id: str) -> None:
    directory = Directory(house.records.register.channels_of_gateways(0), 0)
    message = Message(f"anju/1/0/{gateway_id}/{what}", json.dumps(body).encode(), received_ns)
    intake = Intake(lambda: directory, IngestSettings())
    house.spool_writer.write(intake.arrivals([message]))


def test_a_boot_told_in_the_status_opens_a_segment_for_readings_without_numbers(
    house: House,
) -> None:
    site = house.records.register.sites(0)[0][2]
    crack = next(c for c in site.channels if c.kind == "crack")
    # after the instruments were installed
    start_ns, end_ns = house.clock.now_ns(), house.clock.now_ns() + 90 * HOUR_NS

    def readings(first: int, count: int, zero: float) -> None:
        for n in range(first, first + count):
            at_ns = start_ns + n * HOUR_NS
            value = zero + 0.004 * ((n * 7) % 5 - 2)
            body = {"readings": [{"c": crack.address, "t": at_ns, "v": value}]}
            send(house, "readings", body, at_ns, crack.gateway_id)

    send(house, "status", {"online": True, "boot": 1}, start_ns, crack.gateway_id)
    readings(0, 30, 5.0)
    run_pipeline(house)
    before = house.records.register.site(site.building_id).segments
    told_ns = start_ns + 30 * HOUR_NS - 1
    send(house, "status", {"online": True, "boot": 2}, told_ns, crack.gateway_id)
    run_pipeline(house)
    readings(30, 8, 2.0)
    run_pipeline(house)
    opened = [s for s in house.records.register.site(site.building_id).segments if s not in before]
    assert [(s.channel_id, s.reason) for s in opened] == [(crack.id, SegmentReason.RESTART)]
    rows = house.services.adjuster.channel(crack.id, start_ns, end_ns)
    assert float(abs(rows.series[-1] - rows.series[0])) < 0.05
    flag = {"online": True, "remounted": [{"c": crack.address, "t": start_ns + 38 * HOUR_NS - 2}]}
    for again in range(2):
        send(house, "status", flag, start_ns + 38 * HOUR_NS - 1 + again, crack.gateway_id)
        run_pipeline(house)
    readings(38, 5, 7.0)
    run_pipeline(house)
    newest = house.records.register.site(site.building_id).segments
    remounted = [s for s in newest if s.reason is SegmentReason.REMOUNT]
    assert len(remounted) == 1
    rows = house.services.adjuster.channel(crack.id, start_ns, end_ns)
    assert float(abs(rows.series[-1] - rows.series[0])) < 0.05
