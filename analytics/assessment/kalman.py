"""The structural filter: a level that wanders, and the weather's response, for many channels.

One filter holds what is usually done one after the other. Its state is the datum, a benign wander
that returns to it, and the response to each regressor; so what the weather may have done and
what is not learnt yet widen every statement by as much as they should: in the first months, in a
summer never seen, and while a stand-in thermometer is read.

Source: A. C. Harvey, Forecasting, Structural Time Series Models and the Kalman Filter (1989), for
regressors in the state; Huber (1981) for drawing in what lies far out.
"""

from dataclasses import dataclass

import numpy as np

from analytics.assessment.stack import Bools
from domain.readings import Floats


@dataclass(slots=True, eq=False)
class Filter:
    """State of many channels at the end of a day; columns are channels.

    Parameters
    ----------
    at
        (m, n) float64, mean: datum, wander, responses; in U.
    spread
        (m, m, n) float64, its covariance.

    """

    at: Floats
    spread: Floats

    @classmethod
    def new(cls, datum_sd: float, wander_sd: Floats, prior: Floats) -> "Filter":
        """Begin with what is known before the first day."""
        n, m = len(wander_sd), len(prior) + 2
        spread = np.zeros((m, m, n))
        spread[0, 0] = datum_sd**2
        spread[1, 1] = wander_sd**2
        for place, sd in enumerate(prior, 2):
            spread[place, place] = sd**2
        return cls(np.zeros((m, n)), spread)

    def pass_day(self, keep: Floats, wander_sd: Floats, datum_step: float) -> None:
        """Let a night pass: the wander forgets a little and is pushed anew."""
        self.at[1] *= keep
        self.spread[1] *= keep
        self.spread[:, 1] *= keep
        self.spread[1, 1] += wander_sd**2 * (1.0 - keep**2)
        self.spread[0, 0] += datum_step

    def expect(self, h: Floats) -> tuple[Floats, Floats, Floats]:
        """Tell the value to come, its variance without noise, and the covariance with the state.

        Parameters
        ----------
        h
            (m, n) float64: 1, 1, and the day's regressors.

        """
        along = np.einsum("ijn,jn->in", self.spread, h)
        variance = np.maximum((h * along).sum(axis=0), 0.0)
        return (h * self.at).sum(axis=0), variance, along

    def loosen_datum(self, rows: Bools, datum_sd: float) -> None:
        """Forget the zero of some channels: it may be anywhere now."""
        self.spread[0, 0, rows] += datum_sd**2

    def learn(self, along: Floats, weight: Floats, surprise: Floats) -> Floats:
        """Take in a day; returns the gains, (m, n).

        Parameters
        ----------
        along
            From `expect`.
        weight
            (n,) 1 / variance of the surprise, 0 where there was none.
        surprise
            (n,) value less what was expected, 0 where there was none.

        """
        gain = along * weight
        self.at += gain * surprise
        self.spread -= gain[:, None] * along[None]
        return gain


def widened(
    expected: Floats, noise: Floats, surprise: Floats, last: Floats, huber: float, again: float
) -> Floats:
    """Tell the variance by which a surprise is weighed: what lies far out counts for less.

    Parameters
    ----------
    last
        (n,) surprise of the last day that was taken in, in standard deviations.
    again
        A surprise the same way as a last one of more than this is movement, not an outlier, and
        counts in full.

    """
    score = surprise / np.sqrt(expected + noise)
    moving = (np.abs(last) > again) & (last * score > 0.0)
    far = np.where(moving, 0.0, np.abs(score))
    return np.asarray(expected + noise * np.maximum(1.0, far / huber) ** 2)
