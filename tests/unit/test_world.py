"""The columnar world: the same seed gives the same years, and labels say what was put in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from domain.readings import Floats
from simulators.labels import read_labels, write_labels
from simulators.sky import lagged, make_sky
from simulators.world import START_NS, World, sensors
from simulators.world_events import EVENTS
from simulators.world_faults import Fault, spoil, zero_moved
from simulators.world_ranges import WorldRanges, world_ranges

SEED = 41
PER_DAY = 12


def short(days: int = 500) -> WorldRanges:
    """The world's ranges with fewer days, all else the same."""
    ranges = world_ranges()
    return replace(
        ranges,
        days=days,
        learning_days=200,
        events=replace(ranges.events, watched_days=200),
    )


def pair(event: str, size: float = 1.0) -> tuple[World, World]:
    """Three sensors with an event and the same three, their draws the same, with one of size 0."""
    with_it = sensors(SEED, 3, event=event, size=size, usual=False, ranges=short())
    without = sensors(SEED, 3, event=event, size=0.0, usual=False, ranges=short())
    return with_it, without


def moved(event: str, number: int, size: float = 1.0) -> tuple[Floats, int, float]:
    """What an event added to one sensor, its first bin, and U."""
    with_it, without = pair(event, size)
    label = with_it.events()[with_it.series[number].channel_id]
    change = with_it.series[number].value - without.series[number].value
    return change, label.start, short().kinds[with_it.series[number].kind].concern


def test_the_same_seed_gives_the_same_years() -> None:
    first, second = sensors(SEED, 2, ranges=short()), sensors(SEED, 2, ranges=short())
    other = sensors(SEED + 1, 2, ranges=short())
    for one, same, another in zip(first.series, second.series, other.series, strict=True):
        np.testing.assert_array_equal(one.value, same.value)
        np.testing.assert_array_equal(one.covariates["own"], same.covariates["own"])
        assert one.starts == same.starts
        assert not np.array_equal(one.value, another.value, equal_nan=True)
    assert first.labels == second.labels


def test_the_sky_is_nanchang_like() -> None:
    random = np.random.default_rng(SEED)
    sky = make_sky(world_ranges().sky, random, START_NS, 3 * 365 * PER_DAY, 2.0)
    assert 17.0 < sky.air.mean() < 19.0
    months = sky.air.reshape(36, -1).mean(axis=1)
    assert months.max() > 26.0
    assert months.min() < 10.0
    assert 900.0 < sky.rain.sum() / 3 < 2200.0
    assert sky.sun.min() == 0.0
    assert 0.5 < sky.sun.max() <= 1.0


def test_a_lag_delays_and_keeps_the_mean() -> None:
    wave = np.sin(np.arange(2000) * 2 * np.pi / 200)
    behind = lagged(wave, 20.0, 2.0)
    # a first-order lag of 10 steps on a period of 200: atan(2π·10/200) of a turn later
    shift = int(np.argmax([np.dot(wave[200:1600], behind[200 + n : 1600 + n]) for n in range(40)]))
    assert shift == pytest.approx(np.arctan(2 * np.pi / 20) * 200 / (2 * np.pi), abs=1.0)
    np.testing.assert_allclose(lagged(np.full(50, 3.0), 48.0, 2.0), 3.0)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_step_moves_by_its_size_from_its_bin_on(number: int) -> None:
    change, start, concern = moved("step", number)
    resolution = (0.01, 0.01, 0.05)[number]
    np.testing.assert_array_equal(change[:start], 0.0)
    np.testing.assert_allclose(np.abs(change[start:]), concern, atol=1.01 * resolution)
    assert len(set(np.sign(change[start:]).tolist())) == 1


def test_half_the_size_moves_half_as_far() -> None:
    change, start, concern = moved("step", 2, 0.5)
    np.testing.assert_allclose(np.abs(change[start:]), concern / 2, atol=0.051)


def test_labels_tell_first_bin_and_largest_change() -> None:
    with_it, without = pair("slow")
    for one, other in zip(with_it.series, without.series, strict=True):
        label = with_it.events()[one.channel_id]
        change = one.value - other.value
        assert np.abs(change[: label.start]).max() == 0.0
        assert change[-1] == pytest.approx(label.size, abs=0.06)
        assert label.end == len(one.value)
        assert 200 * PER_DAY <= label.start < 300 * PER_DAY


def test_drift_and_slow_reach_their_size_in_their_days_and_stop() -> None:
    ranges = world_ranges().events
    days = np.array([-1.0, 0.0, 15.0, 30.0, 90.0, 200.0])
    np.testing.assert_allclose(EVENTS["drift"](days, ranges), [0, 0, 0.5, 1, 3, 3])
    days = np.array([-1.0, 60.0, 120.0, 400.0])
    np.testing.assert_allclose(EVENTS["slow"](days, ranges), [0, 0.5, 1, 3])


def test_the_inverse_velocity_of_an_acceleration_falls_on_a_straight_line_to_failure() -> None:
    ranges = world_ranges().events
    days = np.arange(0.0, 119.0, 0.5)
    course = EVENTS["acceleration"](days, ranges)
    inverse = 1.0 / np.gradient(course, days)[1:-1]
    slope, at_zero = np.polyfit(days[1:-1], inverse, 1)
    assert -at_zero / slope == pytest.approx(ranges.failure_days, abs=0.5)
    reached = EVENTS["acceleration"](np.array([ranges.reached * ranges.failure_days]), ranges)
    assert reached[0] == pytest.approx(1.0)
    after = EVENTS["acceleration"](np.array([119.999, 120.0, 150.0]), ranges)
    assert np.isfinite(after).all()


def test_faults_do_what_their_labels_say() -> None:
    world = sensors(SEED, 6, ranges=short())
    by_id = {one.channel_id: one for one in world.series}
    faults = [label for label in world.labels if label.nature == "fault"]
    assert {label.name for label in faults} == {"spikes", "stuck", "gap", "restart_offset"}
    for label in faults:
        one = by_id[label.channel_id]
        if label.name == "gap":
            assert np.isnan(one.value[label.start : label.end]).all()
            assert np.isnan(one.covariates["own"][label.start : label.end]).all()
        if label.name == "restart_offset":
            assert label.start in one.starts
        if label.name == "stuck":
            held = one.value[label.start : label.end]
            apart = [f for f in faults if f.channel_id == label.channel_id and f is not label]
            if not any(f.start < label.end and f.end > label.start for f in apart):
                assert len(set(held.tolist())) == 1


def test_each_fault_touches_its_bins_only() -> None:
    values = np.arange(8.0)
    faults = [Fault("stuck", 2, 4), Fault("spikes", 5, 6, -3.0), Fault("gap", 6, 8)]
    np.testing.assert_array_equal(spoil(values, faults), [0, 1, 1, 1, 4, 2, np.nan, np.nan])
    np.testing.assert_array_equal(values, np.arange(8.0))
    steps = zero_moved([Fault("restart_offset", 1, 2, 0.5), Fault("restart_offset", 3, 4, 1)], 5)
    np.testing.assert_array_equal(steps, [0, 0.5, 0.5, 1.5, 1.5])


def test_a_gap_at_the_end_ends_with_the_series() -> None:
    world = sensors(SEED, 12, ranges=short())
    assert all(0 < label.start < label.end <= 500 * PER_DAY for label in world.labels)


def test_labels_come_back_from_their_own_file(tmp_path: Path) -> None:
    labels = sensors(SEED, 2, event="drift", ranges=short()).labels
    write_labels(labels, tmp_path / "labels.json")
    assert read_labels(tmp_path / "labels.json") == labels
