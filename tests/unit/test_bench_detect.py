"""The benchmark's own sums: scores as probabilities, faults by name, real series in bins."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.alarms import Range
from benchmarks.detect import STUDY, is_fair
from benchmarks.detect_buildings import (
    area_under_curve,
    brier_skill,
    calibration_error,
    rated,
    serious,
)
from benchmarks.detect_faults import KINDS, Named, true_faults
from benchmarks.detect_real import injected, poisson_range
from benchmarks.real_series import binned
from domain.assessments import Fault
from simulators.families import drawn
from simulators.world import sensors
from simulators.world_buildings import buildings


def test_a_perfect_order_has_an_area_of_one_and_ties_count_half() -> None:
    happened = np.array([True, True, False, False])
    assert area_under_curve(np.array([0.9, 0.8, 0.7, 0.1]), happened) == 1.0
    assert area_under_curve(np.array([0.5, 0.5, 0.5, 0.5]), happened) == 0.5
    assert area_under_curve(np.array([0.9, 0.2, 0.3, 0.1]), happened) == 0.75


def test_always_saying_the_base_rate_has_no_skill_and_certainty_all() -> None:
    happened = np.array([True, False, False, False])
    assert brier_skill(np.full(4, 0.25), happened) == pytest.approx(0.0)
    assert brier_skill(happened.astype(float), happened) == pytest.approx(1.0)
    assert brier_skill(1.0 - happened, happened) < 0.0


def test_the_calibration_error_is_the_mean_distance_over_bins() -> None:
    happened = np.array([True, False, True, True])
    # 0.25 says a quarter and half happened; 1.0 says all and all happened
    said = np.array([0.25, 0.25, 1.0, 1.0])
    assert calibration_error(said, happened) == pytest.approx(0.125)


def test_ratings_carry_intervals_that_hold_them() -> None:
    random = np.random.default_rng(2)
    said = random.random(300)
    made = rated(said, random.random(300) < said, draws=100)
    for figure in (made.area, made.brier_skill, made.calibration_error):
        assert isinstance(figure, Range)
        assert figure.low <= figure.value + 0.05
        assert figure.value - 0.05 <= figure.high
    assert made.buildings == 300
    assert 100 < made.happened < 200


def test_serious_is_what_moves_two_units_of_concern_and_no_fault() -> None:
    plays = [
        drawn("settlement_accelerating", 1),
        replace(drawn("crack_growth_slow", 1), mm_per_day=0.001),  # 0.15 mm in all
        drawn("sensor_drift_linear", 1),
        drawn("repair_strengthening", 1),
    ]
    made = [serious(building) for building in buildings(4, plays, usual=False)]
    assert made == [True, False, False, False]


def test_the_run_is_void_when_the_raw_limit_lands_elsewhere() -> None:
    assert is_fair({"step": np.inf, "drift": 54.0, "slow": 171.0, "acceleration": 118.0})
    assert is_fair({"step": np.inf, "drift": 64.0, "slow": 205.0, "acceleration": 100.0})
    assert not is_fair({"step": np.inf, "drift": 66.0, "slow": 171.0, "acceleration": 118.0})
    assert not is_fair({"step": 100.0, "drift": 54.0, "slow": 171.0, "acceleration": 118.0})
    assert not is_fair({"step": np.inf, "drift": 54.0, "slow": np.inf, "acceleration": 118.0})
    assert set(STUDY) == {"step", "drift", "slow", "acceleration"}


def test_f1_counts_wrong_and_missed_names() -> None:
    assert Named(8, 0, 0).f1 == 1.0
    assert Named(4, 2, 2).f1 == pytest.approx(2 / 3)
    assert Named(0, 5, 0).f1 == 0.0
    assert len(KINDS) == 10


def test_a_lost_thermometer_ails_every_channel_and_a_remount_one() -> None:
    lost, remounted = buildings(3, [drawn("thermometer_lost", 1), drawn("remount", 1)], usual=False)
    assert all(true_faults(lost, s.channel_id) == {Fault.THERMOMETER_LOST} for s in lost.series)
    ailing = [s for s in remounted.series if true_faults(remounted, s.channel_id)]
    assert len(ailing) == 1


def test_a_poisson_interval_is_exact() -> None:
    # Garwood: 3 events, 0.6187 to 8.7673
    made = poisson_range(3, 2.0)
    assert made.value == 1.5
    assert made.low == pytest.approx(0.6187 / 2, abs=1e-4)
    assert made.high == pytest.approx(8.7673 / 2, abs=1e-4)
    assert poisson_range(0, 1.0).low == 0.0


def test_bins_hold_medians_and_nothing_where_nothing_came() -> None:
    at = np.array([10.0, 10.01, 10.02, 10.1, 10.4, 9.9, 11.0])
    values = np.array([1.0, 9.0, 2.0, 4.0, np.nan, 7.0, 8.0])
    found = binned(at, values, 10.0, 1)
    assert len(found) == 12
    assert found[0] == 2.0
    assert found[1] == 4.0
    assert np.isnan(found[2:]).all()


def test_an_even_number_of_readings_has_the_mean_of_the_middle_two() -> None:
    assert binned(np.array([0.0, 0.01]), np.array([1.0, 4.0]), 0.0, 1)[0] == 2.5


def test_an_injected_event_moves_nothing_before_its_day() -> None:
    (one,) = sensors(3, 1).series
    moved = injected(one, "step", 400, -2.0)
    np.testing.assert_array_equal(moved.value[: 400 * 12], one.value[: 400 * 12])
    known = np.isfinite(one.value[400 * 12 :])
    change = (moved.value - one.value)[400 * 12 :][known]
    np.testing.assert_allclose(change, -2.0)
    assert moved.building_id != one.building_id
