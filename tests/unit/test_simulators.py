"""The simulated neighbourhood: the same seed gives the same world, and events are what they say."""

import json
from pathlib import Path

import numpy as np
import pytest

from domain.clock import DAY_NS, HOUR_NS
from domain.errors import NotFound
from domain.findings import Cause
from domain.limits import Level
from domain.readings import Floats
from simulators.neighbourhood import HOUSES, neighbourhood
from simulators.noise import key_of, normal, uniform
from simulators.readings import GatewayReadings, Play, readings_between
from simulators.scenario import scenario_named, scenarios
from simulators.story import (
    CHAPTERS,
    START_NS,
    Cut,
    Garbage,
    Odd,
    Publish,
    Restart,
    Story,
    demo_story,
)
from simulators.weather import Weather

SEED = 11
NAMES = {
    "battery_fade",
    "benign_wander",
    "clock_skew",
    "crack_fukuzono",
    "first_summer_unseen",
    "gap_hours",
    "gap_weeks",
    "heat_wave",
    "metro_traffic",
    "post_quake_shift",
    "rainy_season_swelling",
    "remount",
    "repair_strengthening",
    "restart_offset_unflagged",
    "sensor_drift_linear",
    "settlement_drift",
    "stiffness_loss",
    "thermometer_lost",
    "typhoon",
    "unit_mixup",
    "healthy",
    "cold_snap",
    "settlement_accelerating",
    "wall_removed_step",
    "crack_growth_slow",
    "excavation_next_door",
    "restart_offset_flagged",
    "spikes",
    "stuck",
    "gap",
    "gateway_loses_10_sensors",
}


def days(count: float) -> int:
    return START_NS + round(count * DAY_NS)


def play(name: str, start: float, end: float, house: int = 5) -> GatewayReadings:
    """Readings of one building from day `start` to day `end`; the scenario begins at day 10."""
    place = neighbourhood(SEED, START_NS)
    instruments = place.instruments[place.building(house).id]
    scene = Play(scenario_named(name), days(10))
    return readings_between(instruments, Weather(SEED), scene, days(start), days(end))


def of(readings: GatewayReadings, address: str) -> Floats:
    return readings.value[readings.address == readings.addresses.index(address)]


def change(name: str, address: str, end: float, house: int = 5) -> float:
    """What the scenario has added to one channel after day `end`, noise and weather apart."""
    with_it, without = play(name, end, end + 1, house), play("healthy", end, end + 1, house)
    return float((of(with_it, address) - of(without, address)).mean())


# -- weather


def test_the_year_is_nanchang_like() -> None:
    hours = np.arange(days(0), days(365), HOUR_NS)
    air = Weather(SEED).air(hours)
    assert 17.0 < air.mean() < 19.0
    months = air[: 12 * 730].reshape(12, 730).mean(axis=1)
    assert months.max() > 26.0
    assert months.min() < 10.0


def test_the_air_is_the_same_however_the_question_is_cut() -> None:
    hours = np.arange(days(0), days(3), HOUR_NS // 2)
    weather = Weather(SEED)
    parts = [weather.air(hours[:20]), weather.air(hours[20:])]
    np.testing.assert_allclose(weather.air(hours), np.concatenate(parts), atol=1e-9)
    assert not np.allclose(weather.air(hours), Weather(SEED + 1).air(hours))


def test_the_wall_follows_the_air_a_day_late() -> None:
    hours = np.arange(days(0), days(60), HOUR_NS)
    weather = Weather(SEED)
    air, wall = weather.air(hours), weather.wall(hours)
    assert wall.std() < air.std()
    lags = [np.corrcoef(air[: len(air) - n], wall[n:])[0, 1] for n in range(60)]
    assert 5 <= int(np.argmax(lags)) <= 30


def test_no_moments_give_no_temperatures() -> None:
    assert len(Weather(SEED).air(np.empty(0, np.int64))) == 0


def test_noise_is_even_and_normal_and_depends_on_seed_and_name() -> None:
    ticks = np.arange(50_000, dtype=np.int64) - 25_000
    key = key_of(SEED, "T1.x")
    even, bell = uniform(key, ticks), normal(key, ticks)
    assert even.min() > 0.0
    assert even.max() < 1.0
    assert abs(even.mean() - 0.5) < 0.01
    assert abs(bell.mean()) < 0.02
    assert abs(bell.std() - 1.0) < 0.02
    assert abs(np.corrcoef(bell[1:], bell[:-1])[0, 1]) < 0.02
    assert abs(np.corrcoef(even, uniform(key_of(SEED, "T1.y"), ticks))[0, 1]) < 0.02


# -- scenarios


def test_every_scenario_is_found_by_name() -> None:
    assert set(scenarios()) == NAMES
    files = Path(__file__).parents[2].joinpath("simulators/scenarios").glob("[a-z]*.py")
    assert {file.stem for file in files} == NAMES


def test_an_unknown_scenario_is_named_with_those_there_are() -> None:
    with pytest.raises(NotFound, match=r"no scenario 'quake'; there are battery_fade, .*"):
        scenario_named("quake")


@pytest.mark.parametrize("name", sorted(NAMES))
def test_nothing_happens_before_a_scenario_begins(name: str) -> None:
    before, healthy = play(name, 0, 10), play("healthy", 0, 10)
    np.testing.assert_array_equal(before.taken_at, healthy.taken_at)
    np.testing.assert_array_equal(before.value, healthy.value)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_span_cut_in_two_gives_the_same_readings(name: str) -> None:
    whole, first, second = play(name, 8, 16), play(name, 8, 11.37), play(name, 11.37, 16)
    np.testing.assert_array_equal(whole.taken_at, np.concatenate([first.taken_at, second.taken_at]))
    np.testing.assert_array_equal(whole.value, np.concatenate([first.value, second.value]))
    np.testing.assert_array_equal(whole.address, np.concatenate([first.address, second.address]))


def test_readings_are_in_order_each_instant_of_a_channel_once() -> None:
    readings = play("healthy", 0, 3)
    assert (np.diff(readings.taken_at) >= 0).all()
    keys = {(int(a), int(t)) for a, t in zip(readings.address, readings.taken_at, strict=True)}
    assert len(keys) == len(readings)
    assert len(of(readings, "T1.x")) == 72
    assert len(of(readings, "V1.ppv")) == 36
    assert np.isfinite(readings.value).all()


def test_a_cold_snap_falls_fifteen_degrees_in_a_day_and_moves_only_what_heat_moves() -> None:
    assert change("cold_snap", "H1", 11.1) == pytest.approx(-15.0, abs=1.0)
    assert abs(change("cold_snap", "H1", 40.0)) < 0.5
    # the raw tilt moves past what the growth and rate rules allow: 0.5 ‰
    place = neighbourhood(SEED, START_NS)
    tilts = [
        max(abs(change("cold_snap", f"T{n}.{axis}", 11.2, number)) for n in (1, 2) for axis in "xy")
        for number in (1, 5, 9)
    ]
    assert max(tilts) > 0.5
    assert max(tilts) < 1.0
    assert len(place.buildings) == len(HOUSES)


def test_accelerating_settlement_passes_three_mm_in_a_month_and_goes_on_faster() -> None:
    at = [change("settlement_accelerating", "S1", day) for day in (10, 25, 40, 55)]
    assert at[2] - at[0] > 3.5
    assert at[3] - at[2] > at[2] - at[1] > at[1] - at[0]
    assert change("settlement_accelerating", "S2", 40) > 2.5


def test_a_removed_wall_steps_two_cracks_and_two_tilt_points_past_orange() -> None:
    for address, least in (("C1", 1.0), ("C2", 0.8), ("T1.x", 2.5), ("T2.x", 2.5)):
        assert change("wall_removed_step", address, 10.5) > least
    assert abs(change("wall_removed_step", "S1", 12)) < 0.1


def test_a_slow_crack_passes_yellow_within_a_fortnight_and_never_jumps() -> None:
    assert change("crack_growth_slow", "C1", 22) > 0.2
    assert change("crack_growth_slow", "C1", 11) < 0.05


def test_an_excavation_shakes_sinks_and_leans_and_part_of_it_comes_back() -> None:
    name = "excavation_next_door"
    ppv = of(play(name, 11, 12), "V1.ppv")
    frequency = of(play(name, 11, 12), "V1.frequency")
    assert 4.5 <= ppv.max() <= 6.5
    assert (ppv > 4.0).sum() == 6
    assert (ppv < 0.5).sum() == 6
    assert (frequency[ppv > 4.0] <= 9.0).all()
    daily = np.diff([change(name, "S1", day) for day in (15, 16, 17, 18, 19)])
    assert (daily > 2.5).all()
    assert change(name, "T1.x", 21) > 1.0
    assert change(name, "S1", 24) > change(name, "S1", 40) > 10.0


def test_a_restart_moves_the_zero_of_every_tilt_axis_by_a_third_to_two_thirds_permille() -> None:
    jumps = [
        abs(change("restart_offset_flagged", f"T{n}.{axis}", 11)) for n in (1, 2) for axis in "xy"
    ]
    assert all(0.28 < jump < 0.62 for jump in jumps)
    assert change("restart_offset_flagged", "C1", 11) == 0.0


def test_spikes_are_single_and_never_at_two_sensors_in_one_hour() -> None:
    spiky, healthy = play("spikes", 10, 70), play("healthy", 10, 70)
    wild = np.abs(spiky.value - healthy.value) > 0.5
    assert wild.sum() > 20
    hours = spiky.taken_at[wild] // HOUR_NS
    names = [spiky.addresses[code].split(".")[0] for code in spiky.address[wild]]
    by_hour: dict[int, set[str]] = {}
    for hour, name in zip(hours.tolist(), names, strict=True):
        by_hour.setdefault(hour, set()).add(name)
    assert all(len(sensors) == 1 for sensors in by_hour.values())


def test_a_stuck_sensor_repeats_its_value_and_comes_free_again() -> None:
    stuck = play("stuck", 10, 30)
    values = of(stuck, "T1.x")
    assert len(set(values[: 9 * 24].tolist())) == 1
    assert len(set(values[9 * 24 :].tolist())) > 20
    assert len(set(of(stuck, "T2.x").tolist())) > 20
    before = of(play("healthy", 9, 10), "T1.x")
    assert abs(values[0] - before.mean()) < 0.6


def test_lost_readings_are_those_that_were_never_taken() -> None:
    gap = play("gap", 10, 14)
    assert len(of(gap, "T2.x")) == 36
    assert len(of(gap, "C1")) == 36
    assert len(of(gap, "T1.x")) == 96
    place = neighbourhood(SEED, START_NS)
    silent = 0
    for house in (12, 13):
        dark = play("gateway_loses_10_sensors", 10, 14, house)
        site = next(s for s in place.sites if s.building_id == place.building(house).id)
        heard = {dark.addresses[code] for code in dark.address}
        heard_sensors = {c.sensor_id for c in site.channels if c.address in heard}
        silent += len(site.sensors) - len(heard_sensors)
        assert heard_sensors
    assert silent == 10


# -- the neighbourhood


def test_the_same_seed_gives_the_same_records() -> None:
    first, second = neighbourhood(SEED, START_NS), neighbourhood(SEED, START_NS)
    assert first.buildings == second.buildings
    assert first.sites == second.sites
    assert {b.id for b in first.buildings}.isdisjoint(
        b.id for b in neighbourhood(SEED + 1, START_NS).buildings
    )


def test_ids_codes_and_addresses_are_taken_once() -> None:
    place = neighbourhood(SEED, START_NS)
    ids = [b.id for b in place.buildings] + [g.id for g in place.gateways]
    ids += [a.id for a in place.appraisals]
    for site in place.sites:
        ids += [x.id for x in (*site.sensors, *site.channels, *site.segments, *site.mounts)]
    assert len(set(ids)) == len(ids)
    assert len({b.code for b in place.buildings}) == len(place.buildings)
    addresses = [(c.gateway_id, c.address) for site in place.sites for c in site.channels]
    assert len(set(addresses)) == len(addresses)


def test_everything_says_that_it_is_a_demo() -> None:
    place = neighbourhood(SEED, START_NS)
    for building in place.buildings:
        assert building.code.startswith("DEMO-")
        assert "演示" in building.name
        assert "虚构" in building.address
    for appraisal in place.appraisals:
        assert appraisal.report_number.startswith("DEMO-")
        assert "虚构" in appraisal.appraiser


def test_one_gateway_serves_two_buildings_and_two_speak_the_nested_form() -> None:
    place = neighbourhood(SEED, START_NS)
    assert len(place.gateways) == len(place.buildings) - 1
    assert place.gateway_of(place.building(12).id) == place.gateway_of(place.building(13).id)
    assert len(place.dzt) == 2
    assert all(not g.numbered for g in place.gateways if g.id in place.dzt)


# -- the story


def whole_day(story: Story, day: float) -> list[object]:
    return list(story.step(days(day), days(day + 1)))


def test_the_story_is_the_same_twice_and_in_any_steps() -> None:
    first, second = demo_story(), demo_story()
    assert first.truths == second.truths
    assert first.marks == second.marks
    coarse = [a for a in first.step(days(40), days(41)) if isinstance(a, Publish)]
    fine = [
        a
        for hour in range(24)
        for a in second.step(days(40) + hour * HOUR_NS, days(40) + (hour + 1) * HOUR_NS)
        if isinstance(a, Publish)
    ]
    for gateway in first.neighbourhood.gateways:
        one = [r for a in coarse if a.gateway_id == gateway.id for r in a.readings.rows()]
        many = [r for a in fine if a.gateway_id == gateway.id for r in a.readings.rows()]
        assert one == many
        assert one


def test_the_story_tells_every_chapter_and_the_troubles_of_the_line() -> None:
    story = demo_story()
    told = {chapter.scenario for chapter in CHAPTERS}
    assert told <= NAMES
    assert {truth.scenario for truth in story.truths} == told | {"outage_backfilled"}
    assert len(story.truths) == len(story.neighbourhood.buildings)
    assert {type(mark).__name__ for mark in story.marks} == {
        "Restart",
        "Cut",
        "Restore",
        "Repeat",
        "Garbage",
        "Odd",
    }
    assert [m.at_ns for m in story.marks] == sorted(m.at_ns for m in story.marks)
    assert story.end_ns - story.start_ns <= 90 * DAY_NS


def test_no_event_begins_before_five_weeks_have_been_learnt() -> None:
    for truth in demo_story().truths:
        assert truth.event_started_at_ns is None or truth.event_started_at_ns >= days(35)


def test_a_restart_parts_the_readings_before_it_from_those_after() -> None:
    story = demo_story()
    restart = next(m for m in story.marks if isinstance(m, Restart))
    acts = [
        a
        for a in story.step(restart.at_ns - HOUR_NS, restart.at_ns + HOUR_NS)
        if a.gateway_id == restart.gateway_id
    ]
    assert [type(a).__name__ for a in acts] == ["Publish", "Restart", "Publish"]
    before, after = acts[0], acts[2]
    assert isinstance(before, Publish)
    assert isinstance(after, Publish)
    assert before.readings.taken_at.max() < restart.at_ns <= after.readings.taken_at.min()


def test_the_quiet_ones_expect_nothing_and_the_others_something() -> None:
    for truth in demo_story().truths:
        assert truth.quiet == (not truth.expected)
    expected = {t.scenario: t.expected for t in demo_story().truths}
    assert expected["excavation_next_door"][0] == (Cause.SETTLEMENT, Level.RED)


def test_the_truth_is_written_beside_the_story_in_words(tmp_path: Path) -> None:
    story = demo_story()
    story.write_truth(tmp_path / "truth.json")
    rows = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert len(rows) == len(story.truths)
    wall = next(row for row in rows if row["scenario"] == "wall_removed_step")
    assert wall["expected"] == [
        {"cause": "crack", "level_min": "orange"},
        {"cause": "tilt", "level_min": "orange"},
    ]
    assert wall["event_started_at"] == "2026-10-11T07:00:00+00:00"


def test_a_short_story_leaves_out_what_begins_later() -> None:
    story = demo_story(days=10.0)
    assert {truth.scenario for truth in story.truths} == {"healthy"}
    assert not [m for m in story.marks if isinstance(m, Cut | Garbage | Odd)]


def test_the_story_has_at_most_three_hundred_thousand_readings() -> None:
    story = demo_story()
    day = [a for a in whole_day(story, 3) if isinstance(a, Publish)]
    assert sum(len(a.readings) for a in day) * 75 < 310_000
