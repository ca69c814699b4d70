"""Labels by quarter: Brier, reliability, false alarms a sensor-year; and the price of a budget."""

import pytest

from domain.budget import Budget, Curve, CurvePoint, price_of
from domain.clock import DAY_NS
from domain.contexts import ContextEvent, ContextKind, coinciding
from domain.errors import InvalidInput
from domain.jobs import CatchUp, Timetable
from domain.labels import Label, Outcome, quarter_named, report_of, sensor_years
from domain.sensors import Channel, Segment, SegmentReason, Sensor, Site

START_NS, END_NS = quarter_named("2026Q4")


def label(number: int, outcome: Outcome, score: float | None, at_ns: int = START_NS) -> Label:
    return Label(f"{number}-{at_ns}", f"a-{number}", "b", "crack", outcome, at_ns, "me", "", score)


def test_brier_and_reliability_follow_from_scores_and_facts() -> None:
    labels = [label(n, Outcome.CONFIRMED, 90.0) for n in range(3)]
    labels += [label(n + 10, Outcome.BENIGN, 10.0) for n in range(6)]
    labels += [label(20, Outcome.SENSOR_FAULT, None)]
    report = report_of("2026Q4", START_NS, END_NS, labels, 20.0)
    assert (report.labels, report.scored, report.confirmed) == (10, 9, 3)
    assert report.brier == pytest.approx(0.01)
    assert report.brier_base == pytest.approx(2 / 9)
    assert [(b.count, b.said, b.was) for b in report.bins] == [
        (6, pytest.approx(0.1), 0.0),
        (3, pytest.approx(0.9), 1.0),
    ]
    assert report.bins[1].was_low < 1.0 == pytest.approx(report.bins[1].was_high)
    assert (report.false_alarms, report.false_rate) == (7, pytest.approx(0.35))
    assert report.false_low is not None
    assert report.false_high is not None
    assert report.false_low < 0.35 < report.false_high


def test_the_newest_label_of_an_alert_counts_and_other_quarters_do_not() -> None:
    labels = [
        label(1, Outcome.CONFIRMED, 80.0),
        label(1, Outcome.BENIGN, 80.0, START_NS + DAY_NS),
        label(2, Outcome.CONFIRMED, 80.0, END_NS),
        label(3, Outcome.CONFIRMED, 80.0, START_NS - 1),
    ]
    report = report_of("2026Q4", START_NS, END_NS, labels, 0.0)
    assert (report.labels, report.benign, report.confirmed) == (1, 1, 0)
    assert report.false_rate is None, "without sensor-years there is no rate"


def test_a_report_without_labels_has_no_figures() -> None:
    report = report_of("2026Q4", START_NS, END_NS, [], 5.0)
    assert (report.brier, report.bins, report.false_rate) == (None, (), 0.0)


@pytest.mark.parametrize("text", ["2026", "2026Q5", "Q4", "2026Q0", "", "1969Q4"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="quarter must be such as 2026Q4"):
        quarter_named(text)


def test_a_sensor_counts_from_its_first_segment_on() -> None:
    half_ns = (START_NS + END_NS) // 2
    site = Site(
        "b",
        tuple(Sensor(f"s{n}", "b", "g", f"C{n}", kind) for n, kind in
              enumerate(["crack", "crack", "temperature"])),
        tuple(Channel(f"c{n}", f"s{n}", "g", f"C{n}", "crack", "mm") for n in range(3)),
        (Segment("z", "c0", half_ns, SegmentReason.INSTALL),),
    )  # fmt: skip
    years = (END_NS - START_NS) / (365.25 * DAY_NS)
    assert sensor_years([site], START_NS, END_NS) == pytest.approx(1.5 * years)


def test_the_most_sensitive_threshold_within_the_budget_is_taken() -> None:
    points = tuple(
        CurvePoint(t, fa, (("step", d),)) for t, fa, d in ((1, 1.0, 0), (2, 0.1, 1), (3, 0.01, 9))
    )
    price = price_of(Budget(0, 10.0, "me"), 1200, Curve(points))
    assert price.false_alarms == pytest.approx(0.1)
    assert price.point == points[1]
    assert price_of(Budget(0, 0.1, "me"), 12_000, Curve(points)).point is None
    assert price_of(None, 1200, Curve(points)).false_alarms is None
    assert price_of(Budget(0, 10.0, "me"), 0, Curve(points)).point is None


def test_works_near_by_at_the_time_coincide_and_weather_never_does() -> None:
    day = DAY_NS
    events = [
        ContextEvent("pit", ContextKind.WORKS, "pit", 0, 30 * day, 115.9, 28.7, 500.0),
        ContextEvent("far", ContextKind.WORKS, "far", 0, 30 * day, 116.9, 28.7, 500.0),
        ContextEvent("quake", ContextKind.EARTHQUAKE, "quake", 9 * day, 9 * day),
        ContextEvent("rain", ContextKind.WEATHER, "rain", 9 * day, 10 * day),
    ]
    near = coinciding(events, 115.901, 28.7, 10 * day, 3 * day)
    assert [event.id for event in near] == ["pit", "quake"]
    assert [e.id for e in coinciding(events, 115.901, 28.7, 34 * day, 3 * day)] == []


def test_making_up_for_a_long_pause_has_a_bound() -> None:
    table = Timetable(1, catch_up=CatchUp.EACH)
    assert len(table.due(0, 10**6)) == 400
    assert table.due(0, 10**6)[-1] == 10**6
    assert table.due(5, 4) == [], "a clock that goes back runs nothing again"
