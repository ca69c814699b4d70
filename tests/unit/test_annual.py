"""Annual plans: months, people and days."""

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.buildings import Building
from domain.check_cycles import CycleRow, Due
from domain.checkups import CheckCause, CheckClass, CheckUp, Firm, Tier
from lifecycle.annual import Worker, drafted, workers_of
from lifecycle.cycles import shipped_profiles
from lifecycle.due import Facts, due_rows
from lifecycle.projection import _times, compared

BASIC, DAILY = CheckClass.BASIC, CheckClass.DAILY


def row(number: int, day: date, check_class: CheckClass = BASIC, opened: str = "") -> Due:
    return Due(
        f"b{number:04}", check_class, day, CheckCause.CYCLE, "r", "p 1", 1, "360102", "", "",
        check_up_id=opened,
    )  # fmt: skip


def test_workers_are_those_who_work_there() -> None:
    firms = [
        Firm("f2", "二", Tier.BODY, (), ("u1", "u9")),
        Firm("f1", "一", Tier.BODY, ("360102",), ("u2",)),
        Firm("f3", "三", Tier.BODY, ("360103",), ("u3",)),
        Firm("f4", "四", Tier.BODY, (), ("u1",), active=False),
        Firm("f5", "五", Tier.BODY),
    ]
    assert workers_of(firms, "360102", frozenset({"u1", "u2", "u3"})) == [
        Worker("f1", "u2"), Worker("f2", "u1"), Worker("f5"),
    ]  # fmt: skip


def test_months_get_the_same_and_so_do_people() -> None:
    rows = [row(n, date(2027, 12, 31)) for n in range(120)]
    items = drafted("p", 2027, rows, [Worker("f", "u1"), Worker("f", "u2")])
    assert [sum(i.month == m for i in items) for m in range(1, 13)] == [10] * 12
    assert sum(i.inspector_id == "u1" for i in items) == 60


def test_patrols_what_is_opened_and_what_is_due_later_are_left_out() -> None:
    rows = [
        row(1, date(2027, 5, 1), DAILY), row(2, date(2027, 5, 1), opened="c"),
        row(3, date(2028, 1, 1)), row(4, date(2027, 12, 31)),
    ]  # fmt: skip
    assert [item.building_id for item in drafted("p", 2027, rows, [])] == ["b0004"]


def test_what_is_overdue_goes_to_somebody_in_the_months_that_are_left() -> None:
    rows = [row(n, date(2027, 3, 1)) for n in range(4)]
    items = drafted("p", 2027, rows, [Worker("f", "u1", 0, 3)], 11)
    assert Counter((i.month, i.firm_id) for i in items) == {(11, "f"): 3, (12, "f"): 1}


def test_nobody_to_send_and_nothing_to_do() -> None:
    assert drafted("p", 2027, [], [Worker("f")]) == []
    (item,) = drafted("p", 2027, [row(1, date(2027, 12, 31))], [])
    assert (item.firm_id, item.inspector_id) == ("", "")


def test_nobody_gets_more_in_a_month_than_they_can_do() -> None:
    rows = [row(n, date(2027, 3, 31)) for n in range(8)]
    workers = [Worker("f", "u1", 0, 1), Worker("f", "u2", 0, 2)]
    items = drafted("p", 2027, rows, workers)
    per = Counter((i.month, i.inspector_id) for i in items)
    assert max(per[m, "u1"] for m in range(1, 13)) == 1
    assert max(per[m, "u2"] for m in range(1, 13)) == 2
    assert all(i.month <= 3 for i in items)
    assert not [i for i in items if not i.inspector_id]
    # one more than both can do until the end of March is left for people to see
    more = drafted(
        "p", 2027, [*rows, row(8, date(2027, 3, 31)), row(9, date(2027, 3, 31))], workers
    )
    assert sum(not i.firm_id for i in more) == 1


def test_a_firms_limit_counts_all_its_people_and_other_districts() -> None:
    rows = [row(n, date(2027, 2, 28)) for n in range(6)]
    workers = [Worker("f", "u1", 2, 0), Worker("f", "u2", 2, 0)]
    items = drafted("p", 2027, rows, workers, taken={("firm", "f"): [1] + [0] * 11})
    assert Counter(i.month for i in items if i.firm_id) == {1: 1, 2: 2}
    assert sum(not i.firm_id for i in items) == 3


@given(
    st.lists(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=50),
    st.integers(0, 3), st.integers(0, 4), st.integers(1, 12),
)  # fmt: skip
def test_no_limit_is_ever_passed(days: list[date], each: int, firm: int, first: int) -> None:
    workers = [Worker("f", "u1", firm, each), Worker("f", "u2", firm, each)]
    items = drafted("p", 2027, [row(n, day) for n, day in enumerate(days)], workers, first)
    assert len(items) == len(days)
    for month in range(1, 13):
        mine = [i for i in items if i.month == month]
        assert not firm or sum(i.firm_id == "f" for i in mine) <= firm
        for one in ("u1", "u2"):
            assert not each or sum(i.inspector_id == one for i in mine) <= each


@given(
    st.lists(st.dates(date(2024, 1, 1), date(2028, 12, 31)), max_size=60),
    st.integers(1, 12),
    st.randoms(),
)
def test_the_same_plan_in_any_order_and_no_day_too_late(
    days: list[date], first: int, random: object
) -> None:
    rows = [row(n, day) for n, day in enumerate(days)]
    items = drafted("p", 2027, rows, [Worker("f")], first)
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert drafted("p", 2027, rows, [Worker("f")], first) == items
    by_building = {r.building_id: r for r in rows}
    for item in items:
        assert first <= item.month <= 12
        assert (item.due_on.year, item.due_on.month) == (2027, item.month)
        wanted = by_building[item.building_id].due_on
        if wanted >= date(2027, first, 1):
            assert item.due_on <= wanted


def test_how_often_a_rule_asks_in_a_year() -> None:
    five, month = CycleRow("r", BASIC, 60), CycleRow("r", DAILY, 1)
    day = CycleRow("r", DAILY, every_days=1)
    first = date(2026, 12, 31)
    assert [_times(first, five, y) for y in range(2025, 2033)] == [0, 1, 0, 0, 0, 0, 1, 0]
    assert [_times(first, month, y) for y in (2025, 2026, 2027)] == [0, 1, 12]
    assert [_times(first, day, y) for y in (2025, 2026, 2027, 2028)] == [0, 1, 365, 366]
    assert [_times(first, None, y) for y in (2026, 2027)] == [1, 0]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["residential", "public"]),
            st.sampled_from([None, 1960, 1976, 1990, 1996, 2010]),
            st.sampled_from([None, 50, 70]),
            st.sampled_from([None, "C", "D"]),
            st.sampled_from([None, date(2021, 3, 1), date(2026, 11, 1)]),
            st.sampled_from(["360102", "360103"]),
        ),
        max_size=25,
    ),
    st.integers(0, 3),
)
def test_a_preview_counts_as_if_each_building_were_looked_at_by_itself(
    told: list[Any], opened: int
) -> None:
    (before,) = shipped_profiles()
    rule = before.cycles[1]
    after = replace(before, version=2, cycles=(replace(rule, every_months=24), *before.cycles[2:]))
    houses, grades, last, waiting = [], {}, {}, {}
    for n, (use, built, life, grade, on, district) in enumerate(told):
        houses.append(
            Building(
                f"b-{n}", f"C{n}", "n", "a", district, "s", "", 1.0, 1.0, use=use,
                build_year=built, design_life_years=life,
            )
        )  # fmt: skip
        if grade:
            grades[f"b-{n}"] = grade
        if on:
            last[f"b-{n}", BASIC] = on
        if n < opened:
            day = date(2026, 12, 1 + n)
            one = CheckUp(f"c-{n}", f"b-{n}", CheckClass.SPECIAL, CheckCause.FIRE, day, 1, "t")
            waiting[f"b-{n}"] = [one]
    facts = Facts(date(2026, 11, 26), 1, grades, last, waiting)
    years, months = range(2026, 2031), [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]
    effect = compared(houses, before, after, facts, years, months)
    for side, profile in enumerate((before, after)):
        rows = list(due_rows(houses, profile, facts))
        rules = {row.id: row for row in profile.cycles}
        by_year: Counter[Any] = Counter()
        for row in rows:
            first = max(row.due_on, facts.today)
            for year in years:
                by_year[year, row.district, row.check_class] += _times(
                    first, rules.get(row.rule), year
                )
        assert {k: v[side] for k, v in effect.years.items() if v[side]} == dict(+by_year)
        in_december = sum(_times(max(r.due_on, facts.today), rules.get(r.rule), 2026) for r in rows)
        told_months = sum(
            pair[side] for (month, _), pair in effect.months.items() if month.year == 2026
        )
        assert told_months == in_december
        days = {(r.building_id, r.check_class): r.due_on for r in rows}
        for one in effect.moved:
            shown = one.after if side else one.before
            assert days.get((one.building_id, one.check_class)) == shown
    assert sum(effect.shifts.values()) >= len(effect.moved)
