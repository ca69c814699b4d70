"""Peak velocity against the table of its building, at its own frequency."""

from typing import Any

import numpy as np
import pytest

from analytics.detectors.peak_velocity import DETECTOR
from analytics.limits import load_profile
from domain.buildings import HeritageClass
from domain.clock import HOUR_NS, MINUTE_NS, SECOND_NS
from domain.findings import Cause, Finding
from domain.limits import Level
from domain.readings import ReadingBatch
from tests.unit.series import START_NS, House, building, point, worst

PROFILE = load_profile()


def _shakes(
    peak: float, frequency: float | None, count: int = 4, start_h: float = 0.0, name: str = "V1"
) -> ReadingBatch:
    at = START_NS + round(start_h * HOUR_NS) + np.arange(count, dtype=np.int64) * HOUR_NS
    if frequency is None:
        return ReadingBatch.of([f"{name}.ppv"] * count, at, [peak] * count, received_at=at)
    both = np.repeat(at, 2)
    return ReadingBatch.of(
        [f"{name}.ppv", f"{name}.frequency"] * count, both, [peak, frequency] * count,
        received_at=both,
    )  # fmt: skip


def _found(
    peak: float, frequency: float | None = 8.0, storey: int | None = 1, **facts: Any
) -> list[Finding]:
    house = House(PROFILE, {"V1": point("V1", storey=storey)}, building=building(**facts))
    detector = DETECTOR(PROFILE)
    found = house.run(detector, [_shakes(peak, frequency)])
    return found + house.look(detector, ReadingBatch.empty(), START_NS + 9 * HOUR_NS)


@pytest.mark.parametrize(
    ("peak", "level"),
    [
        (0.99, Level.NONE),
        (1.0, Level.BLUE),
        (1.4, Level.YELLOW),
        (1.8, Level.ORANGE),
        (1.99, Level.ORANGE),
        (2.0, Level.RED),
    ],
)
def test_the_share_of_the_limit_gives_the_level(peak: float, level: Level) -> None:
    assert worst(_found(peak)) is level


@pytest.mark.parametrize(
    ("facts", "frequency", "table", "limit"),
    [
        ({}, 30.0, "gb50868.traffic.residential.foundation", 3.5),
        ({"substandard": True}, 30.0, "gb50868.traffic.residential.foundation", 2.45),
        ({"use": "public"}, 10.0, "gb50868.traffic.industrial-public.foundation", 5.0),
        ({"works_nearby": True}, 10.0, "gb50868.piling.residential.foundation", 3.0),
        ({"heritage": HeritageClass.COUNTY}, 10.0, "gbt50452.brick.county.top", 0.45),
        (
            {"heritage": HeritageClass.NATIONAL, "structure": "timber", "works_nearby": True},
            90.0,
            "gbt50452.timber.national.top",
            0.18,
        ),
    ],
)
def test_one_table_is_picked_by_use_works_and_heritage(
    facts: dict[str, Any], frequency: float, table: str, limit: float
) -> None:
    (found,) = _found(limit, frequency, **facts)
    assert found.level is Level.RED
    assert found.limit == pytest.approx(limit)
    assert dict(found.details)["table"] == table
    assert found.cause is Cause.VIBRATION
    assert found.source in {t.source for t in PROFILE.tables if t.id == table}


def test_the_top_floor_has_its_own_row() -> None:
    (found,) = _found(5.0, 8.0, storey=6)
    assert dict(found.details)["table"] == "gb50868.traffic.residential.top"
    assert found.limit == pytest.approx(5.0)


def test_a_peak_without_frequency_meets_the_strictest_point_and_says_so() -> None:
    (found,) = _found(2.0, None)
    assert found.level is Level.RED
    assert dict(found.details)["frequency"] == "strictest of the table"


def test_a_frequency_that_arrives_later_still_counts() -> None:
    house = House.of(PROFILE, "V1")
    detector = DETECTOR(PROFILE)
    for n in range(4):
        peak = _shakes(4.0, 50.0, 1, n)
        assert house.run(detector, [peak.take(np.array([0]))]) == []
        house.run(detector, [peak.take(np.array([1]))])
    assert worst(house.found) is Level.YELLOW  # 80 % of 5 mm/s, not 200 % of 2 mm/s


def test_a_peak_waits_for_its_frequency_only_two_minutes() -> None:
    house = House.of(PROFILE, "V1")
    detector = DETECTOR(PROFILE)
    house.run(detector, [_shakes(4.0, 8.0, 2)])
    last = _shakes(4.0, None, 1, 2)
    house.run(detector, [last])
    at_ns = int(last.taken_at[0])
    assert house.look(detector, ReadingBatch.empty(), at_ns + 119 * SECOND_NS) == []
    assert worst(house.look(detector, ReadingBatch.empty(), at_ns + 3 * MINUTE_NS)) is Level.RED


def test_a_single_knock_raises_nothing() -> None:
    house = House.of(PROFILE, "V1")
    batches = [_shakes(0.2, 20.0), _shakes(9.0, 8.0, 2, 4), _shakes(0.2, 20.0, 9, 6)]
    assert house.run(DETECTOR(PROFILE), batches) == []


def test_a_second_point_that_shakes_at_the_same_time_confirms_at_once() -> None:
    house = House.of(PROFILE, "V1 V2")
    found = house.run(DETECTOR(PROFILE), [_shakes(3.0, 8.0, 1), _shakes(3.0, 8.0, 1, name="V2")])
    assert [(f.subject, f.level) for f in found] == [("V2", Level.RED)]


def test_it_is_over_when_the_shaking_ends() -> None:
    house = House.of(PROFILE, "V1")
    found = house.run(DETECTOR(PROFILE), [_shakes(3.0, 8.0), _shakes(0.2, 20.0, 4, 4)])
    assert [f.level for f in found] == [Level.RED, Level.NONE]
