"""Peak velocity against the table of its building, at its own frequency."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analytics.detectors.peak_velocity import DETECTOR
from analytics.limits import load_profile
from domain.buildings import HeritageClass
from domain.clock import HOUR_NS, MINUTE_NS, SECOND_NS
from domain.findings import Cause, Finding
from domain.limits import Level
from domain.readings import ReadingBatch
from domain.views import WatchedChannel, WatchedPoint
from domain.waves import WAVE_AXIS
from tests.unit.series import GATEWAY, START_NS, House, building, point, worst

PROFILE = load_profile()


def _shakes(
    peak: float, frequency: float | None, count: int = 4, start_h: float = 0.0, name: str = "V1"
) -> ReadingBatch:
    at = START_NS + round(start_h * HOUR_NS) + np.arange(count, dtype=np.int64) * HOUR_NS
    if frequency is None:
        return ReadingBatch.of([f"{name}.ppv"] * count, at, [peak] * count, received_at=at)
    both = np.repeat(at, 2)
    return ReadingBatch.of(
        [f"{name}.ppv", f"{name}.frequency"] * count, both, [peak, frequency] * count,
        received_at=both,
    )  # fmt: skip


def _found(
    peak: float, frequency: float | None = 8.0, storey: int | None = 1, **facts: Any
) -> list[Finding]:
    house = House(PROFILE, {"V1": point("V1", storey=storey)}, building=building(**facts))
    detector = DETECTOR(PROFILE)
    found = house.run(detector, [_shakes(peak, frequency)])
    return found + house.look(detector, ReadingBatch.empty(), START_NS + 9 * HOUR_NS)


@pytest.mark.parametrize(
    ("peak", "level"),
    [
        (0.99, Level.NONE),
        (1.0, Level.BLUE),
        (1.4, Level.YELLOW),
        (1.8, Level.ORANGE),
        (1.99, Level.ORANGE),
        (2.0, Level.RED),
    ],
)
def test_the_share_of_the_limit_gives_the_level(peak: float, level: Level) -> None:
    assert worst(_found(peak)) is level


@pytest.mark.parametrize(
    ("facts", "frequency", "table", "limit"),
    [
        ({}, 30.0, "gb50868.traffic.residential.foundation", 3.5),
        ({"substandard": True}, 30.0, "gb50868.traffic.residential.foundation", 2.45),
        ({"use": "public"}, 10.0, "gb50868.traffic.industrial-public.foundation", 5.0),
        ({"works_nearby": True}, 10.0, "gb50868.piling.residential.foundation", 3.0),
        ({"heritage": HeritageClass.COUNTY}, 10.0, "gbt50452.brick.county.top", 0.45),
        (
            {"heritage": HeritageClass.NATIONAL, "structure": "timber", "works_nearby": True},
            90.0,
            "gbt50452.timber.national.top",
            0.18,
        ),
    ],
)
def test_one_table_is_picked_by_use_works_and_heritage(
    facts: dict[str, Any], frequency: float, table: str, limit: float
) -> None:
    (found,) = _found(limit, frequency, **facts)
    assert found.level is Level.RED
    assert found.limit == pytest.approx(limit)
    assert dict(found.details)["table"] == table
    assert found.cause is Cause.VIBRATION
    assert found.source in {t.source for t in PROFILE.tables if t.id == table}


def test_the_top_floor_has_its_own_row() -> None:
    (found,) = _found(5.0, 8.0, storey=6)
    assert dict(found.details)["table"] == "gb50868.traffic.residential.top"
    assert found.limit == pytest.approx(5.0)


def test_a_peak_without_frequency_meets_the_strictest_point_and_says_so() -> None:
    (found,) = _found(2.0, None)
    assert found.level is Level.RED
    assert dict(found.details)["frequency"] == "strictest of the table"


def test_a_frequency_that_arrives_later_still_counts() -> None:
    house = House.of(PROFILE, "V1")
    detector = DETECTOR(PROFILE)
    for n in range(4):
        peak = _shakes(4.0, 50.0, 1, n)
        assert house.run(detector, [peak.take(np.array([0]))]) == []
        house.run(detector, [peak.take(np.array([1]))])
    assert worst(house.found) is Level.YELLOW  # 80 % of 5 mm/s, not 200 % of 2 mm/s


def test_a_peak_waits_for_its_frequency_only_two_minutes() -> None:
    house = House.of(PROFILE, "V1")
    detector = DETECTOR(PROFILE)
    house.run(detector, [_shakes(4.0, 8.0, 2)])
    last = _shakes(4.0, None, 1, 2)
    house.run(detector, [last])
    at_ns = int(last.taken_at[0])
    assert house.look(detector, ReadingBatch.empty(), at_ns + 119 * SECOND_NS) == []
    assert worst(house.look(detector, ReadingBatch.empty(), at_ns + 3 * MINUTE_NS)) is Level.RED


def test_a_single_knock_raises_nothing() -> None:
    house = House.of(PROFILE, "V1")
    batches = [_shakes(0.2, 20.0), _shakes(9.0, 8.0, 2, 4), _shakes(0.2, 20.0, 9, 6)]
    assert house.run(DETECTOR(PROFILE), batches) == []


def test_a_second_point_that_shakes_at_the_same_time_confirms_at_once() -> None:
    house = House.of(PROFILE, "V1 V2")
    found = house.run(DETECTOR(PROFILE), [_shakes(3.0, 8.0, 1), _shakes(3.0, 8.0, 1, name="V2")])
    assert [(f.subject, f.level) for f in found] == [("V2", Level.RED)]


def test_it_is_over_when_the_shaking_ends() -> None:
    house = House.of(PROFILE, "V1")
    found = house.run(DETECTOR(PROFILE), [_shakes(3.0, 8.0), _shakes(0.2, 20.0, 4, 4)])
    assert [f.level for f in found] == [Level.RED, Level.NONE]


# a point with three axes, as waveforms give them


def _triaxial(name: str, interval_s: int = 60) -> WatchedPoint:
    """A point with a waveform: largest peak, and peak and frequency of each axis."""
    plain = point(name, storey=1, interval_s=interval_s)
    axes = {WAVE_AXIS: ("acceleration", WAVE_AXIS)}
    for letter in ("", ".x", ".y", ".z"):
        axes[f"ppv{letter}"] = ("peak_velocity", f"ppv{letter}")
        axes[f"frequency{letter}"] = ("frequency", f"frequency{letter}")
    channels = {
        axis: WatchedChannel(f"{name}.{axis}", name, GATEWAY, kind, axis, interval_s)
        for axis, (kind, _) in axes.items()
    }
    return replace(plain, axes=channels)


def _block(
    peaks: tuple[float, ...], hertz: tuple[float, ...], minute: float = 0.0, name: str = "V1"
) -> ReadingBatch:
    """What one block comes to, in the order in which the pipeline writes it."""
    at_ns = START_NS + round(minute * MINUTE_NS)
    worst = int(np.argmax(peaks))
    letters = ["", ".x", ".y", ".z"][: len(peaks) + 1]
    channels = [f"{name}.{kind}{letter}" for letter in letters for kind in ("ppv", "frequency")]
    values: list[float] = []
    for peak, hz in [(peaks[worst], hertz[worst]), *zip(peaks, hertz, strict=True)]:
        values += [peak, hz]
    at = np.full(len(values), at_ns, np.int64)
    return ReadingBatch.of(channels, at, values, received_at=at)


def _house(*names: str, **facts: Any) -> House:
    return House(PROFILE, {name: _triaxial(name) for name in names}, building=building(**facts))


def test_each_axis_meets_the_limit_at_its_own_frequency_and_the_largest_share_counts() -> None:
    house = _house("V1")
    # x 1.9 mm/s at 8 Hz is 95 % of 2; y 3 at 50 Hz is 60 % of 5; z 4 at 100 Hz is 57 % of 7
    blocks = [_block((1.9, 3.0, 4.0), (8.0, 50.0, 100.0), minute) for minute in range(4)]
    (found,) = house.run(DETECTOR(PROFILE), blocks)
    assert found.level is Level.ORANGE
    assert (found.value, found.subject) == (1.9, "V1")
    details = dict(found.details)
    assert (details["axis"], details["frequency_hz"]) == ("x", 8.0)
    assert details["share_percent"] == pytest.approx(95.0)


def test_the_largest_peak_of_all_is_not_judged_beside_its_axes() -> None:
    house = _house("V1")
    at = np.full(2, START_NS, np.int64)
    for minute in range(5):
        moment = at + minute * MINUTE_NS
        lone = ReadingBatch.of(["V1.ppv", "V1.frequency"], moment, [9.0, 8.0], received_at=moment)
        assert house.run(DETECTOR(PROFILE), [lone]) == []


def test_three_axes_of_one_instrument_are_no_second_point() -> None:
    house = _house("V1")
    blocks = [_block((9.0, 9.0, 9.0), (8.0, 8.0, 8.0)), _block((0.1, 0.1, 0.1), (9, 9, 9), 1)]
    assert house.run(DETECTOR(PROFILE), blocks) == []


def test_a_knock_that_two_instruments_send_one_after_the_other_is_one_knock() -> None:
    house = _house("V1", "V2")
    detector = DETECTOR(PROFILE)
    quiet = ((0.1, 0.1, 0.1), (20.0, 20.0, 20.0))
    loud = ((3.0, 2.0, 1.0), (8.0, 8.0, 8.0))
    house.run(detector, [_block(*quiet, 0), _block(*loud, 1), _block(*quiet, 2)])
    batches = [_block(*p, minute, "V2") for minute, p in enumerate((quiet, loud))]
    found = house.run(detector, batches)
    assert [(f.subject, f.level) for f in found] == [("V2", Level.RED)]


def test_an_axis_whose_frequency_is_missing_waits_and_then_meets_the_strictest_point() -> None:
    house = _house("V1")
    detector = DETECTOR(PROFILE)
    for minute in range(4):
        batch = _block((2.0, 0.1, 0.1), (50.0, 50.0, 50.0), minute)
        without = batch.take(np.array([0, 1, 2, 4, 5, 6, 7]))  # no frequency.x
        assert batch.channels[batch.channel[3]] == "V1.frequency.x"
        house.run(detector, [without])
    late = house.look(detector, ReadingBatch.empty(), START_NS + 9 * MINUTE_NS)
    assert worst([*house.found, *late]) is Level.RED
    assert dict(house.found[-1].details)["frequency"] == "strictest of the table"


@pytest.mark.parametrize(
    ("facts", "family"),
    [
        ({}, "gb50868.traffic"),
        ({"works_nearby": True}, "gb50868.piling"),
        ({"heritage": HeritageClass.COUNTY}, "gbt50452"),
    ],
)
def test_the_axes_of_a_block_are_held_against_one_family_of_tables(
    facts: dict[str, Any], family: str
) -> None:
    house = _house("V1", **facts)
    peaks = [_block((30.0, 20.0, 25.0), (5.0, 30.0, 80.0), minute) for minute in range(4)]
    found = house.run(DETECTOR(PROFILE), peaks)
    assert {str(dict(f.details)["table"]).startswith(family) for f in found} == {True}


def test_a_state_of_an_older_form_is_taken_over() -> None:
    detector = DETECTOR(PROFILE)
    old = {"V1": {"peak": None, "frequency": [START_NS, 8.0], "judged": START_NS, "standing": None,
                  "last": None}}  # fmt: skip
    house = House.of(PROFILE, "V1")
    house.states[detector.name] = old
    assert worst(house.run(detector, [_shakes(3.0, 8.0, 4, 1.0)])) is Level.RED
