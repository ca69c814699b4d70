"""The series that people see is the one that the limits are held against."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from analytics.compensation import Fit
from analytics.course import Courses
from analytics.detectors.movement import Movement
from analytics.limits import load_profile
from analytics.weather import at_moments, binned, learnt, rolling_slope
from app.adjustment import StoredAdjuster
from domain.clock import DAY_NS, HOUR_NS, VirtualClock
from domain.datum import offsets_at
from domain.errors import NotFound
from domain.findings import Compensation
from domain.ports import Judgement
from domain.readings import QualityFlag, ReadingBatch
from domain.sensors import Channel, Gateway, Segment, SegmentReason, Sensor, Site
from storage.readings.memory import MemoryReadingStore
from storage.records.records import Records
from tests.fresh_records import fresh_records
from tests.unit.series import START_NS, House, Series, building, healthy

PROFILE = load_profile()
BIN_NS = int(PROFILE.number("compensation.bin_h") * HOUR_NS)
KINDS = {"T1.x": "tilt", "T1.y": "tilt", "C1": "crack", "S1": "settlement", "TEMP": "temperature"}


@dataclass
class Watched:
    """A judged house in the stores."""

    records: Records
    readings: MemoryReadingStore
    adjuster: StoredAdjuster
    state: Any
    end_ns: int


def watched(folder: Path, series: Series, *, judged: bool = True, shard: int = 0) -> Watched:
    """Judge a series as the pipeline does, and keep readings, register and state."""
    house = House.of(PROFILE, "T1 C1 S1 TEMP", absolute=True)
    detector = Movement(PROFILE)
    readings = MemoryReadingStore()
    for batch in series.batches():
        readings.append(batch)
        if judged:
            house.run(detector, [batch])
    end_ns = START_NS + series.hours * HOUR_NS
    records = fresh_records(folder / "records.db", clock=VirtualClock(end_ns))
    register = records.register
    register.put_building(building(), "test")
    register.put_gateway(Gateway("g-1", "网关", shard=shard), "test")
    for sensor, kind in (("T1", "tilt"), ("C1", "crack"), ("S1", "settlement"),
                         ("TEMP", "temperature")):  # fmt: skip
        register.put_sensor(Sensor(sensor, "b-1", "g-1", sensor, kind), "test")
    for channel_id, kind in KINDS.items():
        sensor, _, axis = channel_id.partition(".")
        register.put_channel(
            Channel(channel_id, sensor, "g-1", channel_id, kind, "", axis, 3600), "test"
        )
    state = house.states.get(detector.name)
    if state is not None:
        blob = msgspec.msgpack.encode(state)
        records.judgement.commit(Judgement(shard, 1, states=(("b-1", detector.name, blob),)))
    adjuster = StoredAdjuster(readings, register, records.judgement, PROFILE)
    return Watched(records, readings, adjuster, state, end_ns)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """Sixty days, a cold snap, and a crack that opens 0.4 mm over the last fortnight."""
    series = healthy(seed=3, days=60, snap_day=50)
    series.moved("C1", lambda days: 0.4 * np.clip((days - 44) / 14, 0, 1))
    return watched(tmp_path_factory.mktemp("house"), series)


def own(site: Site, sensor: str) -> list[Channel]:
    """List the channels of a sensor."""
    return [c for c in site.channels if c.sensor_id == sensor]


def course_of(house: Watched, channel_id: str) -> tuple[int, Any]:
    """Ask judging itself for the course of a channel up to its newest closed bin."""
    records = house.state["channels"]
    record = records[channel_id]
    last = record["b"] + len(record["y"]) // 4 - 1
    _, course = Courses(dict(PROFILE.numbers), records, ["TEMP"], last).of(record, frozen=True)
    assert course is not None
    return last, course


@pytest.mark.parametrize("channel_id", ["T1.x", "T1.y", "C1", "S1"])
def test_what_is_shown_is_what_was_judged(house: Watched, channel_id: str) -> None:
    last, course = course_of(house, channel_id)
    shown = house.adjuster.channel(channel_id, START_NS, house.end_ns)
    assert shown.compensation is Compensation.MATURE
    assert shown.thermometer == "TEMP"
    count = 30 * 12
    medians = binned(shown.taken_at, shown.value, BIN_NS, last - count + 1, count)
    level = learnt(house.state, channel_id, dict(PROFILE.numbers)).level
    assert level is not None
    # a reading lies beside its bin's middle, the weather runs straight between the middles
    tolerance = 0.03 if channel_id.startswith("T") else 0.005
    assert np.nanmax(np.abs(medians - level - course.values[-count:])) < tolerance


@pytest.mark.parametrize("sensor", ["C1", "S1"])
def test_growth_in_bins_is_judging_s_to_the_last_digit(house: Watched, sensor: str) -> None:
    last, course = course_of(house, sensor)
    site = house.records.register.site("b-1")
    movement = house.adjuster.point(site, own(site, sensor), START_NS, house.end_ns).movement
    assert movement is not None
    upto = int(np.searchsorted(movement.at, (last + 1) * BIN_NS))
    shown = movement.growth[upto - 200 : upto]
    # the state keeps bins as float32
    np.testing.assert_allclose(shown, course.values[-200:], atol=2e-5)


def test_the_weather_is_gone_and_the_movement_stays(house: Watched) -> None:
    shown = house.adjuster.channel("C1", START_NS + 30 * DAY_NS, house.end_ns)
    still = shown.taken_at < START_NS + 44 * DAY_NS
    assert shown.value[still].std() < 0.6 * shown.series[still].std()
    grown = np.median(shown.value[-48:]) - np.median(shown.value[still])
    assert grown == pytest.approx(0.4, abs=0.03)


def test_a_tilt_point_grows_by_the_length_of_its_vector(house: Watched) -> None:
    site = house.records.register.site("b-1")
    trend = house.adjuster.point(site, own(site, "T1"), START_NS, house.end_ns)
    movement = trend.movement
    assert movement is not None
    assert movement.base is None
    parts = [course_of(house, axis)[1].values[-100:] for axis in ("T1.x", "T1.y")]
    upto = int(np.searchsorted(movement.at, (course_of(house, "T1.x")[0] + 1) * BIN_NS))
    np.testing.assert_allclose(movement.growth[upto - 100 : upto], np.hypot(*parts), atol=2e-5)
    assert set(movement.rates) == {"‰/month", "‰/d"}
    assert set(trend.channels) == {"T1.x", "T1.y"}


def test_the_rate_is_that_of_the_last_month(house: Watched) -> None:
    site = house.records.register.site("b-1")
    movement = house.adjuster.point(
        site, own(site, "C1"), house.end_ns - DAY_NS, house.end_ns
    ).movement
    assert movement is not None
    # a fortnight's 0.4 mm in a window of thirty days: the straight line through both
    assert 0.3 < movement.rates["mm/month"].values[-3] < 0.75
    # the window is read although it began long before the stretch that is shown
    assert movement.at[0] >= house.end_ns - DAY_NS - BIN_NS


def test_a_house_that_was_never_judged_is_shown_with_its_datum_only(tmp_path: Path) -> None:
    house = watched(tmp_path, healthy(seed=2, days=3), judged=False)
    shown = house.adjuster.channel("C1", START_NS, house.end_ns)
    assert shown.compensation is Compensation.ABSENT
    assert np.array_equal(shown.value, shown.series)
    site = house.records.register.site("b-1")
    assert house.adjuster.point(site, own(site, "C1"), START_NS, house.end_ns).movement is None
    house.records.close()


def test_where_the_thermometer_is_silent_nothing_is_made_up(tmp_path: Path) -> None:
    series = healthy(seed=4, days=50).lost(["TEMP"], 45, 2)
    house = watched(tmp_path, series)
    shown = house.adjuster.channel("C1", START_NS + 40 * DAY_NS, house.end_ns)
    silent = (shown.taken_at >= START_NS + 45 * DAY_NS + BIN_NS) & (
        shown.taken_at < START_NS + 47 * DAY_NS - BIN_NS
    )
    assert silent.sum() > 30
    assert np.isnan(shown.value[silent]).all()
    assert np.isfinite(shown.series[silent]).all()
    house.records.close()


def test_each_shard_s_own_state_is_read(tmp_path: Path) -> None:
    house = watched(tmp_path, healthy(seed=5, days=40), shard=3)
    shown = house.adjuster.channel("C1", START_NS, house.end_ns)
    assert shown.compensation is Compensation.MATURE
    house.records.close()


def test_a_new_zero_makes_no_step_and_an_unknown_one_is_left_open(tmp_path: Path) -> None:
    house = watched(tmp_path, healthy(seed=6, days=60), judged=False)
    register = house.records.register
    at_ns = START_NS + 58 * DAY_NS
    for name, opened, offset in (("a", START_NS, 1.0), ("b", at_ns, 1.5), ("c", at_ns + DAY_NS,
                                  None)):  # fmt: skip
        register.put_segment(
            Segment(f"z-{name}", "TEMP", opened, SegmentReason.REZERO, offset), "test"
        )
    shown = house.adjuster.channel("TEMP", at_ns - HOUR_NS, at_ns + HOUR_NS)
    assert shown.offset.tolist() == [1.0, 1.5]
    assert shown.compensation is Compensation.NOT_NEEDED
    segments = [replace(s, channel_id="C1") for s in register.site("b-1").segments]
    at = np.array([0, at_ns, at_ns + 2 * DAY_NS], np.int64)
    assert offsets_at(at, segments, "crack").tolist()[:2] == [1.0, 1.5]
    assert np.isnan(offsets_at(at, segments, "crack")[2])
    assert offsets_at(at, segments, "temperature")[2] == 0.0
    house.records.close()


def test_doubtful_readings_do_not_reach_the_bins(house: Watched) -> None:
    site = house.records.register.site("b-1")
    before = house.adjuster.point(
        site, own(site, "S1"), house.end_ns - 5 * DAY_NS, house.end_ns
    ).movement
    at = house.end_ns - 4 * DAY_NS + np.arange(1, 40, dtype=np.int64)
    house.readings.append(
        ReadingBatch.of(["S1"] * len(at), at, np.full(len(at), 999.0), flag=QualityFlag.SPIKE)
    )
    after = house.adjuster.point(
        site, own(site, "S1"), house.end_ns - 5 * DAY_NS, house.end_ns
    ).movement
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(before.growth, after.growth)


def test_an_unknown_channel_is_not_found(house: Watched) -> None:
    with pytest.raises(NotFound, match="C9"):
        house.adjuster.channel("C9", 0, 1)


def test_years_are_read_as_hours(house: Watched) -> None:
    site = house.records.register.site("b-1")
    trend = house.adjuster.point(site, own(site, "C1"), house.end_ns - 3000 * DAY_NS, house.end_ns)
    wide = trend.channels["C1"]
    assert wide.spans
    assert len(wide) == int(wide.count.sum())  # hourly readings: one in each span
    assert np.isfinite(wide.value[-100:]).all()
    single = house.adjuster.channel("C1", house.end_ns - 3000 * DAY_NS, house.end_ns)
    assert not single.spans
    assert len(single) == len(house.readings.between("C1", 0, house.end_ns))


# ------------------------------------------------------------------------------- the pieces


def test_the_median_of_a_bin_is_numpy_s() -> None:
    rng = np.random.default_rng(1)
    at, values = rng.integers(0, 1000, 500), rng.normal(size=500)
    values[::7] = np.nan
    made = binned(at, values, 10, 5, 60)
    for number in range(60):
        own = values[(at // 10 == number + 5) & np.isfinite(values)]
        expected = np.median(own) if len(own) else np.nan
        assert made[number] == expected or (np.isnan(made[number]) and np.isnan(expected))


def test_the_weather_runs_straight_between_the_middles_of_bins() -> None:
    effect = np.array([0.0, 1.0, np.nan, 3.0])
    at = np.array([5, 10, 15, 18, 25, 35, 39, 40, -1], np.int64)
    made = at_moments(effect, 10, 0, at)
    assert made[:4].tolist() == [0.0, 0.5, 1.0, 1.0]
    assert np.isnan(made[4])
    assert made[5:7].tolist() == [3.0, 3.0]
    assert np.isnan(made[7:]).all()


def test_the_rolling_rate_is_the_straight_line_s() -> None:
    rng = np.random.default_rng(2)
    values = np.cumsum(rng.normal(size=300))
    values[rng.random(300) < 0.2] = np.nan
    made = rolling_slope(values, 40, 0.5, 0.8)
    assert np.isnan(made[:31]).all()
    for end in range(60, 300):
        part = values[end - 39 : end + 1]
        rows = np.flatnonzero(np.isfinite(part))
        assert made[end] == pytest.approx(np.polyfit(rows, part[rows], 1)[0], abs=1e-9)


def test_too_little_known_gives_no_rate() -> None:
    values = np.full(100, np.nan)
    values[60:75] = 1.0
    assert np.isnan(rolling_slope(values, 40, 0.5, 0.8)).all()
    assert np.isnan(rolling_slope(np.full(10, np.nan), 5, 0.5, 0.8)).all()


def test_a_young_channel_s_baseline_is_that_of_judging() -> None:
    """Before the baseline is complete it is made of what there is."""
    house = House.of(PROFILE, "C1 TEMP")
    detector = Movement(PROFILE)
    house.run(detector, healthy(seed=9, days=3).batches())
    known = learnt(house.states[detector.name], "C1", dict(PROFILE.numbers))
    assert known.fit is None
    assert known.level is not None
    assert known.compensation is Compensation.ABSENT
    assert learnt(None, "C1", dict(PROFILE.numbers)).level is None


def test_a_response_whose_baseline_is_not_kept_yet_is_used(house: Watched) -> None:
    record = dict(house.state["channels"]["C1"])
    kept = record.pop("c0")
    state = {"channels": {**house.state["channels"], "C1": record}}
    known = learnt(state, "C1", dict(PROFILE.numbers))
    assert isinstance(known.fit, Fit)
    assert known.warmth is not None
    assert known.level == pytest.approx(kept[1], abs=0.05)
