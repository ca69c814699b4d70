"""Histories in equal bins, and the records of an assessment."""

import numpy as np
import pytest

from analytics.assessment.series import STEP_NS, ChannelSeries, alike
from domain.assessments import (
    Fault,
    FaultBit,
    Health,
    assessment_id,
    faults_of,
    worst_health,
)
from domain.clock import DAY_NS
from domain.errors import InvalidInput


def _series(bins: int, **more: object) -> ChannelSeries:
    return ChannelSeries(
        "C1", "crack", "mm", 0.01, 0, STEP_NS, np.zeros(bins), np.zeros(bins, np.uint16), **more
    )


def test_a_partial_last_day_is_left_out() -> None:
    assert _series(25).days == 2
    assert _series(25).day_ends().tolist() == [DAY_NS, 2 * DAY_NS]
    assert _series(0).days == 0


def test_columns_of_another_length_are_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="own of 'C1' must have 24 bins, got 3"):
        _series(24, covariates={"own": np.zeros(3)})
    with pytest.raises(InvalidInput, match="battery"):
        _series(24, battery=np.zeros(1))


def test_a_step_that_does_not_divide_a_day_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must divide a day"):
        ChannelSeries("C1", "crack", "mm", None, 0, 7, np.zeros(1), np.zeros(1, np.uint16))


def test_cutting_leaves_no_trace_of_later_bins() -> None:
    own = np.arange(48.0)
    cut = _series(48, covariates={"own": own}, starts=(3, 30), remounts=(30,), battery=own).upto(2)
    assert (cut.days, len(cut.value), cut.starts, cut.remounts) == (2, 24, (3,), ())
    assert len(cut.covariates["own"]) == 24
    assert cut.battery is not None
    assert len(cut.battery) == 24


def test_series_that_stack_are_grouped() -> None:
    assert alike([_series(24), _series(36), _series(24)]) == [[0, 2], [1]]
    assert alike([]) == []


def test_every_fault_has_one_bit_of_its_own() -> None:
    bits = [int(fault.bit) for fault in Fault]
    assert len(set(bits)) == len(Fault) == len(FaultBit)
    assert faults_of(sum(bits)) == tuple(Fault)
    assert faults_of(0) == ()


def test_the_worst_health_counts() -> None:
    assert worst_health([Health.OK, Health.BLIND, Health.LEARNING]) is Health.BLIND
    assert worst_health([]) is Health.OK


def test_assessing_twice_gives_one_id() -> None:
    assert assessment_id("B", 1, "m", "p") == assessment_id("B", 1, "m", "p")
    assert assessment_id("B", 1, "m", "p") != assessment_id("B", 1, "m2", "p")
