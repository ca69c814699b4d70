"""What an import makes of topics: place, kind, order, and what it leaves alone."""

from dataclasses import replace

import pytest

from bim.estate import Estate, LiveModel
from bim.guids import same_guid, same_uuid
from bim.topics_in import NO_PLACE, plan_import
from bim.topics_out import topic_guid
from domain.anchors import Hold, PickedBy
from domain.bim_models import BimRevision
from domain.clock import DAY_NS
from domain.defects import Defect, DefectStatus
from domain.elements import ElementVersion, Storey
from domain.exchange import (
    Topic,
    TopicComment,
    TopicFate,
    TopicFile,
    TopicPlan,
    TopicsPreviewed,
    TopicView,
)
from domain.place_checks import check_place

NOW_NS = 1_790_000_000_000_000_000
NEAR_WALL, FAR_WALL, TWICE = same_guid("near"), same_guid("far"), same_guid("twice")
#: looks along y from the south, 1.5 m above the floor
VIEW = TopicView(same_uuid("v"), (2.0, -5.0, 1.5), (0.0, 2.0, 0.0))


def version(step: int, guid: str, box: tuple[float, ...] | None) -> ElementVersion:
    return ElementVersion(
        "r", step, guid, "IfcWall", f"墙 {step}", f"e-{step}", storey_name="一层",
        storey_elevation_m=0.0, box=box,  # type: ignore[arg-type]
    )  # fmt: skip


ESTATE = Estate(
    (
        LiveModel(
            BimRevision("r", "m", 1, "k", "s", 1, "a.ifc", 1, "t"),
            (Storey("1", "一层", 0.0),),
            (
                version(1, NEAR_WALL, (0.0, 0.0, 0.0, 4.0, 0.25, 3.0)),
                version(2, FAR_WALL, (0.0, 8.0, 0.0, 4.0, 8.25, 3.0)),
                version(3, TWICE, (9.0, 0.0, 0.0, 9.2, 8.0, 3.0)),
                version(4, TWICE, None),
            ),
        ),
    )
)


def topic(name: str, **more: object) -> Topic:
    known: dict[str, object] = {"title": name, "created_at": "2026-09-01T00:00:00Z"}
    return Topic(same_uuid(name), **(known | more))  # type: ignore[arg-type]


def plan(
    *topics: Topic, estate: Estate = ESTATE, known: tuple[Defect, ...] = ()
) -> TopicsPreviewed:
    file = TopicFile("3.0", "p", topics, (("bad", "no XML"),))
    return plan_import("b-1", file, estate, list(known), NOW_NS, "me")


def made(row: TopicPlan) -> Defect:
    assert row.defect is not None
    assert row.anchor is not None
    # what is planned can be kept
    check_place(row.anchor)
    check_place(row.defect)
    return row.defect


def test_the_selected_element_is_the_place_where_the_camera_meets_it() -> None:
    (row, _) = plan(topic("a", views=(replace(VIEW, selected=(FAR_WALL,)),))).rows
    made(row)
    anchor = row.anchor
    assert anchor is not None
    # the near wall stands in between, but the far one is meant
    assert (anchor.element_id, anchor.hold, anchor.picked_by) == (
        "e-2", Hold.LINKED, PickedBy.MODEL,
    )  # fmt: skip
    assert anchor.point == pytest.approx((2.0, 8.0, 1.5))
    assert anchor.local_uvw == pytest.approx((0.5, 0.0, 0.5))
    assert anchor.storey == "一层"


def test_without_a_selection_the_first_thing_in_sight_is_the_place() -> None:
    (row, _) = plan(topic("a", views=(VIEW,))).rows
    assert row.anchor is not None
    assert row.anchor.element_id == "e-1"
    assert row.anchor.point == pytest.approx((2.0, 0.0, 1.5))
    away = replace(VIEW, direction=(0.0, -1.0, 0.0))
    (row, _) = plan(topic("a", views=(away,))).rows
    assert row.anchor is not None
    assert (row.anchor.element_id, row.anchor.point) == ("", None)


def test_a_topic_without_a_place_can_be_kept_and_says_so() -> None:
    for row in plan(topic("a")).rows[:1] + plan(topic("b"), estate=Estate(())).rows[:1]:
        made(row)
        assert row.anchor is not None
        assert (row.anchor.note, row.anchor.picked_by) == (NO_PLACE, PickedBy.TEXT)


def test_what_no_model_has_or_has_twice_is_counted_and_not_guessed_at() -> None:
    chosen = replace(VIEW, eye=None, selected=(TWICE, same_guid("strange")))
    (row, _) = plan(topic("a", views=(chosen,))).rows
    made(row)
    assert (row.element_names, row.unknown_guids) == ((), 2)


def test_kind_severity_status_and_words_are_understood() -> None:
    told = topic(
        "外墙开裂", kind="Crack", priority="Critical", status="In Progress", author="外单位",
        description="长 1 m", comments=(TopicComment("乙", "", "复查"),),
    )  # fmt: skip
    (row, _) = plan(told).rows
    defect = made(row)
    assert (defect.code, defect.severity, defect.status) == ("crack", 3, DefectStatus.WATCHED)
    assert (defect.title, defect.by) == ("外墙开裂", "me")
    assert defect.note == "长 1 m\n乙：复查\nBCF：外单位 2026-09-01T00:00:00Z"
    long = made(plan(topic("x" * 900, description="y" * 9_000)).rows[0])
    assert (len(long.title), len(long.note)) == (200, 500)


@pytest.mark.parametrize(
    ("text", "found_ns"),
    [
        ("2026-09-01T00:00:00Z", 1_788_220_800_000_000_000),
        ("2026-09-01T08:00:00+08:00", 1_788_220_800_000_000_000),
        ("2026-09-01T00:00:00", 1_788_220_800_000_000_000),
        ("2199-01-01T00:00:00Z", NOW_NS),
        ("0001-01-01T00:00:00Z", NOW_NS),
        ("yesterday", NOW_NS),
        ("", NOW_NS),
    ],
)
def test_nothing_was_found_later_than_now(text: str, found_ns: int) -> None:
    assert made(plan(topic("a", created_at=text)).rows[0]).found_at_ns == found_ns


def test_related_topics_continue_the_older_one() -> None:
    old = topic("old", related=(same_uuid("new"),))
    new = topic("new", created_at="2026-09-05T00:00:00Z", related=(same_uuid("old"),))
    rows = plan(new, old).rows
    defects = {row.topic.title: made(row) for row in rows[:2]}
    assert defects["new"].continues == defects["old"].id
    assert defects["old"].continues == ""


def test_known_topics_are_left_alone_and_what_differs_is_told() -> None:
    ours = Defect("d", "b-1", "a", "crack", 2, NOW_NS - DAY_NS, "t", version=4)
    same = Topic(topic_guid("d"), "anything", status="Open")
    (row, _) = plan(same, known=(ours,)).rows
    assert (row.fate, row.defect) == (TopicFate.KNOWN, ours)
    (row, _) = plan(replace(same, status="Closed"), known=(ours,)).rows
    assert (row.fate, row.reason) == (TopicFate.CHANGED, "open → dismissed")
    assert row.defect == replace(ours, status=DefectStatus.DISMISSED, version=5)
    (row, _) = plan(replace(same, status=""), known=(ours,)).rows
    assert row.fate is TopicFate.KNOWN


def test_a_guid_that_comes_twice_counts_once_and_what_could_not_be_read_is_listed() -> None:
    first, second, bad = plan(topic("a"), topic("a", title="again")).rows
    assert [first.fate, second.fate, bad.fate] == [
        TopicFate.NEW, TopicFate.LEFT_OUT, TopicFate.LEFT_OUT,
    ]  # fmt: skip
    assert (second.reason, bad.topic.title, bad.reason) == ("twice in the file", "bad", "no XML")


def test_a_topic_leaves_as_it_came_and_buildings_do_not_share_defects() -> None:
    defect = made(plan(topic("a")).rows[0])
    assert topic_guid(defect.id) == same_uuid("a")
    file = TopicFile("3.0", "p", (topic("a"),))
    (other,) = plan_import("b-2", file, ESTATE, [], NOW_NS, "me").rows
    assert made(other).id != defect.id
