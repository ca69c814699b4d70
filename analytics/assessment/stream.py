"""A local linear trend on compensated readings, one reading of many channels at a time.

Between two nights the slow analysis says nothing new; this step does, at the price of a dozen
operations a reading: its gains are those that a Kalman filter settles at, worked out once from
what the night learnt of each channel.
"""

from dataclasses import dataclass

import numpy as np

from analytics.assessment.model import Model
from analytics.assessment.nature import Nature
from domain.readings import Floats


@dataclass(slots=True, eq=False)
class Stream:
    """State of many channels, each column (n,) float64, in U.

    Parameters
    ----------
    level, rate
        As the newest reading left them; the rate is a bin's.
    smooth
        Smoothed surprise, in its own standard deviations.
    level_gain, rate_gain, surprise_sd, rate_sd
        What the filter settles at.

    """

    level: Floats
    rate: Floats
    smooth: Floats
    level_gain: Floats
    rate_gain: Floats
    surprise_sd: Floats
    rate_sd: Floats
    smooth_share: float

    @classmethod
    def begin(cls, level: Floats, nature: Nature, bins: int, model: Model) -> "Stream":
        """Begin at the levels that the night left, with its noise and wander.

        Parameters
        ----------
        bins
            Of a day: a day's mean is as many times better than a reading.

        """
        noise = nature.noise_sd * np.sqrt(bins)
        push = nature.wander_sd * np.sqrt((1.0 - nature.keep**2) / bins)
        slope = model.number("stream.slope_push") * noise
        gains = _settled(noise**2, push**2, slope**2, round(model.number("stream.rounds")))
        return cls(
            level.copy(),
            np.zeros(len(level)),
            np.zeros(len(level)),
            *gains,
            model.number("stream.smooth_share"),
        )

    def step(self, value: Floats) -> Floats:
        """Take one compensated reading of every channel; returns the statistic, (n,).

        Parameters
        ----------
        value
            (n,) float64, U; NaN where a channel has none: its statistic stays.

        """
        ahead = self.level + self.rate
        surprise = np.nan_to_num(value - ahead, copy=False)
        self.level = ahead + self.level_gain * surprise
        self.rate = self.rate + self.rate_gain * surprise
        self.smooth += self.smooth_share * (surprise / self.surprise_sd - self.smooth)
        # the standard deviation of an exponential mean of unit shocks
        unit = np.sqrt(self.smooth_share / (2.0 - self.smooth_share))
        found = np.maximum(np.abs(self.rate) / self.rate_sd, np.abs(self.smooth) / unit)
        return np.asarray(found)


def _settled(
    noise: Floats, push: Floats, slope: Floats, rounds: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Run the variances of a local linear trend until they settle."""
    p00, p01, p11 = noise.copy(), np.zeros(len(noise)), slope.copy()
    for _ in range(rounds):
        p00, p01, p11 = p00 + 2.0 * p01 + p11 + push, p01 + p11, p11 + slope
        s = p00 + noise
        g0, g1 = p00 / s, p01 / s
        p00, p01, p11 = p00 - g0 * p00, p01 - g0 * p01, p11 - g1 * p01
    return g0, g1, np.sqrt(s), np.sqrt(np.maximum(p11, 1e-300))
