"""Which numbers of a gateway are new, repeated or missing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.numbering import GAPS_MAX, NumberSet

RUNS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 8)), max_size=40)


@given(RUNS)
@settings(max_examples=300, deadline=None)
def test_it_agrees_with_a_plain_set(runs: list[tuple[int, int]]) -> None:
    numbers, plain, missing = NumberSet(), set[int](), 0
    for day, (first, count) in enumerate(runs):
        run = set(range(first, first + count))
        added = numbers.add(first, count, day)
        missing += sum(change for _, change in added.missing)
        assert {n for a, b in added.new for n in range(a, b)} == run - plain
        assert added.count == len(run - plain)
        plain |= run
        gaps = set(range(min(plain), max(plain) + 1)) - plain
        assert {n for a, b in numbers.missing() for n in range(a, b + 1)} == gaps
        assert missing == len(gaps)
        assert (numbers.low, numbers.end) == (min(plain), max(plain) + 1)


@given(RUNS)
@settings(max_examples=100, deadline=None)
def test_it_comes_back_from_bytes_as_it_was(runs: list[tuple[int, int]]) -> None:
    numbers = NumberSet(newest_ns=7)
    for first, count in runs:
        numbers.add(first, count, 20_000)
    assert NumberSet.from_bytes(numbers.to_bytes()) == numbers


def test_a_gap_that_is_filled_later_is_taken_off_the_day_on_which_it_opened() -> None:
    numbers = NumberSet()
    numbers.add(1, 1, day=10)
    assert numbers.add(5, 1, day=11).missing == ((11, 3),)
    assert numbers.add(2, 2, day=15).missing == ((11, -2),)
    assert numbers.missing() == [(4, 4)]


def test_past_the_limit_the_oldest_gaps_are_given_up_and_late_numbers_still_count_as_new() -> None:
    numbers = NumberSet()
    for number in range(0, 2 * (GAPS_MAX + 10), 2):
        numbers.add(number, 1, day=0)
    assert len(numbers.missing()) == GAPS_MAX
    assert numbers.floor > 0
    assert numbers.add(1, 1, day=1).new == ((1, 2),)
    assert numbers.add(1, 1, day=1).new == ((1, 2),)  # not followed any more: better twice
    assert len(numbers.missing()) == GAPS_MAX


def test_a_huge_jump_costs_no_memory() -> None:
    numbers = NumberSet()
    numbers.add(0, 1, day=0)
    numbers.add(2**53, 1, day=0)
    assert numbers.missing() == [(1, 2**53 - 1)]
    assert len(numbers.to_bytes()) < 200


def test_a_copy_stands_alone() -> None:
    numbers = NumberSet()
    numbers.add(0, 1, day=0)
    copy = numbers.copy()
    copy.add(5, 1, day=0)
    assert (numbers.end, numbers.missing()) == (1, [])
