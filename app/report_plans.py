"""Plans of storeys for reports: the rooms that were drawn, else the boxes of a model."""

from collections.abc import Sequence

from bim.placing import place_all
from domain.anchors import Anchor
from domain.bim_models import RevisionState
from domain.bim_ports import ModelStore, PlaceStore
from domain.elements import Box, ElementVersion
from domain.rooms import RoomSchema
from lifecycle.report.facts import Corner, Pin, Plan

#: a place so far below a floor still belongs to its storey, m
_BELOW_M = 0.3
#: outlines of one plan
_OUTLINES_MAX = 400
#: what a plan of a model is drawn of, the first that the storey has
_DRAWN = ("IfcWall", "IfcColumn", "IfcCurtainWall", "IfcStair")


class Storeys:
    """The storeys of one building; read when they are asked for first."""

    def __init__(self, places: PlaceStore, models: ModelStore, building_id: str) -> None:
        self._models, self._building_id = models, building_id
        self._schema = places.schema(building_id)

    def words(self, anchor: Anchor) -> str:
        """Tell a place in words."""
        room = anchor.room
        if anchor.room_id and self._schema is not None:
            named = (one.name for one in self._schema.rooms if one.id == anchor.room_id)
            room = next(named, room)
        parts = [anchor.storey, room, anchor.side]
        if anchor.element_id:
            element = self._models.element(anchor.element_id)
            parts.append(element.name or element.ifc_class if element else "")
        parts.append(anchor.note)
        return " ".join(part for part in dict.fromkeys(parts) if part.strip())

    def plans(self, pinned: Sequence[tuple[str, Anchor]]) -> tuple[Plan, ...]:
        """Draw the storeys that have a pin: (label, place) each."""
        if not pinned:
            return ()
        if self._schema is not None and self._schema.rooms:
            return _of_schema(self._schema, pinned)
        return self._of_models(pinned)

    def _of_models(self, pinned: Sequence[tuple[str, Anchor]]) -> tuple[Plan, ...]:
        made: list[Plan] = []
        left = dict(pinned)
        for model in self._models.models(self._building_id):
            revision = self._models.live_revision(model.id)
            if revision is None or not left:
                continue
            storeys = self._models.storeys(revision.id)
            versions = self._models.versions(revision.id)
            ready = [
                one
                for one in self._models.revisions(model.id)
                if one.state is RevisionState.READY and one.number <= revision.number
            ]
            placed = place_all(self._models, list(left.values()), revision, ready, versions)
            by_element = {row.element_id: row for row in versions if row.element_id}
            heights = [storey.elevation_m for storey in storeys]
            pins: dict[str, list[Pin]] = {}
            for label, anchor in list(left.items()):
                here = placed.get(anchor.id)
                point = here.point if here is not None else anchor.point
                if point is None:
                    continue
                row = by_element.get(anchor.element_id)
                at = _storey_at(point[2], heights)
                guid = row.storey_guid if row else storeys[at].global_id if at is not None else ""
                pins.setdefault(guid, []).append(Pin(label, point[0], point[1]))
                del left[label]
            for storey in storeys:
                if storey.global_id in pins:
                    boxes = _boxes([v for v in versions if v.storey_guid == storey.global_id])
                    outlines = tuple(("", _corners(box)) for box in boxes)
                    made.append(Plan(storey.name, outlines, (), tuple(pins[storey.global_id])))
        return tuple(made)


def _of_schema(schema: RoomSchema, pinned: Sequence[tuple[str, Anchor]]) -> tuple[Plan, ...]:
    rooms = {room.id: room for room in schema.rooms}
    storeys = sorted(schema.storeys, key=lambda one: one.elevation_m)
    pins: dict[str, list[Pin]] = {}
    for label, anchor in pinned:
        room = rooms.get(anchor.room_id)
        at = _storey_at(anchor.point[2], [s.elevation_m for s in storeys]) if anchor.point else None
        named = next((s.id for s in storeys if s.name == anchor.storey), "")
        storey_id = room.storey_id if room else named or (storeys[at].id if at is not None else "")
        if anchor.point is not None:
            x, y = anchor.point[:2]
        elif room is not None:
            x, y = _middle(room.outline)
        else:
            continue
        pins.setdefault(storey_id, []).append(Pin(label, x, y))
    return tuple(
        Plan(
            storey.name,
            tuple((r.name, r.outline) for r in schema.rooms if r.storey_id == storey.id),
            schema.axes,
            tuple(pins[storey.id]),
        )
        for storey in storeys
        if storey.id in pins
    )


def _storey_at(z_m: float, heights: Sequence[float]) -> int | None:
    """Find the highest floor that is not above a point; the lowest one for what is below all."""
    below = [at for at, height in enumerate(heights) if height <= z_m + _BELOW_M]
    return below[-1] if below else (0 if heights else None)


def _middle(corners: Sequence[Corner]) -> Corner:
    count = len(corners)
    return sum(x for x, _ in corners) / count, sum(y for _, y in corners) / count


def _boxes(rows: Sequence[ElementVersion]) -> list[Box]:
    """Choose what is drawn: walls, columns and stairs, else whatever has a shape; large first."""
    shaped = [row for row in rows if row.box is not None]
    chosen = [row for row in shaped if row.ifc_class.startswith(_DRAWN)] or shaped
    boxes = [row.box for row in chosen if row.box is not None]
    boxes.sort(key=lambda b: -(b[3] - b[0] + b[4] - b[1]))
    return boxes[:_OUTLINES_MAX]


def _corners(box: Box) -> tuple[Corner, ...]:
    x, y, _, right, back, _ = box
    return ((x, y), (right, y), (right, back), (x, back))
