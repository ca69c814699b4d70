"""Every odd time a real fleet sends, from the payload to the store, the account and the alert."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.house import House
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from domain.findings import Cause
from domain.limits import Level
from domain.ports import Page
from domain.readings import QualityFlag
from tests.small_house import START_NS, Sender, called, drain, small_house

STEP_NS = 30 * MINUTE_NS
FOR_EVER_NS = 2**62
_OWN = ~np.uint16(QualityFlag.IMMATURE_COMPENSATION)  # of a sensor that is new


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = small_house(tmp_path)
    yield made
    made.stop()


def tilt(taken_ns: int, value: float) -> list[tuple[str, object, object]]:
    return [(axis, taken_ns // 10**6, value) for axis in ("T1.x", "T1.y")]


def levels(house: House) -> list[Level]:
    """List the worst levels of alerts about the house; that a sensor is silent is another story."""
    alerts = house.records.alerts.alerts(Page(limit=50))
    return [alert.level_max for alert in alerts if alert.cause is not Cause.WATCH]


def stored(house: House, channel: str = "T1.x") -> tuple[list[float], list[int], list[int]]:
    """Give seconds since the start, values and flags of what is stored."""
    series = house.readings.between(channel, 0, FOR_EVER_NS)
    seconds = ((series.taken_at - START_NS) / SECOND_NS).tolist()
    return seconds, series.value.tolist(), (series.flag & _OWN).tolist()


def account(house: House) -> tuple[int, int, int, int, int]:
    """Sum up what the days' accounts say."""
    days = house.records.accounts.accounts()
    rows = [(a.stored, a.duplicate, a.rejected, a.quarantined, a.missing) for a in days]
    a, b, c, d, e = np.sum(rows, axis=0).tolist()
    return a, b, c, d, e


def test_a_late_reading_goes_to_its_own_hour_and_its_means_follow(house: House) -> None:
    sender = Sender(house)
    for hour in (0, 1, 3):
        sender.send(
            START_NS + hour * HOUR_NS + SECOND_NS, tilt(START_NS + hour * HOUR_NS, float(hour))
        )
    drain(house)
    before = house.readings.rollups("T1.x", START_NS, START_NS + DAY_NS, "hour")
    assert before.mean.tolist() == [0.0, 1.0, 3.0]
    sender.send(START_NS + 5 * HOUR_NS, tilt(START_NS + 2 * HOUR_NS, 2.0))
    drain(house)
    hours = house.readings.rollups("T1.x", START_NS, START_NS + DAY_NS, "hour")
    assert hours.mean.tolist() == [0.0, 1.0, 2.0, 3.0]
    (day,) = house.readings.rollups("T1.x", START_NS, START_NS + DAY_NS, "day").mean.tolist()
    assert day == 1.5
    assert [flag & QualityFlag.LATE for flag in stored(house)[2]] == [0, 0, QualityFlag.LATE, 0]
    # the newest is the newest by its own time, though another came later
    newest = house.readings.latest(["T1.x"])["T1.x"]
    assert (newest.taken_at_ns, newest.value) == (START_NS + 3 * HOUR_NS, 3.0)


def test_out_of_order_is_put_in_order(house: House) -> None:
    sender, order = Sender(house), [4, 0, 3, 1, 2]
    readings = [reading for n in order for reading in tilt(START_NS + n * MINUTE_NS, float(n))]
    sender.send(START_NS + 5 * MINUTE_NS, readings)
    drain(house)
    assert stored(house)[:2] == ([0.0, 60.0, 120.0, 180.0, 240.0], [0.0, 1.0, 2.0, 3.0, 4.0])
    assert account(house) == (10, 0, 0, 0, 0)


def test_the_same_message_three_times_is_stored_once(house: House) -> None:
    sender = Sender(house)
    payload = sender.send(START_NS + SECOND_NS, tilt(START_NS, 1.0))
    for minute in (1, 600):  # again at once, and after a day
        sender.hand_over(START_NS + minute * MINUTE_NS, payload)
    drain(house)
    assert stored(house)[:2] == ([0.0], [1.0])
    assert account(house) == (2, 4, 0, 0, 0)


def test_two_values_in_one_millisecond_are_two_readings(house: House) -> None:
    sender = Sender(house)
    first = sender.send(START_NS + SECOND_NS, [("C1", START_NS // 10**6, 1.0)])
    again = sender.send(START_NS + SECOND_NS, [("C1", START_NS // 10**6, 1.5)])
    for payload in (again, first):
        sender.hand_over(START_NS + MINUTE_NS, payload)
    drain(house)
    series = house.readings.between("C1", 0, FOR_EVER_NS)
    assert (series.taken_at - START_NS).tolist() == [0, 1]
    assert series.value.tolist() == [1.0, 1.5]
    assert (series.flag & _OWN).tolist() == [0, QualityFlag.SAME_INSTANT]
    assert account(house) == (2, 2, 0, 0, 0)


def test_thirty_days_that_are_filled_back_are_all_stored_at_their_times(house: House) -> None:
    """The gateway stood upright, leant for two days a fortnight ago, and stands again."""
    sender = Sender(house)
    sender.send(START_NS + SECOND_NS, tilt(START_NS, 0.0))
    drain(house)
    came_ns = START_NS + 30 * DAY_NS
    moments = range(1, 30 * 48 + 1)
    for first in moments[::180]:
        readings = [
            reading
            for n in moments[first - 1 : first + 179]
            for reading in tilt(START_NS + n * STEP_NS, 40.0 if 720 <= n < 816 else 0.0)
        ]
        sender.send(came_ns, readings)
        drain(house)
        assert called(house) == []  # not between the batches that tell of a leaning house either
    seconds, values, flags = stored(house)
    assert seconds == [n * 1800.0 for n in range(1441)]
    assert values.count(40.0) == 96
    assert sum(bool(flag & QualityFlag.LATE) for flag in flags) == 1437  # the last hour was not
    assert account(house) == (2882, 0, 0, 0, 0)
    days = house.readings.rollups("T1.x", START_NS, came_ns, "day")
    assert (days.count == 48).all()
    # it was judged all the same and stands on the desk, but nobody is called, later neither
    assert levels(house) == [Level.RED]
    house.clock.advance_to(came_ns + HOUR_NS)  # type: ignore[attr-defined]
    house.pipeline.tick()
    assert called(house) == []


@pytest.mark.parametrize("catches_up", [True, False])
def test_what_is_filled_back_rings_when_it_still_holds(house: House, catches_up: bool) -> None:
    """The house has leant since the line was cut; or the gateway died before it could say all."""
    sender = Sender(house)
    sender.send(START_NS + SECOND_NS, tilt(START_NS, 0.0))
    came_ns, last = START_NS + 36 * HOUR_NS, 72 if catches_up else 60
    for first in range(1, last + 1, 12):
        moments = range(first, first + 12)
        sender.send(came_ns, [r for n in moments for r in tilt(START_NS + n * STEP_NS, 40.0)])
        drain(house)
        assert bool(called(house)) == (catches_up and first + 11 == last)
    house.clock.advance_to(came_ns + 15 * MINUTE_NS)  # type: ignore[attr-defined]
    house.pipeline.tick()
    alerts = house.records.alerts.alerts(Page(limit=50))
    (alert,) = [alert for alert in alerts if alert.cause is Cause.TILT]
    assert alert.level is Level.RED
    # it is told since when the house leans, not since when that is known
    assert alert.event_started_at_ns == START_NS + STEP_NS
    assert alert.opened_at_ns >= came_ns
    assert called(house)[0] == ("duty desk", Level.RED)


def test_a_late_reading_about_what_is_over_rings_nothing(house: House) -> None:
    sender = Sender(house)
    for n in range(10):
        sender.send(START_NS + n * STEP_NS + SECOND_NS, tilt(START_NS + n * STEP_NS, 0.0))
    for n in range(5):
        taken_ns = START_NS + n * STEP_NS + MINUTE_NS
        sender.send(START_NS + 5 * HOUR_NS + n * SECOND_NS, tilt(taken_ns, 40.0))
    drain(house)
    assert called(house) == []
    assert account(house) == (30, 0, 0, 0, 0)


def test_a_clock_that_is_off_and_drifts_ends_at_the_right_times(house: House) -> None:
    """Eight hours ahead, and faster by ten seconds each half hour."""
    sender = Sender(house)
    for n in range(40):
        received_ns = START_NS + n * STEP_NS
        skew_ns = 8 * HOUR_NS + n * 10 * SECOND_NS
        sender.send(received_ns, tilt(received_ns + skew_ns, 0.0))
        house.spool_writer.release(received_ns + SECOND_NS)  # as ingest does every few seconds
        drain(house)
    seconds, _, flags = stored(house)
    assert seconds == pytest.approx([n * 1800.0 for n in range(40)], abs=60.0)
    assert all(flag & QualityFlag.CLOCK for flag in flags)
    assert account(house) == (80, 0, 0, 0, 0)
    (note,) = house.records.accounts.clocks()
    assert note.known
    assert note.skew_ns / SECOND_NS == pytest.approx(8 * 3600 + 390, abs=60)
    assert levels(house) == []


def test_a_leap_second_is_the_second_after_it(house: House) -> None:
    texts = ("2016-12-31T23:59:60Z", "2017-01-01T07:59:60.5+08:00", "2017-01-01T00:00:01Z")
    Sender(house).send(START_NS, [("C1", text, 1.0) for text in texts])
    drain(house)
    series = house.readings.between("C1", 0, FOR_EVER_NS)
    midnight_ns = 1_483_228_800 * SECOND_NS
    assert (series.taken_at - midnight_ns).tolist() == [0, SECOND_NS // 2, SECOND_NS]


def test_1970_waits_until_the_clock_is_known(house: House) -> None:
    sender = Sender(house)
    for minute in range(4):
        text = f"1970-01-01T00:{minute:02}:00Z"
        sender.send(START_NS + minute * MINUTE_NS, [("C1", text, 1.0), ("T1.x", 0, 1.0)])
        drain(house)
        if not minute:
            assert stored(house, "C1")[0] == []
            assert account(house) == (0, 0, 1, 1, 0)
    house.spool_writer.release(START_NS + 5 * MINUTE_NS)
    drain(house)
    assert stored(house, "C1")[0] == [0.0, 60.0, 120.0, 180.0]
    # an epoch of 0 says nothing, not even that the clock is wrong
    assert account(house) == (4, 0, 4, 0, 0)


def test_2038_is_a_year_like_any_other(tmp_path: Path) -> None:
    house = small_house(tmp_path)
    try:
        last_ns = 2**31 * SECOND_NS  # the second in which 32 bits are full
        sender = Sender(house)
        for n, text in enumerate(("2038-01-19T03:14:07Z", "2038-01-19T03:14:08Z")):
            sender.send(last_ns + SECOND_NS, [("C1", text, float(n))])
        sender.send(last_ns + SECOND_NS, [("C1", 2**31 * 1000 + 1, 2.0)])
        drain(house)
        series = house.readings.between("C1", 0, FOR_EVER_NS)
        assert (series.taken_at - last_ns).tolist() == [-SECOND_NS, 0, 10**6]
        assert series.value.tolist() == [0.0, 1.0, 2.0]
        (day,) = house.records.accounts.accounts()
        assert (day.day, day.stored) == ("2038-01-19", 3)
        hours = house.readings.rollups("C1", last_ns - DAY_NS, last_ns + DAY_NS, "hour")
        assert hours.count.tolist() == [3]
    finally:
        house.stop()
