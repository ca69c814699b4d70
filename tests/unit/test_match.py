"""Matching two revisions: nothing wrong is linked, and what cannot be linked waits in view."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bim.match import SUPERSEDED, Matched, match
from bim.match_rules import match_rules, parse_rules
from domain.claims import ClaimMethod, ClaimRole, ClaimStatus, IdentityClaim
from domain.elements import Box, ElementVersion
from domain.errors import SettingsInvalid
from tests.model_rows import FIRST, MODEL, SECOND, Pair, block, next_revision, rebuilt

CHANGES: dict[str, dict[str, object]] = {
    "nothing": {},
    "new guids": {"new_guids": True},
    "new guids, no tags": {"new_guids": True, "tags": "gone"},
    "new guids, tags numbered anew": {"new_guids": True, "tags": "numbered"},
    "site offset": {"shift_m": (431_234.5, 22.1, -3.0)},
    "site offset, new guids, no tags": {
        "shift_m": (-88.25, 0.5, 3.0), "new_guids": True, "tags": "gone",
    },
    "deleted and moved": {"deleted": 0.05, "moved": [(0.2, 0.02), (0.1, 0.3), (0.05, 2.0)]},
    "deleted and moved, new guids, no tags": {
        "deleted": 0.05, "moved": [(0.2, 0.02), (0.1, 0.3)], "new_guids": True, "tags": "gone",
    },
    "deleted and moved, new guids, tags numbered anew": {
        "deleted": 0.05, "moved": [(0.2, 0.02), (0.1, 0.3)], "new_guids": True, "tags": "numbered",
    },
    "deleted and moved, site offset": {
        "deleted": 0.05, "moved": [(0.2, 0.02), (0.1, 0.3)], "shift_m": (12.0, -7.5, 0.0),
    },
    "other property sets": {"other_content": 0.5},
}  # fmt: skip


def matched(
    old: Sequence[ElementVersion], new: Sequence[ElementVersion], **more: object
) -> Matched:
    return match(old, new, model_id=MODEL, revision_id=SECOND, at_ns=7, **more)  # type: ignore[arg-type]


def autos(came: Matched) -> list[IdentityClaim]:
    return [claim for claim in came.claims if claim.status is ClaimStatus.AUTO]


def wrong(came: Matched, pair: Pair) -> list[IdentityClaim]:
    return [one for one in autos(came) if one.to_step_id not in pair.truth[one.element_id]]


def why(claim: IdentityClaim) -> str:
    return dict(claim.evidence).get("why", "")


def one(step: int, at: Sequence[float] = (0, 0, 0), **more: object) -> ElementVersion:
    """Make a wall 3 m long, 0.24 m thick and 3 m high; steps below 100 are of the first file."""
    x, y, z = at
    box: Box = (x, y, z, x + 3, y + 0.24, z + 3)
    fields = {
        "revision_id": FIRST if step < 100 else SECOND,
        "step_id": step,
        "element_id": f"e{step}" if step < 100 else "",
        "global_id": f"guid-{step % 100}",
        "ifc_class": "IfcWall",
        "name": f"wall {step % 100}",
        "content_hash": f"content {step % 100}",
        "box": box,
    }
    return ElementVersion(**(fields | more))  # type: ignore[arg-type]


@pytest.mark.parametrize("change", CHANGES)
def test_no_wrong_link_is_automatic_and_nobody_is_lost(change: str) -> None:
    for seed in range(60, 66):
        pair = next_revision(block(seed=seed), seed, **CHANGES[change])  # type: ignore[arg-type]
        came = matched(pair.old, pair.new)
        assert not wrong(came, pair), f"seed {seed}"
        waiting = {c.element_id for c in came.claims if c.status is ClaimStatus.PROPOSED}
        assert waiting == set(came.missing), f"seed {seed}"
        assert waiting | {c.element_id for c in autos(came)} == set(pair.truth), f"seed {seed}"
        assert came.linked.keys() == {row.step_id for row in pair.new}, f"seed {seed}"


@pytest.mark.parametrize(
    "change",
    ["storey put in", "storey taken out", "bay put in", "windows moved on", "columns moved on"],
)
def test_twins_that_took_each_others_places_are_left_to_people(change: str) -> None:
    for storeys, seed in ((3, 80), (6, 81)):
        pair = rebuilt(block(storeys, 8, seed), change, seed)
        came = matched(pair.old, pair.new)
        assert not wrong(came, pair), f"seed {seed}"
        assert autos(came)  # what moved tells nothing against the rest


@pytest.mark.parametrize("change", [name for name in CHANGES if "deleted" not in name])
def test_what_only_has_new_names_or_axes_is_linked(change: str) -> None:
    pair = next_revision(block(), 71, **CHANGES[change])  # type: ignore[arg-type]
    came = matched(pair.old, pair.new)
    assert len(autos(came)) >= 0.95 * len(pair.old)
    assert came.shift_m == pytest.approx(CHANGES[change].get("shift_m", (0, 0, 0)), abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), change=st.sampled_from(sorted(CHANGES)))
def test_the_order_of_what_comes_in_makes_no_difference(seed: int, change: str) -> None:
    pair = next_revision(block(2, 3), seed, **CHANGES[change])  # type: ignore[arg-type]
    rng = np.random.default_rng(seed)
    old = [pair.old[place] for place in rng.permutation(len(pair.old))]
    new = [pair.new[place] for place in rng.permutation(len(pair.new))]
    assert matched(pair.old, pair.new) == matched(old, new)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), change=st.sampled_from(sorted(CHANGES)))
def test_no_element_and_no_entity_is_linked_twice(seed: int, change: str) -> None:
    pair = next_revision(block(2, 3), seed, **CHANGES[change])  # type: ignore[arg-type]
    came = matched(pair.old, pair.new)
    assert max(Counter(came.linked.values()).values()) == 1
    links = [(claim.element_id, claim.to_step_id) for claim in autos(came)]
    assert len({a for a, _ in links}) == len({b for _, b in links}) == len(links)
    assert len({claim.id for claim in came.claims}) == len(came.claims)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), without=st.sets(st.sampled_from(["global_id", "tag"])))
def test_a_revision_matched_with_itself_links_all_that_is_unique(
    seed: int, without: set[str]
) -> None:
    bare = dict.fromkeys(without, "")
    old = [replace(row, **bare) for row in block(2, 3, seed)]  # type: ignore[arg-type]
    new = [replace(row, revision_id=SECOND, element_id="") for row in old]
    steps = {row.step_id: row.element_id for row in old if row.box or row.global_id}
    linked = {claim.to_step_id: claim.element_id for claim in autos(matched(old, new))}
    assert linked == steps


def test_the_first_revision_makes_all_elements() -> None:
    rows = [replace(row, element_id="") for row in block()]
    came = matched([], rows)
    assert len(came.new_elements) == len(rows) == len(set(came.linked.values()))
    assert not came.claims
    assert came == matched([], rows)


def test_guids_hold_below_a_metre_and_within_a_group_of_classes() -> None:
    old = [one(1), one(2, (10, 0, 0)), one(3, (20, 0, 0)), one(4, (30, 0, 0))]
    new = [
        one(101, (0.999, 0, 0)),
        one(102, (11.0, 0, 0)),
        one(103, (20, 0, 0), ifc_class="IfcWallStandardCase"),
        one(104, (30, 0, 0), ifc_class="IfcColumn"),
    ]
    came = matched(old, new)
    assert {claim.element_id: claim.method for claim in autos(came)} == {
        "e1": ClaimMethod.GUID,
        "e3": ClaimMethod.GUID,
    }
    assert {c.element_id: why(c) for c in came.claims if c.element_id in {"e2", "e4"}} == {
        "e2": "moved far",
        "e4": "class differs",
    }


def test_a_guid_that_stands_twice_links_nothing_by_itself() -> None:
    old = [one(1), one(2, (10, 0, 0))]
    new = [
        one(101, (0.2, 0, 0)),
        one(102, (10, 0, 0)),
        one(103, (0.4, 0, 0), global_id="guid-1"),
    ]
    came = matched(old, new)
    assert [claim.element_id for claim in autos(came)] == ["e2"]
    twice = [claim for claim in came.claims if claim.element_id == "e1"]
    assert [claim.to_step_id for claim in twice] == [101, 103]
    assert {why(claim) for claim in twice} == {"several"}


def test_guids_that_changed_places_with_a_neighbour_are_left_to_people() -> None:
    old = [one(1), one(2, (0, 0.5, 0)), one(3, (30, 0, 0))]
    new = [
        one(101, (0, 0.5, 0), content_hash="content 2"),
        one(102, content_hash="content 1"),
        one(103, (30, 0, 0)),
    ]
    came = matched(old, new)
    assert [claim.element_id for claim in autos(came)] == ["e3"]
    assert set(came.missing) == {"e1", "e2"}


def test_tags_hold_below_half_a_metre_where_guids_are_new() -> None:
    old = [one(1, tag="A"), one(2, (10, 0, 0), tag="B"), one(3, (20, 0, 0), tag="C")]
    new = [
        one(101, (0.49, 0, 0), tag="A", global_id="x", content_hash="other"),
        one(102, (10.51, 0, 0), tag="B", global_id="y"),
        one(103, (20, 0, 0), tag="D", global_id="z", content_hash="other"),
    ]
    came = matched(old, new)
    assert [(c.element_id, c.method) for c in autos(came)] == [("e1", ClaimMethod.TAG)]


def test_a_box_alone_links_nothing() -> None:
    came = matched([one(1)], [one(101, global_id="x", content_hash="other")])
    assert not autos(came)
    assert [(c.element_id, c.to_step_id) for c in came.claims] == [("e1", 101)]


def test_a_box_that_the_deleted_elements_neighbour_took_is_left_to_people() -> None:
    like = {"content_hash": "window", "name": "window"}
    old = [one(1, **like), one(2, (0.3, 0, 0), **like), one(3, (30, 0, 0))]
    new = [one(102, global_id="x", **like), one(103, (30, 0, 0), global_id="y")]
    came = matched(old, new)
    assert [claim.element_id for claim in autos(came)] == ["e3"]
    assert set(came.missing) == {"e1", "e2"}


def test_what_one_file_says_by_guid_no_other_may_take_by_its_box() -> None:
    like = {"content_hash": "window", "name": "window"}
    old = [one(1, **like), one(2, (5, 0, 0), **like), one(3, (30, 0, 0))]
    new = [one(102, **like), one(103, (30, 0, 0))]  # the second went where the first was
    came = matched(old, new)
    assert [claim.element_id for claim in autos(came)] == ["e3"]


def test_a_split_wall_is_proposed_as_parts_even_when_one_keeps_the_guid() -> None:
    old = [one(1), one(2, (30, 0, 0))]
    left, right = (0.0, 0.0, 0.0, 2.0, 0.24, 3.0), (2.0, 0.0, 0.0, 3.0, 0.24, 3.0)
    new = [one(101, box=left), one(107, box=right, global_id="x"), one(102, (30, 0, 0))]
    came = matched(old, new)
    parts = [claim for claim in came.claims if claim.element_id == "e1"]
    assert {claim.to_step_id for claim in parts} == {101, 107}
    assert {claim.role for claim in parts} == {ClaimRole.PART}
    assert {claim.status for claim in parts} == {ClaimStatus.PROPOSED}


def test_walls_that_became_one_are_proposed_as_merged() -> None:
    old = [one(1), one(2, (3, 0, 0)), one(3, (30, 0, 0))]
    new = [one(101, box=(0.0, 0.0, 0.0, 6.0, 0.24, 3.0)), one(103, (30, 0, 0))]
    came = matched(old, new)
    merged = [claim for claim in came.claims if claim.role is ClaimRole.MERGED]
    assert {(claim.element_id, claim.to_step_id) for claim in merged} == {("e1", 101), ("e2", 101)}


def test_storeys_that_rise_are_no_move_of_the_axes() -> None:
    old = block(4, 4)
    new = [
        replace(row, revision_id=SECOND, element_id="", box=row.box and _risen(row.box))
        if (row.storey_elevation_m or 0) >= 3
        else replace(row, revision_id=SECOND, element_id="")
        for row in old
    ]
    came = matched(old, new)
    assert came.shift_m == (0, 0, 0)
    assert not [c for c in autos(came) if c.element_id != id_of(old, c.to_step_id)]
    assert {why(c) for c in came.claims if c.status is ClaimStatus.PROPOSED} >= {"moved far"}


def test_an_element_lost_once_comes_back_by_its_guid() -> None:
    came = matched([one(2, (10, 0, 0))], [one(101), one(102, (10, 0, 0))], stragglers=[one(1)])
    assert came.linked == {101: "e1", 102: "e2"}
    assert not came.missing


def test_a_rejected_pair_is_neither_linked_nor_proposed_again() -> None:
    came = matched([one(1)], [one(101)], refused={("e1", "guid-1")})
    assert not autos(came)
    assert [(c.to_step_id, why(c)) for c in came.claims] == [(0, "no candidate")]


def test_an_open_proposal_follows_its_candidate_into_the_next_revision() -> None:
    waiting = IdentityClaim(
        "c1", MODEL, "revision-0", FIRST, "lost", 1, "guid-1",
        ClaimMethod.CONTENT, 0.6, ClaimStatus.PROPOSED, version=3,
    )  # fmt: skip
    lost = one(9, (3.5, 0, 0), element_id="lost", revision_id="revision-0", content_hash="x")
    came = matched([one(1)], [one(101)], stragglers=[lost], open_claims=[waiting])
    kept = {claim.id: claim for claim in came.claims}
    assert kept["c1"].status is ClaimStatus.REJECTED
    assert (kept["c1"].note, kept["c1"].version) == (SUPERSEDED, 4)
    carried = [c for c in came.claims if c.status is ClaimStatus.PROPOSED]
    assert [(c.element_id, c.to_step_id, c.to_revision) for c in carried] == [("lost", 101, SECOND)]
    assert came.linked == {101: "e1"}


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ("value = 1.0", "value = -1.0"),
        ('id = "twin_m"', 'id = "box_m"'),
        ('id = "twin_m"', 'id = "twin_km"'),
        ("guid = 0.20", "guid = 0.30"),
        ('certainty = "project proposal"', 'certainty = "sure"'),
        ('"IfcBeamStandardCase"]', '"IfcWall"]'),
    ],
)
def test_rules_that_are_wrong_are_refused(wanted: str, got: str) -> None:
    text = files("bim").joinpath("match-2026.toml").read_text("utf-8")
    assert parse_rules(text) == match_rules()
    with pytest.raises(SettingsInvalid):
        parse_rules(text.replace(wanted, got, 1))


def _risen(box: Box) -> Box:
    x, y, z, right, back, top = box
    return (x, y, z + 3.0, right, back, top + 3.0)


def id_of(old: Sequence[ElementVersion], step_id: int) -> str:
    return next(row.element_id for row in old if row.step_id == step_id)
