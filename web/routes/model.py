"""The page of a building's model: its elements, its shapes, and what hangs where on them."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from domain.access import may
from domain.bim_models import BimRevision, MeshState, RevisionState
from domain.buildings import Building
from domain.claims import ClaimStatus
from domain.elements import ElementVersion
from domain.errors import NotFound
from domain.limits import Level
from domain.ports import Page
from domain.services import Services
from web.alert_rows import Names
from web.guard import PageRoute, building_for, caller_of, services_of
from web.model_scene import Seen, classes_named, live_of, scene_of, seen, sensor_levels
from web.model_tags import TAGS_MAX, code_of, tags_of
from web.render import page, words_of
from web.routes.buildings import CHART_KINDS
from web.sensor_rows import sensor_rows
from web.words import LANGUAGES, Words

SCRIPTS = Path(__file__).parents[1] / "static/js/viewer"
#: scripts that only the picture needs
DRAWING = frozenset({"viewer.js", "stage.js", "paint.js", "bodies.js", "hands.js"})

router = APIRouter(prefix="/buildings/{building_id}/model", route_class=PageRoute)

READ = "models:read"
#: steps that a search answers with at most
FOUND_MAX = 5_000
#: revisions that the page lists
REVISIONS_MAX = 20
#: claims that are counted; more are told as more
WAITING_MAX = 100
#: sets of quantities, as the schemas name them
QUANTITIES = ("Qto_", "BaseQuantities", "Quantities")
UNFINISHED = frozenset({RevisionState.QUEUED, RevisionState.READING, RevisionState.MATCHING})
MESHING = frozenset({MeshState.WAITING, MeshState.CONVERTING})

Id = Annotated[str, Query(max_length=100)]


@router.get("")
def model_page(
    request: Request, building_id: str, model: Id = "", revision: Id = "", at: Id = ""
) -> Response:
    """Show a building's model, or its rooms where it has none."""
    building = building_for(request, building_id, READ)
    services, words, caller = services_of(request), words_of(request), caller_of(request)
    look = seen(services, building, model, revision)
    sensors = sorted(services.register.site(building.id).sensors, key=lambda s: s.code)
    return page(
        request,
        "model.html",
        active="buildings",
        building=building,
        look=look,
        query=_query(look),
        at=at,
        writes=may(caller, "models:write", building),
        places=may(caller, "places:write", building),
        all_sensors=[s for s in sensors if s.active],
        modules=modules(shapes=bool(look.glb)),
        colour="level" if _watched(services, building, look) else "source",
        script_words=script_words(words),
        **_states(request, building, look),
    )


@router.get("/scene.json")
def scene(request: Request, building_id: str, model: Id = "", revision: Id = "") -> Response:
    """Give everything that the viewer shows beside the shapes."""
    building = building_for(request, building_id, READ)
    services = services_of(request)
    look = seen(services, building, model, revision)
    return _json(scene_of(services, building, caller_of(request), look, words_of(request)))


@router.get("/live.json")
def live(request: Request, building_id: str, model: Id = "", revision: Id = "") -> Response:
    """Give what changes from minute to minute."""
    building = building_for(request, building_id, READ)
    services = services_of(request)
    look = seen(services, building, model, revision)
    return _json(live_of(services, building, caller_of(request), look, words_of(request)))


@router.get("/search.json")
def search(
    request: Request,
    building_id: str,
    text: Annotated[str, Query(max_length=200)],
    model: Id = "",
    revision: Id = "",
) -> Response:
    """Find elements by a text in any of their words, or by their class in either language."""
    building = building_for(request, building_id, READ)
    services = services_of(request)
    look = seen(services, building, model, revision)
    if look.revision is None:
        return _json({"steps": []})
    store, limit = services.models, Page(FOUND_MAX)
    found = {v.step_id for v in store.versions(look.revision.id, limit, text=text.strip())}
    classes = words_of(request).group("ifc")
    for name in classes_named(text, classes, [Words(language) for language in LANGUAGES]):
        found |= {v.step_id for v in store.versions(look.revision.id, limit, ifc_class=name)}
    return _json({"steps": sorted(found)[:FOUND_MAX]})


@router.get("/card")
def card(
    request: Request,
    building_id: str,
    step: Annotated[int, Query(ge=0, le=2**53)],
    model: Id = "",
    revision: Id = "",
) -> Response:
    """Show one element: what it is, its property sets and quantities, what hangs on it."""
    building = building_for(request, building_id, READ)
    services, words, caller = services_of(request), words_of(request), caller_of(request)
    look = seen(services, building, model, revision)
    version = _version(request, look, step)
    told = live_of(services, building, caller, look, words)
    mine = version.element_id
    sets = _sets(version)
    return page(
        request,
        "_model_card.html",
        building=building,
        version=version,
        facts=_facts(version, words),
        sets=[s for s in sets if not s[0].startswith(QUANTITIES)],
        quantities=[s for s in sets if s[0].startswith(QUANTITIES)],
        sensors=[s for s in told["sensors"] if mine and mine in s["elements"]],
        defects=[d for d in told["defects"] if mine and d["element"] == mine],
        places=may(caller, "places:write", building) and bool(mine),
    )


@router.get("/states")
def states(request: Request, building_id: str, model: Id = "", revision: Id = "") -> Response:
    """Show the models and how far each revision is, by itself."""
    building = building_for(request, building_id, READ)
    look = seen(services_of(request), building, model, revision)
    return page(
        request,
        "_model_states.html",
        building=building,
        look=look,
        query=_query(look),
        **_states(request, building, look),
    )


@router.get("/trend")
def trend(request: Request, building_id: str, sensor: Id) -> Response:
    """Show one sensor with the frame of its chart."""
    building = building_for(request, building_id, "readings:read")
    services, words = services_of(request), words_of(request)
    site = services.register.site(building.id)
    rows = [r for r in sensor_rows(services, site, words) if r.sensor.id == sensor]
    if not rows:
        raise NotFound(f"no sensor {sensor!r}")
    level = Level.NONE
    if may(caller_of(request), "alerts:read", building):
        level = sensor_levels(services, building, site).get(sensor, Level.NONE)
    return page(
        request,
        "_model_trend.html",
        building=building,
        row=rows[0],
        level=level,
        charted=rows[0].sensor.kind in CHART_KINDS,
        chart_words=words.group("chart")
        | {f"level.{value.word}": words(f"level.{value.word}") for value in Level}
        | {f"axis.{name}": text for name, text in words.group("axis").items()},
    )


@router.get("/tags")
def tags(
    request: Request,
    building_id: str,
    model: Id = "",
    revision: Id = "",
    storey: Id = "",
    kind: Id = "",
) -> Response:
    """Show a sheet of tags to print: a code for each element or room that opens its place."""
    building = building_for(request, building_id, READ)
    services, words = services_of(request), words_of(request)
    look = seen(services, building, model, revision)
    base = f"{str(request.base_url).rstrip('/')}/buildings/{building.id}/model"
    found, floors, kinds = tags_of(services, building, look, words, storey, kind)
    return page(
        request,
        "model_tags.html",
        active="buildings",
        building=building,
        look=look,
        query=_query(look),
        tags=[(tag, code_of(base, tag)) for tag in found[:TAGS_MAX]],
        more=len(found) > TAGS_MAX,
        most=TAGS_MAX,
        floors=floors,
        kinds=kinds,
        storey=storey,
        kind=kind,
    )


@cache
def modules(*, shapes: bool) -> list[str]:
    """List the scripts that the page needs at once, so that none waits for another to name it."""
    names = sorted(path.name for path in SCRIPTS.glob("*.js"))
    wanted = [n for n in names if shapes or n not in DRAWING]
    return ["live.js", *(f"viewer/{name}" for name in wanted)]


def script_words(words: Words) -> dict[str, str]:
    """Gather the words that the page's scripts need."""
    kept = words.group("model") | {f"ifc.{k}": v for k, v in words.group("ifc").items()}
    for group in ("level", "hold", "monitor_role", "picked_by", "bim_fault"):
        kept |= {f"{group}.{k}": v for k, v in words.group(group).items()}
    return kept


def _watched(services: Services, building: Building, look: Seen) -> bool:
    """Tell whether a sensor hangs on an element: only then do colours of levels say anything."""
    if look.revision is None:
        return False
    anchors = {a.id for a in services.places.anchors(building.id) if a.element_id}
    ties = services.places.monitors(building.id, at_ns=services.clock.now_ns())
    return any(tie.anchor_id in anchors for tie in ties)


def _query(look: Seen) -> str:
    """Tell what the page's own questions must repeat to speak of the same revision."""
    parts = []
    if look.model is not None:
        parts.append(f"model={look.model.id}")
    if look.revision is not None and look.revision != look.live:
        parts.append(f"revision={look.revision.id}")
    return "&".join(parts)


def _states(request: Request, building: Building, look: Seen) -> dict[str, Any]:
    services = services_of(request)
    names = Names(services)
    rows = look.revisions[:REVISIONS_MAX]
    busy = any(_busy(r) for r in rows)
    waiting = 0
    if look.model is not None:
        queue = Page(WAITING_MAX)
        waiting = len(
            services.models.claims(look.model.id, queue, statuses=(ClaimStatus.PROPOSED,))
        )
    return {
        "revisions": rows,
        "waiting": f"{waiting}+" if waiting == WAITING_MAX else waiting,
        "by": {r.id: names.of(r.by) for r in rows},
        "busy": busy,
        "unfinished": UNFINISHED,
        "meshing": MESHING,
        "waits": look.revision is not None and look.revision.mesh in MESHING,
    }


def _busy(revision: BimRevision) -> bool:
    if revision.state in UNFINISHED:
        return True
    return revision.state is RevisionState.READY and revision.mesh in MESHING


def _version(request: Request, look: Seen, step: int) -> ElementVersion:
    if look.revision is not None:
        rows = services_of(request).models.versions(
            look.revision.id, Page(1, str(step - 1)), with_properties=True
        )
        if rows and rows[0].step_id == step:
            return rows[0]
    raise NotFound(f"no element #{step}")


def _sets(version: ElementVersion) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Group the properties by their set."""
    made: dict[str, list[tuple[str, str, str]]] = {}
    for name, prop, value, unit in version.properties:
        made.setdefault(name, []).append((prop, value, unit))
    return list(made.items())


def _facts(version: ElementVersion, words: Words) -> list[tuple[str, str]]:
    storey = version.storey_name
    if storey and version.storey_elevation_m is not None:
        storey += f" ({version.storey_elevation_m:+.2f} m)".replace("-", "−")
    bearing = version.load_bearing
    pairs = [
        ("class", f"{words.of('ifc', version.ifc_class)} · {version.ifc_class}"),
        ("type", version.type_name),
        ("storey", storey),
        ("room", version.space),
        ("material", version.material),
        ("bearing", "" if bearing is None else words("model.yes" if bearing else "model.no")),
        ("tag", version.tag),
        ("guid", version.global_id),
    ]
    if version.box is not None:
        size = [high - low for low, high in zip(version.box[:3], version.box[3:], strict=True)]
        pairs.insert(5, ("size", " × ".join(f"{s:.2f}" for s in size) + " m"))
    return [(words(f"model.fact_{name}"), text) for name, text in pairs if text]


def _json(body: dict[str, Any]) -> Response:
    return JSONResponse(body, headers={"Cache-Control": "no-store"})
