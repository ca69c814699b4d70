"""What the building page says of own frequencies: a day's mean, and its change."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.clock import DAY_NS, HOUR_NS
from domain.readings import ReadingBatch
from domain.sensors import Channel
from tests.api_city import NOW_NS, City, assessed, make_city
from web.own_frequencies import own_frequencies
from web.words import Words

ZH = Words("zh")


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = make_city(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sensor(city: City) -> str:
    """The id of a sensor that two modes hang on."""
    register = city.records.register
    sensor = next(s for s in register.site("b-near").sensors if s.active)
    for axis in ("modal.1", "modal.2"):
        channel = Channel(f"m.{axis}", sensor.id, sensor.gateway_id, axis, "frequency", "Hz", axis)
        register.put_channel(channel, "test")
    return sensor.id


def said(city: City, **changes: object) -> list[tuple[int, str, str]]:
    building = city.records.register.building("b-near")
    assert building is not None
    verdicts = ()
    if changes:
        (one, *_) = assessed("near").assessment.verdicts
        verdicts = (replace(one, channel_id="m.modal.1", kind="frequency", unit="%", **changes),)
    found = own_frequencies(city.services, building, verdicts, ZH)
    return [(one.mode, one.text, one.change) for one in found]


def read(city: City, axis: str, hours_ago: list[int], value: float) -> None:
    at = [NOW_NS - h * HOUR_NS for h in hours_ago]
    rows = ReadingBatch.of([f"m.{axis}"] * len(at), at, [value] * len(at), received_at=NOW_NS)
    city.services.readings.append(rows)


def test_it_is_the_mean_of_the_newest_day(city: City, sensor: str) -> None:
    read(city, "modal.1", [60, 50, 40], 9.9)
    read(city, "modal.1", [2, 3, 4], 3.4)
    read(city, "modal.1", [1], 3.52)
    read(city, "modal.2", [1], 0.5124)
    assert said(city) == [(1, "3.43 Hz", ""), (2, "0.512 Hz", "")]


def test_a_change_is_told_with_its_beginning_and_none_as_none(city: City, sensor: str) -> None:
    read(city, "modal.1", [1], 3.42)
    ((_, _, change),) = said(city, effect=-1.23, since_ns=NOW_NS - 5 * DAY_NS)
    assert "−1.2 %" in change
    assert "起" in change
    ((_, _, change),) = said(city, effect=-0.1, since_ns=None)
    assert change == "扣除天气与振幅影响后无变化"


def test_what_is_old_or_was_never_found_is_not_shown(city: City, sensor: str) -> None:
    assert said(city) == []
    read(city, "modal.1", [73], 3.42)
    assert said(city) == []
