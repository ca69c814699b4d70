"""How moments, ages and values are written."""

from datetime import UTC, datetime

import pytest

from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, to_ns
from web.formats import age, digits_of, full_time, quantity, short_time, span
from web.words import Words

NOON_NS = to_ns(datetime(2026, 11, 23, 6, 5, tzinfo=UTC))
ZH, EN = Words("zh"), Words("en")


def test_a_moment_is_shown_in_the_time_of_the_city() -> None:
    assert short_time(NOON_NS) == "11-23 14:05"
    assert full_time(NOON_NS) == "2026-11-23 14:05:00 UTC+08"


@pytest.mark.parametrize(
    ("gone_ns", "text"),
    [
        (0, "刚刚"),
        (MINUTE_NS - SECOND_NS, "刚刚"),
        (MINUTE_NS, "1 分钟前"),
        (2 * HOUR_NS - SECOND_NS, "119 分钟前"),
        (2 * HOUR_NS, "2 小时前"),
        (2 * DAY_NS - SECOND_NS, "47 小时前"),
        (2 * DAY_NS, "2 天前"),
        (-30 * SECOND_NS, "刚刚"),
        (-8 * HOUR_NS, "快 8 小时"),
    ],
)
def test_an_age_is_cut_and_never_made_younger_or_older(gone_ns: int, text: str) -> None:
    assert age(NOON_NS - gone_ns, NOON_NS, ZH) == text


def test_a_length_of_time_reads_in_both_languages() -> None:
    assert (span(90 * MINUTE_NS, ZH), span(90 * MINUTE_NS, EN)) == ("90 分钟", "90 min")


@pytest.mark.parametrize(
    ("value", "unit", "resolution", "signed", "text"),
    [
        (0.214, "mm", 0.01, True, "+0.21 mm"),
        (-0.214, "mm", 0.01, True, "−0.21 mm"),
        (-0.001, "mm", 0.01, True, "0.00 mm"),
        (0.21449, "mm", 0.0001, False, "0.2145 mm"),
        (7.126, "‰", None, False, "7.13 ‰"),
        (21.26, "°C", None, False, "21.3 °C"),
        (3.6, "mm", 1.0, True, "+4 mm"),
    ],
)
def test_a_value_has_no_more_digits_than_its_instrument(
    value: float, unit: str, resolution: float | None, signed: bool, text: str
) -> None:
    assert quantity(value, unit, resolution, signed=signed) == text


def test_a_resolution_that_is_no_number_of_digits_is_not_followed() -> None:
    assert digits_of("mm", 0.0) == 2
    assert digits_of("mm", -1.0) == 2
