"""Ground truth of the columnar world: written by the generator, kept apart from the series."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import msgspec

Nature = Literal["structural", "benign", "fault"]


@dataclass(frozen=True, slots=True)
class Label:
    """Something that really happened to one channel.

    Parameters
    ----------
    name
        Of the event, the fault or the scenario.
    start, end
        First bin in which it shows, and the first in which it does so no more.
    size
        Largest change that it makes, signed, in the channel's unit; 0 where it moves nothing.
    expect
        What a good judge says: `alarm`, `quiet`, or the name of the fault.

    """

    channel_id: str
    building_id: str
    nature: Nature
    name: str
    start: int
    end: int
    size: float
    expect: str


def write_labels(labels: Iterable[Label], path: Path) -> None:
    """Write labels as JSON, a file of their own."""
    rows = [asdict(label) for label in labels]
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=1))


def read_labels(path: Path) -> tuple[Label, ...]:
    """Read what `write_labels` wrote."""
    return tuple(msgspec.json.decode(path.read_bytes(), type=list[Label]))
