"""The job `modes`: from blocks at the door to a building's own frequency among its readings."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analytics.limits import load_profile
from app.assess_input import Histories
from app.compute import Compute
from app.jobs import Under
from app.modes import JOB, SETTLED_NS, Gatherer, ModeFinder, packed, unpacked
from app.watch import WatchList
from app.waves import WaveDesk
from domain.buildings import Building
from domain.clock import DAY_NS, HOUR_NS, SECOND_NS, VirtualClock
from domain.jobs import JobRun, RunState
from domain.modal import HourKey
from domain.ports import SpoolEntry
from domain.readings import ReadingBatch
from domain.sensors import Channel, Gateway, Sensor
from domain.waves import WaveBlock
from simulators.frame import Frame
from storage.hours import FolderHours
from storage.readings.memory import MemoryReadingStore
from storage.records import Records
from tests.fresh_records import fresh_records
from tests.waves import START_NS, block

HOUR = START_NS // HOUR_NS * HOUR_NS
SECONDS, RATE_HZ = 300.0, 50.0
FRAME = Frame.alike(3, 2.0)


class House:
    """Three floors with an accelerometer each, and the channels of their modes."""

    def __init__(self, records: Records, folder: Path) -> None:
        register = records.register
        self.building = Building(
            "b", "B", "house", "", "360102", "", "", longitude=115.9, latitude=28.7
        )
        register.put_building(self.building, "test")
        register.put_gateway(Gateway("g", "g"), "test")
        for floor in (1, 2, 3):
            register.put_sensor(Sensor(f"V{floor}", "b", "g", f"V{floor}", "vibration"), "test")
            self.put(register, floor, "acceleration", "m/s²", "wave")
        for axis in ("modal.1", "modal.2"):
            self.put(register, 1, "frequency", "Hz", axis)
        self.put(register, 1, "velocity_rms", "mm/s", "modal.rms")
        self.records, self.readings = records, MemoryReadingStore()
        self.hours = FolderHours(folder, bytes_max=10**9)
        self.clock = VirtualClock(HOUR)
        self.watch = WatchList(register, 0)
        self.watch.refresh()
        self.finder = ModeFinder(
            self.hours, self.readings, register, self.clock, Compute(0),
            seconds=SECONDS, hours_max=48.0,
        )  # fmt: skip

    @staticmethod
    def put(register, floor: int, kind: str, unit: str, axis: str) -> None:  # type: ignore[no-untyped-def]
        name = f"V{floor}.{axis}"
        register.put_channel(Channel(name, f"V{floor}", "g", name, kind, unit, axis), "test")

    def shake(self, hour: int, *, lost: int = -1) -> None:
        """Put an hour's beginning aside, a block of ten seconds each."""
        samples = FRAME.shaken(np.random.default_rng(hour), SECONDS, RATE_HZ)
        gatherer = Gatherer(self.hours, SECONDS)
        for number, start in enumerate(range(0, samples.shape[1], 500)):
            at_ns = HOUR + hour * HOUR_NS + number * 10 * SECOND_NS
            row = [
                block(
                    samples[floor, start : start + 500], RATE_HZ,
                    start_ns=at_ns, channel=f"V{floor + 1}.wave",
                )
                for floor in range(3)
            ]  # fmt: skip
            gatherer.take(row[: 2 if number == lost else 3], self.watch)

    def run(self, hour: int) -> str:
        now_ns = HOUR + hour * HOUR_NS + int(SECONDS * SECOND_NS) + SETTLED_NS
        self.clock.advance_to(now_ns)
        run = JobRun(JOB, now_ns, RunState.RUNNING)
        return self.finder.work(Under(run, self.records.jobs, lambda: True))

    def values(self, channel: str) -> list[float]:
        return self.readings.between(channel, HOUR, HOUR + DAY_NS * 9).value.tolist()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    records = fresh_records(tmp_path / "records.db")
    yield House(records, tmp_path / "hours")
    records.close()


def learnt(house: House) -> None:
    """Give the house a day of experience without working it out each time."""
    house.shake(0)
    house.run(0)
    known = unpacked(house.hours.known("b"))
    tracks = tuple(
        replace(track, found=30, of=30, number=n if n < 3 else 0)
        for n, track in enumerate(sorted(known.tracks, key=lambda t: t.frequency_hz), 1)
    )
    house.hours.learn("b", packed(replace(known, records=30, tracks=tracks)))


def test_an_hour_comes_to_readings_of_both_modes_at_its_beginning(house: House) -> None:
    learnt(house)
    assert house.values("V1.modal.1") == [], "one hour is no experience"
    house.shake(1)
    assert house.run(1).startswith("1 records, 1 with a known mode")
    found = house.readings.between("V1.modal.1", HOUR, HOUR + DAY_NS)
    assert found.taken_at.tolist() == [HOUR + HOUR_NS]
    assert found.value == pytest.approx(FRAME.frequencies_hz[:1], rel=0.01)
    assert house.values("V1.modal.2") == pytest.approx(FRAME.frequencies_hz[1:2], rel=0.01)
    (swing,) = house.values("V1.modal.rms")
    # 2 mm/s² of all modes at 2 Hz and above are at the most 0.16 mm/s
    assert 0.02 < swing < 0.16
    assert house.hours.hours() == []


def test_doing_a_record_again_changes_nothing(house: House) -> None:
    learnt(house)
    known = house.hours.known("b")
    for _ in range(2):
        house.hours.learn("b", known)  # as if killed before the end
        house.shake(1)
        house.run(1)
    assert len(house.values("V1.modal.1")) == 1


def test_a_record_waits_until_late_blocks_have_come(house: House) -> None:
    house.shake(1)
    now_ns = HOUR + HOUR_NS + int(SECONDS * SECOND_NS) + SETTLED_NS - 1
    house.clock.advance_to(now_ns)
    run = JobRun(JOB, now_ns, RunState.RUNNING)
    house.finder.work(Under(run, house.records.jobs, lambda: True))
    assert house.hours.hours() == [HourKey(HOUR + HOUR_NS, "b")]


def test_a_missing_block_is_not_told_and_the_reason_is(house: House) -> None:
    learnt(house)
    house.shake(1, lost=11)
    said = house.run(1)
    assert "1 records, 0 with a known mode" in said
    assert said.endswith("missing block: 1")
    assert house.values("V1.modal.1") == []


def test_what_lay_too_long_is_deleted_unseen(house: House) -> None:
    house.shake(1)
    assert "1 too old" in house.run(60)
    assert house.hours.hours() == []


def test_only_the_beginning_of_an_hour_is_put_aside(house: House) -> None:
    gatherer = Gatherer(house.hours, SECONDS)

    def at(seconds: int, channel: str = "V1.wave") -> WaveBlock:
        return block(np.zeros(10), start_ns=HOUR + seconds * SECOND_NS, channel=channel)

    blocks = [at(0), at(299), at(300), at(3599), at(3600), at(5, "V9.wave")]
    assert gatherer.take(blocks, house.watch) == 3
    assert [k.hour_ns for k in house.hours.hours()] == [HOUR, HOUR + HOUR_NS]


def test_a_building_with_two_accelerometers_puts_nothing_aside(house: House) -> None:
    (old,) = [c for c in house.records.register.site("b").channels if c.id == "V3.wave"]
    house.records.register.put_channel(replace(old, active=False), "test")
    house.watch.refresh()
    house.shake(0)
    assert house.hours.hours() == []


def test_the_pipelines_desk_puts_aside_what_comes_by(house: House) -> None:
    desk = WaveDesk(load_profile(), None, Gatherer(house.hours, SECONDS))
    one = block(np.zeros(400), start_ns=HOUR, channel="V1.wave")
    row = ReadingBatch.of(["V1.wave"], [HOUR], [0.0], received_at=HOUR)
    desk.look([SpoolEntry(1, row, waves=(one,))], house.watch, {})
    assert list(house.hours.blocks(HourKey(HOUR, "b"))) == ["V1.wave"]
    assert dict(desk.health().figures)["put aside"] == 1.0


def test_a_full_disk_holds_up_nothing_and_is_told(house: House, tmp_path: Path) -> None:
    full = FolderHours(tmp_path / "full", bytes_max=10**9, free_bytes_min=2**62)
    desk = WaveDesk(load_profile(), None, Gatherer(full, SECONDS))
    one = block(np.zeros(400), start_ns=HOUR, channel="V1.wave")
    row = ReadingBatch.of(["V1.wave"], [HOUR], [0.0], received_at=HOUR)
    assert "b" in desk.look([SpoolEntry(1, row, waves=(one,))], house.watch, {})
    assert desk.health().state == "degraded"


def test_what_is_known_survives_being_written_down_and_rubbish_is_learnt_anew(
    house: House,
) -> None:
    learnt(house)
    data = house.hours.known("b")
    assert packed(unpacked(data)) == data
    assert unpacked(b"rubbish").tracks == ()


def test_the_slow_analysis_judges_it_in_percent_with_its_amplitude(house: House) -> None:
    end_ns = (HOUR // DAY_NS + 5) * DAY_NS
    at = [end_ns - n * 2 * HOUR_NS - HOUR_NS for n in range(40)]
    for channel, values in (
        ("V1.modal.1", [3.96] * 2 + [4.0] * 38),
        ("V1.modal.rms", [0.1] * 40),
    ):
        house.readings.append(ReadingBatch.of([channel] * 40, at, values, received_at=at[0]))
    records = house.records
    histories = Histories(
        house.readings, records.register, records.contexts, records.fleet.boots, end_ns, end_ns
    )
    made = {s.channel_id: s for s in histories.series(house.building, records.register.site("b"))}
    assert set(made) == {"V1.modal.1", "V1.modal.2"}, "frequencies of peaks are no modes"
    one = made["V1.modal.1"]
    assert (one.kind, one.unit, one.starts) == ("frequency", "%", ())
    assert one.value[-3:] == pytest.approx([0.0, -1.0, -1.0])
    assert one.covariates["amplitude"][-1] == pytest.approx(1.0)
