"""What a store of waveforms promises: kept once, listed, read, and deleted by its policy."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

from domain.clock import DAY_NS, SECOND_NS
from domain.errors import NotFound, SettingsInvalid, StoreUnavailable
from domain.waves import KeptBlock, WavePeak, WaveStore
from storage.waves import FolderWaves
from tests.waves import START_NS, block

DAYS = 30.0
STORES: dict[str, Callable[[Path], WaveStore]] = {
    "folder": lambda folder: FolderWaves(folder / "waves", days=DAYS, bytes_max=10**9),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> WaveStore:
    return STORES[request.param](tmp_path)


def kept(
    number: int,
    *,
    event_s: float = 1.2,
    channel: str = "V2",
    role: str = "event",
    peak: float = 1.0,
) -> KeptBlock:
    """Block `number` of an event: a second of samples, 200 Hz, three axes."""
    rng = np.random.default_rng(number)
    samples = rng.normal(0, 0.05, (200, 3))
    start_ns = START_NS + number * SECOND_NS
    one = block(samples, start_ns=start_ns, axes="xyz", encoding="i2", scale=1e-4, channel=channel)
    peaks = tuple(
        WavePeak(a, peak * k, 8.0 * k, 0.3, 4.0, start_ns) for k, a in enumerate("xyz", 1)
    )
    velocity = rng.normal(0, 1, (3, 200)).astype(np.float32)
    return KeptBlock(START_NS + round(event_s * SECOND_NS), role, one, velocity, peaks)


def all_events(store: WaveStore, *channels: str) -> list[Any]:
    return store.events(channels or ("V2",), 0, 2 * START_NS, 100)


def test_a_waveform_comes_back_as_it_was(store: WaveStore) -> None:
    blocks = [kept(0, role="before"), kept(1), kept(2, role="after")]
    store.keep(blocks)
    (event,) = all_events(store)
    wave = store.waveform("V2", event.event_ns)
    assert wave.axes == "xyz"
    assert wave.at_ns.tolist() == [START_NS + k * 5_000_000 for k in range(600)]
    assert np.allclose(wave.raw, np.concatenate([b.block.samples() * 1e-4 for b in blocks]).T)
    assert (wave.velocity == np.concatenate([b.velocity for b in blocks], axis=1)).all()
    assert (event.start_ns, event.end_ns) == (START_NS, START_NS + 3 * SECOND_NS)
    assert event.rate_hz == 200.0
    assert event.kind == "acceleration"


def test_the_same_block_twice_is_kept_once(store: WaveStore) -> None:
    store.keep([kept(1)])
    (before,) = all_events(store)
    store.keep([kept(1), kept(1)])
    assert all_events(store) == [before]


def test_the_peaks_are_the_worst_of_the_event_itself(store: WaveStore) -> None:
    store.keep([kept(0, role="before", peak=9.0), kept(1, peak=2.0), kept(2, peak=3.0)])
    (event,) = all_events(store)
    assert [p.peak_mm_s for p in event.peaks] == [3.0, 6.0, 9.0]
    assert event.worst.axis == "z"


def test_events_are_newest_first_within_the_range_and_of_the_channels_asked_for(
    store: WaveStore,
) -> None:
    store.keep([kept(1, event_s=1), kept(5, event_s=5), kept(9, event_s=9, channel="V3/é")])
    assert [e.channel_id for e in all_events(store, "V2", "V3/é")] == ["V3/é", "V2", "V2"]
    assert len(store.events(["V2"], START_NS + SECOND_NS, START_NS + 5 * SECOND_NS, 9)) == 1
    assert len(store.events(["V2", "V3/é"], 0, 2 * START_NS, 2)) == 2
    assert all_events(store, "nobody") == []


def test_where_a_block_is_missing_the_line_is_broken(store: WaveStore) -> None:
    store.keep([kept(1), kept(3)])
    wave = store.waveform("V2", START_NS + 1_200_000_000)
    assert np.isnan(wave.raw).sum(axis=1).tolist() == [1, 1, 1]
    assert np.isnan(wave.velocity[0, 200])
    assert (np.diff(wave.at_ns) > 0).all()


def test_where_blocks_overlap_each_moment_stands_once(store: WaveStore) -> None:
    late = kept(2)
    half = replace(late, block=replace(late.block, start_ns=START_NS + 1_500_000_000))
    store.keep([kept(1), half])
    wave = store.waveform("V2", START_NS + 1_200_000_000)
    assert (np.diff(wave.at_ns) == 5_000_000).all()
    assert len(wave.at_ns) == 300
    assert (wave.velocity[:, 200:] == half.velocity[:, 100:]).all()


def test_an_unknown_event_is_not_found(store: WaveStore) -> None:
    store.keep([kept(1)])
    for channel, event_ns in (("V2", START_NS), ("V9", START_NS + 1_200_000_000)):
        with pytest.raises(NotFound):
            store.waveform(channel, event_ns)


def test_old_events_go_and_evidence_stays(store: WaveStore) -> None:
    store.keep([kept(1, event_s=1), kept(9, event_s=9), kept(1, event_s=1, channel="V3")])
    now = START_NS + round((DAYS + 1) * DAY_NS)
    spared = [("V3", START_NS, now)]
    assert store.retain(START_NS + DAY_NS, spared) == 0
    assert store.retain(now, spared) == 2
    assert [e.channel_id for e in all_events(store, "V2", "V3")] == ["V3"]


def test_with_too_many_bytes_the_oldest_go_but_evidence_stays(tmp_path: Path) -> None:
    store = FolderWaves(tmp_path / "waves", days=DAYS, bytes_max=1)
    store.keep([kept(k, event_s=k) for k in (1, 5, 9)])
    spared = [("V2", START_NS + 4 * SECOND_NS, START_NS + 6 * SECOND_NS)]
    assert store.retain(START_NS + DAY_NS, spared) == 2
    assert [e.event_ns for e in all_events(store)] == [START_NS + 5 * SECOND_NS]


def test_half_a_file_is_never_seen_and_a_damaged_one_is_left_out(tmp_path: Path) -> None:
    store = FolderWaves(tmp_path / "waves", days=DAYS, bytes_max=10**9)
    store.keep([kept(1), kept(2), kept(9, event_s=9)])
    files = sorted((tmp_path / "waves" / "V2").iterdir())
    (tmp_path / "waves" / "V2" / ".0123").write_bytes(b"half")
    files[0].write_bytes(files[0].read_bytes()[:100])
    files[2].write_bytes(b"")
    events = all_events(store)
    assert [e.event_ns for e in events] == [START_NS + 1_200_000_000]
    assert len(store.waveform("V2", events[0].event_ns).at_ns) == 200


def test_any_tool_reads_a_file_by_itself(tmp_path: Path) -> None:
    FolderWaves(tmp_path / "waves", days=DAYS, bytes_max=10**9).keep([kept(1)])
    (file,) = (tmp_path / "waves" / "V2").iterdir()
    table = parquet.read_table(file)
    assert table.column_names == ["x", "y", "z", "velocity_x", "velocity_y", "velocity_z"]
    assert len(table) == 200


def test_a_full_disk_is_told_and_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderWaves(tmp_path / "waves", days=DAYS, bytes_max=10**9)
    real = os.fsync

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)  # the system's answer, not our own code
    with pytest.raises(StoreUnavailable, match="No space left"):
        store.keep([kept(1)])
    monkeypatch.setattr(os, "fsync", real)
    assert all_events(store) == []
    store.keep([kept(1)])
    assert len(all_events(store)) == 1


def test_nothing_is_kept_when_the_disk_is_nearly_full(tmp_path: Path) -> None:
    store = FolderWaves(tmp_path / "w", days=1, bytes_max=1, free_bytes_min=10**18)
    with pytest.raises(StoreUnavailable, match="free"):
        store.keep([kept(1)])


def test_a_folder_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsInvalid, match=r"waves\.folder"):
        FolderWaves(tmp_path / "file" / "waves", days=1, bytes_max=1)
