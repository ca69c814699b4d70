"""What the viewer is told of a building: elements, sensors and defects with where they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.access import Caller, may
from domain.alerts import Alert, AlertState
from domain.anchors import Anchor, MonitorRole, Point, SensorMonitors
from domain.bim_models import BimModel, BimRevision, MeshState
from domain.buildings import Building
from domain.clock import SECOND_NS
from domain.defects import Defect, DefectStatus
from domain.elements import ElementVersion
from domain.limits import Level
from domain.ports import Page
from domain.rooms import RoomSchema
from domain.sensors import Site
from domain.services import Services
from web.formats import age, full_time, quantity
from web.model_places import Places
from web.sensor_rows import SensorRow, sensor_rows
from web.words import Words

LIVE = (AlertState.OPEN, AlertState.ACKNOWLEDGED)
ALERTS_MAX = 200
#: what is over is listed, but no longer marked
CLOSED = frozenset({DefectStatus.MENDED, DefectStatus.DISMISSED})
#: a value that stands for a sensor beside its mark
BRIEF_LENGTH_MAX = 24
MILLISECOND_NS = 1_000_000
#: ties by which a sensor speaks for an element
SPEAKS = frozenset({MonitorRole.MOUNTED, MonitorRole.MONITORS})


@dataclass(frozen=True, slots=True)
class Seen:
    """Which model and revision is looked at; a building without a model has neither.

    Parameters
    ----------
    models
        All of the building.
    revisions
        All of the chosen model, newest first.
    live
        The newest that is ready; `revision` may be an older one.

    """

    models: list[BimModel] = field(default_factory=list)
    model: BimModel | None = None
    revisions: list[BimRevision] = field(default_factory=list)
    revision: BimRevision | None = None
    live: BimRevision | None = None

    @property
    def glb(self) -> str:
        """Address of the shapes; empty while there are none."""
        if self.revision is None or self.revision.mesh is not MeshState.READY:
            return ""
        return f"/api/v1/revisions/{self.revision.id}/mesh"


def seen(services: Services, building: Building, model: str = "", revision: str = "") -> Seen:
    """Find what is to be looked at: what is asked for, else the first model's newest revision."""
    models = services.models.models(building.id)
    chosen = next((m for m in models if m.id == model), None)
    if chosen is None:
        lives = [m for m in models if services.models.live_revision(m.id) is not None]
        chosen = next(iter(lives or models), None)
    if chosen is None:
        return Seen()
    revisions = services.models.revisions(chosen.id)
    live = services.models.live_revision(chosen.id)
    shown = next((r for r in revisions if r.id == revision), live)
    return Seen(models, chosen, revisions, shown, live)


def scene_of(
    services: Services, building: Building, caller: Caller, look: Seen, words: Words
) -> dict[str, Any]:
    """Tell everything; lists of classes, types and rooms are told once and numbered."""
    revision = look.revision
    versions = services.models.versions(revision.id) if revision else []
    storeys = services.models.storeys(revision.id) if revision else []
    kinds, types, spaces = _Numbered(), _Numbered(), _Numbered()
    live = live_of(services, building, caller, look, words, versions)
    levels = _levels_of(live["sensors"])
    rows = [
        [
            v.element_id,
            v.step_id,
            v.name,
            kinds.number(v.ifc_class),
            v.storey_guid,
            levels.get(v.element_id, -1),
            types.number(v.type_name),
            spaces.number(v.space),
        ]
        for v in versions
    ]
    return {
        "revision": revision.id if revision else "",
        "glb": look.glb,
        "origin": list(revision.origin_m) if revision else [0.0, 0.0, 0.0],
        "storeys": [
            {"id": s.global_id, "name": s.name, "elevation": s.elevation_m} for s in storeys
        ],
        "classes": kinds.names,
        "types": types.names,
        "spaces": spaces.names,
        "elements": rows,
        **live,
    }


def live_of(
    services: Services,
    building: Building,
    caller: Caller,
    look: Seen,
    words: Words,
    versions: Sequence[ElementVersion] | None = None,
) -> dict[str, Any]:
    """Tell what changes from minute to minute: sensors with their values, defects, rooms."""
    now_ns = services.clock.now_ns()
    anchors = services.places.anchors(building.id)
    if versions is None:
        versions = services.models.versions(look.revision.id) if look.revision and anchors else []
    places = Places(services.models, anchors, look.revision, look.revisions, versions)
    ties: dict[str, list[SensorMonitors]] = {}
    for tie in services.places.monitors(building.id, at_ns=now_ns):
        if tie.anchor_id in places.anchors:
            ties.setdefault(tie.sensor_id, []).append(tie)
    site = services.register.site(building.id)
    rows = sensor_rows(services, site, words) if may(caller, "readings:read", building) else []
    levels = sensor_levels(services, building, site) if may(caller, "alerts:read", building) else {}
    return {
        # whoever writes a moment takes it from here: the page's own clock may be another
        "now": now_ns // MILLISECOND_NS,
        "sensors": [
            _sensor(row, ties.get(row.sensor.id, []), places, levels, now_ns, words) for row in rows
        ],
        "defects": [
            _defect(d, places, now_ns, words) for d in services.places.defects(building.id)
        ],
        "schema": schema_out(services.places.schema(building.id)),
    }


def sensor_levels(services: Services, building: Building, site: Site) -> dict[str, Level]:
    """Tell the worst level of the open alerts that each sensor has a part in.

    An alert stays red until people close it; whoever had a part in it stays so with it.
    """
    alerts = services.alerts.alerts(Page(ALERTS_MAX), building_ids=[building.id], states=LIVE)
    owner = {c.id: c.sensor_id for c in site.channels} | {s.id: s.id for s in site.sensors}
    found: dict[str, Level] = {}
    for alert in alerts:
        for subject, level in _shares(alert):
            sensor_id = owner.get(subject)
            if sensor_id is not None:
                found[sensor_id] = max(found.get(sensor_id, Level.NONE), level)
    return found


def _shares(alert: Alert) -> Iterable[tuple[str, Level]]:
    worst = max((c.level for c in alert.contributions), default=Level.NONE)
    latched = worst < alert.level
    for contribution in alert.contributions:
        yield contribution.subject, alert.level if latched else contribution.level


def _levels_of(sensors: Iterable[dict[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for sensor in sensors:
        for element_id in sensor["elements"]:
            found[element_id] = max(found.get(element_id, 0), sensor["level"])
    return found


def _sensor(
    row: SensorRow,
    ties: list[SensorMonitors],
    places: Places,
    levels: dict[str, Level],
    now_ns: int,
    words: Words,
) -> dict[str, Any]:
    sensor = row.sensor
    order = sorted(ties, key=lambda t: (t.role is not MonitorRole.MOUNTED, t.valid_from_ns))
    main = places.anchors[order[0].anchor_id] if order else None
    speaking = [places.anchors[t.anchor_id].element_id for t in order if t.role in SPEAKS]
    texts = [f"{v.label} {v.text}".strip() for v in row.values]
    return {
        "id": sensor.id,
        "code": sensor.code,
        "kind": sensor.kind,
        "kind_word": words.of("kind", sensor.kind),
        "text": " · ".join(texts),
        "brief": _brief(texts),
        "taken_at": full_time(row.at_ns) if row.at_ns is not None else "",
        "age": age(row.at_ns, now_ns, words) if row.at_ns is not None else "",
        "age_s": (now_ns - row.at_ns) // SECOND_NS if row.at_ns is not None else None,
        "stale": row.stale,
        "level": int(levels.get(sensor.id, Level.NONE)),
        "elements": [e for e in dict.fromkeys(speaking) if e],
        "told": sensor.place,
        "tie": order[0].id if order else "",
        **_where(main, places, words),
    }


def _brief(texts: list[str]) -> str:
    if not texts:
        return ""
    rest = f" +{len(texts) - 1}" if len(texts) > 1 else ""
    return texts[0][:BRIEF_LENGTH_MAX] + rest


def _where(anchor: Anchor | None, places: Places, words: Words) -> dict[str, Any]:
    """Tell a place: its point in this revision, how it holds, and its words."""
    if anchor is None:
        return {
            "anchor": "", "point": None, "hold": "", "hold_word": "", "storey": "", "room": "",
            "room_id": "", "where": "",
        }  # fmt: skip
    point, hold = places.where(anchor)
    said = (anchor.storey, anchor.room, anchor.side, anchor.note)
    return {
        "anchor": anchor.id,
        "point": _rounded(point),
        "hold": hold.value,
        "hold_word": words.of("hold", hold.value),
        "storey": anchor.storey,
        "room": anchor.room,
        "room_id": anchor.room_id,
        "where": " · ".join(s for s in said if s) or places.name_of(anchor),
    }


def _rounded(point: Point | None) -> list[float] | None:
    return [round(v, 3) for v in point] if point else None


def _defect(defect: Defect, places: Places, now_ns: int, words: Words) -> dict[str, Any]:
    anchor = places.anchors.get(defect.anchor_id)
    text = quantity(defect.value, defect.unit) if defect.value is not None else ""
    return {
        "id": defect.id,
        "code": defect.code,
        "code_word": words.of("defect_code", defect.code),
        "severity": defect.severity,
        "severity_word": words.of("severity", defect.severity),
        "title": defect.title,
        "note": defect.note,
        "value": defect.value,
        "unit": defect.unit,
        "text": text.strip(),
        "status": defect.status.value,
        "status_word": words.of("defect_status", defect.status.value),
        "closed": defect.status in CLOSED,
        "found": full_time(defect.found_at_ns),
        "age": age(defect.found_at_ns, now_ns, words),
        "element": anchor.element_id if anchor else "",
        "sensors": list(defect.sensor_ids),
        "continues": defect.continues,
        "version": defect.version,
        **_where(anchor, places, words),
    }


def schema_out(schema: RoomSchema | None) -> dict[str, Any] | None:
    """Tell the rooms of a building as the editor takes them."""
    if schema is None:
        return None
    return {
        "storeys": [
            {"id": s.id, "name": s.name, "elevation_m": s.elevation_m, "height_m": s.height_m}
            for s in schema.storeys
        ],
        "rooms": [
            {"id": r.id, "storey_id": r.storey_id, "name": r.name, "outline": r.outline}
            for r in schema.rooms
        ],
        "axes": [list(axis) for axis in schema.axes],
        "version": schema.version,
    }


class _Numbered:
    """Names told once, in the order in which they came."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        return self._numbers.setdefault(name, len(self._numbers))

    @property
    def names(self) -> list[str]:
        return list(self._numbers)


def classes_named(text: str, classes: Iterable[str], languages: Sequence[Words]) -> list[str]:
    """Tell which IFC classes a text means in one of the languages: `墙`, `wall`, `IfcWall`."""
    wanted = text.casefold().strip()
    if not wanted:
        return []
    return [
        name
        for name in classes
        if any(wanted in words.of("ifc", name).casefold() for words in languages)
    ]
