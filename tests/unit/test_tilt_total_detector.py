"""Total tilt: both axes together, by height and storeys, surveyed points only."""

import numpy as np
import pytest

from analytics.detectors.tilt_total import DETECTOR
from analytics.limits import load_profile
from domain.clock import HOUR_NS, MINUTE_NS
from domain.findings import Cause, Finding
from domain.limits import Level
from domain.readings import ReadingBatch, concat
from tests.unit.series import START_NS, House, building, point, readings, worst

PROFILE = load_profile()


def _pairs(
    x: float, y: float = 0.0, count: int = 5, start_h: int = 0, skew_ns: int = 0
) -> ReadingBatch:
    at = START_NS + (start_h + np.arange(count, dtype=np.int64)) * HOUR_NS
    taken = np.stack([at, at + skew_ns], axis=1).ravel()
    return ReadingBatch.of(["T1.x", "T1.y"] * count, taken, [x, y] * count, received_at=taken)


def _judged(x: float, y: float = 0.0, **facts: object) -> Level:
    house = House.of(PROFILE, "T1", absolute=True, building=building(**facts))
    return worst(house.run(DETECTOR(PROFILE), [_pairs(x, y)]))


@pytest.mark.parametrize(
    ("height_m", "storeys", "tilt", "level"),
    [
        (18.0, 6, 3.99, Level.NONE),
        (18.0, 6, 4.0, Level.BLUE),
        (18.0, 6, 7.0, Level.YELLOW),
        (18.0, 6, 9.99, Level.YELLOW),
        (18.0, 6, 10.0, Level.ORANGE),
        (18.0, 6, 20.0, Level.ORANGE),
        (18.0, 6, 20.01, Level.RED),
        (6.0, 2, 30.0, Level.ORANGE),
        (6.0, 2, 30.01, Level.RED),
        (6.0, 2, 20.01, Level.ORANGE),
        (24.0, 8, 3.0, Level.NONE),
        (24.1, 8, 3.0, Level.BLUE),
        (60.0, 20, 7.0, Level.ORANGE),
        (60.0, 20, 7.01, Level.RED),
        (60.1, 20, 2.5, Level.YELLOW),
        (60.1, 20, 5.01, Level.RED),
    ],
)
def test_the_limit_follows_height_and_storeys(
    height_m: float, storeys: int, tilt: float, level: Level
) -> None:
    assert _judged(tilt, height_m=height_m, storeys_above=storeys) is level


def test_seven_on_both_axes_is_nearly_ten() -> None:
    assert _judged(7.0, 7.0) is Level.YELLOW
    assert _judged(7.1, -7.1) is Level.ORANGE


def test_a_point_without_a_survey_is_not_judged() -> None:
    house = House.of(PROFILE, "T1", absolute=False)
    assert house.run(DETECTOR(PROFILE), [_pairs(25.0)]) == []


def test_axes_are_a_pair_only_when_read_within_half_an_interval() -> None:
    house = House.of(PROFILE, "T1", absolute=True)
    detector = DETECTOR(PROFILE)
    alone = readings("T1.x", [25.0] * 9, start_h=1)  # its other axis has fallen silent
    assert house.run(detector, [_pairs(1.0, count=1), alone]) == []
    (found,) = house.run(detector, [_pairs(25.0, start_h=10, skew_ns=29 * MINUTE_NS)])
    assert found.at_ns == START_NS + 12 * HOUR_NS + 29 * MINUTE_NS


def test_a_single_wild_reading_raises_nothing() -> None:
    house = House.of(PROFILE, "T1", absolute=True)
    batches = [_pairs(1.0), _pairs(40.0, count=2, start_h=5), _pairs(1.0, count=9, start_h=7)]
    assert house.run(DETECTOR(PROFILE), batches) == []


def test_a_level_falls_only_below_four_fifths_of_its_limit() -> None:
    house = House.of(PROFILE, "T1", absolute=True)
    detector = DETECTOR(PROFILE)
    assert worst(house.run(detector, [_pairs(7.1)])) is Level.YELLOW
    assert house.run(detector, [_pairs(5.61, start_h=5)]) == []
    (fallen,) = house.run(detector, [_pairs(5.59, start_h=10)])
    assert fallen.level is Level.BLUE
    (over,) = house.run(detector, [_pairs(3.1, start_h=15)])
    assert over.level is Level.NONE


def _with_cracks(structure: str, tilt: float, widths: list[float]) -> list[Finding]:
    house = House.of(PROFILE, "T1 C1 C2", absolute=True, building=building(structure=structure))
    cracks = [readings(f"C{n}", [width] * 5) for n, width in enumerate(widths, 1)]
    return house.run(DETECTOR(PROFILE), [concat(cracks), _pairs(tilt, start_h=6)])


@pytest.mark.parametrize(
    ("structure", "tilt", "widths", "level"),
    [
        ("masonry", 10.01, [10.01, 0.0], Level.RED),  # F3: one over 10 mm
        ("masonry", 10.01, [10.0, 0.0], Level.ORANGE),
        ("masonry", 10.0, [12.0, 0.0], Level.ORANGE),  # the tilt must pass 1 %
        ("masonry", 10.01, [5.01, 1.0], Level.RED),  # F3: several, the widest over 5 mm
        ("masonry", 10.01, [5.0, 5.0], Level.ORANGE),
        ("concrete", 10.01, [0.31, 0.0], Level.RED),  # F4: visibly cracked
        ("concrete", 10.01, [0.3, 0.3], Level.ORANGE),
        ("steel", 10.01, [12.0, 12.0], Level.ORANGE),
    ],
)
def test_tilt_over_one_percent_beside_settlement_cracks_is_red(
    structure: str, tilt: float, widths: list[float], level: Level
) -> None:
    assert worst(_with_cracks(structure, tilt, widths)) is level


def test_a_crack_of_a_partition_does_not_count_beside_the_tilt() -> None:
    house = House.of(PROFILE, "T1", absolute=True)
    house.points = {**house.points, "C1": point("C1", absolute=True, load_bearing=False)}
    batches = [readings("C1", [12.0] * 5), _pairs(11.0, start_h=6)]
    assert worst(house.run(DETECTOR(PROFILE), batches)) is Level.ORANGE


def test_a_finding_carries_all_that_is_needed_to_check_it() -> None:
    house = House.of(PROFILE, "T1", absolute=True)
    (found,) = house.run(DETECTOR(PROFILE), [_pairs(3.0, 4.0)])
    assert (found.rule, found.cause, found.subject) == ("tilt.total.h24", Cause.TILT, "T1")
    assert (found.value, found.limit, found.unit) == (5.0, 4.0, "‰")
    assert found.channels == ("T1.x", "T1.y")
    assert found.started_ns == START_NS
    assert found.at_ns == START_NS + 2 * HOUR_NS
    assert found.source == "GB 50007-2011 t.5.3.4"
    assert found.profile == "default-2026@1"
    assert dict(found.details) == {"x": 3.0, "y": 4.0}
