"""What is worth little is flagged in the store, whatever the store does meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.house import House
from domain.clock import DAY_NS, MINUTE_NS
from domain.errors import StoreUnavailable
from domain.readings import QualityFlag, ReadingBatch
from domain.sensors import Segment, SegmentReason
from tests.small_house import START_NS, Sender, drain, small_house

STEP = 30 * MINUTE_NS
#: of readings that came late from a sensor that is new, nearly all in these tests
OF_ALL = np.uint16(QualityFlag.LATE | QualityFlag.IMMATURE_COMPENSATION)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = small_house(tmp_path)
    yield made
    made.stop()


def send(house: House, values: list[float], first: int = 0) -> None:
    """Hand values of the crack gauge to ingest, one a step, five a message."""
    sender = Sender(house)
    for at in range(0, len(values), 5):
        sender.seq = first + at
        readings = [
            ("C1", (START_NS + (first + n) * STEP) // 10**6, value)
            for n, value in enumerate(values[at : at + 5], start=at)
        ]
        sender.send(START_NS + (first + at + 4) * STEP, readings)


def flags(house: House) -> dict[int, int]:
    """Give the flags of what is stored, by step."""
    series = house.readings.between("C1", START_NS, START_NS + 99 * DAY_NS)
    steps = ((series.taken_at - START_NS) // STEP).tolist()
    return dict(zip(steps, series.flag.tolist(), strict=True))


def stored(house: House) -> dict[int, int]:
    told = {n: flag & ~int(OF_ALL) for n, flag in flags(house).items()}
    return {n: flag for n, flag in told.items() if flag}


def noise(n: int) -> list[float]:
    return (1.0 + np.random.default_rng(5).normal(0.0, 0.01, n)).round(4).tolist()


def test_a_spike_a_stuck_stretch_the_end_of_a_gap_and_a_step_are_flagged(
    house: House,
) -> None:
    values = noise(60)
    values[40] = 1.9
    send(house, [*values, *[1.0] * 10])
    send(house, [v + 0.5 for v in noise(5)], first=90)
    while house.pipeline.storing.store():
        pass
    flags = stored(house)
    assert flags == {
        40: QualityFlag.SPIKE,
        67: QualityFlag.STUCK,
        68: QualityFlag.STUCK,
        69: QualityFlag.STUCK,
        90: QualityFlag.COMM_GAP | QualityFlag.STEP,
    }


def test_a_store_that_is_away_for_a_while_changes_no_flag(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = noise(60)
    values[40] = 1.9
    keep = type(house.readings).append
    refusing = iter([True, False] * 50)

    def append(store: object, batch: ReadingBatch) -> None:
        if next(refusing):
            raise StoreUnavailable("away")
        keep(store, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(type(house.readings), "append", append)
    for first in range(0, 60, 5):
        send(house, values[first : first + 5], first=first)
        house.pipeline.storing.store()
        house.pipeline.storing._retry_at = 0.0
        house.pipeline.storing.store()
    assert stored(house) == {40: QualityFlag.SPIKE}


def immature(house: House) -> dict[int, bool]:
    """Tell by day which readings were taken while the weather's share was being learnt."""
    bit = int(QualityFlag.IMMATURE_COMPENSATION)
    return {n * STEP // DAY_NS: bool(flag & bit) for n, flag in flags(house).items()}


def test_readings_are_of_immature_compensation_until_the_weather_is_learnt(house: House) -> None:
    day = DAY_NS // STEP
    for at in (0, 29, 31):
        send(house, noise(5), first=at * day)
        drain(house)
    assert immature(house) == {0: True, 29: True, 31: False}
    # hung up anew: it has to be learnt again, from then on
    house.records.register.put_segment(
        Segment("again", "C1", START_NS + 40 * DAY_NS, SegmentReason.REMOUNT), "test"
    )
    house.pipeline.storing._flagging._looked_s = 0.0
    for at in (39, 41, 69):
        send(house, noise(5), first=at * day)
        drain(house)
    assert immature(house) == {0: True, 29: True, 31: False, 39: False, 41: True, 69: True}
    # the thermometer is what is learnt from
    warm = ReadingBatch.of(["W1"], [START_NS], [20.0])
    assert house.pipeline.storing._flagging.flag(warm).flag.tolist() == [QualityFlag.OK]
