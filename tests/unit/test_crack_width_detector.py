"""Surveyed crack widths against the widths of dangerous members."""

import pytest

from analytics.detectors.crack_width import DETECTOR
from analytics.limits import load_profile
from domain.limits import Level
from tests.unit.series import House, building, point, readings, worst

PROFILE = load_profile()


def _run(values: list[float], structure: str = "masonry", **changes: bool) -> Level:
    house = House(PROFILE, {"C1": point("C1", **{"absolute": True, **changes})})
    house.building = building(structure=structure)
    return worst(house.run(DETECTOR(PROFILE), [readings("C1", values)]))


@pytest.mark.parametrize(
    ("start", "end", "structure", "level"),
    [
        (0.5, 1.0, "masonry", Level.NONE),  # M1 says over 1.0 mm
        (0.5, 1.01, "masonry", Level.RED),
        (0.55, 1.01, "masonry", Level.YELLOW),  # grown by less than half a millimetre
        (0.8, 1.1, "masonry", Level.NONE),  # what a season may do
        (0.1, 0.55, "concrete", Level.YELLOW),  # C2, C7: member not known
        (0.1, 1.01, "concrete", Level.RED),
        (0.1, 5.0, "timber", Level.NONE),
    ],
)
def test_a_width_is_judged_by_structure_and_growth(
    start: float, end: float, structure: str, level: Level
) -> None:
    assert _run([start] * 5 + [end] * 5, structure) is level


def test_a_width_that_the_survey_found_is_the_appraisers_to_judge() -> None:
    assert _run([1.4] * 5 + [1.95] * 5) is Level.NONE


def test_a_crack_without_survey_or_in_a_partition_is_left_out() -> None:
    assert _run([0.2] * 5 + [3.0] * 5, absolute=False) is Level.NONE
    assert _run([0.2] * 5 + [3.0] * 5, load_bearing=False) is Level.NONE


def test_wild_readings_raise_nothing() -> None:
    assert _run([0.2] * 5 + [3.0, 3.0, 0.2, 0.2, 0.2, 3.0, 0.2, 0.2]) is Level.NONE
