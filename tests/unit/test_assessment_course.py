"""Courses: what a channel's history says at the end of each of its days."""

from dataclasses import fields, replace

import numpy as np
import pytest

from analytics.assessment.course import HEALTHS, ChannelCourse, assess_channels
from analytics.assessment.model import load_model
from analytics.assessment.series import STEP_NS, ChannelSeries
from domain.assessments import FaultBit, Health
from tests.unit.assessed import BINS, crack, drift

MODEL = load_model()
DAYS = 430


@pytest.fixture(scope="module")
def calm() -> ChannelCourse:
    return assess_channels([crack(DAYS)], MODEL)[0]


@pytest.fixture(scope="module")
def moving() -> ChannelCourse:
    return assess_channels([crack(DAYS, moved=drift(DAYS, 400, 0.005))], MODEL)[0]


def _columns(course: ChannelCourse) -> dict[str, np.ndarray]:
    return {
        field.name: getattr(course, field.name)
        for field in fields(course)
        if isinstance(getattr(course, field.name), np.ndarray)
    }


def test_a_house_in_its_weather_is_calm(calm: ChannelCourse) -> None:
    assert np.nanmax(calm.score) < 1.0
    assert calm.weather_share[-1] > 0.8
    assert HEALTHS[calm.health[-1]] is Health.OK


def test_a_drift_is_found_dated_and_sized(moving: ChannelCourse) -> None:
    assert np.nanmax(moving.score[:400]) < 1.0
    assert moving.score[-1] > 1.0
    assert abs(int(moving.since[-1]) - 400) <= 6
    assert moving.effect[-1] == pytest.approx(0.15, abs=3 * moving.effect_sd[-1] + 0.02)
    assert moving.rate[-1] == pytest.approx(0.005, abs=3 * moving.rate_sd[-1] + 0.001)


def test_a_step_is_found_on_the_next_day() -> None:
    step = 0.1 * (np.arange(DAYS * BINS) >= 400 * BINS + 5)
    course = assess_channels([crack(DAYS, moved=step)], MODEL)[0]
    assert course.score[399] < 1.0
    assert course.score[401] > 1.0
    assert not course.drifting[405]
    assert course.effect[405] == pytest.approx(0.1, abs=0.02)


def test_a_told_restart_is_no_movement_and_is_named() -> None:
    step = 0.1 * (np.arange(DAYS * BINS) >= 400 * BINS + 5)
    course = assess_channels([crack(DAYS, moved=step, starts=(400 * BINS + 5,))], MODEL)[0]
    assert np.nanmax(course.score) < 1.0
    assert course.faults[400] & FaultBit.RESTART_OFFSET
    assert not (course.faults & FaultBit.REMOUNT).any()


def test_a_restart_that_leaves_the_zero_alone_hides_nothing() -> None:
    course = assess_channels(
        [crack(DAYS, moved=drift(DAYS, 400, 0.005), starts=(402 * BINS,))], MODEL
    )[0]
    assert not (course.faults & FaultBit.RESTART_OFFSET).any()
    assert course.score[-1] > 1.0


def test_a_remount_is_named_as_such() -> None:
    start = 400 * BINS
    step = 0.3 * (np.arange(DAYS * BINS) >= start)
    series = crack(DAYS, moved=step, starts=(start,), remounts=(start,))
    course = assess_channels([series], MODEL)[0]
    assert course.faults[400] & FaultBit.REMOUNT
    assert not (course.faults & FaultBit.RESTART_OFFSET).any()
    assert np.nanmax(course.score) < 1.0


def test_what_is_said_of_a_day_does_not_change_when_later_days_come() -> None:
    series = crack(DAYS, moved=drift(DAYS, 300, 0.004), starts=(200 * BINS + 3,))
    spoilt = series.value.copy()
    spoilt[250 * BINS : 254 * BINS] = np.nan
    series = replace(series, value=spoilt)
    whole, part = assess_channels([series], MODEL)[0], assess_channels([series.upto(330)], MODEL)[0]
    for name, column in _columns(part).items():
        np.testing.assert_array_equal(_columns(whole)[name][:330], column, err_msg=name)


def test_the_same_history_gives_the_same_course_bit_for_bit(moving: ChannelCourse) -> None:
    again = assess_channels([crack(DAYS, moved=drift(DAYS, 400, 0.005))], MODEL)[0]
    for name, column in _columns(again).items():
        np.testing.assert_array_equal(_columns(moving)[name], column, err_msg=name)


def test_no_history_is_an_empty_course() -> None:
    course = assess_channels([crack(0)], MODEL)[0]
    assert course.days == 0
    assert assess_channels([], MODEL) == []


def test_silence_says_nothing_and_is_blind() -> None:
    series = crack(40)
    course = assess_channels([replace(series, value=np.full(40 * BINS, np.nan))], MODEL)[0]
    assert np.isnan(course.score[5:]).all()
    assert HEALTHS[course.health[-1]] is Health.BLIND
    assert course.learned[-1] == 0


def test_a_value_that_never_changes_is_no_movement() -> None:
    series = replace(crack(60), value=np.full(60 * BINS, 3.0))
    course = assess_channels([series], MODEL)[0]
    assert not (course.score > 0.5).any()


def test_a_channel_without_thermometer_is_judged_by_its_own_scatter() -> None:
    course = assess_channels([crack(120, covariates={})], MODEL)[0]
    assert np.isfinite(course.score[-1])


def test_a_lost_thermometer_is_named_and_the_citys_stands_in() -> None:
    series = crack(DAYS)
    own = series.covariates["own"].copy()
    own[390 * BINS :] = np.nan
    lost = replace(series, covariates={**series.covariates, "own": own})
    course = assess_channels([lost], MODEL)[0]
    assert course.faults[-1] & FaultBit.THERMOMETER_LOST
    assert np.isfinite(course.surprise[-1])
    assert np.nanmax(course.score) < 1.0
    assert HEALTHS[course.health[-1]] is Health.DEGRADED


def test_without_any_stand_in_the_days_are_left_out_not_filled() -> None:
    series = crack(DAYS)
    own = series.covariates["own"].copy()
    own[390 * BINS :] = np.nan
    course = assess_channels([replace(series, covariates={"own": own})], MODEL)[0]
    assert np.isfinite(course.surprise[389])
    assert np.isnan(course.surprise[392:]).all()


def test_a_first_year_is_learning() -> None:
    course = assess_channels([crack(60)], MODEL)[0]
    assert HEALTHS[course.health[-1]] is Health.LEARNING
    assert course.learned[-1] == 60


def test_kinds_nobody_knows_are_judged_by_their_own_scatter() -> None:
    random = np.random.default_rng(1)
    series = ChannelSeries(
        "X",
        "humidity",
        "%",
        None,
        0,
        STEP_NS,
        random.standard_normal(80 * BINS),
        np.zeros(80 * BINS, np.uint16),
    )
    assert np.nanmax(assess_channels([series], MODEL)[0].score[30:]) < 1.2


def test_a_silent_gateway_is_named_not_its_sensors() -> None:
    gap = slice(50 * BINS, 52 * BINS)
    both = []
    for name in ("a", "b"):
        one = crack(60, name=name, gateway_id="G")
        value = one.value.copy()
        value[gap] = np.nan
        both.append(replace(one, value=value))
    courses = assess_channels(both, MODEL)
    assert courses[0].faults[51] & FaultBit.GATEWAY_OUTAGE
    assert not courses[0].faults[51] & FaultBit.GAP
    alone = assess_channels(both[:1], MODEL)[0]
    assert alone.faults[51] & FaultBit.GAP


def test_one_sensor_that_drifts_among_calm_ones_is_suspected_too() -> None:
    series = [crack(DAYS, seed=seed, name=str(seed), building_id="B") for seed in (2, 3, 4)]
    series[0] = crack(DAYS, moved=drift(DAYS, 380, 0.005), seed=2, name="2", building_id="B")
    courses = assess_channels(series, MODEL)
    assert courses[0].faults[-1] & FaultBit.SENSOR_DRIFT
    assert courses[0].score[-1] > 1.0
    assert not courses[1].faults[-1] & FaultBit.SENSOR_DRIFT


def test_a_zero_that_settles_after_a_remount_is_the_remounts() -> None:
    start = 400 * BINS
    bins = np.arange(DAYS * BINS)
    settling = 0.3 * (bins >= start) + 0.1 * (bins >= start + BINS)
    series = crack(DAYS, moved=settling, starts=(start,), remounts=(start,))
    course = assess_channels([series], MODEL)[0]
    assert course.faults[400] & FaultBit.REMOUNT
    assert not (course.faults & FaultBit.RESTART_OFFSET).any()
    assert np.nanmax(course.score) < 1.0
