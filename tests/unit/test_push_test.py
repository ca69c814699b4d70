"""Which axis answers to a push."""

import math

import numpy as np
import pytest

from analytics.limits import load_profile
from domain.push_test import PushAnswer, PushRules, answer, azimuth_of

RULES = PushRules.from_profile(load_profile())
BEGAN = 1_000


def pushed(x: float, y: float, degrees: float, earlier: float | None = None) -> PushAnswer:
    """Ten readings at rest, five while pushed."""
    noise = np.random.default_rng(3).normal(0, 0.01, (2, 15))
    at = np.concatenate([BEGAN - np.arange(10, 0, -1), BEGAN + np.arange(5)]).astype(np.int64)
    held = np.where(at >= BEGAN, 1.0, 0.0)
    columns = {"x": (at, 1.0 + x * held + noise[0]), "y": (at, -2.0 + y * held + noise[1])}
    return answer(columns, BEGAN, degrees, RULES, 0.01, earlier)


@pytest.mark.parametrize("mount", range(0, 360, 45))
@pytest.mark.parametrize("degrees", [0.0, 90.0, 200.0])
def test_the_direction_comes_out_whatever_way_it_is_mounted(mount: int, degrees: float) -> None:
    angle = math.radians(degrees - mount)
    told = pushed(2 * math.cos(angle), 2 * math.sin(angle), degrees)
    assert told.x_azimuth_deg is not None
    assert abs((told.x_azimuth_deg - mount + 180) % 360 - 180) <= 2


def test_the_axis_and_its_sign_are_named() -> None:
    told = pushed(0.0, -1.5, 90.0)
    assert (told.axis, told.sign, told.between) == ("y", -1, False)
    assert told.x_azimuth_deg == pytest.approx(180.0, abs=2)
    assert pushed(1.0, 1.0, 90.0).between


def test_nothing_is_proposed_while_nothing_answers() -> None:
    told = pushed(0.02, 0.0, 90.0)
    assert (told.axis, told.x_azimuth_deg) == ("", None)


def test_a_second_push_at_right_angles_finds_a_y_that_hangs_the_wrong_way_round() -> None:
    first = pushed(2.0, 0.0, 0.0)
    right = pushed(0.0, 2.0, 90.0, first.x_azimuth_deg)
    wrong = pushed(0.0, -2.0, 90.0, first.x_azimuth_deg)
    assert (right.agrees, right.mirrored) == (True, False)
    assert (wrong.agrees, wrong.mirrored) == (False, True)
    # x told the truth
    assert wrong.x_azimuth_deg == first.x_azimuth_deg


def test_without_readings_at_rest_or_since_nothing_is_told() -> None:
    at = np.arange(BEGAN, BEGAN + 5, dtype=np.int64)
    assert answer({"x": (at, np.ones(5))}, BEGAN, 0.0, RULES).axis == ""
    assert answer({"x": (at - 100, np.ones(5))}, BEGAN, 0.0, RULES).axis == ""
    empty = np.empty(0, np.int64), np.empty(0)
    assert answer({"x": empty, "y": empty}, BEGAN, 0.0, RULES).axes[0].readings == 0


def test_a_sensor_with_one_axis_tells_its_direction_by_the_sign() -> None:
    at = np.arange(BEGAN - 5, BEGAN + 5, dtype=np.int64)
    told = answer({"x": (at, np.where(at < BEGAN, 0.0, -1.0))}, BEGAN, 30.0, RULES, 0.01)
    assert told.x_azimuth_deg == 210.0


def test_what_was_seen_by_eye_is_worked_out_the_same_way() -> None:
    assert [azimuth_of(90.0, axis, sign) for axis in "xy" for sign in (1, -1)] == [
        90.0, 270.0, 0.0, 180.0
    ]  # fmt: skip
