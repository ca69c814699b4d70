"""When a level counts as reached or left: N of M readings, hysteresis, cap.

A rule's standing at one subject is a plain list `[level, run_at_ns, hits, stays]`, or `None`
while all is quiet: `hits` are the levels that the last M readings reached, `stays` the levels
that they would keep (limit times hysteresis).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from domain.limits import Level, Limit, LimitProfile

Standing = list[Any]


@dataclass(frozen=True, slots=True)
class Weighed:
    """One reading held against the rows of a rule.

    Parameters
    ----------
    hit
        Worst level whose limit is reached.
    stay
        Worst level that the value would keep; never milder than `hit`.
    by_level
        Row that stands for each level, with the value held against it.

    """

    hit: Level
    stay: Level
    by_level: dict[Level, tuple[Limit, float]]


@dataclass(frozen=True, slots=True)
class Gate:
    """Confirms a rule's level at one subject.

    Parameters
    ----------
    need, of
        A level is raised when `need` of the last `of` readings reach it, and lowered when `need`
        of them no longer keep it.
    hysteresis
        A level is kept while the value stays over this share of its limit.

    Examples
    --------
    >>> gate = Gate(need=3, of=5, hysteresis=0.8)
    >>> standing, changes = None, []
    >>> for at, hit in enumerate([2, 0, 2, 2, 0]):
    ...     standing, change = gate.push(standing, at, Level(hit), Level(hit))
    ...     changes.append(change)
    >>> changes
    [None, None, None, <Level.YELLOW: 2>, None]

    """

    need: int
    of: int
    hysteresis: float

    @classmethod
    def from_profile(cls, profile: LimitProfile) -> "Gate":
        """Take N, M and the hysteresis from a profile."""
        return cls(
            int(profile.number("confirm.need")),
            int(profile.number("confirm.of")),
            profile.number("hysteresis"),
        )

    def weigh(self, measured: Iterable[tuple[Limit, float]]) -> Weighed:
        """Hold values against rows, each row with the value it speaks of."""
        hit = stay = Level.NONE
        by_level: dict[Level, tuple[Limit, float]] = {}
        for row, value in measured:
            reached = row.reached_by(value)
            if reached:
                hit = max(hit, row.level)
            if reached or row.nearly_reached_by(value, self.hysteresis):
                stay = max(stay, row.level)
            if reached or row.level not in by_level:
                by_level[row.level] = (row, value)
        return Weighed(hit, stay, by_level)

    def push(
        self, standing: Sequence[Any] | None, at_ns: int, hit: Level, stay: Level
    ) -> tuple[Standing | None, Level | None]:
        """Add one reading.

        Returns
        -------
        tuple
            The standing after it, and the new level when it changed.

        """
        if standing is None:
            if hit == Level.NONE:
                return None, None
            standing = [0, at_ns, [], []]
        level, run_at_ns, hits, stays = standing
        hits = [*hits, int(hit)][-self.of :]
        stays = [*stays, int(stay)][-self.of :]
        confirmed = sorted(hits, reverse=True)[self.need - 1] if len(hits) >= self.need else 0
        kept = sorted(stays)[self.need - 1] if len(stays) >= self.need else level
        new = max(confirmed, min(level, kept))
        change = Level(new) if new != level else None
        if new == 0 and not any(hits):
            return None, change
        if new > level:
            stays = []  # what was before the raise is no reason to lower
        return [new, run_at_ns, hits, stays], change

    def force(
        self, standing: Sequence[Any] | None, at_ns: int, level: Level, started_ns: int
    ) -> tuple[Standing | None, Level | None]:
        """Raise at once (a step that a second point shows); only later readings can lower it."""
        held = 0 if standing is None else standing[0]
        if level <= held:
            return (None if standing is None else list(standing)), None
        run_at_ns = started_ns if standing is None else min(standing[1], started_ns)
        return [int(level), run_at_ns, [] if standing is None else standing[2], []], level


def level_of(standing: Sequence[Any] | None) -> Level:
    """Tell the level that a standing holds."""
    return Level.NONE if standing is None else Level(standing[0])


def capped(weighed: Weighed, cap: Level) -> Level:
    """Cut the level that a reading reached."""
    return min(weighed.hit, cap)
