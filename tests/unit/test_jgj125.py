"""Counting dangerous members after JGJ 125: published examples, edges, impossible counts."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.buildings import Grade
from domain.errors import InvalidInput
from domain.jgj125 import ComputedClass, FloorGrade, HouseTally, tally
from domain.submissions import MemberCount
from lifecycle.member_rules import load_member_rules

RULES = load_member_rules()
ABOVE_GROUND = [weight.kind for weight in RULES.weights if not weight.foundation]


def count(*members: tuple[int, str, int, int], above: int = 6, soil: bool = False) -> HouseTally:
    return tally([MemberCount(*one) for one in members], above, 1, soil, RULES)


def walls(storey: int, dangerous: int, of: int = 100) -> tuple[int, str, int, int]:
    return storey, "bearing_wall", of, dangerous


def test_the_published_storey_comes_to_its_published_ratio() -> None:
    storey = count(
        walls(1, 1, 43), (1, "middle_beam", 7, 0), (1, "edge_beam", 14, 0),
        (1, "secondary_beam", 5, 0), (1, "enclosure_wall", 51, 0), (1, "slab", 39, 0),
    ).layers[0]  # fmt: skip
    assert (storey.dangerous_tenths, storey.total_tenths) == (27, 2440)
    assert round(storey.ratio, 4) == 0.0111
    assert storey.grade is FloorGrade.BU


def test_the_published_house_comes_to_its_published_class() -> None:
    house = count(
        (0, "foundation", 105, 0), walls(1, 4, 172), (1, "middle_beam", 26, 0),
        (1, "edge_beam", 45, 0), (1, "secondary_beam", 20, 0), (1, "enclosure_wall", 204, 0),
        (1, "slab", 156, 0),
    )  # fmt: skip
    assert house.ratio == pytest.approx(10.8 / 1324.3)
    assert round(house.ratio or 0.0, 5) == 0.00816
    assert (house.computed, house.rule) == (ComputedClass.B, "few")
    assert house.layers[0].grade is FloorGrade.AU


def test_no_dangerous_member_gives_a_although_a_report_prints_b() -> None:
    house = count((0, "foundation", 10, 0), walls(1, 0))
    assert (house.computed, house.rule, house.ratio) == (ComputedClass.A, "none dangerous", 0.0)


def test_dangerous_soil_decides_at_once() -> None:
    assert count(walls(1, 0), soil=True).computed is ComputedClass.D
    assert count(soil=True).rule == "soil"


def test_nothing_counted_says_nothing() -> None:
    house = count(walls(1, 0, of=0))
    assert (house.computed, house.ratio, house.layers) == (None, None, ())
    assert house.missing == (0, -1, 1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(
    ("dangerous", "grade"),
    [(0, FloorGrade.AU), (1, FloorGrade.BU), (49, FloorGrade.BU), (50, FloorGrade.CU),
     (249, FloorGrade.CU), (250, FloorGrade.DU), (1000, FloorGrade.DU)],
)  # fmt: skip
def test_a_storey_is_graded_at_each_edge(dangerous: int, grade: FloorGrade) -> None:
    assert count(walls(2, dangerous, of=1000)).layers[0].grade is grade


def test_edges_are_exact_where_weights_have_no_exact_binary_form() -> None:
    # 2.7 x 1 of 2.7 x 20 is 5 % to the last digit
    assert count(walls(1, 1, of=20)).layers[0].grade is FloorGrade.CU


def test_few_dangerous_members_in_one_storey_that_is_du_make_c() -> None:
    house = count(walls(1, 30), walls(2, 0, of=10_000))
    assert house.ratio is not None
    assert house.ratio < 0.05
    assert (house.du_layers, house.computed, house.rule) == (1, ComputedClass.C, "few but Du")


@pytest.mark.parametrize(
    ("du", "computed", "rule"), [(2, ComputedClass.C, "local"), (3, ComputedClass.D, "too many Du")]
)
def test_a_third_of_the_layers_may_be_du(du: int, computed: ComputedClass, rule: str) -> None:
    # 6 storeys, a basement and the foundation: 8 / 3
    house = count(*(walls(n, 30) for n in range(1, du + 1)), walls(6, 0, of=400))
    assert house.ratio is not None
    assert 0.05 <= house.ratio < 0.25
    assert (house.computed, house.rule) == (computed, rule)


def test_exactly_a_third_is_still_c() -> None:
    du = [walls(n, 30) for n in (1, 2)]
    house = tally([MemberCount(*one) for one in [*du, walls(4, 0, of=400)]], 4, 1, False, RULES)
    assert (house.du_layers_max, house.computed) == (2.0, ComputedClass.C)


def test_a_quarter_of_the_house_makes_d() -> None:
    assert count(walls(1, 25)).computed is ComputedClass.D


def test_a_basement_and_the_foundation_count_and_come_first() -> None:
    house = count(walls(1, 0), walls(-1, 0), (0, "foundation", 4, 1))
    assert [layer.storey for layer in house.layers] == [0, -1, 1]
    assert (house.layers[0].ratio, house.layers[0].grade) == (0.25, FloorGrade.DU)


def test_a_low_house_may_be_graded_directly() -> None:
    assert tally([], 2, 0, False, RULES).direct
    assert not tally([], 2, 1, False, RULES).direct


@pytest.mark.parametrize(
    ("member", "field"),
    [((1, "pillar", 1, 0), "kind"), ((1, "foundation", 1, 0), "storey"), (walls(0, 0), "storey"),
     (walls(7, 0), "storey"), (walls(-2, 0), "storey"), (walls(1, 2, of=1), "dangerous"),
     (walls(1, -1), "dangerous"), (walls(1, 0, of=-1), "total"),
     (walls(1, 0, of=100_001), "total")],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_field(
    member: tuple[int, str, int, int], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        count(member)
    assert caught.value.field == field


MEMBERS = st.lists(
    st.tuples(
        st.integers(1, 6), st.sampled_from(ABOVE_GROUND), st.integers(0, 200), st.integers(0, 200)
    ).map(lambda one: MemberCount(one[0], one[1], max(one[2:]), min(one[2:]))),
    min_size=1,
    max_size=20,
)
RANK = {None: 0, **{one: number for number, one in enumerate(ComputedClass, 1)}}


@settings(max_examples=300, deadline=None)
@given(MEMBERS, st.data())
def test_one_more_dangerous_member_never_makes_it_better(
    members: list[MemberCount], data: st.DataObject
) -> None:
    before = tally(members, 6, 1, False, RULES)
    at = data.draw(st.integers(0, len(members) - 1))
    one = members[at]
    if one.dangerous == one.total:
        return
    members[at] = replace(one, dangerous=one.dangerous + 1)
    after = tally(members, 6, 1, False, RULES)
    assert RANK[after.computed] >= RANK[before.computed]
    assert tally(members[::-1], 6, 1, False, RULES) == after


def test_what_is_computed_is_no_grade() -> None:
    assert not {str(one) for one in ComputedClass} & {str(one) for one in Grade}
    assert all(row.source and row.certainty for row in RULES.weights)
