"""What decisions on claims come to, with SQLite and PostgreSQL: links, places, audit, undo."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bim.changes import ChangeKind, revision_changes
from bim.decide import Choice, Wish, decide
from bim.decision_traces import untraced
from bim.match import SUPERSEDED
from bim.placing import place_all
from bim.rematch import all_claims
from bim.undo import undo
from domain.anchors import Anchor, Hold
from domain.buildings import Building
from domain.claims import ClaimMethod, ClaimRole, ClaimStatus, IdentityClaim
from domain.elements import Element
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ports import Page
from storage.records import Records
from tests.model_story import MODEL, NEW, OLD, SECOND, THIRD, Story, at, put, tell, wall

HOUSE = Building(
    "b-1", "360102001001", "三号楼", "演示路 1 号", "360102", "", "", 115.89, 28.68
)  # fmt: skip


@pytest.fixture
def story(records: Records) -> Story:
    records.register.put_building(HOUSE, "u-1")
    return tell(records, HOUSE.id)


def claims_of(story: Story, element: str, *statuses: ClaimStatus) -> list[IdentityClaim]:
    wanted = statuses or (ClaimStatus.PROPOSED,)
    found = all_claims(story.records.models, MODEL, *wanted, to_revision=SECOND)
    return [one for one in found if one.element_id == story.elements[element]]


def chosen(
    story: Story, claim: IdentityClaim, choice: Choice, steps: Sequence[int] = ()
) -> list[IdentityClaim]:
    wish = Wish(claim.id, claim.version, choice, tuple(steps), "looked at it")
    return decide(story.records.models, story.records.places, [wish], "u-2", 99)


def undone(story: Story, claim_id: str) -> list[IdentityClaim]:
    claim = story.records.models.claim(claim_id)
    assert claim is not None
    return undo(story.records.models, story.records.places, claim.id, claim.version, "u-2")


def place_on(story: Story, element: str) -> Anchor:
    anchor = story.records.places.anchor(f"place-{element}")
    assert anchor is not None
    return anchor


def element(story: Story, name: str) -> Element:
    found = story.records.models.element(story.elements[name])
    assert found is not None
    return found


def state(story: Story) -> dict[str, object]:
    """Tell all that a decision may change, without what merely counts or dates it."""
    models = story.records.models
    statuses = (ClaimStatus.PROPOSED, ClaimStatus.AUTO, ClaimStatus.CONFIRMED)
    return {
        "links": {row.step_id: row.element_id for row in models.versions(SECOND)},
        # one that was made for a link taken back stays, retired where it began
        "elements": {
            one.id: one.retired_revision
            for one in models.elements(MODEL)
            if one.retired_revision != one.first_revision
        },
        "claims": {
            one.id: (one.status, one.role, one.evidence, one.decided_by, one.note)
            for one in all_claims(models, MODEL, *statuses, to_revision=SECOND)
        },
        "places": {
            one.id: replace(one, version=0) for one in story.records.places.anchors(HOUSE.id)
        },
    }


def test_matching_links_what_is_safe_and_tells_places_how_they_hold(story: Story) -> None:
    models = story.records.models
    assert story.version(SECOND, "stays")
    assert story.version(SECOND, "also")
    assert {claim.role for claim in claims_of(story, "cut")} == {ClaimRole.PART}
    assert {claim.role for claim in claims_of(story, "left")} == {ClaimRole.MERGED}
    assert [claim.to_step_id for claim in claims_of(story, "lost")] == [0]
    assert [claim.to_step_id for claim in claims_of(story, "remade")] == [21]
    assert place_on(story, "stays").hold is Hold.RELINKED
    assert {place_on(story, name).hold for name in ("remade", "lost", "cut")} == {Hold.REVIEW}
    assert element(story, "lost").retired_revision is None
    live = models.live_revision(MODEL)
    assert live is not None
    assert live.id == SECOND


def test_a_confirmed_claim_makes_the_entity_the_old_element(story: Story) -> None:
    [claim] = claims_of(story, "remade")
    fresh = next(row for row in story.records.models.versions(SECOND) if row.step_id == 21)
    came = chosen(story, claim, Choice.CONFIRM)
    row = story.version(SECOND, "remade")
    assert row is not None
    assert row.step_id == 21
    [confirmed] = [one for one in came if one.status is ClaimStatus.CONFIRMED]
    assert (confirmed.decided_by, confirmed.decided_at_ns) == ("u-2", 99)
    assert (confirmed.note, confirmed.version) == ("looked at it", 2)
    assert place_on(story, "remade").hold is Hold.RELINKED
    retired = story.records.models.element(fresh.element_id)
    assert retired is not None
    assert retired.retired_revision == SECOND
    lines = story.records.audit.audit(Page(), object_id=claim.id)
    assert [line[1] for line in lines] == ["u-2"]


CASES = {
    "confirm": ("remade", Choice.CONFIRM, ()),
    "reject": ("remade", Choice.REJECT, ()),
    "another": ("lost", Choice.ANOTHER, (81,)),
    "gone": ("remade", Choice.GONE, ()),
    "gone as proposed": ("lost", Choice.CONFIRM, ()),
    "split": ("cut", Choice.CONFIRM, ()),
    "split into others": ("lost", Choice.PART, (41, 81)),
    "merged": ("left", Choice.CONFIRM, ()),
    "merged into another": ("lost", Choice.MERGED, (51,)),
}


@pytest.mark.parametrize("case", CASES)
def test_every_decision_can_be_undone_with_all_that_followed(story: Story, case: str) -> None:
    name, choice, steps = CASES[case]
    before = state(story)
    came = chosen(story, claims_of(story, name)[0], choice, steps)
    assert state(story) != before
    lead = next(one for one in came if one.decided_by)
    undone(story, lead.id)
    assert state(story) == before
    again = chosen(story, claims_of(story, name)[0], choice, steps)
    undone(story, next(one.id for one in again if one.decided_by))
    assert state(story) == before


@pytest.mark.parametrize("choice", [Choice.CONFIRM, Choice.REJECT])
def test_a_link_made_by_itself_may_be_doubted_and_trusted_again(
    story: Story, choice: Choice
) -> None:
    before = state(story)
    [claim] = claims_of(story, "stays", ClaimStatus.AUTO)
    chosen(story, claim, choice)
    linked = story.version(SECOND, "stays") is not None
    assert linked == (choice is Choice.CONFIRM)
    assert place_on(story, "stays").hold is (Hold.RELINKED if linked else Hold.REVIEW)
    if not linked:
        assert [one.to_step_id for one in claims_of(story, "stays")] == [0]
    undone(story, claim.id)
    assert state(story) == before


def test_places_on_a_split_wall_go_to_the_part_they_are_on(story: Story) -> None:
    chosen(story, claims_of(story, "cut")[0], Choice.CONFIRM)
    parts = {row.step_id: row for row in story.records.models.versions(SECOND)}
    hung = place_on(story, "cut")
    assert hung.element_id == parts[41].element_id  # 2.5 m along a wall of 6 m cut at 3 m
    assert hung.local_uvw == pytest.approx((2.5 / 3.0, 0.0, 0.5))
    assert hung.hold is Hold.RELINKED
    assert element(story, "cut").retired_revision == SECOND
    models = story.records.models
    revisions = models.revisions(MODEL)
    placed = place_all(models, [hung], revisions[0], revisions, list(parts.values()))
    assert placed[hung.id].point == pytest.approx((32.5, 0.0, 1.5))


def test_places_on_merged_walls_go_to_the_one_they_became(story: Story) -> None:
    for name in ("left", "right"):
        chosen(story, claims_of(story, name)[0], Choice.CONFIRM)
    one = next(row for row in story.records.models.versions(SECOND) if row.step_id == 51)
    assert {place_on(story, name).element_id for name in ("left", "right")} == {one.element_id}
    assert place_on(story, "right").local_uvw == pytest.approx((5.5 / 6.0, 0.0, 0.5))


def test_what_hung_on_the_entitys_own_element_goes_over_to_the_old_one(story: Story) -> None:
    models, places = story.records.models, story.records.places
    fresh = next(row for row in models.versions(SECOND) if row.step_id == 21)
    extra = replace(
        place_on(story, "stays"), id="place-new", element_id=fresh.element_id,
        revision_seen=SECOND, version=1,
    )  # fmt: skip
    places.put_anchor(extra, "u-1")
    [claim] = claims_of(story, "remade")
    chosen(story, claim, Choice.CONFIRM)
    assert place_on(story, "new").element_id == story.elements["remade"]
    undone(story, claim.id)
    assert place_on(story, "new").element_id == fresh.element_id


def test_two_who_decide_at_once_do_not_both_win(story: Story) -> None:
    [claim] = claims_of(story, "remade")
    chosen(story, claim, Choice.REJECT)
    with pytest.raises(Conflict, match="version 2, got 1"):
        chosen(story, claim, Choice.CONFIRM)
    now = story.records.models.claim(claim.id)
    assert now is not None
    with pytest.raises(Conflict, match="rejected already"):
        chosen(story, now, Choice.CONFIRM)


def test_an_entity_or_element_that_is_linked_is_not_linked_again(story: Story) -> None:
    [lost] = claims_of(story, "lost")
    with pytest.raises(Conflict, match="entity #11 is linked already"):
        chosen(story, lost, Choice.ANOTHER, [11])
    with pytest.raises(InvalidInput, match="no entity #12345"):
        chosen(story, lost, Choice.ANOTHER, [12345])
    with pytest.raises(InvalidInput, match="must be one"):
        chosen(story, lost, Choice.ANOTHER, [21, 81])
    [kept] = claims_of(story, "stays", ClaimStatus.AUTO)
    with pytest.raises(Conflict, match="element is linked"):
        chosen(story, kept, Choice.GONE)
    with pytest.raises(NotFound):
        decide(
            story.records.models, story.records.places,
            [Wish("nobody", 1, Choice.CONFIRM)], "u-2", 99,
        )  # fmt: skip


def test_whoever_loses_a_candidate_to_another_stays_in_view(story: Story) -> None:
    [remade] = claims_of(story, "remade")
    chosen(story, claims_of(story, "lost")[0], Choice.ANOTHER, [21])
    waiting = claims_of(story, "remade")
    assert [(one.to_step_id, dict(untraced(one))["why"]) for one in waiting] == [
        (0, "no candidate")
    ]
    closed = story.records.models.claim(remade.id)
    assert closed is not None
    assert (closed.status, closed.note) == (ClaimStatus.REJECTED, SUPERSEDED)
    by_hand = [
        one
        for one in claims_of(story, "lost", ClaimStatus.CONFIRMED)
        if one.method is ClaimMethod.MANUAL
    ]
    assert [one.to_step_id for one in by_hand] == [21]
    assert dict(by_hand[0].evidence)["distance_m"] == "9.900"


def test_many_are_decided_in_one_transaction_or_none(story: Story) -> None:
    models, places = story.records.models, story.records.places
    first, second = claims_of(story, "remade")[0], claims_of(story, "lost")[0]
    before = state(story)
    wishes = [
        Wish(first.id, first.version, Choice.CONFIRM),
        Wish(second.id, second.version + 1, Choice.CONFIRM),
    ]
    with pytest.raises(Conflict):
        decide(models, places, wishes, "u-2", 99)
    assert state(story) == before
    decide(models, places, [wishes[0], replace(wishes[1], version=second.version)], "u-2", 99)
    assert story.version(SECOND, "remade") is not None
    assert element(story, "lost").retired_revision == SECOND


def test_a_newer_revision_carries_open_questions_on_and_closes_the_old_ones(story: Story) -> None:
    [claim] = claims_of(story, "remade")
    rows = [replace(row, step_id=row.step_id + 1000) for row in NEW]
    rows.append(wall(THIRD, 1099, "lost", at(20), "隔墙"))
    put(story.records, THIRD, rows, 4)
    models = story.records.models
    closed = models.claim(claim.id)
    assert closed is not None
    assert (closed.status, closed.note) == (ClaimStatus.REJECTED, SUPERSEDED)
    carried = [
        one
        for one in all_claims(models, MODEL, ClaimStatus.PROPOSED, to_revision=THIRD)
        if one.element_id == story.elements["remade"]
    ]
    assert [one.to_step_id for one in carried] == [1021]
    back = story.version(THIRD, "lost")
    assert back is not None
    assert back.step_id == 1099
    assert place_on(story, "lost").hold is Hold.RELINKED
    with pytest.raises(Conflict, match="newer revision"):
        chosen(story, closed, Choice.CONFIRM)


def test_a_rejected_pair_is_not_proposed_in_the_next_revision(story: Story) -> None:
    [kept] = claims_of(story, "stays", ClaimStatus.AUTO)
    chosen(story, kept, Choice.REJECT)
    put(story.records, THIRD, [replace(r, step_id=r.step_id + 1000) for r in NEW], 4)
    found = all_claims(story.records.models, MODEL, ClaimStatus.PROPOSED, to_revision=THIRD)
    of_it = [one for one in found if one.element_id == story.elements["stays"]]
    assert [one.to_step_id for one in of_it] == [0]


def test_a_site_offset_is_kept_with_the_revision_and_moves_places(records: Records) -> None:
    records.register.put_building(HOUSE, "u-1")
    x, y, z = 487_250.0, 3_391_800.0, 12.5
    rows = [
        replace(row, step_id=row.step_id + 1, revision_id=SECOND, box=_shifted(row.box, (x, y, z)))
        for row in OLD
        if row.global_id != "lost"
    ]
    story = tell(records, HOUSE.id, rows)
    revisions = records.models.revisions(MODEL)
    assert revisions[0].shift_m == pytest.approx((x, y, z))
    versions = records.models.versions(SECOND)
    anchors = [place_on(story, "stays"), place_on(story, "lost")]
    placed = place_all(records.models, anchors, revisions[0], revisions, versions)
    assert placed["place-stays"].point == pytest.approx((x + 2.5, y, z + 1.5))
    assert placed["place-lost"].point == pytest.approx((x + 22.5, y, z + 1.5))
    assert (placed["place-lost"].why, placed["place-lost"].hold) == ("point", Hold.REVIEW)
    report = revision_changes(records.models, revisions[0])
    assert report.counts["unchanged"] == len(OLD) - 1  # the axes' move is none of theirs


def test_the_report_tells_what_became_of_every_element(story: Story) -> None:
    models = story.records.models
    chosen(story, claims_of(story, "remade")[0], Choice.CONFIRM)
    chosen(story, claims_of(story, "cut")[0], Choice.CONFIRM)
    chosen(story, claims_of(story, "left")[0], Choice.CONFIRM)
    chosen(story, claims_of(story, "right")[0], Choice.GONE)
    live = models.live_revision(MODEL)
    assert live is not None
    report = revision_changes(models, live)
    told = {row.element_id: row for row in report.rows}
    kinds = {name: told[one].kind for name, one in story.elements.items()}
    assert kinds == {
        "stays": ChangeKind.SAME,
        "also": ChangeKind.SAME,
        "remade": ChangeKind.MOVED,
        "lost": ChangeKind.WAITING,
        "cut": ChangeKind.SPLIT,
        "left": ChangeKind.MERGED,
        "right": ChangeKind.GONE,
    }
    moved = told[story.elements["remade"]]
    assert moved.moved_m == pytest.approx(0.1)
    assert ("", "name", "西墙", "西墙 新") in moved.properties
    assert report.counts["new"] == 4  # both parts, the joined wall and the new one
    with pytest.raises(NotFound):
        revision_changes(models, replace(live, state="reading"))  # type: ignore[arg-type]


def _shifted(
    box: tuple[float, ...] | None, by: tuple[float, float, float]
) -> tuple[float, float, float, float, float, float]:
    assert box is not None
    x, y, z, right, back, top = box
    return (x + by[0], y + by[1], z + by[2], right + by[0], back + by[1], top + by[2])
