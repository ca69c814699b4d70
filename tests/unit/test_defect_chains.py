"""Defects found again over the years: chains, forks, growth."""

from dataclasses import replace

import pytest

from domain.clock import DAY_NS
from domain.defect_chains import chains
from domain.defects import Defect, DefectStatus

CRACK = Defect("d-1", "b-1", "a-1", "crack", 1, 0, "x", value=0.2, unit="mm", length_mm=500.0)


def later(
    number: int, days: float, value: float | None, continues: str = "", **changed: object
) -> Defect:
    made = replace(
        CRACK, id=f"d-{number}", found_at_ns=int(days * DAY_NS), value=value, continues=continues
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def test_the_same_crack_of_three_years_is_one_chain_and_its_newest_status_counts() -> None:
    second = later(2, 365, 0.3, "d-1", sensor_ids=("s-1",))
    third = later(3, 730, 0.6, "d-2", status=DefectStatus.WATCHED, sensor_ids=("s-2", "s-1"))
    alone = later(9, 10, 0.1)
    first, other = chains([third, alone, CRACK, second])
    assert [find.id for find in first.finds] == ["d-1", "d-2", "d-3"]
    assert (first.id, first.newest.status, first.waits) == ("d-1", DefectStatus.WATCHED, True)
    assert first.sensor_ids == ("s-1", "s-2")
    assert first.growth is not None
    assert first.growth_last is not None
    assert first.growth.change == pytest.approx(0.4)
    assert first.growth.per_year == pytest.approx(0.4 / 730 * 365.25)
    assert first.growth_last.change == pytest.approx(0.3)
    assert first.growth_last.days == 365
    assert (other.id, other.growth, other.forks) == ("d-9", None, ())


def test_two_that_go_on_from_one_are_a_fork_and_none_is_lost() -> None:
    left, right = later(2, 100, 0.3, "d-1"), later(3, 200, 0.4, "d-1")
    further = later(4, 300, 0.9, "d-2")
    (chain,) = chains([CRACK, left, right, further])
    assert [find.id for find in chain.finds] == ["d-1", "d-2", "d-4"]
    assert [find.id for find in chain.forks] == ["d-3"]
    assert [find.id for find in chain.every] == ["d-1", "d-2", "d-3", "d-4"]
    assert not chain.broken


def test_values_of_another_unit_or_none_are_not_compared() -> None:
    rows = [CRACK, later(2, 10, None, "d-1"), later(3, 20, 12.0, "d-2", unit="cm")]
    (chain,) = chains(rows)
    assert chain.growth is None
    (chain,) = chains([*rows, later(4, 30, 14.0, "d-3", unit="cm")])
    assert chain.growth is not None
    assert (chain.growth.first, chain.growth.last, chain.growth.unit) == (12.0, 14.0, "cm")


def test_two_finds_of_one_day_have_no_rate() -> None:
    (chain,) = chains([CRACK, later(2, 0.5, 0.4, "d-1")])
    assert chain.growth is not None
    assert chain.growth.per_year is None


def test_one_that_names_what_is_not_there_is_a_chain_of_its_own_and_says_so() -> None:
    (chain,) = chains([later(2, 10, 0.4, "d-gone")])
    assert chain.broken
    assert chain.id == "d-2"


def test_a_ring_ends() -> None:
    ring = [later(1, 1, 0.1, "d-3"), later(2, 2, 0.2, "d-1"), later(3, 3, 0.3, "d-2")]
    found = chains([*ring, later(4, 4, 0.4, "d-3")])
    assert [chain.broken for chain in found] == [True]
    assert {find.id for chain in found for find in chain.every} == {"d-1", "d-2", "d-3", "d-4"}


def test_a_wrong_clock_does_not_turn_the_order_around() -> None:
    (chain,) = chains([later(1, 500, 0.2), later(2, 400, 0.5, "d-1")])
    assert [find.id for find in chain.finds] == ["d-1", "d-2"]
    assert chain.growth is not None
    assert chain.growth.per_year is None


def test_thousands_of_finds_in_one_chain_are_joined() -> None:
    many = [later(1, 0, 0.1)]
    many += [later(n, n, 0.1 + n / 1e4, f"d-{n - 1}") for n in range(2, 2_001)]
    (chain,) = chains(many)
    assert len(chain.finds) == 2_000
