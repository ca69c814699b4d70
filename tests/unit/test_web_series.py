"""What a chart draws: fit values, gaps kept, extremes never thinned away, limits in their place."""

from dataclasses import replace

import numpy as np
import pytest

from analytics.limits import load_profile
from domain.adjusted import Adjusted
from domain.buildings import Building
from domain.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from domain.limits import Level
from domain.readings import Floats, Int64s, QualityFlag
from domain.sensors import Segment, SegmentReason, Sensor
from web.flag_marks import RUNS_MAX, counts_of, runs_of
from web.limit_lines import GROWTH, SHARE, VALUE, PlacedLimits, limits_of
from web.limit_words import limit_out
from web.series import Points, bins_of, lean_of, points_of, thin
from web.shaking import curve_of, joined, limits_at, shaking_of
from web.words import Words

PROFILE = load_profile()
HOUSE = Building("b", "B-1", "演示楼", "", "360102", "", "", 115.9, 28.7, storeys_above=6)
TILT = frozenset({"‰/month", "‰/d"})


def segment(at_ns: int, offset: float | None, *, absolute: bool = False) -> Segment:
    return Segment(f"z{at_ns}", "c", at_ns, SegmentReason.REZERO, offset, None, absolute)


def adjusted(at_ns: Int64s, values: Floats, flags: object = 0, weather: object = 0.0) -> Adjusted:
    n = len(at_ns)
    return Adjusted(
        at_ns.astype(np.int64),
        values.astype(np.float64),
        np.zeros(n),
        np.broadcast_to(np.asarray(weather, np.float64), n).copy(),
        np.zeros(n),
        np.zeros(n),
        np.broadcast_to(np.asarray(flags, np.uint16), n).copy(),
        np.ones(n, np.int64),
    )


def points(at_ns: np.ndarray, values: np.ndarray, step_ns: int = MINUTE_NS) -> Points:
    return Points(at_ns, values, values, values, np.ones(len(at_ns), np.int64), step_ns)


# ------------------------------------------------------------------------------- lines


def test_the_weather_is_left_in_only_when_asked_for() -> None:
    rows = adjusted(np.arange(3), np.array([5.0, 6.0, 7.0]), weather=[1.0, 1.0, np.nan])
    assert points_of(rows, MINUTE_NS).mean.tolist() == [4.0, 5.0]
    assert points_of(rows, MINUTE_NS, weather=True).mean.tolist() == [5.0, 6.0, 7.0]


def test_doubtful_readings_are_left_out() -> None:
    flags = [0, QualityFlag.OUT_OF_RANGE, QualityFlag.LATE]
    rows = adjusted(np.arange(3) * MINUTE_NS, np.array([1.0, 9e9, 2.0]), flags)
    assert points_of(rows, MINUTE_NS).mean.tolist() == [1.0, 2.0]


def test_spans_keep_their_extremes() -> None:
    rows = replace(
        adjusted(np.array([0, HOUR_NS]), np.array([1.0, 2.0])),
        spread_low=np.array([-0.5, -0.1]),
        spread_high=np.array([3.0, 0.2]),
        spans=True,
    )
    found = points_of(rows, SECOND_NS)
    assert (found.low.tolist(), found.high.tolist()) == ([0.5, 1.9], [4.0, 2.2])
    assert found.step_ns == HOUR_NS


def test_few_readings_are_all_drawn() -> None:
    at = np.arange(50, dtype=np.int64) * MINUTE_NS
    line = thin("x", points(at, at / 1.0), 0, HOUR_NS)
    assert line.at_ns.tolist() == at.tolist()
    assert not line.thinned


def test_a_gap_stays_a_gap() -> None:
    at = np.array([0, 1, 2, 10, 11], np.int64) * MINUTE_NS
    line = thin("x", points(at, np.ones(5)), 0, HOUR_NS)
    assert np.isnan(line.mean).tolist() == [False, False, False, True, False, False]
    assert np.all(np.diff(line.at_ns) > 0)


def test_thinning_keeps_the_one_spike() -> None:
    at = np.arange(100_000, dtype=np.int64) * MINUTE_NS
    values = np.zeros(len(at))
    values[77_777] = 5.0
    line = thin("x", points(at, values), 0, int(at[-1]) + 1)
    assert len(line.at_ns) <= 1_000
    assert line.thinned
    assert (float(np.nanmax(line.high)), line.readings) == (5.0, 100_000)


def test_no_readings_make_an_empty_line() -> None:
    assert len(thin("x", Points(), 0, DAY_NS).at_ns) == 0


def test_unknown_bins_are_gaps() -> None:
    found = bins_of(np.arange(4, dtype=np.int64), np.array([1.0, np.nan, 3.0, 4.0]), 1)
    assert (found.at_ns.tolist(), found.mean.tolist()) == ([0, 2, 3], [1.0, 3.0, 4.0])


def test_the_lean_joins_what_both_axes_read_at_one_moment() -> None:
    x = points(np.array([0, 1, 2], np.int64), np.array([3.0, -7.0, 1.0]))
    y = points(np.array([0, 2, 3], np.int64), np.array([4.0, 0.0, 9.0]))
    found = lean_of(x, y)
    assert (found.at_ns.tolist(), found.mean.tolist()) == ([0, 2], [5.0, 1.0])


def test_the_lean_of_a_span_lies_between_its_bounds() -> None:
    x = Points(np.array([0]), np.array([0.5]), np.array([-1.0]), np.array([2.0]), np.array([9]))
    y = Points(np.array([0]), np.array([3.0]), np.array([2.0]), np.array([4.0]), np.array([9]))
    found = lean_of(x, y)
    assert (found.low[0], found.high[0]) == (2.0, pytest.approx(np.hypot(2, 4)))


# ------------------------------------------------------------------------------- limits


def placed(
    kind: str, segments: list[Segment] | None = None, house: Building = HOUSE, **more: object
) -> PlacedLimits:
    sensor = Sensor("s", "b", "g", "P1", kind)
    return limits_of(sensor, segments or [], PROFILE, house, **more)  # type: ignore[arg-type]


def test_a_surveyed_tilt_has_its_totals_its_growth_and_its_rates() -> None:
    found = placed("tilt", [segment(0, 0.0, absolute=True)], growth=True, rates=TILT)
    total = {line.limit.level: line.at for line in found.lines[VALUE]}
    assert total[Level.YELLOW] == 7.0
    # two storeys' limit of 30 ‰ is not this house's
    assert 30.0 not in {line.at for line in found.lines[VALUE]}
    assert [line.at for line in found.lines[GROWTH]] == [0.5, 1.0, 2.0, 3.0]
    assert [line.at for line in found.lines["‰/month"]] == [0.25, 0.5, 0.5]
    assert [line.at for line in found.lines["‰/d"]] == [0.1]
    assert found.others == []


def test_every_limit_that_speaks_of_the_building_is_somewhere() -> None:
    for kind, start in (("tilt", "tilt_"), ("crack", "crack_"), ("settlement", "settlement_")):
        for segments in ([], [segment(0, 0.0, absolute=True)]):
            found = placed(kind, segments)
            held = [line.limit for lines in found.lines.values() for line in lines] + found.others
            wanted = [
                row
                for row in PROFILE.rows
                if row.quantity.startswith(start) and row.applies_to(HOUSE, None)
            ]
            assert sorted(map(repr, held)) == sorted(map(repr, wanted)), kind


def test_without_a_survey_no_total_limit_holds() -> None:
    found = placed("tilt", [segment(0, 0.0)], growth=True, rates=TILT)
    assert VALUE not in found.lines
    assert {limit.id for limit in found.others} == {"tilt.total.h24"}


def test_a_point_that_nobody_has_judged_has_growth_on_its_own_axis() -> None:
    found = placed("tilt", [segment(0, 0.0)])
    assert {line.limit.id for line in found.lines[VALUE]} == {"tilt.growth"}
    assert {limit.quantity for limit in found.others} == {"tilt_total", "tilt_rate"}


def test_crack_growth_stands_on_what_judging_counts_from() -> None:
    surveyed = Segment("z", "c", 0, SegmentReason.SURVEY, 0.0, 0.8, True)
    for base, red in ((None, 1.8), (0.77, 1.77)):
        found = placed("crack", [surveyed], base=base)
        heights = {
            line.limit.level: line.at
            for line in found.lines[VALUE]
            if line.limit.id == "crack.growth"
        }
        assert heights[Level.RED] == pytest.approx(red)


def test_a_width_that_the_survey_already_found_is_no_limit() -> None:
    masonry = replace(HOUSE, structure="masonry")
    for survey, drawn in ((1.0, True), (1.01, False)):
        surveyed = Segment("z", "c", 0, SegmentReason.SURVEY, 0.0, survey, True)
        found = placed("crack", [surveyed], masonry)
        assert any(line.limit.id == "crack.width" for line in found.lines[VALUE]) is drawn
        assert any(limit.id == "crack.width" for limit in found.others) is not drawn


def test_a_member_that_bears_no_load_has_no_crack_growth_limit() -> None:
    sensor = Sensor("s", "b", "g", "C1", "crack", load_bearing=False)
    found = limits_of(sensor, [segment(0, 0.0)], PROFILE, HOUSE)
    assert VALUE not in found.lines


def test_works_next_door_bring_the_daily_settlement_limit() -> None:
    rates = frozenset({"mm/month", "mm/d"})
    assert "mm/d" not in placed("settlement", rates=rates).lines
    digging = replace(HOUSE, works_nearby=True)
    assert [line.at for line in placed("settlement", [], digging, rates=rates).lines["mm/d"]] == [
        2.0
    ]


def test_a_temperature_has_no_limits() -> None:
    assert placed("temperature") == PlacedLimits()


def test_vibration_has_its_shares() -> None:
    assert [line.at for line in placed("vibration").lines[SHARE]] == [50.0, 70.0, 90.0, 100.0]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_limit_says_its_name_value_unit_shape_and_source(language: str) -> None:
    words = Words(language)
    for row in PROFILE.rows:
        said = limit_out(row, words)
        assert said["shape"] in "●▲◆■"
        assert f"{row.value:g}" in said["label"]
        assert words(f"level.{row.level.word}") in said["label"]
        assert said["source"]
        assert "project" not in said["source"].replace("this project's own value", "")
    (row,) = [r for r in PROFILE.rows if r.condition("cracks_min") == 2]
    asked = {"zh": "且至少 2 条裂缝宽于 5 mm", "en": "with at least 2 crack(s) wider than 5 mm"}
    assert asked[language] in limit_out(row, words)["label"]


# ------------------------------------------------------------------------------- flags


def test_runs_of_flagged_readings_are_found_and_a_gap_ends_one() -> None:
    late = QualityFlag.LATE
    at = np.array([0, 1, 2, 3, 20, 21, 22], np.int64) * MINUTE_NS
    rows = adjusted(at, np.arange(7.0), [0, late, late, late, late, QualityFlag.SPIKE, 0])
    found = runs_of(rows, MINUTE_NS)
    assert [(run.start_ns // MINUTE_NS, run.end_ns // MINUTE_NS, run.count) for run in found] == [
        (1, 3, 3),
        (20, 20, 1),
        (21, 21, 1),
    ]
    assert [run.unfit for run in found] == [False, False, True]
    assert counts_of(rows) == {late: 4, QualityFlag.SPIKE: 1}


def test_readings_without_flags_and_spans_have_no_marks() -> None:
    rows = adjusted(np.arange(5), np.ones(5))
    assert runs_of(rows, 1) == []
    assert runs_of(adjusted(np.empty(0, np.int64), np.empty(0)), 1) == []


def test_only_the_longest_runs_are_marked_when_there_are_very_many() -> None:
    n = 3 * RUNS_MAX
    flags = np.where(np.arange(n) % 2, int(QualityFlag.STUCK), 0)
    flags[-4:] = int(QualityFlag.STUCK)
    found = runs_of(adjusted(np.arange(n) * MINUTE_NS, np.ones(n), flags), MINUTE_NS)
    assert len(found) == RUNS_MAX
    assert found[-1].count == 5
    assert [run.start_ns for run in found] == sorted(run.start_ns for run in found)


# ------------------------------------------------------------------------------- vibration


def test_each_peak_is_held_against_the_limit_of_its_own_frequency() -> None:
    (table,) = [t for t in PROFILE.tables if t.id == "gb50868.traffic.residential.foundation"]
    at = np.arange(4, dtype=np.int64)
    peaks = adjusted(at, np.array([1.0, 1.0, 1.0, 9.0]), [0, 0, 0, QualityFlag.SPIKE])
    hertz = adjusted(at[:2], np.array([10.0, 50.0]))
    found = shaking_of(peaks, hertz, table, 0.5, 1)
    # 2 mm/s at 10 Hz, 5 mm/s at 50 Hz, both halved; without a frequency the strictest
    assert found.share.mean.tolist() == pytest.approx([100.0, 40.0, 100.0])
    assert sorted(found.frequency_hz.tolist()) == [10.0, 50.0]


def test_of_several_axes_the_nearest_to_its_limit_counts() -> None:
    (table,) = [t for t in PROFILE.tables if t.id == "gb50868.traffic.residential.foundation"]
    at = np.arange(3, dtype=np.int64)
    hertz = adjusted(at, np.full(3, 10.0))
    x = shaking_of(adjusted(at, np.array([1.0, 0.2, 0.4])), hertz, table, 1.0, 1)
    z = shaking_of(adjusted(at[1:], np.array([0.6, 0.1])), hertz, table, 1.0, 1)
    both = joined([x, z])
    assert both.share.at_ns.tolist() == [0, 1, 2]
    assert both.share.mean.tolist() == pytest.approx([50.0, 30.0, 20.0])
    assert len(both.peak_mm_s) == 5
    assert joined([x]) is x


def test_the_curves_are_the_table_s() -> None:
    (table,) = [t for t in PROFILE.tables if t.id == "gb50868.traffic.residential.foundation"]
    hz = np.array([0.5, 3.0, 10.0, 30.0, 77.0, 400.0])
    assert limits_at(table, hz).tolist() == pytest.approx([table.limit_at(f) for f in hz])
    row = next(r for r in PROFILE.of("ppv_share") if r.level is Level.YELLOW)
    curve = dict(curve_of(row, table, 1.0, 1.0, 100.0))
    assert curve[10.0] == pytest.approx(0.7 * 2.0)
    assert curve[50.0] == pytest.approx(0.7 * 5.0)
