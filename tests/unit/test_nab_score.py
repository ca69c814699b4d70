"""The scorer of labelled windows, against cases worked out by hand."""

import numpy as np
import pytest

from benchmarks.nab import out_of_sample
from benchmarks.nab_detector import detect, ranked, rested
from benchmarks.nab_score import (
    LOW_FALSE_ALARMS,
    LOW_MISSES,
    STANDARD,
    Scored,
    best_threshold,
    probation,
    score_at,
    worth,
    worths,
)

WHOLE = 2.0 / (1.0 + np.exp(-5.0)) - 1.0  # a hit in a window's first row, before scaling


def file(*alarms: int, windows: tuple[tuple[int, int], ...] = ((50, 59),)) -> Scored:
    score = np.zeros(100)
    score[list(alarms)] = 1.0
    return Scored(score, windows)


def sigmoid(position: float) -> float:
    return float(2.0 / (1.0 + np.exp(5.0 * position)) - 1.0)


def test_probation_is_fifteen_percent_and_at_most_750_rows() -> None:
    assert probation(100) == 15
    assert probation(103) == 15
    assert probation(5000) == 750
    assert probation(22_000) == 750


def test_worth_falls_from_a_window_s_beginning_to_far_behind_it() -> None:
    found = worth(np.array([-1.0, -0.5, 0.0, 1.0, 3.0, 9.0]))
    np.testing.assert_allclose(found, [0.98661, 0.84828, 0.0, -0.98661, -1.0, -1.0], atol=1e-5)


def test_a_hit_in_the_first_row_is_worth_all() -> None:
    assert score_at([file(50)], 0.5) == pytest.approx(100.0)


def test_a_later_hit_is_worth_less_and_only_the_first_counts() -> None:
    late = sigmoid(-5 / 10) / WHOLE  # row 55: five rows are left of ten
    assert score_at([file(55)], 0.5) == pytest.approx(100 * (late + 1) / 2)
    assert score_at([file(55, 56, 59)], 0.5) == pytest.approx(100 * (late + 1) / 2)
    assert score_at([file(50, 55)], 0.5) == pytest.approx(100.0)


def test_saying_nothing_is_zero_in_every_profile() -> None:
    for profile in (STANDARD, LOW_FALSE_ALARMS, LOW_MISSES):
        assert score_at([file()], 0.5, profile) == pytest.approx(0.0)


def test_an_alarm_before_any_window_costs_all_of_its_weight() -> None:
    assert score_at([file(20, 50)], 0.5) == pytest.approx(100 * (2 - 0.11) / 2)
    assert score_at([file(20, 50)], 0.5, LOW_FALSE_ALARMS) == pytest.approx(100 * (2 - 0.22) / 2)
    assert score_at([file(20, 50)], 0.5, LOW_MISSES) == pytest.approx(100 * (3 - 0.11) / 3)


def test_an_alarm_just_behind_a_window_costs_little() -> None:
    cost = 0.11 * sigmoid(1 / 9)
    assert score_at([file(50, 60)], 0.5) == pytest.approx(100 * (2 + cost) / 2)
    value, inside = worths(100, ((50, 59),))
    assert value[87] == -1.0  # 28 rows behind: more than three windows less one row
    assert value[86] == -1.0
    assert value[85] > -1.0
    assert inside[59] == 0
    assert inside[60] == -1


def test_rows_of_probation_are_not_scored() -> None:
    assert score_at([file(3, 14, 50)], 0.5) == pytest.approx(100.0)
    assert score_at([file(15, 50)], 0.5) < 100.0


def test_a_window_that_probation_swallows_is_none() -> None:
    swallowed = file(50, windows=((2, 9), (50, 59)))
    assert score_at([swallowed], 0.5) == pytest.approx(100.0)


def test_of_a_window_that_begins_in_probation_the_rest_counts() -> None:
    late = sigmoid(-5 / 10) / WHOLE
    half = file(15, windows=((10, 19),))
    assert score_at([half], 0.5) == pytest.approx(100 * (late + 1) / 2)


def test_files_are_summed_before_they_are_put_between_zero_and_a_hundred() -> None:
    assert score_at([file(50), file()], 0.5) == pytest.approx(50.0)
    # a file without windows can only lose
    clean = Scored(np.zeros(100), ())
    assert score_at([file(50), clean], 0.5) == pytest.approx(100.0)


def test_the_best_threshold_parts_hits_from_false_alarms() -> None:
    score = np.zeros(100)
    score[[20, 30, 50]] = [0.4, 0.6, 0.8]
    threshold, best = best_threshold([Scored(score, ((50, 59),))])
    assert 0.6 < threshold <= 0.8
    assert best == pytest.approx(100.0)


def test_when_every_alarm_is_wrong_saying_nothing_is_best() -> None:
    score = np.zeros(100)
    score[20] = 1.0
    threshold, best = best_threshold([Scored(score, ((50, 59),))])
    assert best == 0.0
    assert threshold > 1.0


def test_a_score_is_let_through_only_when_it_exceeds_those_just_before() -> None:
    told = rested(np.array([1.0, 3.0, 2.0, 3.0, 2.5, 2.6, 4.0]), 2)
    assert told.tolist() == [1.0, 3.0, -np.inf, -np.inf, -np.inf, -np.inf, 4.0]


def test_ranks_tell_how_rare_a_score_is_among_those_before() -> None:
    rare = ranked(np.array([5.0, 1.0, 9.0, 1.0]))
    np.testing.assert_allclose(rare, -np.log10([1.0, 2 / 3, 1 / 4, 4 / 5]))


def test_what_comes_later_changes_no_earlier_score() -> None:
    random = np.random.default_rng(3)
    stream = random.standard_normal(1000).cumsum()
    whole, cut = detect(stream), detect(np.r_[stream[:700], random.standard_normal(300)])
    np.testing.assert_array_equal(whole[:700], cut[:700])


def test_a_jump_stands_out_among_all_scores() -> None:
    random = np.random.default_rng(4)
    stream = random.standard_normal(1000)
    stream[600:] += 12.0
    assert 600 <= int(np.argmax(detect(stream)[150:])) + 150 <= 603


def test_each_half_is_judged_at_the_other_half_s_threshold() -> None:
    strong, weak = file(50), Scored(np.where(np.arange(100) == 50, 0.5, 0.0), ((50, 59),))
    # the strong half's threshold of 1 misses the weak one; the weak one's of 0.5 finds the strong
    assert out_of_sample([strong, weak], STANDARD) == pytest.approx((100.0, 0.0))
