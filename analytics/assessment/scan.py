"""What a movement would have done to the surprises of the structural filter.

For every possible beginning of the last months two movements are tried, a step and a steady
drift. What each would have left in the day-to-day surprises is known exactly: the filter is
linear, so its answer to the movement is run along beside it, with what the weather's regressors
and the wander would have taken up of it. The likelihood ratio of each then is a plain
regression, which also gives size, rate and their intervals. A step is as likely as its likeliest
beginning; a drift as all of its beginnings together, because none of them fits a movement that
gathers way.

Source: A. S. Willsky and H. L. Jones, "A generalized likelihood ratio approach to the detection
and estimation of jumps in linear systems", IEEE Trans. Automat. Contr. 21 (1976) 108-112.
"""

import numpy as np
from numpy.typing import NDArray

from analytics.assessment.model import Model
from domain.readings import Floats

Ints = NDArray[np.int32]
#: what a movement that began at any hour of its first day adds to that day's mean
_FIRST_DAY = 0.5


class Scan:
    """Movements that began on each of the last days, and what they would have left.

    Parameters
    ----------
    m, n
        Size of the filter's state, and channels.

    """

    def __init__(self, m: int, n: int, model: Model) -> None:
        self._stride = round(model.number("scan.stride_days"))
        self._slots = round(model.number("scan.slots"))
        self._least = model.number("scan.drift_days_least")
        self._price = model.number("scan.price")
        self._long_days = model.number("scan.long_days")
        self._apart_days = model.number("scan.apart_days")
        self._fine_days = model.number("scan.fine_days")
        # drifts, then steps, then for each channel the likeliest step so far, which is held when
        # its day is no longer tried for all
        size = 2 * self._slots + 1
        self.answer = np.zeros((size, m, n))
        self._born = np.full(self._slots, -1)
        # for the statistic: surprises drawn in, so that one day proves only so much
        self._number, self._weight = np.zeros((size, n)), np.zeros((size, n))
        # for the size: surprises as they were; the first day of a step, of which nobody knows
        # how much of it had passed, explains itself and tells no size
        self._raw, self._exact = np.zeros((size, n)), np.zeros((size, n))
        self._free = np.zeros((size, n))
        self._held = 2 * self._slots
        self._held_day = np.full(n, -1)
        self._held_least = model.number("scan.held_likelihood")
        self._size_share = model.number("scan.size_share")

    def begin(self, today: int) -> None:
        """Try a movement that begins today, in place of the one that is needed least."""
        age = today - self._born
        # every day of the last weeks is tried, of the months before only every so many
        spare = (self._born >= 0) & (age > self._fine_days) & (self._born % self._stride != 0)
        slot = int(spare.argmax()) if spare.any() else int(self._born.argmin())
        self._born[slot] = today
        for place in (slot, slot + self._slots):
            self.answer[place] = 0.0
            for column in self._columns():
                column[place] = 0.0

    def expect(self, today: int, h: Floats) -> Floats:
        """Tell what each movement of size one would add to today's surprise, (slots, n)."""
        age = today - self._born + _FIRST_DAY
        alive = self._born >= 0
        steps = np.where(alive, np.minimum(age, 1.0), 0.0)
        moved = np.concatenate([np.where(alive, age, 0.0), steps, [1.0]])
        left = moved[:, None] - np.einsum("smn,mn->sn", self.answer, h)
        left[self._held, self._held_day < 0] = 0.0
        return np.asarray(left)

    def take(
        self,
        today: int,
        left: Floats,
        gain: Floats,
        surprise: Floats,
        near: Floats,
        weight: Floats,
    ) -> None:
        """Take in a day.

        Parameters
        ----------
        left
            From `expect`.
        gain
            Of the filter.
        surprise, near
            As it was, and drawn in.
        weight
            1 / variance of the surprise, 0 where there was none.

        """
        squares = left * left * weight
        self._number += left * (near * weight)
        self._weight += squares
        new = np.flatnonzero(self._born == today) + self._slots
        raw = left * (surprise * weight)
        raw[new], squares[new] = 0.0, 0.0
        self._raw += raw
        self._exact += squares
        self._free[new] = surprise * surprise * weight
        self.answer += gain[None] * left[:, None, :]
        self._hold(today)

    def _hold(self, today: int) -> None:
        """Hold each channel's likeliest step of the last weeks while none is likelier."""
        reach = self._stride * self._slots
        old = (self._held_day >= 0) & (today - self._held_day > reach)
        self._held_day[old] = -1
        for column in self._columns():
            column[self._held, old] = 0.0
        steps = slice(self._slots, self._held + 1)
        exact = self._exact[steps]
        known = exact > 1e-9
        gained = np.where(
            known, self._raw[steps] ** 2 / np.where(known, exact, 1.0) + self._free[steps], 0.0
        )
        place, column_ = gained[:-1].argmax(axis=0), np.arange(exact.shape[1])
        best = gained[place, column_]
        new = np.flatnonzero((best > self._held_least) & (best > gained[-1]))
        rows = place[new] + self._slots
        for column in self._columns():
            column[self._held, new] = column[rows, new]
        self.answer[self._held][:, new] = self.answer[rows, :, new].T
        self._held_day[new] = self._born[place[new]]

    def _columns(self) -> tuple[Floats, ...]:
        return self._number, self._weight, self._raw, self._exact, self._free

    def statistic(self, family: int, today: int) -> Floats:
        """Tell the statistic of the drifts together (0) or of the likeliest step (1), signed."""
        part = self._part(family)
        weight = self._weight[part]
        sd = np.sqrt(np.maximum(weight, 1e-12))
        z = np.where(self._tried(family, today, weight), self._number[part] / sd, 0.0)
        column = np.arange(z.shape[1])
        if family == 0:
            return self._together(z, today)
        return np.asarray(z[np.abs(z).argmax(axis=0), column])

    def likeliest(self, family: int, today: int) -> tuple[Ints, Floats, Floats, Floats]:
        """Tell the likeliest drift (0) or step (1): first day, size, standard error, likelihood.

        The likelihood is twice the logarithm of its ratio to standing still.
        """
        part = self._part(family)
        exact = self._exact[part]
        tried = self._tried(family, today, exact)
        weight = np.where(tried, exact, 1.0)
        gained = np.where(tried, self._raw[part] ** 2 / weight + self._free[part], 0.0)
        place, column = gained.argmax(axis=0), np.arange(exact.shape[1])
        at = weight[place, column]
        size = self._raw[part][place, column] / at
        born = self._born[np.minimum(place, self._slots - 1)]
        born = np.where(place == self._slots, self._held_day, born)
        return np.asarray(born, np.int32), size, 1.0 / np.sqrt(at), gained[place, column]

    def moved(self, today: int) -> tuple[Floats, Floats]:
        """Tell how far it has moved since it began, and the standard error.

        Every beginning and both shapes are believed as far as their likelihood goes, so that not
        knowing when it began is in the interval.
        """
        age = today - self._born + 1.0
        grown = np.concatenate([age - _FIRST_DAY, np.ones(self._slots + 1)])[:, None]
        tried = np.concatenate(
            [self._tried(family, today, self._exact[self._part(family)]) for family in (0, 1)]
        )
        weight = np.where(tried, self._exact, 1.0)
        likely = np.where(tried, 0.5 * (self._raw**2 / weight + self._free), -np.inf)
        top = likely.max(axis=0)
        known = np.isfinite(top)
        trust = np.exp(likely - np.where(known, top, 0.0))
        total = np.maximum(trust.sum(axis=0), 1e-300)
        size = grown * self._raw / weight
        mean = (trust * size).sum(axis=0) / total
        spread = (trust * (grown * grown / weight + (size - mean) ** 2)).sum(axis=0) / total
        # what of the movement is neither a step nor a steady drift
        spread = spread + (self._size_share * mean) ** 2
        return mean, np.where(known, np.sqrt(spread), np.inf)

    def since(self, day: int) -> tuple[Floats, Floats]:
        """Tell the rate, and its standard error, of the drift that began nearest to a day."""
        away = np.where(self._born >= 0, np.abs(self._born - day), np.inf)
        place = int(away.argmin())
        known = self._exact[place] > 1e-9
        weight = np.where(known, self._exact[place], 1.0)
        return (
            np.where(known, self._raw[place] / weight, np.nan),
            np.where(known, 1.0 / np.sqrt(weight), np.nan),
        )

    def _part(self, family: int) -> slice:
        return slice(0, self._slots) if family == 0 else slice(self._slots, self._held + 1)

    def _tried(self, family: int, today: int, weight: Floats) -> NDArray[np.bool_]:
        if family == 0:
            old = (self._born >= 0) & (today - self._born + 1 >= self._least)
        else:
            old = np.append(self._born >= 0, True)
        return old[:, None] & (weight > 1e-9)

    def _together(self, z: Floats, today: int) -> Floats:
        """Add up what all beginnings say, each by the days it stands for and by its price.

        More is asked of short drifts: a year has room for many more of them.
        """
        age = np.maximum(today - self._born + 1.0, 1.0)
        price = self._price * np.log(np.maximum(self._long_days / age, 1.0))
        days = np.where(age > self._fine_days, self._stride, 1.0) / self._apart_days
        likely = 0.5 * z * z + (np.log(days) - price)[:, None]
        likely[z == 0.0] = -np.inf
        best = likely.argmax(axis=0)
        column = np.arange(z.shape[1])
        top = np.maximum(likely[best, column], 0.0)
        total = top + np.log(np.maximum(np.exp(likely - top).sum(axis=0), 1e-300))
        return np.asarray(np.sign(z[best, column]) * np.sqrt(2.0 * np.maximum(total, 0.0)))
