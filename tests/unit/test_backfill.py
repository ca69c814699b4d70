"""What late readings show rings when it still holds at the newest, and not before."""

from dataclasses import replace

import msgspec

from alerting.backfill import BackFill, State
from analytics.limits import load_profile
from domain.clock import HOUR_NS, MINUTE_NS
from domain.findings import Cause, Finding
from domain.limits import Level
from domain.readings import QualityFlag, ReadingBatch
from domain.views import Latest

NOW = 20_780 * 24 * HOUR_NS
BACK_FILL = BackFill(load_profile())


def finding(hours_ago: float, level: Level = Level.RED, subject: str = "T1") -> Finding:
    at_ns = NOW - round(hours_ago * HOUR_NS)
    return Finding(
        f"f-{subject}-{hours_ago}", "b", Cause.TILT, "tilt.total.h24", subject, subject,
        (f"{subject}.x", f"{subject}.y"), level, at_ns, 20.0, 10.0, "‰", 0, at_ns, "", "verified",
        "p", details=(("x", 1.5), ("axis", "x")),
    )  # fmt: skip


def batch(*hours_ago: float, came_ns: int = NOW, flag: int = 0) -> ReadingBatch:
    taken = [NOW - round(hours * HOUR_NS) for hours in hours_ago]
    return ReadingBatch.of(
        ["T1.x"] * len(taken), taken, [0.0] * len(taken), received_at=came_ns, flag=flag
    )


def latest(hours_ago: float, came_ns: int = NOW) -> dict[str, Latest]:
    return {"T1.x": Latest(NOW - round(hours_ago * HOUR_NS), 0.0, came_ns)}


def test_what_comes_in_time_rings_at_once() -> None:
    red = finding(0.1)
    assert BACK_FILL.sift([red], None, batch(0.1), latest(0.1), NOW) == ([red], None)


def test_an_hour_is_in_time_and_more_is_not() -> None:
    assert BACK_FILL.sift([finding(1.0)], None, batch(1.0), latest(1.0), NOW)[0]
    assert not BACK_FILL.sift([finding(1.01)], None, batch(1.01), latest(1.01), NOW)[0]


def test_what_was_over_before_the_gateway_caught_up_never_rings() -> None:
    found = [finding(20.0), finding(17.0, Level.NONE)]
    ringing, state = BACK_FILL.sift(found, None, batch(20.0, 17.0, 0.1), latest(0.1), NOW)
    assert [f.level for f in ringing] == [Level.NONE]
    assert state is None


def test_what_still_holds_rings_once_the_gateway_has_caught_up() -> None:
    red = finding(20.0)
    ringing, state = BACK_FILL.sift([red], None, batch(20.0, 12.0), latest(12.0), NOW)
    assert ringing == []
    # saved with the judged cursor, read again after a kill
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(state))
    ringing, state = BACK_FILL.sift([], state, batch(0.5), latest(0.5), NOW + MINUTE_NS)
    assert (ringing, state) == ([red], None)


def test_the_state_after_the_last_batch_counts_not_that_of_those_between() -> None:
    state: State = None
    for hours, level in ((30.0, Level.RED), (20.0, Level.ORANGE), (10.0, Level.YELLOW)):
        ringing, state = BACK_FILL.sift(
            [finding(hours, level)], state, batch(hours), latest(hours), NOW
        )
        assert ringing == []
    ringing, state = BACK_FILL.sift([], state, batch(0.2), latest(0.2), NOW)
    assert [f.level for f in ringing] == [Level.YELLOW]


def test_news_takes_the_place_of_what_waits() -> None:
    _, state = BACK_FILL.sift([finding(20.0)], None, batch(20.0), latest(20.0), NOW)
    now = finding(0.1, Level.ORANGE)
    assert BACK_FILL.sift([now], state, batch(0.1), latest(0.1), NOW) == ([now], None)


def test_nobody_waits_for_ever_for_a_gateway_to_catch_up() -> None:
    """A clock that is behind looks like a buffer that never ends."""
    red = finding(8.0)
    _, state = BACK_FILL.sift([red], None, batch(8.0), latest(8.0), NOW)
    for minutes, rings in ((14, []), (15, [red])):
        at_ns = NOW + minutes * MINUTE_NS
        none = ReadingBatch.empty()
        assert BACK_FILL.sift([], state, none, latest(8.0), at_ns)[0] == rings


def test_later_late_findings_do_not_begin_the_wait_anew() -> None:
    _, state = BACK_FILL.sift([finding(9.0, Level.ORANGE)], None, batch(9.0), latest(9.0), NOW)
    at_ns = NOW + 15 * MINUTE_NS
    ringing, _ = BACK_FILL.sift([finding(8.0)], state, batch(8.0), latest(8.0), at_ns)
    assert [f.level for f in ringing] == [Level.RED]


def test_points_wait_each_for_itself() -> None:
    found = [finding(20.0), finding(20.0, subject="T2")]
    newest = {**latest(20.0), "T2.x": Latest(NOW, 0.0, NOW)}
    ringing, state = BACK_FILL.sift(found, None, batch(20.0), newest, NOW)
    assert [f.subject for f in ringing] == ["T2"]
    assert state is not None
    assert len(state) == 1


def test_silence_and_what_was_measured_by_hand_ring_at_once() -> None:
    silent = replace(finding(20.0, Level.ORANGE), cause=Cause.WATCH)
    assert BACK_FILL.sift([silent], None, ReadingBatch.empty(), latest(20.0), NOW)[0] == [silent]
    red, by_hand = finding(20.0), batch(20.0, flag=QualityFlag.MANUAL)
    assert BACK_FILL.sift([red], None, by_hand, latest(20.0), NOW)[0] == [red]


def test_a_mean_that_ended_between_two_readings_goes_by_the_newest() -> None:
    mean = finding(2.0)
    assert BACK_FILL.sift([mean], None, batch(0.1), latest(0.1), NOW)[0] == [mean]
    assert not BACK_FILL.sift([mean], None, batch(1.9), latest(1.9), NOW)[0]
