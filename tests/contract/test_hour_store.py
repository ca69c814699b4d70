"""What a store of beginnings of hours promises: in order, bounded, and nothing half read."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from domain.clock import HOUR_NS, SECOND_NS
from domain.errors import SettingsInvalid, StoreUnavailable
from domain.modal import HourKey, HourStore
from domain.waves import WaveBlock
from storage.hours import FolderHours
from tests.waves import START_NS, block

BYTES = 2_000_000
STORES: dict[str, Callable[[Path], HourStore]] = {
    "folder": lambda folder: FolderHours(folder / "hours", bytes_max=BYTES),
}
HOUR = START_NS // HOUR_NS * HOUR_NS


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> HourStore:
    return STORES[request.param](tmp_path)


def some(count: int, channel: str = "V1.wave", samples: int = 100) -> list[WaveBlock]:
    course = np.arange(samples) * 0.001
    return [block(course + n, start_ns=HOUR + n * SECOND_NS, channel=channel) for n in range(count)]


def starts(blocks: list[WaveBlock]) -> list[int]:
    return [one.start_ns for one in blocks]


def test_what_is_kept_bit_by_bit_is_read_whole(store: HourStore) -> None:
    key = HourKey(HOUR, "b-1")
    store.keep({key: some(2)})
    store.keep({key: [*some(4)[2:], *some(3, "楼/2.wave")]})
    found = store.blocks(key)
    assert {name: starts(rows) for name, rows in found.items()} == {
        "V1.wave": starts(some(4)), "楼/2.wave": starts(some(3)),
    }  # fmt: skip
    first = found["V1.wave"][0]
    assert (first.samples() == some(1)[0].samples()).all()
    assert (first.rate_hz, first.axes, first.kind) == (200.0, "x", "acceleration")


def test_hours_are_listed_oldest_first_and_go_when_dropped(store: HourStore) -> None:
    keys = [HourKey(HOUR + n * HOUR_NS, b) for n, b in ((2, "b/1"), (0, "b/1"), (1, "幢"))]
    for key in keys:
        store.keep({key: some(1)})
    store.learn("b/1", b"something")
    assert store.hours() == sorted(keys)
    store.drop(keys[1])
    store.drop(keys[1])
    assert store.hours() == sorted({keys[0], keys[2]})
    assert store.blocks(keys[1]) == {}


def test_what_is_known_is_read_as_it_was_last_learnt(store: HourStore) -> None:
    assert store.known("b-1") == b""
    store.learn("b-1", b"one")
    store.learn("b-1", b"two")
    assert (store.known("b-1"), store.known("b-2"), store.hours()) == (b"two", b"", [])


def test_with_too_many_bytes_the_oldest_hours_go(store: HourStore) -> None:
    keys = [HourKey(HOUR + n * HOUR_NS, f"b-{n % 3}") for n in range(12)]
    for key in keys:
        store.keep({key: some(8, samples=8000)})  # 256 kB
    left = store.hours()
    assert left == keys[-len(left) :]
    assert 5 <= len(left) <= 9


def test_a_torn_end_is_left_out(tmp_path: Path) -> None:
    store, key = FolderHours(tmp_path, bytes_max=BYTES), HourKey(HOUR, "b-1")
    store.keep({key: some(3)})
    (path,) = tmp_path.rglob("*.blocks")
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    assert starts(store.blocks(key)["V1.wave"]) == starts(some(2))
    path.write_bytes(whole[:2])
    assert store.blocks(key) == {}
    path.write_bytes(b"\x05\x00\x00\x00wrong" + whole)
    assert store.blocks(key) == {}


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    store = FolderHours(tmp_path, bytes_max=BYTES, free_bytes_min=2**62)
    with pytest.raises(StoreUnavailable, match="bytes free"):
        store.keep({HourKey(HOUR, "b-1"): some(1)})


def test_a_folder_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsInvalid, match=r"modes\.folder"):
        FolderHours(tmp_path / "file" / "hours", bytes_max=BYTES)


def test_the_same_block_twice_does_no_harm_to_order(store: HourStore) -> None:
    key = HourKey(HOUR, "b-1")
    store.keep({key: [replace(one) for one in some(2)]})
    store.keep({key: some(2)})
    assert sorted(set(starts(store.blocks(key)["V1.wave"]))) == starts(some(2))
