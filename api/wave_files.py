"""A waveform as a file to take away: Parquet and CSV; and thinned for a screen."""

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from domain.waves import Samples, Waveform

UNITS = {"acceleration": "m/s²", "velocity": "mm/s"}
_ROWS_AT_ONCE = 5_000


def parquet_of(wave: Waveform) -> bytes:
    """Write Parquet: `taken_at` (UTC), the samples as sent and the velocity of each axis."""
    columns: dict[str, Any] = {"taken_at": pa.array(wave.at_ns, pa.timestamp("ns", "UTC"))}
    columns |= {axis: wave.raw[n] for n, axis in enumerate(wave.axes)}
    columns |= {f"velocity_{axis}": wave.velocity[n] for n, axis in enumerate(wave.axes)}
    event = wave.event
    about = {
        "channel_id": event.channel_id,
        "event_ns": event.event_ns,
        "rate_hz": event.rate_hz,
        "unit": UNITS[event.kind],
        "velocity_unit": "mm/s",
    }
    table = pa.table(columns).replace_schema_metadata({"anju.wave": json.dumps(about)})
    buffer = io.BytesIO()
    parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def csv_of(wave: Waveform) -> Iterator[str]:
    """Write CSV, some thousand rows at a time; a gap is an empty cell."""
    unit = UNITS[wave.event.kind]
    names = [f"{axis} ({unit})" for axis in wave.axes]
    names += [f"velocity {axis} (mm/s)" for axis in wave.axes]
    yield "\ufefftaken_at," + ",".join(names) + "\r\n"  # else spreadsheets take it for GBK
    columns = [*wave.raw, *wave.velocity]
    for start in range(0, len(wave.at_ns), _ROWS_AT_ONCE):
        stop = start + _ROWS_AT_ONCE
        moments = np.datetime_as_string(wave.at_ns[start:stop].astype("datetime64[ns]"))
        cells = [[_cell(value) for value in column[start:stop].tolist()] for column in columns]
        rows = zip(moments.tolist(), *cells, strict=True)
        yield "".join(f"{moment}Z,{','.join(row)}\r\n" for moment, *row in rows)


def thinned(
    at_ns: NDArray[np.int64], signal: Samples, points: int
) -> tuple[NDArray[np.int64], Samples, Samples]:
    """Thin to the lowest and highest value of equal stretches: no peak is lost.

    Returns
    -------
    at_ns
        (k,) int64, first moment of each stretch.
    low, high
        (axes, k) float32; NaN where a stretch holds a gap's mark alone.

    """
    n = signal.shape[-1]
    starts = np.unique(np.linspace(0, n, min(points, n), endpoint=False).astype(np.intp))
    low = np.fmin.reduceat(signal, starts, axis=-1)
    high = np.fmax.reduceat(signal, starts, axis=-1)
    return at_ns[starts], low, high


def _cell(value: float) -> str:
    return f"{value:.7g}" if value == value else ""  # noqa: PLR0124 - NaN is unlike itself
