"""Histories for the slow analysis: bins, flags, new zeros, covariates, and what was known when."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.assess_input import Histories, spread
from domain.buildings import Building
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS
from domain.contexts import ContextEvent, ContextKind
from domain.ports import GatewayStatus, Judgement
from domain.readings import QualityFlag, ReadingBatch
from domain.sensors import Channel, Gateway, Segment, SegmentReason, Sensor
from storage.readings.memory import MemoryReadingStore
from storage.records import Records
from tests.fresh_records import fresh_records

END_NS = 20_000 * DAY_NS
START_NS = END_NS - 28 * DAY_NS
BIN_NS = 2 * HOUR_NS


class House:
    """One building with a crack gauge and a thermometer."""

    def __init__(self, records: Records) -> None:
        self.records, self.readings = records, MemoryReadingStore()
        register = records.register
        self.building = Building(
            "b", "B", "house", "", "360102", "", "", longitude=115.9, latitude=28.7
        )
        register.put_building(self.building, "test")
        register.put_gateway(Gateway("g", "g"), "test")
        for code, kind, unit in (("C1", "crack", "mm"), ("K1", "temperature", "°C")):
            register.put_sensor(Sensor(f"s-{code}", "b", "g", code, kind), "test")
            register.put_channel(Channel(code, f"s-{code}", "g", code, kind, unit), "test")

    def read(
        self, channel: str, at_ns: int, value: float, *, flag: int = 0, late_ns: int = 0
    ) -> None:
        self.readings.append(
            ReadingBatch.of([channel], [at_ns], [value], received_at=at_ns + late_ns, flag=flag)
        )

    def histories(self, known_by_ns: int = END_NS) -> Histories:
        records = self.records
        return Histories(
            self.readings,
            records.register,
            records.contexts,
            records.fleet.boots,
            END_NS,
            known_by_ns,
        )

    def series(self, known_by_ns: int = END_NS):  # type: ignore[no-untyped-def]
        site = self.records.register.site("b")
        return self.histories(known_by_ns).series(self.building, site)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    records = fresh_records(tmp_path / "records.db")
    yield House(records)
    records.close()


def bin_of(at_ns: int) -> int:
    return (at_ns - START_NS) // BIN_NS


def test_a_bin_has_the_median_and_all_flags_of_its_readings(house: House) -> None:
    at_ns = END_NS - 5 * DAY_NS
    for minute, (value, flag) in enumerate([(1.0, 0), (9.0, QualityFlag.SPIKE), (1.2, 0)]):
        house.read("C1", at_ns + minute * MINUTE_NS, value, flag=int(flag))
    (one,) = house.series()
    assert (one.channel_id, one.kind, one.unit, one.start_ns) == ("C1", "crack", "mm", START_NS)
    assert one.value[bin_of(at_ns)] == 1.2, "nothing is left out: the analysis decides"
    assert one.flags[bin_of(at_ns)] == QualityFlag.SPIKE
    assert np.isfinite(one.value).sum() == 1
    assert len(one.value) == 28 * 12


def test_what_arrived_later_is_not_known_yet(house: House) -> None:
    at_ns = END_NS - 3 * DAY_NS
    house.read("C1", at_ns, 1.0)
    house.read("C1", at_ns + MINUTE_NS, 3.0, late_ns=DAY_NS)
    assert house.series(END_NS)[0].value[bin_of(at_ns)] == 2.0
    assert house.series(at_ns + HOUR_NS)[0].value[bin_of(at_ns)] == 1.0


def test_segments_are_applied_and_new_zeros_are_told(house: House) -> None:
    at_ns = END_NS - 10 * DAY_NS
    zeros = [
        Segment("z0", "C1", START_NS - DAY_NS, SegmentReason.INSTALL, 0.0),
        Segment("z1", "C1", at_ns, SegmentReason.RESTART, 0.5),
        Segment("z2", "C1", at_ns + DAY_NS, SegmentReason.SWAP, 0.7),
    ]
    for segment in zeros:
        house.records.register.put_segment(segment, "test")
    for days, value in ((-1, 1.0), (0, 0.5), (1, 0.3)):
        house.read("C1", at_ns + days * DAY_NS, value)
    (one,) = house.series()
    known = one.value[np.isfinite(one.value)]
    assert known == pytest.approx([1.0, 1.0, 1.0])
    assert one.starts == (bin_of(at_ns), bin_of(at_ns + DAY_NS))
    assert one.remounts == (bin_of(at_ns + DAY_NS),)


def test_a_gateway_that_started_anew_may_have_moved_every_zero(house: House) -> None:
    at_ns = END_NS - 10 * DAY_NS
    statuses = tuple(
        GatewayStatus("g", at_ns + days * DAY_NS, True, boot) for days, boot in ((-5, 3), (0, 4))
    )
    house.records.judgement.commit(Judgement(0, 1, statuses=statuses))
    again = GatewayStatus("g", at_ns + DAY_NS, True, 4)
    house.records.judgement.commit(Judgement(0, 2, statuses=(again,)))
    house.read("C1", at_ns, 1.0)
    (one,) = house.series()
    assert one.starts == (bin_of(at_ns),), "the first counter ever heard is no restart"


def test_a_thermometer_of_the_house_is_the_sites_and_missing_stays_missing(house: House) -> None:
    at_ns = END_NS - 4 * DAY_NS
    house.read("C1", at_ns, 1.0)
    house.read("K1", at_ns, 20.0)
    house.read("K1", at_ns + MINUTE_NS, 90.0, flag=int(QualityFlag.OUT_OF_RANGE))
    (one,) = house.series()
    assert set(one.covariates) == {"site", "city"}
    assert one.covariates["site"][bin_of(at_ns)] == 20.0
    assert np.isfinite(one.covariates["site"]).sum() == 1


def test_weather_rows_become_the_citys_temperature_and_rain(house: House) -> None:
    rows = [
        ContextEvent(
            f"w{hour}", ContextKind.WEATHER, "", END_NS - DAY_NS + hour * HOUR_NS,
            END_NS - DAY_NS + (hour + 1) * HOUR_NS,
            figures=(("rain_mm", 1.0), ("temperature_c", 10.0 + hour)),
        )
        for hour in range(24)
    ]  # fmt: skip
    house.records.contexts.put(rows, "test")
    house.read("C1", END_NS - DAY_NS, 1.0)
    (one,) = house.series()
    assert one.covariates["city"][-12:] == pytest.approx([10.5 + 2 * n for n in range(12)])
    assert one.covariates["rain"][-12:] == pytest.approx([2.0] * 12)
    assert not np.isfinite(one.covariates["rain"][:-12]).any()


def test_a_days_rain_is_spread_in_equal_parts() -> None:
    day = ContextEvent("d", ContextKind.WEATHER, "", 0, DAY_NS, figures=(("rain_mm", 24.0),))
    temperature, rain = spread([day], 0, BIN_NS, 24)
    assert rain[:12] == pytest.approx([2.0] * 12)
    assert np.isnan(rain[12:]).all()
    assert np.isnan(temperature).all()


def test_a_house_that_never_sent_anything_has_an_empty_history(house: House) -> None:
    (one,) = house.series()
    assert one.days == 28
    assert not np.isfinite(one.value).any()
