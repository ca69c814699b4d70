"""What goes, what stays, and that a run that was killed may be run again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.retention import Retention
from domain.accounts import Fate, Refusal
from domain.alerts import Alert, AlertEvent, AlertState, EventKind
from domain.buildings import Building
from domain.clock import DAY_NS, HOUR_NS, VirtualClock
from domain.findings import Cause, Finding
from domain.fleet_ports import Release
from domain.limits import Level
from domain.ports import GatewayStatus, Judgement, Page, ReadingStore
from domain.readings import ReadingBatch
from domain.retention import RetentionRules, evidence_windows
from domain.sensors import Channel, Gateway, Sensor
from domain.waves import KeptBlock, WavePeak
from storage.readings import open_readings
from storage.records import Records, open_records
from storage.waves import FolderWaves
from tests.waves import block

DAY = 20_780
NOW = DAY * DAY_NS + 12 * HOUR_NS
RULES = RetentionRules(
    raw_days=30, refusals_days=30, changes_days=30, findings_days=30, evidence_days=100,
    margin_days=1,
)  # fmt: skip


@pytest.fixture
def records(empty_url: str) -> Iterator[Records]:
    opened = open_records(empty_url)
    register = opened.register
    register.put_building(Building("b", "CODE", "b", "", "360102", "", "", 115.9, 28.7), "test")
    register.put_gateway(Gateway("g", "g"), "test")
    for sensor, kind, unit in (
        ("s", "tilt", "‰"),
        ("t", "temperature", "°C"),
        ("o", "crack", "mm"),
        ("v", "acceleration", "m/s²"),
    ):
        register.put_sensor(Sensor(sensor, "b", "g", sensor, kind), "test")
        register.put_channel(Channel(f"{sensor}.1", sensor, "g", sensor, kind, unit), "test")
    yield opened
    opened.close()


@pytest.fixture
def readings(tmp_path: Path) -> Iterator[ReadingStore]:
    store = open_readings(f"duckdb:///{tmp_path / 'readings.duckdb'}")
    for channel in ("s.1", "t.1", "o.1"):
        days = range(200)
        at = [NOW - day * DAY_NS for day in days]
        store.append(ReadingBatch.of([channel] * len(at), at, [float(day) for day in days]))
    yield store
    store.close()


def finding(days_ago: int, number: str = "f") -> Finding:
    at = NOW - days_ago * DAY_NS
    return Finding(
        number, "b", Cause.TILT, "tilt.total.h24", "s", "s", ("s.1",), Level.YELLOW, at, 8.0, 7.0,
        "‰", 2 * DAY_NS, at, "", "verified", "p",
    )  # fmt: skip


def put(records: Records, level: Level, closed_days_ago: int | None, found: Finding) -> Alert:
    closed = None if closed_days_ago is None else NOW - closed_days_ago * DAY_NS
    alert = Alert(
        f"a-{found.id}", "b", Cause.TILT, level, level,
        AlertState.OPEN if closed is None else AlertState.CLOSED,
        found.at_ns, found.at_ns, found.at_ns, closed_at_ns=closed, version=1,
    )  # fmt: skip
    event = AlertEvent(
        f"e-{found.id}", alert.id, found.at_ns, EventKind.OPENED, level, "system", "", found.id
    )
    records.judgement.commit(
        Judgement(
            0,
            records.judgement.judged(0) + 1,
            findings=(found,),
            alerts=(alert,),
            events=(event,),
        )
    )
    return alert


def job(records: Records, readings: ReadingStore, rules: RetentionRules = RULES) -> Retention:
    clock = VirtualClock(NOW)
    return Retention(readings, records.retention, records.fleet, rules, clock, VirtualClock(NOW))


def left(readings: ReadingStore, channel: str) -> list[float]:
    return sorted(readings.between(channel, 0, NOW + DAY_NS).value.tolist())


#: days that are younger than the setting, the half day of today included
YOUNG = [float(day) for day in range(31)]


@pytest.mark.parametrize(
    ("level", "closed", "stays"),
    [
        (Level.YELLOW, 130, []),  # closed for longer than evidence is kept
        (Level.YELLOW, 99, range(99, 154)),  # closed not long enough ago
        (Level.ORANGE, 130, range(130, 154)),  # orange: for ever
        (Level.BLUE, None, range(31, 154)),  # open: until now
    ],
)
def test_evidence_stays_and_the_rest_goes(
    records: Records, readings: ReadingStore, level: Level, closed: int | None, stays: range
) -> None:
    put(records, level, closed, finding(150))
    before = readings.rollups("s.1", 0, NOW, "day")
    for _ in range(2):
        job(records, readings).forget()
        assert left(readings, "s.1") == YOUNG + [float(day) for day in stays]
        assert left(readings, "t.1") == left(readings, "s.1")  # the weather belongs to it
        assert left(readings, "o.1") == YOUNG
    assert readings.rollups("s.1", 0, NOW, "day").count.tolist() == before.count.tolist()


def test_evidence_goes_when_its_time_is_over(records: Records, readings: ReadingStore) -> None:
    alert = put(records, Level.YELLOW, 99, finding(150))
    job(records, readings).forget()
    assert len(left(readings, "s.1")) > len(YOUNG)
    older = replace(alert, closed_at_ns=NOW - 101 * DAY_NS, version=2)
    records.alerts.save(older, ())
    job(records, readings).forget()
    assert left(readings, "s.1") == YOUNG


class Dying:
    """A readings store whose process dies at one of its calls."""

    def __init__(self, store: ReadingStore, dies_at: str) -> None:
        self._store, self._dies_at = store, dies_at

    def __getattr__(self, name: str) -> object:
        if name == self._dies_at:
            raise SystemExit(name)
        return getattr(self._store, name)


@pytest.mark.parametrize("dies_at", ["keep", "delete_before", "keep_only"])
def test_a_run_that_was_killed_is_done_again_and_loses_no_evidence(
    records: Records, readings: ReadingStore, dies_at: str
) -> None:
    put(records, Level.ORANGE, 130, finding(150))
    with pytest.raises(SystemExit):
        job(records, Dying(readings, dies_at)).run_once()  # type: ignore[arg-type]
    assert records.fleet.last_done_ns("retention") is None
    again = job(records, readings)
    assert again.run_once() == 1
    assert left(readings, "s.1") == YOUNG + [float(day) for day in range(130, 154)]
    assert records.fleet.last_done_ns("retention") == NOW
    assert job(records, readings).run_once() == 0  # another process, the same day


def test_nothing_goes_by_default(records: Records, readings: ReadingStore) -> None:
    job(records, readings, RetentionRules()).forget()
    assert len(left(readings, "s.1")) == 200


def test_hourly_and_daily_means_have_times_of_their_own(
    records: Records, readings: ReadingStore
) -> None:
    rules = RetentionRules(hourly_days=50, daily_days=100)
    job(records, readings, rules).forget()
    assert len(readings.rollups("s.1", 0, NOW + DAY_NS, "hour")) == 51
    assert len(readings.rollups("s.1", 0, NOW + DAY_NS, "day")) == 101
    assert len(left(readings, "s.1")) == 200


def refusal(number: str, days_ago: int, fate: Fate = Fate.QUARANTINED) -> Refusal:
    return Refusal(number, "g", NOW - days_ago * DAY_NS, fate, "unknown channel", "", 1)


def test_old_records_go_but_not_those_that_something_needs(
    records: Records, readings: ReadingStore
) -> None:
    put(records, Level.YELLOW, None, finding(150, "held"))
    records.judgement.commit(
        Judgement(
            0,
            10,
            findings=(finding(150, "loose"), finding(5, "young")),
            refusals=(refusal("old", 40), refusal("asked", 40), refusal("new", 3)),
            statuses=(
                GatewayStatus("g", NOW - 500 * DAY_NS, True),
                GatewayStatus("g", NOW - 450 * DAY_NS, False),
                GatewayStatus("g", NOW - 5 * DAY_NS, True),
            ),
        )
    )
    records.quarantine.ask_release(Release("asked", "op", NOW))
    job(records, readings).forget()
    assert {f.id for f in records.alerts.findings(Page(100))} == {"held", "young"}
    assert {r.id for r in records.accounts.refusals(Page(100))} == {"asked", "new"}
    assert [online for _, _, online in records.fleet.presence(0)] == [False, True]
    assert records.alerts.last_change() > 0


def test_an_alert_without_channels_has_no_evidence_among_readings() -> None:
    watch = replace(finding(1), channels=())
    alert = Alert("a", "b", Cause.WATCH, Level.BLUE, Level.BLUE, AlertState.OPEN, 0, 0, 0)
    assert evidence_windows(alert, [watch], ["t.1"], RULES, NOW) == []
    assert evidence_windows(alert, [], ["t.1"], RULES, NOW) == []


@pytest.mark.parametrize(
    ("cause", "level", "closed", "stays"),
    [
        (Cause.VIBRATION, Level.YELLOW, 130, False),  # closed for longer than evidence is kept
        (Cause.VIBRATION, Level.YELLOW, 99, True),
        (Cause.VIBRATION, Level.RED, 130, True),
        (Cause.VIBRATION, Level.BLUE, None, True),
        (Cause.TILT, Level.RED, 130, False),  # waves that say nothing of it
    ],
)
def test_waveforms_of_a_vibration_that_is_evidence_stay(
    records: Records, readings: ReadingStore, tmp_path: Path, cause: Cause, level: Level,
    closed: int | None, stays: bool,
) -> None:  # fmt: skip
    waves = FolderWaves(tmp_path / "waves", days=30, bytes_max=10**9)
    for days_ago in (3, 150, 170):
        at_ns = NOW - days_ago * DAY_NS
        one = block(np.zeros(400), channel="v.1", start_ns=at_ns)
        peak = WavePeak("x", 1.0, 8.0, 0.3, 4.0, at_ns)
        waves.keep([KeptBlock(at_ns, "event", one, np.zeros((1, 400), np.float32), (peak,))])
    found = replace(finding(150), cause=cause)
    alert = put(records, level, closed, found)
    records.alerts.save(replace(alert, cause=cause, version=2), ())
    clock, runs = VirtualClock(NOW), records.fleet
    Retention(
        readings, records.retention, runs, RULES, clock, VirtualClock(NOW), waves.retain
    ).run_once()
    left = [(NOW - e.event_ns) // DAY_NS for e in waves.events(["v.1"], 0, NOW, 10)]
    assert left == ([3, 150] if stays else [3])
