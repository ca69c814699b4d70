"""The duty desk: what needs somebody now."""

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from domain.access import may
from domain.alerts import AlertState
from domain.limits import Level
from web.alert_rows import LIVE, ROWS, Chosen, choose, read_alerts, rows_of
from web.guard import PageRoute, allowed, caller_of, estate_of, services_of
from web.render import LEVELS, MENU, page, words_of

router = APIRouter(route_class=PageRoute)

Text = Annotated[str, Query(max_length=100)]


@router.get("/")
def desk(
    request: Request, text: Text = "", district: Text = "", state: Text = "open", level: Text = ""
) -> Response:
    """Show the desk; a role without alerts goes to the first page that it has."""
    caller = caller_of(request)
    if not may(caller, "alerts:read"):
        for path, action in MENU.values():
            if may(caller, action):
                return RedirectResponse(path, status_code=303)
    chosen = Chosen(text, district, state, level)
    words = words_of(request)
    return page(
        request,
        "desk.html",
        active="desk",
        chosen=chosen,
        districts=sorted(
            {b.district for b in estate_of(request).visible(caller, "alerts:read").values()}
        ),
        map_words=words.group("map")
        | {f"level.{value.word}": words(f"level.{value.word}") for value in Level},
        **_queue(request, chosen),
    )


@router.get("/desk/queue")
def queue(
    request: Request, text: Text = "", district: Text = "", state: Text = "open", level: Text = ""
) -> Response:
    """Show the counts and the queue by themselves, to be put in place of the old ones."""
    chosen = Chosen(text, district, state, level)
    return page(request, "_queue.html", chosen=chosen, **_queue(request, chosen))


@router.get("/desk/map")
def map_points(request: Request) -> Response:
    """Give the buildings with the worst open level of each: what the map draws."""
    caller = allowed(request, "alerts:read")
    services, estate = services_of(request), estate_of(request)
    worst: dict[str, Level] = {}
    for alert, building in read_alerts(services, estate, caller, LIVE):
        if building is not None:
            worst[building.id] = max(worst.get(building.id, Level.NONE), alert.level)
    return JSONResponse(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [b.longitude, b.latitude]},
                    "properties": {
                        "id": b.id,
                        "name": b.name,
                        "address": b.address,
                        "level": worst.get(b.id, Level.NONE).value,
                    },
                }
                for b in estate.visible(caller, "alerts:read").values()
            ],
        },
        headers={"Cache-Control": "no-store"},
    )


def _queue(request: Request, chosen: Chosen) -> dict[str, Any]:
    caller = allowed(request, "alerts:read")
    services, estate, words = services_of(request), estate_of(request), words_of(request)
    live = read_alerts(services, estate, caller, LIVE)
    shown = (
        read_alerts(services, estate, caller, (AlertState.CLOSED,))
        if chosen.state == "closed"
        else live
    )
    picked = choose(shown, chosen)
    unowned = Counter(alert.level for alert, _ in live if alert.state is AlertState.OPEN)
    counted = Counter(alert.level for alert, _ in live)
    waiting = sum(unowned.values())
    answer = (
        words("desk.answer_calm")
        if not live
        else words("desk.answer_owned", n=len(live))
        if not waiting
        else words("desk.answer_waiting", n=waiting, red=unowned[Level.RED])
        if unowned[Level.RED]
        else words("desk.answer_waiting_no_red", n=waiting)
    )
    return {
        "counts": {level: counted[level] for level in LEVELS},
        "answer": answer,
        "rows": rows_of(services, picked[:ROWS], words.language),
        "more": len(picked) > ROWS,
        "filtered": chosen.any,
    }
