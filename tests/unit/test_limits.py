"""The shipped limit profile: complete, ordered, checked, and the same as its page."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from analytics.limits import load_profile, parse_profile
from analytics.limits.page import render
from domain.buildings import Grade
from domain.errors import SettingsInvalid
from domain.limits import Certainty, Level
from tests.unit.series import building

PROFILE = load_profile()
TEXT = files("analytics.limits").joinpath("default-2026.toml").read_text("utf-8")


def test_the_page_is_printed_from_the_data() -> None:
    page = Path(__file__).parents[2] / "docs" / "limits.md"
    assert page.read_text("utf-8") == render(PROFILE)


def test_a_finding_can_name_profile_and_version() -> None:
    assert PROFILE.label == "default-2026@1"


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsInvalid, match="must be one of default-2026, got 'default-2099'"):
        load_profile("default-2099")


@pytest.mark.parametrize(
    ("quantity", "facts", "grade", "wanted"),
    [
        ("tilt_total", {"height_m": 24.0, "storeys_above": 8}, None, [4, 7, 10, 10, 10, 20]),
        ("tilt_total", {"height_m": 6.0, "storeys_above": 2}, None, [4, 7, 10, 10, 10, 30]),
        ("tilt_total", {"height_m": 24.1}, None, [3, 3.5, 4.9, 7]),
        ("tilt_total", {"height_m": 60.0}, None, [3, 3.5, 4.9, 7]),
        ("tilt_total", {"height_m": 60.1}, None, [2.5, 2.5, 3.5, 5]),
        ("tilt_growth", {}, None, [0.5, 1, 2, 3]),
        ("tilt_rate", {}, None, [0.25, 0.5, 0.5, 0.1]),
        ("settlement_rate", {}, None, [1, 2, 3, 4]),
        ("settlement_rate", {"works_nearby": True}, None, [1, 2, 3, 4, 2]),
        ("crack_growth", {}, None, [0.1, 0.2, 0.5, 1.0]),
        ("crack_rate", {}, None, [0.1, 0.3, 0.2]),
        ("crack_width", {"structure": "concrete"}, None, [0.5, 1.0]),
        ("crack_width", {"structure": "timber"}, None, []),
        ("ppv_share", {}, None, [50, 70, 90, 100]),
        ("silence", {}, None, [2, 6, 6]),
        ("silence", {}, Grade.C, [2, 6, 6]),
        ("silence", {}, Grade.D, [2, 1, 1]),
    ],
)
def test_the_rows_of_a_building_are_those_of_the_table(
    quantity: str, facts: dict[str, object], grade: Grade | None, wanted: list[float]
) -> None:
    rows = PROFILE.rows_for(quantity, building(**facts), grade)
    assert [row.value for row in rows] == wanted
    assert [row.level for row in rows] == sorted(row.level for row in rows)


def test_silence_and_restarts_never_have_a_red_row() -> None:
    levels = {row.level for q in ("silence", "restart_jump") for row in PROFILE.of(q)}
    assert Level.RED not in levels


def test_every_row_says_where_it_comes_from_and_how_sure_it_is() -> None:
    for row in PROFILE.rows:
        assert row.source
        assert row.consequence
        assert isinstance(row.certainty, Certainty)
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", row.effective_from)


@pytest.mark.parametrize(
    ("id_", "frequency_hz", "limit"),
    [
        ("gb50868.traffic.residential.foundation", 1, 2.0),
        ("gb50868.traffic.residential.foundation", 10, 2.0),
        ("gb50868.traffic.residential.foundation", 30, 3.5),
        ("gb50868.traffic.residential.foundation", 50, 5.0),
        ("gb50868.traffic.residential.foundation", 100, 7.0),
        ("gb50868.traffic.residential.foundation", 400, 7.0),
        ("gb50868.piling.sensitive.foundation", 75, 3.5),
        ("gb50868.compaction.residential.top", 8, 12.0),
        ("din4150.short-term.residential.foundation", 30, 10.0),
        ("din4150.short-term.sensitive.foundation", 100, 10.0),
        ("bs7385.transient.unreinforced.foundation", 15, 20.0),
        ("gb6722.blasting.residential.foundation", 10, 15.0),
        ("gb6722.blasting.residential.foundation", 11, 20.0),
        ("gbt50452.brick.county.top", 20, 0.45),
    ],
)
def test_a_vibration_limit_follows_its_own_table(
    id_: str, frequency_hz: float, limit: float
) -> None:
    (table,) = (table for table in PROFILE.tables if table.id == id_)
    assert table.limit_at(frequency_hz) == pytest.approx(limit)


def test_an_old_house_beside_traffic_gets_seven_tenths() -> None:
    (table,) = (t for t in PROFILE.tables if t.id == "gb50868.traffic.residential.foundation")
    factor = PROFILE.number("vibration.substandard")
    limits = [table.limit_at(hz) * factor for hz in (10, 50, 100)]
    assert limits == pytest.approx([1.4, 3.5, 4.9])


def _broken(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_broken('op = ">="', 'op = "=>"'), r"'tilt.total.h24' blue: op must be one of >=, >, got"),
        (_broken("value = 4.0", "value = -4.0"), "value must be a number above 0, got -4.0"),
        (_broken("value = 4.0", 'value = "4"'), "value must be a number above 0, got '4'"),
        (_broken("value = 7.0", "value = 3.0"), "yellow must be at least 4.0 ‰ .blue., got 3.0"),
        (_broken('level = "blue"', 'level = "pink"'), "level must be one of blue, yellow"),
        (_broken('quantity = "tilt_total"', 'quantity = "lean"'), "quantity must be one of"),
        (_broken('certainty = "verified"', 'certainty = "sure"'), "certainty must be one of"),
        (_broken("height_m_max", "hight_m_max"), "condition must be one of .* got 'hight_m_max'"),
        (_broken('"2026-01-01"', '"soon"'), "effective_from must be a date, got 'soon'"),
        (_broken("[[rows]]", "[[rows]"), "must be TOML"),
        (_broken("[[10.0, 10.0]", "[[10.0, 10.0], [9.0, 1.0]") if "[[10.0, 10.0]" in TEXT else
         _broken("points = [[1.0, 5.0], [10.0, 5.0]", "points = [[1.0, 5.0], [0.5, 5.0]"),
         "points must rise in frequency"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named(text: str, message: str) -> None:
    with pytest.raises(SettingsInvalid, match=message):
        parse_profile(text)


def test_a_doubled_row_is_named() -> None:
    row = TEXT[TEXT.index("[[rows]]") : TEXT.index("[[rows]]", TEXT.index("[[rows]]") + 1)]
    text = TEXT.replace(row, row + row, 1)
    with pytest.raises(SettingsInvalid, match=r"'tilt.total.h24' blue must stand once"):
        parse_profile(text)
