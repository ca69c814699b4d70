"""Events in a waveform: the short average of its power over the long one (STA/LTA)."""

from dataclasses import dataclass
from functools import lru_cache
from math import exp, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from analytics.vibration import BlockFeatures
from domain.clock import SECOND_NS
from domain.limits import LimitProfile

#: blocks that begin within this after another's end go on with it
_ADJACENT_S = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a block has to do with events.

    Parameters
    ----------
    event_ns
        The event's name: moment of its trigger; 0 when the block belongs to none.
    role
        `event`, or `after` for the block that follows its end.
    begins
        The event was triggered in this block: the block before it belongs to it as well.

    """

    event_ns: int = 0
    role: str = ""
    begins: bool = False


@dataclass(frozen=True, slots=True)
class EventWatch:
    """Looks for events block after block; all that it remembers is handed in and out.

    The averages are exponential, of the mean power v² of all axes in spans of
    `wave.power_window_s`. An event begins when the root of short over long reaches `on` and the
    short average the floor; the long average stands still until it ends below `off` (two levels,
    so that it does not flicker), or has lasted `event_s_max`: then it is the new quiet.

    Source
    ------
    The recursive STA/LTA trigger of seismology; `slow_events` in its test is the plain version.

    """

    short_s: float
    long_s: float
    on: float
    off: float
    floor_mm_s: float
    event_s_max: float
    span_s: float

    @classmethod
    def from_profile(cls, profile: LimitProfile) -> "EventWatch":
        """Read the numbers from the limit profile."""
        names = ("sta_s", "lta_s", "on", "off", "floor_mm_s", "event_s_max", "power_window_s")
        return cls(*(profile.number(f"wave.{name}") for name in names))

    def look(self, features: BlockFeatures, state: Any) -> tuple[Seen, Any]:
        """Look at one block.

        Parameters
        ----------
        state
            What the last call returned for this channel: a list of plain numbers; `None` at
            first. Never changed in place.

        """
        block, power = features.block, features.power
        if state is None:
            quiet = float(np.median(power))
            state = [quiet, quiet, 0, 0, 0, 0]
        short, long, end_ns, event_ns, active, after = state
        late = block.start_ns < end_ns - _ADJACENT_S * SECOND_NS
        adjacent = abs(block.start_ns - end_ns) <= _ADJACENT_S * SECOND_NS
        if not adjacent:  # begin anew against the quiet that is known
            short, active, after = long, 0, 0
        known = event_ns if active or after else 0
        seen, new = self._go_on(features, short, long, known, active)
        if seen.role == "" and after and known:
            seen = Seen(known, "after")
        if late:  # a block from before what was seen: judged alone, nothing is learnt from it
            return seen, state
        short, long, event_ns, active = new
        after = int(seen.role == "event" and not active)
        return seen, [short, long, block.end_ns, event_ns, active, after]

    def _go_on(
        self, features: BlockFeatures, short: float, long: float, event_ns: int, active: int
    ) -> tuple[Seen, tuple[float, float, int, int]]:
        power = features.power
        a, b = 1.0 - exp(-self.span_s / self.short_s), 1.0 - exp(-self.span_s / self.long_s)
        if not active:
            # averages stay within what they are made of: mostly that alone tells of no event
            most = max(short, float(power.max()))
            least = self.on**2 * min(long, float(power.min()))
            if most < 0.999 * max(self.floor_mm_s**2, least):
                return Seen(), (_ends_at(power, a, short), _ends_at(power, b, long), event_ns, 0)
            shorts = _average(power, a, short)
            longs = _average(power, b, long)
            if not self._begins(shorts, longs).any():
                return Seen(), (float(shorts[-1]), float(longs[-1]), event_ns, 0)
        block = features.block
        span_ns = max(1, round(self.span_s * block.rate_hz)) / block.rate_hz * SECOND_NS
        begins = False
        for number, value in enumerate(power.tolist()):
            at_ns = block.start_ns + round(number * span_ns)
            short += a * (value - short)
            if active:
                lasted = at_ns - event_ns >= self.event_s_max * SECOND_NS
                if lasted:
                    long = short
                if lasted or sqrt(short) < self.off * sqrt(long):
                    active = 0
                continue
            long += b * (value - long)
            if self._begins(np.array([short]), np.array([long]))[0]:
                active = 1
                if not event_ns or at_ns - event_ns >= self.event_s_max * SECOND_NS:
                    event_ns, begins = at_ns, True
        return Seen(event_ns, "event", begins), (short, long, event_ns, active)

    def _begins(self, short: Any, long: Any) -> Any:
        loud = np.sqrt(short) >= self.floor_mm_s
        return loud & (np.sqrt(short) >= self.on * np.sqrt(long))


def _ends_at(power: Any, share: float, before: float) -> float:
    """Tell the last of what `_average` gives."""
    weights, left = _weights(len(power), share)
    return float(np.dot(weights, power)) + left * before


@lru_cache(64)
def _weights(count: int, share: float) -> tuple[NDArray[np.float64], float]:
    """Tell what each of so many values weighs in their exponential average, and what is left."""
    kept = 1.0 - share
    return share * kept ** np.arange(count - 1, -1, -1.0), kept**count


def _average(power: Any, share: float, before: float) -> Any:
    """Average exponentially from a value on."""
    values, _ = lfilter([share], [1.0, share - 1.0], power.astype(np.float64),
                        zi=[(1.0 - share) * before])  # fmt: skip
    return values
