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
    check_up_id
        Check-up that found it, or found it again; empty: somebody outside of one.
    length_mm
        Length of a crack; `None`: not measured.
    direction
        Of a crack: `vertical`, `horizontal`, `diagonal`, `stepped`, `along` or `net`; empty: not
        told.
    dangerous
        A dangerous point of its member (JGJ 125-2016 ch. 5), as the inspector sees it.

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
    check_up_id: str = ""
    length_mm: float | None = None
    direction: str = ""
    dangerous: bool = False
    version: int = 1
