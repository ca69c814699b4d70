"""The benchmark's arithmetic: alarms, thresholds, delays and intervals worked out by hand."""

import numpy as np
import pytest

from benchmarks.alarms import (
    delays,
    episodes,
    median_days,
    rate,
    rate_range,
    share_found,
    threshold_at,
)

QUIET = 3


def row(*alarm_days: int, days: int = 40) -> np.ndarray:
    scores = np.zeros((1, days))
    scores[0, list(alarm_days)] = 5.0
    return scores


def test_days_in_a_row_are_one_alarm() -> None:
    assert episodes(row(3, 4, 5), 5.0, QUIET).tolist() == [1]


def test_alarms_with_more_than_the_quiet_days_between_are_two() -> None:
    assert episodes(row(3, 6), 5.0, QUIET).tolist() == [1]
    assert episodes(row(3, 7), 5.0, QUIET).tolist() == [2]


def test_the_first_and_the_last_day_count() -> None:
    assert episodes(row(0, 39), 5.0, QUIET).tolist() == [2]


def test_a_day_without_a_score_raises_no_alarm() -> None:
    assert episodes(np.full((2, 10), np.nan), 0.0).tolist() == [0, 0]


def test_the_rate_is_a_row_and_year() -> None:
    scores = np.zeros((2, 730))
    scores[0, [10, 400]] = 5.0
    assert rate(scores, 5.0) == pytest.approx(2 / 4)


def test_a_threshold_lets_just_the_wanted_rate_through() -> None:
    scores = np.zeros((10, 365))
    scores[np.arange(10), 100] = np.arange(1.0, 11.0)
    threshold = threshold_at(scores, 0.3)
    assert 7.0 < threshold <= 8.0
    assert rate(scores, threshold) == pytest.approx(0.3)


def test_a_threshold_is_above_all_scores_when_one_alarm_is_too_many() -> None:
    scores = row(5, days=365)
    assert threshold_at(scores, 0.1) > 5.0


def test_an_alarm_on_the_day_of_the_event_comes_after_no_days() -> None:
    assert delays(row(7, 8), 5.0, np.array([7]), 10).tolist() == [0.0]
    assert delays(row(12), 5.0, np.array([7]), 10).tolist() == [5.0]


def test_what_is_not_found_in_time_is_never_found() -> None:
    assert delays(row(16), 5.0, np.array([7]), 10).tolist() == [9.0]
    assert delays(row(17), 5.0, np.array([7]), 10).tolist() == [np.inf]
    assert delays(row(), 5.0, np.array([7]), 10).tolist() == [np.inf]


def test_an_alarm_that_stood_before_has_found_nothing() -> None:
    assert delays(row(5, 6, 7, 8), 5.0, np.array([7]), 20).tolist() == [np.inf]
    assert delays(row(5, 6, 7, 10), 5.0, np.array([7]), 20).tolist() == [3.0]


def test_an_alarm_before_the_event_that_had_ended_changes_nothing() -> None:
    assert delays(row(3, 9), 5.0, np.array([7]), 20).tolist() == [2.0]


def test_each_row_has_its_threshold_start_and_time() -> None:
    scores = np.array([[0, 1, 2, 3, 4.0], [0, 1, 2, 3, 4.0]])
    found = delays(scores, np.array([3.0, 4.0]), np.array([1, 2]), np.array([5, 2]))
    assert found.tolist() == [2.0, np.inf]


def test_half_never_found_is_a_median_of_never() -> None:
    assert median_days(np.array([1.0, 2.0, np.inf, np.inf, np.inf])).value == np.inf
    assert median_days(np.array([1.0, 2.0, 3.0, np.inf, np.inf])).value == 3.0


def test_an_interval_holds_its_figure_and_narrows_with_more_sensors() -> None:
    few = share_found(np.array([1.0, np.inf] * 10))
    many = share_found(np.array([1.0, np.inf] * 1000))
    assert few.value == many.value == 0.5
    assert few.low < 0.45 < many.low < 0.5 < many.high < 0.55 < few.high


def test_false_alarms_are_counted_a_sensor_year() -> None:
    found = rate_range(np.array([0, 0, 1, 3]), 2.0)
    assert found.value == pytest.approx(0.5)
    assert found.low < 0.5 < found.high
