"""Quality stage of the slow analysis: what is left out, and what is named."""

from dataclasses import replace

import numpy as np
import pytest

from analytics.assessment.budget import dial
from analytics.assessment.covariates import behind, merged
from analytics.assessment.model import load_model
from analytics.assessment.novelty import available, novelty
from analytics.assessment.quality import Checked, check
from analytics.assessment.series import ChannelSeries
from analytics.assessment.shared import unrest
from analytics.assessment.stack import middle, stack
from analytics.assessment.symptoms import battery_fade, clock_skew, unit_mixup
from domain.assessments import FaultBit
from domain.errors import InvalidInput
from domain.readings import QualityFlag
from tests.unit.assessed import BINS, air, crack

MODEL = load_model()


def _checked(series: ChannelSeries) -> Checked:
    return check(stack([series], MODEL), MODEL)


def _with(series: ChannelSeries, bins: slice, value: float) -> ChannelSeries:
    spoilt = series.value.copy()
    spoilt[bins] = value
    return replace(series, value=spoilt)


def _named(series: ChannelSeries, bit: FaultBit) -> list[int]:
    return np.flatnonzero(_checked(series).faults[0] & bit).tolist()


def test_a_single_wild_bin_is_a_spike_and_left_out() -> None:
    series = _with(crack(20), slice(130, 131), 25.0)
    assert 10 in _named(series, FaultBit.SPIKES)
    assert np.isnan(_checked(series).value[0, 10, 10])


def test_three_wild_bins_in_a_row_are_a_new_course() -> None:
    series = _with(crack(20), slice(129, 132), 25.0)
    assert 10 not in _named(series, FaultBit.SPIKES)


def test_equal_values_are_stuck_from_the_day_on_which_they_are_too_many() -> None:
    series = _with(crack(20), slice(125, 145), 20.0)
    assert 10 not in _named(crack(20), FaultBit.STUCK)
    days = _named(series, FaultBit.STUCK)
    assert 11 in days
    assert 13 not in days


def test_a_coarse_instrument_that_is_often_equal_is_not_stuck() -> None:
    random = np.random.default_rng(1)
    coarse = np.round(20.0 + 0.05 * random.standard_normal(60 * BINS), 1)
    series = replace(crack(60), value=coarse, resolution=0.1)
    assert not [day for day in _named(series, FaultBit.STUCK) if day > 10]


def test_what_no_instrument_can_read_is_out_of_range() -> None:
    assert _named(_with(crack(5), slice(30, 31), 900.0), FaultBit.OUT_OF_RANGE) == [2]
    flagged = crack(5)
    flags = flagged.flags.copy()
    flags[30] = QualityFlag.OUT_OF_RANGE
    assert _named(replace(flagged, flags=flags), FaultBit.OUT_OF_RANGE) == [2]


def test_six_hours_of_silence_are_a_gap_and_four_are_not() -> None:
    assert _named(_with(crack(5), slice(30, 33), np.nan), FaultBit.GAP) == [2]
    assert _named(_with(crack(5), slice(30, 32), np.nan), FaultBit.GAP) == []


def test_the_raw_value_stays_as_it_came() -> None:
    series = _with(crack(20), slice(130, 131), 25.0)
    _checked(series)
    assert series.value[130] == 25.0


def test_bins_before_a_start_are_not_compared_with_those_after_it() -> None:
    moved = 3.0 * (np.arange(20 * BINS) >= 126)
    series = crack(20, moved=moved, starts=(126,))
    assert not [day for day in _named(series, FaultBit.SPIKES) if day in {10, 11}]


def test_another_unit_is_named_and_the_range_is_not() -> None:
    inches = crack(40).value.copy()
    inches[360:396] /= 25.4
    found = unit_mixup(stack([replace(crack(40), value=inches)], MODEL), MODEL)
    assert np.flatnonzero(found[0]).tolist() == [30, 31, 32]


def test_a_clock_that_is_eight_hours_off_is_told_by_the_thermometer() -> None:
    warmth = air(80)
    own = np.concatenate([warmth[: 60 * BINS], np.roll(warmth, 4)[60 * BINS :]])
    series = crack(80, covariates={"own": own, "city": warmth})
    stacked = stack([series], MODEL)
    wrong, hours = clock_skew(stacked, stacked.value, MODEL)
    assert not wrong[0, :60].any()
    assert wrong[0, 70:].all()
    assert hours[0, 75] == pytest.approx(8.0, abs=1.0)


def test_a_battery_is_fading_when_low_or_soon_empty() -> None:
    slow = np.repeat(np.linspace(60.0, 30.0, 30), BINS)
    low = replace(crack(30), battery=np.full(30 * BINS, 10.0))
    high = replace(crack(30), battery=np.full(30 * BINS, 90.0))
    found = battery_fade(stack([low, high, replace(crack(30), battery=slow)], MODEL), MODEL)
    assert found[0].all()
    assert not found[1].any()
    assert found[2, -1]
    assert not found[2, 5]
    assert not battery_fade(stack([crack(30)], MODEL), MODEL).any()


def test_a_lag_is_not_known_where_too_little_of_it_is() -> None:
    values = np.ones((1, 50))
    np.testing.assert_allclose(behind(values, 5.0, 0.5), 1.0)
    values[0, 10:30] = np.nan
    lagged = behind(values, 5.0, 0.5)
    assert np.isfinite(lagged[0, 11])
    assert np.isnan(lagged[0, 25])
    assert np.isfinite(lagged[0, 49])


def test_a_stand_in_is_put_on_the_scale_of_the_thermometer_it_stands_for() -> None:
    own, city = np.full((1, 3, 2), 12.0), np.full((1, 3, 2), 10.0)
    own[0, 2] = np.nan
    merged_air, source = merged([own, np.full((1, 3, 2), np.nan), city])
    assert merged_air[0, 2].tolist() == [12.0, 12.0]
    assert source[0, :, 0].tolist() == [0, 0, 2]


def test_medians_leave_out_what_is_missing() -> None:
    values, count = middle(np.array([[3.0, np.nan, 1.0], [np.nan] * 3, [1.0, 2.0, 9.0]]))
    assert values[[0, 2]].tolist() == [2.0, 2.0]
    assert np.isnan(values[1])
    assert count.tolist() == [2, 0, 3]


def test_unrest_counts_houses_not_sensors() -> None:
    surprises = np.array([[9.0, 0.0], [9.0, 0.0], [np.nan, 0.0]])
    assert unrest(surprises, ["a", "a", "b"], MODEL).tolist() == [0.5, 0.0]
    assert unrest(np.empty((0, 2)), [], MODEL).tolist() == [0.0, 0.0]


def test_fewer_pages_cost_more_days() -> None:
    few, many = dial(1.0, 1000, MODEL), dial(40.0, 1000, MODEL)
    assert few.threshold > many.threshold
    assert few.days["slow"] >= many.days["slow"]
    assert dial(1e-6, 1000, MODEL).clipped
    assert not dial(8.0, 1000, MODEL).clipped
    with pytest.raises(InvalidInput, match="pages_a_month must be above 0"):
        dial(0.0, 10, MODEL)
    with pytest.raises(InvalidInput, match="sensors must be 1 or more"):
        dial(1.0, 0, MODEL)


def test_novelty_without_days_or_library_says_nothing() -> None:
    assert novelty([], MODEL) is None
    assert isinstance(available(), bool)


def test_what_the_sun_does_each_day_at_its_hour_is_no_spike() -> None:
    sunny = 0.2 * (np.arange(20 * BINS) % BINS == 6)
    days = _named(crack(20, moved=sunny), FaultBit.SPIKES)
    assert len(days) <= 2
