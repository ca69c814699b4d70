"""A made-up city of check-ups by a seed, and the figures counted the slow way."""

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta

from domain.buildings import Building
from domain.check_cycles import Due
from domain.check_figures import (
    COUNTS,
    BuildYears,
    Coverage,
    CoverageBy,
    CoverageFilter,
    key_of,
)
from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp, ResultClass
from domain.clock import DAY_NS
from lifecycle.results import day_of
from storage.records import Records

TODAY = date(2026, 11, 23)
NOW_NS = 1_795_413_600_000_000_000
YEARS = BuildYears(1, (1981, 2001))
HOUSE = Building("b-0", "C0", "演示楼", "演示路 1 号", "360102", "街", "", 115.9, 28.7)


@dataclass(frozen=True, slots=True)
class World:
    """Buildings, their check-ups and who is due."""

    buildings: tuple[Building, ...]
    check_ups: tuple[CheckUp, ...]
    due: tuple[Due, ...]

    def keep(self, records: Records) -> None:
        """Write it into a records database."""
        records.register.put_buildings(self.buildings, "test")
        records.checks.add_check_ups(self.check_ups, "test")
        records.check_plans.replace_due(self.due, 1)


def made_world(seed: int, buildings: int = 40) -> World:
    """Make a world; the same seed makes the same one."""
    draw = random.Random(seed)
    houses = tuple(
        replace(
            HOUSE, id=f"b-{n:04}", code=f"C{n:04}",
            district=draw.choice(("360102", "360103", "360104")),
            structure=draw.choice(("masonry", "concrete", "unknown")),
            build_year=draw.choice((None, 1960, 1980, 1981, 2000, 2001, 2020)),
        )
        for n in range(buildings)
    )  # fmt: skip
    check_ups = tuple(
        _check_up(draw, number, draw.choice(houses)) for number in range(3 * buildings)
    )
    due = tuple(
        Due(
            house.id, kind, _day(draw), CheckCause.CYCLE, "rule", "p 1", 1, house.district, "",
            "residential", last_on=draw.choice((None, date(2025, 1, 1))),
            check_up_id=draw.choice(("", "c-0")),
        )
        for house in houses for kind in CheckClass if draw.random() < 0.6
    )  # fmt: skip
    return World(houses, check_ups, due)


def counted(world: World, wanted: CoverageFilter) -> list[Coverage]:
    """Count coverage building by building."""
    rows: dict[str, Coverage] = {}
    classes = list(CheckClass) if wanted.by is CoverageBy.CLASS else [wanted.check_class]
    for house in world.buildings:
        if wanted.building_ids is not None and house.id not in wanted.building_ids:
            continue
        if wanted.districts is not None and house.district not in wanted.districts:
            continue
        for kind in classes:
            key = kind.value if wanted.by is CoverageBy.CLASS else key_of(house, wanted.by, YEARS)
            row = _one(world, house, kind, wanted)
            old = rows.get(key, Coverage(key))
            names = Coverage.__dataclass_fields__.keys() - {"key"}
            rows[key] = replace(old, **{n: getattr(old, n) + getattr(row, n) for n in names})
    if wanted.by is CoverageBy.CLASS:
        return [rows[kind.value] for kind in CheckClass if kind.value in rows]
    return sorted(rows.values(), key=lambda row: row.key)


def _one(world: World, house: Building, kind: CheckClass, wanted: CoverageFilter) -> Coverage:
    done = [
        one for one in world.check_ups
        if one.building_id == house.id and one.state is CheckState.DONE
        and one.check_class in COUNTS[kind]
    ]  # fmt: skip
    days = [(day_of(one.done_at_ns or 0), one.due_on) for one in done]
    in_year = sum(day.year == wanted.year for day, _ in days)
    last = date(wanted.year, 12, 31)
    late = not in_year and any(day > last and due <= last for day, due in days)
    row = next(
        (one for one in world.due if (one.building_id, one.check_class) == (house.id, kind)), None
    )
    due = row is not None and row.due_on <= last
    return Coverage(
        "", 1, int(in_year > 0), in_year, int(late), int(due and not in_year and not late),
        int(due), int(row is not None and due and row.due_on < wanted.today),
        int(row is not None and row.last_on is None),
    )  # fmt: skip


def _check_up(draw: random.Random, number: int, house: Building) -> CheckUp:
    state = draw.choice((CheckState.DONE, CheckState.DONE, CheckState.ASSIGNED))
    done = state is CheckState.DONE
    return CheckUp(
        f"c-{number}", house.id, draw.choice(list(CheckClass)), CheckCause.CYCLE, _day(draw), 1,
        "plan", state=state, result=draw.choice(list(ResultClass)) if done else None,
        # up to two years back, hours apart, so that some lie about midnight of a year's end
        done_at_ns=NOW_NS - draw.randrange(0, 730 * 24) * DAY_NS // 24 if done else None,
    )  # fmt: skip


def _day(draw: random.Random) -> date:
    return TODAY + timedelta(days=draw.randrange(-700, 400))
