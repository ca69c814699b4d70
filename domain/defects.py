"""Defects of a building (缺陷): what people saw at a place, measured and followed."""

from dataclasses import dataclass
from enum import StrEnum


class DefectStatus(StrEnum):
    """Where a defect stands."""

    OPEN = "open"
    WATCHED = "watched"
    MENDED = "mended"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect; ids are made where it is found, so that telling it twice keeps it once.

    Parameters
    ----------
    code
        `crack`, `lean`, `settlement`, `spalling`, `rebar`, `leak`, `bulge` or `other`.
    severity
        1 slight, 2 marked, 3 serious.
    value, unit
        What was measured, such as 0.4 mm; `None`: nothing.
    continues
        Id of the same defect as it was found before; empty: found first.
    sensor_ids
        Sensors that watch it or prompted it.

    """

    id: str
    building_id: str
    anchor_id: str
    code: str
    severity: int
    found_at_ns: int
    by: str
    title: str = ""
    note: str = ""
    value: float | None = None
    unit: str = ""
    status: DefectStatus = DefectStatus.OPEN
    continues: str = ""
    sensor_ids: tuple[str, ...] = ()
    version: int = 1
