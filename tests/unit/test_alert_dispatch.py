"""Notices leave the outbox: at least once, worst first, by the next way when one refuses."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.dispatch import LANE_LIMIT, Dispatcher
from alerting.pace import Pace
from domain.alerts import Delivery, Notice, NoticeState, Way
from domain.clock import HOUR_NS, MINUTE_NS, SECOND_NS, VirtualClock
from domain.errors import StoreUnavailable
from domain.limits import Level
from domain.ports import Notifier
from tests.alert_samples import NOON, MemoryOutbox, notice

ACCEPTED = Delivery(NoticeState.ACCEPTED, "ok")
QUEUED = Delivery(NoticeState.QUEUED, "queued")
NEVER = Delivery(NoticeState.REFUSED, "unknown number")
LATER = Delivery(NoticeState.REFUSED, "busy", retry=True)


class Script:
    """A notifier that answers from a list, then with the last entry, and keeps what was sent."""

    def __init__(self, *answers: Delivery) -> None:
        self.name = "script"
        self._answers = list(answers)
        self.sent: list[tuple[str, str]] = []

    def send(self, notice: Notice, way: Way) -> Delivery:
        self.sent.append((notice.id, way.address))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def desk(outbox: MemoryOutbox, clock: VirtualClock, **notifiers: Notifier) -> Dispatcher:
    return Dispatcher(outbox, notifiers, clock, patience_s=5.0)


def play(dispatcher: Dispatcher, clock: VirtualClock, seconds: float) -> None:
    """Let time pass as the outbox's own appointments ask for it."""
    for _ in range(int(seconds)):
        dispatcher.run_once()
        clock.advance_to(clock.now_ns() + SECOND_NS)


def left(outbox: MemoryOutbox) -> Notice:
    (one,) = outbox.notices.values()
    return one


def test_an_accepted_notice_is_done() -> None:
    outbox, clock = MemoryOutbox(notice()), VirtualClock(NOON)
    first = Script(ACCEPTED)
    dispatcher = desk(outbox, clock, first=first)
    assert dispatcher.run_once() == 1
    assert dispatcher.run_once() == 0
    done = left(outbox)
    assert (done.state, done.next_at_ns, done.answer) == (NoticeState.ACCEPTED, None, "ok")
    assert first.sent == [(done.id, "x")]


def test_a_queued_notice_is_done_and_shows_as_queued() -> None:
    outbox = MemoryOutbox(notice())
    desk(outbox, VirtualClock(NOON), first=Script(QUEUED)).run_once()
    assert (left(outbox).state, left(outbox).next_at_ns) == (NoticeState.QUEUED, None)


def test_a_refusal_for_good_goes_to_the_next_way_at_once() -> None:
    outbox, clock = MemoryOutbox(notice()), VirtualClock(NOON)
    second = Script(ACCEPTED)
    dispatcher = desk(outbox, clock, first=Script(NEVER), second=second)
    dispatcher.run_once()
    dispatcher.run_once()
    assert clock.now_ns() == NOON
    assert (left(outbox).state, left(outbox).way) == (NoticeState.ACCEPTED, 1)
    assert second.sent == [(left(outbox).id, "y")]


def test_a_passing_refusal_is_tried_again_then_the_next_way_within_a_minute() -> None:
    outbox, clock = MemoryOutbox(notice()), VirtualClock(NOON)
    first, second = Script(LATER), Script(ACCEPTED)
    dispatcher = desk(outbox, clock, first=first, second=second)
    play(dispatcher, clock, 60)
    assert len(first.sent) == 3
    assert left(outbox).state is NoticeState.ACCEPTED
    assert left(outbox).updated_at_ns - NOON <= 30 * SECOND_NS


def test_a_clock_that_stands_still_makes_no_busy_loop() -> None:
    outbox, clock = MemoryOutbox(notice()), VirtualClock(NOON)
    first = Script(LATER)
    dispatcher = desk(outbox, clock, first=first, second=first)
    for _ in range(50):
        dispatcher.run_once()
    assert len(first.sent) == 1


def test_a_channel_that_asks_for_a_long_wait_is_left_for_a_free_one() -> None:
    outbox, clock = MemoryOutbox(notice()), VirtualClock(NOON)
    dispatcher = desk(
        outbox, clock, first=Script(replace(LATER, retry_after_s=120.0)), second=Script(ACCEPTED)
    )
    dispatcher.run_once()
    dispatcher.run_once()
    assert (left(outbox).state, left(outbox).way) == (NoticeState.ACCEPTED, 1)


def test_the_last_way_waits_as_long_as_it_was_asked_to() -> None:
    outbox, clock = MemoryOutbox(notice(ways=(Way("first", "x"),))), VirtualClock(NOON)
    first = Script(replace(LATER, retry_after_s=120.0), ACCEPTED)
    dispatcher = desk(outbox, clock, first=first)
    play(dispatcher, clock, 119)
    assert len(first.sent) == 1
    play(dispatcher, clock, 2)
    assert left(outbox).state is NoticeState.ACCEPTED


def test_when_all_ways_refuse_a_red_notice_shows_it_and_starts_again_slowly() -> None:
    outbox, clock = MemoryOutbox(notice()), VirtualClock(NOON)
    first, second = Script(NEVER, NEVER, ACCEPTED), Script(NEVER)
    dispatcher = desk(outbox, clock, first=first, second=second)
    play(dispatcher, clock, 3)
    stuck = left(outbox)
    assert (stuck.state, stuck.way) == (NoticeState.REFUSED, 0)
    assert stuck.next_at_ns is not None
    assert outbox.unfinished() == 1
    play(dispatcher, clock, 600)
    assert left(outbox).state is NoticeState.ACCEPTED
    assert len(first.sent) == 3


def test_a_red_notice_is_given_up_after_a_day_and_stays_visible() -> None:
    outbox, clock = MemoryOutbox(notice()), VirtualClock(NOON)
    first = Script(NEVER)
    dispatcher = desk(outbox, clock, first=first, second=first)
    for _ in range(25 * 60):
        dispatcher.run_once()
        dispatcher.run_once()
        clock.advance_to(clock.now_ns() + MINUTE_NS)
    gone = left(outbox)
    assert (gone.state, gone.next_at_ns) == (NoticeState.REFUSED, None)
    assert 23 * HOUR_NS < gone.updated_at_ns - NOON <= 24 * HOUR_NS
    # two ways, a round every five to seven minutes
    assert 2 * 24 * 60 / 7.5 < len(first.sent) < 2 * 24 * 60 / 5 + 20


def test_a_yellow_notice_refused_for_good_everywhere_is_given_up() -> None:
    outbox, clock = MemoryOutbox(notice(level=Level.YELLOW)), VirtualClock(NOON)
    dispatcher = desk(outbox, clock, first=Script(NEVER), second=Script(NEVER))
    play(dispatcher, clock, 3)
    assert (left(outbox).state, left(outbox).next_at_ns) == (NoticeState.REFUSED, None)


def test_a_yellow_notice_outlives_an_outage() -> None:
    outbox, clock = MemoryOutbox(notice(level=Level.YELLOW)), VirtualClock(NOON)
    way = Script(*[LATER] * 12, ACCEPTED)
    dispatcher = desk(outbox, clock, first=way, second=way)
    play(dispatcher, clock, 3600)
    assert left(outbox).state is NoticeState.ACCEPTED


def test_a_way_that_nobody_set_up_falls_to_the_next() -> None:
    outbox = MemoryOutbox(notice())
    dispatcher = desk(outbox, VirtualClock(NOON), second=Script(ACCEPTED))
    dispatcher.run_once()
    assert "no notifier 'first'" in left(outbox).answer
    dispatcher.run_once()
    assert left(outbox).state is NoticeState.ACCEPTED


def test_a_notifier_that_breaks_costs_neither_the_notice_nor_the_others() -> None:
    class Broken:
        name = "first"

        def send(self, notice: Notice, way: Way) -> Delivery:
            raise RuntimeError("token=s3cr3t")

    outbox, clock = MemoryOutbox(notice()), VirtualClock(NOON)
    dispatcher = desk(outbox, clock, first=Broken(), second=Script(ACCEPTED))
    dispatcher.run_once()
    assert "s3cr3t" not in left(outbox).answer
    assert "RuntimeError" in left(outbox).answer
    play(dispatcher, clock, 60)
    assert left(outbox).state is NoticeState.ACCEPTED
    assert dict(dispatcher.figures())["faults"] == 3


def test_the_worst_are_sent_first() -> None:
    levels = [Level.YELLOW, Level.RED, Level.BLUE, Level.ORANGE]
    made = [notice(n, level=level) for n, level in enumerate(levels)]
    outbox, first = MemoryOutbox(*made), Script(ACCEPTED)
    Dispatcher(outbox, {"first": first}, VirtualClock(NOON), threads=1, patience_s=5.0).run_once()
    by_id = {n.id: n.level for n in made}
    assert [by_id[sent] for sent, _ in first.sent] == sorted(levels, reverse=True)


class Hanging:
    """A channel that hangs until it is let go."""

    name = "first"

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.sent: list[str] = []

    def send(self, notice: Notice, way: Way) -> Delivery:
        self.sent.append(notice.id)
        self.let_go.wait(30)
        return ACCEPTED


def until(holds: Callable[[], bool], dispatcher: Dispatcher) -> None:
    stop = time.monotonic() + 20
    while not holds():
        dispatcher.run_once()
        assert time.monotonic() < stop, "did not come about within 20 s"


def test_a_channel_that_hangs_delays_no_other_and_nothing_is_sent_twice() -> None:
    stuck = [notice(n) for n in range(LANE_LIMIT + 40)]
    free = [notice(1000 + n, level=Level.BLUE, ways=(Way("second", "y"),)) for n in range(20)]
    outbox, clock = MemoryOutbox(*stuck, *free), VirtualClock(NOON)
    hanging, second = Hanging(), Script(ACCEPTED)
    dispatcher = Dispatcher(outbox, {"first": hanging, "second": second}, clock, patience_s=0.01)
    until(lambda: len(second.sent) == 20, dispatcher)
    assert len(hanging.sent) == 2
    for _ in range(5):
        dispatcher.run_once()
    assert len(second.sent) == 20
    hanging.let_go.set()

    def all_done() -> bool:
        clock.advance_to(clock.now_ns() + SECOND_NS)
        return outbox.unfinished() == 0

    until(all_done, dispatcher)
    assert len(hanging.sent) == len(set(hanging.sent))


def test_what_waits_long_for_a_choked_channel_goes_another_way() -> None:
    stuck = [notice(n) for n in range(LANE_LIMIT + 5)]
    outbox, clock = MemoryOutbox(*stuck), VirtualClock(NOON)
    hanging, second = Hanging(), Script(ACCEPTED)
    dispatcher = Dispatcher(outbox, {"first": hanging, "second": second}, clock, patience_s=0.01)

    def five_elsewhere() -> bool:
        clock.advance_to(clock.now_ns() + SECOND_NS)
        return len(second.sent) == 5

    until(five_elsewhere, dispatcher)
    assert clock.now_ns() - NOON < 60 * SECOND_NS
    hanging.let_go.set()


def test_a_mark_that_cannot_be_written_is_written_later_and_nothing_is_sent_again() -> None:
    outbox, clock = MemoryOutbox(notice()), VirtualClock(NOON)
    first = Script(ACCEPTED)
    dispatcher = desk(outbox, clock, first=first)
    outbox.away = StoreUnavailable("records are away")
    dispatcher.run_once()
    with pytest.raises(StoreUnavailable):
        dispatcher.run_once()
    outbox.away = None
    dispatcher.run_once()
    assert left(outbox).state is NoticeState.ACCEPTED
    assert len(first.sent) == 1


def test_a_notice_that_left_the_outbox_meanwhile_harms_nobody() -> None:
    class Taking:
        name = "first"

        def send(self, notice: Notice, way: Way) -> Delivery:
            outbox.notices.pop(notice.id)
            return ACCEPTED

    outbox = MemoryOutbox(notice())
    dispatcher = desk(outbox, VirtualClock(NOON), first=Taking())
    dispatcher.run_once()
    assert dispatcher.run_once() == 0
    assert dict(dispatcher.figures())["unmarked"] == 0


def test_the_loop_ends_when_it_is_told_to_and_survives_an_outbox_that_is_away() -> None:
    outbox, clock = MemoryOutbox(notice()), VirtualClock(NOON)
    outbox.away = StoreUnavailable("records are away")
    dispatcher, stop = desk(outbox, clock, first=Script(ACCEPTED)), threading.Event()
    thread = threading.Thread(target=dispatcher.run, args=(stop, 0.01))
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while "outbox away" not in dict(dispatcher.figures()) and time.monotonic() < deadline:
            time.sleep(0.01)
        outbox.away = None
        while outbox.unfinished() and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
    assert left(outbox).state is NoticeState.ACCEPTED


answers = st.builds(
    Delivery,
    st.sampled_from([NoticeState.REFUSED]),
    st.just("no"),
    st.booleans(),
    st.one_of(st.none(), st.floats(0, 90_000)),
)


@given(
    st.lists(answers, min_size=1, max_size=60),
    st.sampled_from(list(Level)),
    st.integers(1, 4),
)
@settings(max_examples=200, deadline=None)
def test_however_channels_refuse_a_notice_is_never_lost_and_never_spins(
    refusals: list[Delivery], level: Level, ways: int
) -> None:
    now = notice(level=level, ways=tuple(Way(f"w{n}", "x") for n in range(ways)))
    pace, at_ns, same_moment = Pace(), NOON, 0
    for refusal in refusals:
        after = pace.after(now, refusal, at_ns)
        assert 0 <= after.way < ways
        if after.next_at_ns is None:
            assert after.state is NoticeState.REFUSED
            return
        assert after.next_at_ns >= at_ns
        same_moment = same_moment + 1 if after.next_at_ns == at_ns else 0
        assert same_moment < ways
        now, at_ns = after, after.next_at_ns
    assert at_ns - NOON <= round(pace.give_up_s * 2 * SECOND_NS) + 90_000 * SECOND_NS


def test_once_all_ways_have_refused_each_is_tried_once_a_round() -> None:
    refused = notice(state=NoticeState.REFUSED)
    second = Pace().after(refused, LATER, NOON + HOUR_NS)
    assert (second.way, second.next_at_ns) == (1, NOON + HOUR_NS)
    rest = Pace().after(second, LATER, NOON + HOUR_NS)
    assert (rest.way, rest.state) == (0, NoticeState.REFUSED)
    assert 300 <= ((rest.next_at_ns or 0) - NOON - HOUR_NS) / SECOND_NS <= 360


def test_waits_are_the_same_each_time_and_differ_between_notices() -> None:
    pace = Pace()
    waits = {n: pace.after(notice(n), LATER, NOON).next_at_ns for n in range(20)}
    assert waits == {n: pace.after(notice(n), LATER, NOON).next_at_ns for n in range(20)}
    assert len(set(waits.values())) > 15
    assert all(5 <= ((at or 0) - NOON) / SECOND_NS <= 6 for at in waits.values())
