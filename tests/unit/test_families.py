"""Families of scenarios in the columnar world: seeds draw sizes, and labels match what was done."""

import itertools

import numpy as np
import pytest

from domain.assessments import Fault
from simulators.combined import combined
from simulators.families import drawn, families, family_ranges
from simulators.noise import key_of
from simulators.scenario import Spot, scenarios
from simulators.split import split
from simulators.world_buildings import WorldBuilding, buildings
from simulators.world_ranges import world_ranges

STRUCTURAL = {
    "settlement_drift",
    "settlement_accelerating",
    "excavation_next_door",
    "crack_growth_slow",
    "crack_fukuzono",
    "wall_removed_step",
    "stiffness_loss",
    "post_quake_shift",
}
BENIGN = {
    "heat_wave",
    "cold_snap",
    "rainy_season_swelling",
    "first_summer_unseen",
    "typhoon",
    "metro_traffic",
    "benign_wander",
    "repair_strengthening",
}
FAULTS = {
    "spikes",
    "stuck",
    "gap",
    "gap_hours",
    "gap_weeks",
    "restart_offset_flagged",
    "restart_offset_unflagged",
    "remount",
    "sensor_drift_linear",
    "clock_skew",
    "unit_mixup",
    "thermometer_lost",
    "gateway_loses_10_sensors",
    "battery_fade",
}


def one(name: str, seed: int = 3) -> WorldBuilding:
    return next(buildings(5, [drawn(name, seed)], usual=False))


def test_every_family_is_there() -> None:
    assert set(families("structural")) == STRUCTURAL
    assert set(families("benign")) == BENIGN
    assert set(families("fault")) == FAULTS


def test_ranges_name_fields_that_there_are() -> None:
    assert set(family_ranges()) <= set(scenarios())
    for name in family_ranges():
        drawn(name, 1)


def test_twenty_seeds_draw_twenty_scenarios_and_the_same_seed_the_same() -> None:
    for name, fields in family_ranges().items():
        many = {drawn(name, seed) for seed in range(20)}
        words = all(isinstance(span[0], str) for span in fields.values())
        assert len(many) == 20 or words, name
        assert drawn(name, 7) == drawn(name, 7)


def test_draws_stay_within_their_ranges() -> None:
    for name, fields in family_ranges().items():
        for seed, (field, span) in itertools.product(range(20), fields.items()):
            value = getattr(drawn(name, seed), field)
            assert value in span if isinstance(span[0], str) else span[0] <= value <= span[1]


def test_seeds_and_families_of_judging_are_apart() -> None:
    assert not set(split().tuning) & set(split().judging)
    assert len(split().tuning) >= 20
    assert len(split().judging) >= 20
    assert len(split().judging_families) >= 2
    assert split().judging_families <= STRUCTURAL | BENIGN


def test_every_fault_has_a_name_that_can_be_given() -> None:
    for name in FAULTS:
        assert drawn(name, 1).fault in {fault.value for fault in Fault}
    for name in STRUCTURAL | BENIGN:
        assert drawn(name, 1).fault == ""


@pytest.mark.parametrize("name", sorted(STRUCTURAL))
def test_what_is_structural_is_labelled_where_it_moves_and_nowhere_else(name: str) -> None:
    building = one(name)
    labelled = {label.channel_id for label in building.labels if label.expect == "alarm"}
    assert labelled
    assert all(label.start >= building.start for label in building.labels)
    days = np.array([0.0, 30.0, 149.0])
    for seat, series in enumerate(building.series):
        kind, number = series.channel_id.split(".")[1].split("-")
        axis = {"tilt": "x", "frequency": "modal"}.get(kind, "")
        key = key_of(5, building.building_id, kind, int(number))
        spot = Spot(kind, axis, int(number), seat, len(building.series) + 1, key)
        moved = building.scenario.moved(spot, days)
        slower = building.scenario.read(spot, days, np.ones(3)) != 1.0
        assert bool(moved.any() or slower.any()) == (series.channel_id in labelled)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_is_labelled_with_its_name_and_never_asks_for_an_alarm(name: str) -> None:
    building = one(name)
    assert building.labels
    assert {label.expect for label in building.labels} == {building.scenario.fault}
    assert {label.nature for label in building.labels} == {"fault"}
    assert all(0 <= label.start - building.start < label.end for label in building.labels)


@pytest.mark.parametrize("name", sorted(BENIGN))
def test_what_is_benign_asks_for_quiet(name: str) -> None:
    assert {label.expect for label in one(name).labels} <= {"quiet"}


def test_a_heat_wave_warms_the_thermometers_and_moves_no_label() -> None:
    building = one("heat_wave")
    assert not building.labels
    air = building.series[0].covariates["site"]
    before = air[building.start - 60 : building.start].mean()
    assert air[building.start + 36 : building.start + 72].mean() > before + 3.0


def test_rain_of_the_rainy_season_falls_into_the_gauge() -> None:
    building = one("rainy_season_swelling")
    rain = building.series[0].covariates["rain"]
    assert rain[building.start : building.start + 240].sum() > 20 * 9.9


def test_a_lost_thermometer_leaves_the_readings_and_the_other_thermometers() -> None:
    building = one("thermometer_lost")
    (label,) = building.labels
    covariates = building.series[0].covariates
    assert np.isnan(covariates["own"][label.start : label.end]).all()
    assert np.isfinite(covariates["site"]).all()
    assert all(np.isfinite(series.value).all() for series in building.series)


def test_a_remount_is_told_by_one_sensor_and_a_restart_by_all() -> None:
    remounted = [series for series in one("remount").series if series.remounts]
    assert len(remounted) == 1
    assert set(remounted[0].remounts) <= set(remounted[0].starts)
    restarted = one("restart_offset_flagged")
    assert all(restarted.start in series.starts for series in restarted.series)
    assert not any(series.starts for series in one("restart_offset_unflagged").series)


def test_a_fading_battery_falls_loses_readings_and_is_changed() -> None:
    building = one("battery_fade")
    (label,) = building.labels
    series = next(s for s in building.series if s.channel_id == label.channel_id)
    assert series.battery is not None
    faded = series.battery[label.start : label.end]
    assert (np.diff(faded) < 0).all()
    assert faded[-1] < 5.0
    assert series.battery[-1] == 100.0
    lost = np.isnan(series.value)
    assert lost[label.start : label.end].mean() > 0.05
    assert not lost[: label.start].any()


def test_a_skewed_clock_sends_what_was_measured_hours_before() -> None:
    building = one("clock_skew")
    scenario = building.scenario
    late = round(scenario.hours / 2.0)  # type: ignore[attr-defined]
    then = building.start + 60
    warm = building.series[0].covariates
    around = slice(then, then + 120)
    gaps = [
        float(np.abs(warm["own"][around] - np.roll(warm["site"], n)[around]).std())
        for n in range(12)
    ]
    assert abs(int(np.argmin(gaps)) - late) <= 1


def test_a_fault_over_an_event_keeps_both_labels_and_asks_for_the_alarm() -> None:
    event, trouble = drawn("settlement_drift", 1), drawn("gap_weeks", 1)
    scenario = combined(event, trouble, later_days=20.0)
    building = next(buildings(6, [scenario], usual=False))
    assert scenario.nature == "structural"
    assert scenario.expected == event.expected
    expect = {label.expect for label in building.labels}
    assert expect == {"alarm", "gap"}
    gap = next(label for label in building.labels if label.expect == "gap")
    assert gap.start == building.start + 240


def test_every_event_goes_with_every_fault() -> None:
    days = np.arange(-5.0, 60.0, 0.25)
    spots = [Spot(kind, "", 1, 0, 8, 11) for kind in world_ranges().kinds]
    for event, trouble in itertools.product(sorted(STRUCTURAL), sorted(FAULTS)):
        scenario = combined(drawn(event, 1), drawn(trouble, 1), 3.0)
        for spot in spots:
            values = scenario.read(spot, days, 5.0 + scenario.moved(spot, days))
            assert np.isfinite(values).all()
            assert not scenario.lost(spot, days)[days < 0.0].any()
            assert (values[days < 0.0] == 5.0).all()


def test_the_same_seed_gives_the_same_building() -> None:
    first, second = one("typhoon"), one("typhoon")
    assert first.labels == second.labels
    for a, b in zip(first.series, second.series, strict=True):
        np.testing.assert_array_equal(a.value, b.value)
