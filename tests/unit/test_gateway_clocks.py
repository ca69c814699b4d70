"""How a gateway's clock is heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from domain.gateway_clocks import ClockRules, GatewayClock

RULES = ClockRules()
NOW = 20_780 * DAY_NS


def heard(*arrivals: tuple[int, int], went_back: bool = False, first: bool = False) -> GatewayClock:
    clock = GatewayClock()
    for minute, ahead_ns in arrivals:
        at = NOW + minute * MINUTE_NS
        clock.hear(at, ahead_ns, RULES, went_back=went_back, first=first)
        went_back = first = False
    return clock


@pytest.mark.parametrize("ahead_ns", [0, 5 * MINUTE_NS, -5 * MINUTE_NS, -3 * SECOND_NS])
def test_a_clock_within_five_minutes_is_right(ahead_ns: int) -> None:
    assert not heard(*((n, ahead_ns) for n in range(20)), went_back=True).suspected


@pytest.mark.parametrize("skew_ns", [8 * HOUR_NS, 365 * DAY_NS, 4000 * DAY_NS, -20_000 * DAY_NS])
def test_a_clock_that_cannot_be_right_is_known_after_three_arrivals(skew_ns: int) -> None:
    assert heard((0, skew_ns), (1, skew_ns)).skew_ns == 0
    assert heard((0, skew_ns), (1, skew_ns - SECOND_NS), (2, skew_ns)).skew_ns == skew_ns


def test_three_arrivals_at_once_are_not_enough() -> None:
    assert heard(*[(0, 8 * HOUR_NS)] * 9).skew_ns == 0


def test_a_clock_that_went_back_is_known_after_ten_minutes_of_a_steady_distance() -> None:
    steady = [(n, -8 * HOUR_NS - n % 3 * SECOND_NS) for n in range(12)]
    assert heard(*steady[:10], went_back=True).skew_ns == 0
    assert heard(*steady, went_back=True).skew_ns == pytest.approx(-8 * HOUR_NS, abs=SECOND_NS)


@pytest.mark.parametrize(
    ("behind_ns", "wrong"),
    [
        (8 * HOUR_NS, True),
        (2 * HOUR_NS, True),
        (12 * HOUR_NS + 30 * SECOND_NS, True),
        (HOUR_NS, False),  # an hour's mean, stamped with the hour's beginning
        (24 * HOUR_NS, False),
        (3 * HOUR_NS + 20 * MINUTE_NS, False),
    ],
)
def test_at_first_contact_only_a_time_zones_error_is_one(behind_ns: int, wrong: bool) -> None:
    steady = [(n, -behind_ns) for n in range(15)]
    assert bool(heard(*steady, first=True).skew_ns) is wrong


def test_an_old_buffer_is_no_clock_fault_however_steadily_it_comes() -> None:
    assert not heard(*((n, -8 * HOUR_NS) for n in range(60))).suspected


def test_a_buffer_that_is_caught_up_with_is_no_clock_fault_even_at_first_contact() -> None:
    catching_up = [(n, -8 * HOUR_NS + n * 10 * MINUTE_NS) for n in range(48)]
    assert not heard(*catching_up, first=True).skew_ns


def test_a_drift_is_followed_and_a_clock_set_right_is_believed_at_once() -> None:
    drifting = heard(*((n, 6 * MINUTE_NS + n * SECOND_NS) for n in range(100)))
    assert drifting.skew_ns == 6 * MINUTE_NS + 99 * SECOND_NS
    drifting.hear(NOW + 200 * MINUTE_NS, -SECOND_NS, RULES)
    assert not drifting.suspected


def test_older_readings_of_a_wrong_clock_do_not_change_what_is_known() -> None:
    clock = heard(*((n, 8 * HOUR_NS) for n in range(4)))
    clock.hear(NOW + 5 * MINUTE_NS, 3 * HOUR_NS, RULES)
    assert clock.skew_ns == 8 * HOUR_NS


def test_a_clock_that_jumps_on_is_heard_anew() -> None:
    clock = heard(*((n, 8 * HOUR_NS) for n in range(4)))
    clock.hear(NOW + 5 * MINUTE_NS, 16 * HOUR_NS, RULES)
    assert (clock.skew_ns, clock.suspected) == (0, True)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(-(10**18), 10**18)), max_size=40))
def test_what_is_written_down_reads_the_same(arrivals: list[tuple[int, int]]) -> None:
    clock = heard(*sorted(arrivals))
    assert GatewayClock.of(clock.numbers()) == clock
    assert len(clock.heard) <= RULES.behind_messages + 1
