"""Histories of a building's own frequency: weather and amplitude taken out, a fall seen."""

from dataclasses import replace

import numpy as np

from analytics.assessment.course import assess_channels
from analytics.assessment.model import load_model
from analytics.assessment.modes_series import as_percent
from analytics.assessment.series import AMPLITUDE, ChannelSeries
from benchmarks.modes import histories, softened
from tests.unit.assessed import crack

MODEL, NUMBERS = load_model(), load_model("modes-2026")


def own_frequency(days: int = 460) -> ChannelSeries:
    return histories(7, 1, days)[0]


def test_a_step_of_one_percent_is_found_within_a_day_and_sized() -> None:
    one = own_frequency()
    still, fallen = assess_channels([one, softened(one, 420, 0.0, 1.0)], MODEL)
    assert np.nanmax(still.score[365:]) < 1.0
    assert np.nanmax(fallen.score[365:420]) < 1.0
    assert np.nanmax(fallen.score[420:422]) > 1.0
    assert abs(fallen.effect[430] + 1.0) < 0.4


def test_how_much_it_swings_explains_part_of_it() -> None:
    """With the amplitude of each hour the level is known better than without."""
    one = own_frequency()
    blind = replace(one, covariates={k: v for k, v in one.covariates.items() if k != AMPLITUDE})
    knowing, guessing = assess_channels([one], MODEL)[0], assess_channels([blind], MODEL)[0]
    spread = [float(np.nanstd(np.diff(c.level[200:]))) for c in (knowing, guessing)]
    assert spread[0] < spread[1]
    shares = [float(c.weather_share[-1]) for c in (knowing, guessing)]
    assert shares[0] > shares[1]


def test_a_neighbour_without_amplitude_is_judged_as_alone() -> None:
    other = crack(460)
    other = replace(other, start_ns=own_frequency().start_ns)
    alone = assess_channels([other], MODEL)[0]
    beside = assess_channels([own_frequency(), other], MODEL)[1]
    np.testing.assert_allclose(beside.score, alone.score, rtol=1e-6, equal_nan=True)
    np.testing.assert_allclose(beside.level, alone.level, rtol=1e-6, equal_nan=True)


def test_nothing_known_is_no_percentage() -> None:
    assert np.isnan(as_percent(np.full(5, np.nan), NUMBERS)).all()
    assert np.isnan(as_percent(np.array([0.0, -1.0]), NUMBERS)).all()
