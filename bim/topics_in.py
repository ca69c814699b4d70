"""Topics of others as defects of a building: what an import would do, before it does."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from bim.defect_words import code_of, severity_of, status_of
from bim.estate import Estate, LiveModel, middle
from bim.topics_out import topic_guid
from domain.anchors import Anchor, Hold, PickedBy, Point
from domain.clock import to_ns
from domain.defects import Defect
from domain.elements import Box, ElementVersion
from domain.exchange import Topic, TopicFate, TopicFile, TopicPlan, TopicsPreviewed, TopicView
from domain.ids import same_id

TITLE_MAX, NOTE_MAX = 200, 500
#: stands as the place of a topic that tells none
NO_PLACE = "BCF 主题没有说明位置 (the topic tells no place)"
#: nothing that is looked at lies farther from a camera, m
_SIGHT_M = 200.0

Found = tuple[LiveModel, ElementVersion]
Floats = NDArray[np.float64]


def plan_import(
    building_id: str,
    file: TopicFile,
    estate: Estate,
    defects: list[Defect],
    now_ns: int,
    by: str,
) -> TopicsPreviewed:
    """Tell what importing a file would do.

    A topic whose GUID a defect of the building bears is known, whoever made it first. Its place is
    the element that is selected and where the camera looks at it; without one it is where the
    camera meets the models, and without models it has none.

    Parameters
    ----------
    defects
        All of the building.
    now_ns
        Nothing was found later.

    """
    known = {topic_guid(defect.id): defect for defect in defects}
    elements, sight = estate.by_guid(), _Sight(estate)
    rows: list[TopicPlan] = []
    seen: set[str] = set()
    for topic in file.topics:
        if topic.guid in seen:
            rows.append(TopicPlan(topic, TopicFate.LEFT_OUT, reason="twice in the file"))
            continue
        seen.add(topic.guid)
        if (defect := known.get(topic.guid)) is not None:
            rows.append(_known(topic, defect))
            continue
        rows.append(_new(building_id, topic, sight, elements, now_ns, by))
    rows += [
        TopicPlan(Topic(guid="", title=name), TopicFate.LEFT_OUT, reason=why)
        for name, why in file.left_out
    ]
    return TopicsPreviewed(file.version, file.project, _chained(rows, known))


def _known(topic: Topic, defect: Defect) -> TopicPlan:
    wanted = status_of(topic.status) if topic.status else defect.status
    if wanted == defect.status:
        return TopicPlan(topic, TopicFate.KNOWN, defect)
    changed = replace(defect, status=wanted, version=defect.version + 1)
    why = f"{defect.status.value} → {wanted.value}"
    return TopicPlan(topic, TopicFate.CHANGED, changed, reason=why)


def _new(
    building_id: str,
    topic: Topic,
    sight: "_Sight",
    elements: Mapping[str, Found],
    now_ns: int,
    by: str,
) -> TopicPlan:
    found = [elements[guid] for guid in topic.components if guid in elements]
    view = next((each for each in topic.views if each.eye and each.direction), None)
    on, point = sight.place(found, view)
    mark = hashlib.sha256(building_id.encode()).hexdigest()[:8]
    defect_id = f"{topic.guid}~{mark}"
    anchor = Anchor(
        id=same_id("topic place", defect_id),
        building_id=building_id,
        picked_by=PickedBy.MODEL if on or point else PickedBy.TEXT,
        made_at_ns=now_ns,
        by=by,
        element_id=on[1].element_id if on else "",
        revision_seen=on[0].revision.id if on else "",
        point=point,
        local_uvw=_within(on[1].box, point) if on and on[1].box and point else None,
        storey=on[1].storey_name if on else "",
        elevation_m=on[1].storey_elevation_m if on else None,
        note="" if on or point else NO_PLACE,
        hold=Hold.LINKED if on else Hold.SPATIAL,
    )
    defect = Defect(
        id=defect_id,
        building_id=building_id,
        anchor_id=anchor.id,
        code=code_of(topic.kind, topic.title, *topic.labels),
        severity=severity_of(topic.priority),
        found_at_ns=min(_moment_ns(topic.created_at, now_ns), now_ns),
        by=by,
        title=topic.title[:TITLE_MAX],
        note=_note(topic),
        status=status_of(topic.status),
    )
    names = tuple(v.name or v.ifc_class for _, v in found)
    unknown = len(topic.components) - len(found)
    return TopicPlan(topic, TopicFate.NEW, defect, anchor, names, unknown)


class _Sight:
    """All shapes of a building as boxes, to be looked at from cameras."""

    def __init__(self, estate: Estate) -> None:
        self._shaped = [(model, v) for model in estate.models for v in model.versions if v.box]
        boxes = np.array([v.box for _, v in self._shaped], np.float64).reshape(-1, 6)
        self._low, self._high = boxes[:, :3], boxes[:, 3:]
        self._rows = {id(v): row for row, (_, v) in enumerate(self._shaped)}

    def place(
        self, found: list[Found], view: TopicView | None
    ) -> tuple[Found | None, Point | None]:
        """Choose the element and the point: of those that are meant the first that is met.

        Parameters
        ----------
        found
            Elements that are selected; empty: whatever is in sight is meant.

        """
        rows = [self._rows[id(v)] for _, v in found if id(v) in self._rows]
        meant = np.array(rows, np.int64) if found else np.arange(len(self._shaped))
        if view is not None and view.eye and view.direction and any(view.direction) and meant.size:
            eye, way = np.array(view.eye), np.array(_unit(view.direction))
            away = _meets(eye, way, self._low[meant], self._high[meant])
            first = int(np.argmin(away))
            if np.isfinite(away[first]):
                x, y, z = (eye + way * away[first]).tolist()
                return self._shaped[int(meant[first])], (x, y, z)
        if not found:
            return None, None
        box = found[0][1].box
        return found[0], middle(box) if box else None


def _unit(vector: Point) -> Point:
    length = math.hypot(*vector)
    x, y, z = (part / length for part in vector)
    return x, y, z


def _meets(eye: Floats, way: Floats, low: Floats, high: Floats) -> Floats:
    """Tell how far away a ray meets boxes, m, shape (n,); infinite: not at all, or too far off."""
    flat = np.abs(way) < 1e-12
    step = np.where(flat, 1.0, way)
    first, second = (low - eye) / step, (high - eye) / step
    # along an axis that the ray keeps to, it is between the faces all the way or never
    between = (low <= eye) & (eye <= high)
    enter = np.where(flat, np.where(between, -np.inf, np.inf), np.minimum(first, second))
    leave = np.where(flat, np.where(between, np.inf, -np.inf), np.maximum(first, second))
    near, far = np.maximum(enter.max(axis=1), 0.0), np.minimum(leave.min(axis=1), _SIGHT_M)
    return np.where(near <= far, near, np.inf)


def _within(box: Box, point: Point) -> Point:
    """Tell where in a box a point lies, each 0 to 1."""
    parts = []
    for axis in range(3):
        size = box[axis + 3] - box[axis]
        share = (point[axis] - box[axis]) / size if size > 1e-9 else 0.5
        parts.append(min(max(share, 0.0), 1.0))
    return parts[0], parts[1], parts[2]


def _note(topic: Topic) -> str:
    lines = [topic.description]
    lines += [f"{each.author}：{each.text}" for each in topic.comments if each.text]
    who = " ".join(filter(None, (topic.author, topic.created_at)))
    lines.append(f"BCF：{who}" if who else "")
    return "\n".join(filter(None, lines))[:NOTE_MAX]


def _moment_ns(text: str, otherwise_ns: int) -> int:
    """Read a moment; one without a zone is taken as UTC, one that cannot be read as now."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return otherwise_ns
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return to_ns(at) if 1900 <= at.year < 2200 else otherwise_ns


def _chained(rows: list[TopicPlan], known: Mapping[str, Defect]) -> tuple[TopicPlan, ...]:
    """Let a new defect continue the older one that its topic is related to."""
    by_guid = dict(known)
    by_guid |= {row.topic.guid: row.defect for row in rows if row.defect is not None}
    done = []
    for row in rows:
        defect = row.defect
        if row.fate is TopicFate.NEW and defect is not None:
            older = [
                by_guid[guid]
                for guid in row.topic.related
                if guid in by_guid and by_guid[guid].found_at_ns < defect.found_at_ns
            ]
            if older:
                latest = max(older, key=lambda each: (each.found_at_ns, each.id))
                row = replace(row, defect=replace(defect, continues=latest.id))  # noqa: PLW2901
        done.append(row)
    return tuple(done)
