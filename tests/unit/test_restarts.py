"""Restarts and re-mounts that only a status tells."""

from dataclasses import replace

import numpy as np

from app.restarts import Boots, remounted
from app.watch import Watched
from domain.buildings import Building
from domain.ports import GatewayStatus
from domain.readings import ReadingBatch
from domain.sensors import Channel, Segment, SegmentReason, Sensor, Site
from ingest.decoders.status import decode

HOUSE = Building("b", "C", "n", "", "360102", "", "", 115.9, 28.7)
POINTS = (Sensor("s1", "b", "g", "T1", "tilt"), Sensor("s2", "b", "h", "C1", "crack"))
CHANNELS = (
    Channel("c.x", "s1", "g", "SK1.L1_QJ_1.X", "tilt", "°", "x"),
    Channel("c.y", "s1", "g", "SK1.L1_QJ_1.Y", "tilt", "°", "y"),
    Channel("c.w", "s2", "h", "C1", "crack", "mm"),
)
SITE = Site("b", POINTS, CHANNELS)
WATCHED = Watched.of(HOUSE, None, SITE)


def status(at: int, boot: int | None, gateway: str = "g", **facts: object) -> GatewayStatus:
    return replace(GatewayStatus(gateway, at, True, boot), **facts)  # type: ignore[arg-type]


def arrived(*at: int, channel: str = "c.x", boot: int = -1) -> ReadingBatch:
    return ReadingBatch.of(
        [channel] * len(at), at, [0.0] * len(at), received_at=np.array(at), boot=boot
    )


def test_readings_without_a_boot_get_the_one_that_was_told_before_they_came() -> None:
    boots = Boots([status(10, 3), status(20, 4)])
    filled = boots.fill(arrived(9, 10, 19, 20, 30), WATCHED, {"g": 2})
    assert filled.boot.tolist() == [2, 3, 3, 4, 4]
    assert boots.after({"g": 2}, ["g"]) == {"g": 4}


def test_numbered_readings_keep_their_own_boot_and_other_gateways_are_left_alone() -> None:
    boots = Boots([status(10, 3)])
    assert boots.fill(arrived(11, boot=7), WATCHED, None).boot.tolist() == [7]
    assert boots.fill(arrived(11, channel="c.w"), WATCHED, None).boot.tolist() == [-1]
    assert boots.after({"h": 1}, ["h"]) is None


def test_without_a_status_nothing_changes() -> None:
    batch = arrived(1, 2)
    assert Boots([]).fill(batch, WATCHED, None) is batch
    assert Boots([]).fill(batch, WATCHED, {"g": 5}).boot.tolist() == [5, 5]
    assert Boots([status(5, None)]).after(None, ["g"]) is None


def test_a_flag_opens_a_segment_on_every_axis_of_the_point_once() -> None:
    told = [status(50, 1, remounted=(("SK1.L1_QJ_1", 40),))]
    opened = remounted(told, WATCHED)
    assert [(s.channel_id, s.opened_at_ns, s.reason) for s in opened] == [
        ("c.x", 40, SegmentReason.REMOUNT),
        ("c.y", 40, SegmentReason.REMOUNT),
    ]
    again = Watched.of(HOUSE, None, replace(SITE, segments=tuple(opened)))
    assert remounted([*told, *told], again) == []
    taken_back = replace(SITE, withdrawn=tuple(opened))
    assert remounted(told, Watched.of(HOUSE, None, taken_back)) == []


def test_a_flag_without_a_name_means_every_point_of_the_gateway_and_of_no_other() -> None:
    opened = remounted([status(50, 1, remounted=(("", 40),))], WATCHED)
    assert {s.channel_id for s in opened} == {"c.x", "c.y"}
    assert remounted([status(50, 1, remounted=(("SK1.L1", 40),))], WATCHED) == []


def test_a_clock_that_runs_ahead_or_stood_still_does_no_harm() -> None:
    ahead = remounted([status(50, 1, remounted=(("", 10**18),))], WATCHED)
    assert {s.opened_at_ns for s in ahead} == {50}
    zero = Segment("z", "c.x", 30, SegmentReason.REZERO, offset=0.0)
    known = Watched.of(HOUSE, None, replace(SITE, segments=(zero,)))
    old = remounted([status(50, 1, remounted=(("", 30),))], known)
    assert {s.channel_id for s in old} == {"c.y"}


def test_a_status_with_the_flag_is_read_and_one_with_a_bad_time_refused() -> None:
    told = decode(b'{"online":true,"remounted":[{"c":"T1","t":"2026-11-23T06:00:00Z"}]}', "g", 0)
    assert told.remounted == (("T1", 1_795_413_600_000_000_000),)
    everything = decode(b'{"online":true,"remounted":[{"t":1795413600000}]}', "g", 0)
    assert everything.remounted == (("", 1_795_413_600_000_000_000),)


def test_turned_points_are_known_by_their_newest_turn() -> None:
    turn = Segment("z", "c.x", 30, SegmentReason.TURN, offset=0.0)
    known = Watched.of(HOUSE, None, replace(SITE, segments=(turn,)))
    assert (known.channels["c.x"].turned_at_ns, known.channels["c.y"].turned_at_ns) == (30, 0)
