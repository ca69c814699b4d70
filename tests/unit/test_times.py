"""Moments at the edges of clocks and calendars, one by one and many at once."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInput
from ingest.decoders import native
from ingest.decoders.items import Bad
from ingest.time_columns import read_times
from ingest.times import read_time

S = 1_000_000_000
YEAR_2038 = 2**31 * S


def outcome(text: int | str) -> int | str:
    """What becomes of a time: ns, or the words of the refusal."""
    try:
        return read_time(text)
    except InvalidInput as error:
        return str(error)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T08:00:00+08:00", 0),
        ("1969-12-31T23:59:59.999Z", "1970"),
        ("1970-01-01T00:00:00+08:00", "1970"),
        ("2000-02-29T00:00:00Z", 951_782_400 * S),
        ("1900-02-29T00:00:00Z", "calendar"),
        ("2100-02-29T00:00:00Z", "calendar"),
        ("2038-01-19T03:14:07Z", YEAR_2038 - S),
        ("2038-01-19T03:14:08Z", YEAR_2038),
        (2**31 * 1000, YEAR_2038),
        ("2261-04-10T00:00:00Z", 9_191_664_000 * S),
        ("2263-01-01T00:00:00Z", "2261"),
        ("9999-12-31T23:59:59Z", "2261"),
        ("2016-12-31T23:59:60Z", 1_483_228_800 * S),
        ("2016-12-31T23:59:60.75Z", 1_483_228_800 * S + 750_000_000),
        ("2017-01-01T07:59:60+08:00", 1_483_228_800 * S),
        ("2016-12-31T18:59:60-05:00", 1_483_228_800 * S),
        ("2016-12-31T23:59:61Z", "no such second"),
        ("2016-12-30T23:59:60Z", "no such second"),
        ("2016-12-31T23:59:60+08:00", "no such second"),
        ("2016-12-31T22:59:60Z", "no such second"),
        (1_795_413_600, "seconds"),
        (10**11 - 1, "seconds"),
        (10**11, 10**11 * 1_000_000),
        (10**14 - 1, "2261"),
        (10**14, 10**14 * 1000),
        (10**17 - 1, "2261"),
        (10**17, 10**17),
        (2**63 - 1, "2261"),
        (2**63, "huge"),
        (-1, "below 0"),
        (-1_795_413_600_000, "below 0"),
    ],
)
def test_each_edge_is_kept_or_refused_with_its_reason(text: int | str, wanted: int | str) -> None:
    found = outcome(text)
    if isinstance(wanted, int):
        assert found == wanted
    else:
        assert isinstance(found, str)
        assert wanted in found


@pytest.mark.parametrize("t", [1.5, 1795413600000.0, 1.795e12])
def test_a_float_is_no_time_in_json(t: float) -> None:
    payload = json.dumps({"readings": [{"c": "a", "t": t, "v": 1}]}).encode()
    (found,) = native.decode(payload)[2]
    assert isinstance(found, Bad)
    assert found.reason == "wrong type"


MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2260, 1, 1))  # noqa: DTZ001 - made aware below


@given(moment=MOMENTS, minutes=st.integers(-23 * 60, 23 * 60), places=st.sampled_from([0, 3, 6]))
@settings(max_examples=200, deadline=None)
def test_a_moment_in_any_zone_is_the_same_moment(
    moment: datetime, minutes: int, places: int
) -> None:
    us = moment.microsecond // 10 ** (6 - places) * 10 ** (6 - places)
    moment = moment.replace(microsecond=us, tzinfo=UTC)
    ns = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
    sign, rest = "-" if minutes < 0 else "+", abs(minutes)
    local = (moment + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{us:06d}"[: places + 1] if places else ""
    assert read_time(f"{local}{fraction}{sign}{rest // 60:02d}:{rest % 60:02d}") == ns
    plain = moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"
    assert read_time(plain) == ns
    assert read_times([plain] * 3)[0].tolist() == [ns] * 3


LETTERS = st.sampled_from("0123456789-:.TZtz +é٢")
NEARLY = st.sampled_from(
    ["2026-11-23T06:00:00Z", "2026-11-23T06:00:00.123Z", "2000-02-29T23:59:59.999999Z",
     "2016-12-31T23:59:60.123456789Z", "2026-02-30T06:00:00Z", "1969-12-31T23:59:59Z",
     "2261-12-31T23:59:59Z", "2260-12-31T23:59:59Z", "0000-00-00T00:00:00Z"]
)  # fmt: skip


@given(
    texts=st.lists(
        st.tuples(NEARLY, st.integers(0, 26), LETTERS).map(
            lambda d: d[0][: d[1]] + d[2] + d[0][d[1] + 1 :]
        )
        | NEARLY
        | st.integers()
        | st.text(LETTERS, max_size=30),
        max_size=8,
    ),
)
@settings(max_examples=400, deadline=None)
def test_many_at_once_come_to_the_same_as_one_by_one(texts: list[Any]) -> None:
    taken, readable = read_times(texts)
    found = [
        at if known else None for at, known in zip(taken.tolist(), readable.tolist(), strict=True)
    ]
    assert found == [at if isinstance(at := outcome(text), int) else None for text in texts]


def test_a_text_lends_no_letters_to_its_neighbour() -> None:
    whole = "2026-11-23T06:00:00Z"
    taken, readable = read_times([whole + whole, ""])
    assert not readable.any()
    assert not taken.any()
    assert read_times([whole[:-1], "Z" + whole])[1].tolist() == [False, False]
