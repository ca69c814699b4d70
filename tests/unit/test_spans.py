"""Sorting and joining of summaries, whatever the range of their numbers."""

import numpy as np
import pytest

from domain.clock import HOUR_NS
from storage.readings.spans import Spans, nothing


def spans_of(channel: list[int], hours: list[int]) -> Spans:
    count = np.arange(len(channel), dtype=np.int64)
    rest = (count * 1.5, count * 1.0, count * 2.0)
    start = np.array(hours, np.int64) * HOUR_NS
    return Spans(np.array(channel, np.int32), start, count, *rest)


def keys(spans: Spans) -> list[tuple[int, int]]:
    return list(zip(spans.channel.tolist(), (spans.start // HOUR_NS).tolist(), strict=True))


@pytest.mark.parametrize(
    ("channels", "hours"),
    [(50, 200), (70_000, 200), (50, 10**6), (70_000, 10**6)],
    ids=["both short", "many channels", "many years", "both long"],
)
def test_spans_are_sorted_by_channel_and_start(channels: int, hours: int) -> None:
    rng = np.random.default_rng(11)
    first = rng.integers(480_000, 480_000 + hours, 500).tolist()
    mixed = spans_of([0, channels - 1, *rng.integers(0, channels, 498).tolist()], first)
    assert keys(mixed.in_order()) == sorted(keys(mixed))
    assert mixed.in_order().total.sum() == mixed.total.sum()


def test_moments_before_1970_are_sorted_as_well() -> None:
    assert keys(spans_of([1, 1, 0], [5, -5, 2]).in_order()) == [(0, 2), (1, -5), (1, 5)]


def test_none_at_all_is_sorted_already() -> None:
    assert len(nothing().in_order()) == 0


def test_later_spans_are_put_in_after_all_of_their_channel() -> None:
    held = spans_of([1, 1, 3], [24, 48, 24])
    later = spans_of([0, 1, 3, 4], [72, 72, 72, 72])
    joined = held.with_later(later)
    assert keys(joined) == [(0, 72), (1, 24), (1, 48), (1, 72), (3, 24), (3, 72), (4, 72)]
    assert joined.count.tolist() == [0, 0, 1, 1, 2, 2, 3]
    assert keys(held.with_later(nothing())) == keys(held)
