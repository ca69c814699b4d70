"""How gateways and sensors are told to be, and what calls for a visit."""

import pytest

from analytics.limits import load_profile
from domain.accounts import DayAccount
from domain.clock import DAY_NS, HOUR_NS
from domain.fleet import (
    SensorHealth,
    day_rates,
    figures_of,
    hung_up_ns,
    needs_of,
    online_percent,
    sensor_health,
    transmission_percent,
)
from domain.ports import GatewayStatus
from domain.readings import QualityFlag, Reading
from domain.sensors import Channel, Gateway, Segment, SegmentReason
from domain.statement import Fleet

PROFILE = load_profile()
NOW = 20_780 * DAY_NS + 6 * HOUR_NS
X, Y = (Channel(f"T1.{a}", "T1", "g-1", f"T1.{a}", "tilt", "‰", a, 3600) for a in "xy")
SHAKING = Channel("V1.ppv", "V1", "g-1", "V1.ppv", "peak_velocity", "mm/s", "ppv", 3600)


def read(channel: Channel, hours_ago: float, flag: QualityFlag = QualityFlag.OK) -> Reading:
    at_ns = NOW - round(hours_ago * HOUR_NS)
    return Reading(channel.id, at_ns, 1.0, flag, at_ns)


def segment(days_ago: float, reason: SegmentReason = SegmentReason.INSTALL) -> Segment:
    return Segment(f"s-{days_ago}", X.id, NOW - round(days_ago * DAY_NS), reason)


OLD = (segment(100),)


def health(
    *readings: Reading,
    channels: tuple[Channel, ...] = (X, Y),
    segments: tuple[Segment, ...] = OLD,
) -> SensorHealth:
    latest = {reading.channel_id: reading for reading in readings}
    return sensor_health(channels, segments, latest, PROFILE, NOW)


def test_a_sensor_that_is_read_is_well() -> None:
    assert health(read(X, 2.0), read(Y, 0.0)) is SensorHealth.OK


def test_a_sensor_is_blind_past_two_intervals_or_with_an_axis_never_read() -> None:
    assert health(read(X, 2.001), read(Y, 0.0)) is SensorHealth.BLIND
    assert health(read(X, 0.0)) is SensorHealth.BLIND
    assert health() is SensorHealth.BLIND


def test_silence_is_told_by_arrivals_whatever_the_gateways_clock_says() -> None:
    wrong = Reading(X.id, NOW - 8 * HOUR_NS, 1.0, QualityFlag.OK, NOW)
    assert health(wrong, read(Y, 0.0)) is SensorHealth.OK


@pytest.mark.parametrize(
    ("flag", "wanted"),
    [
        (QualityFlag.STUCK, SensorHealth.DEGRADED),
        (QualityFlag.SPIKE, SensorHealth.DEGRADED),
        (QualityFlag.OUT_OF_RANGE, SensorHealth.DEGRADED),
        (QualityFlag.SENSOR_FAULT, SensorHealth.DEGRADED),
        (QualityFlag.POWER, SensorHealth.DEGRADED),
        (QualityFlag.COMM_GAP, SensorHealth.DEGRADED),
        (QualityFlag.LATE | QualityFlag.CLOCK | QualityFlag.STEP, SensorHealth.OK),
    ],
)
def test_a_newest_reading_of_little_worth_degrades(flag: QualityFlag, wanted: SensorHealth) -> None:
    assert health(read(X, 0.0, flag), read(Y, 0.0)) is wanted


def test_what_the_weather_moves_learns_for_thirty_days() -> None:
    both = read(X, 0.0), read(Y, 0.0)
    assert health(*both, segments=(segment(29.9),)) is SensorHealth.LEARNING
    assert health(*both, segments=(segment(30),)) is SensorHealth.OK
    assert health(*both, segments=()) is SensorHealth.LEARNING
    fault = read(X, 0.0, QualityFlag.STUCK), read(Y, 0.0)
    assert health(*fault, segments=(segment(1),)) is SensorHealth.DEGRADED
    assert health(read(SHAKING, 0.0), channels=(SHAKING,), segments=()) is SensorHealth.OK


def test_learning_begins_anew_when_something_is_hung_up_and_not_when_it_is_measured() -> None:
    assert hung_up_ns([]) is None
    for reason in (SegmentReason.REMOUNT, SegmentReason.SWAP):
        assert hung_up_ns([segment(100), segment(5, reason)]) == segment(5).opened_at_ns
    for reason in (SegmentReason.SURVEY, SegmentReason.REZERO, SegmentReason.RESTART):
        assert hung_up_ns([segment(5, reason), segment(100)]) == segment(100).opened_at_ns
    # judging opened the first segment by itself
    restart = SegmentReason.RESTART
    assert hung_up_ns([segment(5, restart), segment(9, restart)]) == segment(9).opened_at_ns


def test_the_online_rate_counts_known_time_only() -> None:
    assert online_percent([], 0, 100) is None
    assert online_percent([(50, True)], 0, 100) == 100.0
    assert online_percent([(0, True), (25, False)], 0, 100) == 25.0
    assert online_percent([(-50, False), (0, True)], 0, 100) == 100.0  # before the window
    assert online_percent([(100, True)], 0, 100) is None


FLEET = Fleet.of(
    [Gateway("g-1", "g-1")], [(Gateway("g-1", "g-1"), X), (Gateway("g-1", "g-1"), Y)], []
)
ACCOUNTS = [
    DayAccount("g-1", "2026-11-19", stored=5),  # the day on which it was first heard
    DayAccount("g-1", "2026-11-20", stored=48),
    DayAccount("g-1", "2026-11-22", stored=90),  # with those of the day before
    DayAccount("g-1", "2026-11-23", stored=6),
]


def test_the_rate_of_transmission_is_what_came_of_what_was_planned() -> None:
    days = day_rates(ACCOUNTS, "g-1", FLEET, 5, NOW)
    assert [(day.day, day.percent) for day in days] == [
        ("2026-11-19", None),
        ("2026-11-20", 100.0),
        ("2026-11-21", 0.0),
        ("2026-11-22", 187.5),
        ("2026-11-23", 50.0),  # six of the twelve that are due by six in the morning
    ]
    total = transmission_percent(ACCOUNTS, "g-1", FLEET, 5, NOW)
    assert total == pytest.approx(100 * (48 + 90 + 6) / (3 * 48 + 12))


def test_a_gateway_that_was_never_heard_or_has_no_channels_has_no_rate() -> None:
    assert transmission_percent([], "g-1", FLEET, 5, NOW) is None
    assert transmission_percent(ACCOUNTS, "g-2", FLEET, 5, NOW) is None


@pytest.mark.parametrize("row", PROFILE.care, ids=lambda row: row.id)
def test_each_row_of_care_calls_beyond_its_value_and_not_at_it(row: object) -> None:
    figure, value, op = row.figure, row.value, row.op  # type: ignore[attr-defined]
    assert op in {"<", ">"}
    beyond = value + (0.1 if op == ">" else -0.1)
    assert needs_of({figure: value}, PROFILE) == ()
    assert [need.row.id for need in needs_of({figure: beyond}, PROFILE)] == [row.id]  # type: ignore[attr-defined]
    assert needs_of({figure: None}, PROFILE) == ()


def test_the_most_pressing_need_comes_first() -> None:
    figures = {"signal_dbm": -120.0, "silence_intervals": 9.0, "battery_percent": 3.0}
    found = [need.row.id for need in needs_of(figures, PROFILE)]
    assert found == ["care.silent", "care.battery", "care.signal"]


def test_the_figures_of_a_gateway_that_says_nothing_are_unknown_but_its_silence_is_not() -> None:
    figures = figures_of(None, None, None, [], [3600], None, (None, None), NOW)
    silence = figures.pop("silence_intervals")
    assert silence is not None
    assert silence > 1000
    assert {name for name, value in figures.items() if value is not None} == {
        "blind_sensors", "degraded_sensors",
    }  # fmt: skip
    status = GatewayStatus("g-1", NOW, True, 1, 55.0, -71.0, "1.0")
    told = figures_of(status, None, None, [], [600, 3600], NOW - HOUR_NS, (99.0, 97.0), NOW)
    assert (told["battery_percent"], told["signal_dbm"]) == (55.0, -71.0)
    assert told["silence_intervals"] == 6.0
    assert (told["online_percent"], told["transmission_percent"]) == (99.0, 97.0)
