"""Beginnings of hours, in files: one a channel, to which its blocks are added as they come.

    hours/{building}/{hour}/{channel}.blocks
    hours/{building}/modes

They are work in progress and no evidence: nothing is synced, and what a kill tears is left out.
"""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from domain.errors import SettingsInvalid, StoreUnavailable
from domain.modal import HourKey
from domain.waves import WaveBlock

_HOUR = re.compile(r"\d{20}")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LENGTH = struct.Struct("<I")
_NAME = "building"
_KNOWN = "modes"


class FolderHours:
    """Keeps the beginnings of hours in a folder.

    Parameters
    ----------
    bytes_max
        With more, the oldest are deleted.
    free_bytes_min
        With less room on the disk nothing is kept: readings need it more.

    Raises
    ------
    SettingsInvalid
        When the folder cannot be made.

    """

    def __init__(self, folder: Path, *, bytes_max: int, free_bytes_min: int = 0) -> None:
        self._folder, self._bytes_max, self._free_min = folder, bytes_max, free_bytes_min
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsInvalid(
                f"setting modes.folder: cannot make {folder}: {error.strerror}"
            ) from error
        self._since_look = bytes_max  # looked at with the first block

    def keep(self, blocks: Mapping[HourKey, Sequence[WaveBlock]]) -> None:
        """Keep blocks; one that is kept twice may be read twice."""
        try:
            free = shutil.disk_usage(self._folder).free
            if free < self._free_min:
                raise StoreUnavailable(
                    f"beginnings of hours are not kept: the disk of {self._folder} must have "
                    f"{self._free_min} bytes free, has {free}"
                )
            for key, rows in blocks.items():
                self._add(key, rows)
            if self._since_look > self._bytes_max // 16:
                self._make_room()
        except OSError as error:
            raise StoreUnavailable(f"beginnings of hours are not kept: {error.strerror}") from error

    def hours(self) -> list[HourKey]:
        """List what is kept, oldest first."""
        found = []
        for home in self._homes():
            with contextlib.suppress(OSError):
                building_id = (home / _NAME).read_text("utf-8")
                found += [
                    HourKey(int(entry.name), building_id)
                    for entry in home.iterdir()
                    if _HOUR.fullmatch(entry.name)
                ]
        return sorted(found)

    def blocks(self, key: HourKey) -> dict[str, list[WaveBlock]]:
        """Read a record by channel; what was torn by a kill is left out."""
        found: dict[str, list[WaveBlock]] = {}
        with contextlib.suppress(FileNotFoundError):
            for path in self._path(key).iterdir():
                for block in _read(path):
                    found.setdefault(block.channel_id, []).append(block)
        return found

    def drop(self, key: HourKey) -> None:
        """Delete a record."""
        shutil.rmtree(self._path(key), ignore_errors=True)

    def known(self, building_id: str) -> bytes:
        """Read what is known of a building's modes; empty: nothing."""
        with contextlib.suppress(FileNotFoundError):
            return (self._home(building_id) / _KNOWN).read_bytes()
        return b""

    def learn(self, building_id: str, known: bytes) -> None:
        """Keep what is known of a building's modes; half of it is never seen."""
        home = self._home(building_id)
        half = home / f".{secrets.token_hex(8)}"
        try:
            home.mkdir(exist_ok=True)
            half.write_bytes(known)
            half.replace(home / _KNOWN)
        except OSError as error:
            raise StoreUnavailable(f"modes are not kept: {error.strerror}") from error
        finally:
            half.unlink(missing_ok=True)

    def _add(self, key: HourKey, rows: Sequence[WaveBlock]) -> None:
        home, folder = self._home(key.building_id), self._path(key)
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            (home / _NAME).write_text(key.building_id, "utf-8")
        by_channel: dict[str, bytearray] = {}
        for block in rows:
            packed = msgspec.msgpack.encode(block)
            held = by_channel.setdefault(block.channel_id, bytearray())
            held += _LENGTH.pack(len(packed)) + packed
        for channel_id, data in by_channel.items():
            with (folder / f"{_plain(channel_id)}.blocks").open("ab") as file:
                file.write(data)
            self._since_look += len(data)

    def _make_room(self) -> None:
        sizes = {key: _size(self._path(key)) for key in self.hours()}
        held = sum(sizes.values())
        for key, size in sizes.items():  # oldest first
            if held <= self._bytes_max:
                break
            self.drop(key)
            held -= size
        self._since_look = 0

    def _homes(self) -> list[Path]:
        with os.scandir(self._folder) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir()]

    def _home(self, building_id: str) -> Path:
        return self._folder / _plain(building_id)

    def _path(self, key: HourKey) -> Path:
        return self._home(key.building_id) / f"{key.hour_ns:020d}"


def _plain(name: str) -> str:
    if _PLAIN.fullmatch(name):
        return name
    return "~" + hashlib.sha256(name.encode()).hexdigest()[:40]


def _size(folder: Path) -> int:
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        return sum(entry.stat().st_size for entry in entries)
    return 0


def _read(path: Path) -> list[WaveBlock]:
    data, at, found = path.read_bytes(), 0, []
    while at + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        piece = data[at + _LENGTH.size : at + _LENGTH.size + length]
        if len(piece) < length:
            break
        try:
            found.append(msgspec.msgpack.decode(piece, type=WaveBlock))
        except msgspec.DecodeError:
            break
        at += _LENGTH.size + length
    return found
