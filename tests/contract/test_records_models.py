"""What the store of models promises, on SQLite and on PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from domain.anchors import Anchor, Hold, PickedBy
from domain.bim_models import BimModel, BimRevision, MeshState, RevisionState
from domain.bim_ports import ModelStore
from domain.buildings import Building
from domain.claims import ClaimMethod, ClaimRole, ClaimStatus, IdentityClaim
from domain.elements import Element, ElementVersion, Storey
from domain.errors import Conflict, InvalidInput
from domain.ports import Page
from storage.records import Records

HOUSE = Building(
    "b-1", "360102001001", "三号楼", "演示路 1 号", "360102", "", "", 115.89, 28.68
)  # fmt: skip
MODEL = BimModel("m-1", "b-1", "建筑", made_at_ns=5, by="u-1")
FIRST = BimRevision("r-1", "m-1", 1, "bim/b-1/aa.ifc", "aa", 4_000, "三号楼.ifc", 10, "u-1")
SECOND = replace(FIRST, id="r-2", number=2, file_sha256="bb", at_ns=20)
WALL = ElementVersion(
    "r-1", 12, "0aaa", "IfcWallStandardCase", "东墙", tag="T-12", type_name="Brick 240",
    storey_guid="1st", storey_name="二层", storey_elevation_m=3.3, space="客厅",
    material="砖, 砂浆",
    load_bearing=True, properties=(("Pset_WallCommon", "FireRating", "Ｆ２", ""),),
    box=(0.0, 0.0, 0.0, 4.0, 0.24, 3.0), content_hash="c12", geometry_hash="g12",
)  # fmt: skip
DOOR = ElementVersion("r-1", 7, "0bbb", "IfcDoor", "门 M-1 50%", storey_guid="1st")
SLAB = ElementVersion("r-1", 40, "0aaa", "IfcSlab", "楼板\x00")


@pytest.fixture
def models(records: Records) -> ModelStore:
    records.register.put_building(HOUSE, "u-1")
    records.models.put_model(MODEL, "u-1")
    return records.models


@pytest.fixture
def read(models: ModelStore) -> ModelStore:
    """A model with its first revision read and its elements made."""
    new = models.add_revision(FIRST, "u-1")
    indexed = replace(new, state=RevisionState.READING, version=2)
    models.put_index(indexed, [Storey("2nd", "三层", 6.6), Storey("1st", "二层", 3.3)],
                     [WALL, DOOR, SLAB])  # fmt: skip
    elements = [Element(f"e-{v.step_id}", "m-1", v.ifc_class, v.name, "r-1") for v in (WALL, DOOR)]
    ready = replace(indexed, state=RevisionState.READY, version=3)
    models.put_matches(ready, elements, {12: "e-12", 7: "e-7"}, [], [], "jobs")
    return models


def second_read(models: ModelStore) -> BimRevision:
    new = models.add_revision(SECOND, "u-1")
    later = replace(new, state=RevisionState.MATCHING, version=2)
    models.put_index(later, [], [replace(v, revision_id="r-2") for v in (WALL, DOOR, SLAB)])
    return later


def claim(number: int, element: str = "e-12", score: float = 0.5, **more: object) -> IdentityClaim:
    made = IdentityClaim(
        f"k-{number}", "m-1", "r-1", "r-2", element, 12, "0aaa", ClaimMethod.BOX, score,
        ClaimStatus.PROPOSED, evidence=(("distance_m", "0.02"),), made_at_ns=30,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def test_a_model_is_kept_as_it_is_and_changed_by_its_next_version_only(
    models: ModelStore, records: Records
) -> None:
    assert models.model("m-1") == MODEL
    models.put_model(MODEL, "u-1")
    renamed = replace(MODEL, name="结构", version=2)
    models.put_model(renamed, "u-1")
    assert models.models("b-1") == [renamed]
    with pytest.raises(Conflict, match="version 3, got 2"):
        models.put_model(replace(renamed, name="x"), "u-1")
    for wrong, what in (
        (replace(MODEL, id="m-2", building_id="nobody"), "must name a building"),
        (replace(renamed, building_id="nobody", version=3), "must name a building"),
        (replace(MODEL, id="m-2", name=" "), "name must be some text"),
        (replace(MODEL, id="m-2", name="a\x00"), "control code 0"),
    ):
        with pytest.raises(InvalidInput, match=what):
            models.put_model(wrong, "u-1")
    assert [line[2] for line in records.audit.audit(Page(), object_id="m-1")] == [
        "model changed", "model added",
    ]  # fmt: skip
    assert models.model("nobody") is None


def test_revisions_are_numbered_by_the_store_even_when_many_come_at_once(
    models: ModelStore, open_again: Callable[[], Records]
) -> None:
    stores = [open_again().models for _ in range(2)]
    given = [replace(FIRST, id=f"r-{i}", number=99, file_sha256=f"{i}") for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(lambda r: stores[len(r.id) % 2].add_revision(r, "u-1"), given))
    assert sorted(one.number for one in kept) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [one.number for one in models.revisions("m-1")] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert {one.id for one in models.unfinished_revisions()} == {one.id for one in given}


def test_the_same_file_again_answers_the_revision_that_is_there(
    models: ModelStore, records: Records
) -> None:
    kept = models.add_revision(FIRST, "u-1")
    assert models.add_revision(replace(FIRST, id="r-9", by="u-2"), "u-2") == kept
    assert models.add_revision(FIRST, "u-1") == kept
    with pytest.raises(Conflict, match="another file"):
        models.add_revision(replace(FIRST, file_sha256="zz"), "u-1")
    rejected = replace(kept, state=RevisionState.REJECTED, reason_code="cut off", version=2)
    models.put_revision(rejected)
    again = models.add_revision(replace(FIRST, id="r-9"), "u-1")
    assert (again.id, again.number) == ("r-9", 2)
    # going back to an older file is a revision of its own
    models.add_revision(replace(SECOND, id="r-10"), "u-1")
    assert models.add_revision(replace(FIRST, id="r-11"), "u-1").number == 4
    with pytest.raises(InvalidInput, match="must name a model"):
        models.add_revision(replace(FIRST, id="r-12", model_id="nobody"), "u-1")
    lines = records.audit.audit(Page(), object_id="r-9")
    assert [(line[1], line[2]) for line in lines] == [("u-1", "revision added")]


def test_how_far_a_revision_is_is_told_to_live_pages_and_never_written_over(
    models: ModelStore, records: Records
) -> None:
    kept = models.add_revision(FIRST, "u-1")
    before = records.alerts.last_change()
    reading = replace(
        kept, state=RevisionState.READING, done=3, of=9, origin_m=(1.5, -2.0, 0.0),
        true_north_deg=12.5, map_origin=(5e5, 3e6, 20.0), warnings=(("broken lines", "40"),),
        version=2,
    )  # fmt: skip
    models.put_revision(reading)
    models.put_revision(reading)
    assert models.revision("r-1") == reading
    (line,) = records.alerts.changes(before)
    assert (line.kind, line.building_id, line.object_id) == ("model", "b-1", "r-1")
    with pytest.raises(Conflict, match="version 3, got 2"):
        models.put_revision(replace(reading, done=4))
    with pytest.raises(InvalidInput, match="must be one of a model"):
        models.put_revision(replace(reading, id="nobody"))
    with pytest.raises(InvalidInput, match="keeps its model, number and file"):
        models.put_revision(replace(reading, file_sha256="other", version=3))


def test_a_rejected_revision_leaves_the_earlier_one_live(read: ModelStore) -> None:
    new = read.add_revision(SECOND, "u-1")
    assert read.live_revision("m-1") == read.revision("r-1")
    read.put_revision(replace(new, state=RevisionState.REJECTED, version=2))
    assert read.live_revision("m-1") == read.revision("r-1")
    # the first still waits for its shapes
    assert [one.id for one in read.unfinished_revisions()] == ["r-1"]
    first = read.revision("r-1")
    assert first is not None
    read.put_revision(replace(first, mesh=MeshState.FAILED, version=4))
    assert read.unfinished_revisions() == []
    assert read.live_revision("nobody") is None


def test_what_a_file_says_is_read_back_whole_in_the_order_of_the_file(read: ModelStore) -> None:
    assert read.storeys("r-1") == [Storey("1st", "二层", 3.3), Storey("2nd", "三层", 6.6)]
    wall = replace(WALL, element_id="e-12")
    assert read.version_of("r-1", "e-12") == wall
    door, listed, slab = read.versions("r-1")
    assert (door.step_id, listed, slab.name) == (7, replace(wall, properties=()), "楼板\ufffd")
    assert read.versions("r-1", with_properties=True)[1] == wall
    assert read.version_of("r-1", "") is None
    assert read.version_of("r-2", "e-12") is None
    assert read.versions("nobody") == []


def test_the_same_index_again_replaces_it_and_keeps_who_is_who(read: ModelStore) -> None:
    revision = read.revision("r-1")
    assert revision is not None
    read.put_index(revision, [], [replace(WALL, name="西墙"), replace(DOOR, step_id=8)])
    assert read.storeys("r-1") == []
    assert [(v.step_id, v.name, v.element_id) for v in read.versions("r-1")] == [
        (8, DOOR.name, ""), (12, "西墙", "e-12"),
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match="must be of revision 'r-1'"):
        read.put_index(revision, [], [replace(WALL, revision_id="r-2")])
    with pytest.raises(Conflict):
        read.put_index(revision, [], [WALL, WALL])
    assert len(read.versions("r-1")) == 2


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("东墙", [12]), ("IFCWALL", [12]), ("t-12", [12]), ("brick 240", [12]), ("砂浆", [12]),
        ("客厅", [12]), ("Ｔ－１２", [12]), ("墙 二层", [12]), ("墙 门", []), ("50%", [7]),
        ("5_%", []),
        ("M-1", [7]), ("fire", []), ("", [7, 12, 40]), ("\\", []),
    ],
)  # fmt: skip
def test_elements_are_found_by_words_in_chinese_and_english(
    read: ModelStore, text: str, steps: list[int]
) -> None:
    assert [v.step_id for v in read.versions("r-1", text=text)] == steps


def test_elements_are_listed_page_by_page_by_storey_and_class(read: ModelStore) -> None:
    assert [v.step_id for v in read.versions("r-1", Page(2))] == [7, 12]
    assert [v.step_id for v in read.versions("r-1", Page(2, "12"))] == [40]
    assert [v.step_id for v in read.versions("r-1", storey_guid="1st", ifc_class="IfcDoor")] == [7]
    assert [v.step_id for v in read.versions("r-1", storey_guid="")] == [40]
    for wrong in ("x", "-1", "9" * 30, "1 OR 1"):
        with pytest.raises(InvalidInput, match="after must be a step id"):
            read.versions("r-1", Page(2, wrong))


def test_thousands_of_elements_are_written_linked_and_searched_as_few_are(
    models: ModelStore,
) -> None:
    revision = models.add_revision(FIRST, "u-1")
    rows = tuple((f"Pset_{i}", f"属性 {i}", "值" * 10, "") for i in range(20))
    many = [replace(WALL, step_id=i, tag=f"T-{i}", properties=rows) for i in range(4_000)]
    models.put_index(revision, [], many)
    elements = [Element(f"e-{i}", "m-1", "IfcWall", "东墙", "r-1") for i in range(4_000)]
    models.put_matches(revision, elements, {i: f"e-{i}" for i in range(4_000)}, [], [], "jobs")
    models.put_shapes(
        revision, {i: (0.0, 0.0, 0.0, 1.0, 1.0, i / 7) for i in range(4_000)}, {3_999: "ff"}
    )
    (found,) = models.versions("r-1", text="T-3999", with_properties=True)
    assert (found.element_id, found.box, found.geometry_hash, found.properties) == (
        "e-3999", (0.0, 0.0, 0.0, 1.0, 1.0, 3999 / 7), "ff", rows,
    )  # fmt: skip
    after, seen = "", 0
    while page := models.versions("r-1", Page(1_000, after)):
        after, seen = str(page[-1].step_id), seen + len(page)
    assert seen == 4_000
    assert len(models.elements("m-1")) == 4_000


def test_a_matching_is_written_whole_or_not_at_all_and_twice_is_once(
    read: ModelStore, records: Records
) -> None:
    records.places.put_anchor(
        Anchor("a-1", "b-1", PickedBy.LIST, 1, "u-1", "e-12", hold=Hold.LINKED), "u-1"
    )
    later = second_read(read)
    ready = replace(later, state=RevisionState.READY, version=3)
    gone = Element("e-7", "m-1", DOOR.ifc_class, DOOR.name, "r-1", "r-2")
    new = Element("e-40", "m-1", "IfcSlab", "楼板", "r-2")
    moved = Anchor(
        "a-1", "b-1", PickedBy.LIST, 1, "u-1", "e-12", hold=Hold.RELINKED, version=2
    )  # fmt: skip
    made = [claim(1, "e-12", status=ClaimStatus.AUTO), claim(2, "e-7", to_step_id=0)]
    for wrong, what in (
        ({"linked": {99: "e-12"}}, "entities of the revision, got #99"),
        ({"linked": {12: "nobody"}}, "elements of the model, got 'nobody'"),
        ({"claims": [claim(3, "nobody")]}, "element of the model"),
        ({"claims": [claim(3, score=1.5)]}, "score must be 0 to 1"),
        ({"claims": [claim(3, to_revision="r-1")]}, "must be of revision 'r-2'"),
        ({"anchors": [replace(moved, element_id="nobody")]}, "of this building's models"),
        ({"elements": [replace(new, model_id="m-2")]}, "must be of model 'm-1'"),
    ):
        asked = {"elements": [gone, new], "linked": {12: "e-12", 40: "e-40"}, "claims": made,
                 "anchors": [moved]} | wrong  # fmt: skip
        with pytest.raises(InvalidInput, match=what):
            read.put_matches(ready, **asked, by="jobs")  # type: ignore[arg-type]
        assert read.revision("r-2") == later
        assert read.claims("m-1", Page()) == []
    for _ in range(2):
        read.put_matches(
            ready, [gone, new], {12: "e-12", 40: "e-40"}, made, [moved], "jobs"
        )  # fmt: skip
    assert read.live_revision("m-1") == ready
    assert read.element("e-7") == gone
    assert [v.element_id for v in read.versions("r-2")] == ["", "e-12", "e-40"]
    assert records.places.anchor("a-1") == moved
    assert read.claims("m-1", Page()) == made
    assert [line[2] for line in records.audit.audit(Page(), object_id="a-1")] == [
        "anchor changed", "anchor added",
    ]  # fmt: skip
    with pytest.raises(Conflict, match="version"):
        read.put_matches(ready, [], {}, [replace(made[0], score=0.9)], [], "jobs")


def test_claims_are_listed_newest_revision_first_and_best_first(read: ModelStore) -> None:
    second_read(read)
    third = read.add_revision(replace(SECOND, id="r-3", file_sha256="cc", at_ns=30), "u-1")
    revision = read.revision("r-2")
    assert revision is not None
    scores = [(1, 0.5), (2, 0.9), (3, 0.5)]
    read.put_matches(revision, [], {}, [claim(n, score=s) for n, s in scores], [], "jobs")
    newer = claim(4, score=0.1, to_revision="r-3", status=ClaimStatus.AUTO)
    read.put_matches(third, [], {}, [newer], [], "jobs")
    assert [c.id for c in read.claims("m-1", Page())] == ["k-4", "k-2", "k-1", "k-3"]
    assert [c.id for c in read.claims("m-1", Page(1, "k-4"))] == ["k-2"]
    assert [c.id for c in read.claims("m-1", Page(5, "k-1"))] == ["k-3"]
    assert [c.id for c in read.claims("m-1", Page(), to_revision="r-3")] == ["k-4"]
    open_ones = read.claims("m-1", Page(), statuses=[ClaimStatus.PROPOSED])
    assert [c.id for c in open_ones] == ["k-2", "k-1", "k-3"]
    with pytest.raises(InvalidInput, match="after must be a claim's id"):
        read.claims("m-1", Page(1, "nobody"))
    assert read.claim("k-2") == claim(2, score=0.9)


def test_a_newer_matching_may_supersede_a_proposal_and_nothing_else_of_it(
    read: ModelStore,
) -> None:
    later = second_read(read)
    read.put_matches(later, [], {}, [claim(1)], [], "jobs")
    third = read.add_revision(replace(SECOND, id="r-3", file_sha256="cc", at_ns=30), "u-1")
    over = claim(1, status=ClaimStatus.REJECTED, note="superseded", version=2)
    for wrong in (
        replace(over, to_revision="r-3"),
        replace(over, element_id="e-7"),
        claim(8, from_revision="r-1"),
    ):
        with pytest.raises(InvalidInput, match=r"keeps its element|must be of revision 'r-3'"):
            read.put_matches(third, [], {}, [wrong], [], "jobs")
    read.put_matches(third, [], {}, [over], [], "jobs")
    assert read.claim("k-1") == over


def test_a_decision_is_written_with_all_that_follows_and_only_on_what_was_seen(
    read: ModelStore, records: Records
) -> None:
    later = second_read(read)
    read.put_matches(later, [], {}, [claim(1), claim(2, "e-7", to_step_id=7)], [], "jobs")
    yes = claim(
        1, status=ClaimStatus.CONFIRMED, role=ClaimRole.SAME, decided_by="u-2", decided_at_ns=40,
        note="同一面墙", version=2,
    )  # fmt: skip
    no = claim(2, "e-7", to_step_id=7, status=ClaimStatus.REJECTED, version=2)
    gone = Element("e-7", "m-1", DOOR.ifc_class, DOOR.name, "r-1", "r-2")
    read.decide([yes, no], [gone], {12: "e-12"}, [], "u-2")
    assert [v.element_id for v in read.versions("r-2")] == ["", "e-12", ""]
    assert (read.claim("k-1"), read.element("e-7")) == (yes, gone)
    # taken back
    read.decide([claim(1, version=3)], [], {12: ""}, [], "u-2")
    assert read.version_of("r-2", "e-12") is None
    with pytest.raises(Conflict, match="version 4, got 2"):
        read.decide([yes], [], {12: "e-12"}, [], "u-3")
    assert read.version_of("r-2", "e-12") is None
    for wrong in ([], [yes, replace(yes, id="k-9", to_revision="r-1")]):
        with pytest.raises(InvalidInput, match="claims must be of one revision"):
            read.decide(wrong, [], {}, [], "u-2")
    lines = records.audit.audit(Page(), object_id="k-1")
    assert [(line[1], line[2]) for line in lines] == [("u-2", "claim changed")] * 2
    assert records.audit.first_broken() is None


def test_an_element_in_parts_is_read_by_the_first_of_them(read: ModelStore) -> None:
    later = second_read(read)
    read.put_matches(later, [], {40: "e-12", 12: "e-12"}, [], [], "jobs")
    found = read.version_of("r-2", "e-12")
    assert found is not None
    assert found.step_id == 12


def test_the_building_of_everything_in_a_model_is_known(read: ModelStore) -> None:
    later = second_read(read)
    read.put_matches(later, [], {}, [claim(1)], [], "jobs")
    for known in ("m-1", "r-1", "r-2", "e-7", "k-1"):
        assert read.building_of(known) == "b-1"
    assert read.building_of("nobody") is None


def test_what_is_forgotten_after_a_while_is_never_a_model(
    read: ModelStore, records: Records
) -> None:
    before = (read.versions("r-1"), read.elements("m-1"), read.revisions("m-1"))
    retention, ever_ns = records.retention, 2**62
    assert retention.delete_changes(ever_ns) > 0
    retention.delete_refusals(ever_ns)
    retention.delete_findings(ever_ns, [])
    retention.delete_presence(ever_ns)
    assert (read.versions("r-1"), read.elements("m-1"), read.revisions("m-1")) == before
