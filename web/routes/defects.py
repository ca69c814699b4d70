"""Defects of a building over the years: growth, photos side by side, sensors, status."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse

from domain.access import may
from domain.anchors import Anchor
from domain.attachments import Attachment, AttachmentKind
from domain.buildings import Building
from domain.clock import DAY_NS
from domain.defect_chains import Chain, chains
from domain.defects import Defect, DefectStatus
from domain.errors import Conflict, InvalidInput, NotFound
from domain.photo_marks import Mark, read_marks
from domain.place_checks import TEXT_LENGTH_MAX
from domain.services import Services
from web.formats import local
from web.guard import PageRoute, building_for, caller_of, services_of
from web.limit_words import limit_out
from web.panels import drawing_of
from web.render import page, words_of
from web.routes.series import panel_out

router = APIRouter(prefix="/buildings/{building_id}/defects", route_class=PageRoute)

READ, WRITE = "models:read", "places:write"
#: sensors whose charts stand below a defect's own
SENSORS_MAX = 4
#: a chart begins so long before the first find
_BEFORE_NS = 30 * DAY_NS
#: limits that are drawn for a kind of defect, where its values are in their unit
QUANTITIES = {"crack": "crack_width"}
Short = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo of a defect at one of its finds."""

    picture: Attachment
    marks: tuple[Mark, ...]
    at_ns: int


@router.get("")
def defects_page(
    request: Request, building_id: str, text: Short = "", status: Short = "", chain: Short = ""
) -> Response:
    """List the defects; the chosen one with all that is known of it."""
    building = building_for(request, building_id, READ)
    services, caller = services_of(request), caller_of(request)
    every = chains(services.places.defects(building.id))
    anchors = {a.id: a for a in services.places.anchors(building.id, withdrawn=True)}
    words = words_of(request)
    needle = text.strip().casefold()
    shown = [
        one
        for one in every
        if status in {"", one.newest.status.value}
        and needle in _said(one, anchors, words.of("defect_code", one.newest.code)).casefold()
    ]
    chosen = next((one for one in every if chain in {find.id for find in one.every}), None)
    if chain and chosen is None:
        raise NotFound(f"no defect {chain!r} in building {building.id!r}")
    site = services.register.site(building.id)
    sensors = {sensor.id: sensor for sensor in site.sensors}
    ids = chosen.sensor_ids if chosen else ()
    checks = may(caller, "checks:read", building)
    return page(
        request,
        "defects.html",
        active="buildings",
        building=building,
        rows=shown,
        total=len(every),
        counts={s.value: sum(one.newest.status is s for one in every) for s in DefectStatus},
        chosen=chosen,
        place={one.id: _place(anchors.get(one.newest.anchor_id)) for one in every},
        shots=_shots(services, chosen) if chosen and checks else [],
        sensors=[sensors[i] for i in ids if i in sensors],
        statuses=list(DefectStatus),
        text=text,
        chosen_status=status,
        writes=may(caller, WRITE, building),
        reads_checks=checks,
        signed=signed,
        anchor=anchors.get(chosen.newest.anchor_id) if chosen else None,
    )


@router.get("/{chain_id}/growth")
def growth(request: Request, building_id: str, chain_id: str) -> Response:
    """Give the finds of a defect, and its sensors over the same time, as the script draws them."""
    building = building_for(request, building_id, READ)
    services, words = services_of(request), words_of(request)
    chain = _chain(services, building, chain_id)
    now_ns = services.clock.now_ns()
    start_ns = min(find.found_at_ns for find in chain.every) - _BEFORE_NS
    end_ns = max(now_ns, chain.newest.found_at_ns + DAY_NS)
    site = services.register.site(building.id)
    sensors = {sensor.id: sensor for sensor in site.sensors}
    charts = [{"kind": chain.newest.code, "panel": _finds(request, building, chain)}]
    if may(caller_of(request), "readings:read", building):
        for sensor_id in chain.sensor_ids[:SENSORS_MAX]:
            if sensor_id not in sensors:
                continue
            one = sensors[sensor_id]
            drawn = drawing_of(services, site, building, one, start_ns, end_ns)
            for panel in drawn.panels[:1]:
                out = panel_out(panel, drawn.compensation, words)
                title = f"{one.code} {words.of('kind', one.kind)}"
                charts.append({"kind": one.kind, "panel": out | {"title": title}})
    ticks = [
        {
            "at": find.found_at_ns / 1e9,
            "kind": "check",
            "label": local(find.found_at_ns).strftime("%Y-%m-%d"),
            "level": "",
        }
        for find in chain.finds
    ]
    body = {"start": start_ns / 1e9, "end": end_ns / 1e9, "ticks": ticks, "charts": charts}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


@router.post("/{defect_id}/status")
def set_status(
    request: Request,
    building_id: str,
    defect_id: str,
    status: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=300)] = "",
    version: Annotated[int, Form()] = 0,
) -> Response:
    """Say where a defect stands; why is asked when it is taken off the list."""
    building = building_for(request, building_id, WRITE)
    services, words, caller = services_of(request), words_of(request), caller_of(request)
    defect = services.places.defect(defect_id)
    if defect is None or defect.building_id != building.id:
        raise NotFound(f"no defect {defect_id!r} in building {building.id!r}")
    if status not in set(DefectStatus):
        raise InvalidInput(
            f"status must be one of {', '.join(DefectStatus)}, got {status!r}", "status"
        )
    wanted = DefectStatus(status)
    if wanted is DefectStatus.DISMISSED and not reason.strip():
        raise InvalidInput(words("defects.why"), "reason")
    if version != defect.version:
        raise Conflict(words("defects.changed"))
    day = local(services.clock.now_ns()).strftime("%Y-%m-%d")
    was, will = (words.of("defect_status", one.value) for one in (defect.status, wanted))
    line = f"[{day} {caller.name}] {was} → {will}"
    line += f"：{reason.strip()}" if reason.strip() else ""
    note = f"{defect.note}\n{line}".strip()
    if len(note) > TEXT_LENGTH_MAX:
        raise InvalidInput(words("defects.note_full", n=TEXT_LENGTH_MAX), "reason")
    changed = replace(defect, status=wanted, note=note, version=defect.version + 1)
    services.places.put_defect(changed, caller.name)
    return Response(status_code=204, headers={"HX-Refresh": "true"})


def signed(value: float) -> str:
    """Write a change or a rate with its sign, in two digits that count.

    Examples
    --------
    >>> signed(0.3002), signed(-250.2), signed(0.0)
    ('+0.3', '−250', '0')

    """
    rounded = float(f"{value:.2g}") or 0.0
    return f"{rounded:+.6g}".replace("-", "−") if rounded else "0"


def _chain(services: Services, building: Building, chain_id: str) -> Chain:
    for chain in chains(services.places.defects(building.id)):
        if chain.id == chain_id:
            return chain
    raise NotFound(f"no defect {chain_id!r} in building {building.id!r}")


def _said(chain: Chain, anchors: dict[str, Anchor], kind: str) -> str:
    texts = [kind, _place(anchors.get(chain.newest.anchor_id))]
    for find in chain.every:
        texts += [find.title, find.note, find.by]
    return "\n".join(texts)


def _place(anchor: Anchor | None) -> str:
    parts = (anchor.storey, anchor.room, anchor.side, anchor.note) if anchor else ()
    return " ".join(part for part in parts if part)


def _shots(services: Services, chain: Chain) -> list[Shot]:
    """List the photos of all finds that can be looked at, oldest first."""
    made = []
    for find in chain.every:
        for one in services.checks.attachments(defect_id=find.id):
            if one.kind is AttachmentKind.PHOTO and one.public_key:
                at_ns = one.taken_at_ns or find.found_at_ns
                made.append(Shot(one, read_marks(one.marks), at_ns))
    return sorted(made, key=lambda shot: (shot.at_ns, shot.picture.id))


def _finds(request: Request, building: Building, chain: Chain) -> dict[str, Any]:
    """Draw what was measured by people, with the limits that its kind has."""
    services, words = services_of(request), words_of(request)
    unit = chain.newest.unit
    rows = [find for find in chain.finds if _fits(find, unit)]
    quantity = QUANTITIES.get(chain.newest.code, "")
    day = local(services.clock.now_ns()).date()
    grade = services.register.grades([building.id], day).get(building.id)
    limits = [
        limit_out(row, words) | {"at": row.value}
        for row in services.profile.rows
        if row.quantity == quantity and row.unit == unit and row.applies_to(building, grade)
    ]
    line = {
        "axis": "find",
        "label": words("defects.measured"),
        "role": "main",
        "at": [find.found_at_ns / 1e9 for find in rows],
        "mean": [find.value for find in rows],
        "low": [],
        "high": [],
        "readings": len(rows),
        "thinned": False,
    }
    return {
        "name": "value", "title": words("defects.by_people"), "unit": unit, "digits": 2,
        "lines": [line], "limits": limits,
    }  # fmt: skip


def _fits(find: Defect, unit: str) -> bool:
    return find.value is not None and find.unit == unit
