"""The pipeline's desk for waveforms: the same for both cursors, however little it holds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analytics.limits import load_profile
from app.watch import WatchList
from app.waves import STATE, WaveDesk
from domain.buildings import Building
from domain.clock import SECOND_NS
from domain.ports import SpoolEntry
from domain.readings import QualityFlag, ReadingBatch
from domain.sensors import Channel, Gateway, Sensor
from domain.waves import FEATURE_AXES
from storage.waves import FolderWaves
from tests.fresh_records import fresh_records
from tests.waves import START_NS, block, knock_m_s2, sine_m_s2, times

RATE_HZ = 200.0


@pytest.fixture
def watch(tmp_path: Path) -> WatchList:
    """One sensor with a waveform and, of what it comes to, all but the kurtosis of z."""
    records = fresh_records(tmp_path / "records.db")
    register = records.register
    register.put_building(
        Building("b-1", "D-1", "演示 1 号楼", "", "360102", "", "", 115.9, 28.7), "test"
    )
    register.put_gateway(Gateway("g-1", "g-1"), "test")
    register.put_sensor(Sensor("V2", "b-1", "g-1", "V2", "vibration"), "test")
    plan = [("acceleration", "wave")]
    plan += [(k, a + s) for k, a in FEATURE_AXES.items() for s in ("", ".x", ".y", ".z")]
    for kind, axis in plan:
        if axis != "kurtosis.z":
            register.put_channel(
                Channel(f"V2.{axis}", "V2", "g-1", f"V2.{axis}", kind, "1", axis), "test"
            )
    watched = WatchList(register, 0)
    watched.refresh()
    records.close()
    return watched


def entries(count: int, knock: int = -1) -> list[SpoolEntry]:
    """Rows with a block of two seconds each; one may hold a knock."""
    made = []
    for number in range(count):
        at = times(RATE_HZ, 400)
        course = np.stack([sine_m_s2(at, f, 0.03) for f in (17.0, 19.0, 23.0)], axis=1)
        if number == knock:
            course[:, 1] += knock_m_s2(at, 1.0, 12.0, 4.0)
        one = block(course, axes="xyz", start_ns=START_NS + 2 * number * SECOND_NS)
        row = ReadingBatch.of(["V2.wave"], [one.start_ns], [0.1], received_at=one.received_at_ns)
        made.append(SpoolEntry(number + 1, row, waves=(one,)))
    return made


def values(batch: ReadingBatch) -> dict[tuple[str, int], float]:
    keys = [(batch.channels[c], int(t)) for c, t in zip(batch.channel, batch.taken_at, strict=True)]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, batch.value.tolist(), strict=True))


def test_a_block_comes_to_the_readings_that_have_a_channel(watch: WatchList) -> None:
    batch = WaveDesk(load_profile(), None).batch(entries(1, 0), watch)
    found = {channel: value for (channel, _), value in values(batch).items()}
    assert len(found) == 1 + 15
    assert found["V2.ppv"] == found["V2.ppv.y"] == pytest.approx(4.0, rel=0.08)
    assert found["V2.frequency"] == pytest.approx(12.0, abs=1.0)
    assert set(batch.taken_at.tolist()) == {START_NS}


def test_both_cursors_get_the_same_however_little_is_held(watch: WatchList) -> None:
    rows = entries(6, 3)
    plenty = values(WaveDesk(load_profile(), None).batch(rows, watch))
    desk = WaveDesk(load_profile(), None, held_bytes_max=1)
    one_by_one: dict[tuple[str, int], float] = {}
    for row in [*rows, *rows]:
        one_by_one |= values(desk.batch([row], watch))
    assert one_by_one == plenty


def test_a_doubtful_block_makes_doubtful_readings(watch: WatchList) -> None:
    (row,) = entries(1)
    flag = int(QualityFlag.OUT_OF_RANGE | QualityFlag.HELD)
    doubtful = replace(row, waves=(replace(row.waves[0], flag=flag),))
    batch = WaveDesk(load_profile(), None).batch([doubtful], watch)
    assert set(batch.flag[1:].tolist()) == {flag}


def test_a_block_of_a_channel_that_left_the_register_comes_to_nothing(watch: WatchList) -> None:
    (row,) = entries(1)
    gone = replace(row, waves=(replace(row.waves[0], channel_id="V9.wave"),))
    desk = WaveDesk(load_profile(), None)
    assert len(desk.batch([gone], watch)) == 1
    assert desk.look([gone], watch, {}) == {}


def test_looking_twice_at_the_same_rows_keeps_the_same_files(
    watch: WatchList, tmp_path: Path
) -> None:
    store = FolderWaves(tmp_path / "waves", days=30, bytes_max=10**9)
    rows = entries(10, 6)
    desk = WaveDesk(load_profile(), store)
    first = desk.look(rows, watch, {})
    names = sorted(p.name for p in (tmp_path / "waves" / "V2.wave").iterdir())
    assert len(names) >= 3
    again = WaveDesk(load_profile(), store).look(rows, watch, {})
    assert again == first
    assert desk.look(rows, watch, {}) == first
    assert sorted(p.name for p in (tmp_path / "waves" / "V2.wave").iterdir()) == names


def test_however_the_rows_are_cut_the_state_and_the_files_are_the_same(
    watch: WatchList, tmp_path: Path
) -> None:
    rows = entries(10, 6)
    found = []
    for cut in (1, 3, 10):
        store = FolderWaves(tmp_path / f"waves-{cut}", days=30, bytes_max=10**9)
        desk, states = WaveDesk(load_profile(), store), {}
        for k in range(0, 10, cut):
            for building_id, state in desk.look(rows[k : k + cut], watch, states).items():
                states[building_id, STATE] = state
        files = sorted(p.name for p in (tmp_path / f"waves-{cut}" / "V2.wave").iterdir())
        found.append((states, files))
    assert found[0] == found[1] == found[2]
