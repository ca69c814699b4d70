"""Models of a building (BIM) and their revisions: one uploaded IFC file each."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class BimModel:
    """One model of a building; a building may have several, one a discipline.

    Parameters
    ----------
    discipline
        `architecture`, `structure`, `services` or `other`.

    """

    id: str
    building_id: str
    name: str
    discipline: str = "architecture"
    made_at_ns: int = 0
    by: str = ""
    version: int = 1


class RevisionState(StrEnum):
    """How far a revision is; only a ready one is served, and it stays so while newer ones fail."""

    QUEUED = "queued"
    READING = "reading"
    MATCHING = "matching"
    READY = "ready"
    REJECTED = "rejected"


class MeshState(StrEnum):
    """How far the shapes of a revision are; everything else works without them."""

    WAITING = "waiting"
    CONVERTING = "converting"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BimRevision:
    """One IFC file of a model.

    Parameters
    ----------
    number
        1, 2, … within the model, in the order of uploads.
    file_key, file_sha256, file_bytes, file_name
        The upload as it came, in the file store; its hash also names what is made of it.
    ifc_schema
        `IFC2X3`, `IFC4`, `IFC4X3`; empty until it is read.
    reason_code, reason
        Why it was rejected, or why it has no shapes: a stable word (`bim/faults.py`), and its
        detail (what was wanted, what came); empty otherwise.
    warnings
        (code, detail) of what was repaired or is doubtful, such as names in another encoding.
    done, of
        Progress of what is under way, in steps of its own; `of` 0: not known.
    unit_scale
        Metres of one length unit of the file.
    origin_m
        Point of the file's world (metres) that is (0, 0, 0) of the building's axes as the shapes
        are kept; large site coordinates would not fit float32.
    true_north_deg
        Direction of true north from the building's y axis, clockwise; `None`: not told.
    shift_m
        How far the axes of this file have moved against those of the revision before, as matching
        found it: the same spot stands at old point + `shift_m` now.
    map_crs, map_origin
        Of IfcProjectedCRS and IfcMapConversion: name, and eastings, northings, height in metres.
    glb_key, glb_sha256
        Shapes as GLB in the file store; empty while there are none.
    elements, storeys
        Counts.

    """

    id: str
    model_id: str
    number: int
    file_key: str
    file_sha256: str
    file_bytes: int
    file_name: str
    at_ns: int
    by: str
    state: RevisionState = RevisionState.QUEUED
    mesh: MeshState = MeshState.WAITING
    reason_code: str = ""
    reason: str = ""
    warnings: tuple[tuple[str, str], ...] = ()
    done: int = 0
    of: int = 0
    ifc_schema: str = ""
    authoring_app: str = ""
    unit_scale: float = 1.0
    origin_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    true_north_deg: float | None = None
    shift_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    map_crs: str = ""
    map_origin: tuple[float, float, float] | None = None
    glb_key: str = ""
    glb_sha256: str = ""
    elements: int = 0
    storeys: int = 0
    version: int = 1
