"""Events in a waveform: when they begin and end, across blocks, gaps and restarts."""

from math import exp, sqrt
from typing import Any

import msgspec
import numpy as np
import pytest

from analytics.limits import load_profile
from analytics.vibration import BlockFeatures
from analytics.vibration_events import EventWatch, Seen
from domain.clock import SECOND_NS
from tests.waves import START_NS, block

WATCH = EventWatch.from_profile(load_profile())
RATE_HZ = 200.0
SPAN = 10  # samples of one span of 0.05 s


def features(power: Any, at_s: float = 0.0) -> BlockFeatures:
    """A block whose power is given outright, one value a span of 0.05 s."""
    start_ns = START_NS + round(at_s * SECOND_NS)
    power = np.asarray(power, np.float32)
    return BlockFeatures(block(np.zeros(SPAN * len(power)), start_ns=start_ns), (), power)


def watch(power: Any, cut: int, state: Any = None, at_s: float = 0.0) -> tuple[list[Seen], Any]:
    """Look at a course in blocks of `cut` spans, the state written down after each."""
    seen = []
    for k in range(0, len(power), cut):
        one, state = WATCH.look(features(power[k : k + cut], at_s + k * 0.05), state)
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(state))
        seen.append(one)
    return seen, state


def slow_events(power: Any) -> list[tuple[float, float]]:
    """Go through span by span with plain numbers: (begins, ends) in seconds."""
    short = long = float(np.median(power[:200]))
    a, b = 1 - exp(-0.05 / WATCH.short_s), 1 - exp(-0.05 / WATCH.long_s)
    found, began = [], None
    for number, value in enumerate(power):
        short += a * (float(value) - short)
        if began is None:
            long += b * (float(value) - long)
            if sqrt(short) >= WATCH.floor_mm_s and sqrt(short) >= WATCH.on * sqrt(long):
                began = number * 0.05
        elif sqrt(short) < WATCH.off * sqrt(long):
            found.append((began, number * 0.05))
            began = None
    return found


def quiet(spans: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).chisquare(30, spans) / 30 * 0.04**2


def with_event(spans: int, first: int, length: int, rms: float = 1.0) -> Any:
    power = quiet(spans)
    power[first : first + length] += rms**2
    return power


@pytest.mark.parametrize("cut", [20, 200, 400, 1600])
def test_an_event_has_the_same_name_however_it_is_cut_into_blocks(cut: int) -> None:
    power = with_event(1600, 700, 60)
    seen, _ = watch(power, cut)
    ((begins, _),) = slow_events(power)
    names = {s.event_ns for s in seen if s.event_ns}
    assert names == {START_NS + round(begins * SECOND_NS)}
    assert sum(s.begins for s in seen) == 1
    assert next(s for s in seen if s.event_ns).begins


def test_the_blocks_of_an_event_and_the_one_after_it_belong_to_it() -> None:
    power = with_event(1600, 700, 60)
    ((begins, ends),) = slow_events(power)
    seen, _ = watch(power, 20)
    roles = [s.role for s in seen]
    first, last = int(begins), int(ends)
    assert roles[first : last + 1] == ["event"] * (last + 1 - first)
    assert roles[last + 1] == "after"
    assert set(roles[:first] + roles[last + 2 :]) == {""}


def test_the_quiet_raises_nothing() -> None:
    seen, state = watch(quiet(20_000, seed=5), 200)
    assert {s.event_ns for s in seen} == {0}
    assert sqrt(state[1]) == pytest.approx(0.04, rel=0.05)


def test_what_is_below_the_floor_is_no_event_however_quiet_it_was() -> None:
    power = quiet(1600) / 400
    power[700:760] += 0.09**2
    assert {s.event_ns for s in watch(power, 200)[0]} == {0}


def test_an_event_in_the_very_first_block_is_seen() -> None:
    seen, _ = watch(with_event(400, 250, 40), 200)
    assert [bool(s.event_ns) for s in seen] == [False, True]
    seen, _ = watch(with_event(200, 120, 40), 200)
    assert seen[0].begins


def test_a_second_knock_in_the_same_minute_is_the_same_event() -> None:
    power = with_event(1600, 300, 20) + with_event(1600, 340, 20)
    assert len({s.event_ns for s in watch(power, 20)[0] if s.event_ns}) == 1


def test_a_later_knock_is_another_event() -> None:
    power = with_event(4000, 300, 20) + with_event(4000, 2500, 20)
    assert len({s.event_ns for s in watch(power, 20)[0] if s.event_ns}) == 2


def test_what_lasts_becomes_the_new_quiet() -> None:
    power = with_event(12_000, 300, 11_000)
    seen, _ = watch(power, 200)
    kept_s = sum(10 for s in seen if s.event_ns)
    assert kept_s <= WATCH.event_s_max + 30
    assert len({s.event_ns for s in seen if s.event_ns}) == 1


def test_a_restart_in_the_middle_of_an_event_goes_on_with_it() -> None:
    power = with_event(1600, 700, 60)
    whole, end = watch(power, 20)
    first, state = watch(power[:720], 20)
    rest, end_too = watch(power[720:], 20, state, at_s=36.0)
    assert first + rest == whole
    assert end == end_too


def test_between_blocks_far_apart_only_the_quiet_is_remembered() -> None:
    _, state = watch(with_event(800, 780, 20), 200)
    assert state[4] == 1  # the event still goes on
    seen, state = WATCH.look(features(quiet(200), at_s=7200.0), state)
    assert seen == Seen()
    knock, _ = WATCH.look(features(with_event(200, 100, 20), at_s=14_400.0), state)
    assert knock.begins


def test_a_late_block_is_judged_alone_and_changes_nothing() -> None:
    _, state = watch(quiet(2000), 200)
    seen, after = WATCH.look(features(with_event(200, 50, 40), at_s=10.0), state)
    assert seen.begins
    assert after == state


def test_the_state_is_never_changed_in_place() -> None:
    _, state = watch(quiet(400), 200)
    before = list(state)
    WATCH.look(features(with_event(200, 50, 40), at_s=20.0), state)
    assert state == before
