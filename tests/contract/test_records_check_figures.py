"""Sums of check-ups are those of a slow count, on SQLite and on PostgreSQL."""

from dataclasses import replace

import pytest

from domain.check_figures import Coverage, CoverageBy, CoverageFilter, total, year_ns
from domain.check_ports import CheckFilter, DueFilter
from domain.checkups import CheckClass, CheckState
from domain.ports import Page
from storage.records import Records
from tests.check_world import TODAY, YEARS, World, counted, made_world


def asked(by: CoverageBy = CoverageBy.DISTRICT, **changes: object) -> CoverageFilter:
    told = CoverageFilter(by, CheckClass.BASIC, 2026, TODAY, YEARS)
    return replace(told, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [1, 2])
def test_coverage_is_that_of_a_slow_count_by_every_group_class_and_year(
    records: Records, seed: int
) -> None:
    world = made_world(seed)
    world.keep(records)
    scopes: tuple[dict[str, object], ...] = (
        {},
        {"districts": ("360102", "360104")},
        {"building_ids": tuple(f"b-{n:04}" for n in range(0, 40, 3))},
        {"building_ids": ()},
        {"districts": ()},
    )
    seen = 0
    for by in CoverageBy:
        for check_class in CheckClass:
            for year in (2024, 2025, 2026):
                for scope in scopes:
                    wanted = asked(by, check_class=check_class, year=year, **scope)
                    rows = records.check_figures.coverage(wanted)
                    assert rows == counted(world, wanted), (by, check_class, year, scope)
                    seen += sum(row.done + row.late + row.missing for row in rows)
    assert seen > 1_000


def test_groups_add_up_to_the_whole_however_they_are_cut(records: Records) -> None:
    made_world(3).keep(records)
    sums = {
        total(records.check_figures.coverage(asked(by)))
        for by in (CoverageBy.DISTRICT, CoverageBy.AGE, CoverageBy.STRUCTURE)
    }
    assert len(sums) == 1
    (whole,) = sums
    assert whole.buildings == 40
    assert whole.done + whole.missing == whole.wanted
    assert whole.percent == pytest.approx(100 * whole.done / whole.wanted)


def test_the_lists_behind_the_figures_have_as_many_rows(records: Records) -> None:
    world = made_world(4)
    world.keep(records)
    for row in records.check_figures.coverage(asked()):
        near = DueFilter(districts=(row.key,), classes=(CheckClass.BASIC,))
        last, past = asked().last_day, TODAY.replace(day=22)
        plans = records.check_plans
        assert len(plans.due(replace(near, due_until=last), Page(999))) == row.due
        assert len(plans.due(replace(near, due_until=past), Page(999))) == row.overdue
        assert len(plans.due(replace(near, never=True), Page(999))) == row.never
        found = records.checks.check_ups(
            CheckFilter(
                districts=(row.key,), classes=(CheckClass.BASIC,), states=(CheckState.DONE,),
                done_ns=year_ns(2026),
            ),
            Page(999),
        )  # fmt: skip
        assert len(found) == row.check_ups
        assert len({one.building_id for one in found}) == row.done


def test_a_city_without_buildings_has_no_groups(records: Records) -> None:
    assert [records.check_figures.coverage(asked(by)) for by in CoverageBy] == [[]] * 4
    world = replace(made_world(5), check_ups=(), due=())
    assert isinstance(world, World)
    world.keep(records)
    rows = records.check_figures.coverage(asked(CoverageBy.STRUCTURE))
    assert {(row.wanted, row.percent) for row in rows} == {(0, None)}
    assert total([]) == Coverage("")
