"""Who is due for which check-up when: every rule at its edge."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.buildings import Building
from domain.check_cycles import CycleProfile, CycleRow, Due
from domain.checkups import CheckCause, CheckClass, CheckState, CheckUp
from domain.errors import InvalidInput
from lifecycle.cycles import checked, shipped_profiles
from lifecycle.due import Facts, Happened, after, due_rows

(PROFILE,) = shipped_profiles()
TODAY = date(2026, 11, 26)
HOUSE = Building("b-1", "C1", "屋", "路", "360102", "街", "", 115.89, 28.68, build_year=1990)


def due(house: Building = HOUSE, today: date = TODAY, **facts: object) -> dict[str, Due]:
    given_facts = Facts(today, 1, **facts)  # type: ignore[arg-type]
    return {row.check_class: row for row in due_rows([house], PROFILE, given_facts)}


def basic(house: Building, today: date = TODAY) -> tuple[str, date] | None:
    row = due(house, today).get(CheckClass.BASIC)
    return None if row is None else (row.rule, row.due_on)


@pytest.mark.parametrize(
    ("built", "today", "wanted"),
    [
        (1997, TODAY, None),  # 29 years: exempt
        (1996, TODAY, ("basic.dwelling.within_life", date(2026, 12, 31))),
        (1995, TODAY, ("basic.dwelling.within_life", date(2028, 12, 31))),  # rollout 2028
        (1991, TODAY, ("basic.dwelling.within_life", date(2028, 12, 31))),
        (1990, TODAY, ("basic.dwelling.within_life", date(2027, 12, 31))),
        (1985, TODAY, ("basic.dwelling.within_life", date(2026, 12, 31))),
        (1977, TODAY, ("basic.dwelling.within_life", date(2026, 12, 31))),  # 49 years
        (1976, TODAY, ("basic.dwelling.past_life", date(2026, 12, 31))),  # 50 years
        (2000, date(2031, 1, 1), ("basic.dwelling.within_life", date(2030, 12, 31))),
        (None, TODAY, ("basic.dwelling.past_life", date(2026, 12, 31))),  # unknown: sooner
    ],
)
def test_a_dwelling_comes_up_by_its_age(
    built: int | None, today: date, wanted: tuple[str, date] | None
) -> None:
    assert basic(replace(HOUSE, build_year=built), today) == wanted


def test_a_longer_design_life_puts_the_short_cycle_off() -> None:
    old = replace(HOUSE, build_year=1970)
    assert (basic(old) or ("",))[0] == "basic.dwelling.past_life"
    assert (basic(replace(old, design_life_years=100)) or ("",))[0] == "basic.dwelling.within_life"
    shop = replace(old, use="public")
    assert (basic(shop) or ("",))[0] == "basic.other.past_life"


def test_the_cycle_runs_from_the_last_check_up() -> None:
    last = {("b-1", CheckClass.BASIC): date(2024, 5, 31)}
    rows = due(last=last)
    assert rows[CheckClass.BASIC].due_on == date(2034, 5, 31)
    assert rows[CheckClass.BASIC].last_on == date(2024, 5, 31)
    # a basic check-up is a daily one as well; 2024-06-30 is a month on
    assert rows[CheckClass.DAILY].due_on == date(2024, 6, 30)


@pytest.mark.parametrize(
    ("grade", "rule", "on"),
    [
        ("none", "daily.patrol", date(2026, 12, 20)),
        ("A", "daily.patrol", date(2026, 12, 20)),
        ("C", "daily.grade_c", date(2026, 11, 27)),
        ("D", "daily.grade_d", date(2026, 11, 21)),
    ],
)
def test_the_grade_sets_how_often_somebody_looks(grade: str, rule: str, on: date) -> None:
    last = {("b-1", CheckClass.DAILY): date(2026, 11, 20)}
    row = due(last=last, grades={"b-1": grade} if grade != "none" else {})[CheckClass.DAILY]
    assert (row.rule, row.due_on) == (rule, on)


def test_one_that_was_never_looked_at_does_not_run_away_from_its_day() -> None:
    assert due(today=TODAY)[CheckClass.DAILY].due_on == date(2026, 2, 1)
    assert due(today=date(2027, 3, 1))[CheckClass.DAILY].due_on == date(2026, 2, 1)


def test_a_leap_day_moves_to_the_last_of_february() -> None:
    year = CycleRow("r", CheckClass.DAILY, 12)
    assert after(date(2024, 2, 29), year) == date(2025, 2, 28)
    assert after(date(2026, 1, 31), CycleRow("r", CheckClass.DAILY, 1)) == date(2026, 2, 28)
    assert after(date(2026, 12, 31), CycleRow("r", CheckClass.DAILY, 0, 1)) == date(2027, 1, 1)


def test_an_event_brings_a_check_up_forward_until_it_is_done() -> None:
    storm = {"b-1": [Happened(CheckCause.STORM, "storm 2026-11-24", date(2026, 11, 24))]}
    before = {("b-1", CheckClass.DAILY): date(2026, 11, 23)}
    row = due(last=before, happened=storm)[CheckClass.DAILY]
    assert (row.cause, row.due_on) == (CheckCause.STORM, date(2026, 11, 27))
    done = {("b-1", CheckClass.DAILY): date(2026, 11, 24)}
    assert due(last=done, happened=storm)[CheckClass.DAILY].cause is CheckCause.CYCLE
    works = {"b-1": [Happened(CheckCause.WORKS, "w", date(2026, 11, 24))]}
    row = due(happened=works)[CheckClass.SPECIAL]
    assert (row.due_on, row.cause_ref) == (date(2026, 12, 9), "w")


def test_the_year_of_the_design_life_asks_for_a_special_check_up_once() -> None:
    house = replace(HOUSE, build_year=1977)
    assert due(house)[CheckClass.SPECIAL].cause is CheckCause.DESIGN_LIFE
    done = {("b-1", CheckClass.SPECIAL): date(2027, 6, 1)}
    assert CheckClass.SPECIAL not in due(house, last=done)
    # it was past it before the rules held
    assert CheckClass.SPECIAL not in due(replace(HOUSE, build_year=1960))


def test_a_check_up_that_waits_is_the_row() -> None:
    waits = CheckUp(
        "c-1", "b-1", CheckClass.SPECIAL, CheckCause.INSURER, date(2026, 12, 1), 1, "insurer",
        state=CheckState.ASSIGNED,
    )  # fmt: skip
    row = due(waiting={"b-1": [waits]})[CheckClass.SPECIAL]
    assert (row.check_up_id, row.due_on, row.cause) == ("c-1", date(2026, 12, 1), waits.cause)


HOUSES = st.builds(
    replace,
    st.just(HOUSE),
    build_year=st.one_of(st.none(), st.integers(1900, 2026)),
    use=st.sampled_from(["residential", "public", "industrial", "other"]),
    design_life_years=st.one_of(st.none(), st.integers(10, 100)),
)


@settings(max_examples=200, deadline=None)
@given(HOUSES, st.dates(date(2026, 1, 1), date(2090, 12, 31)), st.sampled_from(["A", "C", "D"]))
def test_the_same_facts_give_the_same_rows_and_a_worse_grade_never_a_later_day(
    house: Building, today: date, grade: str
) -> None:
    facts = Facts(today, 1, grades={"b-1": grade}, last={("b-1", CheckClass.DAILY): today})
    rows = list(due_rows([house], PROFILE, facts))
    assert rows == list(due_rows([house], PROFILE, facts))
    assert len({row.check_class for row in rows}) == len(rows)
    worse = replace(facts, grades={"b-1": "D"})
    before = {row.check_class: row.due_on for row in rows}
    for row in due_rows([house], PROFILE, worse):
        assert row.due_on <= before.get(row.check_class, row.due_on)


def with_row(**changes: object) -> CycleProfile:
    row = replace(PROFILE.cycles[0], **changes)  # type: ignore[arg-type]
    return replace(PROFILE, cycles=(row, *PROFILE.cycles[1:]))


@pytest.mark.parametrize(
    "profile",
    [
        with_row(id=""), with_row(id="daily.law"), with_row(every_months=-1),
        with_row(every_days=9_999), with_row(grades=("E",)), with_row(life="long"),
        with_row(age_from=40), replace(PROFILE, design_life_years=0),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_work_is_refused(profile: CycleProfile) -> None:
    with pytest.raises(InvalidInput):
        checked(profile)
