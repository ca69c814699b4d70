"""Growth and rates with the weather taken out: quiet when healthy, awake when it moves."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analytics.detectors.movement import DETECTOR
from analytics.limits import load_profile
from domain.clock import DAY_NS, HOUR_NS
from domain.findings import Cause, Compensation, Finding
from domain.limits import Level
from domain.readings import Floats, concat
from tests.unit.series import (
    START_NS,
    House,
    building,
    day_of,
    healthy,
    point,
    readings,
    tell,
    worst,
)

PROFILE = load_profile()
ALL = "T1 C1 C2 S1 S2 TEMP"


def _run(series: Any, points: str = ALL, **facts: Any) -> list[Finding]:
    house = House.of(PROFILE, points, building=building(**facts))
    return house.run(DETECTOR(PROFILE), series.batches())


def _first(found: list[Finding], cause: Cause, level: Level) -> float:
    """Day of the first finding of a cause at a level or above."""
    return next(day_of(f) for f in found if f.cause is cause and f.level >= level)


def _raw_rule_fires(values: Floats, limit_per_month: float, window_days: int = 30) -> bool:
    """The rule that an ordinary system has: slope of the raw readings against the limit."""
    window = window_days * 24
    time = np.arange(window) / 24
    return any(
        abs(np.polyfit(time, values[end - window : end], 1)[0]) * 30 >= limit_per_month
        for end in range(window, len(values) + 1, 24)
    )


def test_a_cold_snap_fires_the_raw_rule_and_not_the_compensated_one() -> None:
    series = healthy(seed=3, days=70, snap_day=50)
    air = series.values["TEMP"]
    assert air[50 * 24] - air[51 * 24] > 13  # 15 °C in 24 h
    assert _raw_rule_fires(series.values["C1"], 0.1)  # crack.rate yellow
    assert _raw_rule_fires(series.values["T1.x"], 0.25)  # tilt.rate yellow
    assert np.ptp(series.values["C1"]) > 0.2  # crack.growth yellow
    found = _run(series)
    assert worst(found) <= Level.BLUE, [(day_of(f), f.rule, f.level) for f in found]


@pytest.mark.parametrize("seed", range(20))
def test_a_healthy_house_stays_below_orange(seed: int) -> None:
    # two points at yellow would agree to orange, so yellow is no place for a healthy house either
    points = "T1 C1 S1 TEMP" if seed % 2 else "T1 C2 S2 TEMP"
    found = _run(healthy(seed, 64, snap_day=48, noise=1.5, cracks=2), points)
    assert worst(f for f in found if not f.capped) <= Level.BLUE, found
    assert worst(found) <= Level.YELLOW


def test_wild_readings_and_stuck_ones_raise_nothing() -> None:
    series = healthy(seed=5, days=60)
    rng = np.random.default_rng(5)
    for channel_id, size in (("T1.x", 8.0), ("C1", 3.0), ("C2", 2.0), ("S1", 9.0)):
        for at in rng.choice(np.arange(100, 1300), 12, replace=False):
            length = 2 if rng.random() < 0.3 else 1  # bursts of two as well
            series.values[channel_id][at : at + length] += size * rng.choice([-1, 1])
    series.values["S2"][900:1100] = series.values["S2"][900]
    assert worst(_run(series)) <= Level.BLUE


@pytest.mark.parametrize("channel_id", ["T1.x", "C1"])
def test_a_stuck_value_does_not_move_against_the_weather(channel_id: str) -> None:
    series = healthy(seed=3, days=70, snap_day=50)
    series.values[channel_id][44 * 24 : 66 * 24] = series.values[channel_id][44 * 24]
    assert worst(_run(series, "T1 C1 TEMP")) <= Level.BLUE


def test_a_coarse_instrument_that_mostly_repeats_itself_is_still_judged() -> None:
    series = healthy(seed=4, days=44, noise=0.0)
    series.values["C1"] = np.zeros(series.hours)
    series.moved("C1", lambda days: 0.6 * (days >= 40))
    found = _run(series, "C1 TEMP")
    assert worst(found) is Level.ORANGE


def test_stuck_values_steps_and_restarts_come_to_the_same_in_any_batches() -> None:
    series = healthy(seed=8, days=20)
    series.values["S2"][380:400] = series.values["S2"][380]
    series.moved("C1", lambda days: 3.0 * (days >= 17.3)).moved("C2", lambda d: 2.5 * (d >= 17.4))
    series.boots = 1.0 + (np.arange(series.hours) > 400)
    states = []
    for hours in (1, 7, 20 * 24):
        house = House.of(PROFILE, ALL, building=building())
        found = house.run(DETECTOR(PROFILE), series.batches(hours))
        assert any(f.level >= Level.RED for f in found)
        assert house.states["movement"]["channels"]["S2"]["same"]
        states.append((sorted(f.id for f in found), house.states["movement"]))
    assert states[0] == states[1] == states[2]


def test_a_step_of_two_points_is_red_within_hours() -> None:
    def step(size: float) -> Any:
        return lambda days: size * (days >= 40.5)

    series = healthy(seed=6, days=48)
    series.moved("C1", step(2.0)).moved("T1.x", step(2.5)).moved("T1.y", step(1.0))
    found = _run(series)
    crack = _first(found, Cause.CRACK, Level.RED)
    tilt = _first(found, Cause.TILT, Level.ORANGE)
    tell(
        f"step: crack red after {24 * (crack - 40.5):.0f} h, tilt after {24 * (tilt - 40.5):.0f} h"
    )
    assert crack - 40.5 <= 3 / 24
    assert tilt - 40.5 <= 3 / 24
    step_found = next(f for f in found if f.cause is Cause.CRACK and f.level is Level.RED)
    assert dict(step_found.details)["confirmed_by"] == "T1"
    # it stays: the growth since the baseline holds the level that the step raised
    last = {f.rule: f.level for f in found if f.subject == "C1"}
    assert last["crack.growth"] is Level.RED


def test_a_step_counts_in_full_while_the_compensation_is_still_learning() -> None:
    series = healthy(seed=7, days=16)
    series.moved("C1", lambda days: 2.0 * (days >= 12.5))
    series.moved("C2", lambda days: 0.8 * (days >= 12.5))
    found = _run(series)
    assert {f.subject: f.level for f in found if "step" in dict(f.details)} == {
        "C1": Level.RED,
        "C2": Level.ORANGE,
    }


def test_growth_is_capped_at_yellow_while_the_compensation_is_learning() -> None:
    series = healthy(seed=7, days=29)
    series.moved("C1", lambda days: 1.5 * np.clip((days - 14) / 10, 0, 1))
    found = [f for f in _run(series) if f.subject == "C1"]
    assert worst(found) is Level.YELLOW
    top = next(f for f in found if f.level is Level.YELLOW)
    assert top.compensation in {Compensation.IMMATURE, Compensation.ABSENT}


def test_growth_without_a_thermometer_is_capped_at_yellow_for_ever() -> None:
    series = healthy(seed=8, days=60)
    series.moved("C1", lambda days: 2.0 * np.clip((days - 40) / 10, 0, 1))
    found = _run(series, "C1")
    assert worst(found) is Level.YELLOW
    assert {f.compensation for f in found} == {Compensation.ABSENT}
    assert any(f.capped for f in found)


def test_slow_crack_growth_is_yellow_within_weeks_and_orange_later() -> None:
    series = healthy(seed=9, days=75)
    series.moved("C1", lambda days: 0.02 * np.clip(days - 36, 0, None))
    found = _run(series, "C1 C2 TEMP")
    yellow = _first(found, Cause.CRACK, Level.YELLOW) - 36
    orange = _first(found, Cause.CRACK, Level.ORANGE) - 36
    tell(f"slow crack: yellow after {yellow:.1f} d, orange after {orange:.1f} d")
    assert yellow < 14
    assert orange < 30
    assert {f.subject for f in found if f.level >= Level.YELLOW} == {"C1"}


def test_accelerating_settlement_reaches_orange() -> None:
    series = healthy(seed=10, days=75)
    for name, share in (("S1", 1.0), ("S2", 0.7)):
        series.moved(
            name, lambda days, share=share: share * 0.006 * np.clip(days - 36, 0, None) ** 2
        )
    found = _run(series, "S1 S2 TEMP")
    orange = _first(found, Cause.SETTLEMENT, Level.ORANGE) - 36
    tell(f"accelerating settlement: orange after {orange:.1f} d, {0.006 * orange**2:.1f} mm")
    assert orange < 30
    first = next(f for f in found if f.level is Level.ORANGE)
    assert dict(first.details)["ci_low"] >= 3.0
    assert first.window_ns == 30 * DAY_NS


def _two_months(rate: float, months: int) -> list[Finding]:
    series = healthy(seed=11, days=35 + 30 * months, noise=0.3)
    series.moved("S1", lambda days: rate / 30 * np.clip(days - 30, 0, None))
    return _run(series, "S1 TEMP")


def test_more_than_four_mm_a_month_is_red_only_after_the_second_month() -> None:
    found = _two_months(4.4, 2)
    assert worst(f for f in found if day_of(f) < 30 + 55) is Level.ORANGE
    red = next(f for f in found if f.level is Level.RED)
    tell(f"F1: red on day {day_of(red) - 30:.1f} of 4.4 mm/month")
    assert (red.limit, red.window_ns) == (4.0, 60 * DAY_NS)
    assert 55 <= day_of(red) - 30 <= 63


def test_less_than_four_mm_a_month_is_never_red() -> None:
    assert worst(_two_months(3.7, 2)) is Level.ORANGE


def test_half_a_permille_a_month_is_red_after_the_second_month() -> None:
    series = healthy(seed=12, days=98)
    series.moved("T1.x", lambda days: 0.75 / 30 * np.clip(days - 32, 0, None))
    found = [f for f in _run(series, "T1 TEMP") if f.rule == "tilt.rate"]
    orange, red = (_first(found, Cause.TILT, level) - 32 for level in (Level.ORANGE, Level.RED))
    tell(f"F7: orange after {orange:.1f} d, red after {red:.1f} d")
    assert orange < 35
    assert 50 < red < 66


def test_two_mm_a_day_beside_works_are_red_within_two_days_and_not_elsewhere() -> None:
    def dug(seed: int) -> Any:
        series = healthy(seed, days=46)
        return series.moved("S1", lambda days: 3.0 * np.clip(days - 40, 0, 5))

    beside = _run(dug(13), "S1 TEMP", works_nearby=True)
    red = _first(beside, Cause.SETTLEMENT, Level.RED) - 40
    tell(f"F2: red after {24 * red:.0f} h of 3 mm/d")
    assert red < 2
    assert worst(_run(dug(13), "S1 TEMP")) < Level.RED


def test_a_tenth_of_a_permille_a_day_for_three_days_is_red() -> None:
    series = healthy(seed=14, days=46)
    series.moved("T1.x", lambda days: 0.25 * np.clip(days - 40, 0, 5))
    red = next(f for f in _run(series, "T1 TEMP") if f.level is Level.RED)
    tell(f"0.25 permille/d: red after {day_of(red) - 40:.1f} d")
    assert (red.rule, red.unit) == ("tilt.rate", "‰/d")
    assert 2 < day_of(red) - 40 < 5


def test_a_jump_in_one_day_is_no_rate_over_three_days() -> None:
    series = healthy(seed=15, days=46)
    series.moved("T1.x", lambda days: 1.6 * (days >= 40.5))
    assert not [f for f in _run(series, "T1 TEMP") if f.unit == "‰/d"]


def test_a_gap_of_36_hours_raises_nothing_and_hides_nothing() -> None:
    quiet = healthy(seed=16, days=60).lost(
        ["T1.x", "T1.y", "C1", "C2", "S1", "S2", "TEMP"], 45, 1.5
    )
    assert worst(_run(quiet)) <= Level.BLUE
    moved = healthy(seed=16, days=60).moved("C1", lambda days: 0.7 * (days >= 45.5))
    moved.lost(["T1.x", "T1.y", "C1", "C2", "S1", "S2", "TEMP"], 45, 1.5)
    found = _run(moved)
    assert worst(f for f in found if f.subject == "C1") is Level.ORANGE
    assert _first(found, Cause.CRACK, Level.ORANGE) < 47.5


def test_a_thermometer_that_dies_caps_at_yellow_and_is_never_filled_in() -> None:
    series = healthy(seed=17, days=60).lost(["TEMP"], 40, 20)
    series.moved("C1", lambda days: 1.2 * np.clip((days - 45) / 8, 0, 1))
    found = [f for f in _run(series, "C1 TEMP") if day_of(f) > 45]
    assert worst(found) is Level.YELLOW
    assert {f.compensation for f in found} == {Compensation.ABSENT}


def test_a_movement_is_not_learnt_away_by_the_daily_fit() -> None:
    series = healthy(seed=18, days=74)
    series.moved("C1", lambda days: 0.7 * np.clip((days - 36) / 6, 0, 1))
    found = [f for f in _run(series, "C1 TEMP") if f.rule == "crack.growth"]
    assert found[-1].level is Level.ORANGE


def test_a_restart_is_no_rate() -> None:
    series = healthy(seed=19, days=60)
    series.moved("T1.x", lambda days: 0.35 * (days >= 45))  # small enough to pass as noise
    series.boots = 1 + (np.arange(series.hours) >= 45 * 24)
    assert not [f for f in _run(series, "T1 TEMP") if f.rule == "tilt.rate" and f.level > 1]
    series.boots = None
    assert [f for f in _run(series, "T1 TEMP") if f.rule == "tilt.rate" and f.level > 1]


def test_a_crack_in_a_partition_is_not_judged_on_growth() -> None:
    series = healthy(seed=9, days=50).moved("C1", lambda days: 2.0 * (days >= 40))
    house = House.of(PROFILE, "C1 TEMP")
    house.points = {**house.points, "C1": point("C1", load_bearing=False)}
    found = house.run(DETECTOR(PROFILE), series.batches())
    assert {f.rule for f in found} <= {"crack.rate"}


def test_late_readings_fill_the_history_and_wake_nobody() -> None:
    series = healthy(seed=20, days=44)
    days = list(series.batches())
    on_time = days[:40] + days[41:]
    house = House.of(PROFILE, ALL)
    detector = DETECTOR(PROFILE)
    assert worst(house.run(detector, on_time)) <= Level.BLUE
    before = house.states[detector.name]
    assert house.run(detector, [days[40]]) == []
    assert house.states[detector.name]["channels"]["C1"] != before["channels"]["C1"]


def test_an_empty_batch_changes_nothing() -> None:
    from domain.readings import ReadingBatch

    house = House.of(PROFILE, ALL)
    detector = DETECTOR(PROFILE)
    house.run(detector, healthy(seed=1, days=2).batches())
    state = house.states[detector.name]
    found, after = detector.examine(ReadingBatch.empty(), state, house.view(START_NS + HOUR_NS))
    assert found == []
    assert after is state


@pytest.mark.parametrize("told", [True, False])
def test_an_instrument_that_was_turned_is_not_taken_for_a_wall_that_moved(told: bool) -> None:
    house = House.of(PROFILE, "T1 T2")
    noise = np.random.default_rng(4).normal(0, 0.02, (4, 30 * 24))
    turned_h = 20 * 24
    before, after = {"T1.x": 3.0, "T1.y": 0.0}, {"T1.x": 0.0, "T1.y": -3.0}
    for first in range(0, 30 * 24, 24):
        if first == turned_h and told:
            at_ns = START_NS + first * HOUR_NS
            axes = {a: replace(c, turned_at_ns=at_ns) for a, c in house.points["T1"].axes.items()}
            house.points = {**house.points, "T1": replace(house.points["T1"], axes=axes)}
        lean = after if first >= turned_h else before
        house.run(
            DETECTOR(PROFILE),
            [
                concat(
                    [
                        readings(
                            name, lean.get(name, 1.0) + noise[n, first : first + 24], float(first)
                        )
                        for n, name in enumerate(("T1.x", "T1.y", "T2.x", "T2.y"))
                    ]
                )
            ],
        )
    moved = [f for f in house.found if f.subject == "T1"]
    assert bool(moved) is not told
