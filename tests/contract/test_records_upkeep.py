"""What the log books promise, on SQLite and on PostgreSQL."""

import threading
from dataclasses import replace

import pytest

from domain.errors import Conflict, InvalidInput
from domain.ports import Judgement
from domain.sensors import Gateway, Mount, Segment, SegmentReason
from domain.upkeep import Act, ActKind, Work
from storage.records import Records
from tests.contract.test_records_register import (
    CHANNEL,
    FULL,
    GATEWAY,
    MOUNT,
    SEGMENT,
    SENSOR,
)

AT = 1_800_000_000_000_000_000
OPENED = Segment(
    "seg-2", "c-1", AT, SegmentReason.REZERO, note="hit", by="li", scale=-1.0, start=3.21,
    made_at_ns=AT + 5,
)  # fmt: skip
ACT = Act(
    "act-1", "b-1", "s-1", ActKind.REZERO, AT, AT + 5, "li", "支架被碰", ("seg-2",), "m-2", "",
    (("azimuth", 90.0), ("was serial", "0042")),
)  # fmt: skip
WORK = Work(
    ACT, (OPENED,), mount=Mount("m-2", "s-1", AT, 90.0, 6.0, note="hit"),
    sensor=replace(SENSOR, serial="SN2", version=2),
)  # fmt: skip


@pytest.fixture
def mounted(records: Records) -> Records:
    register = records.register
    register.put_building(FULL, "u-1")
    register.put_gateway(GATEWAY, "u-1")
    register.put_sensor(SENSOR, "u-1")
    register.put_channel(CHANNEL, "u-1")
    register.put_mount(MOUNT, "u-1")
    register.put_segment(SEGMENT, "u-1")
    return records


def test_an_act_comes_back_with_all_that_it_opened(mounted: Records) -> None:
    revision = mounted.register.revision()
    mounted.upkeep.carry_out(WORK)
    assert mounted.register.revision() > revision
    assert mounted.upkeep.acts("s-1") == [ACT]
    assert mounted.upkeep.act("act-1") == ACT
    site = mounted.register.site("b-1")
    assert site.segments == (SEGMENT, OPENED)
    assert site.mounts == (MOUNT, WORK.mount)
    assert site.sensors[0].serial == "SN2"


def test_what_is_withdrawn_stays_readable_and_counts_no_more(mounted: Records) -> None:
    mounted.upkeep.carry_out(WORK)
    undo = replace(ACT, id="act-2", kind=ActKind.UNDO, made_at_ns=AT + 9, undoes="act-1",
                   segments=(), mount="")  # fmt: skip
    mounted.upkeep.carry_out(Work(undo, withdrawn=("seg-2",), mount_withdrawn="m-2"))
    site = mounted.register.site("b-1")
    assert (site.segments, site.mounts) == ((SEGMENT,), (MOUNT,))
    assert site.withdrawn == (replace(OPENED, withdrawn_at_ns=AT + 9),)
    assert [act.id for act in mounted.upkeep.acts("s-1")] == ["act-2", "act-1"]
    again = replace(undo, id="act-3")
    with pytest.raises(Conflict, match="taken back meanwhile"):
        mounted.upkeep.carry_out(Work(again, withdrawn=("seg-2",)))
    assert mounted.upkeep.act("act-3") is None


def test_judging_fixes_a_zero_but_revives_nothing_and_keeps_the_act_s_words(
    mounted: Records,
) -> None:
    mounted.upkeep.carry_out(WORK)
    judged = replace(OPENED, offset=-0.5, absolute=True, note="other", scale=1.0)
    mounted.judgement.commit(Judgement(0, 1, segments=(judged,)))
    fixed = replace(OPENED, offset=-0.5, absolute=True)
    assert mounted.register.site("b-1").segments == (SEGMENT, fixed)
    undo = replace(ACT, id="act-2", kind=ActKind.UNDO, segments=(), mount="")
    mounted.upkeep.carry_out(Work(undo, withdrawn=("seg-2",)))
    mounted.judgement.commit(Judgement(0, 2, segments=(judged,)))
    assert mounted.register.site("b-1").segments == (SEGMENT,)


def test_nothing_is_written_when_one_part_cannot_be(mounted: Records) -> None:
    stale = replace(WORK, sensor=replace(SENSOR, serial="SN2", version=3))
    with pytest.raises(Conflict, match="changed sensor"):
        mounted.upkeep.carry_out(stale)
    with pytest.raises(InvalidInput, match="scale must be"):
        mounted.upkeep.carry_out(replace(WORK, opened=(replace(OPENED, scale=0.0),)))
    assert mounted.upkeep.acts("s-1") == []
    assert mounted.register.site("b-1").segments == (SEGMENT,)


def test_of_two_who_do_the_same_act_at_once_one_does_it(mounted: Records) -> None:
    done: list[str] = []

    def do() -> None:
        try:
            mounted.upkeep.carry_out(WORK)
            done.append("done")
        except Conflict:
            done.append("refused")

    threads = [threading.Thread(target=do) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["done", "refused", "refused", "refused"]


def test_segments_and_mounts_are_never_written_over(mounted: Records) -> None:
    with pytest.raises(Conflict, match="never changed"):
        mounted.register.put_segment(replace(SEGMENT, survey=0.4), "u")
    with pytest.raises(Conflict, match="never changed"):
        mounted.register.put_mount(replace(MOUNT, x_azimuth_deg=1.0), "u")
    mounted.register.put_segment(SEGMENT, "u")
    assert mounted.register.site("b-1").segments == (SEGMENT,)


def test_a_gateway_of_people_is_told_from_a_box(records: Records) -> None:
    records.register.put_gateway(Gateway("h", "by hand", by_hand=True), "u")
    known = records.register.gateway("h")
    assert known is not None
    assert known.by_hand
