"""Tables of readings by hand: what is wrong, row by row."""

from dataclasses import replace

import pytest

from domain.clock import DAY_NS
from domain.errors import InvalidInput
from domain.hand_desk import due_in_days
from domain.hand_import import (
    TEMPLATE_EXAMPLE,
    TEMPLATE_HEADER,
    HandPreview,
    HandRules,
    preview,
    read_moment,
)
from domain.hand_readings import gateway_of, make_sheet, new_series
from domain.sensors import Method

NOW = read_moment("2026-11-23 14:05")
SPANS = {"settlement": (-1000.0, 5000.0), "tilt": (-600.0, 600.0), "crack": (-50.0, 200.0)}
GATEWAY = gateway_of("b", "by hand")
SERIES = [
    new_series("s-1", "b", GATEWAY, "S-01", Method.LEVELLING),
    new_series("s-2", "b", GATEWAY, "Q-01", Method.TOTAL_STATION),
    new_series("s-3", "b", GATEWAY, "LF-01", Method.CRACK_CARD),
]
RULES = HandRules(tuple((s.sensor, s.channels) for s in SERIES), SPANS, {}, NOW, 5.0, 3.0)


def row(**cells: str) -> dict[str, str]:
    plain = {"point": "S-01", "taken_at": "2026-11-01 09:00", "value": "3.2", "measured_by": "li"}
    return {**plain, "axis": "", **cells}


def told(*rows: dict[str, str], rules: HandRules = RULES) -> HandPreview:
    return preview(list(rows), rules)


def test_the_template_reads_as_it_is() -> None:
    found = told(dict(zip(TEMPLATE_HEADER, TEMPLATE_EXAMPLE, strict=True)))
    assert (found.ok, found.readings[0].value) == (True, 3.2)
    assert found.readings[0].taken_at_ns == NOW


def test_axes_of_a_point_are_rows_of_their_own() -> None:
    found = told(row(point="q-01", axis="X", value="4,1"), row(point="Q-01", axis="y"))
    assert [r.channel_id for r in found.readings] == [c.id for c in SERIES[1].channels]
    assert found.readings[0].value == 4.1


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ({"point": "S-9"}, "point", "no point 'S-9'"),
        ({"point": "Q-01"}, "axis", "axis must be x or y"),
        ({"value": "wide"}, "value", "must be a number"),
        ({"value": "nan"}, "value", "must be -1000 to 5000"),
        ({"value": "5000.1"}, "value", "must be -1000 to 5000"),
        ({"point": "LF-01", "value": "-0.1"}, "value", "must be 0 to 200"),
        ({"taken_at": "yesterday"}, "taken_at", "must be a moment"),
        ({"taken_at": "2026-11-01"}, "taken_at", "must be a moment"),
        ({"taken_at": "2026-11-23 14:06"}, "taken_at", "must not lie in the future"),
        ({"taken_at": "1999-12-31 09:00"}, "taken_at", "must be 2000-01-01 or later"),
        ({"measured_by": " "}, "measured_by", "must not be empty"),
    ],
)
def test_a_wrong_cell_is_named_with_its_row(cells: dict[str, str], column: str, words: str) -> None:
    found = told(row(), row(**{"taken_at": "2026-11-02 09:00", **cells}))
    assert [(p.row, p.column) for p in found.problems] == [(3, column)]
    assert words in found.problems[0].message_en
    assert not found.ok


@pytest.mark.parametrize("value", ["5000", "-1000"])
def test_the_ends_of_the_range_may_be(value: str) -> None:
    assert told(row(value=value)).ok


def test_one_moment_stands_once_and_what_is_there_is_left_out() -> None:
    assert told(row(), row(value="9")).problems[0].message_en == "is the moment of row 2"
    (reading,) = told(row()).readings
    known = replace(RULES, known={(reading.channel_id, reading.taken_at_ns): 3.2})
    again = told(row(), rules=known)
    assert (again.known, again.problems, again.ok) == (1, (), False)
    other = told(row(value="3.3"), rules=known)
    assert "there is the value 3.2" in other.problems[0].message_en


def test_a_strange_value_is_asked_about_and_hinders_nothing() -> None:
    calm = [row(taken_at=f"2026-11-0{day} 09:00", value=f"3.{day}") for day in range(1, 6)]
    found = told(*calm, row(taken_at="2026-11-06 09:00", value="35"))
    assert found.ok
    assert [(d.row, d.message_en) for d in found.doubts] == [
        (7, "differs by +31.5 mm from the one before, 3.5")
    ]
    assert told(*calm).doubts == ()


def test_missing_columns_and_too_many_rows_are_refused_as_a_whole() -> None:
    with pytest.raises(InvalidInput, match=r"value.*measured_by"):
        preview([{"point": "S-01", "taken_at": "x"}], RULES)
    with pytest.raises(InvalidInput, match="mean the same"):
        preview([{**row(), "测点": "S-01"}], RULES)
    with pytest.raises(InvalidInput, match="at most 5000 rows"):
        preview([row()] * 5001, RULES)


def test_a_sheet_holds_each_moment_once_in_order() -> None:
    late, early = told(row(), row(taken_at="2026-10-01 09:00")).readings
    sheet = make_sheet("h", "b", GATEWAY, [late, early], "li", NOW)
    assert [r.taken_at_ns for r in sheet.readings] == [early.taken_at_ns, late.taken_at_ns]
    with pytest.raises(InvalidInput, match="each moment"):
        make_sheet("h", "b", GATEWAY, [late, late], "li", NOW)
    with pytest.raises(InvalidInput, match="1 to 5000"):
        make_sheet("h", "b", GATEWAY, [], "li", NOW)


def test_what_a_method_tells_is_absolute_but_for_levelling() -> None:
    levelled, leaning, cracked = SERIES
    assert levelled.segments == ()
    for series in (leaning, cracked):
        assert {(s.offset, s.absolute, s.opened_at_ns) for s in series.segments} == {(0.0, True, 0)}
    with pytest.raises(InvalidInput, match="interval_days"):
        new_series("s", "b", GATEWAY, "S", Method.LEVELLING, interval_days=0)


def test_the_next_measurement_is_due_after_the_interval() -> None:
    month_s = 30 * 86400
    assert due_in_days(NOW, month_s, NOW + 10 * DAY_NS) == 20
    assert due_in_days(NOW, month_s, NOW + 31 * DAY_NS) == -1
    assert due_in_days(None, month_s, NOW) is None
