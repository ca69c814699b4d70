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
from benchmarks.detect_faults import KINDS, Named, spared, true_faults
from benchmarks.detect_real import injected, poisson_range
from benchmarks.fusion import Samples, fit, left_out
from benchmarks.fusion import auc as fusion_auc
from benchmarks.fusion import calibration_error as fusion_error
from benchmarks.fusion_plays import plays, random_movement, resized
from benchmarks.real_series import binned
from domain.assessments import Fault
from simulators.families import drawn
from simulators.split import split
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


def test_the_reach_is_the_farthest_way_out_by_a_day_and_faults_move_nothing() -> None:
    plays = [
        replace(drawn("crack_growth_slow", 1), mm_per_day=0.002),
        drawn("sensor_drift_linear", 1),
        drawn("repair_strengthening", 1),
        replace(drawn("stiffness_loss", 1), softer=0.04, length_days=10.0, opening_mm=0.0),
    ]
    crack, drifting, mended, softer = buildings(4, plays, usual=False)
    assert crack.reach(-5) == 0.0
    # 0.1 mm, one U, on the fiftieth day, and at most what the history holds
    assert crack.reach(49) == pytest.approx(1.0, abs=0.01)
    assert crack.reach(90) > crack.reach(60)
    assert crack.reach(10_000) == pytest.approx(3.0, abs=0.01)
    assert (drifting.reach(90), mended.reach(90)) == (0.0, 0.0)
    # 4 % of some 4.5 Hz against a concern of 0.05 Hz
    assert softer.reach(90) == pytest.approx(3.6, abs=1.5)


def test_a_house_that_is_spared_its_fault_is_the_same_house() -> None:
    play = drawn("gap_weeks", 1)
    (faulty,), (whole,) = (buildings(4, [one], usual=False) for one in (play, spared(play)))
    labelled = {label.channel_id for label in faulty.labels}
    assert labelled
    assert whole.labels == ()
    for one, twin in zip(faulty.series, whole.series, strict=True):
        np.testing.assert_array_equal(one.value[: faulty.start], twin.value[: faulty.start])
        if one.channel_id not in labelled:
            np.testing.assert_array_equal(one.value, twin.value)


def test_the_score_is_fitted_on_any_size_and_on_no_family_that_judges() -> None:
    chosen = plays(8)
    names = {play.name for _, play in chosen}
    assert not names & split().judging_families
    assert {"random_movement", "settlement_drift", "healthy", "stuck"} <= names
    events = [play for kind, play in chosen if kind == "event"]
    few = [one for play in events[::6] for one in buildings(7, [play], usual=False)]
    reached = [one.reach(149) for one in few]
    assert min(reached) < 1.0
    assert max(reached) > 2.0
    wanted = resized("settlement_drift", 3)
    assert 0.35 <= next(iter(buildings(7, [wanted], usual=False))).reach(149) <= 4.6
    # the same seed gives the same
    assert random_movement(5) == random_movement(5)
    assert random_movement(5) != random_movement(6)


def test_a_fit_never_lowers_the_score_for_more_movement_and_leaves_families_out() -> None:
    random = np.random.default_rng(3)
    x = np.abs(random.standard_normal((600, 2)))
    y = (random.random(600) < 1.0 / (1.0 + np.exp(3.0 - 3.0 * x[:, 0]))).astype(float)
    made = Samples(x, y, np.ones(600), np.repeat(["a", "b", "c"], 200))
    base, beta = fit(x, y, made.weight)
    assert base == pytest.approx(-3.0, abs=0.7)
    assert beta[0] == pytest.approx(3.0, abs=0.7)
    assert beta[1] >= 0.0
    said = 1.0 / (1.0 + np.exp(-left_out(made)))
    assert fusion_error(said, y, made.weight) < 0.08
    assert fusion_auc(said, y, made.weight) == pytest.approx(
        area_under_curve(said, y > 0), abs=1e-9
    )


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
