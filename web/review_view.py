"""What the review page shows: the queue, the chosen element, and both sides as sketches."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import Request

from domain.access import may
from domain.anchors import Anchor
from domain.bim_models import BimModel, BimRevision, MeshState
from domain.buildings import Building
from domain.claims import IdentityClaim
from domain.elements import ElementVersion
from domain.services import Services
from web.box_sketch import frame_of, sketch
from web.guard import caller_of, services_of
from web.review_rows import PAGE_ROWS, Queue, Waiting, Wanted, queue_of

DECIDE = "claims:decide"


def shown_as(show: str) -> str:
    """Tell which claims are asked for: `open`, `decided` or `auto`."""
    return show if show in ("decided", "auto") else "open"


def wanted_of(back: str) -> tuple[Wanted, str]:
    """Read the queue's address again, which every form bears."""
    given = {name: values[-1] for name, values in parse_qs(back[:2_000]).items()}
    number = given.get("page", "1")
    wanted = Wanted(
        shown_as(given.get("show", "")),
        given.get("text", ""),
        given.get("kind", ""),
        given.get("why", ""),
        given.get("class", ""),
        bool(given.get("hung")),
        int(number) if number.isdigit() and 0 < int(number[:6]) < 10_000 else 1,
    )
    return wanted, given.get("element", "")


def shown_of(
    request: Request,
    building: Building,
    model: BimModel,
    wanted: Wanted,
    element: str,
    claim: str,
    *,
    fault: str = "",
    done: Sequence[IdentityClaim] = (),
    undone: bool = False,
) -> dict[str, Any]:
    """Tell everything that the page's templates need.

    Parameters
    ----------
    element, claim
        Which row is open, and which of its claims; else the first ones.
    fault, done, undone
        What the last act came to.

    """
    services = services_of(request)
    queue = queue_of(services, model, wanted)
    pages = max(1, -(-len(queue.rows) // PAGE_ROWS))
    place = next((at for at, row in enumerate(queue.rows) if row.element.id == element), None)
    number = min(wanted.page, pages) if place is None else place // PAGE_ROWS + 1
    rows = queue.rows[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
    chosen = queue.rows[place] if place is not None else (rows[0] if rows else None)
    query = {
        "show": wanted.show if wanted.show != "open" else "",
        "text": wanted.text,
        "kind": wanted.kind,
        "why": wanted.why,
        "class": wanted.ifc_class,
        "hung": "1" if wanted.hung else "",
    }
    given = {name: value for name, value in query.items() if value}
    return {
        "building": building,
        "model": model,
        "queue": queue,
        "wanted": wanted,
        "rows": rows,
        "chosen": chosen,
        "then": _after(queue.rows, chosen),
        "number": number,
        "pages": pages,
        "query": urlencode(given),
        "address": f"/models/{model.id}/review",
        "loose": _gone_places(services, building, queue),
        "fault": fault,
        "done": done,
        "undone": undone,
        "decides": may(caller_of(request), DECIDE, building),
        **_pair(services, building, queue, chosen, claim),
    }


def _after(rows: Sequence[Waiting], chosen: Waiting | None) -> str:
    """Tell which element comes after one, or before it when it is the last."""
    names = [row.element.id for row in rows]
    if chosen is None or len(names) < 2:
        return ""
    at = names.index(chosen.element.id)
    return names[at + 1] if at + 1 < len(names) else names[at - 1]


def _pair(
    services: Services, building: Building, queue: Queue, chosen: Waiting | None, claim: str
) -> dict[str, Any]:
    """Tell what the chosen element is held against, and draw both."""
    if chosen is None or queue.live is None:
        return {"candidate": None, "sketches": [], "hung": [], "meshes": {}}
    found = [one for one in chosen.candidates if one.claim.id == claim]
    candidate = found[0] if found else chosen.best
    # a split is one question: all parts are shown at once
    news = (
        [one.entity for one in chosen.candidates if one.entity]
        if chosen.kind == "split"
        else [candidate.entity] if candidate.entity else []
    )  # fmt: skip
    old = [chosen.last] if chosen.last else []
    frame = frame_of([row.box for row in [*old, *news] if row.box])
    sketches = []
    if frame is not None:
        marked_old: list[tuple[ElementVersion, str]] = [(row, "old") for row in old]
        marked_new = [(row, "new") for row in news]
        after = list(queue.versions.values())
        for side, near, marked in (
            ("old", queue.before, marked_old),
            ("new", after, [*marked_old, *marked_new]),
        ):
            plan = sketch(frame, near, marked)
            sketches.append((side, plan, sketch(frame, near, marked, upright=True)))
    return {
        "candidate": candidate,
        "news": news,
        "sketches": sketches,
        "hung": _hung(services, building, chosen.anchors),
        "meshes": {
            "old": _mesh(queue.revisions, chosen.last.revision_id) if chosen.last else "",
            "new": _mesh(queue.revisions, queue.live.id),
        },
    }


def _mesh(revisions: Sequence[BimRevision], revision_id: str) -> str:
    """Name the shapes of a revision; nothing when there are none."""
    found = [one for one in revisions if one.id == revision_id and one.mesh is MeshState.READY]
    return f"/api/v1/revisions/{revision_id}/mesh" if found else ""


def _gone_places(
    services: Services, building: Building, queue: Queue
) -> list[tuple[Anchor, list[str], str]]:
    """Tell places whose element is gone for good, what hangs there, and where to hang it anew."""
    lost = [one for one in queue.loose if one.element_id in queue.ended]
    sensors = {
        tie.anchor_id: f"sensor:{tie.sensor_id}"
        for tie in (services.places.monitors(building.id) if lost else ())
    }
    told = _hung(services, building, lost)
    return [(anchor, names, sensors.get(anchor.id, "")) for anchor, names in told]


def _hung(
    services: Services, building: Building, anchors: Sequence[Anchor]
) -> list[tuple[Anchor, list[str]]]:
    """Tell what hangs on places: codes of sensors, titles of defects."""
    if not anchors:
        return []
    now_ns = services.clock.now_ns()
    codes = {one.id: one.code for one in services.register.site(building.id).sensors}
    names: dict[str, list[str]] = {}
    for tie in services.places.monitors(building.id, at_ns=now_ns):
        names.setdefault(tie.anchor_id, []).append(codes.get(tie.sensor_id, tie.sensor_id))
    for defect in services.places.defects(building.id):
        names.setdefault(defect.anchor_id, []).append(defect.title or defect.code)
    return [(anchor, names.get(anchor.id, [])) for anchor in anchors]
