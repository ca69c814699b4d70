"""A house does not go blind because its gateway's clock is wrong."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.house import House
from domain.clock import DAY_NS, EPOCH, HOUR_NS, MINUTE_NS
from domain.limits import Level
from domain.ports import Page
from tests.small_house import START_NS, Sender, called, drain, small_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = small_house(tmp_path)
    yield made
    made.stop()


def send(house: House, minute: int, skew_ns: int, value: float) -> None:
    """Send both axes of the tilt sensor, by the gateway's clock."""
    received_ns = START_NS + minute * MINUTE_NS
    taken = (EPOCH + timedelta(microseconds=(received_ns + skew_ns) // 1000)).isoformat()
    sender = Sender(house)
    sender.seq = 2 * minute
    sender.send(received_ns, [("T1.x", taken, value), ("T1.y", taken, value)])
    drain(house)


@pytest.mark.parametrize("skew_ns", [0, 8 * HOUR_NS, -20_000 * DAY_NS, 4_000 * DAY_NS])
def test_a_red_rings_at_once_whatever_the_clock_says(house: House, skew_ns: int) -> None:
    house.clock.advance_to(START_NS + 3 * HOUR_NS)  # type: ignore[attr-defined]
    for step in range(20):
        send(house, 30 * step, skew_ns, 0.0 if step < 8 else 40.0)
        house.spool_writer.release(START_NS + 30 * step * MINUTE_NS)
    drain(house)
    (alert,) = [a for a in house.records.alerts.alerts(Page(limit=50)) if a.level is Level.RED]
    assert 0 <= alert.event_started_at_ns - START_NS - 240 * MINUTE_NS <= 2 * HOUR_NS
    assert alert.opened_at_ns >= START_NS
    series = house.readings.between("T1.x", START_NS - DAY_NS, START_NS + 9000 * DAY_NS)
    # everything is stored, and at its right time, though the first ones had to wait
    ages = [(at - START_NS) / MINUTE_NS for at in series.taken_at.tolist()]
    assert ages == pytest.approx([30 * step for step in range(20)], abs=0.1)
    (account,) = house.records.accounts.accounts()
    assert (account.stored, account.quarantined, account.missing) == (40, 0, 1102)
    notes = house.records.accounts.clocks()
    assert [(n.known, n.waiting) for n in notes] == ([(True, 0)] if skew_ns else [])


def test_a_red_rings_even_while_nobody_knows_what_time_the_gateway_has(house: House) -> None:
    house.clock.advance_to(START_NS + 3 * HOUR_NS)  # type: ignore[attr-defined]
    for step in range(20):  # another error each time: none of it is ever known
        skew_ns = (400 + 97 * step) * DAY_NS
        send(house, 30 * step, skew_ns, 0.0 if step < 8 else 40.0)
    alerts = house.records.alerts.alerts(Page(limit=50))
    assert [a.level for a in alerts if a.level is Level.RED] == [Level.RED]
    assert not house.readings.latest(["T1.x"])
    (account,) = house.records.accounts.accounts()
    assert (account.stored, account.quarantined) == (0, 40)
    (note,) = house.records.accounts.clocks()
    assert (note.known, note.waiting) == (False, 40)


def test_a_clock_that_looks_like_a_buffer_holds_a_red_up_for_minutes_only(house: House) -> None:
    """Eight hours behind, not yet known to be: each reading looks like one of an old buffer."""
    for step in range(9):
        send(house, 30 * step, -8 * HOUR_NS, 0.0 if step < 6 else 40.0)
    assert Level.RED in {a.level for a in house.records.alerts.alerts(Page(limit=50))}
    assert called(house) == []
    house.clock.advance_to(START_NS + (240 + 15) * MINUTE_NS)  # type: ignore[attr-defined]
    house.pipeline.tick()
    assert called(house) == [("duty desk", Level.RED)]
