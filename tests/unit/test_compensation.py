"""Histories in bins, the robust regression on lagged temperatures, slopes with their interval."""

from itertools import pairwise

import numpy as np
import pytest

from analytics import history
from analytics.compensation import Fit, bank, regress, slope
from tests.unit.series import air_temperature, wall_temperature

LAGS = (3.0, 12.0, 48.0)  # 6, 24 and 96 h in bins of two hours


def _bins(hourly: np.ndarray) -> np.ndarray:
    return hourly.reshape(-1, 2).mean(axis=1)


def test_a_wall_behind_the_air_is_one_of_the_regressors() -> None:
    air = air_temperature(1, 40)
    lagged = bank(_bins(air), LAGS, 0.5)
    wall = _bins(wall_temperature(air))
    assert lagged.shape == (480, 4)
    assert np.abs(lagged[100:, 2] - wall[100:]).max() < 0.5


def test_the_lags_have_the_closed_form_of_their_recursion() -> None:
    rng = np.random.default_rng(2)
    temperature = rng.normal(15, 5, 900)
    lagged = bank(temperature, (0.5, 3.0), 0.0)
    for column, lag in ((1, 0.5), (2, 3.0)):
        memory, total, weight = np.exp(-1 / lag), 0.0, 0.0
        for n, value in enumerate(temperature):
            total = memory * total + (1 - memory) * value
            weight = memory * weight + (1 - memory)
            assert lagged[n, column] == pytest.approx(total / weight, rel=1e-9)


def test_a_missing_temperature_is_masked_and_never_filled() -> None:
    temperature = np.full(200, 20.0)
    temperature[100:118] = np.nan  # a day and a half
    lagged = bank(temperature, LAGS, 0.5)
    assert np.isnan(lagged[100:118, 0]).all()
    assert np.isnan(lagged[104:118, 1]).all()  # the 6 h wall is forgotten
    assert np.isfinite(lagged[100:118, 3]).all()  # the 96 h wall is still known
    assert np.isfinite(lagged[125:]).all()


def _walls(seed: int, days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    air = air_temperature(seed, days)
    noise = np.random.default_rng([seed, 9]).normal(0, 0.007, days * 12)
    return bank(_bins(air), LAGS, 0.5), _bins(wall_temperature(air)), noise


def test_the_response_is_found_beside_a_drift_and_wild_values() -> None:
    regressors, wall, noise = _walls(3, 40)
    values = -0.015 * wall + noise + 0.02 * np.arange(480) / 12
    values[::37] += 2.0
    response, covariance, sigma = regress(values, regressors)  # type: ignore[misc]
    compensated = values - regressors @ response
    rate = slope(compensated[-360:], regressors[-360:], covariance)
    assert rate is not None
    assert rate.per_bin * 12 == pytest.approx(0.02, abs=0.001)
    assert abs(rate.per_bin * 12 - 0.02) < rate.margin(0.95) * 12 + 0.0005
    assert sigma < 0.02


def test_the_spread_of_the_rate_shrinks_as_the_published_study_says() -> None:
    # crack, 30 days, no damage: raw 0.082 mm/month, with a bank of lags a few thousandths
    raw, compensated = [], []
    for seed in range(30):
        regressors, wall, noise = _walls(seed, 36)
        values = -0.015 * wall + noise
        found = regress(values, regressors)
        assert found is not None
        response, covariance, _ = found
        raw.append(slope(values[-360:]).per_bin * 360)  # type: ignore[union-attr]
        grown = (values - regressors @ response)[-360:]
        compensated.append(slope(grown, regressors[-360:], covariance).per_bin * 360)  # type: ignore[union-attr]
    assert np.std(raw) > 0.04
    assert np.std(compensated) < 0.008


def test_the_interval_of_a_rate_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for seed in range(200):
        rng = np.random.default_rng([seed, 4])
        noise, shocks = np.zeros(360), rng.normal(0, 0.1, 360)
        for n in range(1, 360):
            noise[n] = 0.6 * noise[n - 1] + shocks[n]
        found = slope(0.001 * np.arange(360) + noise)
        assert found is not None
        held += abs(found.per_bin - 0.001) <= found.margin(0.95)
    assert 0.90 <= held / 200 <= 0.99


def test_a_curved_course_is_no_reason_to_doubt_its_mean_rate() -> None:
    time = np.arange(360) / 12
    noise = np.random.default_rng(6).normal(0, 0.1, 360)
    found = slope(0.005 * time**2 + noise)
    assert found is not None
    assert found.margin(0.95) < 0.05 * found.per_bin


def test_a_jump_at_a_known_restart_is_no_rate() -> None:
    noise = np.random.default_rng(7).normal(0, 0.05, 360)
    values = noise + 0.4 * (np.arange(360) >= 180)
    naive, told = slope(values), slope(values, starts=[180])
    assert naive is not None
    assert told is not None
    assert naive.per_bin - naive.margin(0.95) > 0
    assert abs(told.per_bin) < told.margin(0.95)


def test_too_few_bins_give_no_rate_and_no_fit() -> None:
    values = np.full(360, np.nan)
    values[::90] = 1.0
    assert slope(values) is None
    assert regress(values, np.ones((360, 4))) is None


def test_a_fit_comes_back_from_plain_data() -> None:
    fit = Fit("TEMP", np.array([0.1, 0.2]), np.array([[1.0, 0.1], [0.1, 2.0]]), 0.3, 7, True)
    again = Fit.of_plain(fit.plain())
    assert again.plain() == fit.plain()


def test_a_bin_is_the_median_of_its_readings_and_gaps_stay_gaps() -> None:
    record = None
    for bin_no, value in [(10, 1.0), (10, 9.0), (10, 2.0), (13, 4.0), (14, 5.0)]:
        record = history.add(record, bin_no, value, keep=100)
    assert record is not None
    assert history.newest(record) == (13, 14)
    values = history.aligned(record, 13, 5)
    assert np.array_equal(values, [np.nan, 2.0, np.nan, np.nan, 4.0], equal_nan=True)
    record = history.close(record, 14, keep=100)
    assert history.aligned(record, 14, 1).tolist() == [5.0]


def test_a_history_forgets_what_is_older_than_it_keeps() -> None:
    record = None
    for bin_no in range(500):
        record = history.add(record, bin_no, float(bin_no), keep=50)
    assert record is not None
    assert len(record["y"]) == 50 * 4
    assert history.aligned(record, 498, 50).tolist() == [float(n) for n in range(449, 499)]
    far = history.add(record, 10_000, 1.0, keep=50)
    far = history.add(far, 10_001, 2.0, keep=50)
    assert np.isfinite(history.aligned(far, 10_000, 50)).sum() == 1


def test_a_late_reading_fills_an_empty_bin_and_changes_no_other() -> None:
    record = None
    for bin_no in (1, 2, 5, 6):
        record = history.add(record, bin_no, float(bin_no), keep=100)
    assert record is not None
    late = history.add(history.add(record, 3, 33.0, keep=100), 2, 22.0, keep=100)
    expected = [1.0, 2.0, 33.0, np.nan, 5.0]
    assert np.array_equal(history.aligned(late, 5, 5), expected, equal_nan=True)
    assert history.add(late, -7, 1.0, keep=100) == late


def test_readings_added_together_make_the_same_history_as_one_by_one() -> None:
    rng = np.random.default_rng(20261126)
    bins = [*np.sort(rng.integers(100, 130, 300)).tolist(), 105, 105, 131, 99, 131]
    values = np.round(rng.normal(0, 1, len(bins)), 3)
    first = history.add(None, 100, 0.5, keep=20)
    single = first
    for bin_no, value in zip(bins, values.tolist(), strict=True):
        single = history.add(single, bin_no, value, keep=20)
    for parts in ([0, 305], [0, 1, 2, 150, 301, 305], list(range(306))):
        record = first
        for low, high in pairwise(parts):
            packed = values[low:high].tobytes()
            record = history.add_all(record, bins[low:high], packed, keep=20)
        assert record == single
    assert first == history.add(None, 100, 0.5, keep=20)


def test_a_history_saved_with_a_list_of_readings_goes_on() -> None:
    record = {"b": 3, "y": b"", "o": [3, [1.0, 5.0]]}
    record = history.add_all(record, [3, 4], np.array([2.0, 9.0]).tobytes(), keep=10)
    assert history.aligned(record, 3, 1).tolist() == [2.0]
    assert history.newest(record) == (3, 4)
