"""Loss of watch: gateway first, then sensor; orange when the building is dark; never red."""

import pytest

from analytics.detectors.loss_of_watch import DETECTOR
from analytics.limits import load_profile
from domain.buildings import Grade
from domain.clock import HOUR_NS, MINUTE_NS
from domain.findings import Cause, Finding
from domain.limits import Level
from domain.readings import ReadingBatch
from domain.views import Latest
from tests.unit.series import GATEWAY, START_NS, House, point

PROFILE = load_profile()
TICK = ReadingBatch.empty()


def _house(grade: Grade | None = None, gateways: tuple[str, ...] = (GATEWAY,)) -> House:
    points = {
        name: point(name, gateway=gateways[n % len(gateways)])
        for n, name in enumerate(("T1", "C1"))
    }
    house = House(PROFILE, points, grade=grade)
    _heard(house, START_NS, gateways)
    return house


def _heard(
    house: House, at_ns: int, gateways: tuple[str, ...], channels: tuple[str, ...] | None = None
) -> None:
    house.heard.update(dict.fromkeys(gateways, at_ns))
    for watched in house.points.values():
        for channel in watched.axes.values():
            if channel.gateway_id in gateways and (channels is None or channel.id in channels):
                house.latest[channel.id] = Latest(at_ns, 0.0, at_ns)


def _watch(house: House, until_h: float, start_h: float = 0.0) -> list[Finding]:
    detector, found = DETECTOR(PROFILE), []
    for minute in range(round(start_h * 60), round(until_h * 60) + 1, 10):
        found += house.look(detector, TICK, START_NS + minute * MINUTE_NS)
    return found


def _told(found: list[Finding]) -> list[tuple[str, Level]]:
    return [(f.subject, f.level) for f in found]


def test_two_missed_intervals_are_blue_and_not_a_minute_before() -> None:
    house = _house()
    assert _watch(house, 2.0) == []
    (found,) = _watch(house, 2.2, 2.1)
    assert (found.subject, found.level, found.cause) == (GATEWAY, Level.BLUE, Cause.WATCH)
    assert (found.limit, found.unit) == (2.0, "h")
    assert found.started_ns == START_NS


@pytest.mark.parametrize(("grade", "hours"), [(None, 6), (Grade.C, 6), (Grade.B, 6)])
def test_six_hours_are_yellow_and_the_dark_building_is_orange(
    grade: Grade | None, hours: int
) -> None:
    house = _house(grade)
    _watch(house, hours)
    found = _watch(house, hours + 0.2, hours + 0.1)
    assert _told(found) == [(GATEWAY, Level.YELLOW), ("b-1", Level.ORANGE)]


def test_a_d_building_is_missed_as_soon_as_two_intervals_and_one_hour_are_over() -> None:
    house = _house(Grade.D)
    found = _watch(house, 2.2)
    assert _told(found) == [(GATEWAY, Level.YELLOW), ("b-1", Level.ORANGE)]


def test_silence_never_becomes_red() -> None:
    assert max(f.level for f in _watch(_house(Grade.D), 24 * 14)) is Level.ORANGE


def test_one_dead_gateway_is_one_subject_and_leaves_the_building_in_sight() -> None:
    house = _house(gateways=("g-1", "g-2"))
    found = []
    for hour in range(24):
        _heard(house, START_NS + hour * HOUR_NS, ("g-2",))
        found += _watch(house, hour + 0.9, hour + 0.1)
    assert _told(found) == [("g-1", Level.BLUE), ("g-1", Level.YELLOW)]


def test_a_dead_sensor_is_told_by_its_own_name_while_its_gateway_talks() -> None:
    house = _house()
    found = []
    for hour in range(10):
        _heard(house, START_NS + hour * HOUR_NS, (GATEWAY,), ("T1.x", "T1.y"))
        found += _watch(house, hour + 0.9, hour + 0.1)
    assert _told(found) == [("C1", Level.BLUE), ("C1", Level.YELLOW)]


def test_one_lost_axis_is_a_lost_sensor() -> None:
    house = _house()
    for hour in range(4):
        _heard(house, START_NS + hour * HOUR_NS, (GATEWAY,), ("T1.x", "C1"))
    assert _told(_watch(house, 3.5, 3.0)) == []
    house = _house()
    found = []
    for hour in range(4):
        _heard(house, START_NS + hour * HOUR_NS, (GATEWAY,), ("T1.x", "C1"))
        found += _watch(house, hour + 0.9, hour + 0.1)
    assert _told(found) == [("T1", Level.BLUE)]


def test_it_is_over_when_the_gateway_is_heard_again() -> None:
    house = _house()
    _watch(house, 7)
    _heard(house, START_NS + 7 * HOUR_NS, (GATEWAY,))
    assert _told(_watch(house, 7.2, 7.1)) == [(GATEWAY, Level.NONE), ("b-1", Level.NONE)]


def test_a_gateway_that_never_spoke_is_missed_from_the_first_look_on() -> None:
    house = _house()
    house.heard.clear()
    house.latest.clear()
    found = _watch(house, 7)
    assert (GATEWAY, Level.BLUE) in _told(found)
    assert ("b-1", Level.ORANGE) in _told(found)


def test_the_time_in_which_nobody_looked_is_not_the_gateways_silence() -> None:
    house = _house()
    _watch(house, 1)
    assert _watch(house, 31, 30) == []
    assert _told(_watch(house, 33, 31)) == [(GATEWAY, Level.BLUE)]


def test_a_slow_sampling_plan_is_not_silence() -> None:
    house = House(PROFILE, {"C1": point("C1", interval_s=6 * 3600)}, grade=Grade.D)
    _heard(house, START_NS, (GATEWAY,))
    assert _watch(house, 12) == []
    assert _told(_watch(house, 12.5, 12.1)) == [(GATEWAY, Level.YELLOW), ("b-1", Level.ORANGE)]


def test_a_point_that_is_taken_down_is_no_longer_missed() -> None:
    house = _house()
    for hour in range(8):
        _heard(house, START_NS + hour * HOUR_NS, (GATEWAY,), ("T1.x", "T1.y"))
        _watch(house, hour + 0.9, hour + 0.1)
    house.points = {"T1": house.points["T1"]}
    assert _told(_watch(house, 8.0, 7.95)) == [("C1", Level.NONE)]


def test_a_building_without_points_is_left_alone() -> None:
    assert DETECTOR(PROFILE).examine(TICK, None, House(PROFILE, {}).view(START_NS)) == ([], None)
