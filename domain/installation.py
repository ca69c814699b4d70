"""The installation itself as something to be watched: heart-beats, signs, and their bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.findings import Cause
from domain.limits import Level
from domain.services import Health


@dataclass(frozen=True, slots=True)
class Sign:
    """One measured sign of how some part of the installation is.

    Parameters
    ----------
    rule
        Which bounds it is held against, such as `spool.percent`.
    subject
        Which part, where there are several: `spool 0`, `host:/folder`.
    value
        In the unit of its bounds.

    """

    cause: Cause
    rule: str
    subject: str
    value: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """The values of one sign at which the levels begin.

    Parameters
    ----------
    levels
        Level and value, mildest first.
    falling
        Lower is worse, as with free room.
    reason
        Where the values come from: the setting that holds them.

    """

    cause: Cause
    rule: str
    unit: str
    levels: tuple[tuple[Level, float], ...]
    falling: bool = False
    reason: str = ""

    def level(self, value: float, held: Level, hysteresis: float) -> Level:
        """Tell the worst level that a value reaches; one that held is kept a little longer.

        Parameters
        ----------
        hysteresis
            Share of a bound, 0 to 1, that must be undercut before a level that held is left.

        Examples
        --------
        >>> bounds = Bounds(Cause.DISK_LOW, "r", "MB", ((Level.YELLOW, 80.0),), falling=True)
        >>> bounds.level(90.0, Level.NONE, 0.8), bounds.level(90.0, Level.YELLOW, 0.8)
        (<Level.NONE: 0>, <Level.YELLOW: 2>)

        """
        reached = Level.NONE
        for level, bound in self.levels:
            eased = bound / hysteresis if self.falling else bound * hysteresis
            limit = eased if level <= held else bound
            if value <= limit if self.falling else value >= limit:
                reached = max(reached, level)
        return reached

    def bound(self, level: Level) -> float:
        """Tell the value at which a level begins; of no level: the mildest one's."""
        return dict(self.levels).get(level, self.levels[0][1])


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What one role of one process last said of itself; one row a role, shard and host.

    Parameters
    ----------
    started_at_ns, beat_at_ns
        Real time, never virtual.
    state
        Worst state of its parts: `ok`, `degraded` or `down`.

    """

    role: str
    shard: int
    host: str
    pid: int
    started_at_ns: int
    beat_at_ns: int
    state: str
    parts: tuple[Health, ...] = ()
    signs: tuple[Sign, ...] = ()


class HeartbeatStore(Protocol):
    """Keeps the last heart-beat of every role, wherever it runs."""

    def put(self, beats: Sequence[Heartbeat]) -> None:
        """Write heart-beats over those before them.

        Raises
        ------
        StoreUnavailable
            When the records cannot be reached.

        """
        ...

    def all(self) -> list[Heartbeat]:
        """Read the last heart-beat of every role, by role, shard and host."""
        ...

    def forget_before(self, at_ns: int) -> None:
        """Drop the rows of roles that have not beaten since a moment."""
        ...
