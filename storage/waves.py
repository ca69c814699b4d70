"""Waveforms of events in Parquet files: one a block, named by event and start, under its channel.

    waves/{channel}/{event}-{start}.parquet

The names are the index: listing needs no database that could disagree with the files, a block
that is kept again after a kill comes to the same name, and any tool reads a file by itself. Each
holds the samples as sent and the velocity that was judged, with the header in its metadata.
"""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import structlog
from pyarrow import parquet

from domain.clock import DAY_NS, SECOND_NS
from domain.errors import NotFound, SettingsInvalid, StoreUnavailable
from domain.waves import KeptBlock, WaveEvent, Waveform, WavePeak

log = structlog.get_logger()

_NAME = re.compile(r"(\d{20})-(\d{20})\.parquet")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_KEY = b"anju.wave"
_WRITERS = 8


class _File(NamedTuple):
    event_ns: int
    start_ns: int
    path: Path
    size: int


class _Header(msgspec.Struct):
    channel_id: str
    kind: str
    event_ns: int
    role: str
    start_ns: int
    end_ns: int
    rate_hz: float
    axes: str
    scale: float
    encoding: str
    peaks: list[WavePeak]


class FolderWaves:
    """Keeps waveforms in a folder.

    Parameters
    ----------
    days, bytes_max
        Retention: older events go, and with more bytes the oldest.
    free_bytes_min
        With less room on the disk nothing is kept: readings need it more.

    Raises
    ------
    SettingsInvalid
        When the folder cannot be made.

    """

    def __init__(
        self, folder: Path, *, days: float, bytes_max: int, free_bytes_min: int = 0
    ) -> None:
        self._folder = folder
        self._days, self._bytes_max, self._free_min = days, bytes_max, free_bytes_min
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsInvalid(
                f"setting waves.folder: cannot make {folder}: {error.strerror}"
            ) from error

    def keep(self, blocks: Sequence[KeptBlock]) -> None:
        """Keep blocks durably; the same block twice is kept once."""
        try:
            free = shutil.disk_usage(self._folder).free
            if free < self._free_min:
                raise StoreUnavailable(
                    f"waveforms are not kept: the disk of {self._folder} must have "
                    f"{self._free_min} bytes free, has {free}"
                )
            # side by side: nearly all of the time is waiting for the disk
            with ThreadPoolExecutor(_WRITERS) as pool:
                folders = set(pool.map(self._write, blocks)) - {None}
                list(pool.map(_sync, folders))  # an error in one is raised here
        except OSError as error:
            raise StoreUnavailable(f"waveforms are not kept: {error.strerror}") from error

    def events(
        self, channel_ids: Sequence[str], start_ns: int, end_ns: int, limit: int
    ) -> list[WaveEvent]:
        """List the events of some channels triggered in a range, newest first."""
        found: list[tuple[int, str, list[_File]]] = []
        for channel_id in channel_ids:
            events: dict[int, list[_File]] = {}
            for file in self._files(self._folder_of(channel_id)):
                if start_ns <= file.event_ns < end_ns:
                    events.setdefault(file.event_ns, []).append(file)
            found += [(event_ns, channel_id, files) for event_ns, files in events.items()]
        found.sort(key=lambda one: (-one[0], one[1]))
        made = (self._event(channel_id, files) for _, channel_id, files in found[:limit])
        return [event for event in made if event is not None]

    def waveform(self, channel_id: str, event_ns: int) -> Waveform:
        """Read an event with its samples."""
        files = [f for f in self._files(self._folder_of(channel_id)) if f.event_ns == event_ns]
        event = self._event(channel_id, files)
        if event is None:
            raise NotFound(f"no event '{event_ns}' of channel {channel_id!r}")
        at, raw, velocity, axes = [], [], [], ""
        end_ns: int | None = None
        for file in sorted(files):
            with contextlib.suppress(OSError, pa.ArrowException, msgspec.DecodeError):
                table = parquet.ParquetFile(file.path).read()
                header = _header(table.schema.metadata)
                axes = header.axes
                step_ns = SECOND_NS / header.rate_hz
                if end_ns is not None and header.start_ns - end_ns > step_ns:
                    at.append(np.array([end_ns], np.int64))
                    gap = np.full((len(axes), 1), np.nan, np.float32)
                    raw.append(gap)
                    velocity.append(gap)
                moments = header.start_ns + np.rint(np.arange(len(table)) * step_ns).astype(int)
                # what two blocks both have stands once
                new = slice(int(np.searchsorted(moments, (end_ns or 0) - step_ns / 2)), None)
                columns = {name: table[name].to_numpy()[new] for name in table.column_names}
                at.append(moments[new])
                scale = np.float32(header.scale)
                raw.append(np.stack([columns[a] * scale for a in axes]).astype(np.float32))
                velocity.append(np.stack([columns[f"velocity_{a}"] for a in axes]))
                end_ns = max(header.end_ns, end_ns or 0)
        return Waveform(
            event,
            axes,
            np.concatenate(at),
            np.concatenate(raw, axis=1),
            np.concatenate(velocity, axis=1),
        )

    def retain(self, now_ns: int, spared: Sequence[tuple[str, int, int]] = ()) -> int:
        """Delete what is past the retention policy, oldest first; tell how many files."""
        windows: dict[Path, list[tuple[int, int]]] = {}
        for channel_id, first_ns, last_ns in spared:
            windows.setdefault(self._folder_of(channel_id), []).append((first_ns, last_ns))
        try:
            folders = [entry for entry in self._folder.iterdir() if entry.is_dir()]
        except OSError as error:
            raise StoreUnavailable(f"waveforms cannot be listed: {error.strerror}") from error
        files = sorted(file for folder in folders for file in self._files(folder))
        held = sum(file.size for file in files)
        deleted = 0
        for file in files:
            old = file.event_ns < now_ns - self._days * DAY_NS
            if not old and held <= self._bytes_max:
                break
            mine = windows.get(file.path.parent, ())
            if any(first <= file.event_ns <= last for first, last in mine):
                continue
            with contextlib.suppress(FileNotFoundError):
                file.path.unlink()
                deleted += 1
            held -= file.size
        return deleted

    def _write(self, kept: KeptBlock) -> Path | None:
        block = kept.block
        folder = self._folder_of(block.channel_id)
        path = folder / f"{kept.event_ns:020d}-{block.start_ns:020d}.parquet"
        if path.exists():
            return None
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _sync(self._folder)
        half = folder / f".{secrets.token_hex(8)}"
        try:
            with half.open("xb") as file:
                parquet.write_table(_table(kept), file, compression="zstd")
                file.flush()
                os.fsync(file.fileno())
            half.rename(path)
        finally:
            half.unlink(missing_ok=True)
        return folder

    def _files(self, folder: Path) -> Iterator[_File]:
        with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                if named := _NAME.fullmatch(entry.name):
                    with contextlib.suppress(FileNotFoundError):
                        size = entry.stat().st_size
                        yield _File(int(named[1]), int(named[2]), Path(entry.path), size)

    def _folder_of(self, channel_id: str) -> Path:
        if _PLAIN.fullmatch(channel_id):
            return self._folder / channel_id
        return self._folder / ("~" + hashlib.sha256(channel_id.encode()).hexdigest()[:40])

    def _event(self, channel_id: str, files: Sequence[_File]) -> WaveEvent | None:
        headers = []
        for file in sorted(files):
            try:
                headers.append(_header(parquet.read_metadata(file.path).metadata))
            except (OSError, pa.ArrowException, msgspec.DecodeError) as error:
                log.warning("waveform left out", file=str(file.path), error=str(error))
        if not headers:
            return None
        worst: dict[str, WavePeak] = {}
        for header in headers:
            for peak in header.peaks if header.role == "event" else ():
                if peak.axis not in worst or peak.peak_mm_s > worst[peak.axis].peak_mm_s:
                    worst[peak.axis] = peak
        peaks = tuple(worst.values()) or tuple(headers[0].peaks)
        return WaveEvent(
            channel_id,
            headers[0].event_ns,
            headers[0].start_ns,
            max(header.end_ns for header in headers),
            headers[0].rate_hz,
            headers[0].kind,
            peaks,
            sum(file.size for file in files),
        )


def _table(kept: KeptBlock) -> pa.Table:
    block = kept.block
    samples = block.samples()
    columns: dict[str, Any] = {
        axis: np.ascontiguousarray(samples[:, n]) for n, axis in enumerate(block.axes)
    }
    columns |= {f"velocity_{axis}": kept.velocity[n] for n, axis in enumerate(block.axes)}
    header = {
        name: getattr(block, name)
        for name in ("channel_id", "kind", "start_ns", "end_ns", "rate_hz", "axes", "scale")
    }
    header |= {"encoding": block.encoding, "event_ns": kept.event_ns, "role": kept.role}
    header["peaks"] = [asdict(peak) for peak in kept.peaks]
    return pa.table(columns).replace_schema_metadata({_KEY: msgspec.json.encode(header)})


def _header(metadata: dict[bytes, bytes] | None) -> _Header:
    """Read a file's header.

    Raises
    ------
    msgspec.DecodeError
        When it has none.

    """
    return msgspec.json.decode((metadata or {}).get(_KEY, b""), type=_Header)


def _sync(folder: Path | None) -> None:
    """Make the names in a folder durable."""
    if folder is None:
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
