"""Defects over the years: the same crack, found again, with what it grew."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.clock import DAY_NS
from domain.defects import Defect, DefectStatus

DAYS_OF_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Growth:
    """How much a defect grew from one find to another.

    Parameters
    ----------
    per_year
        In the unit of the values; `None` when less than a day lies between.

    """

    unit: str
    first: float
    last: float
    from_ns: int
    to_ns: int

    @property
    def change(self) -> float:
        """What it grew, in its unit."""
        return self.last - self.first

    @property
    def days(self) -> float:
        """How long that took."""
        return (self.to_ns - self.from_ns) / DAY_NS

    @property
    def per_year(self) -> float | None:
        """Growth by year; `None` when less than a day lies between."""
        return self.change / self.days * DAYS_OF_YEAR if self.days >= 1 else None


@dataclass(frozen=True, slots=True)
class Chain:
    """One defect with every time it was found.

    Parameters
    ----------
    finds
        From the first to the newest, by when each was found.
    forks
        Finds that go on from the same one as another of the chain does: two people described it,
        or it split. None of them is lost; those not on the way to the newest are here, too.
    broken
        A find names another that is not there, or they name each other in a ring.

    """

    finds: tuple[Defect, ...]
    forks: tuple[Defect, ...] = ()
    broken: bool = False

    @property
    def id(self) -> str:
        """The chain's name: the id of what was found first."""
        return self.first.id

    @property
    def first(self) -> Defect:
        """How it was found first."""
        return self.finds[0]

    @property
    def newest(self) -> Defect:
        """How it was found last; its status counts."""
        return self.finds[-1]

    @property
    def every(self) -> tuple[Defect, ...]:
        """All finds, forks too, by when each was found."""
        return tuple(sorted((*self.finds, *self.forks), key=_when))

    @property
    def waits(self) -> bool:
        """Tell whether somebody still has to look after it."""
        return self.newest.status in {DefectStatus.OPEN, DefectStatus.WATCHED}

    @property
    def sensor_ids(self) -> tuple[str, ...]:
        """Sensors that any of its finds names."""
        return tuple(dict.fromkeys(s for find in self.every for s in find.sensor_ids))

    @property
    def growth(self) -> Growth | None:
        """Growth since it was first measured in the newest unit; `None`: nothing to compare."""
        return growth_of([(f.found_at_ns, f.value, f.unit) for f in self.finds])

    @property
    def growth_last(self) -> Growth | None:
        """Growth since the time before; `None`: nothing to compare."""
        rows = [(f.found_at_ns, f.value, f.unit) for f in self.finds if f.value is not None]
        return growth_of(rows[-2:])

    @property
    def length_growth(self) -> Growth | None:
        """Growth of the length since it was first measured, mm."""
        return growth_of([(f.found_at_ns, f.length_mm, "mm") for f in self.finds])


def growth_of(rows: Sequence[tuple[int, float | None, str]]) -> Growth | None:
    """Compare the first and the last of values in time that bear the newest one's unit.

    Examples
    --------
    >>> growth_of([(0, 0.2, "mm"), (365 * DAY_NS, 0.5, "mm")]).per_year
    0.3002054794520548
    >>> growth_of([(0, 0.2, "mm"), (5, 12.0, "‰")]) is None
    True

    """
    measured = [(at, value, unit) for at, value, unit in rows if value is not None]
    if not measured:
        return None
    at_ns, last, unit = measured[-1]
    first = next(row for row in measured if row[2] == unit)
    if first is measured[-1]:
        return None
    return Growth(unit, first[1], last, first[0], at_ns)


def chains(defects: Iterable[Defect]) -> list[Chain]:
    """Join the defects of one building to chains, the one found last first."""
    by_id = {defect.id: defect for defect in defects}
    roots = {one.id: _root(one, by_id) for one in by_id.values()}
    gathered: dict[str, list[Defect]] = {}
    for defect in by_id.values():
        gathered.setdefault(roots[defect.id][0], []).append(defect)
    made = [_chain(members, by_id) for members in gathered.values()]
    return sorted(made, key=lambda chain: (-chain.newest.found_at_ns, chain.id))


def _chain(members: list[Defect], by_id: dict[str, Defect]) -> Chain:
    named = {one.continues for one in members}
    # a clock that was wrong must not turn the order around: nothing goes on from the newest
    newest = max((one for one in members if one.id not in named), key=_when, default=members[0])
    way, seen = [newest], {newest.id}
    while (before := by_id.get(way[-1].continues)) is not None and before.id not in seen:
        way.append(before)
        seen.add(before.id)
    forks = sorted((one for one in members if one.id not in seen), key=_when)
    lost = any(one.continues and one.continues not in by_id for one in members)
    ringed = not any(one.continues not in by_id for one in members)
    return Chain(tuple(reversed(way)), tuple(forks), broken=lost or ringed)


def _root(defect: Defect, by_id: dict[str, Defect]) -> tuple[str, bool]:
    """Go back to the first find; of a ring, the smallest id stands for it."""
    seen: dict[str, None] = {defect.id: None}
    at = defect
    while (before := by_id.get(at.continues)) is not None:
        if before.id in seen:
            ring = list(seen)
            return min(ring[ring.index(before.id) :]), True
        seen[before.id] = None
        at = before
    return at.id, False


def _when(defect: Defect) -> tuple[int, str]:
    return defect.found_at_ns, defect.id
