"""What a technician's act comes to, before it is saved; and what may be undone."""

from dataclasses import replace
from typing import Any

import pytest

from domain.errors import Conflict, InvalidInput
from domain.sensors import Channel, Mount, Segment, SegmentReason, Sensor, Site
from domain.upkeep import Act, ActKind, Around, Wish, Work, plan, turned

NOW = 1_000_000
SENSOR = Sensor("s", "b", "g", "T1", "tilt", serial="SN1", resolution=0.01, version=3)
CHANNELS = tuple(Channel(f"c.{a}", "s", "g", f"T1.{a}", "tilt", "‰", a) for a in "xy")
OPEN = tuple(
    Segment(f"z.{a}", f"c.{a}", 10, SegmentReason.INSTALL, offset=o, absolute=True)
    for a, o in (("x", 1.0), ("y", 0.5))
)
SITE = Site("b", (SENSOR,), CHANNELS, OPEN, (Mount("m", "s", 10, 0.0, 6.0),))
AROUND = {"c.x": Around(2.0), "c.y": Around(-0.5)}


def wish(kind: ActKind, **facts: Any) -> Wish:
    return replace(Wish("act", kind, NOW - 10, "bracket hit"), **facts)


def planned(
    wanted: Wish,
    site: Site = SITE,
    around: dict[str, Around] | None = None,
    done: tuple[Act, ...] = (),
    sensor: Sensor = SENSOR,
) -> Work:
    return plan(wanted, sensor, site, AROUND if around is None else around, done, NOW, "li")


def after(work: Work, site: Site = SITE) -> Site:
    """The site as the act leaves it."""
    gone = tuple(s for s in site.segments if s.id in work.withdrawn)
    kept = tuple(s for s in site.segments if s.id not in work.withdrawn)
    mounts = tuple(m for m in site.mounts if m.id != work.mount_withdrawn)
    mounts += (work.mount,) if work.mount else ()
    return replace(site, segments=kept + work.opened, mounts=mounts, withdrawn=gone)


def test_a_re_zero_goes_on_where_the_series_stood() -> None:
    work = planned(wish(ActKind.REZERO))
    assert [(line.before, line.start, line.pending) for line in work.lines] == [
        (3.0, 3.0, True),
        (0.0, 0.0, True),
    ]
    assert [(s.reason, s.start, s.offset, s.absolute) for s in work.opened] == [
        (SegmentReason.REZERO, 3.0, None, True),
        (SegmentReason.REZERO, 0.0, None, True),
    ]


def test_a_re_zero_entered_afterwards_takes_its_zero_from_the_readings_since() -> None:
    work = planned(wish(ActKind.REZERO), around={"c.x": Around(2.0, 0.25), "c.y": Around()})
    x, y = work.opened
    assert (x.offset, x.start) == (2.75, 3.0)
    assert (y.offset, y.start) == (None, None)


def test_a_survey_makes_the_series_absolute_at_once() -> None:
    growth = tuple(replace(s, absolute=False) for s in OPEN)
    wanted = wish(ActKind.SURVEY, surveys={"c.x": 5.5}, benchmark="BM1")
    work = planned(wanted, replace(SITE, segments=growth))
    (segment,) = work.opened
    assert (segment.survey, segment.offset, segment.absolute) == (5.5, 3.5, True)
    assert work.act.values == (("survey x", 5.5), ("benchmark", "BM1"))


def test_a_factor_changes_what_readings_mean_and_makes_no_step() -> None:
    work = planned(wish(ActKind.CALIBRATION, scales={"c.x": -2.0}))
    (segment,) = work.opened
    assert (segment.scale, segment.offset) == (-2.0, 7.0)
    assert 2.0 * segment.scale + (segment.offset or 0.0) == 3.0


def test_a_factor_stays_until_the_instrument_is_swapped() -> None:
    doubled = tuple(replace(s, scale=2.0) for s in OPEN)
    site = replace(SITE, segments=doubled)
    assert {s.scale for s in planned(wish(ActKind.REZERO), site).opened} == {2.0}
    swap = wish(ActKind.SWAP, facts={"serial": "SN2", "resolution": 0.001})
    work = planned(swap, site)
    assert {s.scale for s in work.opened} == {1.0}
    assert work.sensor == replace(SENSOR, serial="SN2", resolution=0.001, version=4)
    assert ("was serial", "SN1") in work.act.values


def test_a_thermometer_is_calibrated_from_zero_and_never_re_zeroed() -> None:
    warm = Channel("c.t", "s", "g", "K1", "temperature", "°C")
    site = Site("b", (SENSOR,), (warm,))
    (segment,) = planned(wish(ActKind.CALIBRATION, scales={"c.t": 1.1}), site, {}).opened
    assert (segment.scale, segment.offset) == (1.1, 0.0)
    with pytest.raises(InvalidInput, match="kind must be one for sensors with a zero"):
        planned(wish(ActKind.REZERO), site, {})


def test_a_turned_instrument_keeps_the_lean_and_writes_it_in_its_new_axes() -> None:
    work = planned(wish(ActKind.REMOUNT, x_azimuth_deg=90.0), around={
        "c.x": Around(2.0), "c.y": Around(3.5)
    })  # fmt: skip
    x, y = work.opened
    # a lean of 3 to the north and 4 to the east: x points east now, y south
    assert (x.reason, round(x.start or 0, 9), round(y.start or 0, 9)) == ("re-orientation", 4, -3)
    assert work.mount is not None
    assert (work.mount.x_azimuth_deg, work.mount.height_m) == (90.0, 6.0)


def test_glued_again_the_same_way_is_no_turn() -> None:
    for azimuth in (None, 0.0, 360.0):
        work = planned(wish(ActKind.REMOUNT, x_azimuth_deg=azimuth))
        assert {s.reason for s in work.opened} == {SegmentReason.REMOUNT}
        assert [s.start for s in work.opened] == [3.0, 0.0]


def test_turning_all_the_way_round_comes_back() -> None:
    x, y = 3.0, 4.0
    for start in range(0, 360, 30):
        x, y = turned(x, y, start, start + 30)
        assert round(x * x + y * y, 9) == 25.0
    assert (round(x, 9), round(y, 9)) == (3.0, 4.0)


def test_the_direction_alone_opens_no_segment() -> None:
    work = planned(wish(ActKind.ORIENTATION, x_azimuth_deg=45.0))
    assert work.opened == ()
    assert work.act.values == (("azimuth", 45.0), ("was azimuth", 0.0))
    with pytest.raises(InvalidInput, match="x_azimuth_deg must be 0 to 360"):
        planned(wish(ActKind.ORIENTATION))


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (wish(ActKind.REZERO, reason=" "), "reason"),
        (wish(ActKind.REZERO, at_ns=NOW + 1), "at"),
        (wish(ActKind.REZERO, at_ns=10), "at"),
        (wish(ActKind.SURVEY), "surveys"),
        (wish(ActKind.SURVEY, surveys={"c.z": 1.0}), "surveys"),
        (wish(ActKind.CALIBRATION), "scales"),
        (wish(ActKind.SWAP), "facts"),
        (wish(ActKind.UNDO, undoes="nothing"), "undoes"),
    ],
)
def test_what_is_missing_is_named(wanted: Wish, field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        planned(wanted)
    assert error.value.field == field


def test_an_act_may_begin_one_instant_after_the_segment_before() -> None:
    assert len(planned(wish(ActKind.REZERO, at_ns=11)).opened) == 2


def test_undoing_withdraws_what_the_act_opened_and_gives_back_the_facts() -> None:
    swap = planned(wish(ActKind.SWAP, facts={"serial": "SN2"}))
    assert swap.sensor is not None
    undo = Wish("undo", ActKind.UNDO, NOW, "wrong point", undoes="act")
    work = planned(undo, after(swap), done=(swap.act,), sensor=swap.sensor)
    assert set(work.withdrawn) == {s.id for s in swap.opened}
    assert work.sensor == replace(SENSOR, version=5)
    assert after(work, after(swap)).segments == OPEN


def test_an_undoing_is_done_once_and_the_newest_first() -> None:
    first = planned(wish(ActKind.REZERO))
    second = planned(replace(wish(ActKind.REZERO), id="later", at_ns=NOW - 5), after(first))
    both = after(second, after(first))
    undo = Wish("undo", ActKind.UNDO, NOW, "wrong point", undoes="act")
    with pytest.raises(Conflict, match="undo that first"):
        planned(undo, both, done=(second.act, first.act))
    newest = planned(replace(undo, undoes="later"), both, done=(second.act, first.act))
    with pytest.raises(Conflict, match="undone already"):
        planned(replace(undo, undoes="later"), both, done=(newest.act, second.act, first.act))
    with pytest.raises(Conflict, match="cannot be undone"):
        planned(replace(undo, undoes=newest.act.id), both, done=(newest.act,))


def test_a_restart_that_was_a_movement_is_taken_back_on_both_axes() -> None:
    restarts = tuple(
        Segment(f"r.{a}", f"c.{a}", 500, SegmentReason.RESTART, offset=0.0) for a in "xy"
    )
    site = replace(SITE, segments=OPEN + restarts)
    work = planned(Wish("undo", ActKind.UNDO, NOW, "it moved", undoes="r.x"), site)
    assert work.withdrawn == ("r.x", "r.y")


def test_what_people_opened_is_not_undone_by_its_segment() -> None:
    with pytest.raises(InvalidInput, match="undoes"):
        planned(Wish("undo", ActKind.UNDO, NOW, "no", undoes="z.x"))
