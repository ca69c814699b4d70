"""What a phone told of places and defects is fitted to what is there; nothing of it is lost."""

from dataclasses import replace

from domain.anchors import Anchor, PickedBy
from domain.checkups import ResultClass
from domain.defects import Defect, DefectStatus
from domain.submissions import Sent, Submission
from lifecycle.intake import There, fitted, put_right

PLACE = Anchor("a-1", "b-1", PickedBy.LIST, 10, "inspector", "el-1", "br-1", room="厨房")
CRACK = Defect("d-1", "b-1", "a-1", "crack", 2, 9, "inspector", check_up_id="ck-1", value=0.4)
SENT = Submission(
    "s-1", "ck-1", "b-1", "", 0, "inspector", "u-1", 1, 1, 2, 10, ResultClass.SOUND, "5" * 64,
)  # fmt: skip


class Kept:
    """What is kept of two buildings."""

    def __init__(self, *records: Anchor | Defect) -> None:
        self.anchors = {one.id: one for one in records if isinstance(one, Anchor)}
        self.defects = {one.id: one for one in records if isinstance(one, Defect)}

    def there(self) -> There:
        return There(
            self.anchors.get,
            self.defects.get,
            lambda id_: id_ in {"el-1", "el-2"},
            lambda id_: id_ == "br-1",
            frozenset({"s-1"}),
        )

    def taken(self, sent: Sent) -> tuple[str, ...]:
        """Keep what is to be kept, and tell what was put right."""
        fit = fitted(sent, self.there())
        assert not self.anchors.keys() & {one.id for one in fit.anchors}
        assert not self.defects.keys() & {one.id for one in fit.defects}
        self.anchors |= {one.id: one for one in fit.anchors}
        self.defects |= {one.id: one for one in fit.defects}
        for one in fit.defects:
            assert one.anchor_id in self.anchors
            assert not one.continues or one.continues in self.defects
        assert set(fit.defect_ids) <= self.defects.keys()
        notes = put_right(sent, self.there())
        # asked again it is the same, and nothing is left to keep
        again = fitted(sent, self.there())
        assert put_right(sent, self.there()) == notes
        assert all(one.id in self.anchors for one in again.anchors)
        return notes


def sent(*records: Anchor | Defect, **changes: object) -> Sent:
    defects = tuple(one for one in records if isinstance(one, Defect))
    ids = tuple(one.id for one in defects)
    return Sent(
        replace(SENT, defect_ids=ids, **changes),  # type: ignore[arg-type]
        tuple(one for one in records if isinstance(one, Anchor)),
        defects,
    )


def test_what_fits_is_kept_as_it_came() -> None:
    kept = Kept()
    assert kept.taken(sent(PLACE, CRACK)) == ()
    assert (kept.anchors, kept.defects) == ({"a-1": PLACE}, {"d-1": CRACK})


def test_the_same_again_from_a_correction_is_not_written_twice() -> None:
    kept = Kept(replace(PLACE, version=3, by="x"), replace(CRACK, status=DefectStatus.WATCHED))
    fit = fitted(sent(PLACE, CRACK, id="s-2"), kept.there())
    assert (fit.anchors, fit.defects, fit.defect_ids) == ((), (), ("d-1",))


def test_a_defect_that_continues_none_begins_anew_with_a_note() -> None:
    foreign = replace(CRACK, id="d-far", building_id="b-2")
    for gone in ("d-gone", "d-far", "d-1"):
        kept = Kept(foreign)
        (note,) = kept.taken(sent(PLACE, replace(CRACK, continues=gone, note="新裂缝")))
        assert gone in note
        now = kept.defects["d-1"]
        assert (now.continues, now.note) == ("", f"新裂缝 [continues {gone}]")


def test_a_defect_may_continue_one_that_came_with_it() -> None:
    kept = Kept()
    later = replace(CRACK, id="d-2", continues="d-1")
    assert kept.taken(sent(PLACE, CRACK, later)) == ()
    assert kept.defects["d-2"].continues == "d-1"


def test_an_element_that_is_no_longer_there_is_told_in_words() -> None:
    kept = Kept()
    lost = replace(PLACE, element_id="el-old", revision_seen="br-old", local_uvw=(0.1, 0.2, 0.3))
    (note,) = kept.taken(sent(lost, CRACK))
    assert "el-old" in note
    now = kept.anchors["a-1"]
    assert (now.element_id, now.local_uvw, now.revision_seen, now.note) == (
        "",
        None,
        "",
        "[el-old]",
    )


def test_an_id_that_stands_for_something_else_gets_another() -> None:
    kept = Kept(
        replace(PLACE, room="客厅"),
        replace(CRACK, building_id="b-2", check_up_id=""),
    )
    notes = kept.taken(sent(PLACE, CRACK))
    assert len(notes) == 2
    assert kept.anchors["a-1"].room == "客厅"
    assert kept.defects["d-1"].building_id == "b-2"
    (own,) = [one for one in kept.defects.values() if one.building_id == "b-1"]
    assert kept.anchors[own.anchor_id].room == "厨房"


def test_a_defect_without_a_place_gets_one_in_words() -> None:
    kept = Kept(replace(PLACE, id="a-far", building_id="b-2"))
    for gone in ("a-gone", "a-far"):
        (note,) = kept.taken(sent(replace(CRACK, id=f"d-{gone}", anchor_id=gone, title="楼梯")))
        assert gone in note
        place = kept.anchors[kept.defects[f"d-{gone}"].anchor_id]
        assert (place.picked_by, place.note, place.building_id) == (PickedBy.TEXT, "楼梯", "b-1")


def test_sensors_that_are_not_there_are_left_out() -> None:
    kept = Kept()
    (note,) = kept.taken(sent(PLACE, replace(CRACK, sensor_ids=("s-1", "s-9"))))
    assert "s-9" in note
    assert kept.defects["d-1"].sensor_ids == ("s-1",)
