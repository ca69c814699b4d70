"""A model with two revisions in real stores, and the questions that its matching leaves open."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bim.match import Matched
from bim.rematch import rematch
from domain.anchors import Anchor, PickedBy
from domain.bim_models import BimModel, BimRevision, RevisionState
from domain.elements import Box, ElementVersion, Storey
from storage.records import Records

MODEL, FIRST, SECOND, THIRD = "m-story", "r-story-1", "r-story-2", "r-story-3"
STOREY = Storey("storey-1", "一层", 0.0)


def wall(
    revision: str, step: int, guid: str, box: Box | None, name: str = "", **more: object
) -> ElementVersion:
    """Make a wall; its content follows from its name."""
    fields = {
        "ifc_class": "IfcWall",
        "name": name or guid,
        "type_name": "砖墙 240",
        "storey_guid": STOREY.global_id,
        "storey_name": STOREY.name,
        "storey_elevation_m": 0.0,
        "box": box,
        "content_hash": f"content {name or guid}",
        "geometry_hash": "" if box is None else f"shape {name or guid}",
    }
    return ElementVersion(revision, step, guid, **(fields | more))  # type: ignore[arg-type]


def at(x: float, length: float = 3.0, y: float = 0.0) -> Box:
    """Box of a wall that begins at x, m."""
    return (x, y, 0.0, x + length, y + 0.24, 3.0)


OLD = (
    wall(FIRST, 10, "stays", at(0), "东墙"),
    wall(FIRST, 20, "remade", at(10), "西墙"),
    wall(FIRST, 30, "lost", at(20), "隔墙"),
    wall(FIRST, 40, "cut", at(30, 6.0), "长墙"),
    wall(FIRST, 50, "left", at(40), "北墙甲"),
    wall(FIRST, 60, "right", at(43), "北墙乙"),
    wall(FIRST, 70, "also", at(50), "南墙", tag="T-70"),
)
#: one stays, one was remade a little beside, one is gone, one was cut in two, two became one
NEW = (
    wall(SECOND, 11, "stays", at(0), "东墙"),
    wall(SECOND, 21, "other", at(10.1), "西墙 新"),
    wall(SECOND, 41, "cut-1", at(30), "长墙 1"),
    wall(SECOND, 42, "cut-2", at(33), "长墙 2"),
    wall(SECOND, 51, "joined", at(40, 6.0), "北墙"),
    wall(SECOND, 71, "also", at(50), "南墙", tag="T-70"),
    wall(SECOND, 81, "fresh", at(60), "新墙"),
)


@dataclass(frozen=True, slots=True)
class Story:
    """The stores, and ids of the elements by the GlobalId of the first file."""

    records: Records
    elements: dict[str, str]

    def version(self, revision: str, element: str) -> ElementVersion | None:
        """Find an element in a revision."""
        return self.records.models.version_of(revision, self.elements[element])


def tell(records: Records, building_id: str, new: Sequence[ElementVersion] = NEW) -> Story:
    """Put both revisions into a building, with a place on each wall of the first."""
    models, places = records.models, records.places
    models.put_model(BimModel(MODEL, building_id, "建筑", made_at_ns=1, by="u-1"), "u-1")
    put(records, FIRST, OLD, 2)
    rows = models.versions(FIRST)
    elements = {row.global_id: row.element_id for row in rows}
    for number, row in enumerate(rows):
        x, y, z = (row.box or at(0))[:3]
        anchor = Anchor(
            f"place-{row.global_id}", building_id, PickedBy.MODEL, 5 + number, "u-1",
            element_id=row.element_id, revision_seen=FIRST, point=(x + 2.5, y, z + 1.5),
            local_uvw=(2.5 / ((row.box or at(0))[3] - x), 0.0, 0.5), storey=STOREY.name,
        )  # fmt: skip
        places.put_anchor(anchor, "u-1")
    put(records, SECOND, new, 3)
    return Story(records, elements)


def put(records: Records, revision_id: str, rows: Sequence[ElementVersion], at_ns: int) -> Matched:
    """Add a revision as if it had been read, and match it."""
    models = records.models
    added = models.add_revision(
        BimRevision(
            revision_id, MODEL, 0, f"bim/{revision_id}.ifc", revision_id, 100,
            f"{revision_id}.ifc", at_ns, "u-1",
        ),
        "u-1",
    )  # fmt: skip
    read = replace(
        added, state=RevisionState.MATCHING, elements=len(rows), version=added.version + 1
    )
    models.put_index(read, [STOREY], [replace(one, revision_id=revision_id) for one in rows])
    ready = replace(read, state=RevisionState.READY, version=read.version + 1)
    return rematch(models, records.places, ready, at_ns, "jobs")
