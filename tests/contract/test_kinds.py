"""What every sensor kind brings along, and that the page for gateway makers keeps up."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.planning import payload_of
from domain.sampling import PlannedChannel, SamplingPlan
from domain.units import converter
from ingest.decoders import dzt, native, status
from ingest.decoders.items import Sent
from ingest.kinds import Kind, kinds
from ingest.times import read_time

PAGE = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text(encoding="utf-8")
NAMES = ("crack", "frequency", "peak_velocity", "settlement", "temperature", "tilt")


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
        assert kind.name in {"settlement", "peak_velocity", "temperature"}
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


EXAMPLES = re.findall(r"```json (\w+)\n(.*?)\n```", PAGE, re.DOTALL)


def test_the_page_has_an_example_of_every_payload() -> None:
    assert {what for what, _ in EXAMPLES} == {"readings", "dzt", "status", "receipt", "config"}


@pytest.mark.parametrize(("what", "text"), EXAMPLES)
def test_the_pages_examples_are_read(what: str, text: str) -> None:
    payload = text.encode()
    if what == "readings":
        assert all(isinstance(one, Sent) for one in native.decode(payload)[2])
    elif what == "dzt":
        assert not dzt.decode(payload).bad
    elif what == "status":
        assert status.decode(payload, "g-7", 0).online
    elif what == "config":
        # written as the sender writes it, and read as the simulated gateway reads it
        config = json.loads(payload)
        channels = [PlannedChannel(c["c"], c["interval"], c["trigger"]) for c in config["channels"]]
        plan = SamplingPlan("g-7", config["version"], 0, 0, "", tuple(channels))
        assert json.loads(payload_of(plan)) == config
    else:
        assert list(json.loads(payload)) == ["boot", "upto", "gaps", "rejected"]


def test_the_page_names_every_reason() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (Path(__file__).parents[2] / "ingest").rglob("*.py")
    )
    reasons = set(re.findall(r'(?:Unreadable|Bad)\(\s*"([a-zA-Z0-9 -]+)"', code))
    assert len(reasons) > 8
    assert not {reason for reason in reasons if f"`{reason}`" not in PAGE}
