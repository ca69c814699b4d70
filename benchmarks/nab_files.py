"""The labelled development files of the Numenta Anomaly Benchmark under ANJU_DATA."""

import csv
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from domain.readings import Floats


@dataclass(frozen=True, slots=True, eq=False)
class NabFile:
    """One stream with the windows that people labelled.

    Parameters
    ----------
    hour
        (n,) float64, hour of the day of each row.
    windows
        First and last row of each, both included.

    """

    name: str
    hour: Floats
    value: Floats
    windows: tuple[tuple[int, int], ...]


def nab_files(folder: Path) -> list[NabFile]:
    """Read all files that `windows_dev.json` names, in its order; empty when it is not there."""
    labels = next(iter(folder.rglob("windows_dev.json")), None)
    if labels is None:
        return []
    named = json.loads(labels.read_text("utf-8"))
    return [_read(labels.parent / name, name, windows) for name, windows in named.items()]


def _read(path: Path, name: str, windows: list[list[str]]) -> NabFile:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(datetime.fromisoformat(row["timestamp"]), float(row["value"]))
                for row in csv.DictReader(file)]  # fmt: skip
    moments = [moment for moment, _ in rows]
    place = {moment: row for row, moment in reversed(list(enumerate(moments)))}
    found = [tuple(place[datetime.fromisoformat(end)] for end in window) for window in windows]
    return NabFile(
        name,
        np.array([m.hour + m.minute / 60.0 for m in moments]),
        np.array([value for _, value in rows]),
        tuple((first, last) for first, last in found),
    )
