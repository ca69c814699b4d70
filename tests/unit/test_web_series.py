"""What a chart draws: segments joined, gaps kept, extremes never thinned away."""

from dataclasses import replace

import numpy as np
import pytest

from analytics.limits import load_profile
from domain.buildings import Building
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS
from domain.limits import Level
from domain.readings import QualityFlag, ReadingBatch
from domain.sensors import Channel, Segment, SegmentReason, Sensor
from storage.readings.memory import MemoryReadingStore
from web.limit_lines import lines_of
from web.series import Points, lean_of, offsets_at, points_of, thin

CHANNEL = Channel("c", "s", "g", "T1.x", "tilt", "‰", "x", interval_s=60)
HOUSE = Building("b", "B-1", "演示楼", "", "360102", "", "", 115.9, 28.7, storeys_above=6)


def segment(at_ns: int, offset: float | None, *, absolute: bool = False) -> Segment:
    return Segment(f"z{at_ns}", "c", at_ns, SegmentReason.REZERO, offset, None, absolute)


def stored(
    at_ns: np.ndarray, values: np.ndarray, flags: np.ndarray | None = None
) -> MemoryReadingStore:
    store = MemoryReadingStore()
    n = len(at_ns)
    store.append(
        ReadingBatch(
            ("c",),
            np.zeros(n, np.int32),
            at_ns.astype(np.int64),
            values.astype(np.float64),
            np.zeros(n, np.uint16) if flags is None else flags.astype(np.uint16),
            at_ns.astype(np.int64),
            np.full(n, -1, np.int64),
            np.full(n, -1, np.int32),
        )
    )
    return store


def points(at_ns: np.ndarray, values: np.ndarray, step_ns: int = MINUTE_NS) -> Points:
    return Points(at_ns, values, values, values, np.ones(len(at_ns), np.int64), 0, step_ns)


def test_a_re_zero_makes_no_step() -> None:
    at = np.arange(10) * MINUTE_NS
    values = np.where(at < 5 * MINUTE_NS, 4.0, 0.0)
    found = points_of(
        stored(at, values), CHANNEL, [segment(0, 0.0), segment(5 * MINUTE_NS, 4.0)], 0, HOUR_NS
    )
    assert found.mean.tolist() == [4.0] * 10


def test_readings_before_the_first_segment_are_shown_as_they_came() -> None:
    assert offsets_at(np.array([1, 5], np.int64), [segment(5, 2.0)]).tolist() == [0.0, 2.0]


def test_readings_whose_zero_is_not_known_yet_are_left_out() -> None:
    at = np.arange(4) * MINUTE_NS
    found = points_of(
        stored(at, np.ones(4)), CHANNEL, [segment(0, 0.0), segment(2 * MINUTE_NS, None)], 0, HOUR_NS
    )
    assert len(found.at_ns) == 2
    assert found.unfit == 2


def test_doubtful_readings_are_left_out_and_counted() -> None:
    at = np.arange(3) * MINUTE_NS
    flags = np.array([0, QualityFlag.OUT_OF_RANGE, QualityFlag.LATE])
    found = points_of(stored(at, np.array([1.0, 9e9, 2.0]), flags), CHANNEL, [], 0, HOUR_NS)
    assert (found.mean.tolist(), found.unfit) == ([1.0, 2.0], 1)


def test_few_readings_are_all_drawn() -> None:
    at = np.arange(50, dtype=np.int64) * MINUTE_NS
    line = thin("x", points(at, at / 1.0), 0, HOUR_NS)
    assert line.at_ns.tolist() == at.tolist()
    assert not line.thinned


def test_a_gap_stays_a_gap() -> None:
    at = np.array([0, 1, 2, 10, 11], np.int64) * MINUTE_NS
    line = thin("x", points(at, np.ones(5)), 0, HOUR_NS)
    assert np.isnan(line.mean).tolist() == [False, False, False, True, False, False]
    assert np.all(np.diff(line.at_ns) > 0)


def test_thinning_keeps_the_one_spike() -> None:
    at = np.arange(100_000, dtype=np.int64) * MINUTE_NS
    values = np.zeros(len(at))
    values[77_777] = 5.0
    line = thin("x", points(at, values), 0, int(at[-1]) + 1)
    assert len(line.at_ns) <= 1_000
    assert line.thinned
    assert (float(np.nanmax(line.high)), line.readings) == (5.0, 100_000)


def test_no_readings_make_an_empty_line() -> None:
    assert len(thin("x", Points(), 0, DAY_NS).at_ns) == 0


def test_a_long_range_is_read_as_hours_with_its_extremes() -> None:
    at = np.arange(0, 2 * DAY_NS, 10 * MINUTE_NS, dtype=np.int64)
    values = np.zeros(len(at))
    values[130] = 3.0
    every_second = replace(CHANNEL, interval_s=1)
    found = points_of(stored(at, values), every_second, [segment(0, 1.0)], 0, 2 * DAY_NS)
    assert len(found.at_ns) == 2 * 24
    assert float(found.high.max()) == 4.0


def test_the_lean_joins_what_both_axes_read_at_one_moment() -> None:
    x = points(np.array([0, 1, 2], np.int64), np.array([3.0, -7.0, 1.0]))
    y = points(np.array([0, 2, 3], np.int64), np.array([4.0, 0.0, 9.0]))
    found = lean_of(x, y)
    assert (found.at_ns.tolist(), found.mean.tolist()) == ([0, 2], [5.0, 1.0])


def test_the_lean_of_a_span_lies_between_its_bounds() -> None:
    x = Points(np.array([0]), np.array([0.5]), np.array([-1.0]), np.array([2.0]), np.array([9]))
    y = Points(np.array([0]), np.array([3.0]), np.array([2.0]), np.array([4.0]), np.array([9]))
    found = lean_of(x, y)
    assert (found.low[0], found.high[0]) == (2.0, pytest.approx(np.hypot(2, 4)))


def test_a_surveyed_tilt_draws_the_total_limits_of_its_height() -> None:
    sensor = Sensor("s", "b", "g", "T1", "tilt")
    lines, others = lines_of(sensor, [segment(0, 0.0, absolute=True)], load_profile(), HOUSE)
    assert {line.limit.id for line in lines} == {"tilt.total.h24"}
    assert {line.limit.level: line.at for line in lines}[Level.YELLOW] == 7.0
    # two storeys' limit of 30 ‰ is not this house's
    assert 30.0 not in {line.at for line in lines}
    assert "tilt.growth" in {limit.id for limit in others}


def test_a_tilt_without_survey_draws_the_growth_limits() -> None:
    sensor = Sensor("s", "b", "g", "T1", "tilt")
    lines, others = lines_of(sensor, [segment(0, 0.0)], load_profile(), HOUSE)
    assert {line.limit.id for line in lines} == {"tilt.growth"}
    assert "tilt.total.h24" in {limit.id for limit in others}


def test_a_rate_is_named_and_never_drawn_as_a_height() -> None:
    sensor = Sensor("s", "b", "g", "S1", "settlement")
    lines, others = lines_of(sensor, [], load_profile(), HOUSE)
    assert lines == []
    assert {limit.quantity for limit in others} == {"settlement_rate"}


def test_crack_growth_stands_on_the_width_that_was_surveyed() -> None:
    sensor = Sensor("s", "b", "g", "C1", "crack")
    surveyed = Segment("z", "c", 0, SegmentReason.SURVEY, 0.0, 0.8, True)
    lines, _ = lines_of(sensor, [surveyed], load_profile(), HOUSE)
    red = [
        line.at
        for line in lines
        if line.limit.id == "crack.growth" and line.limit.level is Level.RED
    ]
    assert red == [pytest.approx(1.8)]


def test_a_temperature_has_no_limits() -> None:
    sensor = Sensor("s", "b", "g", "K1", "temperature")
    assert lines_of(sensor, [], load_profile(), HOUSE) == ([], [])
