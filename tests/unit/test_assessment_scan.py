"""The scan: a drift is as likely as all of its beginnings together."""

import numpy as np
import pytest

from analytics.assessment.model import load_model
from analytics.assessment.scan import Scan
from domain.readings import Floats

MODEL = load_model()
DAYS = 60


def scanned(surprises: Floats) -> Scan:
    """Run a scan beside a filter that learns nothing, on surprises of variance 1."""
    scan = Scan(2, 1, MODEL)
    for day, surprise in enumerate(surprises):
        scan.begin(day)
        left = scan.expect(day, np.ones((2, 1)))
        came = np.array([surprise])
        scan.take(day, left, np.zeros((2, 1)), came, came, np.ones(1))
    return scan


def test_beginnings_that_agree_say_more_than_the_likeliest_alone() -> None:
    gathering = 0.002 * np.arange(DAYS) ** 2.0
    scan = scanned(gathering)
    _, rate, _, likelihood = scan.likeliest(0, DAYS - 1)
    together = float(scan.statistic(0, DAYS - 1)[0])
    assert rate[0] > 0.0
    assert together > 0.0
    # the price of a short drift is asked of all of them
    price = 2.0 * MODEL.number("scan.price") * np.log(MODEL.number("scan.long_days"))
    assert likelihood[0] - price < together**2 < likelihood[0] + 2.0 * np.log(DAYS)


def test_a_fall_is_as_clear_as_a_rise_and_says_so() -> None:
    rising = 0.05 * np.arange(DAYS)
    up, down = (scanned(way * rising).statistic(0, DAYS - 1)[0] for way in (1.0, -1.0))
    assert up == pytest.approx(-down)
    assert up > 4.0


def test_nothing_that_comes_says_nothing_and_neither_does_noise() -> None:
    assert scanned(np.zeros(DAYS)).statistic(0, DAYS - 1)[0] == 0.0
    random = np.random.default_rng(4)
    calm = [abs(scanned(random.standard_normal(DAYS)).statistic(0, DAYS - 1)[0]) for _ in range(40)]
    assert np.median(calm) < 2.5
    assert max(calm) < MODEL.number("score.drift_z")


def test_more_movement_never_makes_a_drift_less_clear() -> None:
    told = [
        float(scanned(rate * np.arange(DAYS)).statistic(0, DAYS - 1)[0])
        for rate in (0.0, 0.01, 0.02, 0.05, 0.2)
    ]
    assert told == sorted(told)
