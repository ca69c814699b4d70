"""What the child process does for the exchange: write back, check fitness, read topics."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from bim.limits import ReadLimits
from bim.prepared import prepare
from domain.exchange import HandOver

#: parts of the names of results that are kept; raised when the same input gives another result
WRITEBACK_VERSION, FITNESS_VERSION = 2, 2
SHIPPED_IDS = Path(__file__).with_name("fitness.ids")
IDS_BYTES_MAX = 1_000_000
#: what the parent puts into the scratch folder
FACTS, OWN_IDS = "facts.json", "own.ids"
#: what is left there
EXPORT, COUNTS, FITNESS, TOPICS = "export.ifc", "counts.json", "fitness.json", "topics.json"


def write_export(upload: Path, scratch: Path, limits: ReadLimits) -> None:
    """Write `export.ifc` and `counts.json` from an IFC file and `facts.json`."""
    from bim.writeback import write_back  # noqa: PLC0415 - heavy

    facts = msgspec.json.decode((scratch / FACTS).read_bytes(), type=HandOver)
    ready = prepare(upload, scratch, limits)
    counts = write_back(ready.path, scratch / EXPORT, facts)
    (scratch / COUNTS).write_bytes(msgspec.json.encode(counts))


def check_fitness(upload: Path, scratch: Path, limits: ReadLimits) -> None:
    """Write `fitness.json` from an IFC file, and from `own.ids` where it is there."""
    from bim.fitness import check  # noqa: PLC0415 - heavy

    own = scratch / OWN_IDS
    ready = prepare(upload, scratch, limits)
    found = check(ready.path, own if own.exists() else None)
    (scratch / FITNESS).write_bytes(msgspec.json.encode(found))


def read_topics(upload: Path, scratch: Path, _: ReadLimits) -> None:
    """Write `topics.json`, and snapshots beside it, from a BCF file."""
    from bim.bcf_read import read_bcf  # noqa: PLC0415 - only here

    found = read_bcf(upload, scratch)
    (scratch / TOPICS).write_bytes(msgspec.json.encode(found))


#: tasks of the child process by name
TASKS: dict[str, Callable[[Path, Path, ReadLimits], None]] = {
    "export": write_export,
    "fitness": check_fitness,
    "topics": read_topics,
}
