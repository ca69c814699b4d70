"""What each reading is worth: stuck, spike, step, after a gap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.quality import Quality, QualityRules
from domain.clock import MINUTE_NS
from domain.readings import QualityFlag, ReadingBatch, concat

RULES = QualityRules(25, 6.0, 8, 0.5, 3.0)
NOON = 20_780 * 86_400 * 10**9
OK, STUCK, SPIKE, GAP, STEP = (
    QualityFlag.OK, QualityFlag.STUCK, QualityFlag.SPIKE, QualityFlag.COMM_GAP, QualityFlag.STEP,
)  # fmt: skip


def quality(smallest: float = 0.0) -> Quality:
    return Quality(RULES, lambda _channel: 60.0, lambda _channel: smallest)


def series(values: list[float], *, channel: str = "T1.x", first: int = 0) -> ReadingBatch:
    minutes = np.arange(first, first + len(values))
    return ReadingBatch.of([channel] * len(values), NOON + minutes * MINUTE_NS, values,
                           received_at=NOON, boot=1, seq=minutes)  # fmt: skip


def noise(n: int, seed: int = 1) -> list[float]:
    return np.random.default_rng(seed).normal(0.0, 1.0, n).tolist()


def flags(values: list[float], size: int = 7, smallest: float = 0.0) -> list[int]:
    """Flag a series handed over in small batches; later word on a reading counts."""
    told = quality(smallest)
    found: dict[int, int] = {}
    for first in range(0, len(values), size):
        out = told.flag(series(values[first : first + size], first=first))
        for part in (out.batch, out.earlier):
            found.update(zip(part.taken_at.tolist(), part.flag.tolist(), strict=True))
    return [found[at] for at in sorted(found)]


def test_a_calm_series_is_good() -> None:
    assert set(flags(noise(500))) == {OK}


@pytest.mark.parametrize("size", [1, 2, 7, 200])
def test_one_value_far_off_is_a_spike_and_its_neighbours_are_not(size: int) -> None:
    values = noise(100)
    values[60] = 30.0
    assert [n for n, flag in enumerate(flags(values, size)) if flag == SPIKE] == [60]


@pytest.mark.parametrize("size", [1, 2, 7, 200])
@pytest.mark.parametrize("height", [30.0, -30.0])
def test_the_first_reading_of_a_step_says_so_and_no_other(size: int, height: float) -> None:
    values = [v + (height if n >= 60 else 0.0) for n, v in enumerate(noise(150))]
    told = flags(values, size)
    assert [n for n, flag in enumerate(told) if flag] == [60]
    assert told[60] == STEP


def test_a_step_back_is_a_step_too() -> None:
    values = [v + (30.0 if 60 <= n < 120 else 0.0) for n, v in enumerate(noise(200))]
    assert [(n, flag) for n, flag in enumerate(flags(values)) if flag] == [(60, STEP), (120, STEP)]


def test_two_wild_values_on_two_sides_are_no_step() -> None:
    values = noise(100)
    values[60], values[61] = 30.0, -30.0
    assert STEP not in flags(values)


def test_a_value_within_the_instruments_own_steps_is_no_spike() -> None:
    values = [0.0, 0.1] * 30 + [0.5] + [0.0, 0.1] * 5
    assert SPIKE in flags(values, smallest=0.05)
    assert SPIKE not in flags(values, smallest=0.1)


@pytest.mark.parametrize("size", [1, 5, 200])
def test_eight_equal_values_of_a_channel_that_varied_are_stuck(size: int) -> None:
    values = noise(60)
    told = flags([*values, *[values[-1]] * 12, *noise(20, 2)], size)
    assert told[:60] == [OK] * 60
    assert told[60:72] == [OK] * 6 + [STUCK] * 6  # the eighth equal one is the first to tell
    assert told[72:] == [OK] * 20


def test_a_coarse_instrument_that_rests_is_not_stuck() -> None:
    assert STUCK not in flags([0.0] * 30 + [1.0] * 30 + [0.0] * 30)


def test_the_first_reading_after_a_gap_says_so() -> None:
    told = quality()
    told.flag(series(noise(5)))
    later = told.flag(series(noise(2), first=8)).batch
    assert later.flag.tolist() == [GAP, OK]
    assert told.flag(series([0.5], first=12)).batch.flag.tolist() == [OK]  # three intervals: none


def test_a_reading_that_comes_late_is_left_as_it_is() -> None:
    told = quality()
    told.flag(series(noise(40)))
    late = told.flag(series([99.0], first=20))
    assert late.batch.flag.tolist() == [OK]
    assert not len(late.earlier)


def test_channels_do_not_mix_and_rows_keep_their_order() -> None:
    told = quality()
    parts = [series(noise(40, n), channel=f"T{n}.x") for n in range(300)]
    out = told.flag(concat(parts)).batch
    assert out.channel.tolist() == concat(parts).channel.tolist()
    assert np.count_nonzero(out.flag) <= 6  # of 12,000: chance goes that far off now and then
    spiky = series([40.0, 0.0], channel="T7.x", first=40)
    assert told.flag(spiky).batch.flag.tolist() == [SPIKE, OK]


@given(
    st.lists(st.sampled_from([0.0, 0.5, 1.0, -3.0, 50.0]), max_size=120),
    st.integers(1, 40),
)
def test_what_is_told_does_not_hang_on_how_readings_were_put_together(
    values: list[float], size: int
) -> None:
    assert flags(values, size) == flags(values, 1)
