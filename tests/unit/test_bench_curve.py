"""What the benchmark writes of its curve, the app's reader of it, and the page that shows it."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import typer

from analytics.assessment.model import load_model
from analytics.measured import load_measured, parse_measured
from api.application import create_app
from app.main import bench
from benchmarks.alarms import Range
from benchmarks.curve import Made, Point, Sizes, figures, written
from benchmarks.detect_buildings import rated
from domain.labels import reliability_bins
from tests.api_city import make_city
from web.application import mount_pages

ALWAYS = Range(2.0, 1.0, 3.0)
NEVER = Range(np.inf, 90.0, np.inf)


def made() -> Made:
    """Make figures as a run would, two thresholds, one event that is never found."""
    said = np.array([0.05, 0.1, 0.3, 0.7, 0.9, 1.0])
    was = np.array([False, False, True, False, True, True])
    days = {"step": ALWAYS, "drift": ALWAYS, "slow": NEVER, "acceleration": ALWAYS}
    return Made(
        Sizes(4, 3, 3), True, 8.0,
        (Point(0.5, 0.81234, Range(0.5, 0.3, 0.7), days),
         Point(0.1, 1.2, Range(0.125, 0.0, 0.3), days)),
        rated(said, was, draws=50),
        tuple(reliability_bins(list(zip(said.tolist(), was.tolist(), strict=True)), 5)),
    )  # fmt: skip


def test_what_is_written_is_what_the_app_reads() -> None:
    read = parse_measured(written(made(), "2026-11-26"))
    assert read.curve.model == load_model().label
    assert (read.curve.measured_on, read.curve.sensor_years) == ("2026-11-26", 8.0)
    assert [(p.threshold, p.false_alarms) for p in read.curve.points] == [
        (0.8123, 0.5),
        (1.2, 0.125),
    ]
    assert dict(read.curve.points[0].delays) == {
        "step": 2.0, "drift": 2.0, "slow": None, "acceleration": 2.0
    }  # fmt: skip
    assert [(one.low, one.count) for one in read.reliability] == [
        (0.0, 2), (0.2, 1), (0.6, 1), (0.8, 2)
    ]  # fmt: skip
    assert dict(read.figures)["auc"] == pytest.approx(8 / 9, abs=1e-3)


def test_the_file_says_what_it_rests_on_and_nothing_of_the_machine() -> None:
    told = json.loads(written(made(), "2026-11-26"))
    assert told["rests_on"]["seeds"].startswith("judging, 9000")
    assert told["rests_on"]["sensors_an_event_of_size_u"] == 3
    assert (told["rests_on"]["buildings"], told["curve"][0]["set_for"]) == (6, 0.5)
    assert told["curve"][0]["delays_95"]["slow"] == [90.0, None]
    assert set(told) == {
        *("model", "measured_on", "sensor_years", "rests_on"),
        *("figures", "curve", "reliability"),
    }
    tuned = json.loads(written(replace(made(), judging=False), "2026-11-26"))
    assert tuned["rests_on"]["seeds"].startswith("tuning, 100 ")


def test_a_movement_that_is_never_found_stands_as_999_among_the_figures() -> None:
    by_name = {one.name: one for one in figures(made())}
    slow = by_name["threshold 0.812: slow U, days"]
    assert (slow.value, slow.interval) == (999.0, (90.0, 999.0))


def test_only_the_bench_that_writes_takes_a_file() -> None:
    with pytest.raises(typer.BadParameter, match="for the bench curve"):
        bench("nab", quick=True, write=Path("never-written.json"))


def test_the_shipped_curve_costs_more_days_the_fewer_false_alarms_it_gives() -> None:
    curve = load_measured().curve
    date.fromisoformat(curve.measured_on)
    assert curve.sensor_years >= 500.0
    assert len(curve.points) >= 4
    rates = [point.false_alarms for point in curve.points]
    assert rates == sorted(rates, reverse=True)
    for event in ("drift", "slow", "acceleration"):
        days = [dict(point.delays)[event] for point in curve.points]
        assert all(one is not None for one in days)
        assert days == sorted(days)
    assert {name for name, _ in load_measured().figures} == {"auc", "brier_skill", "ece"}


def test_the_models_page_and_the_api_show_what_is_shipped(tmp_path: Path) -> None:
    made_city, measured = make_city(tmp_path), load_measured()
    app = create_app(replace(made_city.services, measured=measured))
    mount_pages(app)
    city = replace(made_city, app=app)
    told = city.client("bureau").get("/api/v1/models").json()
    page = city.browser("bureau").get("/models")
    city.close()
    assert told["measured"] is True
    assert told["measured_on"] == measured.curve.measured_on
    assert len(told["curve"]) == len(measured.curve.points)
    assert page.status_code == 200
    assert measured.curve.measured_on in page.text
    for point in measured.curve.points:
        assert f"{point.threshold:.2f}" in page.text
    assert page.text.count("<circle") >= len(measured.reliability) > 0
    assert "尚未测量" not in page.text
