"""Series values by segments: first offsets, surveys, restarts that hide nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import pytest

from analytics.limits import load_profile
from analytics.segments import Adjusted, adjust
from domain.buildings import Building
from domain.clock import HOUR_NS
from domain.findings import Cause
from domain.limits import Level
from domain.readings import QualityFlag, ReadingBatch, concat
from domain.sensors import Segment, SegmentReason
from domain.views import WatchedChannel, WatchedPoint
from tests.unit.series import START_NS, building, point

PROFILE = load_profile()


@dataclass
class Site:
    points: Mapping[str, WatchedPoint]
    building: Building = field(default_factory=building)
    segments: dict[str, Sequence[Segment]] = field(default_factory=dict)
    state: Any = None
    withdrawn: frozenset[str] = frozenset()

    @property
    def channels(self) -> dict[str, WatchedChannel]:
        return {c.id: c for p in self.points.values() for c in p.axes.values()}

    def run(self, batch: ReadingBatch, *, keep: bool = True) -> Adjusted:
        """Adjust a batch; the state goes through its saved form, the register takes segments in."""
        if self.state is not None:
            self.state = msgspec.msgpack.decode(msgspec.msgpack.encode(self.state))
        made = adjust(batch, self.state, self, PROFILE)
        self.state = made.state
        for segment in made.opened if keep else ():
            rows = [s for s in self.segments.get(segment.channel_id, ()) if s.id != segment.id]
            rows = sorted([*rows, segment], key=lambda s: (s.opened_at_ns, s.id))
            self.segments[segment.channel_id] = rows
        return made


def _site(*names: str) -> Site:
    return Site({name: point(name) for name in names})


def _hourly(
    values: Sequence[float], start_h: float = 0, boot: int = 1, channel: str = "C1", flag: int = 0
) -> ReadingBatch:
    at = START_NS + round(start_h * HOUR_NS) + np.arange(len(values), dtype=np.int64) * HOUR_NS
    return ReadingBatch.of([channel] * len(values), at, values, boot=boot, flag=flag)


def _noise(count: int, sd: float = 0.01, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, 77]).normal(0, sd, count)


def test_the_first_reading_is_zero_when_nothing_was_surveyed() -> None:
    made = _site("C1").run(_hourly([17.25, 17.5, 17.0]))
    assert made.batch.value.tolist() == [0.0, 0.25, -0.25]
    (segment,) = made.opened
    assert (segment.reason, segment.offset, segment.absolute) == ("install", -17.25, False)


def test_a_surveyed_segment_begins_at_its_survey_and_is_absolute() -> None:
    site = _site("C1")
    survey = Segment("s-1", "C1", START_NS - 1, SegmentReason.SURVEY, survey=0.8)
    site.segments["C1"] = [survey]
    made = site.run(_hourly([17.25, 17.5]))
    assert made.batch.value.tolist() == pytest.approx([0.8, 1.05])
    (segment,) = made.opened
    assert (segment.id, segment.absolute) == ("s-1", True)
    assert segment.offset == pytest.approx(0.8 - 17.25)


def test_an_unfit_reading_never_fixes_an_offset() -> None:
    site = _site("C1")
    made = site.run(_hourly([99.0], flag=QualityFlag.OUT_OF_RANGE))
    assert made.opened == []
    assert site.run(_hourly([17.0], 1)).batch.value.tolist() == [0.0]


def test_judging_the_same_readings_again_opens_the_same_segment() -> None:
    batch = _hourly([17.25, 17.5])
    assert _site("C1").run(batch).opened == _site("C1").run(batch).opened


def test_the_register_may_lag_behind_what_judging_has_fixed() -> None:
    site = _site("C1")
    site.run(_hourly([17.25]), keep=False)
    made = site.run(_hourly([17.5], 1), keep=False)
    assert made.batch.value.tolist() == [0.25]
    assert made.opened == []


def test_a_re_zero_by_people_lets_the_series_go_on() -> None:
    site = _site("C1")
    site.run(_hourly([10.0, 10.2, 10.4, 10.4, 10.4, 10.4]))
    again = Segment("s-2", "C1", START_NS + 6 * HOUR_NS, SegmentReason.REZERO)
    site.segments["C1"] = [*site.segments["C1"], again]
    made = site.run(_hourly([3.0, 3.1], 6))
    assert made.batch.value.tolist() == pytest.approx([0.4, 0.5])


def test_a_late_reading_belongs_to_the_segment_of_its_own_time() -> None:
    site = _site("C1")
    site.segments["C1"] = [
        Segment("s-1", "C1", START_NS, SegmentReason.INSTALL, offset=-10.0),
        Segment("s-2", "C1", START_NS + 6 * HOUR_NS, SegmentReason.REZERO, offset=-2.0),
    ]
    site.run(_hourly([2.5], 8))
    made = site.run(_hourly([10.5], 3))
    assert made.batch.value.tolist() == [0.5]
    assert made.findings == []


def test_rows_come_back_sorted_and_strangers_untouched() -> None:
    site = _site("C1", "TEMP")
    batch = concat([
        _hourly([17.0], 2), _hourly([21.5], 1, channel="TEMP"), _hourly([16.0], 0),
        _hourly([5.0], 1, channel="X9"),
    ])  # fmt: skip
    made = site.run(batch)
    assert np.diff(made.batch.taken_at).min() >= 0
    named = [(made.batch.channels[c], v) for c, v in zip(made.batch.channel, made.batch.value)]  # noqa: B905
    assert named == [("C1", 0.0), ("TEMP", 21.5), ("X9", 5.0), ("C1", 1.0)]


def _restarted(jump: float, name: str = "T1", gap_h: float = 1, sd: float = 0.087) -> Any:
    site = _site(name)
    channel = f"{name}.x" if name == "T1" else name
    before = 3.0 + _noise(60, sd)
    after = 3.0 + jump + _noise(30, sd, 1)
    first = site.run(_hourly(before.tolist(), channel=channel))
    second = site.run(_hourly(after.tolist(), 59 + gap_h, boot=2, channel=channel))
    return site, first, second


@pytest.mark.parametrize("jump", [0.6, -0.6, 2.0])
def test_a_jump_at_a_restart_is_taken_out_and_told(jump: float) -> None:
    _, first, made = _restarted(jump)
    moved = np.median(made.batch.value[5:]) - np.median(first.batch.value[-20:])
    assert abs(moved) < 0.15
    (found,) = made.findings
    assert (found.cause, found.level, found.subject) == (Cause.RESTART, Level.YELLOW, "T1")
    assert found.value == pytest.approx(jump, abs=0.15)
    (segment,) = made.opened
    assert segment.reason is SegmentReason.RESTART
    assert segment.opened_at_ns == found.at_ns == START_NS + 60 * HOUR_NS


def test_a_restart_without_a_jump_leaves_the_datum_alone() -> None:
    _, _, made = _restarted(0.0)
    assert (made.opened, made.findings) == ([], [])
    assert np.allclose(made.batch.value[3:] - made.batch.value[3], _after_raw(0.0)[3:], atol=1e-9)


def _after_raw(jump: float) -> np.ndarray:
    raw = 3.0 + jump + _noise(30, 0.087, 1)
    return raw - raw[3]


def test_movement_during_a_long_outage_with_a_restart_is_never_lost() -> None:
    site, _, made = _restarted(5.0, name="C1", gap_h=36, sd=0.01)
    (found,) = made.findings
    assert (found.level, found.limit) == (Level.YELLOW, pytest.approx(0.05, abs=0.05))
    assert found.value == pytest.approx(5.0, abs=0.05)
    # a survey afterwards mends the series and ends the finding
    at_ns = START_NS + 200 * HOUR_NS
    survey = Segment("s-9", "C1", at_ns, SegmentReason.SURVEY, survey=5.6)
    site.segments["C1"] = [*site.segments["C1"], survey]
    mended = site.run(_hourly([8.0, 8.1], 200, boot=2))
    assert mended.batch.value.tolist() == pytest.approx([5.6, 5.7])
    (over,) = mended.findings
    assert (over.level, over.at_ns) == (Level.NONE, at_ns)


def test_movement_during_an_outage_without_a_restart_goes_into_the_series() -> None:
    site = _site("C1")
    site.run(_hourly((3.0 + _noise(60)).tolist()))
    made = site.run(_hourly([8.0, 8.0, 8.0], 96, boot=1))
    assert made.findings == []
    assert made.batch.value.min() > 4.9


def test_a_wild_first_reading_after_a_restart_sets_no_datum() -> None:
    site = _site("C1")
    site.run(_hourly((3.0 + _noise(60)).tolist()))
    made = site.run(_hourly([9.0, 3.0, 3.01, 3.0, 3.0], 60, boot=2))
    assert (made.opened, made.findings) == ([], [])
    assert abs(made.batch.value[2:]).max() < 0.06


def test_a_gateway_that_starts_with_every_report_does_not_stand_still() -> None:
    site = _site("C1")
    drift = 0.002 * np.arange(200) + _noise(200)
    values: list[float] = []
    for n, value in enumerate(drift.tolist()):
        values += site.run(_hourly([value], n, boot=n + 1)).batch.value.tolist()
    assert values[-1] - values[0] == pytest.approx(drift[-1] - drift[0], abs=1e-9)


def test_both_axes_of_a_point_are_one_finding() -> None:
    site = _site("T1")
    both = [
        concat([
            _hourly((s + _noise(n, 0.05, k)).tolist(), h, boot, f"T1.{axis}")
            for k, axis in enumerate("xy")
        ])
        for s, n, h, boot in ((1.0, 60, 0, 1), (2.0, 20, 60, 2))
    ]  # fmt: skip
    site.run(both[0])
    made = site.run(both[1])
    assert [(f.subject, f.level) for f in made.findings] == [("T1", Level.YELLOW)]
    assert {s.channel_id for s in made.opened} == {"T1.x", "T1.y"}


@pytest.mark.parametrize("first", "xy")
def test_which_axis_is_told_does_not_depend_on_how_readings_are_cut(first: str) -> None:
    """Of two axes that jump at one moment the one is told whose reading showed it first."""
    batch = concat([
        _hourly((s + _noise(n, 0.05, k)).tolist(), h, boot, f"T1.{axis}")
        for s, n, h, boot in ((1.0, 60, 0, 1), (2.0, 20, 60, 2))
        for k, axis in enumerate("xy")
    ])  # fmt: skip
    of_axis = np.array([f"T1.{first}" != batch.channels[c] for c in batch.channel.tolist()])
    batch = batch.take(np.lexsort((of_axis, batch.taken_at)))
    made = []
    for size in (1, 2, 7, len(batch)):
        site = _site("T1")
        found = []
        for low in range(0, len(batch), size):
            rows = np.arange(low, min(low + size, len(batch)))
            found += site.run(batch.take(rows)).findings
        made.append((found, site.state["jumps"]))
    assert [f.channels for f in made[0][0]] == [(f"T1.{first}",)]
    assert all(one == made[0] for one in made)


def test_the_result_does_not_depend_on_how_readings_are_cut_into_batches() -> None:
    batch = concat([
        _hourly((3.0 + _noise(60)).tolist()), _hourly((4.0 + _noise(20)).tolist(), 60, boot=2)
    ])  # fmt: skip
    whole, parts = _site("C1"), _site("C1")
    at_once = whole.run(batch)
    single = [parts.run(batch.take(np.array([row]))) for row in range(len(batch))]
    assert at_once.batch.value.tolist() == [float(m.batch.value[0]) for m in single]
    assert at_once.findings == [f for m in single for f in m.findings]
    assert whole.segments == parts.segments
    for state in (whole.state, parts.state):
        state["channels"]["C1"]["own"] = []  # what the register has not shown yet
    assert whole.state == parts.state


def test_a_factor_holds_in_a_calm_stretch_as_reading_by_reading() -> None:
    doubled = Segment("z", "C1", START_NS - 1, SegmentReason.CALIBRATION, offset=1.0, scale=2.0)
    site = _site("C1")
    site.segments["C1"] = [doubled]
    values = (3.0 + _noise(30)).tolist()
    made = [site.run(_hourly(values[:10])), site.run(_hourly(values[10:], 10))]
    series = [v for one in made for v in one.batch.value.tolist()]
    assert series == [2.0 * value + 1.0 for value in values]


def test_a_segment_that_says_where_it_begins_begins_there() -> None:
    site = _site("C1")
    site.run(_hourly([3.0] * 10))
    opened = Segment("z", "C1", START_NS + 10 * HOUR_NS, SegmentReason.REZERO, start=0.5)
    site.segments["C1"] = [*site.segments["C1"], opened]
    assert site.run(_hourly([7.0, 7.25], 10)).batch.value.tolist() == [0.5, 0.75]


def test_a_segment_that_was_taken_back_never_comes_again() -> None:
    site = _site("C1")
    site.run(_hourly([3.0] * 10))
    opened = Segment("z", "C1", START_NS + 10 * HOUR_NS, SegmentReason.REZERO)
    site.segments["C1"] = [*site.segments["C1"], opened]
    # judging has fixed its zero, but the register has not shown that yet
    assert site.run(_hourly([7.0], 10), keep=False).batch.value.tolist() == [0.0]
    site.segments["C1"] = [s for s in site.segments["C1"] if s.id != "z"]
    site.withdrawn = frozenset({"z"})
    assert site.run(_hourly([7.0], 11)).batch.value.tolist() == [4.0]


def test_a_batch_of_no_readings_changes_nothing() -> None:
    site = _site("C1")
    site.run(_hourly([17.25, 17.5]))
    before = site.state
    made = site.run(ReadingBatch.empty())
    assert (len(made.batch), made.opened, made.findings) == (0, [], [])
    assert made.state == before


def test_readings_of_calm_channels_come_to_the_same_in_any_batches() -> None:
    whole = concat([_hourly(_noise(60), 0, 1, "C1"), _hourly(_noise(60, seed=1) + 5, 0.5, 1, "C2")])
    whole = whole.take(np.argsort(whole.taken_at, kind="stable"))
    made = []
    for size in (1, 7, 120):
        site = _site("C1", "C2")
        parts = [
            site.run(whole.take(np.arange(low, min(low + size, 120))))
            for low in range(0, 120, size)
        ]
        values: dict[str, list[float]] = {"C1": [], "C2": []}
        for part in parts:
            for channel_id, seen in values.items():
                rows = part.batch.rows_of(channel_id)
                seen.extend(part.batch.value[rows].tolist())
        # a segment is held until the register shows it: until the next batch
        known = {c: {**held, "own": []} for c, held in site.state["channels"].items()}
        made.append((values, known))
    assert made[0] == made[1] == made[2]
