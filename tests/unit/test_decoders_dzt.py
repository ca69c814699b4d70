"""The nested geohazard format, with the spellings and conventions that are met."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import SECOND_NS, to_datetime
from domain.readings import QualityFlag
from ingest.decoders import dzt
from ingest.decoders.items import Unreadable

AT = "2026-04-05T20:34:06.000Z"


def read(value: object) -> dzt.Nested:
    return dzt.decode(json.dumps(value).encode())


def fields(point: str, what: object) -> dict[str, float]:
    (measured,) = read({"SK01": {point: {AT: what}}}).measured
    return measured.fields


def test_a_crack_may_be_a_number_or_a_lone_value() -> None:
    assert fields("L1_LF_1", 10.86) == {"": 10.86}
    assert fields("L1_LF_1", {"value": 10.86}) == {"": 10.86}


def test_tilt_by_axes_stays_as_it_is() -> None:
    sent = {"X": 0.5, "Y": -0.25, "Z": 89.4, "angle": 9.0, "AZI": 10.0}
    assert fields("L1_QJ_1", sent) == sent


@pytest.mark.parametrize("name", ["AZI", "azi", "trend", "Trend", "azimuth"])
def test_tilt_by_size_and_direction_becomes_two_axes(name: str) -> None:
    found = fields("L1_QJ_1", {"angle": 2.0, name: 60.0})
    assert found["X"] == pytest.approx(1.0)
    assert found["Y"] == pytest.approx(3**0.5)


def test_small_letters_name_the_same_axes() -> None:
    assert fields("L1_QJ_1", {"x": 1, "y": 2}) == {"X": 1.0, "Y": 2.0}


def test_a_size_without_direction_gives_no_axes() -> None:
    assert fields("L1_QJ_1", {"angle": 2.0}) == {"angle": 2.0}


def test_the_other_sensors_fields_pass() -> None:
    assert fields("L1_JS_1", {"gX": 1, "gY": 2, "gZ": 3}) == {"gX": 1.0, "gY": 2.0, "gZ": 3.0}
    assert fields("L1_ZD_1", {"PLX": 12.5, "SJX": 0.1, "value": 2}) == {
        "PLX": 12.5,
        "SJX": 0.1,
        "value": 2.0,
    }
    assert fields("L1_GP_1", {"gpsTotalX": 4.0}) == {"gpsTotalX": 4.0}


def state(**told: Any) -> dzt.Nested:
    return read({"SK01": {"S1_ZT_1": {AT: told}, "L1_LF_1": {AT: 1.0}}})


def test_the_state_point_tells_of_the_device() -> None:
    (told,) = state(battery_dump_energy=81, singal_NB=-95, sw_version="2.1").states
    assert (told.device, told.battery_percent, told.signal_dbm, told.firmware) == (
        "SK01",
        81.0,
        -95.0,
        "2.1",
    )


@pytest.mark.parametrize(
    ("code", "flag"),
    [
        (0, None),
        (-1, QualityFlag.POWER),
        (-2, QualityFlag.SENSOR_FAULT),
        (-3, QualityFlag.COMM_GAP),
        (7, QualityFlag.SENSOR_FAULT),
    ],
)
def test_a_sensors_state_flags_its_readings(code: int, flag: QualityFlag | None) -> None:
    wanted = {} if flag is None else {("SK01", "L1_LF_1"): flag}
    assert state(sensor_state={"L1_LF_1": code}).flags == wanted
    assert state(**{"sensor_state.L1_LF_1": code}).flags == wanted


@pytest.mark.parametrize("value", ["1.5", True, None, [1], {"a": 1}, 10**400])
def test_a_wrong_value_is_refused_alone(value: object) -> None:
    found = read({"SK01": {"L1_LF_1": {AT: {"value": value}}, "L1_LF_2": {AT: 2.0}}})
    assert [bad.reason for bad in found.bad] == ["wrong type"]
    assert [m.point for m in found.measured] == ["L1_LF_2"]


def test_a_point_of_the_wrong_shape_is_refused_alone() -> None:
    found = read({"SK01": {"L1_LF_1": 5, "L1_LF_2": {AT: 2.0}}, "SK02": 3})
    assert sorted(bad.address for bad in found.bad) == ["SK01.L1_LF_1", "SK02"]
    assert [m.point for m in found.measured] == ["L1_LF_2"]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{}", "empty"),
        (b"", "empty"),
        (b"5", "wrong shape"),
        (b'{"SK01":5}', "wrong shape"),
        (b'{"SK01":{"L1_LF_1":{"t":1,"t":2}}}', "double key"),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "too deep"),
    ],
)
def test_a_payload_that_cannot_be_read_says_why(payload: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        dzt.decode(payload)
    assert caught.value.reason == reason


NAMES = st.text("ABCabc019_", min_size=1, max_size=12)
POINTS = NAMES.filter(lambda name: not name.startswith(dzt.STATUS_POINT))
VALUES = st.floats(-3.4e38, 3.4e38).map(lambda value: value + 0.0) | st.integers(-(2**53), 2**53)
FIELDS = st.dictionaries(st.sampled_from(["X", "Y", "Z", "gX", "PLX", "value"]), VALUES, min_size=1)
MOMENTS = st.integers(946_684_800, 2**32).map(
    lambda second: to_datetime(second * SECOND_NS).isoformat().replace("+00:00", ".000Z")
)
PAYLOADS = st.dictionaries(
    NAMES,
    st.dictionaries(
        POINTS,
        st.dictionaries(MOMENTS, VALUES | FIELDS, min_size=1, max_size=3),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=3,
)


@given(PAYLOADS)
@settings(max_examples=100, deadline=None)
def test_every_value_comes_back_under_its_device_point_and_time(
    sent: dict[str, dict[str, dict[str, Any]]],
) -> None:
    found = read(sent)
    assert found.bad == []
    came = {(one.device, one.point, one.time): one.fields for one in found.measured}
    wanted = {}
    for device, points in sent.items():
        for point, times in points.items():
            for time, what in times.items():
                alone = not isinstance(what, dict) or set(what) == {"value"}
                value = what["value"] if isinstance(what, dict) and alone else what
                wanted[device, point, time] = {"": float(value)} if alone else what
    assert came == wanted
