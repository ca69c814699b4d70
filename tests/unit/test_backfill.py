"""What late readings show rings when it still holds at the newest, and not before."""

from dataclasses import replace

import msgspec

from alerting.backfill import BackFill, Sifted, State
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


def sift(
    found: list[Finding],
    state: State,
    rows: ReadingBatch,
    newest: dict[str, Latest],
    at_ns: int = NOW,
) -> Sifted:
    return BACK_FILL.sift(found, state, rows, newest, at_ns)


def test_what_comes_in_time_rings_at_once() -> None:
    assert sift([finding(0.1)], None, batch(0.1), latest(0.1)) == Sifted()


def test_an_hour_is_in_time_and_more_is_not() -> None:
    assert sift([finding(1.0)], None, batch(1.0), latest(1.0)) == Sifted()
    assert sift([finding(1.01)], None, batch(1.01), latest(1.01)).quiet == {finding(1.01).id}


def test_a_buffer_that_comes_whole_is_decided_at_once() -> None:
    found = [finding(20.0), finding(17.0, Level.NONE)]
    told = sift(found, None, batch(20.0, 17.0, 0.1), latest(0.1))
    assert told == Sifted(None, frozenset(f.id for f in found), (Cause.TILT,))


def test_a_buffer_in_parts_is_decided_when_the_gateway_has_caught_up() -> None:
    told = sift([finding(20.0)], None, batch(20.0, 12.0), latest(12.0))
    assert told.due == ()
    # saved with the judged cursor, read again after a kill
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(told.state))
    assert sift([], state, batch(8.0), latest(8.0), NOW + MINUTE_NS).due == ()
    told = sift([], state, batch(0.5), latest(0.5), NOW + 2 * MINUTE_NS)
    assert told == Sifted(None, frozenset(), (Cause.TILT,))


def test_news_decides_and_is_not_quiet_itself() -> None:
    waits = sift([finding(20.0)], None, batch(20.0), latest(20.0)).state
    told = sift([finding(0.1, Level.ORANGE)], waits, batch(0.1), latest(0.1))
    assert told == Sifted(None, frozenset(), (Cause.TILT,))


def test_nobody_waits_for_ever_for_a_gateway_to_catch_up() -> None:
    """A clock that is behind looks like a buffer that never ends."""
    waits = sift([finding(8.0)], None, batch(8.0), latest(8.0)).state
    none = ReadingBatch.empty()
    assert sift([], waits, none, latest(8.0), NOW + 14 * MINUTE_NS).due == ()
    assert sift([], waits, none, latest(8.0), NOW + 15 * MINUTE_NS).due == (Cause.TILT,)
    # later late ones do not begin the wait anew
    later = sift([finding(7.9)], waits, batch(7.9), latest(7.9), NOW + 15 * MINUTE_NS)
    assert later.due == (Cause.TILT,)


def test_causes_wait_each_for_their_own_channels() -> None:
    crack = replace(finding(20.0, subject="C1"), cause=Cause.CRACK)
    newest = {**latest(20.0), "C1.x": Latest(NOW, 0.0, NOW)}
    told = sift([finding(20.0), crack], None, batch(20.0), newest)
    assert told.quiet == {finding(20.0).id}
    assert list(told.state or {}) == ["tilt"]


def test_silence_and_what_was_measured_by_hand_ring_at_once() -> None:
    silent = replace(finding(20.0, Level.ORANGE), cause=Cause.WATCH)
    assert sift([silent], None, ReadingBatch.empty(), latest(20.0)) == Sifted()
    by_hand = batch(20.0, flag=QualityFlag.MANUAL)
    assert sift([finding(20.0)], None, by_hand, latest(20.0)).quiet == frozenset()


def test_a_mean_that_ended_between_two_readings_goes_by_the_newest() -> None:
    assert sift([finding(2.0)], None, batch(0.1), latest(0.1)) == Sifted()
    assert sift([finding(2.0)], None, batch(1.9), latest(1.9)).quiet == {finding(2.0).id}
