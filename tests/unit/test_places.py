"""Where a place is in a later revision: the first of what was told that still holds."""

from dataclasses import replace

import pytest

from bim.places import place
from domain.anchors import Anchor, Hold, PickedBy
from domain.elements import ElementVersion

WALL = ElementVersion(
    "r1", 1, "g1", "IfcWall", element_id="wall", storey_name="2 层", box=(0, 0, 3, 4, 0.2, 6)
)
ANCHOR = Anchor(
    "a1", "b1", PickedBy.MODEL, 0, "someone",
    element_id="wall", revision_seen="r1", point=(1.0, 0.2, 4.5), local_uvw=(0.25, 1.0, 0.5),
    storey="2 层",
)  # fmt: skip


def test_on_the_revision_it_was_told_in_a_place_is_where_it_was_told() -> None:
    placed = place(ANCHOR, WALL, [])
    assert (placed.point, placed.hold, placed.why) == ((1.0, 0.2, 4.5), Hold.LINKED, "element")


def test_on_a_later_revision_it_goes_with_its_element() -> None:
    later = replace(WALL, revision_id="r2", box=(10, 0, 3, 18, 0.2, 6))
    placed = place(ANCHOR, later, [])
    assert placed.point == pytest.approx((12.0, 0.2, 4.5))
    assert (placed.hold, placed.element_id) == (Hold.RELINKED, "wall")


def test_without_a_local_place_the_nearest_of_its_element_counts() -> None:
    later = replace(WALL, revision_id="r2", box=(2, 0, 3, 4, 0.2, 6))
    assert place(replace(ANCHOR, local_uvw=None), later, []).point == pytest.approx((2, 0.2, 4.5))


def test_a_lost_elements_place_takes_the_nearest_surface_of_its_kind_and_asks() -> None:
    near = replace(
        WALL, revision_id="r2", step_id=8, element_id="new", box=(0, -0.7, 3, 4, -0.3, 6)
    )
    other = [
        replace(near, element_id="door", ifc_class="IfcDoor", box=(0, 0, 3, 4, 0.2, 6)),
        replace(near, element_id="above", storey_name="3 层", box=(0, 0, 3, 4, 0.2, 6)),
        replace(near, element_id="shapeless", box=None),
    ]
    placed = place(ANCHOR, None, [*other, near], last=WALL)
    assert placed.point == pytest.approx((1.0, -0.3, 4.5))
    assert (placed.hold, placed.why, placed.element_id) == (Hold.REVIEW, "surface", "new")


@pytest.mark.parametrize(("away", "why"), [(0.5, "surface"), (0.51, "point")])
def test_a_surface_farther_than_half_a_metre_is_none(away: float, why: str) -> None:
    near = replace(WALL, revision_id="r2", element_id="new", box=(0, -1, 3, 4, 0.2 - away, 6))
    placed = place(ANCHOR, None, [near], last=WALL)
    assert (placed.why, placed.hold) == (why, Hold.REVIEW)


def test_a_place_moves_with_the_axes() -> None:
    placed = place(ANCHOR, None, [], last=WALL, shift_m=(100, 0, -1))
    assert placed.point == pytest.approx((101.0, 0.2, 3.5))


def test_a_place_without_a_model_stays_as_it_was_told() -> None:
    bare = Anchor("a", "b", PickedBy.PLAN, 0, "someone", point=(1, 2, 3))
    assert place(bare, None, [WALL]).hold is Hold.SPATIAL
    words = Anchor("a", "b", PickedBy.TEXT, 0, "someone", storey="2 层", room="厨房")
    assert (place(words, None, []).point, place(words, None, []).why) == (None, "words")
    mapped = Anchor("a", "b", PickedBy.GPS, 0, "someone", wgs84=(120.1, 30.2))
    assert place(mapped, None, []).why == "map"
    nothing = Anchor("a", "b", PickedBy.TEXT, 0, "someone", note="somewhere")
    assert (place(nothing, None, []).why, place(nothing, None, []).hold) == (
        "nothing", Hold.SPATIAL,
    )  # fmt: skip
