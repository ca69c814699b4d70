"""Defects of a building as BCF topics: what they are on, where they are looked at from."""

import re
from collections.abc import Callable, Mapping

from bim.bcf import ROLES, Selected, TopicOut, camera
from bim.defect_words import CODES, PRIORITIES, STATUSES, defect_line
from bim.estate import Estate, LiveModel, middle
from bim.facts import model_link
from bim.guids import same_guid, same_uuid
from bim.places import place
from bim.sketch import Outline, PlanSketch, outline_of
from domain.anchors import Anchor, Point, SensorMonitors
from domain.bim_ports import PlaceStore
from domain.buildings import Building
from domain.clock import to_datetime
from domain.defects import Defect
from domain.elements import ElementVersion
from domain.exchange import Topic, TopicComment
from domain.rooms import RoomSchema
from domain.sensors import Sensor

#: a topic that came from somebody else keeps its GUID in the id of its defect
_CAME = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})~[0-9a-f]{8}")
#: what is cut through by a plan of a storey, m above the place
_CUT_M = 0.5
#: of a GlobalId; whatever else a file says in its place is no component
GUID_LENGTH = 22

Found = tuple[LiveModel, ElementVersion]


def topic_guid(defect_id: str) -> str:
    """Tell under which GUID a defect leaves as a topic, now and ever."""
    came = _CAME.fullmatch(defect_id)
    return came[1] if came else same_uuid("topic", defect_id)


class TopicMaker:
    """Makes topics of a building's defects.

    Parameters
    ----------
    sensors
        Of the building.
    ties
        That hold now.
    uploaded
        Gives the snapshot that somebody has uploaded for a defect.

    """

    def __init__(
        self,
        building: Building,
        estate: Estate,
        places: PlaceStore,
        sensors: Mapping[str, Sensor],
        ties: list[SensorMonitors],
        base_url: str,
        uploaded: Callable[[Defect], bytes | None],
    ) -> None:
        self._building, self._estate, self._base_url = building, estate, base_url
        self._elements = estate.by_element()
        self._anchors = {each.id: each for each in places.anchors(building.id, withdrawn=True)}
        self._defects = sorted(
            places.defects(building.id), key=lambda each: (each.found_at_ns, each.id)
        )
        self._schema = places.schema(building.id)
        self._sensors, self._ties, self._uploaded = sensors, ties, uploaded
        box = estate.box()
        self._centre = middle(box) if box else None
        versions = (v for model in estate.models for v in model.versions)
        #: what a plan shows, numbered; and the plans that were drawn, by what they show
        self._upright = [
            (number, v.box) for number, v in enumerate(versions) if v.box and _upright(v.ifc_class)
        ]
        self._plans: dict[tuple[int, ...], PlanSketch] = {}

    def all(self) -> list[TopicOut]:
        """Make a topic of every defect, oldest first."""
        return [self.one(defect) for defect in self._defects]

    def one(self, defect: Defect) -> TopicOut:
        """Make the topic of one defect."""
        anchor = self._anchors.get(defect.anchor_id)
        on = self._elements.get(anchor.element_id) if anchor else None
        point = self._point(anchor, on)
        selected = self._selected(defect, anchor, on)
        at = _moment(defect.found_at_ns)
        watched = {self._sensors[i].code for i in defect.sensor_ids if i in self._sensors}
        topic = Topic(
            guid=topic_guid(defect.id),
            title=f"{self._building.name} {defect_line(defect)}".strip(),
            kind=CODES.get(defect.code, CODES["other"]),
            status=STATUSES[defect.status],
            priority=PRIORITIES.get(defect.severity, ""),
            description=_description(defect, anchor, on, watched),
            author=defect.by,
            created_at=at,
            labels=tuple(dict.fromkeys(ROLES[each.role] for each in selected)),
            comments=(TopicComment(defect.by, at, defect_line(defect)),),
            related=self._related(defect),
        )
        eye, direction = None, None
        if point is not None:
            normal = anchor.normal if anchor else None
            eye, direction = camera(point, normal, self._centre)
        return TopicOut(
            topic,
            selected,
            eye,
            direction,
            self._uploaded(defect) or self._sketch(point, on),
            self._files({on[0].revision.id} if on else set()),
            (model_link(self._base_url, self._building.id, on[1].element_id if on else ""),),
        )

    def sketch(self, defect: Defect) -> bytes | None:
        """Draw where a defect is; `None` when nobody has told."""
        anchor = self._anchors.get(defect.anchor_id)
        on = self._elements.get(anchor.element_id) if anchor else None
        return self._sketch(self._point(anchor, on), on)

    def _point(self, anchor: Anchor | None, on: Found | None) -> Point | None:
        if anchor is None:
            return None
        # no surface near by is guessed at: what has lost its element waits for people
        point = place(anchor, on[1] if on else None, ()).point
        if point is None and on and on[1].box:
            return middle(on[1].box)
        return point

    def _selected(
        self, defect: Defect, anchor: Anchor | None, on: Found | None
    ) -> tuple[Selected, ...]:
        found = []
        if on is not None:
            found.append(Selected(on[1].global_id, "affected", on[1].element_id))
        for sensor_id in defect.sensor_ids:
            for model in self._estate.models:
                # as it stands in a model that was handed over
                guid = same_guid(model.revision.model_id, "sensor", sensor_id)
                found.append(Selected(guid, "sensor", sensor_id))
            for tie in self._ties:
                where = self._anchors.get(tie.anchor_id)
                if tie.sensor_id != sensor_id or where is None:
                    continue
                if (other := self._elements.get(where.element_id)) is not None:
                    found.append(Selected(other[1].global_id, "sensor", other[1].element_id))
        # a GlobalId is selected once, in its first role
        once: dict[str, Selected] = {}
        for each in found:
            if len(each.global_id) == GUID_LENGTH:
                once.setdefault(each.global_id, each)
        return tuple(once.values())

    def _related(self, defect: Defect) -> tuple[str, ...]:
        """List the same defect as it was found before and after."""
        others = [each.id for each in self._defects if each.continues == defect.id]
        if any(each.id == defect.continues for each in self._defects):
            others.append(defect.continues)
        return tuple(sorted(topic_guid(each) for each in others))

    def _files(self, revisions: set[str]) -> tuple[tuple[str, str], ...]:
        shown = [each.revision for each in self._estate.models]
        return tuple(
            (each.file_name, f"{self._base_url}/api/v1/revisions/{each.id}/file")
            for each in shown
            if not revisions or each.id in revisions
        )

    def _sketch(self, point: Point | None, on: Found | None) -> bytes | None:
        if point is None:
            return None
        at = point[2]
        shown = [each for each in self._upright if each[1][2] <= at + _CUT_M and each[1][5] >= at]
        outlines, key = [outline_of(box) for _, box in shown], tuple(n for n, _ in shown)
        if not shown:
            number, outlines = _rooms(self._schema, at)
            key = (-1, number)
        if key not in self._plans:
            self._plans[key] = PlanSketch(outlines)
        chosen = [outline_of(on[1].box)] if on and on[1].box else []
        return self._plans[key].draw(point, chosen)


def _upright(ifc_class: str) -> bool:
    """Tell whether a plan shows elements of a class: slabs, roofs and rooms would hide the rest."""
    return ifc_class.startswith(
        ("IfcWall", "IfcColumn", "IfcWindow", "IfcDoor", "IfcStair", "IfcCurtainWall", "IfcMember")
    )


def _rooms(schema: RoomSchema | None, at: float) -> tuple[int, list[Outline]]:
    """Give the rooms of the schema's storey that a height lies in, with the storey's number."""
    storeys = schema.storeys if schema else ()
    below = [n for n, each in enumerate(storeys) if each.elevation_m <= at + _CUT_M]
    if schema is None or not below:
        return -1, []
    number = max(below, key=lambda n: storeys[n].elevation_m)
    return number, [r.outline for r in schema.rooms if r.storey_id == storeys[number].id]


def _description(defect: Defect, anchor: Anchor | None, on: Found | None, watched: set[str]) -> str:
    lines = []
    if anchor is not None and (words := (anchor.storey, anchor.room, anchor.side, anchor.note)):
        lines.append("位置：" + " ".join(filter(None, words)) if any(words) else "")
    if on is not None:
        lines.append(f"受影响构件：{on[1].name or on[1].ifc_class}（{on[1].global_id}）")
    if watched:
        lines.append(f"测点：{'、'.join(sorted(watched))}")
    lines.append(defect.note)
    return "\n".join(filter(None, lines))


def _moment(at_ns: int) -> str:
    return to_datetime(at_ns).replace(microsecond=0).isoformat().replace("+00:00", "Z")
