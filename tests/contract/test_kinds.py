"""What every sensor kind brings along, and that the page for gateway makers keeps up."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.planning import payload_of as plan_payload_of
from domain.arrivals import Receipt
from domain.sampling import PlannedChannel, SamplingPlan
from domain.units import converter
from ingest.decoders import dzt, native
from ingest.decoders.items import Sent
from ingest.kinds import Kind, kinds
from ingest.receipts import payload_of
from ingest.times import read_time

PAGE = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text(encoding="utf-8")
NAMES = (
    "acceleration", "crack", "frequency", "kurtosis", "peak_velocity", "settlement",
    "temperature", "tilt", "velocity", "velocity_rms",
)  # fmt: skip


@pytest.fixture(params=NAMES)
def kind(request: pytest.FixtureRequest) -> Kind:
    return kinds()[request.param]


def encoded(payload: Any) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()


def test_every_kind_is_found_by_its_file_and_no_other() -> None:
    assert tuple(sorted(kinds())) == NAMES


def test_its_native_example_is_read(kind: Kind) -> None:
    _, seq, readings = native.decode(encoded(kind.native))
    assert seq >= 0
    assert readings
    for reading in readings:
        assert isinstance(reading, Sent)
        assert read_time(reading.t) == read_time("2026-11-23T06:00:00Z")
        assert kind.low <= reading.v <= kind.high


def test_its_nested_example_is_read(kind: Kind) -> None:
    if kind.dzt is None:
        assert kind.name in set(NAMES) - {"crack", "frequency", "tilt"}
        return
    found = dzt.decode(encoded(kind.dzt))
    assert found.measured
    assert not found.bad


def test_each_of_its_units_can_be_turned_into_the_stored_one(kind: Kind) -> None:
    assert kind.units[0] == kind.unit
    for unit in kind.units:
        converter(unit, kind.unit)


def test_its_row_stands_in_the_page_for_gateway_makers(kind: Kind) -> None:
    axes = ", ".join(axis for axis in kind.axes if axis)
    span = f"{kind.low:g} to {kind.high:g} {kind.unit}"
    cells = (f"`{kind.name}`", ", ".join(kind.units), span, axes, kind.about)
    row = " | ".join(cells).replace("|  |", "| |")
    assert f"| {row} |" in PAGE


def test_the_page_shows_a_receipt_as_it_is_sent() -> None:
    (text,) = re.findall(r"```json receipt\n(.*?)\n```", PAGE, re.DOTALL)
    receipt = Receipt("g-7", 3, 1712, ((1690, 1693),), ((1700, 1700, "wrong type"),))
    assert json.loads(text) == json.loads(payload_of(receipt))


def test_the_page_shows_a_plan_as_it_is_sent() -> None:
    (text,) = re.findall(r"```json config\n(.*?)\n```", PAGE, re.DOTALL)
    config = json.loads(text)
    channels = [
        PlannedChannel(c["c"], c["interval"], c["trigger"], c["report"]) for c in config["channels"]
    ]
    plan = SamplingPlan("g-7", config["version"], 0, 0, "", tuple(channels))
    assert json.loads(plan_payload_of(plan)) == config


def test_the_page_names_every_reason() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (Path(__file__).parents[2] / "ingest").rglob("*.py")
    )
    reasons = set(re.findall(r'(?:Unreadable|Bad)\(\s*"([a-zA-Z0-9 -]+)"', code))
    assert len(reasons) > 8
    assert not {reason for reason in reasons if f"`{reason}`" not in PAGE}
