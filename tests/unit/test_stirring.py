"""What goes on around a house asks for fast readings, for a while and not for ever."""

import pytest

from analytics.limits import load_profile
from domain.clock import DAY_NS, HOUR_NS
from domain.contexts import ContextEvent, ContextKind
from domain.stirring import StirringRules, is_stirred

RULES = StirringRules.of(load_profile())
NOON = 20_000 * DAY_NS
HERE = (115.9, 28.68)


def event(
    kind: ContextKind, start_h: float, end_h: float, *, near: bool = True, **figures: float
) -> ContextEvent:
    place = {"longitude": HERE[0], "latitude": HERE[1] if near else 29.0, "radius_m": 500.0}
    times = (NOON + round(start_h * HOUR_NS), NOON + round(end_h * HOUR_NS))
    return ContextEvent("e", kind, "", *times, **place, figures=tuple(figures.items()))


def rain(hour: int, mm: float, source: str = "a") -> ContextEvent:
    start = NOON + hour * HOUR_NS
    return ContextEvent(
        f"{source}{hour}", ContextKind.WEATHER, "", start, start + HOUR_NS,
        figures=(("rain_mm", mm),), source=source,
    )  # fmt: skip


def stirred(events: list[ContextEvent], hour: float) -> bool:
    return is_stirred(events, *HERE, NOON + round(hour * HOUR_NS), RULES)


@pytest.mark.parametrize("kind", [ContextKind.WORKS, ContextKind.BLAST, ContextKind.EARTHQUAKE])
def test_what_reaches_the_house_stirs_it_for_a_day_after_it_is_over(kind: ContextKind) -> None:
    blast = [event(kind, 0, 1)]
    assert [stirred(blast, hour) for hour in (-0.1, 0, 24.9, 25)] == [False, True, True, False]
    assert not stirred([event(kind, 0, 1, near=False)], 0.5)


def test_works_of_half_a_year_stir_for_three_days() -> None:
    works = [event(ContextKind.WORKS, 0, 24 * 180)]
    assert [stirred(works, hour) for hour in (1, 71.9, 72)] == [True, True, False]


def test_fifty_mm_within_a_day_are_a_storm_and_less_or_slower_is_none() -> None:
    storm = [rain(hour, 5.0) for hour in range(10)]
    assert [stirred(storm, hour) for hour in (9.9, 10, 33.9, 34)] == [False, True, True, False]
    assert not any(stirred([rain(h, 4.9) for h in range(10)], hour) for hour in range(40))
    slow = [rain(3 * hour, 5.0) for hour in range(20)]
    assert not any(stirred(slow, hour) for hour in range(90))


def test_two_gauges_of_the_same_rain_are_not_added_up() -> None:
    both = [rain(hour, 3.0, source) for hour in range(10) for source in "ab"]
    assert not any(stirred(both, hour) for hour in range(40))


def test_a_gale_is_a_storm_as_soon_as_it_is_told() -> None:
    def gale(speed: float) -> list[ContextEvent]:
        return [event(ContextKind.WEATHER, 0, 1, wind_m_s=speed)]

    assert stirred(gale(17.2), 1)
    assert not stirred(gale(17.1), 1)


def test_dry_and_quiet_days_stir_nothing() -> None:
    assert not stirred([], 0)
    assert not stirred([event(ContextKind.WEATHER, 0, 1, temperature_c=39.0)], 1)
