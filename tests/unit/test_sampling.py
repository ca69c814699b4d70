"""What gateways are asked to read, and what is expected of them."""

import pytest

from analytics.limits import load_profile, parse_profile
from domain.alerts import Alert, AlertEvent, AlertState, EventKind
from domain.buildings import Grade
from domain.clock import DAY_NS, HOUR_NS
from domain.errors import SettingsInvalid
from domain.findings import Cause
from domain.limits import Level
from domain.sampling import (
    PlannedChannel,
    SamplingPlan,
    Wanted,
    acknowledged,
    expected_readings,
    fast_until_ns,
    next_plan,
    plan_channels,
    state_of,
)

ROWS = load_profile().sampling
ALERT = Alert("a", "b", Cause.TILT, Level.ORANGE, Level.ORANGE, AlertState.OPEN, 0, 0, 0)
HOURS = {"least_hours": 24.0, "most_hours": 72.0}


def wanted(state: str = "C", *, fast: bool = False, interval_s: int = 86_400) -> list[Wanted]:
    return [
        Wanted("T1.x", "tilt", interval_s, state, fast),
        Wanted("V1.p", "peak_velocity", interval_s, state, fast),
    ]


@pytest.mark.parametrize(
    ("state", "fast", "intervals"),
    [
        ("D", False, [600, 3_600]),
        ("C", False, [3_600, 21_600]),
        ("watched", False, [14_400, 86_400]),
        ("watched", True, [300, 300]),
        ("D", True, [300, 300]),
    ],
)
def test_a_plan_follows_the_houses_grade_and_its_alerts(
    state: str, fast: bool, intervals: list[int]
) -> None:
    channels, reason = plan_channels(wanted(state, fast=fast), ROWS)
    assert [channel.interval_s for channel in channels] == intervals
    assert reason == ("alert" if fast else state)


def test_a_plan_never_asks_for_less_than_a_channel_is_registered_for() -> None:
    channels, _ = plan_channels(wanted("watched", interval_s=900), ROWS)
    assert [channel.interval_s for channel in channels] == [900, 900]


@pytest.mark.parametrize(
    ("interval_s", "fast", "interval", "report"),
    [
        (86_400, False, 600, 1_800),
        (1_200, False, 600, 1_200),  # silence is judged by what is registered
        (600, False, 600, 0),
        (86_400, True, 300, 0),  # an alert waits for nothing
    ],
)
def test_readings_of_a_d_house_are_gathered_for_half_an_hour_at_most(
    interval_s: int, fast: bool, interval: int, report: int
) -> None:
    (tilt, peak), _ = plan_channels(wanted("D", fast=fast, interval_s=interval_s), ROWS)
    assert (tilt.interval_s, tilt.report_s) == (interval, report)
    assert peak.report_s == 0


def test_a_house_that_nobody_appraised_is_watched_as_c() -> None:
    states = [state_of(grade) for grade in (None, Grade.A, Grade.B, Grade.C, Grade.D)]
    assert states == ["C", "watched", "watched", "C", "D"]


def event(hour: float, kind: EventKind, level: Level) -> AlertEvent:
    return AlertEvent(f"e{hour}", "a", round(hour * HOUR_NS), kind, level, "system")


OPENED = event(0, EventKind.OPENED, Level.ORANGE)


@pytest.mark.parametrize(
    ("events", "hours"),
    [
        ([event(0, EventKind.OPENED, Level.YELLOW)], None),
        ([OPENED], 72),
        ([event(0, EventKind.OPENED, Level.BLUE), event(5, EventKind.RAISED, Level.RED)], 77),
        ([OPENED, event(10, EventKind.LOWERED, Level.YELLOW)], 34),
        ([OPENED, event(60, EventKind.LOWERED, Level.BLUE)], 72),
        ([OPENED, event(10, EventKind.CLOSED, Level.ORANGE)], 34),
        (
            [
                OPENED,
                event(10, EventKind.LOWERED, Level.YELLOW),
                event(12, EventKind.RAISED, Level.ORANGE),
            ],
            84,
        ),
        ([OPENED, event(5, EventKind.RAISED, Level.RED)], 77),
        ([OPENED, event(9, EventKind.NOTE, Level.ORANGE)], 72),
    ],
)
def test_readings_stay_fast_for_a_while_and_not_for_ever(
    events: list[AlertEvent], hours: float | None
) -> None:
    until = fast_until_ns(ALERT, events, **HOURS)
    assert until == (None if hours is None else round(hours * HOUR_NS))


def test_a_new_plan_is_made_only_when_something_changes() -> None:
    channels, reason = plan_channels(wanted(), ROWS)
    first = next_plan("g", 0, None, channels, reason, 7)
    assert first is not None
    assert (first.version, first.made_at_ns) == (1, 7)
    assert next_plan("g", 0, first, channels, reason, 8) is None
    faster, why = plan_channels(wanted(fast=True), ROWS)
    second = next_plan("g", 0, first, faster, why, 9)
    assert second is not None
    assert (second.version, second.reason) == (2, "alert")


def test_a_plan_is_acknowledged_once_and_by_its_version_or_a_later_one() -> None:
    plan = SamplingPlan("g", 3, 0, 0, "C", ())
    assert acknowledged(plan, None, 5) is None
    assert acknowledged(plan, 2, 5) is None
    done = acknowledged(plan, 3, 5)
    assert done is not None
    assert done.acknowledged_at_ns == 5
    assert acknowledged(done, 4, 6) is None


def plan(version: int, acknowledged_ns: int | None, interval_s: int) -> SamplingPlan:
    channels = (PlannedChannel("T1.x", interval_s),)
    return SamplingPlan("g", version, 0, 0, "", channels, 0, acknowledged_ns)


def test_what_is_expected_follows_the_plan_that_was_in_force() -> None:
    registered = {"T1.x": 3600}
    plans = [plan(1, DAY_NS // 2, 600), plan(2, DAY_NS * 3 // 4, 1800), plan(3, None, 60)]
    assert expected_readings(registered, (), 0, DAY_NS) == 24
    assert expected_readings(registered, plans, 0, DAY_NS) == 12 + 36 + 12
    assert expected_readings(registered, plans, DAY_NS, 2 * DAY_NS) == 48
    assert expected_readings(registered, plans, 0, DAY_NS // 4) == 6
    assert expected_readings({}, plans, 0, DAY_NS) == 0


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('id = "x"\nstate = "E"\ninterval_s = 5', "state must be one of D, C, watched, alert"),
        ('id = "x"\nstate = "D"\ninterval_s = 0', "interval_s must be a whole number of seconds"),
        ('id = "x"\nstate = "D"\ninterval_s = true', "interval_s must be a whole number"),
        ('id = "x"\nstate = "D"\ninterval_s = 5\nreport_s = -1', "report_s must be a whole number"),
    ],
)
def test_a_wrong_row_is_named(row: str, said: str) -> None:
    text = f'name = "x"\nversion = "1"\n[[sampling]]\n{row}\nsource = "s"\ncertainty = "verified"\n'
    with pytest.raises(SettingsInvalid, match=f"sampling row 'x': {said}"):
        parse_profile(text)


def test_two_rows_for_one_state_and_kind_are_refused() -> None:
    row = (
        '[[sampling]]\nid = "x"\nstate = "D"\nkinds = ["tilt"]\ninterval_s = 5\n'
        'source = "s"\ncertainty = "verified"\n'
    )
    with pytest.raises(SettingsInvalid, match="tilt at state D must stand once, got 2"):
        parse_profile(f'name = "x"\nversion = "1"\n{row}{row}')
