"""A building's own frequencies: found on a frame whose frequencies are known, or not told."""

from dataclasses import replace

import numpy as np
import pytest

from analytics.assessment.model import load_model
from analytics.assessment.modes import NotTold, Record, modes_of
from analytics.assessment.modes_record import joined
from analytics.assessment.modes_track import Tracks, tracked
from analytics.assessment.subspace import subspace_known
from domain.clock import SECOND_NS
from domain.readings import QualityFlag
from domain.waves import WaveBlock
from simulators.frame import Frame
from tests.waves import START_NS, block

NUMBERS = load_model("modes-2026")
FRAME = Frame.alike(5, 1.5)
RATE_HZ = 50.0
FLOORS = tuple(f"F{n}.wave" for n in range(1, 6))
WAYS = [
    pytest.param(
        True, marks=pytest.mark.skipif(not subspace_known(), reason="the extra is not installed")
    ),
    False,
]


def record(seed: int = 1, frame: Frame = FRAME, seconds: float = 600.0) -> Record:
    random = np.random.default_rng(seed)
    return Record(FLOORS, RATE_HZ, frame.shaken(random, seconds, RATE_HZ))


def blocks(
    samples: np.ndarray, seconds: float = 10.0, shift_ns: dict[int, int] | None = None
) -> dict[str, list[WaveBlock]]:
    size = round(seconds * RATE_HZ)
    found: dict[str, list[WaveBlock]] = {}
    for row, name in enumerate(FLOORS):
        start_ns = START_NS + (shift_ns or {}).get(row, 0)
        found[name] = [
            block(
                samples[row, at : at + size], RATE_HZ, channel=name,
                start_ns=start_ns + round(at / RATE_HZ * SECOND_NS),
            )
            for at in range(0, samples.shape[1], size)
        ]  # fmt: skip
    return found


@pytest.mark.parametrize("subspace", WAYS)
def test_the_first_two_frequencies_are_found_within_a_percent(subspace: bool) -> None:
    for seed in (1, 2):
        found = modes_of(record(seed), NUMBERS, subspace=subspace)
        assert found.reason is None
        assert found.way == ("subspace" if subspace else "spectrum")
        hertz = [mode.frequency_hz for mode in found.modes[:2]]
        assert hertz == pytest.approx(FRAME.frequencies_hz[:2], rel=0.01)


@pytest.mark.skipif(not subspace_known(), reason="the extra is not installed")
def test_damping_and_shape_are_those_of_the_frame() -> None:
    first = modes_of(record(), NUMBERS).modes[0]
    assert first.damping == pytest.approx(0.01, abs=0.006)
    true = FRAME.modes()[1][:, 0]
    assert np.abs(first.shape) == pytest.approx(np.abs(true / true[-1]), abs=0.05)
    assert first.apart is not None
    assert first.apart < 0.02


@pytest.mark.skipif(not subspace_known(), reason="the extra is not installed")
def test_two_directions_that_swing_at_nearly_the_same_pace_are_two_modes() -> None:
    random = np.random.default_rng(1)
    along, across = (
        Frame.alike(5, hertz, 0.012).shaken(random, 600.0, RATE_HZ) for hertz in (2.0, 2.12)
    )
    rows = np.vstack([along + 0.15 * across, across + 0.1 * along])
    # a machine on the roof hums: no mode
    rows += 2e-4 * np.sin(2 * np.pi * 4.9 * np.arange(rows.shape[1]) / RATE_HZ)
    names = tuple(f"{axis}{floor}" for axis in "xy" for floor in range(5))
    found = modes_of(Record(names, RATE_HZ, rows), NUMBERS)
    hertz = [mode.frequency_hz for mode in found.modes]
    assert hertz[:2] == pytest.approx([2.0, 2.12], rel=0.01)
    assert not any(4.8 < one < 5.0 for one in hertz)


@pytest.mark.parametrize("subspace", WAYS)
def test_three_percent_less_stiffness_lowers_the_first_frequency_by_half_as_much(
    subspace: bool,
) -> None:
    weak = FRAME.weakened(0.03)
    before, after = (
        np.mean(
            [
                modes_of(record(s, f, 300.0), NUMBERS, subspace=subspace).modes[0].frequency_hz
                for s in range(2)
            ]
        )
        for f in (FRAME, weak)
    )
    # the same pushes on both: the scatter of an hour goes out
    assert after / before - 1.0 == pytest.approx(-0.015, abs=0.004)


def test_noise_alone_has_no_frequency() -> None:
    noise = np.random.default_rng(1).standard_normal((5, 30_000))
    found = modes_of(Record(FLOORS, RATE_HZ, noise), NUMBERS)
    assert (found.modes, found.reason in {NotTold.NO_PEAK, NotTold.DISAGREE}) == ((), True)


def test_a_dead_sensor_is_named() -> None:
    one = record()
    for dead in (0.0, 9.81):
        samples = one.samples.copy()
        samples[2] = dead
        found = modes_of(replace(one, samples=samples), NUMBERS)
        assert (found.modes, found.reason, found.about) == ((), NotTold.DEAD_SENSOR, FLOORS[2])


def test_a_sensor_whose_clock_is_off_unknowingly_is_seen_by_its_phase() -> None:
    one = record()
    samples = np.stack([*one.samples[:4], np.roll(one.samples[4], 9)])  # 0.18 s
    found = modes_of(replace(one, samples=samples), NUMBERS)
    assert (found.modes, found.reason) == ((), NotTold.UNSYNCHRONISED)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"rate_hz": 20.0}, NotTold.WRONG_RATE),
        ({"rate_hz": float("nan")}, NotTold.WRONG_RATE),
        ({"channels": FLOORS[:2], "samples": np.ones((2, 30_000))}, NotTold.FEW_CHANNELS),
        ({"samples": np.ones((5, 11_999))}, NotTold.TOO_SHORT),
        ({"samples": np.full((5, 30_000), np.nan)}, NotTold.MISSING_BLOCK),
    ],
)
def test_what_cannot_be_used_says_why(changed: dict[str, object], reason: NotTold) -> None:
    found = modes_of(replace(record(seconds=1.0), **changed), NUMBERS)  # type: ignore[arg-type]
    assert (found.modes, found.reason) == ((), reason)


def test_blocks_come_to_the_record_they_were_cut_from() -> None:
    one = record(seconds=300.0)
    parts = blocks(one.samples)
    for channel in parts:
        parts[channel] = [*parts[channel][::-1], parts[channel][3]]
    made = joined(parts, FLOORS, NUMBERS)
    assert isinstance(made, Record)
    assert made.channels == tuple(f"{name}.x" for name in FLOORS)
    assert made.samples == pytest.approx(one.samples[:, :14_999], rel=1e-6, abs=1e-8)


def test_a_missing_block_is_told_with_its_channel() -> None:
    parts = blocks(record(seconds=300.0).samples)
    del parts[FLOORS[1]][7]
    assert joined(parts, FLOORS, NUMBERS) == (NotTold.MISSING_BLOCK, FLOORS[1])
    del parts[FLOORS[1]]
    assert joined(parts, FLOORS, NUMBERS) == (NotTold.MISSING_BLOCK, FLOORS[1])


def test_a_few_samples_of_difference_are_aligned() -> None:
    samples = record(seconds=300.0).samples
    made = joined(blocks(samples, shift_ns={0: 3 * 20_000_000}), FLOORS, NUMBERS)
    assert isinstance(made, Record)
    assert made.samples[0] == pytest.approx(samples[0, : made.samples.shape[1]], rel=1e-6)
    assert made.samples[1] == pytest.approx(samples[1, 3 : 3 + made.samples.shape[1]], rel=1e-6)


def test_clocks_that_are_known_to_be_apart_are_told() -> None:
    samples = record(seconds=300.0).samples
    apart = joined(blocks(samples, shift_ns={4: 200 * SECOND_NS}), FLOORS, NUMBERS)
    assert isinstance(apart, tuple)
    assert apart[0] is NotTold.UNSYNCHRONISED
    parts = blocks(samples)
    flag = int(QualityFlag.CLOCK)
    parts[FLOORS[0]] = [replace(one, flag=flag) for one in parts[FLOORS[0]]]
    assert joined(parts, FLOORS, NUMBERS) == (NotTold.UNSYNCHRONISED, FLOORS[0])


def test_a_rate_that_is_another_than_told_is_told() -> None:
    parts = blocks(record(seconds=300.0).samples)
    parts[FLOORS[3]] = [replace(one, rate_hz=51.0) for one in parts[FLOORS[3]]]
    assert joined(parts, FLOORS, NUMBERS) == (NotTold.WRONG_RATE, FLOORS[3])
    parts = blocks(record(seconds=300.0).samples)
    # 0.4 % slow: 40 ms a block
    parts[FLOORS[2]] = [
        replace(one, start_ns=one.start_ns + 40_000_000 * n)
        for n, one in enumerate(parts[FLOORS[2]])
    ]
    assert joined(parts, FLOORS, NUMBERS) == (NotTold.WRONG_RATE, FLOORS[2])


def test_too_few_minutes_are_too_short_for_everybody() -> None:
    parts = blocks(record(seconds=120.0).samples)
    assert joined(parts, FLOORS, NUMBERS) == (NotTold.TOO_SHORT, "")


def test_no_accelerometers_are_too_few() -> None:
    assert joined({}, (), NUMBERS) == (NotTold.FEW_CHANNELS, "")


def test_modes_are_numbered_after_a_day_and_keep_their_numbers() -> None:
    known, told = Tracks(), {}
    for hour in range(30):
        frame = FRAME if hour < 27 else FRAME.weakened(0.3)
        found = modes_of(record(hour, frame, 240.0), NUMBERS, subspace=False)
        if hour % 9 == 4:  # an hour without the first mode
            found = replace(found, modes=found.modes[1:])
        told, known = tracked(found, FLOORS, known, NUMBERS)
        assert set(told) == (set() if hour < 23 else {1, 2})
    # a fall by a sixth, and it is still the first one
    assert told[1].frequency_hz == pytest.approx(FRAME.frequencies_hz[0] * 0.7**0.5, rel=0.01)


def test_a_mode_that_is_seen_for_an_hour_gets_no_number() -> None:
    known = Tracks()
    usual = modes_of(record(1), NUMBERS, subspace=False)
    shape = usual.modes[0].shape * np.array([1, -1, 1, -1, 1])
    ghost = replace(usual.modes[0], frequency_hz=0.9, shape=shape)
    for hour in range(40):
        found = replace(usual, modes=(ghost, *usual.modes)) if hour % 10 == 5 else usual
        told, known = tracked(found, FLOORS, known, NUMBERS)
        if hour >= 23:
            assert told[1] is usual.modes[0]


def test_what_tells_nothing_changes_nothing() -> None:
    usual = modes_of(record(1), NUMBERS, subspace=False)
    _, known = tracked(usual, FLOORS, Tracks(), NUMBERS)
    nothing = replace(usual, modes=(), reason=NotTold.NO_PEAK)
    assert tracked(nothing, FLOORS, known, NUMBERS) == ({}, known)


def test_a_sensor_more_does_not_begin_the_count_anew() -> None:
    usual = modes_of(record(1), NUMBERS, subspace=False)
    fewer = replace(usual, modes=tuple(replace(mode, shape=mode.shape[:4]) for mode in usual.modes))
    known = Tracks()
    for _ in range(24):
        _, known = tracked(fewer, FLOORS[:4], known, NUMBERS)
    told, known = tracked(usual, FLOORS, known, NUMBERS)
    assert set(told) == {1, 2}
    other = tuple(f"G{n}" for n in range(5))
    told, known = tracked(usual, other, known, NUMBERS)
    assert (told, known.records) == ({}, 1)
