"""Gathers what a phone takes along to a check-up."""

import math
from dataclasses import asdict
from typing import Any

from alerting.texts import sentence
from api.check_fields import CheckUpOut
from api.routes.anchors import AnchorOut
from api.routes.defects import DefectOut
from domain.access import Caller, may
from domain.alerts import Alert
from domain.bim_models import BimRevision, MeshState
from domain.buildings import Building
from domain.check_ports import CheckFilter
from domain.checkups import CheckState, CheckUp
from domain.clock import DAY_NS, MS_NS, to_datetime
from domain.defects import Defect, DefectStatus
from domain.errors import NotFound
from domain.ports import Page
from domain.services import Services
from domain.templates import Template, form_for

ELEMENTS_MAX = 20_000
SERIES_DAYS = 30
SERIES_POINTS_MAX = 300
_LAST = 5


def package_of(
    services: Services, who: Caller, check_up: CheckUp, building: Building
) -> dict[str, Any]:
    """Gather it; the same facts give the same."""
    form = _form(services, check_up)
    revision = _live(services, building)
    shaped = revision is not None and revision.mesh is MeshState.READY
    rooms = services.places.schema(building.id)
    return {
        "check_up": CheckUpOut.of(check_up).model_dump(mode="json"),
        "building": _building(services, building),
        "template": _plain(form) if form else None,
        "rooms": _plain(rooms) if rooms else None,
        "storeys": _storeys(services, revision),
        "elements": _elements(services, revision),
        "revision": revision.id if revision else "",
        "glb": f"/api/v1/revisions/{revision.id}/mesh" if revision and shaped else None,
        "glb_bytes": _shapes_bytes(services, revision) if revision and shaped else 0,
        "model_tags": {
            "address": f"/buildings/{building.id}/model?at=",
            "element": "element:",
            "room": "room:",
        },
        "defects": _defects(services, building),
        "sensors": [
            {"id": one.id, "name": one.code, "kind": one.kind, "place": one.place}
            for one in sorted(services.register.site(building.id).sensors, key=lambda s: s.code)
            if one.active
        ],
        "alert": _alert(services, building, check_up.alert_id),
        "assessment": _assessment(services, who, building),
        "last_check_ups": _last_check_ups(services, building),
        "jgj": _plain(services.member_rules),
        "rules": _rules(services),
    }


def _form(services: Services, check_up: CheckUp) -> Template | None:
    """Find the check-up's own form; one that was opened before there were forms takes a new one."""
    if check_up.template_id:
        kept = services.check_plans.template(check_up.template_id, check_up.template_version)
        if kept is not None:
            return kept
    every = services.check_plans.templates()
    return form_for(every, check_up.check_class, check_up.cause)


def _live(services: Services, building: Building) -> BimRevision | None:
    """Find the newest ready revision of the first model that has one."""
    for model in services.models.models(building.id):
        live = services.models.live_revision(model.id)
        if live is not None:
            return live
    return None


def _shapes_bytes(services: Services, revision: BimRevision) -> int:
    """Tell how large the shapes are, so that a phone can say so before it takes them along."""
    try:
        return services.files.size_bytes(revision.glb_key)
    except NotFound:
        return 0


def _building(services: Services, building: Building) -> dict[str, Any]:
    names = (
        "id", "code", "name", "address", "district", "street", "community", "longitude",
        "latitude", "crs", "use", "structure", "build_year", "storeys_above", "storeys_below",
        "height_m", "area_m2",
    )  # fmt: skip
    told = {name: getattr(building, name) for name in names}
    made = services.register.appraisals(building.id)
    told["grade"] = made[-1].grade.value if made else None
    return told


def _storeys(services: Services, revision: BimRevision | None) -> list[dict[str, Any]]:
    if revision is None:
        return []
    return [
        {"id": one.global_id, "name": one.name, "elevation_m": one.elevation_m}
        for one in services.models.storeys(revision.id)
    ]


def _elements(services: Services, revision: BimRevision | None) -> list[dict[str, Any]]:
    if revision is None:
        return []
    rows = services.models.versions(revision.id, Page(ELEMENTS_MAX))
    return [
        {
            "id": one.element_id,
            "name": one.name,
            "class": one.ifc_class,
            "storey": one.storey_guid,
            "space": one.space,
            "step": one.step_id,
        }
        for one in rows
        if one.element_id
    ]


def _defects(services: Services, building: Building) -> list[dict[str, Any]]:
    """List what is open or watched, and the newest of each chain, with its place and pictures."""
    every = services.places.defects(building.id)
    continued = {one.continues for one in every if one.continues}
    anchors = {one.id: one for one in services.places.anchors(building.id, withdrawn=True)}
    pictures: dict[str, list[str]] = {}
    for picture in services.checks.attachments(building_id=building.id):
        if picture.defect_id and picture.thumb_key:
            address = f"/api/v1/attachments/{picture.id}/image?size=thumb"
            pictures.setdefault(picture.defect_id, []).append(address)
    live = {DefectStatus.OPEN, DefectStatus.WATCHED}

    def told(one: Defect) -> dict[str, Any]:
        anchor = anchors.get(one.anchor_id)
        return DefectOut.of(one).model_dump(mode="json") | {
            "anchor": AnchorOut.of(anchor).model_dump(mode="json") if anchor else None,
            "thumbs": pictures.get(one.id, []),
            "newest": one.id not in continued,
        }

    return [told(one) for one in every if one.status in live or one.id not in continued]


def _alert(services: Services, building: Building, alert_id: str) -> dict[str, Any] | None:
    """Tell what an alert says, and the last days of the channels that it speaks of."""
    alert = services.alerts.alert(alert_id) if alert_id else None
    if alert is None or alert.building_id != building.id:
        return None
    ids = [held.finding_id for held in alert.contributions]
    found = {one.id: one for one in services.alerts.findings(Page(200), ids=ids)} if ids else {}
    return {
        "id": alert.id,
        "cause": alert.cause.value,
        "level": alert.level.word,
        "opened_at": to_datetime(alert.opened_at_ns).isoformat(),
        "sentences": {
            language: sentence(alert, building, language, found) for language in ("zh", "en")
        },
        "values": [
            {
                "rule": held.rule,
                "subject": held.subject,
                "name": held.subject_name,
                "level": held.level.word,
                "value": held.value,
                "limit": held.limit,
                "unit": held.unit,
            }
            for held in alert.contributions
        ],
        "series": _series(services, alert, {c for one in found.values() for c in one.channels}),
    }


def _series(services: Services, alert: Alert, channel_ids: set[str]) -> list[dict[str, Any]]:
    end_ns = max(alert.updated_at_ns, services.clock.now_ns() // DAY_NS * DAY_NS) + 1
    start_ns = end_ns - SERIES_DAYS * DAY_NS
    found = []
    for channel_id in sorted(channel_ids)[:12]:
        known = services.register.channel(channel_id)
        if known is None:
            continue
        rollup = services.readings.downsample(channel_id, start_ns, end_ns, SERIES_POINTS_MAX)
        points = [
            [int(at) // MS_NS, float(value)]
            for at, value in zip(rollup.start, rollup.mean, strict=True)
            if math.isfinite(value)
        ]
        found.append(
            {
                "channel": channel_id,
                "name": f"{known[1].code} {known[0].axis}".strip(),
                "unit": known[0].unit,
                "points": points,
            }
        )
    return found


def _assessment(services: Services, who: Caller, building: Building) -> dict[str, Any] | None:
    if not may(who, "assessments:read", building):
        return None
    known = services.assessments.newest([building.id]).get(building.id)
    if known is None:
        return None
    made = known.assessment
    return {
        "score": made.score,
        "interval": [made.low, made.high],
        "suspected": made.suspected.value,
        "reasons": [_plain(reason) for reason in made.reasons],
        "made_at": to_datetime(known.made_at_ns).isoformat(),
    }


def _last_check_ups(services: Services, building: Building) -> list[dict[str, Any]]:
    done = CheckFilter(building_ids=(building.id,), states=(CheckState.DONE,))
    rows = services.checks.check_ups(done, Page(1_000))
    newest = sorted(rows, key=lambda one: one.done_at_ns or 0, reverse=True)[:_LAST]
    return [CheckUpOut.of(one).model_dump(mode="json") for one in newest]


def _rules(services: Services) -> dict[str, Any]:
    rules = services.check_rules
    return {
        "photo_bytes_max": rules.photo_bytes_max,
        "photos_per_check_up_max": rules.photos_per_check_up_max,
        "note_length_max": rules.note_length_max,
        "clock_wrong_s": rules.clock_wrong_s,
        "image_kinds": sorted(rules.image_kinds),
        "piece_bytes": 256 * 1024,
    }


def _plain(record: Any) -> dict[str, Any]:
    """Write a record as plain JSON values; moments stay in ns."""
    return asdict(record)
